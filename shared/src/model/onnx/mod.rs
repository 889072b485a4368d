//! Model files: ONNX graphs that follow the streaming contract.
//!
//! The contract: standard operators; one input `audio` `[1, 1, T]` and one output `audio_out` of
//! the same shape; every other input is a state of fixed shape, and has an output of its name with
//! `_out` behind it and its shape. The card is in `metadata_props`, and so is, for a WaveNet, the
//! architecture as JSON. Any ONNX Runtime can run such a file.

mod proto;
mod read;
mod wire;
mod write;

pub(super) use read::read;
pub use write::{AUDIO_IN, AUDIO_OUT, STATE_OUT_SUFFIX};

use super::{Model, Network, WaveNet};
use prost::Message;
use proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto};

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

/// A model as the bytes of an ONNX file.
pub(super) fn write(model: &Model) -> Vec<u8> {
    match &model.network {
        Network::WaveNet(net) => wavenet_proto(model, net).encode_to_vec(),
        Network::Graph(graph) => wire::with_metadata(graph.onnx(), model.card.to_metadata()),
    }
}

fn wavenet_proto(model: &Model, net: &WaveNet) -> ModelProto {
    let mut metadata = model.card.to_metadata();
    metadata.push((RECEPTIVE_FIELD.into(), net.spec().receptive_field_samples().to_string()));
    metadata.push((LOOKAHEAD.into(), net.spec().lookahead_samples().to_string()));
    // A description of plain numbers and names: serialising it cannot fail.
    metadata.push((ARCHITECTURE.into(), serde_json::to_string(net.spec()).unwrap_or_default()));
    ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some(PRODUCER.into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        graph: Some(write::graph(net)),
        opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) }],
        metadata_props: metadata.into_iter().map(entry).collect(),
    }
}

fn entry((key, value): (String, String)) -> StringStringEntryProto {
    StringStringEntryProto { key: Some(key), value: Some(value) }
}

#[cfg(test)]
mod tests;
