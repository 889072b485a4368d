//! LSTMs as streaming ONNX graphs: ONNX's own `LSTM` for each layer, and the head as a product.
//!
//! ONNX has each layer's matrix in two, one for the input and one for the hidden state, its gates
//! in the order i, o, f, g, and a second bias, which is 0 here. States of the contract start at 0,
//! those of an LSTM at learnt values: a state `started` of one value, 0 at first and 1 from then
//! on, says whether these are still to be added. So no state is ever rounded on its way.

use super::proto::{GraphProto, int, ints};
use super::write::{AUDIO_IN, AUDIO_OUT, streaming};
use crate::model::{Lstm, LstmSpec, TensorSpec};

/// ONNX's gates among ours, which are i, f, g, o.
const GATES: [usize; 4] = [0, 3, 1, 2];

/// The graph's tensors that hold weights, one behind the other.
pub fn tensors(spec: LstmSpec) -> Vec<TensorSpec> {
    let hidden = spec.hidden;
    let mut shapes = Vec::new();
    for layer in 0..spec.layers {
        let inputs = if layer == 0 { 1 } else { hidden };
        shapes.push((format!("lstm{layer}.input_weight"), vec![1, 4 * hidden, inputs]));
        shapes.push((format!("lstm{layer}.hidden_weight"), vec![1, 4 * hidden, hidden]));
        shapes.push((format!("lstm{layer}.bias"), vec![1, 8 * hidden]));
        shapes.push((format!("lstm{layer}.initial_h"), vec![1, 1, hidden]));
        shapes.push((format!("lstm{layer}.initial_c"), vec![1, 1, hidden]));
    }
    shapes.push(("head.weight".into(), vec![hidden, 1]));
    shapes.push(("head.bias".into(), vec![1]));
    let mut offset = 0;
    let place = |(name, shape)| {
        let tensor = TensorSpec { name, shape, offset };
        offset += tensor.len();
        tensor
    };
    shapes.into_iter().map(place).collect()
}

/// For each value of [`tensors`], which of our weights it is; `None` for the second bias.
fn sources(spec: LstmSpec) -> Vec<Option<usize>> {
    let hidden = spec.hidden;
    let rows = || GATES.into_iter().flat_map(move |gate| gate * hidden..(gate + 1) * hidden);
    let mut sources = Vec::new();
    let ours = spec.tensors();
    let (layers, head) = ours.split_at(4 * spec.layers);
    for layer in layers.chunks_exact(4) {
        let [weight, bias, initial_h, initial_c] = layer else { continue };
        let columns = weight.shape[1];
        let inputs = columns - hidden;
        for part in [0..inputs, inputs..columns] {
            for row in rows() {
                let row = weight.offset + row * columns;
                sources.extend(part.clone().map(|column| Some(row + column)));
            }
        }
        sources.extend(rows().map(|row| Some(bias.offset + row)));
        sources.extend(std::iter::repeat_n(None, 4 * hidden));
        sources.extend(initial_h.range().chain(initial_c.range()).map(Some));
    }
    sources.extend(head.iter().flat_map(TensorSpec::range).map(Some));
    sources
}

/// Our weights out of the values of [`tensors`].
pub fn from_tensors(spec: LstmSpec, values: &[f32]) -> Vec<f32> {
    let mut weights = vec![0.0; spec.weight_count()];
    for (source, value) in sources(spec).into_iter().zip(values) {
        if let Some(source) = source {
            weights[source] = *value;
        }
    }
    weights
}

/// The streaming graph of a network.
pub fn graph(net: &Lstm) -> GraphProto {
    let spec = net.spec();
    let mut graph = streaming("tonewright_lstm");
    let values: Vec<f32> =
        sources(spec).into_iter().map(|source| source.map_or(0.0, |s| net.weights()[s])).collect();
    for tensor in tensors(spec) {
        graph.add_floats(&tensor.name, &tensor.shape, &values[tensor.range()]);
    }
    graph.add_floats("one", &[1], &[1.0]);
    graph.add_integers("direction_axis", &[1]);

    let (started, started_out) = graph.add_state("started", &[1]);
    graph.add_node("Max", &[&started, "one"], &started_out, vec![]);
    graph.add_node("Sub", &["one", &started], "starting", vec![]);

    // The operator wants time first.
    graph.add_node("Transpose", &[AUDIO_IN], "input", vec![ints("perm", &[2, 0, 1])]);
    let mut x = "input".to_owned();
    for layer in 0..spec.layers {
        let name = |suffix: &str| format!("lstm{layer}.{suffix}");
        let mut outputs = vec![name("directions")];
        let mut inputs = vec![x, name("input_weight"), name("hidden_weight"), name("bias"), String::new()];
        for state in ["h", "c"] {
            let (now, next) = graph.add_state(&name(state), &[1, 1, spec.hidden]);
            let (initial, first, from) = (
                name(&format!("initial_{state}")),
                name(&format!("first_{state}")),
                name(&format!("from_{state}")),
            );
            graph.add_node("Mul", &[&initial, "starting"], &first, vec![]);
            graph.add_node("Add", &[&now, &first], &from, vec![]);
            inputs.push(from);
            outputs.push(next);
        }
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        graph.add_node("LSTM", &inputs, &outputs[0], vec![int("hidden_size", spec.hidden as i64)]);
        x = name("out");
        graph.add_node("Squeeze", &[&outputs[0], "direction_axis"], &x, vec![]);
        // `LSTM` came before `Squeeze`.
        let lstm = graph.node.len() - 2;
        graph.node[lstm].output = outputs;
    }
    graph.add_node("MatMul", &[&x, "head.weight"], "head.product", vec![]);
    graph.add_node("Add", &["head.product", "head.bias"], "head.out", vec![]);
    graph.add_node("Transpose", &["head.out"], AUDIO_OUT, vec![ints("perm", &[1, 2, 0])]);
    graph
}
