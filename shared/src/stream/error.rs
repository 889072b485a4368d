//! Why a file could not be processed.

use crate::audio::AudioError;
use crate::chain::ChainError;
use std::path::{Path, PathBuf};

/// Why a file could not be processed. Each names the file.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// A file could not be read or written.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The chain cannot be built, prepared for this file, or has nothing to go by in it.
    #[error("{}: {source}", path.display())]
    Chain {
        /// The file that was to be processed.
        path: PathBuf,
        /// What is wrong.
        source: Box<ChainError>,
    },
    /// The chain gave something that is no number.
    #[error("{}: the chain made {value} of sample {frame} of channel {channel}", path.display())]
    NotFinite {
        /// The file that was processed.
        path: PathBuf,
        /// Position in the result, from 0.
        frame: u64,
        /// Channel, from 1.
        channel: usize,
        /// The value.
        value: f32,
    },
    /// Whoever watched the progress had enough.
    #[error("{}: cancelled; nothing was written", path.display())]
    Cancelled {
        /// The file that was being processed.
        path: PathBuf,
    },
    /// Two files were to be written under one name.
    #[error("{}: two results would have this name; choose another", path.display())]
    SameOutput {
        /// The name.
        path: PathBuf,
    },
    /// An option that makes no sense.
    #[error("{}: {problem}", path.display())]
    Option {
        /// The file that was to be processed.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
}

impl StreamError {
    pub(super) fn chain(path: &Path, source: ChainError) -> Self {
        Self::Chain { path: path.to_owned(), source: Box::new(source) }
    }
}
