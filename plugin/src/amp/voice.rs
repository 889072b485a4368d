//! A voice: a model ready to play, one engine for each channel.

use super::{Format, ModelInfo, Quality};
use shared::dsp::delay::Delay;
use shared::engine::{Engine, EngineChoice, EngineError, EngineKind, Resampled, Rescued};
use shared::model::Model;

/// Rate of all models that come with the plugin, in Hz.
const USUAL_MODEL_HZ: f64 = 48_000.0;

/// The delay every voice has at a host's rate, in samples: what a model of 48 kHz needs. Being the
/// same for all such models, it stays while the player tries one after the other. 0 at 48 kHz.
///
/// # Errors
/// No resampler can be made for the rate.
pub fn base_latency_samples(sample_rate_hz: f64) -> Result<usize, EngineError> {
    let mut nothing = Resampled::new(Box::new(Nothing));
    nothing.prepare(sample_rate_hz, 1)?;
    Ok(nothing.latency_samples())
}

/// A model ready to play in one [`Format`].
pub struct Voice {
    engines: Vec<Padded>,
    format: Format,
    latency_samples: usize,
    info: ModelInfo,
}

/// An engine and what it lacks of the common delay.
struct Padded {
    engine: Rescued,
    pad: Delay,
}

impl Voice {
    /// Builds and prepares the engines, of a model with several sizes for the one that `quality`
    /// chooses, and runs them once, so that the first
    /// block finds their memory warm.
    ///
    /// # Errors
    /// The engine cannot run the model or not at that rate.
    pub fn build(
        model: &Model,
        quality: Quality,
        choice: EngineChoice,
        format: Format,
    ) -> Result<Self, EngineError> {
        let chosen = model.at_quality(quality.value());
        let base = base_latency_samples(format.sample_rate_hz)?;
        let mut engines = Vec::with_capacity(format.channels);
        for _ in 0..format.channels {
            let engine = Rescued::build_at(&chosen, choice, format.sample_rate_hz, format.max_block_samples)?;
            let pad = Delay::new(base.saturating_sub(engine.latency_samples()));
            engines.push(Padded { engine, pad });
        }
        let kind = engines.first().map(|e| e.engine.kind());
        let latency_samples = engines.first().map_or(base, |e| e.engine.latency_samples().max(base));
        let info = ModelInfo::new(model, quality, kind);
        Ok(Self { engines, format, latency_samples, info })
    }

    /// The format it was built for.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Delay between input and output, in samples at the host's rate.
    pub fn latency_samples(&self) -> usize {
        self.latency_samples
    }

    /// What is playing.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Runs one channel. Returns whether the model gave numbers; if not, the block is silent.
    pub(super) fn process(&mut self, channel: usize, input: &[f32], output: &mut [f32]) -> bool {
        let Padded { engine, pad } = &mut self.engines[channel];
        let is_sound = engine.process(input, output);
        if is_sound {
            pad.process(output);
        } else {
            pad.reset();
        }
        is_sound
    }

    /// Back to silence.
    pub(super) fn reset(&mut self) {
        for Padded { engine, pad } in &mut self.engines {
            engine.reset();
            pad.reset();
        }
    }
}

/// Stands in for a model where only the delay is asked for.
struct Nothing;

impl Engine for Nothing {
    fn prepare(&mut self, _: f64, _: usize) -> Result<(), EngineError> {
        Ok(())
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        output.copy_from_slice(input);
    }

    fn reset(&mut self) {}

    fn latency_samples(&self) -> usize {
        0
    }

    fn model_rate_hz(&self) -> f64 {
        USUAL_MODEL_HZ
    }

    fn kind(&self) -> EngineKind {
        EngineKind::Native
    }
}
