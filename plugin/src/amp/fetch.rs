//! Where the player's own file is taken from: its place, the session, or wherever else it can be found.

use super::status::LoadError;
use super::{ContentHash, Desk, MAX_PATH_BYTES, Origin, OwnFile, Part, PartStatus};
use crate::session::{Blob, Finder, GoOn, file_of_content};
use shared::audio::AudioError;
use shared::dsp::response::ResponseError;
use shared::model::{ModelError, limits};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file of an impulse response, in bytes: longer ones than any that are convolved would fit.
const MAX_RESPONSE_BYTES: u64 = 128 << 20;

/// The bytes of a whole file.
pub(super) type Bytes = Arc<[u8]>;

/// What makes a model or a response of a file's bytes; the path is what the file is called.
pub(super) type Parse<'a, T> = &'a dyn Fn(&Bytes, &Path) -> Result<T, LoadError>;

/// What the loader knows of the player's own file, so that each version of it is read once.
#[derive(Debug)]
pub(super) struct Known {
    /// What it is by content; `None` if there is nothing to play.
    pub hash: Option<ContentHash>,
    pub status: PartStatus,
    /// What is still to be packed.
    unpacked: Option<Bytes>,
    /// Whether the file is still to be searched for, though something plays.
    astray: bool,
}

/// Looks for the player's own file.
pub(super) struct Fetcher<'a> {
    pub part: Part,
    pub own: &'a OwnFile,
    pub desk: &'a Desk,
    pub finder: &'a dyn Finder,
    /// Whether a search may take longer still.
    pub go_on: GoOn<'a>,
}

impl Fetcher<'_> {
    /// Takes the file from where it still is what it was: its place, the session, the player's folders. Failing that, one
    /// of its name.
    ///
    /// # Errors
    /// None of these is there, or what is there cannot be played.
    pub fn fetch<T>(&self, parse: Parse<T>) -> Result<(T, Known), LoadError> {
        let here = self.read_own();
        let known = |origin| self.known(origin);
        let Some(hash) = self.own.hash else {
            let parsed = here.and_then(|(bytes, hash)| Ok((parse(&bytes, self.path())?, bytes, hash)));
            let is_named = self.own.path.is_some() || self.own.name.is_some();
            return match parsed {
                Ok((parsed, bytes, hash)) => {
                    self.desk.identify(self.part, self.own.version, hash, bytes.len() as u64);
                    let known = Known { hash: Some(hash), unpacked: Some(bytes), ..known(Origin::File) };
                    Ok((parsed, known))
                }
                // Nobody is there to choose another one.
                Err(error) if self.own.restored && is_named => self.fetch_other(None, parse).ok_or(error),
                Err(error) => Err(error),
            };
        };
        let changed = match here {
            Ok((bytes, is)) if is == hash => {
                let parsed = parse(&bytes, self.path())?;
                return Ok((
                    parsed,
                    Known { hash: Some(hash), unpacked: Some(bytes), ..known(Origin::File) },
                ));
            }
            Ok((bytes, is)) => Some((bytes, is)),
            Err(_) => None,
        };
        let mut problem = None;
        if let Some(blob) = self.desk.pool().get(hash) {
            match blob.unpack() {
                Ok(bytes) => {
                    let parsed = parse(&bytes.into(), Path::new(&self.name()))?;
                    let mut known = Known { hash: Some(hash), astray: true, ..known(Origin::Carried) };
                    known.status.other = changed.and(self.own.path.clone());
                    return Ok((parsed, known));
                }
                Err(error) => {
                    self.desk.pool().remove(&blob);
                    problem = Some(error.to_string());
                }
            }
        }
        let found = self.find(hash).and_then(|path| {
            let (bytes, is) = self.read(&path).ok()?;
            (is == hash).then_some((bytes, path))
        });
        let result = match found {
            Some((bytes, path)) => {
                let parsed = parse(&bytes, &path)?;
                let known = Known { hash: Some(hash), unpacked: Some(bytes), ..known(Origin::Found(path)) };
                Some((parsed, known))
            }
            None => self.fetch_other(changed, parse),
        };
        let (parsed, mut known) = result.ok_or_else(|| LoadError::Missing { name: self.name() })?;
        known.status.problem = problem;
        Ok((parsed, known))
    }

    /// What is in the file's place now, else a file of its name. It is not what was saved: the session goes on
    /// asking for that.
    fn fetch_other<T>(&self, changed: Option<(Bytes, ContentHash)>, parse: Parse<T>) -> Option<(T, Known)> {
        let take = |bytes: &Bytes, hash, path: &Path| {
            let parsed = parse(bytes, path).ok()?;
            Some((parsed, Known { hash: Some(hash), ..self.known(Origin::Other(path.to_owned())) }))
        };
        changed.and_then(|(bytes, hash)| take(&bytes, hash, self.path())).or_else(|| {
            let path = self.finder.by_name(self.part, &self.name(), self.go_on)?;
            let (bytes, hash) = self.read(&path).ok()?;
            take(&bytes, hash, &path)
        })
    }

    /// What is known where there is nothing to play.
    pub fn missing(&self, error: &LoadError) -> Known {
        let mut known = self.known(Origin::Missing);
        known.status.problem = Some(error.to_string());
        known
    }

    /// Searches for a file whose copy inside the session plays. Returns whether there is something new to be said.
    pub fn trace(&self, known: &mut Known) -> bool {
        if !std::mem::take(&mut known.astray) {
            return false;
        }
        if let Some(path) = self.own.hash.and_then(|hash| self.find(hash)) {
            known.status.origin = Origin::Found(path);
            return true;
        }
        if known.status.other.is_none() {
            known.status.other = self.finder.by_name(self.part, &self.name(), self.go_on);
        }
        // What was broken off is done when nobody waits.
        known.astray = known.status.other.is_none() && !(self.go_on)();
        known.status.other.is_some()
    }

    /// Sees to it that the session carries the file, or says why it does not.
    pub fn pack(&self, known: &mut Known) {
        let (Some(bytes), Some(hash)) = (known.unpacked.take(), known.hash) else { return };
        let pool = self.desk.pool();
        let packed = pool.get(hash);
        // What a session brought along was not looked at yet.
        if packed.is_none_or(|blob| !blob.is_checked() && blob.unpack().is_err()) {
            match Blob::pack(hash, &bytes) {
                Ok(blob) => pool.put(Arc::new(blob)),
                Err(error) => known.status.not_carried = Some(error.to_string()),
            }
        }
    }

    fn known(&self, origin: Origin) -> Known {
        let status =
            PartStatus { origin, name: self.name(), version: self.own.version, ..PartStatus::default() };
        Known { hash: None, status, unpacked: None, astray: false }
    }

    fn path(&self) -> &Path {
        self.own.path.as_deref().unwrap_or(Path::new(""))
    }

    fn name(&self) -> String {
        let own = || self.path().file_name().map(|name| name.to_string_lossy().into_owned());
        self.own.name.clone().or_else(own).unwrap_or_else(|| "a file without a name".into())
    }

    /// A file of that content: beside where it was, as when it was renamed, or where the player keeps such files.
    fn find(&self, hash: ContentHash) -> Option<PathBuf> {
        let beside = self.own.path.as_deref().and_then(Path::parent);
        beside
            .and_then(|folder| file_of_content(folder, hash, self.own.bytes, self.go_on))
            .or_else(|| self.finder.by_hash(self.part, hash, &self.name(), self.own.bytes, self.go_on))
    }

    fn read_own(&self) -> Result<(Bytes, ContentHash), LoadError> {
        let Some(path) = &self.own.path else {
            return Err(if self.part == Part::Model { LoadError::NoFile } else { LoadError::NoResponse });
        };
        let bytes = path.as_os_str().len();
        if bytes > MAX_PATH_BYTES {
            return Err(LoadError::PathTooLong { bytes });
        }
        self.read(path)
    }

    fn read(&self, path: &Path) -> Result<(Bytes, ContentHash), LoadError> {
        let limit = if self.part == Part::Model { limits::FILE_BYTES } else { MAX_RESPONSE_BYTES };
        let path_of = || path.to_owned();
        let bytes: Bytes = shared::fs::read_limited(path, limit)
            .map_err(|source| match self.part {
                Part::Model => LoadError::Model(ModelError::File { path: path_of(), source }),
                _ => ResponseError::from(AudioError::File { path: path_of(), source }).into(),
            })?
            .into();
        let hash = ContentHash::of(&bytes);
        Ok((bytes, hash))
    }
}
