//! What time a clock tells, told from when its blocks came.

use std::f64::consts::{SQRT_2, TAU};

/// Bandwidths in Hz: at first, to find the rate, and later, when only drift is left to follow.
const FIRST_BANDWIDTH_HZ: f64 = 0.5;
const LAST_BANDWIDTH_HZ: f64 = 0.01;

/// Above this the loop would no longer settle.
const MAX_STEP: f64 = 0.3;

/// What the system's scheduling may add to a block's length before a late block counts as a gap, in seconds.
const GAP_SECONDS: f64 = 0.002;

/// A clock that counts samples, seen through the times of its callbacks, which come late by more or less: a
/// delay-locked loop of second order, after F. Adriaensen, "Using a DLL to filter time", LAC 2005.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleClock {
    time_seconds: f64,
    samples: f64,
    seconds_per_sample: f64,
    age_seconds: f64,
}

impl SampleClock {
    /// A clock that had counted `samples` at `time_seconds`.
    pub fn new(time_seconds: f64, samples: f64, seconds_per_sample: f64) -> Self {
        Self { time_seconds, samples, seconds_per_sample, age_seconds: 0.0 }
    }

    /// It has counted `samples` in all, said a callback at `time_seconds`.
    pub fn tick(&mut self, time_seconds: f64, samples: f64) {
        let step = samples - self.samples;
        if step <= 0.0 {
            return;
        }
        let lasts_seconds = step * self.seconds_per_sample;
        let expected_seconds = self.time_seconds + lasts_seconds;
        let late_seconds = time_seconds - expected_seconds;
        self.samples = samples;
        self.age_seconds += lasts_seconds;
        if late_seconds.abs() > lasts_seconds + GAP_SECONDS {
            // Samples are missing, or many came at once: the count goes on from here, and the rate is what it was.
            self.time_seconds = time_seconds;
            return;
        }
        // As narrow as it has had time to settle.
        let bandwidth_hz =
            (FIRST_BANDWIDTH_HZ / self.age_seconds).clamp(LAST_BANDWIDTH_HZ, FIRST_BANDWIDTH_HZ);
        let omega = (TAU * bandwidth_hz * lasts_seconds).min(MAX_STEP);
        self.time_seconds = expected_seconds + SQRT_2 * omega * late_seconds;
        self.seconds_per_sample += omega * omega * late_seconds / step;
    }

    /// What it has counted at a time near its last callback.
    pub fn samples_at(&self, time_seconds: f64) -> f64 {
        self.samples + (time_seconds - self.time_seconds) / self.seconds_per_sample
    }

    /// For how long it has been seen, in seconds.
    pub fn age_seconds(&self) -> f64 {
        self.age_seconds
    }

    /// How long its samples last.
    pub fn seconds_per_sample(&self) -> f64 {
        self.seconds_per_sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Callbacks that come late by up to 1 ms, the same each time.
    fn lateness(block: usize) -> f64 {
        1e-3 * ((block * 7919) % 1000) as f64 / 1000.0
    }

    #[test]
    fn the_rate_is_found_though_callbacks_come_late() {
        let rate_hz = 48_000.0 * 1.0003;
        let mut clock = SampleClock::new(0.0, 0.0, 1.0 / 48_000.0);
        for block in 1..=40_000 {
            let samples = 128.0 * block as f64;
            clock.tick(samples / rate_hz + lateness(block), samples);
        }
        let found = 1.0 / clock.seconds_per_sample() / rate_hz;
        assert!((found - 1.0).abs() < 2e-5, "{found}");
        // Half a millisecond is the mean lateness.
        let samples = clock.samples_at(128.0 * 40_000.0 / rate_hz + 5e-4);
        assert!((samples - 128.0 * 40_000.0).abs() < 10.0, "{samples}");
    }

    #[test]
    fn a_gap_moves_the_count_and_not_the_rate() {
        let mut clock = SampleClock::new(0.0, 0.0, 1.0 / 48_000.0);
        let (mut time_seconds, mut samples) = (0.0, 0.0);
        for block in 0..1_000 {
            time_seconds += 128.0 / 48_000.0;
            time_seconds += if block == 500 { 0.1 } else { 0.0 };
            samples += 128.0;
            clock.tick(time_seconds, samples);
        }
        assert!((clock.seconds_per_sample() * 48_000.0 - 1.0).abs() < 1e-9);
        assert!((clock.samples_at(time_seconds) - samples).abs() < 1e-3);
    }
}
