//! Linear models: convolution with an impulse response, without delay.
//!
//! Up to [`DIRECT_TAPS`] the response is a plain FIR filter ([`fir`]): nothing cleverer is faster.
//! Beyond, only its head is; the rest is convolved in the frequency domain, in partitions of one
//! length ([`partitions`]). The head is two partitions long where one would do for zero latency:
//! what the partitions add to a block is then known a whole block ahead, and their work is spread
//! over the block evenly instead of falling due all at once at its beginning. A partition is the
//! largest power of two below `2 √taps`, which balances the head against the number of partitions.
//!
//! Blocks of partitions begin at multiples of their length since the last reset, wherever the
//! caller's blocks begin, and every sample is summed in the same order: the output is the same to
//! the bit however a signal is cut.

mod fir;
mod partitions;

use super::Kernel;
use crate::model::Linear;
use crate::simd::Level;
use fir::Fir;
use partitions::Partitions;

/// Longest response that is not worth a transform, in samples.
const DIRECT_TAPS: usize = 512;
/// Shortest partition, in samples.
const MIN_PARTITION: usize = 64;

/// An impulse response.
#[derive(Debug)]
pub struct LinearKernel {
    level: Level,
    head: Fir,
    tail: Option<Partitions>,
}

impl LinearKernel {
    /// Packs a response.
    pub fn new(net: &Linear, level: Level) -> Self {
        let response = net.impulse_response();
        if response.len() <= DIRECT_TAPS {
            return Self { level, head: Fir::new(response, net.bias(), 0), tail: None };
        }
        let block = 2 * response.len().isqrt();
        let block = (block.next_power_of_two() / 2).max(MIN_PARTITION);
        let (head, tail) = response.split_at(2 * block);
        Self {
            level,
            head: Fir::new(head, net.bias(), 3 * block),
            tail: Some(Partitions::new(tail, block, level)),
        }
    }
}

impl Kernel for LinearKernel {
    fn process(&mut self, mut input: &[f32], mut output: &mut [f32]) {
        while !input.is_empty() {
            let room = self.head.room();
            let n = input.len().min(self.tail.as_ref().map_or(room, |tail| room.min(tail.room())));
            let (now, later) = input.split_at(n);
            let (out, rest) = std::mem::take(&mut output).split_at_mut(n);
            self.head.run(self.level, now, out);
            if let Some(tail) = &mut self.tail {
                tail.run(&self.head, out);
            }
            (input, output) = (later, rest);
        }
    }

    fn reset(&mut self) {
        self.head.reset();
        if let Some(tail) = &mut self.tail {
            tail.reset();
        }
    }
}
