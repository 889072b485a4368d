//! Finding a file again that is not where it was.

use super::scan::Library;
use super::walk::{Limits, walk};
use super::{Choice, Kind, read};
use crate::amp::ContentHash;
use crate::session::GoOn;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

struct Candidate {
    path: PathBuf,
    stamp: (u64, Option<SystemTime>),
    same_name: bool,
}

impl Library {
    /// A file of this content in the folders of the library, or among what is remembered: its hash decides, its name and size say where to
    /// look first. Where the size is not known, only files of the same name are read. Walks and reads: for a loader, not for a window.
    pub fn find_by_hash(
        &self,
        hash: ContentHash,
        name: &str,
        size_bytes: Option<u64>,
        go_on: GoOn<'_>,
    ) -> Option<PathBuf> {
        self.inner.cache.load();
        let mut candidates = self.candidates(go_on, |path| {
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            file_name.eq_ignore_ascii_case(name)
        });
        candidates.sort_by_key(|candidate| !candidate.same_name);
        let is_it = |candidate: &Candidate| {
            let known = self.inner.cache.hash(&candidate.path, candidate.stamp);
            let worth_reading = size_bytes.map_or(candidate.same_name, |size| size == candidate.stamp.0);
            known.or_else(|| worth_reading.then(|| self.hash_of(candidate)).flatten()) == Some(hash)
        };
        candidates.into_iter().take_while(|_| go_on()).find(is_it).map(|candidate| candidate.path)
    }

    /// A file of this name and kind, whatever is in it: the newest of several. For a loader, as [`Library::find_by_hash`] is, and after that found
    /// nothing.
    pub fn find_by_name(&self, name: &str, kind: Kind, go_on: GoOn<'_>) -> Option<PathBuf> {
        let candidates = self.candidates(go_on, |path| {
            let file_name = path.file_name().unwrap_or_default().to_string_lossy();
            Kind::of_file(path) == Some(kind) && file_name.eq_ignore_ascii_case(name)
        });
        let newest = candidates.into_iter().filter(|c| c.same_name).max_by_key(|c| c.stamp.1);
        newest.map(|candidate| candidate.path)
    }

    fn candidates(&self, go_on: GoOn<'_>, same_name: impl Fn(&Path) -> bool) -> Vec<Candidate> {
        let settings = self.read_settings();
        let mut candidates = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for mark in settings.favourites.iter().chain(&settings.recents) {
            let Choice::File(path) = &mark.choice else { continue };
            let Ok(metadata) = std::fs::metadata(&path.0) else { continue };
            if metadata.is_file() && seen.insert(path.0.clone()) {
                let stamp = (metadata.len(), metadata.modified().ok());
                candidates.push(Candidate { path: path.0.clone(), stamp, same_name: same_name(&path.0) });
            }
        }
        for root in settings.folders() {
            let _ = walk(root, Limits::USUAL, go_on, |found| {
                if seen.insert(found.path.clone()) {
                    let same_name = same_name(&found.path);
                    let stamp = (found.size_bytes, found.modified);
                    candidates.push(Candidate { path: found.path, stamp, same_name });
                }
            });
        }
        candidates
    }

    fn hash_of(&self, candidate: &Candidate) -> Option<ContentHash> {
        let hash = read::hash(&candidate.path)?;
        self.inner.cache.keep_hash(&candidate.path, candidate.stamp, hash);
        Some(hash)
    }
}
