//! Activation functions of the networks.

use serde::{Deserialize, Serialize};

/// A function applied to every value of a layer. Definitions follow PyTorch's modules of the same
/// names, which the `.nam` format refers to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum Activation {
    /// `x`
    Identity,
    /// `tanh(x)`
    Tanh,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `max(x, 0)`
    Relu,
    /// `x` above 0, `negative_slope * x` below.
    LeakyRelu {
        /// Slope below 0.
        negative_slope: f32,
    },
    /// Like [`Activation::LeakyRelu`] with a slope for each channel.
    Prelu {
        /// Slopes below 0, one for each channel or one for all.
        negative_slopes: Vec<f32>,
    },
    /// `x * sigmoid(x)`
    Silu,
    /// `x` clamped to -1..1.
    Hardtanh,
    /// `x` inside `min..max`, straight lines of the given slopes outside.
    LeakyHardtanh {
        /// Lower knee.
        min: f32,
        /// Upper knee.
        max: f32,
        /// Slope below `min`.
        min_slope: f32,
        /// Slope above `max`.
        max_slope: f32,
    },
    /// `x * clamp(x + 3, 0, 6) / 6`
    Hardswish,
    /// `x / (1 + |x|)`
    Softsign,
}

impl Activation {
    /// The function of one value in channel `channel`.
    #[inline]
    pub fn apply(&self, x: f32, channel: usize) -> f32 {
        match self {
            Self::Identity => x,
            Self::Tanh => x.tanh(),
            Self::Sigmoid => sigmoid(x),
            Self::Relu => x.max(0.0),
            Self::LeakyRelu { negative_slope } => leaky(x, *negative_slope),
            Self::Prelu { negative_slopes } => leaky(x, slope_of(negative_slopes, channel)),
            Self::Silu => x * sigmoid(x),
            Self::Hardtanh => x.clamp(-1.0, 1.0),
            Self::LeakyHardtanh { min, max, min_slope, max_slope } => {
                if x < *min {
                    (x - min) * min_slope + min
                } else if x > *max {
                    (x - max) * max_slope + max
                } else {
                    x
                }
            }
            Self::Hardswish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Self::Softsign => x / (1.0 + x.abs()),
        }
    }

    /// The numbers inside the activation, which must all be finite.
    pub(super) fn parameters(&self) -> Vec<f32> {
        match self {
            Self::LeakyRelu { negative_slope } => vec![*negative_slope],
            Self::Prelu { negative_slopes } => negative_slopes.clone(),
            Self::LeakyHardtanh { min, max, min_slope, max_slope } => {
                vec![*min, *max, *min_slope, *max_slope]
            }
            _ => Vec::new(),
        }
    }
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

fn leaky(x: f32, slope: f32) -> f32 {
    if x > 0.0 { x } else { slope * x }
}

fn slope_of(slopes: &[f32], channel: usize) -> f32 {
    if slopes.len() == 1 { slopes[0] } else { slopes[channel] }
}
