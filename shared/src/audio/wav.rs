//! The usual WAV files.

mod header;

use super::error::{CUT_SHORT, Problem};
use super::media::Media;
use header::Header;
use hound::{Sample, SampleFormat, WavReader};
use std::io::{BufReader, Chain, Cursor, Read};

/// The samples of a file behind a header that hound reads without guessing.
type Input = Chain<Cursor<Vec<u8>>, BufReader<Media>>;

/// A WAV file of integers of 8 to 32 bit, or of floating point numbers of 32 bit.
pub(super) struct Wav {
    reader: WavReader<Input>,
    /// What an integer is multiplied by; `None` for floating point.
    scale: Option<f32>,
}

impl Wav {
    pub fn open(file: Media) -> Result<Self, Problem> {
        let mut file = BufReader::with_capacity(1 << 16, file);
        let header = Header::read(&mut file)?;
        let reader = WavReader::new(Cursor::new(header.plain()).chain(file)).map_err(|e| describe(&e))?;
        let spec = reader.spec();
        let scale = match (spec.sample_format, spec.bits_per_sample) {
            (SampleFormat::Float, 32) => None,
            (SampleFormat::Int, bits @ 8..=32) => Some(1.0 / (1i64 << (bits - 1)) as f32),
            (kind, bits) => {
                let problem = format!("{bits} bit {kind:?} samples; save it as 16, 24 or 32 bit");
                return Err(Problem::Format(problem));
            }
        };
        Ok(Self { reader, scale })
    }

    pub fn sample_rate_hz(&self) -> u32 {
        self.reader.spec().sample_rate
    }

    pub fn channels(&self) -> usize {
        usize::from(self.reader.spec().channels)
    }

    pub fn frames(&self) -> u64 {
        u64::from(self.reader.duration())
    }

    /// Reads so many samples of each channel, or as many as there are.
    pub fn read(&mut self, block: &mut [Vec<f32>], frames: usize) -> Result<usize, Problem> {
        match self.scale {
            None => fill(&mut self.reader, block, frames, |sample: f32| sample),
            Some(scale) => fill(&mut self.reader, block, frames, |sample: i32| sample as f32 * scale),
        }
    }
}

fn fill<S: Sample>(
    reader: &mut WavReader<Input>,
    block: &mut [Vec<f32>],
    frames: usize,
    value: impl Fn(S) -> f32,
) -> Result<usize, Problem> {
    let mut samples = reader.samples::<S>();
    for i in 0..frames {
        for channel in &mut *block {
            let sample = samples.next().unwrap_or(Err(hound::Error::UnfinishedSample));
            channel[i] = value(sample.map_err(|e| describe(&e))?);
        }
    }
    Ok(frames)
}

/// What hound found wrong with the content of a file.
fn describe(error: &hound::Error) -> Problem {
    Problem::Format(match error {
        hound::Error::IoError(_) | hound::Error::UnfinishedSample => CUT_SHORT.into(),
        other => other.to_string(),
    })
}
