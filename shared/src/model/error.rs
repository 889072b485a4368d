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
    /// Neither a model that comes along nor a file.
    #[error("no model is called \"{name}\", and there is no such file; models that come along: {known}")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// What there is.
        known: String,
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
    /// The bytes are no `.nam` file at all.
    #[error(
        "not a Neural Amp Modeler file ({0}); expected JSON with a version, an architecture, a config and weights"
    )]
    NotNam(String),
    /// Something in a `.nam` file that cannot be played as it was meant.
    #[error("{key}: {problem}")]
    Nam {
        /// Where in the file, such as `config.layers[0].channels`.
        key: String,
        /// What is wrong there, and what to do.
        problem: String,
    },
    /// A network that the `.nam` format, or one version of it, cannot express.
    #[error("cannot be written as .nam {version}: {problem}")]
    NotExpressible {
        /// The version asked for.
        version: super::nam::Version,
        /// What it has no words for, and what to write instead.
        problem: String,
    },
    /// The bytes are a file of another kind, which its beginning tells.
    #[error(
        "this is no model but {found}; a model is a Neural Amp Modeler file (`.nam`) or an ONNX file (`.onnx`)"
    )]
    OtherFile {
        /// What it is, and what to do.
        found: &'static str,
    },
    /// A file name whose extension is no kind of model.
    #[error(
        "models are written as `.onnx` or `.nam`, not {}; give the file one of these extensions",
        extension(.0)
    )]
    Extension(std::ffi::OsString),
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
    /// A network that would take too long to settle before it is heard.
    #[error(
        "settling the network before it is heard takes too long: {operations} multiplications over {samples} samples, at most {max} are possible; train a smaller network, or one with a shorter past"
    )]
    Settling {
        /// Samples that are run before it is heard.
        samples: usize,
        /// Multiplications, or what takes as long, for all of them.
        operations: usize,
        /// Largest possible number of these.
        max: usize,
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

/// An extension in a sentence.
fn extension(extension: &std::ffi::OsStr) -> String {
    match extension.is_empty() {
        true => "without an extension".into(),
        false => format!("as `.{}`", extension.display()),
    }
}

/// Longest text that an error quotes from a file, in characters.
const QUOTED: usize = 300;

impl ModelError {
    /// The same error with all texts, which may quote the file, fit for a line on a terminal: without
    /// control characters, and not endless.
    #[must_use]
    pub(super) fn printable(mut self) -> Self {
        let tidy = |text: &mut String| {
            if text.contains(char::is_control) || text.len() > QUOTED {
                let shown = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
                let mut shown: String = shown.take(QUOTED).collect();
                if text.chars().nth(QUOTED).is_some() {
                    shown.push('…');
                }
                *text = shown;
            }
        };
        match &mut self {
            Self::NotOnnx(text) | Self::NotNam(text) | Self::Contract(text) | Self::Architecture(text) => {
                tidy(text);
            }
            Self::Nam { key: a, problem: b } | Self::Tensor { tensor: a, problem: b } => {
                tidy(a);
                tidy(b);
            }
            Self::Card { found: a, expected: b, .. } => {
                tidy(a);
                tidy(b);
            }
            Self::Limit { what: text, .. } | Self::NotFinite { tensor: text, .. } => tidy(text),
            Self::NotExpressible { problem, .. } => tidy(problem),
            Self::LooksAhead { name, .. } => tidy(name),
            // These quote no file.
            Self::In { .. }
            | Self::File { .. }
            | Self::Unknown { .. }
            | Self::OtherFile { .. }
            | Self::Settling { .. }
            | Self::Extension(_)
            | Self::WeightCount { .. } => {}
        }
        self
    }

    /// The same error with the file it happened in.
    #[must_use]
    pub fn in_file(self, path: &Path) -> Self {
        Self::In { path: path.to_owned(), source: Box::new(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_fits_on_a_line() {
        let quoted = format!("\u{1b}[2J\n{}", "ä".repeat(5000));
        let error = ModelError::Contract(quoted.clone()).printable().to_string();
        assert!(!error.contains(char::is_control) && error.chars().count() < QUOTED + 100, "{error}");
        let error = ModelError::Nam { key: quoted.clone(), problem: quoted }.printable().to_string();
        assert!(!error.contains(char::is_control) && error.chars().count() < 2 * QUOTED + 100, "{error}");
        let plain = ModelError::Contract("`Größe` is missing".into());
        assert_eq!(
            plain.to_string(),
            ModelError::Contract("`Größe` is missing".into()).printable().to_string()
        );
    }
}
