//! How much of the time there is the computation takes.

use super::Telemetry;
use std::sync::Arc;
use std::time::Duration;

/// Shortest sound that is judged at once, in seconds. Hosts that automate cut their blocks into pieces of down to one
/// sample, and what a call costs by itself is no share of such a piece.
const SHORTEST_SECONDS: f64 = 0.001;

/// Adds up pieces of blocks, and tells the telemetry what share of their duration they took.
pub struct LoadMeter {
    telemetry: Arc<Telemetry>,
    spent_seconds: f64,
    sound_seconds: f64,
}

impl LoadMeter {
    /// Nothing played yet.
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        Self { telemetry, spent_seconds: 0.0, sound_seconds: 0.0 }
    }

    /// A piece that lasts `sound_seconds` took `spent`. What took longer than it lasts counts as dropped where there is
    /// a `deadline`. For the audio thread.
    pub fn add(&mut self, spent: Duration, sound_seconds: f64, deadline: bool) {
        self.spent_seconds += spent.as_secs_f64();
        self.sound_seconds += sound_seconds;
        // No rounding must make two halves less than the whole.
        if self.sound_seconds < 0.999 * SHORTEST_SECONDS {
            return;
        }
        let share = self.spent_seconds / self.sound_seconds;
        self.telemetry.block(share as f32);
        if deadline && share > 1.0 {
            self.telemetry.drop_block();
        }
        (self.spent_seconds, self.sound_seconds) = (0.0, 0.0);
    }
}
