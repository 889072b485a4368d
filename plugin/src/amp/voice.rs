//! A voice: a model ready to play, one engine for each channel.

use super::{ModelInfo, Quality, Turn, levels};
use crate::rack::{Controls, Playable, RackFormat};
use shared::chain::Format;
use shared::dsp::delay::Delay;
use shared::dsp::ramp::Ramp;
use shared::engine::{Engine, EngineChoice, EngineError, EngineKind, Oversampled, Probe, Resampled, Rescued};
use shared::model::Model;

/// Rate of all models that come with the plugin, in Hz.
const USUAL_MODEL_HZ: f64 = 48_000.0;

/// The delay every voice has at a host's rate, in samples: what a model of 48 kHz needs. Being the
/// same for all such models, it stays while the player tries one after the other. 0 at 48 kHz.
///
/// # Errors
/// No resampler can be made for the rate.
pub fn base_latency_samples(sample_rate_hz: f64) -> Result<usize, EngineError> {
    latency_samples(1, sample_rate_hz)
}

/// The same for voices that are oversampled.
fn latency_samples(oversampling: usize, sample_rate_hz: f64) -> Result<usize, EngineError> {
    let mut nothing: Box<dyn Engine> = Box::new(Nothing);
    if oversampling > 1 {
        let copies = std::iter::repeat_with(|| Box::new(Nothing) as Box<dyn Engine>);
        nothing = Box::new(Oversampled::new(copies.take(oversampling).collect())?);
    }
    let mut nothing = Resampled::new(nothing);
    nothing.prepare(sample_rate_hz, 1)?;
    Ok(nothing.latency_samples())
}

/// How a model is to be played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    /// Which size of a model that has several.
    pub quality: Quality,
    /// What runs it.
    pub engine: EngineChoice,
    /// How often it is computed for each sample of its rate: 1, 2, 4 or 8.
    pub oversampling: usize,
    /// What is known of its polarity and delay.
    pub probe: Option<Probe>,
    /// Whether these are corrected, where they are clear.
    pub align: bool,
}

impl Manner {
    /// What is to be corrected.
    fn corrected(&self) -> Option<Probe> {
        self.probe.filter(|probe| self.align && probe.is_clear())
    }
}

/// How long its levels take to move, in seconds.
const RAMP_SECONDS: f64 = 0.020;

/// A model ready to play in one [`Format`].
pub struct Voice {
    engines: Vec<Padded>,
    format: Format,
    latency_samples: usize,
    info: ModelInfo,
    /// What tells the turns of its knobs from those of other voices'.
    lineage: u64,
    /// What brings the guitar to the level at which the model was captured.
    drive: Ramp,
    /// What the output's mode makes of the model's level.
    level: Ramp,
    /// -1 for a model that is turned back upright.
    sign: f32,
    driven: Vec<f32>,
    drives: Vec<f32>,
    levels: Vec<f32>,
    muted: bool,
}

/// An engine and what it lacks of the common delay.
struct Padded {
    engine: Rescued,
    lacking_samples: usize,
    pad: Delay,
}

impl Voice {
    /// Builds a voice that plays a model as it is, as [`Voice::build_as`] does.
    ///
    /// # Errors
    /// The engine cannot run the model or not at that rate.
    pub fn build(
        model: &Model,
        quality: Quality,
        engine: EngineChoice,
        format: Format,
    ) -> Result<Self, EngineError> {
        let manner = Manner { quality, engine, oversampling: 1, probe: None, align: false };
        Self::build_as(model, manner, format)
    }

    /// Builds and prepares the engines, of a model with several sizes for the one that the quality
    /// chooses, and runs them once, so that the first block finds their memory warm.
    ///
    /// # Errors
    /// The engine cannot run the model or not at that rate, or there is no such oversampling.
    pub fn build_as(model: &Model, manner: Manner, format: Format) -> Result<Self, EngineError> {
        let Manner { quality, engine: choice, oversampling, probe, .. } = manner;
        let Format { sample_rate_hz, max_block_samples, channels } = format;
        let chosen = model.at_quality(quality.value());
        let base = latency_samples(oversampling, sample_rate_hz)?;
        let mut engines = Vec::with_capacity(channels);
        for _ in 0..channels {
            let engine = Rescued::build_at(&chosen, choice, oversampling, sample_rate_hz, max_block_samples)?;
            let lacking_samples = base.saturating_sub(engine.latency_samples());
            engines.push(Padded { engine, lacking_samples, pad: Delay::new(lacking_samples) });
        }
        let kind = engines.first().map(|e| e.engine.kind());
        let late = manner
            .corrected()
            .map_or(0.0, |probe| probe.delay_samples as f64 * sample_rate_hz / chosen.card.sample_rate_hz);
        let delay = |e: &Padded| e.engine.delay_samples() + e.lacking_samples as f64;
        // Both parts are fractions of a sample, and are rounded together.
        let latency_samples = (late + engines.first().map_or(base as f64, delay)).round() as usize;
        let sign = if manner.corrected().is_some_and(|probe| probe.is_inverted) { -1.0 } else { 1.0 };
        let info = ModelInfo { probe, ..ModelInfo::new(model, quality, kind) };
        let ramp = |value: f32| Ramp::new(value, (RAMP_SECONDS * sample_rate_hz) as usize);
        let block = vec![0.0; max_block_samples];
        Ok(Self {
            engines,
            format,
            latency_samples,
            info,
            lineage: 0,
            drive: ramp(1.0),
            level: ramp(sign),
            sign,
            driven: block.clone(),
            drives: block.clone(),
            levels: block,
            muted: false,
        })
    }

    /// Builds a voice that plays a model at the host's rate, whatever its own is, and not oversampled, but as late as
    /// one that is.
    ///
    /// # Errors
    /// The model cannot be run at that rate, or there is no such oversampling.
    pub(super) fn build_plain(
        model: &Model,
        oversampling: usize,
        format: Format,
    ) -> Result<Self, EngineError> {
        let mut model = model.clone();
        model.card.sample_rate_hz = format.sample_rate_hz;
        let mut voice = Self::build(&model, Quality::FULL, EngineChoice::Auto, format)?;
        voice.latency_samples = latency_samples(oversampling, format.sample_rate_hz)?;
        for Padded { engine, lacking_samples, pad } in &mut voice.engines {
            *lacking_samples = voice.latency_samples.saturating_sub(engine.latency_samples());
            *pad = Delay::new(*lacking_samples);
        }
        Ok(voice)
    }

    /// Sets off to the levels that the player wants of this model.
    pub(crate) fn aim(&mut self, controls: &Controls, jump: bool) {
        let factor = |db: f32| 10f32.powf(db / 20.0);
        let card = &self.info.card;
        let (input, output) = (&controls.input, &controls.output);
        self.drive.aim(factor(levels::drive_db(card, input)));
        self.level.aim(self.sign * factor(levels::level_db(card, input, output.mode)));
        if jump {
            self.drive.finish();
            self.level.finish();
        }
    }

    /// Says which [`Turn`]s are for it; each voice of a rack has a larger number than those before. By default it is 0.
    pub(crate) fn set_lineage(&mut self, lineage: u64) {
        self.lineage = lineage;
    }

    /// Which [`Turn`]s are for it.
    pub(crate) fn lineage(&self) -> u64 {
        self.lineage
    }

    /// Turns the knobs: at once, with silence before, or else over the next 20 ms, going on from what was heard. What it no longer needs is in
    /// `turn` then. For the audio thread.
    pub(crate) fn turn(&mut self, turn: &mut Turn, at_once: bool) {
        for (Padded { engine, .. }, kernels) in self.engines.iter_mut().zip(&mut turn.kernels) {
            engine.turn(kernels);
            if at_once {
                engine.reset();
            }
        }
    }

    /// Whether its knobs are on their way. For the audio thread.
    pub(crate) fn is_turning(&mut self) -> bool {
        self.engines.iter_mut().any(|padded| padded.engine.is_turning())
    }

    /// Whether a block had to be muted since the last call, because the model gave values that are no numbers.
    pub(crate) fn take_muted(&mut self) -> bool {
        std::mem::take(&mut self.muted)
    }

    /// The format it was built for.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Delay between input and output, in samples at the host's rate, that of a model that is corrected included.
    pub fn latency_samples(&self) -> usize {
        self.latency_samples
    }

    /// What is playing.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }
}

impl Playable for Voice {
    fn fits(&self, format: &RackFormat) -> bool {
        self.format == format.narrow()
    }

    fn play(&mut self, input: &[Vec<f32>], output: &mut [Vec<f32>], length: usize) {
        let Self { driven, drives, levels, .. } = self;
        let (driven, drives, levels) = (&mut driven[..length], &mut drives[..length], &mut levels[..length]);
        self.drive.fill(drives);
        self.level.fill(levels);
        for ((Padded { engine, pad, .. }, input), output) in self.engines.iter_mut().zip(input).zip(output) {
            let gains = input.iter().zip(&*drives);
            driven.iter_mut().zip(gains).for_each(|(driven, (sample, gain))| *driven = sample * gain);
            let output = &mut output[..length];
            if engine.process(driven, output) {
                pad.process(output);
            } else {
                self.muted = true;
                pad.reset();
            }
            output.iter_mut().zip(&*levels).for_each(|(sample, gain)| *sample *= gain);
        }
    }

    fn reset(&mut self) {
        for Padded { engine, pad, .. } in &mut self.engines {
            engine.reset();
            pad.reset();
        }
        self.drive.finish();
        self.level.finish();
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
