//! Slow movement of the modes.

use super::TICK;
use super::lines::{Frame, LINES};
use std::array::from_fn;
use std::f64::consts::TAU;

const PAIRS: usize = LINES / 2;

/// How far a pair is turned at most, in radians.
const MOST: f64 = 0.6;

/// How often the slowest pair goes there and back, in Hz; each further one is faster by the ratio.
const SLOWEST_HZ: f64 = 0.23;
const RATIO: f64 = 1.17;

/// Turns pairs of lines into each other: rotations by angles that swing, each at its own speed.
///
/// Between ticks sine and cosine are interpolated, which is a chord of the circle: nothing is ever
/// added to the energy.
#[derive(Debug)]
pub struct Turns {
    cosines: [f32; PAIRS],
    sines: [f32; PAIRS],
    cosine_steps: [f32; PAIRS],
    sine_steps: [f32; PAIRS],
    goal: [[f32; 2]; PAIRS],
}

impl Turns {
    pub fn new() -> Self {
        let zero = [0.0; PAIRS];
        Self {
            cosines: [1.0; PAIRS],
            sines: zero,
            cosine_steps: zero,
            sine_steps: zero,
            goal: [[1.0, 0.0]; PAIRS],
        }
    }

    /// Sets off towards where the pairs are at the end of this tick, turned by `depth` from 0 to 1.
    pub fn aim(&mut self, ticks: u64, tick_seconds: f64, depth: f32) {
        let per_sample = 1.0 / TICK as f32;
        let seconds = (ticks + 1) as f64 * tick_seconds;
        for (pair, goal) in self.goal.iter_mut().enumerate() {
            (self.cosines[pair], self.sines[pair]) = (goal[0], goal[1]);
            let swings = SLOWEST_HZ * RATIO.powi(pair as i32) * seconds + pair as f64 / PAIRS as f64;
            let angle = MOST * f64::from(depth) * (TAU * swings.fract()).sin();
            *goal = [angle.cos() as f32, angle.sin() as f32];
            self.cosine_steps[pair] = per_sample * (goal[0] - self.cosines[pair]);
            self.sine_steps[pair] = per_sample * (goal[1] - self.sines[pair]);
        }
    }

    /// Is there at once, for this tick.
    pub fn finish(&mut self) {
        for (pair, [cosine, sine]) in self.goal.into_iter().enumerate() {
            (self.cosines[pair], self.sines[pair]) = (cosine, sine);
        }
        (self.cosine_steps, self.sine_steps) = ([0.0; PAIRS], [0.0; PAIRS]);
    }

    #[inline]
    pub fn advance(&mut self, x: Frame) -> Frame {
        for pair in 0..PAIRS {
            self.cosines[pair] += self.cosine_steps[pair];
            self.sines[pair] += self.sine_steps[pair];
        }
        from_fn(|i| {
            let pair = i % PAIRS;
            let (cosine, sine) = (self.cosines[pair], self.sines[pair]);
            // Line `i` and line `i + 8` are a pair.
            if i < PAIRS { cosine * x[i] - sine * x[i + PAIRS] } else { sine * x[pair] + cosine * x[i] }
        })
    }
}
