//! One way of a sound through a chain.

use super::options::Meter;
use super::source::Source;
use super::{Level, StreamError};
use crate::chain::Chain;
use smallvec::SmallVec;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

/// Samples that the chain gets at a time, whatever the chunks are.
pub(super) const BLOCK: usize = 1024;

/// Channels that are processed without asking for memory.
const USUAL_CHANNELS: usize = 8;

/// A sound on its way through a chain, or through what stands before one of its processors, block by block. The
/// delay is taken out, and the end is pushed out with silence.
pub(super) struct Pass<'a> {
    source: Source<'a>,
    /// The processor that only listens; `None` if all of them process.
    listener: Option<usize>,
    block: Vec<Vec<f32>>,
    /// Samples of delay that have not come out yet.
    early: usize,
    tail: u64,
    read: u64,
    given: u64,
    /// How much there is to give, once the end has been read.
    end: Option<u64>,
    before: Meter,
    after: Meter,
    computing: Duration,
}

impl<'a> Pass<'a> {
    /// All of a sound through all of a chain, which is prepared and reset, and `tail` samples more.
    pub fn through(chain: &Chain, source: Source<'a>, tail: u64) -> Self {
        Self::new(source, None, chain.latency_samples(), tail)
    }

    /// All of a sound, and `tail` samples more, to the processor that stands at `position`.
    pub fn to(chain: &Chain, source: Source<'a>, position: usize, tail: u64) -> Self {
        Self::new(source, Some(position), chain.latency_before(position), tail)
    }

    fn new(source: Source<'a>, listener: Option<usize>, early: usize, tail: u64) -> Self {
        Self {
            block: vec![vec![0.0; BLOCK]; source.shape().channels_out],
            source,
            listener,
            early,
            tail,
            read: 0,
            given: 0,
            end: None,
            before: Meter::default(),
            after: Meter::default(),
            computing: Duration::ZERO,
        }
    }

    /// The next samples, to be found with [`Pass::samples`]; `None` at the end.
    pub fn advance(&mut self, chain: &mut Chain) -> Result<Option<Range<usize>>, StreamError> {
        while self.end != Some(self.given) {
            let length = self.read()?;
            if length == 0 {
                continue;
            }
            let begin = Instant::now();
            let skip = self.early.min(length);
            play(chain, self.listener, &mut self.block, length, skip);
            self.computing += begin.elapsed();
            self.early -= skip;
            if skip < length {
                self.check(skip..length)?;
                self.given += (length - skip) as u64;
                return Ok(Some(skip..length));
            }
        }
        Ok(None)
    }

    /// Reads a block, or makes silence after the end; as long as is still needed.
    fn read(&mut self) -> Result<usize, StreamError> {
        let channels_in = self.source.shape().channels_in;
        let read = if self.end.is_none() { self.source.read(&mut self.block[..channels_in])? } else { 0 };
        self.read += read as u64;
        if read == BLOCK {
            self.block[..channels_in].iter().for_each(|channel| self.before.add(channel));
            return Ok(BLOCK);
        }
        let end = *self.end.get_or_insert(self.read + self.tail);
        for channel in &mut self.block[..channels_in] {
            self.before.add(&channel[..read]);
            channel[read..].fill(0.0);
        }
        let owed = end - self.given + self.early as u64;
        Ok(owed.min(BLOCK as u64) as usize)
    }

    /// A file with something in it that is no number can be opened by nobody.
    fn check(&mut self, range: Range<usize>) -> Result<(), StreamError> {
        for (channel, samples) in self.block.iter().enumerate() {
            let samples = &samples[range.clone()];
            // All at once first: to look for the place takes longer.
            if !samples.iter().fold(true, |all, x| all & x.is_finite()) {
                let at = samples.iter().position(|x| !x.is_finite()).unwrap_or_default();
                let (frame, value) = (self.given + at as u64, samples[at]);
                let path = self.source.path().to_owned();
                return Err(StreamError::NotFinite { path, frame, channel: channel + 1, value });
            }
            self.after.add(samples);
        }
        Ok(())
    }

    /// Some of what [`Pass::advance`] gave, a slice for each channel.
    pub fn samples(&self, range: &Range<usize>) -> SmallVec<[&[f32]; USUAL_CHANNELS]> {
        self.block.iter().map(|channel| &channel[range.clone()]).collect()
    }

    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// How much has been given, in samples of one channel.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// How much there will be, if it is known.
    pub fn frames(&self) -> Option<u64> {
        self.end.or_else(|| self.source.frames().map(|frames| frames + self.tail))
    }

    pub fn levels(&self) -> (Level, Level) {
        (self.before.level(), self.after.level())
    }

    pub fn computing(&self) -> Duration {
        self.computing
    }
}

/// Processes the first `length` samples; the listener hears them without the first `skip`.
fn play(chain: &mut Chain, listener: Option<usize>, block: &mut [Vec<f32>], length: usize, skip: usize) {
    let mut signals: SmallVec<[&mut [f32]; USUAL_CHANNELS]> =
        block.iter_mut().map(|channel| &mut channel[..length]).collect();
    let Some(position) = listener else { return chain.process(&mut signals) };
    chain.process_before(position, &mut signals);
    if skip < length {
        let heard: SmallVec<[&mut [f32]; USUAL_CHANNELS]> =
            signals.into_iter().map(|signal| &mut signal[skip..]).collect();
        chain.measure(position, &heard);
    }
}
