//! How much of the time there is the computation takes.

use super::Telemetry;
use std::sync::Arc;
use std::time::Duration;

/// Shortest sound that is judged at once, in seconds: what a call costs by itself is no share of a block of a few samples.
const SHORTEST_SECONDS: f64 = 0.001;

/// Adds up pieces of blocks, and tells the telemetry what share of their duration they took.
///
/// Hosts are asked for one block at a time, and the framework cuts it where a parameter changes. What counts is whether the whole
/// block was in time, and a piece that lies right behind the last one in memory belongs to the same block.
pub struct LoadMeter {
    telemetry: Arc<Telemetry>,
    /// Longest block that the host sends, in samples.
    max_block_samples: usize,
    sample_rate_hz: f64,
    deadline: bool,
    /// Where the next piece would begin if it belonged to this block.
    next: usize,
    spent_seconds: f64,
    samples: usize,
}

impl LoadMeter {
    /// Nothing played yet.
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        Self {
            telemetry,
            max_block_samples: 1,
            sample_rate_hz: 1.0,
            deadline: false,
            next: 0,
            spent_seconds: 0.0,
            samples: 0,
        }
    }

    /// Gets ready for a host. What took longer than it lasts counts as dropped where there is a `deadline`.
    pub fn prepare(&mut self, sample_rate_hz: f64, max_block_samples: usize, deadline: bool) {
        (self.sample_rate_hz, self.max_block_samples) = (sample_rate_hz, max_block_samples);
        (self.deadline, self.next, self.spent_seconds, self.samples) = (deadline, 0, 0.0, 0);
    }

    /// A piece took `spent`; what came before is judged if it begins another block. For the audio thread.
    pub fn add(&mut self, spent: Duration, piece: &[f32]) {
        let range = piece.as_ptr_range();
        let goes_on = range.start as usize == self.next;
        if !(goes_on && self.samples + piece.len() <= self.max_block_samples) {
            self.judge();
        }
        self.next = range.end as usize;
        self.spent_seconds += spent.as_secs_f64();
        self.samples += piece.len();
    }

    fn judge(&mut self) {
        let sound_seconds = self.samples as f64 / self.sample_rate_hz;
        // No rounding must make two halves less than the whole.
        if self.samples == 0 || sound_seconds < 0.999 * SHORTEST_SECONDS {
            return;
        }
        let share = self.spent_seconds / sound_seconds;
        self.telemetry.block(share as f32);
        if self.deadline && share > 1.0 {
            self.telemetry.drop_block();
        }
        (self.spent_seconds, self.samples) = (0.0, 0);
    }
}
