//! Walking through a folder that may be anything: huge, looping, unreadable, or on the far end of a network.

use super::Kind;
use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How far a walk goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Folders within each other.
    pub depth: usize,
    /// Files that are found.
    pub files: usize,
    /// Names that are looked at, of anything.
    pub names: usize,
}

impl Limits {
    /// A player's own collection is smaller; a whole disk is not gone through.
    pub const USUAL: Self = Self { depth: 16, files: 50_000, names: 1_000_000 };
}

/// A file that may be a model or a response by its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub path: PathBuf,
    pub kind: Kind,
    pub size_bytes: u64,
    pub modified: Option<SystemTime>,
}

/// What happened on the way.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Walked {
    /// Something was left out, because a limit was reached.
    pub cut: bool,
    /// Folders that could not be read, and why. The first few.
    pub problems: Vec<(PathBuf, String)>,
}

/// Problems that are told.
const MOST_PROBLEMS: usize = 8;

/// Looks for files in `root`, the folders nearest to it first, and hands each to `found`, until `go_on` says no. Hidden files and folders are
/// passed over; links are followed, each folder once.
pub(super) fn walk(
    root: &Path,
    limits: Limits,
    go_on: impl Fn() -> bool,
    mut found: impl FnMut(Found),
) -> Walked {
    let mut walked = Walked::default();
    let mut seen = HashSet::new();
    let mut folders = VecDeque::from([(root.to_owned(), 0)]);
    let (mut files, mut names) = (0, 0);
    while let Some((folder, depth)) = folders.pop_front() {
        if !go_on() {
            return walked;
        }
        let mut problem = |error: &std::io::Error| {
            if walked.problems.len() < MOST_PROBLEMS {
                walked.problems.push((folder.clone(), error.to_string()));
            }
        };
        // A link back to a folder above would lead around for ever.
        match std::fs::canonicalize(&folder) {
            Ok(real) if !seen.insert(real.clone()) => continue,
            Ok(_) => {}
            Err(error) => {
                problem(&error);
                continue;
            }
        }
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                problem(&error);
                continue;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            names += 1;
            if names > limits.names || !go_on() {
                walked.cut |= names > limits.names;
                return walked;
            }
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let path = entry.path();
            let Ok(plain) = entry.file_type() else { continue };
            let kind = Kind::of_file(&path);
            // Only what may be one of ours is looked at closer: on a network that takes its time.
            if plain.is_file() && kind.is_none() {
                continue;
            }
            let Ok(metadata) = std::fs::metadata(&path) else { continue };
            if metadata.is_dir() {
                if depth < limits.depth {
                    folders.push_back((path, depth + 1));
                } else {
                    walked.cut = true;
                }
            } else if let (Some(kind), true) = (kind, metadata.is_file()) {
                if files == limits.files {
                    walked.cut = true;
                    return walked;
                }
                files += 1;
                let modified = metadata.modified().ok();
                found(Found { path, kind, size_bytes: metadata.len(), modified });
            }
        }
    }
    walked
}
