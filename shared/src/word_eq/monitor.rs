//! What the equaliser shows to whoever looks: written by the audio thread, read by anybody, no locks.

use super::latent::{LATENT, Latent};
use super::settings::{EqSettings, VALUES};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

/// What the listening is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hearing {
    /// Nothing was heard yet.
    #[default]
    Waiting,
    /// Listening.
    Listening,
    /// Silence: what was heard is kept.
    Holding,
    /// The player froze it.
    Frozen,
    /// ONNX Runtime or the networks are missing: the bands are the player's alone.
    Unavailable,
}

/// A look at the equaliser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What the word proposes.
    pub proposed: EqSettings,
    /// What is applied: the proposal and what the player added, on its way there.
    pub applied: EqSettings,
    /// The balance that was heard, relative to the mean of all sound.
    pub heard: Latent,
    /// How much of the word was heard: 0 neutral, 1 as the word says.
    pub share: f32,
    /// What the listening does.
    pub hearing: Hearing,
    /// Sound listened to since the beginning, in seconds.
    pub listened_seconds: f32,
    /// Gain of the level match, in dB.
    pub match_gain_db: f32,
    /// Analyses that came later than their boundary.
    pub late: u64,
}

/// The numbers behind a [`Reading`].
#[derive(Debug)]
pub struct Monitor {
    proposed: [AtomicU32; VALUES],
    applied: [AtomicU32; VALUES],
    heard: [AtomicU32; LATENT],
    share: AtomicU32,
    hearing: AtomicU8,
    listened: AtomicU32,
    match_gain: AtomicU32,
    late: AtomicU64,
}

impl Default for Monitor {
    fn default() -> Self {
        let flat = || EqSettings::flat().to_values().map(|v| AtomicU32::new(v.to_bits()));
        Self {
            proposed: flat(),
            applied: flat(),
            heard: std::array::from_fn(|_| AtomicU32::new(0)),
            share: AtomicU32::new(0),
            hearing: AtomicU8::new(0),
            listened: AtomicU32::new(0),
            match_gain: AtomicU32::new(0),
            late: AtomicU64::new(0),
        }
    }
}

impl Monitor {
    /// A look. Values that are written meanwhile may come from two moments.
    pub fn read(&self) -> Reading {
        let float = |a: &AtomicU32| f32::from_bits(a.load(Ordering::Relaxed));
        Reading {
            proposed: EqSettings::from_values(&std::array::from_fn(|i| float(&self.proposed[i]))),
            applied: EqSettings::from_values(&std::array::from_fn(|i| float(&self.applied[i]))),
            heard: std::array::from_fn(|i| float(&self.heard[i])),
            share: float(&self.share),
            hearing: match self.hearing.load(Ordering::Relaxed) {
                1 => Hearing::Listening,
                2 => Hearing::Holding,
                3 => Hearing::Frozen,
                4 => Hearing::Unavailable,
                _ => Hearing::Waiting,
            },
            listened_seconds: float(&self.listened),
            match_gain_db: float(&self.match_gain),
            late: self.late.load(Ordering::Relaxed),
        }
    }

    /// Leaves a look for others.
    pub fn write(&self, reading: &Reading) {
        let store = |to: &[AtomicU32], from: &[f32]| {
            to.iter().zip(from).for_each(|(a, v)| a.store(v.to_bits(), Ordering::Relaxed));
        };
        store(&self.proposed, &reading.proposed.to_values());
        store(&self.applied, &reading.applied.to_values());
        store(&self.heard, &reading.heard);
        self.share.store(reading.share.to_bits(), Ordering::Relaxed);
        self.hearing.store(reading.hearing as u8, Ordering::Relaxed);
        self.listened.store(reading.listened_seconds.to_bits(), Ordering::Relaxed);
        self.match_gain.store(reading.match_gain_db.to_bits(), Ordering::Relaxed);
        self.late.store(reading.late, Ordering::Relaxed);
    }
}
