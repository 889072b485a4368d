//! Instruments through amplifiers and cabinets.

use super::files::{self, Mono};
use super::{normal, spectral};
use crate::TrainerError;
use crate::word_eq::parallel;
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use shared::engine::{EngineChoice, build_at};
use shared::model::Model;
use std::path::PathBuf;

/// How often an amplifier is heard through a cabinet, where there are some. The rest are models with a
/// cabinet of their own, or a player who has none.
const CABINET_SHARE: f64 = 0.75;
/// Peak of what is played into an amplifier, before the gain.
const INPUT_PEAK: f32 = 0.5;
/// Samples a model is run on at once.
const BLOCK: usize = 4096;

/// Amp models and cabinets.
#[derive(Debug, Default)]
pub struct Amps {
    models: Vec<(String, Model)>,
    cabinets: Vec<(String, Mono)>,
}

impl Amps {
    /// Reads models and impulse responses.
    ///
    /// # Errors
    /// A file cannot be read or is none.
    pub fn load(models: &[PathBuf], cabinets: &[PathBuf]) -> Result<Self, TrainerError> {
        let models = models.iter().map(|path| Ok((files::stem(path), Model::load(path)?)));
        let cabinets = cabinets.iter().map(|path| Ok((files::stem(path), files::read(path)?)));
        Ok(Self {
            models: models.collect::<Result<_, TrainerError>>()?,
            cabinets: cabinets.collect::<Result<_, TrainerError>>()?,
        })
    }

    /// Whether there is nothing to play through.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// A sound through an amp and perhaps a cabinet, both by chance, with a gain in dB before the amp that
    /// is drawn around 0; and what they are called.
    ///
    /// # Errors
    /// A model cannot be played, or there is none.
    pub fn play(&self, sound: &Mono, rng: &mut ChaCha8Rng) -> Result<(String, Mono), TrainerError> {
        let Some((name, model)) = self.models.choose(rng) else {
            return Err(TrainerError::Setting("`audio.models`: no amp model is given".into()));
        };
        let gain_db = (6.0 * normal(rng)).clamp(-12.0, 14.0) as f32;
        let peak = sound.samples.iter().fold(1e-6f32, |m, s| m.max(s.abs()));
        let gain = INPUT_PEAK / peak * 10f32.powf(gain_db / 20.0);
        let input: Vec<f32> = sound.samples.iter().map(|s| gain * s).collect();
        let mut engine = build_at(model, EngineChoice::Auto, f64::from(sound.rate_hz), BLOCK)?;
        let mut samples = vec![0.0; input.len()];
        for (input, output) in input.chunks(BLOCK).zip(samples.chunks_mut(BLOCK)) {
            engine.process(input, output);
        }
        let mut played = Mono { samples, rate_hz: sound.rate_hz };
        let mut called = name.clone();
        if rng.random_bool(CABINET_SHARE)
            && let Some((name, cabinet)) = self.cabinets.choose(rng)
        {
            called = format!("{called}+{name}");
            played = through(&played, cabinet);
        }
        Ok((called, played))
    }

    /// A sound through a cabinet by chance, or none if there are none; and what it is called.
    pub fn cabinet(&self, sound: &Mono, rng: &mut ChaCha8Rng) -> Option<(String, Mono)> {
        let (name, cabinet) = self.cabinets.choose(rng)?;
        Some((name.clone(), through(sound, cabinet)))
    }
}

fn through(sound: &Mono, cabinet: &Mono) -> Mono {
    let response = if cabinet.rate_hz == sound.rate_hz {
        cabinet.samples.clone()
    } else {
        spectral::resample(&cabinet.samples, cabinet.rate_hz, sound.rate_hz)
    };
    Mono { samples: spectral::convolve(&sound.samples, &response), rate_hz: sound.rate_hz }
}

/// Something to be played through an amp: the sound and the random numbers that say how.
pub type Job = (Mono, ChaCha8Rng);

/// Plays all jobs, on several threads; results in their order.
///
/// # Errors
/// As for [`Amps::play`].
pub fn play_all(amps: &Amps, jobs: &[Job], threads: usize) -> Result<Vec<(String, Mono)>, TrainerError> {
    parallel::map(jobs, threads, |(sound, rng)| amps.play(sound, &mut rng.clone())).into_iter().collect()
}
