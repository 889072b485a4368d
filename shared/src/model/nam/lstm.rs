//! LSTMs.

use super::super::{Lstm, LstmSpec, ModelError};
use super::document::Document;

/// Samples that NeuralAmpModelerCore runs before an LSTM of unknown sample rate is heard: one block,
/// here of 64.
const ONE_BLOCK: usize = 64;

/// Samples that NeuralAmpModelerCore runs before an LSTM is heard: half a second.
pub fn warm_up_samples(sample_rate_hz: Option<f64>) -> usize {
    sample_rate_hz.map_or(ONE_BLOCK, |rate_hz| (0.5 * rate_hz) as usize)
}

/// Reads a network and counts its weights.
pub fn read(document: &Document<'_>) -> Result<Lstm, ModelError> {
    let config = &document.config;
    config.only(&["num_layers", "input_size", "hidden_size", "in_channels", "out_channels"])?;
    config.required("input_size")?;
    for key in ["input_size", "in_channels", "out_channels"] {
        config.one_channel(key)?;
    }
    let spec = LstmSpec {
        layers: config.size("num_layers")?,
        hidden: config.size("hidden_size")?,
        warm_up_samples: warm_up_samples(document.sample_rate_hz),
    };
    spec.validate()?;
    document.count_weights(spec.weight_count())?;
    Lstm::new(spec, document.weights.to_vec())
}
