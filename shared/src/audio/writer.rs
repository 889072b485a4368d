//! WAV files being written.

use super::dither::Dither;
use super::{AudioError, MAX_CHANNELS, MAX_DATA_BYTES};
use crate::fs::Temporary;
use hound::{WavSpec, WavWriter};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// How samples are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SampleFormat {
    /// Floating point of 32 bit: nothing is lost, and nothing clips.
    #[default]
    Float32,
    /// Integers of 24 bit, with dither.
    Int24,
    /// Integers of 16 bit, with dither.
    Int16,
}

impl SampleFormat {
    /// Size of a sample in bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Float32 => 4,
            Self::Int24 => 3,
            Self::Int16 => 2,
        }
    }

    fn bits(self) -> u16 {
        self.bytes() as u16 * 8
    }
}

/// A WAV file being written. Nothing appears at its path before [`Writer::finish`].
pub struct Writer {
    path: PathBuf,
    temporary: Temporary,
    writer: WavWriter<BufWriter<File>>,
    format: SampleFormat,
    dither: Dither,
    bytes: u64,
    clipped: u64,
}

impl Writer {
    /// Begins a file of `channels` channels of 32 bit float samples at `sample_rate_hz`.
    ///
    /// # Errors
    /// As [`Writer::create_as`].
    pub fn create(path: &Path, channels: usize, sample_rate_hz: u32) -> Result<Self, AudioError> {
        Self::create_as(path, channels, sample_rate_hz, SampleFormat::Float32)
    }

    /// Begins a file. Integers are written with triangular dither of one step each way, the same each time and
    /// however the sound is cut into blocks.
    ///
    /// # Errors
    /// The folder cannot be written, or there are no channels or too many.
    pub fn create_as(
        path: &Path,
        channels: usize,
        sample_rate_hz: u32,
        format: SampleFormat,
    ) -> Result<Self, AudioError> {
        if channels == 0 || channels > MAX_CHANNELS {
            let problem = format!("{channels} channels, 1 to {MAX_CHANNELS} are written");
            return Err(AudioError::Unwritable { path: path.to_owned(), problem });
        }
        let failed = |source| AudioError::File { path: path.to_owned(), source };
        let spec = WavSpec {
            channels: channels as u16,
            sample_rate: sample_rate_hz,
            bits_per_sample: format.bits(),
            sample_format: match format {
                SampleFormat::Float32 => hound::SampleFormat::Float,
                SampleFormat::Int24 | SampleFormat::Int16 => hound::SampleFormat::Int,
            },
        };
        let temporary = Temporary::beside(path).map_err(failed)?;
        let handle = temporary.file().try_clone().map_err(failed)?;
        let buffered = BufWriter::with_capacity(1 << 16, handle);
        let writer = WavWriter::new(buffered, spec).map_err(|e| from_hound(path, e))?;
        let dither = Dither::new();
        Ok(Self { path: path.to_owned(), temporary, writer, format, dither, bytes: 0, clipped: 0 })
    }

    /// Appends the first `frames` samples of every channel of `block`.
    ///
    /// # Errors
    /// The disk is full, or the file would pass the 4 GiB that WAV can hold.
    pub fn write<C: AsRef<[f32]>>(&mut self, block: &[C], frames: usize) -> Result<(), AudioError> {
        self.bytes += self.format.bytes() * (frames * block.len()) as u64;
        check_size(&self.path, self.bytes)?;
        let bits = self.format.bits();
        for i in 0..frames {
            for channel in block {
                let sample = channel.as_ref()[i];
                let written = match self.format {
                    SampleFormat::Float32 => self.writer.write_sample(sample),
                    SampleFormat::Int24 | SampleFormat::Int16 => {
                        self.clipped += u64::from(sample.abs() > 1.0);
                        self.writer.write_sample(self.dither.quantise(sample, bits))
                    }
                };
                written.map_err(|e| from_hound(&self.path, e))?;
            }
        }
        Ok(())
    }

    /// How many samples were beyond full scale and were cut off there; always 0 as floating point.
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// Completes the file and puts it in its place.
    ///
    /// # Errors
    /// The file cannot be flushed or moved.
    pub fn finish(self) -> Result<(), AudioError> {
        self.writer.finalize().map_err(|e| from_hound(&self.path, e))?;
        self.temporary.persist(&self.path).map_err(|source| AudioError::File { path: self.path, source })
    }
}

/// Whether so many bytes of samples fit into a WAV file.
pub(crate) fn check_size(path: &Path, bytes: u64) -> Result<(), AudioError> {
    if bytes <= MAX_DATA_BYTES {
        return Ok(());
    }
    let problem =
        "it would grow past the 4 GiB that a WAV can hold; write integers of 24 or 16 bit, or split the recording"
            .into();
    Err(AudioError::Unwritable { path: path.to_owned(), problem })
}

/// What hound said while writing.
fn from_hound(path: &Path, error: hound::Error) -> AudioError {
    match error {
        hound::Error::IoError(source) => AudioError::File { path: path.to_owned(), source },
        other => AudioError::Unwritable { path: path.to_owned(), problem: other.to_string() },
    }
}
