//! What a player has set up: folders, favourites, what was played last, and the order of lists.

use super::kept::{Stored, Unknown};
use super::{Choice, FilePath, Kind};
use crate::amp::ContentHash;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How many of the things played last are remembered.
pub(super) const MOST_RECENTS: usize = 50;

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// By folder, and by name in each.
    Folder,
    /// The newest files first.
    Newest,
}

/// Something that is remembered: by what it is called and by what is in it, so that a file is known again after it was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    #[serde(flatten)]
    pub choice: Choice,
    /// What is in the file, where that was known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "hash_text")]
    pub hash: Option<ContentHash>,
}

impl Mark {
    /// Whether it stands for the same thing.
    pub fn is(&self, other: &Self) -> bool {
        let same_content = self.hash.is_some() && self.hash == other.hash;
        self.kind == other.kind && (self.choice == other.choice || same_content)
    }

    /// Whether it is of the same place, and the other one knows what is in it.
    fn lacks(&self, other: &Self) -> bool {
        self.hash.is_none() && self.kind == other.kind && self.choice == other.choice
    }
}

/// As it is kept in `library.yaml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Settings {
    /// Folders that the player added, in that order.
    pub folders: Vec<FilePath>,
    /// What the player starred, in that order.
    pub favourites: Vec<Mark>,
    /// What was chosen last, the latest first.
    pub recents: Vec<Mark>,
    /// The order of lists.
    pub order: Order,
    /// What a later version wrote beside these: kept as it is.
    pub others: BTreeMap<String, serde_json::Value>,
    /// What it wrote among them.
    pub(super) unknown: Unknown,
}

impl Settings {
    /// Whether it was starred.
    pub fn is_favourite(&self, mark: &Mark) -> bool {
        self.favourites.iter().any(|favourite| favourite.is(mark))
    }

    /// The folders.
    pub fn folders(&self) -> impl DoubleEndedIterator<Item = &Path> {
        self.folders.iter().map(|folder| folder.0.as_path())
    }
}

/// One thing that the player changed. Two processes may change the same file: each repeats its changes on what the other wrote.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    Add(PathBuf),
    Remove(PathBuf),
    Star(Mark, bool),
    Played(Mark),
    /// What is in a file, where only its place was known.
    Know(Mark),
    Order(Order),
}

impl Change {
    /// Whether it says what the settings do not know yet.
    pub fn tells(&self, settings: &Settings) -> bool {
        let Self::Know(mark) = self else { return true };
        mark.hash.is_some()
            && settings.favourites.iter().chain(&settings.recents).any(|known| known.lacks(mark))
    }

    pub fn apply(&self, settings: &mut Settings) {
        match self {
            Self::Add(folder) => {
                if !settings.folders().any(|known| known == folder) {
                    settings.folders.push(FilePath(folder.clone()));
                }
            }
            Self::Remove(folder) => settings.folders.retain(|known| known.0 != *folder),
            Self::Star(mark, star) => {
                settings.favourites.retain(|known| !known.is(mark));
                if *star {
                    settings.favourites.push(mark.clone());
                }
            }
            Self::Played(mark) => {
                settings.recents.retain(|known| !known.is(mark));
                settings.recents.insert(0, mark.clone());
                settings.recents.truncate(MOST_RECENTS);
            }
            Self::Know(mark) => {
                let marks = settings.favourites.iter_mut().chain(&mut settings.recents);
                marks.filter(|known| known.lacks(mark)).for_each(|known| known.hash = mark.hash);
            }
            Self::Order(order) => {
                settings.order = *order;
                settings.unknown.order = None;
            }
        }
    }
}

/// A hash as text; one that cannot be read is none, since the path is there as well.
mod hash_text {
    use super::*;

    pub fn serialize<S: Serializer>(hash: &Option<ContentHash>, serializer: S) -> Result<S::Ok, S::Error> {
        hash.map(|hash| hash.to_string()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ContentHash>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
    }
}
