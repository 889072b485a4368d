//! Convolution with an impulse response, without delay.
//!
//! Up to `DIRECT_TAPS` the response is a plain FIR filter (`fir`): nothing cleverer is faster.
//! Beyond, only its head is; the rest is convolved in the frequency domain, in partitions of one
//! length (`partitions`). The head is two partitions long where one would do for zero latency:
//! what the partitions add to a block is then known a whole block ahead, and their work is spread
//! over the block evenly instead of falling due all at once at its beginning. A partition is the
//! largest power of two below `2 √taps`, which balances the head against the number of partitions.
//!
//! A response longer than `LONG_TAPS`, a room's, gets partitions of two lengths, short ones up to where
//! long ones can begin ("non-uniform partitions"; Gardner, "Efficient convolution without input-output
//! delay", 1995). The short ones are `SHORT`, the long ones the largest power of two below `√(SHORT / 2 *
//! taps)`, which makes as many of both.
//!
//! Blocks of partitions begin at multiples of their length since the last reset, wherever the
//! caller's blocks begin, and every sample is summed in the same order: the output is the same to
//! the bit however a signal is cut.

mod bank;
mod fir;
mod partitions;

use crate::simd::Level;
pub use bank::{ConvolverBank, TRUE_STEREO};
use fir::Fir;
use partitions::Partitions;

/// Longest response that is not worth a transform, in samples.
const DIRECT_TAPS: usize = 512;
/// Shortest partition, in samples.
const MIN_PARTITION: usize = 64;
/// Longest response that partitions of one length do for, in samples.
const LONG_TAPS: usize = 32_768;
/// Partitions at the beginning of a longer one, in samples.
const SHORT: usize = 256;
/// Longest partition, in samples: its transform falls due at once.
const MAX_PARTITION: usize = 16_384;

/// A sample is in the spectra of the two blocks that it is last and first in, which are heard from two blocks later on, rounded
/// up to whole ones.
const MEMORY_BLOCKS: usize = 4;

/// A signal's convolution with an impulse response, of any length, with no delay.
///
/// All but the constructors belongs to the audio thread: nothing is allocated, freed or locked.
#[derive(Debug)]
pub struct Convolver {
    level: Level,
    head: Fir,
    memory_samples: usize,
    /// What follows the head, in partitions of increasing length.
    tails: Vec<Partitions>,
}

impl Convolver {
    /// Packs a response, the present first: `y[t] = Σ_k response[k] * x[t - k]`. With none, silence.
    pub fn new(response: &[f32]) -> Self {
        Self::with_bias(response, 0.0, Level::detect())
    }

    /// Packs a response and a constant that is added, for one of the levels that the processor has.
    pub(crate) fn with_bias(response: &[f32], bias: f32, level: Level) -> Self {
        let taps = response.len();
        if taps <= DIRECT_TAPS {
            return Self {
                level,
                head: Fir::new(response, bias, 0),
                memory_samples: taps,
                tails: Vec::new(),
            };
        }
        let below = |most: usize| (most + 1).next_power_of_two() / 2;
        if taps <= LONG_TAPS {
            let block = below(2 * taps.isqrt() - 1).max(MIN_PARTITION);
            let (head, tail) = response.split_at(2 * block);
            let tail = Partitions::new(tail, block, level);
            let memory_samples = taps + MEMORY_BLOCKS * block;
            return Self { level, head: Fir::new(head, bias, 3 * block), memory_samples, tails: vec![tail] };
        }
        let long = below((SHORT / 2 * taps).isqrt()).min(MAX_PARTITION);
        let (first, last) = response.split_at(2 * long);
        let (head, middle) = first.split_at(2 * SHORT);
        let tails = vec![Partitions::new(middle, SHORT, level), Partitions::new(last, long, level)];
        let memory_samples = taps + MEMORY_BLOCKS * long;
        Self { level, head: Fir::new(head, bias, 3 * long), memory_samples, tails }
    }

    /// After this many samples of silence nothing is left of what came before, nor ever heard again: as after a reset.
    pub fn memory_samples(&self) -> usize {
        self.memory_samples
    }

    /// Convolves a block of any length; input and output are of one length.
    pub fn process(&mut self, mut input: &[f32], mut output: &mut [f32]) {
        while !input.is_empty() {
            let room = self.head.room();
            let n = self.tails.iter().fold(input.len().min(room), |n, tail| n.min(tail.room()));
            let (now, later) = input.split_at(n);
            let (out, rest) = std::mem::take(&mut output).split_at_mut(n);
            self.head.run(self.level, now, out);
            for tail in &mut self.tails {
                tail.run(&self.head, out);
            }
            (input, output) = (later, rest);
        }
    }

    /// Forgets everything: endless silence before.
    pub fn reset(&mut self) {
        self.head.reset();
        self.tails.iter_mut().for_each(Partitions::reset);
    }
}
