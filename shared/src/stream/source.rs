//! The sound that goes into a chain: read, mixed and at the right rate.

use super::{Options, StreamError};
use crate::audio::{AudioError, Converter, Reader};
use std::path::{Path, PathBuf};

/// How errors call sound that comes from no file.
const MEMORY: &str = "samples in memory";

/// Samples that are read at a time.
const BLOCK: usize = 4096;

/// Where sound comes from. It can be opened several times, as normalisers need it.
#[derive(Clone, Copy)]
pub(super) enum Sound<'a> {
    File(&'a Path),
    Memory { channels: &'a [Vec<f32>], sample_rate_hz: u32 },
}

/// What comes out of a sound, by the options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    pub sample_rate_hz: u32,
    /// Channels that the chain gets.
    pub channels_in: usize,
    /// Channels that it gives.
    pub channels_out: usize,
}

/// A sound being read.
pub(super) struct Source<'a> {
    input: Input<'a>,
    path: PathBuf,
    shape: Shape,
    converter: Option<Converter>,
    raw: Vec<Vec<f32>>,
    /// What was read and converted, and how much of it was given away.
    ready: Vec<Vec<f32>>,
    given: usize,
    ended: bool,
}

enum Input<'a> {
    File(Reader),
    Memory { channels: &'a [Vec<f32>], at: usize },
}

impl<'a> Sound<'a> {
    /// What it is called in errors.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.to_path_buf(),
            Self::Memory { .. } => MEMORY.into(),
        }
    }

    /// Opens it for a chain that makes of one channel several, or does not.
    pub fn open(&self, options: &Options, spreads: bool) -> Result<Source<'a>, StreamError> {
        let path = self.path();
        let (input, from_hz, found) = match *self {
            Self::File(file) => {
                let reader = Reader::open(file)?;
                let (rate, channels) = (reader.sample_rate_hz(), reader.channels());
                (Input::File(reader), rate, channels)
            }
            Self::Memory { channels, sample_rate_hz } => {
                check(channels)?;
                (Input::Memory { channels, at: 0 }, sample_rate_hz, channels.len())
            }
        };
        let conversion = |problem| AudioError::Conversion { path: path.clone(), problem };
        let to_hz = options.sample_rate_hz.unwrap_or(from_hz);
        let usual = if found == 1 && spreads { 2 } else { found };
        let channels_out = options.channels.unwrap_or(usual);
        let channels_in = match (found, channels_out) {
            (found, wanted) if found == wanted => found,
            (_, 1) | (1, 1..) => 1,
            (found, wanted) => {
                let problem = format!(
                    "{found} channels cannot be made {wanted}: several are mixed to one, and one is copied to several"
                );
                return Err(conversion(problem).into());
            }
        };
        let converter = match from_hz == to_hz {
            true => None,
            false => Some(Converter::new(from_hz, to_hz, channels_in).map_err(conversion)?),
        };
        Ok(Source {
            input,
            path,
            shape: Shape { sample_rate_hz: to_hz, channels_in, channels_out },
            converter,
            raw: vec![vec![0.0; BLOCK]; found],
            ready: vec![Vec::new(); channels_in],
            given: 0,
            ended: false,
        })
    }
}

impl Source<'_> {
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Length at the rate of the result, if it is known.
    pub fn frames(&self) -> Option<u64> {
        let frames = match &self.input {
            Input::File(reader) => reader.frames()?,
            Input::Memory { channels, .. } => channels.first().map_or(0, Vec::len) as u64,
        };
        Some(self.converter.as_ref().map_or(frames, |converter| converter.length(frames)))
    }

    /// Fills `block`, as many channels as the chain gets, as far as there is sound; says how far.
    pub fn read(&mut self, block: &mut [Vec<f32>]) -> Result<usize, AudioError> {
        let wanted = block.first().map_or(0, Vec::len);
        let mut read = 0;
        while read < wanted {
            let ready = self.ready.first().map_or(0, Vec::len) - self.given;
            if ready == 0 {
                if self.ended {
                    break;
                }
                self.refill()?;
                continue;
            }
            let part = ready.min(wanted - read);
            for (block, ready) in block.iter_mut().zip(&self.ready) {
                block[read..read + part].copy_from_slice(&ready[self.given..self.given + part]);
            }
            self.given += part;
            read += part;
        }
        Ok(read)
    }

    fn refill(&mut self) -> Result<(), AudioError> {
        self.ready.iter_mut().for_each(Vec::clear);
        self.given = 0;
        let frames = match &mut self.input {
            Input::File(reader) => reader.read(&mut self.raw)?,
            Input::Memory { channels, at } => {
                let frames = channels.first().map_or(0, |c| (c.len() - *at).min(BLOCK));
                for (raw, channel) in self.raw.iter_mut().zip(*channels) {
                    raw[..frames].copy_from_slice(&channel[*at..*at + frames]);
                }
                *at += frames;
                frames
            }
        };
        self.ended = frames == 0;
        if self.shape.channels_in < self.raw.len() {
            mix(&mut self.raw, frames);
        }
        let raw = &self.raw[..self.shape.channels_in];
        match &mut self.converter {
            Some(converter) if self.ended => converter.finish(&mut self.ready),
            Some(converter) => converter.push(raw, frames, &mut self.ready),
            None => {
                self.ready
                    .iter_mut()
                    .zip(raw)
                    .for_each(|(ready, raw)| ready.extend_from_slice(&raw[..frames]));
            }
        }
        Ok(())
    }
}

/// The mean of all channels, in the first.
fn mix(channels: &mut [Vec<f32>], frames: usize) {
    let count = channels.len() as f32;
    let Some((first, others)) = channels.split_first_mut() else { return };
    for (i, sample) in first[..frames].iter_mut().enumerate() {
        *sample = (*sample + others.iter().map(|other| other[i]).sum::<f32>()) / count;
    }
}

fn check(channels: &[Vec<f32>]) -> Result<(), AudioError> {
    let path = PathBuf::from(MEMORY);
    let length = channels.first().map_or(0, Vec::len);
    if length == 0 {
        return Err(AudioError::Empty { path });
    }
    if let Some(other) = channels.iter().find(|c| c.len() != length) {
        let problem =
            format!("channels of {length} and of {} samples; they must be of one length", other.len());
        return Err(AudioError::Format { path, problem });
    }
    for (channel, samples) in channels.iter().enumerate() {
        if let Some(frame) = samples.iter().position(|x| !x.is_finite()) {
            let (channel, value) = (channel + 1, samples[frame]);
            return Err(AudioError::NotFinite { path, frame: frame as u64, channel, value });
        }
    }
    Ok(())
}
