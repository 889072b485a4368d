//! What the lines lose at each pass.

use super::lines::{Frame, LINES};
use super::{TICK, pole};
use std::array::from_fn;

/// How many times as fast the highest frequencies decay.
const HIGH_DECAYS: f64 = 3.0;

/// How many times as long the lowest frequencies may decay, so that the middle decays as asked for where
/// damping reaches down to it.
const LOW_DECAYS: f64 = 1.5;

/// Where the decay time is the one asked for, in Hz: the middle of the octave from 500 to 1000 Hz.
const MIDDLE_HZ: f64 = 707.0;

/// For each line a low-pass of first order beside the sound itself: the sum is a shelf.
#[derive(Debug)]
pub struct Losses {
    now: Numbers,
    step: Numbers,
    goal: Numbers,
    states: Frame,
}

/// What is interpolated between ticks.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    /// Factor of the sound itself.
    direct: Frame,
    /// Factor of what the low-pass gives.
    low: Frame,
    /// How fast the low-pass follows; the same for all lines.
    rate: f32,
    /// What makes the output as loud as the input.
    level: f32,
}

const NOTHING: Numbers = Numbers { direct: [0.0; LINES], low: [0.0; LINES], rate: 0.0, level: 0.0 };

impl Losses {
    pub fn new() -> Self {
        Self { now: NOTHING, step: NOTHING, goal: NOTHING, states: [0.0; LINES] }
    }

    /// Sets off towards the losses of lines of these lengths in samples, to be there after a tick.
    pub fn aim(&mut self, lengths: &[f64; LINES], decay_seconds: f64, damping_hz: f64, sample_rate_hz: f64) {
        self.now = self.goal;
        let mut kept = 0.0;
        for (i, &length) in lengths.iter().enumerate() {
            let loss = Loss::new(length / sample_rate_hz, decay_seconds, damping_hz, sample_rate_hz);
            self.goal.direct[i] = (loss.low * loss.shelf) as f32;
            self.goal.low[i] = (loss.low * (1.0 - loss.shelf)) as f32;
            kept += loss.middle * loss.middle / LINES as f64;
        }
        self.goal.rate = pole(damping_hz, sample_rate_hz) as f32;
        // Power comes in once, and each pass keeps that share of it: the sum of a geometric series. Both
        // sides bring their own.
        self.goal.level = ((1.0 - kept) / 2.0).sqrt() as f32;
        let per_sample = 1.0 / TICK as f32;
        let (goal, now) = (&self.goal, &self.now);
        self.step = Numbers {
            direct: from_fn(|i| per_sample * (goal.direct[i] - now.direct[i])),
            low: from_fn(|i| per_sample * (goal.low[i] - now.low[i])),
            rate: per_sample * (goal.rate - now.rate),
            level: per_sample * (goal.level - now.level),
        };
    }

    /// Is there at once, and stays.
    pub fn rest(&mut self) {
        (self.now, self.step) = (self.goal, NOTHING);
    }

    /// Silence before.
    pub fn reset(&mut self) {
        self.states = [0.0; LINES];
    }

    /// What is left of what the lines gave, and the factor of what is heard.
    #[inline]
    pub fn advance(&mut self, heard: &Frame) -> (Frame, f32) {
        let (now, step) = (&mut self.now, &self.step);
        let mut kept = [0.0; LINES];
        now.rate += step.rate;
        now.level += step.level;
        for i in 0..LINES {
            now.direct[i] += step.direct[i];
            now.low[i] += step.low[i];
            let change = now.rate * (heard[i] - self.states[i]);
            let low = self.states[i] + change;
            self.states[i] = low + change;
            kept[i] = now.direct[i] * heard[i] + now.low[i] * low;
        }
        (kept, now.level)
    }
}

/// The losses of one line.
struct Loss {
    /// Factor of the lowest frequencies.
    low: f64,
    /// Factor of the middle.
    middle: f64,
    /// The highest frequencies' factor over that of the lowest.
    shelf: f64,
}

impl Loss {
    fn new(length_seconds: f64, decay_seconds: f64, damping_hz: f64, sample_rate_hz: f64) -> Self {
        let middle_db = 60.0 * length_seconds / decay_seconds;
        let shelf = from_db(-(HIGH_DECAYS - 1.0) * middle_db);
        let warped = |hz: f64| (std::f64::consts::PI * hz / sample_rate_hz).tan();
        let x = warped(MIDDLE_HZ.min(0.4 * sample_rate_hz)) / warped(damping_hz);
        let dip_db = 10.0 * ((1.0 + x * x) / (1.0 + x * x * shelf * shelf)).log10();
        let low_db = (middle_db - dip_db).max(middle_db / LOW_DECAYS);
        Self { low: from_db(-low_db), middle: from_db(-middle_db), shelf }
    }
}

/// The decay time of the lowest frequencies, for a line of that many samples.
pub fn longest_decay(decay_seconds: f64, samples: f64, damping_hz: f64, sample_rate_hz: f64) -> f64 {
    let seconds = samples / sample_rate_hz;
    let loss = Loss::new(seconds, decay_seconds, damping_hz, sample_rate_hz);
    -60.0 * seconds / (20.0 * loss.low.log10())
}

fn from_db(db: f64) -> f64 {
    10f64.powf(db / 20.0)
}
