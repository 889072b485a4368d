//! Random equalisers.

use super::decoder::ValueRange;
use rand::Rng;
use shared::word_eq::VALUES;
use std::f32::consts::FRAC_1_SQRT_2;

/// How many bands of a random equaliser do something.
const ACTIVE: f64 = 0.75;
/// How many Qs are what most people leave them at.
const USUAL_Q: f64 = 0.5;
/// Where the Qs stand among the values.
const Q_VALUES: [usize; 3] = [4, 7, 10];

/// Values drawn evenly from their ranges, frequencies and Qs in the logarithm.
pub fn random_settings(rng: &mut impl Rng) -> [f32; VALUES] {
    let ranges = ValueRange::all();
    std::array::from_fn(|i| {
        let range = &ranges[i];
        let value = rng.random_range(range.lowest..=range.highest);
        match range.logarithmic {
            true if Q_VALUES.contains(&i) && rng.random_bool(USUAL_Q) => FRAC_1_SQRT_2,
            true => value.exp(),
            false if rng.random_bool(ACTIVE) => value,
            false => 0.0,
        }
    })
}

/// A person's setting, played with: all gains scaled by a common factor, each value moved a little.
pub fn varied_settings(settings: &[f32; VALUES], rng: &mut impl Rng) -> [f32; VALUES] {
    let ranges = ValueRange::all();
    let scale = rng.random_range(0.3..=1.2);
    std::array::from_fn(|i| {
        let range = &ranges[i];
        let value = settings[i];
        let moved = match range.logarithmic {
            true if Q_VALUES.contains(&i) => (value.ln() + normal(rng) * 0.4).exp(),
            true => (value.ln() + normal(rng) * 0.3).exp(),
            false => value * scale + if rng.random_bool(0.8) { normal(rng) } else { 0.0 },
        };
        match range.logarithmic {
            true => moved.clamp(range.lowest.exp(), range.highest.exp()),
            false => moved.clamp(range.lowest, range.highest),
        }
    })
}

/// A normally distributed number of variance 1 (Box and Muller).
fn normal(rng: &mut impl Rng) -> f32 {
    let radius = (-2.0 * rng.random_range(f32::MIN_POSITIVE..1.0).ln()).sqrt();
    radius * (std::f32::consts::TAU * rng.random::<f32>()).cos()
}
