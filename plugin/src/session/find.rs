//! Where a file may be that is not where it was.

use super::MAX_UNPACKED_BYTES;
use crate::amp::{ContentHash, Part};
use crate::library::{Kind, Library};
use std::path::{Path, PathBuf};

/// Entries of a folder that are looked at at most.
const MAX_ENTRIES: usize = 10_000;

/// What is read of a folder at most, in bytes.
const MAX_READ_BYTES: u64 = 1 << 30;

/// Larger files are not read where the size is not known, in bytes: captures and responses are mostly smaller.
const MAX_UNSIZED_BYTES: u64 = 4 << 20;

/// Whether to go on with a search: a folder in a network may take minutes, and somebody may wait for the loader.
pub type GoOn<'a> = &'a dyn Fn() -> bool;

/// Somebody who knows the player's folders. Asked by the loader's thread: may take its time, but must come to an end.
pub trait Finder: Send + Sync {
    /// A file of that content. `name` and `bytes`, its name and size, tell where to look first.
    fn by_hash(
        &self,
        part: Part,
        hash: ContentHash,
        name: &str,
        bytes: Option<u64>,
        go_on: GoOn<'_>,
    ) -> Option<PathBuf>;

    /// A file of that name that a part can be filled with.
    fn by_name(&self, part: Part, name: &str, go_on: GoOn<'_>) -> Option<PathBuf>;
}

/// Knows no folders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl Finder for Nowhere {
    fn by_hash(&self, _: Part, _: ContentHash, _: &str, _: Option<u64>, _: GoOn<'_>) -> Option<PathBuf> {
        None
    }

    fn by_name(&self, _: Part, _: &str, _: GoOn<'_>) -> Option<PathBuf> {
        None
    }
}

/// Knows the folders of the player's library, which is opened when it is first asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct InLibrary;

impl Finder for InLibrary {
    fn by_hash(
        &self,
        _: Part,
        hash: ContentHash,
        name: &str,
        bytes: Option<u64>,
        go_on: GoOn<'_>,
    ) -> Option<PathBuf> {
        Library::shared().find_by_hash(hash, name, bytes, go_on)
    }

    fn by_name(&self, part: Part, name: &str, go_on: GoOn<'_>) -> Option<PathBuf> {
        Library::shared().find_by_name(name, Kind::of(part), go_on)
    }
}

/// A file of that content in a folder, but not in those below: for one that was renamed. Those of that size are read, if the size is known,
/// else small ones, so that a session with a false size or none costs a search and no memory. What is read in all is bounded, as whoever
/// made a session may have named any folder and any size.
pub fn file_of_content(
    folder: &Path,
    hash: ContentHash,
    bytes: Option<u64>,
    go_on: GoOn<'_>,
) -> Option<PathBuf> {
    let limit = bytes.map_or(MAX_UNSIZED_BYTES, |bytes| bytes.min(MAX_UNPACKED_BYTES));
    let mut left = MAX_READ_BYTES;
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).take(MAX_ENTRIES);
    for path in entries.map(|entry| entry.path()) {
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        let length = metadata.len();
        let may_be_it = length <= limit && bytes.is_none_or(|bytes| bytes == length);
        if !metadata.is_file() || !may_be_it || length > left {
            continue;
        }
        if !go_on() {
            return None;
        }
        left -= length;
        if shared::fs::read_limited(&path, length).is_ok_and(|read| ContentHash::of(&read) == hash) {
            return Some(path);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_and_not_the_name_tells_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (name, content) in [("a.nam", "abd"), ("b.nam", "abc"), ("c.nam", "abcd")] {
            std::fs::write(path(name), content).unwrap();
        }
        std::fs::create_dir(path("d.nam")).unwrap();
        let hash = ContentHash::of(b"abc");
        let find = |folder: &Path, bytes| file_of_content(folder, hash, bytes, &|| true);
        assert_eq!(find(folder.path(), Some(3)), Some(path("b.nam")));
        assert_eq!(find(folder.path(), Some(4)), None);
        assert_eq!(find(folder.path(), None), Some(path("b.nam")), "its size need not be known");
        assert_eq!(find(&path("missing"), Some(3)), None);
        assert_eq!(file_of_content(folder.path(), hash, Some(3), &|| false), None);
    }

    #[test]
    fn what_a_session_claims_is_not_read_whatever_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.wav");
        // A file with a hole costs no disk.
        let length = MAX_UNPACKED_BYTES + 1;
        std::fs::File::create(&path).unwrap().set_len(length).unwrap();
        let asked = std::cell::Cell::new(0);
        let go_on = || {
            asked.set(asked.get() + 1);
            true
        };
        let hash = ContentHash::of(b"abc");
        assert_eq!(file_of_content(folder.path(), hash, Some(length), &go_on), None);
        assert_eq!(file_of_content(folder.path(), hash, None, &go_on), None);
        assert_eq!(asked.get(), 0, "nothing is worth reading");
    }
}
