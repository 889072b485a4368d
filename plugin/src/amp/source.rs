//! What a part of the rack is filled with, as it is wished for and as it is saved.

use super::ContentHash;
use serde::{Deserialize, Deserializer, Serialize};
use shared::{cabinets, factory};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Longest name of a file that is kept, in bytes: what file systems allow. A session may hold anything.
const MAX_NAME_BYTES: usize = 255;

/// A part of the rack that is filled from the factory or from a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The amp's model.
    Model,
    /// The first loudspeaker.
    CabA,
    /// The second loudspeaker.
    CabB,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Model, Self::CabA, Self::CabB];

    /// The loudspeakers.
    pub const CABS: [Self; 2] = [Self::CabA, Self::CabB];
}

/// What is chosen for a part in place of what its parameter says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What a slot holds.
    Slot(usize),
    /// A file.
    File(PathBuf),
}

/// A file of the player's own, and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnFile {
    /// Where it is, or was when it was last seen.
    pub path: Option<PathBuf>,
    /// Its name, for people and for searching.
    pub name: Option<String>,
    /// What was in it when it was first read.
    pub hash: Option<ContentHash>,
    /// Its size in bytes.
    pub bytes: Option<u64>,
    /// Whether a session or a preset asked for it, and not the player's hand: then what cannot be found is not
    /// replaced by something else.
    pub restored: bool,
    /// Counts the changes, so that the same path opened again is read again.
    pub version: u64,
}

/// What a part should be filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// A slot of the [factory](crate::factory) or of the [loudspeakers](shared::cabinets), or the one of the
    /// player's own file. With a slot that nothing has, what plays goes on; a session that was saved so comes
    /// back with the default.
    pub slot: usize,
    /// The player's own file.
    pub own: OwnFile,
}

/// What sessions and presets keep of a part: the player's own file, by where it is, what it is called and what is
/// in it. What cannot be understood of it is left out, and never refused as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct SavedSource {
    /// The slot that was chosen in place of the parameter's, see [`Desk::choose`](super::Desk::choose).
    pub slot: Option<usize>,
    /// Where the file is.
    pub path: Option<PathBuf>,
    /// Its name.
    pub name: Option<String>,
    /// What is in it.
    pub hash: Option<ContentHash>,
    /// Its size in bytes.
    pub bytes: Option<u64>,
}

/// How it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    /// The path as text.
    #[serde(default, deserialize_with = "lenient")]
    path: Option<String>,
    /// The path itself, where it is no Unicode and the text only resembles it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    exact: Option<OsString>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    hash: Option<ContentHash>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    slot: Option<usize>,
}

/// A value, or nothing where something else stands.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Any<T> {
        Value(T),
        Other(serde::de::IgnoredAny),
    }
    Ok(match Option::<Any<T>>::deserialize(deserializer)? {
        Some(Any::Value(value)) => Some(value),
        Some(Any::Other(_)) | None => None,
    })
}

impl From<Written> for SavedSource {
    fn from(written: Written) -> Self {
        let path = written.exact.or(written.path.map(OsString::from));
        Self {
            slot: written.slot.filter(|&slot| slot < factory::SLOTS.max(cabinets::SLOTS)),
            // A path that cannot be opened is kept, so that it is not lost when the session is saved again; the
            // loader says what is wrong with it.
            path: path.filter(|path| !path.is_empty()).map(PathBuf::from),
            name: written.name.filter(|name| !name.is_empty() && name.len() <= MAX_NAME_BYTES),
            hash: written.hash,
            bytes: written.bytes,
        }
    }
}

impl From<SavedSource> for Written {
    fn from(saved: SavedSource) -> Self {
        let SavedSource { slot, path, name, hash, bytes } = saved;
        Self {
            path: path.as_ref().map(|path| path.to_string_lossy().into_owned()),
            exact: path.filter(|path| path.to_str().is_none()).map(PathBuf::into_os_string),
            name,
            hash,
            bytes,
            slot,
        }
    }
}

/// The name of a file, for people and for searching.
pub(crate) fn file_name(path: &Path) -> Option<String> {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.len() <= MAX_NAME_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_understood_is_left_out_and_nothing_else() {
        let hash = ContentHash::of(b"abc");
        let text = format!(r#"{{"path":"/a.nam","name":"a.nam","hash":"{hash}","bytes":3,"slot":5}}"#);
        let saved: SavedSource = serde_json::from_str(&text).unwrap();
        let expected = SavedSource {
            slot: Some(5),
            path: Some("/a.nam".into()),
            name: Some("a.nam".into()),
            hash: Some(hash),
            bytes: Some(3),
        };
        assert_eq!(saved, expected);
        assert_eq!(serde_json::to_string(&saved).unwrap(), text);
        let junk =
            |from: &str, to: &str| serde_json::from_str::<SavedSource>(&text.replace(from, to)).unwrap();
        assert_eq!(junk(":5", ":-5"), SavedSource { slot: None, ..expected.clone() });
        assert_eq!(junk(":3", ":[{}]"), SavedSource { bytes: None, ..expected.clone() });
        assert_eq!(junk(&hash.to_string(), "junk"), SavedSource { hash: None, ..expected.clone() });
        assert_eq!(junk("\"/a.nam\"", "null"), SavedSource { path: None, ..expected.clone() });
        assert_eq!(
            junk("\"/a.nam\",", "7,\"exact\":{\"Amiga\":[1]},"),
            SavedSource { path: None, ..expected.clone() }
        );
        let endless = junk("\"a.nam\"", &format!("\"{}\"", "x".repeat(256)));
        assert_eq!(endless, SavedSource { name: None, ..expected });
    }
}
