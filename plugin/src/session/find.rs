//! Where a file may be that is not where it was.

use crate::amp::{ContentHash, Part};
use crate::library::{Kind, Library};
use std::path::{Path, PathBuf};

/// Entries of a folder that are looked at at most.
const MAX_ENTRIES: usize = 10_000;

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

/// A file of that content and size in a folder, but not in those below: for one that was renamed.
pub fn file_of_content(folder: &Path, hash: ContentHash, bytes: u64) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).take(MAX_ENTRIES);
    let same_size = entries.map(|entry| entry.path()).filter(|path| {
        std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == bytes)
    });
    same_size.into_iter().find(|path| {
        let read = shared::fs::read_limited(path, bytes);
        read.is_ok_and(|read| ContentHash::of(&read) == hash)
    })
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
        assert_eq!(file_of_content(folder.path(), hash, 3), Some(path("b.nam")));
        assert_eq!(file_of_content(folder.path(), hash, 4), None);
        assert_eq!(file_of_content(&path("missing"), hash, 3), None);
    }
}
