//! Recurrent networks: NAM's LSTM.

use super::validate::{check_settling, within};
use super::{ModelError, TensorSpec, limits};
use serde::{Deserialize, Serialize};

/// What a layer costs an engine for each sample beside its multiplications, as so many of them.
const LAYER_COST: usize = 512;

/// The shape of an LSTM: layers one after another on one channel of audio, and a linear head.
///
/// Each layer computes, from its input `x` and its states `h` and `c`, with `σ` the sigmoid,
/// `(i, f, g, o) = W [x; h] + b`, `c' = σ(f) c + σ(i) tanh(g)`, `h' = σ(o) tanh(c')`
/// (PyTorch's `LSTM`, its two biases added up). The head reads the last layer's `h'`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LstmSpec {
    /// Layers.
    pub layers: usize,
    /// Cells in each layer.
    pub hidden: usize,
    /// Samples of silence it runs from its initial states before it is heard.
    pub warm_up_samples: usize,
}

impl LstmSpec {
    /// Every tensor, in the order of the weights, which is NAM's: for each layer `weight`
    /// `[4 hidden, inputs + hidden]`, `bias` `[4 hidden]`, and the initial states `h` and `c`
    /// `[hidden]`; then the head's `weight` `[1, hidden]` and `bias` `[1]`. The rows of a layer are
    /// the gates i, f, g, o.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let mut tensors = Vec::new();
        let mut offset = 0;
        let mut push = |name: String, shape: Vec<usize>| {
            let tensor = TensorSpec { name, shape, offset };
            offset += tensor.len();
            tensors.push(tensor);
        };
        for layer in 0..self.layers {
            let inputs = if layer == 0 { 1 } else { self.hidden };
            push(format!("lstm{layer}.weight"), vec![4 * self.hidden, inputs + self.hidden]);
            push(format!("lstm{layer}.bias"), vec![4 * self.hidden]);
            push(format!("lstm{layer}.initial_h"), vec![self.hidden]);
            push(format!("lstm{layer}.initial_c"), vec![self.hidden]);
        }
        push("head.weight".into(), vec![1, self.hidden]);
        push("head.bias".into(), vec![1]);
        tensors
    }

    /// Number of weights, initial states included.
    pub fn weight_count(&self) -> usize {
        self.tensors().last().map_or(0, |t| t.range().end)
    }

    /// Checks every size against [`limits`].
    ///
    /// # Errors
    /// A size is 0 or beyond its limit.
    pub fn validate(&self) -> Result<(), ModelError> {
        within("LSTM layers", self.layers, 1, limits::LSTM_LAYERS)?;
        within("LSTM cells in a layer", self.hidden, 1, limits::CHANNELS)?;
        within("warm-up in samples", self.warm_up_samples, 0, limits::RECEPTIVE_FIELD)?;
        let weights = self.weight_count();
        within("number of weights", weights, 1, limits::WEIGHTS)?;
        let settling = (weights + LAYER_COST * self.layers).saturating_mul(self.warm_up_samples);
        check_settling(self.warm_up_samples, settling)
    }
}

/// An LSTM: its shape and its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Lstm {
    spec: LstmSpec,
    weights: Vec<f32>,
}

impl Lstm {
    /// Joins a shape and its weights, which are in the order of [`LstmSpec::tensors`].
    ///
    /// # Errors
    /// A size is impossible, the number of weights is wrong, or a weight is not finite.
    pub fn new(spec: LstmSpec, weights: Vec<f32>) -> Result<Self, ModelError> {
        spec.validate()?;
        super::check_weights(&spec.tensors(), &weights)?;
        Ok(Self { spec, weights })
    }

    /// The shape.
    pub fn spec(&self) -> LstmSpec {
        self.spec
    }

    /// The weights, in the order of [`LstmSpec::tensors`].
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }
}
