//! What was read of files, so that it need not be read again: in memory, and on disk from one start to the next.

use super::{Facts, FilePath, ModelFacts, Reading, ResponseFacts};
use crate::amp::ContentHash;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use shared::model::Card;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Larger caches are read anew from the files, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Another number for each way of reading a file: what an older version read is forgotten.
const VERSION: u32 = 1;

const NAME: &str = "library-cache.json";

/// A file's state: it is read again where this is another.
pub(super) type Stamp = (u64, Option<SystemTime>);

/// The cache.
#[derive(Debug)]
pub(super) struct Cache {
    path: Option<PathBuf>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    files: HashMap<PathBuf, Cached>,
    /// There is more in memory than on disk.
    changed: bool,
    /// It was read from the disk.
    loaded: bool,
}

#[derive(Clone, Debug)]
struct Cached {
    stamp: Stamp,
    /// `None` where only the hash was asked for.
    reading: Option<Reading>,
    hash: Option<ContentHash>,
}

impl Cache {
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { path: folder.map(|folder| folder.join(NAME)), known: Mutex::default() }
    }

    /// What was read of a file, if it is still in that state.
    pub fn reading(&self, path: &Path, stamp: Stamp) -> Option<(Reading, Option<ContentHash>)> {
        let cached = self.get(path, stamp)?;
        Some((cached.reading?, cached.hash))
    }

    /// The hash of a file, if it is known in that state.
    pub fn hash(&self, path: &Path, stamp: Stamp) -> Option<ContentHash> {
        self.get(path, stamp)?.hash
    }

    /// A copy, so that no lock is held while the disk is waited for.
    fn get(&self, path: &Path, stamp: Stamp) -> Option<Cached> {
        self.known.lock().files.get(path).filter(|cached| cached.stamp == stamp).cloned()
    }

    /// Remembers what was read.
    pub fn keep(&self, path: &Path, stamp: Stamp, reading: Reading, hash: Option<ContentHash>) {
        self.put(path, Cached { stamp, reading: Some(reading), hash });
    }

    /// Remembers a hash.
    pub fn keep_hash(&self, path: &Path, stamp: Stamp, hash: ContentHash) {
        let reading = self.get(path, stamp).and_then(|cached| cached.reading);
        self.put(path, Cached { stamp, reading, hash: Some(hash) });
    }

    fn put(&self, path: &Path, cached: Cached) {
        let mut known = self.known.lock();
        known.files.insert(path.to_owned(), cached);
        known.changed = true;
    }

    /// Reads what an earlier process left, once. What is damaged is read anew from the files.
    pub fn load(&self) {
        if std::mem::replace(&mut self.known.lock().loaded, true) {
            return;
        }
        let Some(path) = &self.path else { return };
        let read = shared::fs::read_limited(path, MAX_BYTES).ok();
        let saved = read.and_then(|bytes| serde_json::from_slice::<Saved>(&bytes).ok());
        let Some(saved) = saved.filter(|saved| saved.version == VERSION) else { return };
        let mut known = self.known.lock();
        for file in saved.files {
            let (path, cached) = file.read();
            known.files.entry(path).or_insert(cached);
        }
    }

    /// Writes what was read since; of files that `is_wanted` no more, nothing. A cache that cannot be written is no loss.
    pub fn save(&self, is_wanted: impl Fn(&Path) -> bool) {
        let files = {
            let mut known = self.known.lock();
            let before = known.files.len();
            known.files.retain(|path, _| is_wanted(path));
            if !std::mem::take(&mut known.changed) && known.files.len() == before {
                return;
            }
            known.files.iter().map(|(path, cached)| SavedFile::new(path, cached)).collect()
        };
        let Some(path) = &self.path else { return };
        if let (Ok(json), Some(folder)) =
            (serde_json::to_vec(&Saved { version: VERSION, files }), path.parent())
        {
            let _ = std::fs::create_dir_all(folder).and_then(|()| shared::fs::write_atomic(path, &json));
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    files: Vec<SavedFile>,
}

#[derive(Serialize, Deserialize)]
struct SavedFile {
    path: FilePath,
    size: u64,
    /// Nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reading: Option<SavedReading>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedReading {
    Model {
        card: Vec<(String, String)>,
        architecture: String,
        weights: Option<usize>,
        field: Option<usize>,
        recurrent: bool,
    },
    Response(ResponseFacts),
    Refused(String),
}

impl SavedFile {
    fn new(path: &Path, cached: &Cached) -> Self {
        let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).ok();
        let modified = cached.stamp.1.and_then(since).and_then(|d| u64::try_from(d.as_nanos()).ok());
        let reading = cached.reading.as_ref().and_then(|reading| match reading {
            Reading::Pending => None,
            Reading::Refused(problem) => Some(SavedReading::Refused(problem.clone())),
            Reading::Ready(Facts::Response(facts)) => Some(SavedReading::Response(*facts)),
            Reading::Ready(Facts::Model(facts)) => Some(SavedReading::Model {
                card: facts.card.to_metadata(),
                architecture: facts.architecture.clone(),
                weights: facts.weights,
                field: facts.receptive_field_samples,
                recurrent: facts.is_recurrent,
            }),
        });
        let hash = cached.hash.map(|hash| hash.to_string());
        Self { path: FilePath(path.to_owned()), size: cached.stamp.0, modified, hash, reading }
    }

    fn read(self) -> (PathBuf, Cached) {
        let modified =
            self.modified.and_then(|ns| UNIX_EPOCH.checked_add(std::time::Duration::from_nanos(ns)));
        let reading = self.reading.and_then(|reading| match reading {
            SavedReading::Refused(problem) => Some(Reading::Refused(problem)),
            SavedReading::Response(facts) => Some(Reading::Ready(Facts::Response(facts))),
            SavedReading::Model { card, architecture, weights, field, recurrent } => {
                let pairs = card.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                let card = Card::from_metadata(pairs, "").ok()?;
                Some(Reading::Ready(Facts::Model(Box::new(ModelFacts {
                    card,
                    architecture,
                    weights,
                    receptive_field_samples: field,
                    is_recurrent: recurrent,
                }))))
            }
        });
        let hash = self.hash.and_then(|hash| hash.parse().ok());
        (self.path.0, Cached { stamp: (self.size, modified), reading, hash })
    }
}
