//! Why a command failed.

use crate::presets::PresetError;
use shared::audio::AudioError;
use shared::chain::ChainError;
use shared::model::{KnobError, ModelError};
use shared::stream::StreamError;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Knob(#[from] KnobError),
    #[error(transparent)]
    Audio(#[from] AudioError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Preset(PresetError),
    #[error("{}: there is such a file already; choose another name, or pass --overwrite", .0.display())]
    Exists(PathBuf),
    #[error("{}: this is the very model that is converted; choose another name", .0.display())]
    OwnSource(PathBuf),
    #[error(
        "{}: the result, a WAV file, would take the place of a model, a recording or a chain; choose another name",
        .0.display()
    )]
    WouldReplace(PathBuf),
    #[error("{}: several recordings go into a folder, and this is a file", .0.display())]
    NoFolder(PathBuf),
    #[error("{}: several recordings go into a folder, and this is the name of a WAV file", .0.display())]
    NamedAsFile(PathBuf),
    #[error("{}: the folder cannot be made: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(
        "{} and {} would both be written to {}; render them into different folders",
        first.display(), second.display(), output.display()
    )]
    SameResult { first: PathBuf, second: PathBuf, output: PathBuf },
    #[error("{}: this path has no file name", .0.display())]
    NoName(PathBuf),
    #[error("{failed} of {all} recordings failed; the errors are above")]
    Some { failed: usize, all: usize },
    #[error("interrupted; of what was not done nothing was written")]
    Interrupted,
    #[error("{}: --nam-version is for files whose name ends in .nam", .0.display())]
    NoNam(PathBuf),
    #[error("the words that come along cannot be used: {0}")]
    NoWords(&'static str),
    #[error("band {0} is changed twice; join the changes with a comma, as in --band {0}:+3dB,-0.5oct")]
    BandTwice(usize),
    #[error("standard output cannot be written: {0}")]
    Output(std::io::Error),
    #[error("the audio backend or the window could not be started; its messages are above")]
    #[cfg(feature = "standalone")]
    Window,
    #[error(
        "there is no screen to open the window on: {0}; start it on a desktop with X11 or XWayland, or play in this \
         terminal with `tonewright live --model jcm_standard`"
    )]
    #[cfg(feature = "standalone")]
    NoScreen(String),
    #[error(
        "there is nothing to play through: {0}; `tonewright devices` lists what there is, and `tonewright window \
         --backend dummy` opens the window without sound"
    )]
    #[cfg(feature = "standalone")]
    NoSound(String),
    #[error(transparent)]
    #[cfg(feature = "live")]
    Live(#[from] shared::live::LiveError),
    #[error(transparent)]
    #[cfg(feature = "live")]
    Latency(#[from] shared::live::LatencyError),
    #[error("there is no sound device at {looked_at}: {why}")]
    #[cfg(feature = "live")]
    NoDevices { looked_at: String, why: String },
    #[error("the sound device was lost: {0}")]
    #[cfg(feature = "live")]
    Lost(String),
    #[error("a part of the program failed, which is a fault of the program; its message is above")]
    #[cfg(feature = "live")]
    Panicked,
    #[error("the terminal: {0}")]
    #[cfg(feature = "live")]
    Terminal(std::io::Error),
    #[error("the list cannot be written as JSON: {0}")]
    #[cfg(feature = "live")]
    Json(#[from] serde_json::Error),
    #[error("this program was built without sound cards; build it with `--features live`")]
    #[cfg(not(feature = "live"))]
    NoSoundCards,
    #[error("this program was built without a window; build it with `--features standalone`")]
    #[cfg(not(feature = "standalone"))]
    NoWindow,
}

impl CliError {
    /// What the shell is told: 130 after Ctrl-C, as is the custom, or else 1.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Interrupted | Self::Stream(StreamError::Cancelled { .. }) => ExitCode::from(130),
            _ => ExitCode::FAILURE,
        }
    }
}
