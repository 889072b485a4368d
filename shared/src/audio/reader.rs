//! Any audio file, block by block.

use super::decoded::Decoded;
use super::error::{CUT_SHORT, Problem};
use super::media::Media;
use super::wav::Wav;
use super::{AudioError, MAX_CHANNELS};
use crate::model::MAX_SAMPLE_RATE;
use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An audio file being read. Integer samples are scaled so that full scale is 1.
pub struct Reader {
    path: PathBuf,
    source: Source,
    sample_rate_hz: u32,
    channels: usize,
    frames: Option<u64>,
    position: u64,
}

enum Source {
    Wav(Wav),
    Decoded(Box<Decoded>),
}

impl Reader {
    /// Opens an audio file; what it is its content says.
    ///
    /// # Errors
    /// The file cannot be opened, is of no kind that is read, or is empty.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let failed = |source| AudioError::File { path: path.to_owned(), source };
        crate::fs::regular_file(path).map_err(failed)?;
        Self::of(Media::File(File::open(path).map_err(failed)?), path)
    }

    /// Reads an audio file that is in memory. `name` is what errors call it.
    ///
    /// # Errors
    /// It is of no kind that is read, or is empty.
    pub fn from_bytes(bytes: Arc<[u8]>, name: &Path) -> Result<Self, AudioError> {
        Self::of(Media::Memory(Cursor::new(bytes)), name)
    }

    fn of(mut file: Media, path: &Path) -> Result<Self, AudioError> {
        let failed = |source| AudioError::File { path: path.to_owned(), source };
        let mut first = Vec::new();
        Read::by_ref(&mut file).take(12).read_to_end(&mut first).map_err(failed)?;
        file.rewind().map_err(failed)?;
        // Once the file is open, whatever goes wrong lies in its content.
        let source = match kind(&first) {
            Some(Kind::Riff) => {
                let again = file.again().map_err(failed)?;
                open_riff(file, again)
            }
            Some(Kind::Other) => Decoded::open(file).map(|d| Source::Decoded(Box::new(d))),
            None if first.len() < 12 => Err(Problem::Format(CUT_SHORT.into())),
            Some(Kind::Large(name)) => Err(Problem::Format(format!(
                "it is {name}, which is not read; save it as FLAC or CAF, or as WAV of less than 4 GiB"
            ))),
            None => {
                Err(Problem::Format("it is neither WAV nor AIFF, CAF, FLAC, ALAC, MP3 or Ogg Vorbis".into()))
            }
        };
        let source = source.map_err(|problem| problem.of(path))?;
        let (sample_rate_hz, channels, frames) = match &source {
            Source::Wav(wav) => (wav.sample_rate_hz(), wav.channels(), Some(wav.frames())),
            Source::Decoded(decoded) => (decoded.sample_rate_hz(), decoded.channels(), decoded.frames()),
        };
        let format = |problem| Err(AudioError::Format { path: path.to_owned(), problem });
        if channels == 0 || channels > MAX_CHANNELS {
            return format(format!("{channels} channels, 1 to {MAX_CHANNELS} are read"));
        }
        if sample_rate_hz == 0 || f64::from(sample_rate_hz) > MAX_SAMPLE_RATE {
            return format(format!(
                "a sample rate of {sample_rate_hz} Hz, 1 to {MAX_SAMPLE_RATE} Hz are read"
            ));
        }
        if frames == Some(0) {
            return Err(AudioError::Empty { path: path.to_owned() });
        }
        Ok(Self { path: path.to_owned(), source, sample_rate_hz, channels, frames, position: 0 })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sample rate in Hz.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Length in samples of one channel, if the file says it exactly: WAV, AIFF and most FLAC files do, MP3, Ogg and
    /// M4A do not. All that is read before the end is as long as this.
    pub fn frames(&self) -> Option<u64> {
        self.frames
    }

    /// How much has been read, in samples of one channel.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Fills the channels of `block` and gives the number of samples read into each: the length of
    /// the channels until the end of the file, 0 after it.
    ///
    /// # Errors
    /// The file ends before the length it claims or is damaged, or a sample is not finite.
    ///
    /// # Panics
    /// If `block` has not as many channels as the file.
    pub fn read(&mut self, block: &mut [Vec<f32>]) -> Result<usize, AudioError> {
        assert_eq!(block.len(), self.channels, "a vector for each channel");
        let mut wanted = block.iter().map(Vec::len).min().unwrap_or(0);
        if let Some(frames) = self.frames {
            wanted = (frames - self.position).min(wanted as u64) as usize;
        }
        let read = match &mut self.source {
            Source::Wav(wav) => wav.read(block, wanted),
            Source::Decoded(decoded) => decoded.read(block, wanted),
        };
        let read = read.map_err(|problem| self.at_position(problem))?;
        if self.frames.is_some() && read < wanted {
            return Err(self.at_position(Problem::Format(CUT_SHORT.into())));
        }
        if !block.iter().all(|channel| channel[..read].iter().all(|x| x.is_finite())) {
            return Err(self.not_finite(block, read));
        }
        self.position += read as u64;
        Ok(read)
    }

    /// Reads everything that is left, one vector a channel.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_all(&mut self) -> Result<Vec<Vec<f32>>, AudioError> {
        self.read_until(u64::MAX)
    }

    /// Reads what is left, but stops soon after `position`, one vector a channel.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub fn read_until(&mut self, position: u64) -> Result<Vec<Vec<f32>>, AudioError> {
        const BLOCK: usize = 1 << 14;
        let mut block = vec![vec![0.0; BLOCK]; self.channels()];
        let mut all = vec![Vec::new(); self.channels()];
        while self.position <= position {
            let frames = self.read(&mut block)?;
            if frames == 0 {
                break;
            }
            for (all, block) in all.iter_mut().zip(&block) {
                all.extend_from_slice(&block[..frames]);
            }
        }
        Ok(all)
    }

    /// The first sample that is no number, by time.
    fn not_finite(&self, block: &[Vec<f32>], read: usize) -> AudioError {
        let all =
            (0..read).flat_map(|i| block.iter().enumerate().map(move |(c, channel)| (i, c, channel[i])));
        let found = all.into_iter().find(|(_, _, value)| !value.is_finite());
        let (i, channel, value) = found.unwrap_or_default();
        let (path, frame) = (self.path.clone(), self.position + i as u64);
        AudioError::NotFinite { path, frame, channel: channel + 1, value }
    }

    /// Says where in the file it went wrong.
    fn at_position(&self, problem: Problem) -> AudioError {
        let problem = match problem {
            Problem::Format(problem) => {
                let claimed = self
                    .frames
                    .map_or_else(String::new, |frames| format!(" of the {frames} it claims to have"));
                Problem::Format(format!("after sample {}{claimed}, {problem}", self.position))
            }
            other => other,
        };
        problem.of(&self.path)
    }
}

enum Kind {
    Riff,
    Other,
    /// Kinds of WAV for large files.
    Large(&'static str),
}

/// What begins like this. Only what is looked for here is decoded: a search through the whole file would find the
/// beginning of an MP3 in any text.
fn kind(first: &[u8]) -> Option<Kind> {
    match first {
        [b'R', b'I', b'F', b'F', ..] => Some(Kind::Riff),
        [b'R', b'F', b'6', b'4', ..] | [b'B', b'W', b'6', b'4', ..] => Some(Kind::Large("RF64")),
        [b'r', b'i', b'f', b'f', ..] => Some(Kind::Large("W64")),
        [b'f', b'L', b'a', b'C', ..]
        | [b'O', b'g', b'g', b'S', ..]
        | [b'c', b'a', b'f', b'f', ..]
        | [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C']
        | [_, _, _, _, b'f', b't', b'y', b'p', ..]
        | [b'I', b'D', b'3', ..] => Some(Kind::Other),
        // Eleven bits that are set begin a frame of an MP3.
        [0xff, second, ..] if second & 0xe0 == 0xe0 => Some(Kind::Other),
        _ => None,
    }
}

/// A WAV file by hound, or by Symphonia if it is of a rarer kind.
fn open_riff(file: Media, mut again: Media) -> Result<Source, Problem> {
    match Wav::open(file) {
        Ok(wav) => Ok(Source::Wav(wav)),
        Err(Problem::Format(problem)) if problem != CUT_SHORT => {
            again.rewind().map_err(Problem::System)?;
            let decoded = Decoded::open(again).map_err(|_| Problem::Format(problem))?;
            Ok(Source::Decoded(Box::new(decoded)))
        }
        Err(other) => Err(other),
    }
}
