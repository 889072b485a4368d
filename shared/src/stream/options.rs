//! What is asked for, and what came of it.

use crate::audio::SampleFormat;
use std::time::Duration;

/// How a file is processed and written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Samples in a [`Chunk`](super::Chunk), and between two reports of progress; 65536 without it. The chain always
    /// gets blocks of the same size, so the result does not depend on it, and only whoever collects chunks
    /// pays for large ones in memory.
    pub chunk_samples: Option<usize>,
    /// Rate of the result in Hz; that of the input without it. The chain runs at this rate.
    pub sample_rate_hz: Option<u32>,
    /// Channels of the result; without it those of the input, but two of one that the chain spreads
    /// ([`Chain::spreads`](crate::chain::Chain::spreads)). One channel is copied to several, which the chain then may
    /// make differ; several are mixed to one by their mean.
    pub channels: Option<usize>,
    /// How the samples of the result are written.
    pub sample_format: SampleFormat,
    /// Whether the result goes on after the end of the input for as long as the chain sounds on, as reverbs do, by
    /// [`Chain::tail_samples`](crate::chain::Chain::tail_samples), but no longer than a minute. Otherwise it is as
    /// long as the input.
    pub tail: bool,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Samples of one channel that are done, those of earlier passes included.
    pub done: u64,
    /// Samples of one channel to be done in all passes, unless the file does not say how long it is.
    pub total: Option<u64>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Length of the result in samples of one channel.
    pub frames: u64,
    /// Sample rate of the result in Hz.
    pub sample_rate_hz: u32,
    /// Channels of the result.
    pub channels: usize,
    /// Delay that was taken out, in samples.
    pub latency_samples: usize,
    /// Time the chain took, measuring included.
    pub computing: Duration,
    /// Peak and rms of what came in, converted to the rate of the result.
    pub before: Level,
    /// Peak and rms of what goes out.
    pub after: Level,
    /// Samples that were beyond full scale and were cut off there; always 0 as floating point.
    pub clipped: u64,
}

/// Peak and mean square over all channels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// Largest absolute value.
    pub peak: f32,
    /// Mean of the squares.
    pub mean_square: f64,
}

/// A level being measured.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    peak: f32,
    sum: f64,
    samples: u64,
}

impl Meter {
    pub fn add(&mut self, signal: &[f32]) {
        // Several sums at once, which is what vector registers are for.
        const LANES: usize = 16;
        let (mut peaks, mut sums) = ([0.0f32; LANES], [0.0f32; LANES]);
        let parts = signal.chunks_exact(LANES);
        let rest = parts.remainder();
        for part in parts {
            for ((peak, sum), sample) in peaks.iter_mut().zip(&mut sums).zip(part) {
                *peak = peak.max(sample.abs());
                *sum += sample * sample;
            }
        }
        for sample in rest {
            peaks[0] = peaks[0].max(sample.abs());
            sums[0] += sample * sample;
        }
        self.peak = peaks.into_iter().fold(self.peak, f32::max);
        self.sum += sums.into_iter().map(f64::from).sum::<f64>();
        self.samples += signal.len() as u64;
    }

    pub fn level(&self) -> Level {
        Level { peak: self.peak, mean_square: self.sum / self.samples.max(1) as f64 }
    }
}
