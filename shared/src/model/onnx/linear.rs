//! Linear models as streaming ONNX graphs: a convolution with its past as a state.

use super::proto::{GraphProto, int, ints};
use super::write::{AUDIO_IN, AUDIO_OUT, streaming};
use crate::model::{Linear, TensorSpec};

const WEIGHT: &str = "linear.weight";
const BIAS: &str = "linear.bias";

/// The graph's tensors: the response, last tap first, and the constant.
pub fn tensors(taps: usize) -> Vec<TensorSpec> {
    vec![
        TensorSpec { name: WEIGHT.into(), shape: vec![1, 1, taps], offset: 0 },
        TensorSpec { name: BIAS.into(), shape: vec![1], offset: taps },
    ]
}

/// The response and the constant out of the graph's tensors.
pub fn from_tensors(mut values: Vec<f32>) -> (Vec<f32>, f32) {
    let bias = values.pop().unwrap_or_default();
    values.reverse();
    (values, bias)
}

/// The streaming graph of a response.
pub fn graph(net: &Linear) -> GraphProto {
    let mut graph = streaming("tonewright_linear");
    let taps = net.impulse_response().len();
    let reversed: Vec<f32> = net.impulse_response().iter().rev().copied().collect();
    graph.add_floats(WEIGHT, &[1, 1, taps], &reversed);
    graph.add_floats(BIAS, &[1], &[net.bias()]);
    let mut past = AUDIO_IN;
    if taps > 1 {
        let (state, state_out) = graph.add_state("linear", &[1, 1, taps - 1]);
        past = "past";
        graph.add_node("Concat", &[&state, AUDIO_IN], past, vec![int("axis", 2)]);
        graph.add_integers("state_start", &[1 - taps as i64]);
        graph.add_integers("time_end", &[i64::MAX]);
        graph.add_integers("time_axis", &[2]);
        graph.add_node("Slice", &[past, "state_start", "time_end", "time_axis"], &state_out, vec![]);
    }
    let attributes = vec![ints("kernel_shape", &[taps as i64])];
    graph.add_node("Conv", &[past, WEIGHT, BIAS], AUDIO_OUT, attributes);
    graph
}
