//! Why training, evaluating or rendering failed.

use shared::audio::AudioError;
use shared::engine::EngineError;
use shared::model::ModelError;
use shared::word_eq::WordEqError;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Why the trainer stopped. The texts say what was wrong, in which file, at which value, and what
/// to do about it.
#[derive(Debug, thiserror::Error)]
pub enum TrainerError {
    /// An audio file is unusable.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// A model or an architecture was refused.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The word table or a network of the word EQ was refused.
    #[error(transparent)]
    WordEq(#[from] WordEqError),
    /// An engine failed while the exported model was checked.
    #[error("checking the exported model: {0}")]
    Engine(#[from] EngineError),
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A config was refused.
    #[error("{}{}: {problem}", path.display(), place(*.line, *.column))]
    Config {
        /// The config file.
        path: PathBuf,
        /// Line, from 1; `None` if the problem has no one place.
        line: Option<u64>,
        /// Column, from 1.
        column: Option<u64>,
        /// What is wrong.
        problem: String,
    },
    /// Recordings that cannot be trained from.
    #[error("{}: {problem}", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// An architecture that engines run and the trainer does not train.
    #[error("the trainer cannot train this architecture: {0}")]
    Untrainable(String),
    /// The device or back end asked for cannot be had.
    #[error("{0}")]
    Device(String),
    /// libtorch failed.
    #[error("libtorch: {}", first_line(.0))]
    Torch(#[from] tch::TchError),
    /// Training left the numbers.
    #[error("{0}")]
    Diverged(Divergence),
    /// A setting that does not go with the recording.
    #[error("{0}")]
    Setting(String),
    /// The out folder holds what a new run would replace.
    #[error(
        "{} holds an earlier run ({found}); {}choose another --out, or pass --overwrite",
        folder.display(),
        if *resumable { "go on with --resume, " } else { "" }
    )]
    EarlierRun {
        /// The out folder.
        folder: PathBuf,
        /// The name of what is there.
        found: String,
        /// Whether it can be gone on with: there is a checkpoint, and the word EQ has none.
        resumable: bool,
    },
    /// Two runs in one folder would take each other's checkpoints for their own.
    #[error("{}: another run is at work in this folder; wait for its end, stop it, or choose another --out", folder.display())]
    Busy {
        /// The out folder.
        folder: PathBuf,
    },
    /// Training ended before it began.
    #[error(
        "{}: nothing was written, because training ended before its first step (Ctrl-C, or a time limit that is too short)",
        folder.display()
    )]
    NoSteps {
        /// The out folder.
        folder: PathBuf,
    },
    /// There is nothing to go on with.
    #[error(
        "{} holds no checkpoint to go on with; leave --resume out to begin, or name the run's folder with --out",
        folder.display()
    )]
    NoCheckpoint {
        /// The out folder.
        folder: PathBuf,
    },
    /// There are checkpoints, and none is whole.
    #[error("{problems}; put back a copy of one, or start over with --overwrite")]
    DamagedCheckpoints {
        /// What is wrong with each.
        problems: String,
    },
    /// A checkpoint was refused.
    #[error("{}: not a usable checkpoint: {problem}", path.display())]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Where training left the numbers.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("training diverged at step {step}: the {what} is {value}; lower `train.learning_rate`")]
pub struct Divergence {
    /// The step, from 1.
    pub step: u64,
    /// What is no number any more.
    pub what: &'static str,
    /// Its value.
    pub value: f64,
}

impl TrainerError {
    /// A recording's problem.
    pub fn recording(path: &Path, problem: impl Into<String>) -> Self {
        Self::Recording { path: path.to_owned(), problem: problem.into() }
    }

    /// What is in the way of a new run in `folder`.
    pub(crate) fn earlier_run(folder: &Path, found: &Path, resumable: bool) -> Self {
        let found = found.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self::EarlierRun { folder: folder.to_owned(), found, resumable }
    }

    /// A file's problem; what to do about a full disk is said with it.
    pub fn file(path: &Path, source: std::io::Error) -> Self {
        let full = matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        let source = match full {
            true => {
                let advice = "free some space; a training that was begun then goes on with --resume";
                std::io::Error::new(source.kind(), format!("{source}: {advice}"))
            }
            false => source,
        };
        Self::File { path: path.to_owned(), source }
    }
}

fn place(line: Option<u64>, column: Option<u64>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(":{line}:{column}"),
        _ => String::new(),
    }
}

/// libtorch appends a stack trace to its messages.
fn first_line(error: &tch::TchError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_comes_with_advice() {
        let error =
            |kind: ErrorKind| TrainerError::file(Path::new("run/last.safetensors"), kind.into()).to_string();
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            assert!(error(kind).starts_with("run/last.safetensors: ") && error(kind).contains("--resume"));
        }
        assert!(!error(ErrorKind::NotFound).contains("--resume"));
    }
}
