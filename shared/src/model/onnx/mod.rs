//! Model files: ONNX graphs that follow the streaming contract.
//!
//! The contract: standard operators; one input `audio` `[1, 1, T]` and one output `audio_out` of
//! the same shape; every other input is a state of fixed shape, and has an output of its name with
//! `_out` behind it and its shape; states start at zero. The card is in `metadata_props`, and so is,
//! for the networks we know, the architecture as JSON. Any ONNX Runtime can run such a file.

mod architecture;
mod builder;
mod linear;
mod lstm;
mod proto;
mod read;
mod single;
mod wire;
mod write;

pub use builder::{Attribute, GraphBuilder};
pub(super) use read::read;
pub(crate) use single::single_operator;
pub use write::{AUDIO_IN, AUDIO_OUT, STATE_OUT_SUFFIX};

use super::{Model, Network};
use architecture::{Architecture, LinearSpec};
use prost::Message;
use proto::{GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto};

/// Who wrote a file, in its `producer_name`.
const PRODUCER: &str = "tonewright";
/// Operator set the graphs are written in.
const OPSET: i64 = 17;
/// Version of the file format that carries it.
const IR_VERSION: i64 = 8;
/// Metadata key of the architecture.
const ARCHITECTURE: &str = "architecture";
/// Metadata key of the receptive field.
const RECEPTIVE_FIELD: &str = "receptive_field_samples";
/// Metadata key of the look-ahead.
const LOOKAHEAD: &str = "lookahead_samples";

/// A model as the bytes of an ONNX file; of a slimmable one, its largest size. Knobs are a state, which no block changes: how far each is
/// turned from its default, so that a player who knows nothing of them plays the default.
pub(super) fn write(model: &Model) -> Vec<u8> {
    let network = match &model.network {
        parametric @ Network::Parametric(_) => parametric,
        other => other.full(),
    };
    let (graph, architecture) = match network {
        Network::Parametric(net) => {
            (write::parametric_graph(net), Architecture::Parametric(net.spec().clone()))
        }
        Network::WaveNet(net) => (write::graph(net), Architecture::WaveNet(net.spec().clone())),
        Network::Lstm(net) => (lstm::graph(net), Architecture::Lstm(net.spec())),
        Network::Linear(net) => {
            let taps = net.impulse_response().len();
            (linear::graph(net), Architecture::Linear(LinearSpec { taps }))
        }
        Network::Slimmable(_) => unreachable!("a size of a slimmable model is never slimmable itself"),
        Network::Graph(graph) => return wire::with_metadata(graph.onnx(), model.card.to_metadata()),
    };
    let mut metadata = model.card.to_metadata();
    // A recurrent network has no receptive field; what settles it stands for one.
    let field = model.receptive_field_samples().or(model.warm_up_samples().map(|n| n + 1));
    metadata.extend(field.map(|field| (RECEPTIVE_FIELD.into(), field.to_string())));
    metadata.push((LOOKAHEAD.into(), model.lookahead_samples().to_string()));
    metadata.push((ARCHITECTURE.into(), architecture.to_json()));
    file(graph, metadata)
}

/// A graph with its metadata as the bytes of a file.
fn file(graph: GraphProto, metadata: Vec<(String, String)>) -> Vec<u8> {
    let proto = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some(PRODUCER.into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) }],
        metadata_props: metadata.into_iter().map(entry).collect(),
    };
    proto.encode_to_vec()
}

fn entry((key, value): (String, String)) -> StringStringEntryProto {
    StringStringEntryProto { key: Some(key), value: Some(value) }
}

#[cfg(test)]
mod tests;
