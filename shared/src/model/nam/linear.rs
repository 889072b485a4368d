//! Impulse responses.

use super::super::validate::within;
use super::super::{Linear, ModelError, limits};
use super::document::Document;

/// Reads an impulse response and counts its weights.
pub fn read(document: &Document<'_>) -> Result<Linear, ModelError> {
    let config = &document.config;
    // The implementation is a choice of speed, not of sound.
    config.only(&["receptive_field", "bias", "in_channels", "out_channels", "implementation"])?;
    config.one_channel("in_channels")?;
    config.one_channel("out_channels")?;
    let length = config.size("receptive_field")?;
    within("receptive_field", length, 1, limits::IMPULSE_RESPONSE)?;
    let biased = config.required("bias")?.flag()?;
    document.count_weights(length + usize::from(biased))?;
    let (response, bias) = document.weights.split_at(length);
    Linear::new(response.to_vec(), bias.first().copied().unwrap_or(0.0))
}
