//! Reading ONNX files that nobody vouches for.

use super::architecture::Architecture;
use super::proto::{Dimension, FLOAT, GraphProto, ModelProto, TensorProto, ValueInfoProto};
use super::write::{self, AUDIO_IN, AUDIO_OUT, STATE_OUT_SUFFIX};
use super::{ARCHITECTURE, LOOKAHEAD, PRODUCER, RECEPTIVE_FIELD, linear, lstm, wire};
use crate::model::{
    Card, Graph, Linear, Lstm, Model, ModelError, Network, Parametric, StateSpec, TensorSpec, WaveNet, limits,
};
use prost::Message;
use std::collections::{HashMap, HashSet};

/// Most states a graph may have.
const MAX_STATES: usize = 4096;
/// Most dimensions of a state.
const MAX_RANK: usize = 8;

/// Reads a model; see [`Model::from_onnx`].
pub fn read(bytes: &[u8], name: &str) -> Result<Model, ModelError> {
    if bytes.is_empty() {
        return Err(ModelError::NotOnnx("the file is empty".into()));
    }
    if bytes.len() as u64 > limits::FILE_BYTES {
        return Err(limit("size of the file in bytes", bytes.len() as u64, limits::FILE_BYTES));
    }
    wire::check_items(bytes).map_err(ModelError::NotOnnx)?;
    let proto = ModelProto::decode(bytes).map_err(|e| ModelError::NotOnnx(e.to_string()))?;
    let graph = proto.graph.as_ref().ok_or_else(|| ModelError::NotOnnx("it holds no graph".into()))?;
    let metadata: Vec<(&str, &str)> =
        proto.metadata_props.iter().filter_map(|p| Some((p.key.as_deref()?, p.value.as_deref()?))).collect();
    let card = Card::from_metadata(metadata.iter().copied(), name)?;
    let find = |key: &str| metadata.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);

    // The graph is what the file computes; the metadata only says what it should be. The faster
    // paths are taken only where both are the same.
    let states = contract(graph)?;
    if let Some(architecture) = find(ARCHITECTURE) {
        let (network, rewritten) = known(architecture, graph)?;
        if rewritten == *graph {
            return Ok(Model { card, network });
        }
    }
    // We write the description last: without it, what is before it may be missing as well.
    if proto.producer_name.as_deref() == Some(PRODUCER) && find(ARCHITECTURE).is_none() {
        return Err(ModelError::NotOnnx("it is cut short: the description of its network is missing".into()));
    }
    let receptive_field_samples =
        find(RECEPTIVE_FIELD).map(|v| samples(RECEPTIVE_FIELD, v, 1, limits::RECEPTIVE_FIELD)).transpose()?;
    let lookahead_samples =
        find(LOOKAHEAD).map(|v| samples(LOOKAHEAD, v, 0, limits::RECEPTIVE_FIELD)).transpose()?.unwrap_or(0);
    let graph = Graph { onnx: bytes.into(), states, receptive_field_samples, lookahead_samples };
    Ok(Model { card, network: Network::Graph(graph) })
}

/// The network that the metadata describe, with the weights of the graph's initialisers, and the
/// graph that we would write for it.
fn known(architecture: &str, graph: &GraphProto) -> Result<(Network, GraphProto), ModelError> {
    match Architecture::from_json(architecture)? {
        Architecture::WaveNet(spec) => {
            spec.validate()?;
            let weights = values(&spec.tensors(), graph)?;
            let net = WaveNet::new(spec, weights)?;
            let graph = write::graph(&net);
            Ok((Network::WaveNet(net), graph))
        }
        Architecture::Parametric(spec) => {
            spec.validate()?;
            let weights = values(&spec.tensors(), graph)?;
            let net = Parametric::new(spec, weights)?;
            let graph = write::parametric_graph(&net);
            Ok((Network::Parametric(net), graph))
        }
        Architecture::Lstm(spec) => {
            spec.validate()?;
            let weights = lstm::from_tensors(spec, &values(&lstm::tensors(spec), graph)?);
            let net = Lstm::new(spec, weights)?;
            let graph = lstm::graph(&net);
            Ok((Network::Lstm(net), graph))
        }
        Architecture::Linear(spec) => {
            Linear::check_length(spec.taps)?;
            let (response, bias) = linear::from_tensors(values(&linear::tensors(spec.taps), graph)?);
            let net = Linear::new(response, bias)?;
            let graph = linear::graph(&net);
            Ok((Network::Linear(net), graph))
        }
    }
}

/// The values of the graph's initialisers that `tensors` name, one behind the other.
fn values(tensors: &[TensorSpec], graph: &GraphProto) -> Result<Vec<f32>, ModelError> {
    let initializers: HashMap<&str, &TensorProto> =
        graph.initializer.iter().filter_map(|t| Some((t.name.as_deref()?, t))).collect();
    let mut values = Vec::with_capacity(tensors.last().map_or(0, |t| t.range().end));
    for tensor in tensors {
        let problem = |problem: String| ModelError::Tensor { tensor: tensor.name.clone(), problem };
        let found = initializers
            .get(tensor.name.as_str())
            .ok_or_else(|| problem("the architecture names it, the file does not hold it".into()))?;
        let shape: Vec<i64> = tensor.shape.iter().map(|&d| d as i64).collect();
        if found.data_type != Some(FLOAT) {
            let kind = found.data_type.unwrap_or(0);
            return Err(problem(format!("its data type is {kind}, expected {FLOAT} (32 bit float)")));
        }
        if found.dims != shape {
            return Err(problem(format!(
                "its shape is {:?}, the architecture asks for {shape:?}",
                found.dims
            )));
        }
        let raw = found.raw_data.as_deref().unwrap_or_default();
        if raw.len() != 4 * tensor.len() {
            return Err(problem(format!(
                "it holds {} bytes, its shape asks for {}",
                raw.len(),
                4 * tensor.len()
            )));
        }
        values.extend(raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
    }
    Ok(values)
}

/// Checks a graph against the streaming contract and gives its states.
fn contract(graph: &GraphProto) -> Result<Vec<StateSpec>, ModelError> {
    let broken = |problem: String| Err(ModelError::Contract(problem));
    let initializers: HashSet<&str> = graph.initializer.iter().filter_map(|t| t.name.as_deref()).collect();
    let outputs: HashMap<&str, &ValueInfoProto> =
        graph.output.iter().filter_map(|o| Some((o.name.as_deref()?, o))).collect();

    let mut states = Vec::new();
    let mut has_audio = false;
    let mut total = 0usize;
    for input in &graph.input {
        let name = input.name.as_deref().unwrap_or_default();
        if initializers.contains(name) {
            continue;
        }
        let shape = shape(input)?;
        if name == AUDIO_IN {
            has_audio = true;
            audio_shape(name, &shape)?;
            continue;
        }
        let fixed: Option<Vec<usize>> = shape.iter().map(|d| d.filter(|&d| d > 0)).collect();
        let Some(fixed) = fixed else {
            return broken(format!("the state `{name}` has the shape {}, which is not fixed", text(&shape)));
        };
        let values = fixed.iter().fold(1usize, |n, &d| n.saturating_mul(d));
        total = total.saturating_add(values);
        if fixed.len() > MAX_RANK {
            let what = format!("number of dimensions of the state `{name}`");
            return Err(limit(&what, fixed.len() as u64, MAX_RANK as u64));
        }
        if states.len() == MAX_STATES {
            return Err(limit("number of states", MAX_STATES as u64 + 1, MAX_STATES as u64));
        }
        if total > limits::HISTORY {
            return Err(limit("number of values of history", total as u64, limits::HISTORY as u64));
        }
        let out = format!("{name}{STATE_OUT_SUFFIX}");
        match outputs.get(out.as_str()) {
            None => return broken(format!("the input `{name}` has no output `{out}` to give its new state")),
            Some(output) => {
                let out_shape = self::shape(output)?;
                if out_shape != shape {
                    let (a, b) = (text(&shape), text(&out_shape));
                    return broken(format!("the state `{name}` has the shape {a}, its output {b}"));
                }
            }
        }
        states.push(StateSpec { name: name.to_owned(), shape: fixed });
    }
    if !has_audio {
        return broken(format!("it has no input `{AUDIO_IN}`"));
    }
    match outputs.get(AUDIO_OUT) {
        None => return broken(format!("it has no output `{AUDIO_OUT}`")),
        Some(output) => audio_shape(AUDIO_OUT, &shape(output)?)?,
    }
    if outputs.len() != states.len() + 1 {
        return broken(format!("it has {} outputs for {} states and the audio", outputs.len(), states.len()));
    }
    Ok(states)
}

/// The shape of an input or output, `None` where a dimension varies.
fn shape(value: &ValueInfoProto) -> Result<Vec<Option<usize>>, ModelError> {
    let name = value.name.as_deref().unwrap_or_default();
    let broken = |problem: &str| ModelError::Contract(format!("`{name}` {problem}"));
    let tensor = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref());
    let tensor = tensor.ok_or_else(|| broken("is not a tensor"))?;
    if tensor.elem_type != Some(FLOAT) {
        return Err(broken("is not a tensor of 32 bit floats"));
    }
    let shape = tensor.shape.as_ref().ok_or_else(|| broken("has no shape"))?;
    shape
        .dim
        .iter()
        .map(|d| match &d.value {
            Some(Dimension::Value(v)) => {
                usize::try_from(*v).map(Some).map_err(|_| broken("has a negative dimension"))
            }
            Some(Dimension::Param(_)) | None => Ok(None),
        })
        .collect()
}

fn audio_shape(name: &str, shape: &[Option<usize>]) -> Result<(), ModelError> {
    if shape == [Some(1), Some(1), None] {
        return Ok(());
    }
    let found = text(shape);
    Err(ModelError::Contract(format!("`{name}` has the shape {found}, expected [1, 1, T] with T free")))
}

fn text(shape: &[Option<usize>]) -> String {
    let dims: Vec<_> = shape.iter().map(|d| d.map_or_else(|| "?".into(), |d| d.to_string())).collect();
    format!("[{}]", dims.join(", "))
}

fn samples(field: &'static str, value: &str, min: usize, max: usize) -> Result<usize, ModelError> {
    value.trim().parse().ok().filter(|n| (min..=max).contains(n)).ok_or_else(|| ModelError::Card {
        field,
        found: value.chars().take(64).collect(),
        expected: format!("a whole number from {min} to {max}"),
    })
}

fn limit(what: &str, found: u64, max: u64) -> ModelError {
    ModelError::Limit { what: what.into(), found, min: 0, max }
}
