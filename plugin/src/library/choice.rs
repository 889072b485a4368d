//! What can be chosen, and how it is written down.

use crate::amp::{self, Desk, Part};
use crate::factory;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::cabinets;
use std::path::{Path, PathBuf};

/// What a file is to the rack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An amp's model: `.nam` or `.onnx`.
    Model,
    /// A loudspeaker's impulse response: `.wav`, `.aif` or `.flac`.
    Response,
}

impl Kind {
    /// What a part is filled with.
    pub fn of(part: Part) -> Self {
        match part {
            Part::Model => Self::Model,
            Part::CabA | Part::CabB => Self::Response,
        }
    }

    /// What a file of this name is, if anything.
    pub fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        let is = |known: &&str| extension.eq_ignore_ascii_case(known);
        let kinds = [Self::Model, Self::Response];
        kinds.into_iter().find(|kind| kind.extensions().iter().any(is))
    }

    /// How the names of such files end.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Model => &["nam", "onnx"],
            Self::Response => &["wav", "aif", "aiff", "flac"],
        }
    }

    /// The slot of the player's own file.
    pub fn own_file_slot(self) -> usize {
        match self {
            Self::Model => factory::OWN_FILE_SLOT,
            Self::Response => cabinets::OWN_FILE_SLOT,
        }
    }

    /// The slots that something comes along for, in the order they are offered.
    pub fn factory_slots(self) -> Vec<usize> {
        match self {
            Self::Model => factory::MODELS.iter().map(|model| model.slot).collect(),
            Self::Response => cabinets::CABINETS.iter().map(|cabinet| cabinet.slot).collect(),
        }
    }
}

/// What a part can be filled with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// What comes along in a slot.
    Factory(usize),
    /// A file of the player's own.
    File(FilePath),
}

impl Choice {
    /// A file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(FilePath(path.into()))
    }

    /// The file's path.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Factory(_) => None,
            Self::File(path) => Some(&path.0),
        }
    }

    /// What is wished for on the desk; `None` where that is a file and none is named.
    pub fn on_desk(desk: &Desk, part: Part) -> Option<Self> {
        let slot = desk.slot(part);
        if slot == Kind::of(part).own_file_slot() {
            desk.file(part).map(Self::file)
        } else {
            Some(Self::Factory(slot))
        }
    }

    /// The value of the part's parameter that goes with it.
    pub fn slot(&self, part: Part) -> usize {
        match self {
            Self::Factory(slot) => *slot,
            Self::File(_) => Kind::of(part).own_file_slot(),
        }
    }

    /// Wishes for it in place of what the part's parameter says, which only a window can set.
    pub fn lay_on(&self, desk: &Desk, part: Part) {
        desk.choose(
            part,
            match self {
                Self::Factory(slot) => amp::Choice::Slot(*slot),
                Self::File(path) => amp::Choice::File(path.0.clone()),
            },
        );
    }
}

/// A path that is written as text: as it is where it is Unicode, else as its bytes in hexadecimal digits behind `bytes:`, which no absolute
/// path begins with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FilePath(pub PathBuf);

const BYTES: &str = "bytes:";

impl FilePath {
    fn text(&self) -> String {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            if self.0.to_str().is_none() {
                let digits = self.0.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}"));
                return BYTES.chars().chain(digits.collect::<String>().chars()).collect();
            }
        }
        self.0.to_string_lossy().into_owned()
    }

    fn read(text: String) -> Self {
        #[cfg(unix)]
        if let Some(bytes) = text.strip_prefix(BYTES).and_then(bytes) {
            use std::os::unix::ffi::OsStringExt;
            return Self(std::ffi::OsString::from_vec(bytes).into());
        }
        Self(text.into())
    }
}

#[cfg(unix)]
fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

impl Serialize for FilePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::read)
    }
}
