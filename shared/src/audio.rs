//! WAV files: read block by block in flat memory, checked while reading; written atomically.

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};

/// Size of a sample that is written, in bytes.
pub const BYTES_PER_SAMPLE: u64 = 4;

/// Bytes of samples that fit into a WAV file: its sizes are 32 bit numbers, the header counts too.
pub const MAX_DATA_BYTES: u64 = u32::MAX as u64 - 128;

/// Most channels a file may have.
pub const MAX_CHANNELS: usize = 64;

/// Why an audio file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file could not be opened, read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no WAV, is damaged, or is of a kind that is not supported.
    #[error("{}: not a usable WAV file: {problem}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A sample is NaN or infinite.
    #[error("{}: sample {frame} of channel {channel} is {value}; export the recording again", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// Position in time, from 0.
        frame: u64,
        /// Channel, from 1.
        channel: usize,
        /// The value.
        value: f32,
    },
    /// The file holds no samples.
    #[error("{}: the file holds no samples", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// A WAV file being read. Integer samples are scaled so that full scale is 1.
pub struct Reader {
    path: PathBuf,
    reader: WavReader<BufReader<File>>,
    spec: WavSpec,
    scale: f32,
    frame: u64,
}

impl Reader {
    /// Opens a WAV file of 8, 16, 24 or 32 bit integer or 32 bit float samples.
    ///
    /// # Errors
    /// The file cannot be opened, is no such file, or is empty.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let format = |problem: String| AudioError::Format { path: path.to_owned(), problem };
        let failed = |source| AudioError::File { path: path.to_owned(), source };
        crate::fs::regular_file(path).map_err(failed)?;
        let file = File::open(path).map_err(failed)?;
        // Once the file is open, whatever goes wrong lies in its content.
        let reader = WavReader::new(BufReader::new(file)).map_err(|e| format(describe(&e)))?;
        let spec = reader.spec();
        if spec.channels == 0 || usize::from(spec.channels) > MAX_CHANNELS {
            return Err(format(format!("{} channels, 1 to {MAX_CHANNELS} are read", spec.channels)));
        }
        if spec.sample_rate == 0 {
            return Err(format("a sample rate of 0 Hz".into()));
        }
        let scale = match (spec.sample_format, spec.bits_per_sample) {
            (SampleFormat::Float, 32) => 1.0,
            (SampleFormat::Int, bits @ 8..=32) => 1.0 / (1i64 << (bits - 1)) as f32,
            (kind, bits) => {
                return Err(format(format!("{bits} bit {kind:?} samples; save it as 16, 24 or 32 bit")));
            }
        };
        if reader.duration() == 0 {
            return Err(AudioError::Empty { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), reader, spec, scale, frame: 0 })
    }

    /// Sample rate in Hz.
    pub fn sample_rate_hz(&self) -> u32 {
        self.spec.sample_rate
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        usize::from(self.spec.channels)
    }

    /// Length in samples of one channel.
    pub fn frames(&self) -> u64 {
        u64::from(self.reader.duration())
    }

    /// Fills the channels of `block` and gives the number of samples read into each: the length of
    /// the channels until the end of the file, 0 after it.
    ///
    /// # Errors
    /// The file ends before the length it claims, or a sample is not finite.
    pub fn read(&mut self, block: &mut [Vec<f32>]) -> Result<usize, AudioError> {
        let wanted = block.first().map_or(0, Vec::len) as u64;
        let frames = wanted.min(self.frames() - self.frame) as usize;
        for i in 0..frames {
            for (channel, out) in block.iter_mut().enumerate() {
                let sample = match self.spec.sample_format {
                    SampleFormat::Float => self.reader.samples::<f32>().next(),
                    SampleFormat::Int => {
                        let scale = self.scale;
                        self.reader.samples::<i32>().next().map(|s| s.map(|s| s as f32 * scale))
                    }
                };
                let value =
                    sample.unwrap_or(Err(hound::Error::UnfinishedSample)).map_err(|e| self.truncated(&e))?;
                if !value.is_finite() {
                    let (path, frame) = (self.path.clone(), self.frame + i as u64);
                    return Err(AudioError::NotFinite { path, frame, channel: channel + 1, value });
                }
                out[i] = value;
            }
        }
        self.frame += frames as u64;
        Ok(frames)
    }

    /// Reads everything that is left, one vector a channel.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_all(&mut self) -> Result<Vec<Vec<f32>>, AudioError> {
        const BLOCK: usize = 1 << 14;
        let mut block = vec![vec![0.0; BLOCK]; self.channels()];
        let mut all = vec![Vec::new(); self.channels()];
        loop {
            let frames = self.read(&mut block)?;
            if frames == 0 {
                return Ok(all);
            }
            for (all, block) in all.iter_mut().zip(&block) {
                all.extend_from_slice(&block[..frames]);
            }
        }
    }

    fn truncated(&self, error: &hound::Error) -> AudioError {
        let problem = format!(
            "after sample {} of the {} it claims to have, {}",
            self.frame,
            self.frames(),
            describe(error)
        );
        AudioError::Format { path: self.path.clone(), problem }
    }
}

/// What hound found wrong with the content of a file.
fn describe(error: &hound::Error) -> String {
    match error {
        hound::Error::IoError(_) => "it is cut short".into(),
        other => other.to_string(),
    }
}

/// What hound said while writing.
fn from_hound(path: &Path, error: hound::Error) -> AudioError {
    match error {
        hound::Error::IoError(source) => AudioError::File { path: path.to_owned(), source },
        other => AudioError::Format { path: path.to_owned(), problem: other.to_string() },
    }
}

/// A WAV file of 32 bit float samples being written. Nothing appears at its path before
/// [`Writer::finish`].
pub struct Writer {
    path: PathBuf,
    file: tempfile::NamedTempFile,
    writer: WavWriter<BufWriter<File>>,
    bytes: u64,
}

impl Writer {
    /// Begins a file of `channels` channels at `sample_rate_hz`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn create(path: &Path, channels: usize, sample_rate_hz: u32) -> Result<Self, AudioError> {
        let failed = |source| AudioError::File { path: path.to_owned(), source };
        let spec = WavSpec {
            channels: channels as u16,
            sample_rate: sample_rate_hz,
            bits_per_sample: 32,
            sample_format: SampleFormat::Float,
        };
        let file = crate::fs::temporary_beside(path).map_err(failed)?;
        let handle = file.reopen().map_err(failed)?;
        let writer = WavWriter::new(BufWriter::new(handle), spec).map_err(|e| from_hound(path, e))?;
        Ok(Self { path: path.to_owned(), file, writer, bytes: 0 })
    }

    /// Appends the first `frames` samples of every channel of `block`.
    ///
    /// # Errors
    /// The disk is full, or the file would pass the 4 GiB that WAV can hold.
    pub fn write<C: AsRef<[f32]>>(&mut self, block: &[C], frames: usize) -> Result<(), AudioError> {
        self.bytes += BYTES_PER_SAMPLE * (frames * block.len()) as u64;
        if self.bytes > MAX_DATA_BYTES {
            let problem = "it would grow past the 4 GiB that a WAV can hold; split the recording".into();
            return Err(AudioError::Format { path: self.path.clone(), problem });
        }
        for i in 0..frames {
            for channel in block {
                let sample = channel.as_ref()[i];
                self.writer.write_sample(sample).map_err(|e| from_hound(&self.path, e))?;
            }
        }
        Ok(())
    }

    /// Completes the file and puts it in its place.
    ///
    /// # Errors
    /// The file cannot be flushed or moved.
    pub fn finish(self) -> Result<(), AudioError> {
        self.writer.finalize().map_err(|e| from_hound(&self.path, e))?;
        crate::fs::persist(self.file, &self.path)
            .map_err(|source| AudioError::File { path: self.path, source })
    }
}

/// Reads a whole WAV file, one vector a channel, and its sample rate in Hz.
///
/// # Errors
/// See [`AudioError`].
pub fn read_wav(path: &Path) -> Result<(Vec<Vec<f32>>, u32), AudioError> {
    let mut reader = Reader::open(path)?;
    let rate = reader.sample_rate_hz();
    Ok((reader.read_all()?, rate))
}

/// Writes a whole WAV file of 32 bit float samples, atomically.
///
/// # Errors
/// See [`AudioError`].
pub fn write_wav<C: AsRef<[f32]>>(
    path: &Path,
    channels: &[C],
    sample_rate_hz: u32,
) -> Result<(), AudioError> {
    let mut writer = Writer::create(path, channels.len(), sample_rate_hz)?;
    writer.write(channels, channels.first().map_or(0, |c| c.as_ref().len()))?;
    writer.finish()
}
