//! The file of the settings: read, changed by several processes, and kept aside where it is damaged.

use super::settings::{Change, Settings};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Larger files are no settings, in bytes.
const MAX_BYTES: u64 = 16 << 20;

const NAME: &str = "library.yaml";
const LOCK: &str = "library.lock";

/// How many damaged files are kept aside.
const MOST_ASIDE: usize = 99;

/// What is known after the file was read or written.
#[derive(Debug)]
pub(super) struct Stored {
    pub settings: Settings,
    /// What the player should know.
    pub note: Option<String>,
    /// The changes are in the file, or can be in none.
    pub written: bool,
}

/// Where the settings are kept; nowhere, if the system knows no such place.
#[derive(Debug)]
pub(super) struct Store {
    folder: Option<PathBuf>,
}

enum Content {
    Missing,
    Read(Box<Settings>),
    Damaged(String),
    /// Not to be written over: nobody knows what is in it.
    Unreadable(String),
}

impl Store {
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// Reads the file. What is `known` is what stands where nothing can be read.
    pub fn read(&self, known: &Settings) -> Stored {
        let Some(folder) = &self.folder else { return nowhere(known.clone()) };
        let path = folder.join(NAME);
        let mut found = content(&path);
        // Read again with the lock: another process may have mended it, and what is moved aside must not be its work.
        let _lock = matches!(found, Content::Damaged(_)).then(|| {
            let lock = lock(folder);
            found = content(&path);
            lock
        });
        let (settings, note) = match found {
            Content::Missing => (known.clone(), None),
            Content::Read(settings) => (*settings, None),
            Content::Damaged(problem) => (known.clone(), Some(keep_aside(&path, &problem))),
            Content::Unreadable(problem) => (known.clone(), Some(problem)),
        };
        Stored { settings, note, written: true }
    }

    /// Repeats `changes` on what is in the file now. What is `known` has them already: it stands where there is no file, so that one that was
    /// deleted is not what a player loses.
    pub fn change(&self, known: &Settings, changes: &[Change]) -> Stored {
        let Some(folder) = &self.folder else { return nowhere(known.clone()) };
        let path = folder.join(NAME);
        let failed = |note: String| Stored { settings: known.clone(), note: Some(note), written: false };
        if let Err(error) = std::fs::create_dir_all(folder) {
            return failed(not_kept(folder, &error));
        }
        let _lock = lock(folder);
        let (mut settings, note) = match content(&path) {
            Content::Missing => (known.clone(), None),
            Content::Read(settings) => (*settings, None),
            Content::Damaged(problem) => (known.clone(), Some(keep_aside(&path, &problem))),
            Content::Unreadable(problem) => return failed(problem),
        };
        changes.iter().for_each(|change| change.apply(&mut settings));
        let text = match serde_saphyr::to_string(&settings) {
            Ok(text) => text,
            Err(error) => return failed(format!("The library's settings cannot be written: {error}")),
        };
        match shared::fs::write_atomic(&path, text.as_bytes()) {
            Ok(()) => Stored { settings, note, written: true },
            Err(error) => Stored { settings, note: Some(not_kept(folder, &error)), written: false },
        }
    }
}

/// Keeps other processes from writing for as long as it is held. Where a file system knows no locks, the last writer wins.
fn lock(folder: &Path) -> Option<File> {
    let lock = File::create(folder.join(LOCK)).ok()?;
    lock.lock().ok()?;
    Some(lock)
}

fn nowhere(settings: Settings) -> Stored {
    let note = "Folders and favourites last until Tonewright is closed: the system names no folder for settings. Set TONEWRIGHT_CONFIG \
                to one.";
    Stored { settings, note: Some(note.into()), written: true }
}

fn not_kept(folder: &Path, error: &std::io::Error) -> String {
    format!("Folders and favourites cannot be kept in {}: {error}.", folder.display())
}

fn content(path: &Path) -> Content {
    let unreadable = |problem: String| {
        Content::Unreadable(format!(
            "The library's settings in {} cannot be read: {problem}. Nothing is written over them; mend or move the file.",
            path.display()
        ))
    };
    let bytes = match shared::fs::read_limited(path, MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Content::Missing,
        Err(error) => return unreadable(error.to_string()),
    };
    let Ok(text) = String::from_utf8(bytes) else { return Content::Damaged("it is no text".into()) };
    if text.trim().is_empty() {
        return Content::Damaged("it is empty".into());
    }
    // The first line says what is wrong and where; the rest repeats the file.
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    match serde_saphyr::from_str::<Settings>(&text) {
        Ok(settings) => Content::Read(Box::new(settings)),
        Err(error) => Content::Damaged(first_line(error.to_string())),
    }
}

/// Gives a damaged file another name; says so.
fn keep_aside(path: &Path, problem: &str) -> String {
    let names = (1..=MOST_ASIDE).map(|number| path.with_file_name(format!("library.damaged-{number}.yaml")));
    let free = names.into_iter().find(|name| !name.exists());
    let moved = free.and_then(|name| std::fs::rename(path, &name).ok().map(|()| name));
    match moved {
        Some(name) => format!(
            "The library's settings were damaged ({problem}). They are kept as {}; folders and favourites begin anew.",
            name.display()
        ),
        None => format!("The library's settings in {} are damaged: {problem}.", path.display()),
    }
}
