//! Short sounds by which our signal is known again.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// Which sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// At the beginning of the signal.
    Begin,
    /// At the beginning of each pass.
    Pass,
}

/// Length in seconds.
pub(super) const MARKER_SECONDS: f64 = 0.3;
/// Partials, and between which frequencies they lie, in Hz: below half of any rate.
const PARTIALS: usize = 120;
const BAND_HZ: std::ops::Range<f64> = 150.0..3_600.0;
/// Peak.
const PEAK: f64 = 0.6;

impl Marker {
    /// The sound at any rate: partials of fixed frequencies and phases, so that it is the same after resampling.
    pub fn sound(self, rate_hz: f64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(match self {
            Self::Begin => 0x746f_6e65,
            Self::Pass => 0x7061_7373,
        });
        let partials: Vec<(f64, f64)> =
            (0..PARTIALS).map(|_| (rng.random_range(BAND_HZ), rng.random_range(0.0..TAU))).collect();
        let samples = (MARKER_SECONDS * rate_hz) as usize;
        let sound: Vec<f64> = (0..samples)
            .map(|i| {
                let seconds = i as f64 / rate_hz;
                let fade = (TAU / 2.0 * seconds / MARKER_SECONDS).sin().max(0.0).sqrt();
                fade * partials.iter().map(|(hz, phase)| (TAU * hz * seconds + phase).sin()).sum::<f64>()
            })
            .collect();
        let peak = sound.iter().fold(0.0f64, |peak, s| peak.max(s.abs()));
        sound.iter().map(|s| (PEAK * s / peak) as f32).collect()
    }
}
