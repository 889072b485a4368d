//! An effect that is a function.

use crate::chain::{Format, Processor, ProcessorError, Purpose};

/// An effect without memory of its own: a function of a block of one channel. If what it makes of a sample
/// depends on up to `overlap_samples` samples before it, it is given those again at the beginning of each
/// block, and what it makes of them is left out, so that its result does not depend on the blocks.
pub struct Function<F> {
    kind: &'static str,
    overlap_samples: usize,
    function: F,
    /// For each channel what came in: the overlap and, behind it, a block.
    heard: Vec<Vec<f32>>,
    /// What the function may change.
    work: Vec<f32>,
}

impl<F: FnMut(&mut [f32]) + Send> Function<F> {
    /// A processor that is called `kind`. On the audio thread the function is called for each block of each channel.
    pub fn new(kind: &'static str, overlap_samples: usize, function: F) -> Self {
        Self { kind, overlap_samples, function, heard: Vec::new(), work: Vec::new() }
    }
}

impl<F: FnMut(&mut [f32]) + Send> Processor for Function<F> {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        self.work = vec![0.0; self.overlap_samples + format.max_block_samples];
        self.heard = vec![self.work.clone(); format.channels];
        Ok(())
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        let overlap = self.overlap_samples;
        if overlap == 0 {
            return channels.iter_mut().for_each(|channel| (self.function)(channel));
        }
        for (channel, heard) in channels.iter_mut().zip(&mut self.heard) {
            let length = channel.len();
            heard[overlap..overlap + length].copy_from_slice(channel);
            let work = &mut self.work[..overlap + length];
            work.copy_from_slice(&heard[..overlap + length]);
            (self.function)(work);
            channel.copy_from_slice(&work[overlap..]);
            heard.copy_within(length..length + overlap, 0);
        }
    }

    fn reset(&mut self) {
        self.heard.iter_mut().for_each(|heard| heard.fill(0.0));
    }

    fn tail_samples(&self) -> usize {
        self.overlap_samples
    }
}
