//! What can be wrong with the word EQ.

use std::path::PathBuf;

/// Why the word EQ's files could not be used.
#[derive(Debug, thiserror::Error)]
pub enum WordEqError {
    /// The word table is damaged or of another kind.
    #[error("the word table: {0}")]
    Table(String),
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
