//! Why a model was refused.

use std::path::{Path, PathBuf};

/// Why a model could not be read, built or written. The texts say what was wrong, where, at which
/// value, and what to do about it where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another error, with the file it happened in.
    #[error("{}: {source}", path.display())]
    In {
        /// The file.
        path: PathBuf,
        /// What was wrong with it.
        source: Box<ModelError>,
    },
    /// The bytes are no ONNX file at all.
    #[error(
        "not an ONNX file ({0}); expected a model written by Tonewright's trainer or one that follows its streaming contract"
    )]
    NotOnnx(String),
    /// An ONNX file that breaks the streaming contract.
    #[error("the ONNX graph does not follow the streaming contract: {0}")]
    Contract(String),
    /// A size outside the limits.
    #[error("{what} is {found}, allowed are {min} to {max}")]
    Limit {
        /// What is too small or too large.
        what: String,
        /// Its value.
        found: u64,
        /// Smallest allowed value.
        min: u64,
        /// Largest allowed value.
        max: u64,
    },
    /// The architecture contradicts itself.
    #[error("impossible architecture: {0}")]
    Architecture(String),
    /// A tensor does not hold what its description says.
    #[error("tensor `{tensor}`: {problem}")]
    Tensor {
        /// Name of the tensor.
        tensor: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The number of weights does not fit the architecture.
    #[error("the architecture has {expected} weights, {found} were given")]
    WeightCount {
        /// Weights the architecture asks for.
        expected: usize,
        /// Weights given.
        found: usize,
    },
    /// A weight is NaN or infinite.
    #[error(
        "tensor `{tensor}` holds {value}, which is not a number a network can run with; train or export the model again"
    )]
    NotFinite {
        /// Name of the tensor.
        tensor: String,
        /// The offending value.
        value: f32,
    },
    /// A field of the card is unusable.
    #[error("card field `{field}` is `{found}`, expected {expected}")]
    Card {
        /// Key in the file's metadata.
        field: &'static str,
        /// What it held.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// The network cannot be played live.
    #[error(
        "\"{name}\" looks {samples} samples ({milliseconds:.1} ms) into the future, so it can only process files (`tonewright render`, `trainer render`); train it with `causal: true` to play it live"
    )]
    LooksAhead {
        /// Name on the card.
        name: String,
        /// Samples of the future it needs.
        samples: usize,
        /// The same in milliseconds at the model's rate.
        milliseconds: f64,
    },
}

impl ModelError {
    /// The same error with the file it happened in.
    #[must_use]
    pub fn in_file(self, path: &Path) -> Self {
        Self::In { path: path.to_owned(), source: Box::new(self) }
    }
}
