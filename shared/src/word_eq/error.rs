//! What can be wrong with the word EQ.

use std::path::PathBuf;

/// Why the word EQ's files could not be used.
#[derive(Debug, thiserror::Error)]
pub enum WordEqError {
    /// The word table is damaged or of another kind.
    #[error("the word table: {0}")]
    Table(String),
    /// No word of that name.
    #[error("no word is called \"{name}\";{near} `tonewright words --all` lists all that there are")]
    UnknownWord {
        /// As it was asked for.
        name: String,
        /// What may have been meant, as a question; empty if nothing is near.
        near: String,
    },
    /// Neither a kind of source nor a file.
    #[error(
        "nothing is called \"{name}\" that could be neutral, and there is no such file; there are {kinds}"
    )]
    UnknownReference {
        /// As it was asked for.
        name: String,
        /// The kinds that there are.
        kinds: String,
    },
    /// A recording to learn from is silent.
    #[error("{}: nothing to learn from; it is silent", .0.display())]
    NothingToLearn(PathBuf),
    /// A recording to learn from cannot be read.
    #[error(transparent)]
    Audio(#[from] crate::audio::AudioError),
    /// A file is no learned reference, or is damaged.
    #[error("{0}")]
    Reference(String),
    /// A network is damaged, or is none of this equaliser.
    #[error("the {name} network: {problem}")]
    Network {
        /// `encoder` or `decoder`.
        name: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system gives no thread to listen on.
    #[error("no thread to listen on: {0}")]
    Listener(std::io::Error),
    /// ONNX Runtime is missing, or refuses a network.
    #[error(transparent)]
    Runtime(#[from] crate::engine::EngineError),
}

impl WordEqError {
    /// A problem of the word table.
    pub fn table(problem: impl Into<String>) -> Self {
        Self::Table(problem.into())
    }
}
