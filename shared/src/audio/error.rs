//! Why an audio file cannot be used.

use std::path::{Path, PathBuf};

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
    /// The file is no audio file, is damaged, or is of a kind that is not supported.
    #[error("{}: not a usable audio file: {problem}", path.display())]
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
    /// A WAV file cannot hold what is to be written.
    #[error("{}: cannot be written: {problem}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What does not fit, and what to do.
        problem: String,
    },
    /// Sound that cannot be converted to what was asked for.
    #[error("{}: {problem}", path.display())]
    Conversion {
        /// The file.
        path: PathBuf,
        /// From what to what, and what to do.
        problem: String,
    },
}

/// What went wrong inside a file whose name is known elsewhere.
#[derive(Debug)]
pub(super) enum Problem {
    System(std::io::Error),
    Format(String),
    /// As `Format`, and no other decoder shall guess.
    Unclear(String),
    Empty,
}

impl Problem {
    pub fn of(self, path: &Path) -> AudioError {
        let path = path.to_owned();
        match self {
            Self::System(source) => AudioError::File { path, source },
            Self::Format(problem) | Self::Unclear(problem) => AudioError::Format { path, problem },
            Self::Empty => AudioError::Empty { path },
        }
    }
}

/// How a file is called that ends too early.
pub(super) const CUT_SHORT: &str = "it is cut short";
