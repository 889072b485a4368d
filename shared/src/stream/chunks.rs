//! A result piece by piece.

use super::StreamError;
use super::pass::Pass;
use crate::chain::Chain;

/// A piece of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// The samples of each channel, all of one length.
    pub channels: Vec<Vec<f32>>,
    /// Where its first sample stands in the result, from 0.
    pub first_frame: u64,
}

impl Chunk {
    /// Length in samples of one channel.
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }
}

/// The chunks of a result, in their order, processed as they are asked for.
pub struct Chunks<'a> {
    chain: &'a mut Chain,
    /// `None` once there is no more.
    pass: Option<Pass<'a>>,
    chunk_samples: usize,
    sample_rate_hz: u32,
    /// What is processed and not given yet.
    ready: Vec<Vec<f32>>,
    /// How much of it was given.
    used: usize,
    first_frame: u64,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(
        chain: &'a mut Chain,
        pass: Pass<'a>,
        chunk_samples: usize,
        sample_rate_hz: u32,
        channels: usize,
    ) -> Self {
        let ready = vec![Vec::new(); channels];
        Self { chain, pass: Some(pass), chunk_samples, sample_rate_hz, ready, used: 0, first_frame: 0 }
    }

    /// Sample rate of the result in Hz.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Channels of the result.
    pub fn channels(&self) -> usize {
        self.ready.len()
    }

    fn available(&self) -> usize {
        self.ready.first().map_or(0, Vec::len) - self.used
    }

    /// Processes until there is a whole chunk, or the end.
    fn fill(&mut self) -> Result<(), StreamError> {
        while self.available() < self.chunk_samples {
            let Some(pass) = &mut self.pass else { return Ok(()) };
            let Some(range) = pass.advance(self.chain)? else {
                self.pass = None;
                return Ok(());
            };
            for (ready, part) in self.ready.iter_mut().zip(pass.samples(&range)) {
                ready.drain(..self.used);
                ready.extend_from_slice(part);
            }
            self.used = 0;
        }
        Ok(())
    }
}

impl Iterator for Chunks<'_> {
    type Item = Result<Chunk, StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.fill() {
            self.pass = None;
            self.ready.iter_mut().for_each(Vec::clear);
            self.used = 0;
            return Some(Err(error));
        }
        let frames = self.available().min(self.chunk_samples);
        if frames == 0 {
            return None;
        }
        let cut = self.used..self.used + frames;
        let channels = self.ready.iter().map(|ready| ready[cut.clone()].to_vec()).collect();
        let chunk = Chunk { channels, first_frame: self.first_frame };
        self.used += frames;
        self.first_frame += frames as u64;
        Some(Ok(chunk))
    }
}
