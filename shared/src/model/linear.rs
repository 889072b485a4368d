//! Linear models: an impulse response.

use super::validate::within;
use super::{ModelError, limits};

/// A convolution with an impulse response, and a constant:
/// `y[t] = bias + Σ_k impulse_response[k] * x[t - k]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    impulse_response: Vec<f32>,
    bias: f32,
}

impl Linear {
    /// Makes a model of an impulse response.
    ///
    /// # Errors
    /// The response is empty, longer than [`limits::IMPULSE_RESPONSE`], or not finite.
    pub fn new(impulse_response: Vec<f32>, bias: f32) -> Result<Self, ModelError> {
        Self::check_length(impulse_response.len())?;
        if let Some(at) = impulse_response.iter().position(|w| !w.is_finite()) {
            let tensor = format!("impulse response, sample {at}");
            return Err(ModelError::NotFinite { tensor, value: impulse_response[at] });
        }
        if !bias.is_finite() {
            return Err(ModelError::NotFinite { tensor: "bias".into(), value: bias });
        }
        Ok(Self { impulse_response, bias })
    }

    /// Checks the length of a response that is still to be read.
    pub(super) fn check_length(taps: usize) -> Result<(), ModelError> {
        within("length of the impulse response in samples", taps, 1, limits::IMPULSE_RESPONSE)
    }

    /// The impulse response, the present first.
    pub fn impulse_response(&self) -> &[f32] {
        &self.impulse_response
    }

    /// The constant that is added.
    pub fn bias(&self) -> f32 {
        self.bias
    }
}
