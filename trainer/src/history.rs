//! The course of a training run: one point each time it was measured.

use serde::{Deserialize, Serialize};

/// How training stood when it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Steps taken.
    pub step: u64,
    /// Time spent training, over all sittings, in seconds.
    pub seconds: f64,
    /// Mean loss of the steps since the last point.
    pub loss: f64,
    /// Mean ESR of the batches since the last point, on the part that is trained from.
    pub train_esr: f64,
    /// ESR on the held-out part, of the current weights or their average, whichever is lower; those with the lowest of
    /// all are exported.
    pub esr: f64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Outputs a second, over the steps since the last point.
    pub samples_per_second: f64,
}

/// All points of a run, the oldest first.
pub type History = Vec<Point>;
