//! Sounds through a chain.

use super::pass::{BLOCK, Pass};
use super::source::{Shape, Sound};
use super::{Chunks, Options, Outcome, Progress, StreamError};
use crate::audio::{AudioError, Writer, check_size};
use crate::chain::{Chain, Purpose, StreamFormat};
use std::path::Path;
use std::time::Duration;

/// Chunks, where nobody asks for others.
const USUAL_CHUNK: usize = 1 << 16;

/// Longest time that is waited for a chain to fall silent, in seconds.
const MAX_TAIL_SECONDS: u64 = 60;

/// Processes files with a chain, in flat memory: one after the other, each from silence.
pub struct StreamProcessor {
    chain: Chain,
    options: Options,
}

/// What is told of the progress, and says whether to go on.
pub(super) type Watch<'a> = &'a mut dyn FnMut(Progress) -> bool;

impl StreamProcessor {
    /// A processor of files.
    pub fn new(chain: Chain, options: Options) -> Self {
        Self { chain, options }
    }

    /// The chain, to look at what its processors have to say, or to change its parameters between files.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Processes `input` and writes `output`, a WAV file as long as the input. `progress` says
    /// whether to go on.
    ///
    /// The file appears under its name when it is complete. Until then there is the old one, or none.
    ///
    /// # Errors
    /// A file cannot be read or written, the chain refuses it, or `progress` ended it.
    pub fn process_file(
        &mut self,
        input: &Path,
        output: &Path,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Outcome, StreamError> {
        check_name(output)?;
        let mut begun = self.begin(Sound::File(input))?;
        let Shape { sample_rate_hz, channels_out, .. } = begun.shape;
        let format = self.options.sample_format;
        // What is too long is better said now than in an hour, and a folder that cannot be written as well.
        let length = begun.frames.unwrap_or(0) + begun.tail;
        check_size(output, length.saturating_mul(channels_out as u64 * format.bytes()))?;
        let mut writer = Writer::create_as(output, channels_out, sample_rate_hz, format)?;
        let mut pass = begun.measure(&mut self.chain, &self.options, progress)?;
        let mut reports = begun.reports(&self.options);
        while let Some(range) = pass.advance(&mut self.chain)? {
            writer.write(&pass.samples(&range), range.len())?;
            reports.report(&pass, progress)?;
        }
        let clipped = writer.clipped();
        writer.finish()?;
        Ok(begun.outcome(&self.chain, &pass, clipped))
    }

    /// Processes `input` and gives the result chunk by chunk, each [`Options::chunk_samples`] long but for the last.
    /// Normalisers hear the whole file before this returns.
    ///
    /// # Errors
    /// The file cannot be read, or the chain refuses it. What goes wrong later comes as the last item.
    pub fn process_chunks<'a>(&'a mut self, input: &'a Path) -> Result<Chunks<'a>, StreamError> {
        let mut begun = self.begin(Sound::File(input))?;
        let pass = begun.measure(&mut self.chain, &self.options, &mut |_| true)?;
        let Shape { sample_rate_hz, channels_out, .. } = begun.shape;
        let chunk = self.options.chunk_samples.unwrap_or(USUAL_CHUNK);
        Ok(Chunks::new(&mut self.chain, pass, chunk, sample_rate_hz, channels_out))
    }

    /// Processes what is in memory already, channels of one length, and gives the channels of the result.
    ///
    /// # Errors
    /// There is nothing in it, or something that is no number, or the chain refuses it.
    pub fn process_samples(
        &mut self,
        channels: &[Vec<f32>],
        sample_rate_hz: u32,
    ) -> Result<Vec<Vec<f32>>, StreamError> {
        let mut begun = self.begin(Sound::Memory { channels, sample_rate_hz })?;
        let mut pass = begun.measure(&mut self.chain, &self.options, &mut |_| true)?;
        let mut result = vec![Vec::new(); begun.shape.channels_out];
        while let Some(range) = pass.advance(&mut self.chain)? {
            result.iter_mut().zip(pass.samples(&range)).for_each(|(all, part)| all.extend_from_slice(part));
        }
        Ok(result)
    }

    /// Gets the chain ready for a sound.
    fn begin<'a>(&mut self, sound: Sound<'a>) -> Result<Begun<'a>, StreamError> {
        let path = sound.path();
        if self.options.chunk_samples == Some(0) {
            let problem = "chunks of 0 samples; at least 1 is needed".into();
            return Err(StreamError::Option { path, problem });
        }
        let spreads = self.chain.spreads();
        let source = sound.open(&self.options, spreads)?;
        let (shape, frames) = (source.shape(), source.frames());
        let format = StreamFormat {
            sample_rate_hz: f64::from(shape.sample_rate_hz),
            max_block_samples: BLOCK,
            channels_in: shape.channels_in,
            channels_out: shape.channels_out,
            purpose: Purpose::File,
        };
        self.chain.prepare(format).map_err(|source| StreamError::chain(&path, source))?;
        let tail = match self.options.tail {
            true => (self.chain.tail_samples() as u64)
                .min(MAX_TAIL_SECONDS.saturating_mul(u64::from(shape.sample_rate_hz))),
            false => 0,
        };
        let measuring = self.chain.measuring();
        Ok(Begun { sound, spreads, shape, frames, tail, measuring, done: 0, computing: Duration::ZERO })
    }
}

/// A sound that the chain is ready for.
struct Begun<'a> {
    sound: Sound<'a>,
    /// Whether the chain made of one channel several when it began.
    spreads: bool,
    shape: Shape,
    /// Length of the input at the rate of the result, if it is known.
    frames: Option<u64>,
    tail: u64,
    /// The places of those that must hear it before.
    measuring: Vec<usize>,
    /// Samples of earlier passes.
    done: u64,
    computing: Duration,
}

impl<'a> Begun<'a> {
    /// Lets all processors hear it that must; then the pass that counts.
    fn measure(
        &mut self,
        chain: &mut Chain,
        options: &Options,
        watch: Watch<'_>,
    ) -> Result<Pass<'a>, StreamError> {
        for position in self.measuring.clone() {
            // What they are to bring to a level is all of the result, its tail included.
            let mut pass = Pass::to(chain, self.open(options)?, position, self.tail);
            let mut reports = self.reports(options);
            while pass.advance(chain)?.is_some() {
                reports.report(&pass, watch)?;
            }
            let refused = |source| StreamError::chain(&self.sound.path(), source);
            chain.measured(position).map_err(refused)?;
            chain.reset();
            self.done += pass.given();
            self.frames = Some(pass.given() - self.tail);
            self.computing += pass.computing();
        }
        Ok(Pass::through(chain, self.open(options)?, self.tail))
    }

    /// Opens it again.
    fn open(&self, options: &Options) -> Result<super::source::Source<'a>, StreamError> {
        let source = self.sound.open(options, self.spreads)?;
        if source.shape() == self.shape {
            return Ok(source);
        }
        let problem = "it was replaced by another while it was read".into();
        Err(AudioError::Format { path: self.sound.path(), problem }.into())
    }

    fn reports(&self, options: &Options) -> Reports {
        let passes = self.measuring.len() as u64 + 1;
        let total = self.frames.map(|frames| frames.saturating_add(self.tail).saturating_mul(passes));
        let every = options.chunk_samples.unwrap_or(USUAL_CHUNK) as u64;
        Reports { done: self.done, total, every, next: 0 }
    }

    fn outcome(&self, chain: &Chain, pass: &Pass<'_>, clipped: u64) -> Outcome {
        let (before, after) = pass.levels();
        Outcome {
            frames: pass.given(),
            sample_rate_hz: self.shape.sample_rate_hz,
            channels: self.shape.channels_out,
            latency_samples: chain.latency_samples(),
            computing: self.computing + pass.computing(),
            before,
            after,
            clipped,
        }
    }
}

/// Reports of progress in one pass.
struct Reports {
    done: u64,
    total: Option<u64>,
    every: u64,
    next: u64,
}

impl Reports {
    fn report(&mut self, pass: &Pass<'_>, watch: Watch<'_>) -> Result<(), StreamError> {
        let given = pass.given();
        // The end is told in any case.
        if given < self.next && pass.frames() != Some(given) {
            return Ok(());
        }
        self.next = given.saturating_add(self.every);
        match watch(Progress { done: self.done + given, total: self.total }) {
            true => Ok(()),
            false => Err(StreamError::Cancelled { path: pass.path().to_owned() }),
        }
    }
}

/// A file that is called FLAC and holds WAV would deceive everybody.
fn check_name(output: &Path) -> Result<(), StreamError> {
    let is_wav = |e: &std::ffi::OsStr| ["wav", "wave"].iter().any(|known| e.eq_ignore_ascii_case(known));
    if output.extension().is_none_or(is_wav) {
        return Ok(());
    }
    let problem = "only WAV files are written; give it a name that ends in .wav".into();
    Err(AudioError::Unwritable { path: output.to_owned(), problem }.into())
}
