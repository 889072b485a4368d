//! What the window shows of the loader.

use super::{CabInfo, MAX_PATH_BYTES, ModelInfo, Part};
use shared::dsp::response::ResponseError;
use shared::engine::EngineError;
use shared::model::ModelError;
use std::path::PathBuf;

/// What the window shows of the loader.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The model that plays, or is about to.
    pub playing: Option<ModelInfo>,
    /// Slot of that model.
    pub slot: usize,
    /// The loudspeakers that play, or are about to.
    pub cabs: [Option<CabInfo>; 2],
    /// Where the parts come from, in the order of [`Part::ALL`].
    pub parts: [PartStatus; 3],
    /// Why the latest wish could not be fulfilled.
    pub error: Option<String>,
}

impl Status {
    /// Where a part comes from.
    pub fn part(&self, part: Part) -> &PartStatus {
        &self.parts[part as usize]
    }
}

/// Where what plays comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// It comes along with Tonewright.
    #[default]
    Factory,
    /// The player's own file, where it was said to be.
    File,
    /// That file is not there, but a file of the same content is here.
    Found(PathBuf),
    /// That file is nowhere to be found, or holds something else now; the copy inside the session plays.
    Carried,
    /// That file is gone, and no copy of it is inside the session; a file of the same name plays.
    Other(PathBuf),
    /// There is nothing to play: the signal passes as it is, as late as if something played.
    Missing,
}

/// Where a part comes from, and what is to be said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartStatus {
    /// Where from.
    pub origin: Origin,
    /// Name of the player's own file.
    pub name: String,
    /// A file of the same name with another content, which could be played instead.
    pub other: Option<PathBuf>,
    /// What is wrong with the file or with the copy inside the session.
    pub problem: Option<String>,
    /// Why the file is not carried inside the session.
    pub not_carried: Option<String>,
    /// Grows with every change of the player's own file.
    pub version: u64,
}

/// Why a wish could not be fulfilled.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error("No model file is chosen yet; choose one in the library.")]
    NoFile,
    #[error(
        "The path of the model file is {bytes} bytes long, {} are possible; move the file to a \
         shorter path and choose it again.",
        MAX_PATH_BYTES
    )]
    PathTooLong { bytes: usize },
    #[error("No impulse response is chosen yet; choose one in the library.")]
    NoResponse,
    #[error(
        "\"{name}\" is nowhere to be found, and no copy of it is inside the session. Find it, or choose another one."
    )]
    Missing { name: String },
    #[error(transparent)]
    Response(#[from] ResponseError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("Loading failed because of a mistake in Tonewright: {0}")]
    Panic(String),
}
