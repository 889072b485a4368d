//! How much of a sine comes back from a model at places where none of its overtones is.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use shared::engine::{self, EngineChoice};
use shared::model::Model;
use std::f64::consts::TAU;

/// What is played, in Hz.
pub const SINE_HZ: f64 = 5_000.0;
/// The rate it is played at, in Hz: that of the factory models.
pub const RATE_HZ: f64 = 48_000.0;
/// All that a sine of 5 kHz can fold to at 48 kHz are multiples of this, in Hz.
const GRID_HZ: f64 = 1_000.0;
/// Whole periods of all of them, in samples.
const WINDOW: usize = 4_800;
/// What comes before that: more than any factory model remembers.
const LEAD_IN: usize = 16_384;

/// Folded overtones of a sine, in dB relative to the sine itself.
#[derive(Clone, Copy, Debug)]
pub struct Aliasing {
    /// Those below 20 kHz.
    pub audible_db: f64,
    /// All of them.
    pub all_db: f64,
}

/// Plays a sine of `level_dbfs`, of its peak, through a model.
pub fn aliasing(model: &Model, oversampling: usize, level_dbfs: f64) -> Aliasing {
    let mut engine =
        engine::build_oversampled_at(model, EngineChoice::Native, oversampling, RATE_HZ, 512).unwrap();
    let level = 10f64.powf(level_dbfs / 20.0);
    let input: Vec<f32> =
        (0..LEAD_IN + WINDOW).map(|i| (level * (TAU * SINE_HZ * i as f64 / RATE_HZ).sin()) as f32).collect();
    let mut output = vec![0.0; input.len()];
    engine.process(&input, &mut output);
    let window = &output[LEAD_IN..];
    let power = |hz: f64| {
        let (mut re, mut im) = (0.0, 0.0);
        for (i, &y) in window.iter().enumerate() {
            let (s, c) = (TAU * hz * i as f64 / RATE_HZ).sin_cos();
            re += f64::from(y) * c;
            im += f64::from(y) * s;
        }
        re * re + im * im
    };
    let grid = (1..(RATE_HZ / 2.0 / GRID_HZ) as usize).map(|n| n as f64 * GRID_HZ);
    let folded: Vec<(f64, f64)> = grid.filter(|hz| hz % SINE_HZ != 0.0).map(|hz| (hz, power(hz))).collect();
    let sine = power(SINE_HZ);
    let db = |power: f64| 10.0 * (power / sine).log10();
    let below = |limit: f64| folded.iter().filter(|(hz, _)| *hz < limit).map(|(_, power)| power).sum();
    Aliasing { audible_db: db(below(20_000.0)), all_db: db(below(RATE_HZ)) }
}
