//! All the sound there is to learn from: recordings, what amplifiers make of them, and synthesis.
//!
//! Every [`Source`] belongs to a group: whatever was cut, played or rendered from one recording. A group
//! is learned from or tested with, never both, because a network remembers what it has heard.

mod amps;
mod colour;
mod config;
pub mod files;
mod folds;
mod gather;
mod spectral;
pub mod synthesis;

pub use amps::Amps;
pub use colour::{Clip, clip};
pub use config::{AudioConfig, KindRule, Recording};
pub use folds::{Folds, folds};
pub use gather::gather;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use shared::word_eq::Kind;

/// Peak that sources are brought to.
const PEAK: f32 = 0.7;
/// What is below this at either end of a source, at [`PEAK`], is cut off as silence.
const SILENCE: f32 = 1e-3;
/// Samples left in front of what sounds.
const LEAD_IN: usize = 64;

/// Where a source comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A recording as it is.
    Recording,
    /// An instrument without its amplifier.
    Direct,
    /// An instrument through an amplifier.
    Amp,
    /// Made by us.
    Synthesis,
}

impl Origin {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Recording, Self::Direct, Self::Amp, Self::Synthesis];

    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recording => "recordings",
            Self::Direct => "instruments, direct",
            Self::Amp => "instruments through amps",
            Self::Synthesis => "synthesis",
        }
    }
}

/// A sound.
#[derive(Clone, Debug)]
pub struct Source {
    /// What it is, such as `guit_em9>jcm_standard+mesa#0`.
    pub name: String,
    /// What it comes from; see the module.
    pub group: String,
    /// Where it comes from.
    pub origin: Origin,
    /// What kind of sound it is, where that is known.
    pub kind: Option<Kind>,
    /// Sample rate in Hz.
    pub rate_hz: u32,
    /// One channel, silence at the ends cut off.
    pub samples: Vec<f32>,
}

impl Source {
    /// A source without the silence around it, or none if there is nothing else.
    pub fn new(
        name: String,
        group: String,
        origin: Origin,
        kind: Option<Kind>,
        rate_hz: u32,
        mut samples: Vec<f32>,
    ) -> Option<Self> {
        let peak = samples.iter().fold(0.0f32, |m, s| m.max(s.abs()));
        if !(1e-6..f32::INFINITY).contains(&peak) {
            return None;
        }
        samples.iter_mut().for_each(|s| *s *= PEAK / peak);
        let sounds = |s: &f32| s.abs() > SILENCE;
        let first = samples.iter().position(sounds)?.saturating_sub(LEAD_IN);
        let last = samples.iter().rposition(sounds)?;
        samples.truncate(last + 1);
        samples.drain(..first);
        Some(Self { name, group, origin, kind, rate_hz, samples })
    }

    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.rate_hz)
    }
}

/// Random numbers that depend on a name and nothing else, so that one more source changes no other.
pub fn rng_of(name: &str, seed: u64) -> ChaCha8Rng {
    // FNV-1a, 64 bit.
    let hash =
        name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    ChaCha8Rng::seed_from_u64(hash ^ seed.rotate_left(32))
}

/// A normally distributed number of mean 0 and variance 1 (Box and Muller).
pub fn normal(rng: &mut ChaCha8Rng) -> f64 {
    use rand::Rng;
    let radius = (-2.0 * rng.random_range(f64::MIN_POSITIVE..1.0f64).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}
