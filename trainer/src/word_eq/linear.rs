//! A linear layer in an ONNX graph, in floats or in eight bits.

use shared::model::onnx::GraphBuilder;

/// What a graph computes its linear layers in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Single precision.
    Float,
    /// Weights of eight bits, a scale for each output; inputs are brought to eight bits as they come,
    /// by ONNX's DynamicQuantizeLinear. Four times smaller, exact to a percent or so.
    Int8,
}

/// A linear layer: `weights` are `[outputs, inputs]` row by row.
#[derive(Clone, Copy, Debug)]
pub struct Linear<'a> {
    /// Weights.
    pub weights: &'a [f32],
    /// One for each output.
    pub bias: &'a [f32],
}

impl Linear<'_> {
    /// Adds the layer to a graph; `x` is `[rows, inputs]`. Gives `[rows, outputs]`.
    pub fn add_to(&self, graph: &mut GraphBuilder, x: &str, precision: Precision) -> String {
        let (outputs, inputs) = (self.bias.len(), self.weights.len() / self.bias.len());
        let bias = graph.floats(&[outputs], self.bias);
        let product = match precision {
            Precision::Float => {
                let weights = graph.floats(&[inputs, outputs], &transposed(self.weights, inputs));
                graph.node("MatMul", &[x, &weights], &[])
            }
            Precision::Int8 => {
                let (weights, scales) = quantised(self.weights, inputs);
                let weights = graph.bytes(&[inputs, outputs], &transposed(&weights, inputs));
                let scales = graph.floats(&[outputs], &scales);
                let [x, x_scale, x_zero] = graph.nodes("DynamicQuantizeLinear", &[x]);
                let sums = graph.node("MatMulInteger", &[&x, &weights, &x_zero], &[]);
                let sums = graph.cast_to_floats(&sums);
                let scale = graph.node("Mul", &[&x_scale, &scales], &[]);
                graph.node("Mul", &[&sums, &scale], &[])
            }
        };
        graph.node("Add", &[&product, &bias], &[])
    }
}

/// Rows of `inputs` values as columns.
fn transposed<T: Copy>(rows: &[T], inputs: usize) -> Vec<T> {
    (0..inputs).flat_map(|i| rows.iter().skip(i).step_by(inputs).copied()).collect()
}

/// Weights as bytes from -127 to 127, and what each row of them is to be multiplied with.
fn quantised(weights: &[f32], inputs: usize) -> (Vec<i8>, Vec<f32>) {
    let rows = || weights.chunks_exact(inputs);
    let scales: Vec<f32> = rows()
        .map(|row| row.iter().fold(f32::MIN_POSITIVE, |largest, w| largest.max(w.abs())) / 127.0)
        .collect();
    let bytes =
        rows().zip(&scales).flat_map(|(row, scale)| row.iter().map(move |w| (w / scale).round() as i8));
    (bytes.collect(), scales)
}
