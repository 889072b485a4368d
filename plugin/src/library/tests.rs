//! The library from the outside: settings of several writers, folders of all sorts, searching, finding, steps.

mod finding;
mod folders;
mod searching;
mod settings;
mod stepping;

use super::{Entry, Facts, Library, Mark, Reading, Snapshot};
use crate::factory::MODELS;
use shared::audio::write_wav;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait for a thread that goes on regardless; only a mistake takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A library with a config folder of its own, and a folder for files.
struct Place {
    folder: TempDir,
    library: Library,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::at(Some(folder.path().join("config")), Some(folder.path().join("cache")));
        std::fs::create_dir(folder.path().join("files")).unwrap();
        Self { folder, library }
    }

    /// A second process with the same settings.
    fn other(&self) -> Library {
        Library::at(Some(self.config()), Some(self.folder.path().join("cache")))
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// A model file; another number is another content.
    fn model(&self, name: &str, number: usize) -> PathBuf {
        let path = self.files().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut model = MODELS[1].load().unwrap();
        model.card.name = format!("Model {number}");
        model.card.gear = "A box with knobs".into();
        model.save(&path).unwrap();
        path
    }

    fn response(&self, name: &str, seconds: f64) -> PathBuf {
        let path = self.files().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let samples = vec![0.5f32; (seconds * 8_000.0) as usize];
        write_wav(&path, &[samples], 8_000).unwrap();
        path
    }

    /// Adds the folder of files, and waits until all of it was read.
    fn scan(&self) -> Snapshot {
        self.library.add_folder(self.files());
        settled(&self.library)
    }
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn settled(library: &Library) -> Snapshot {
    until("the end of the scan", || {
        let snapshot = library.snapshot();
        !snapshot.scanning && snapshot.unread == 0 && !snapshot.entries.is_empty()
    });
    library.snapshot()
}

fn files(snapshot: &Snapshot) -> Vec<&Arc<Entry>> {
    snapshot.entries.iter().filter(|entry| entry.choice.path().is_some()).collect()
}

fn entry<'a>(snapshot: &'a Snapshot, path: &Path) -> &'a Entry {
    let found = snapshot.entries.iter().find(|entry| entry.choice.path() == Some(path));
    found.unwrap_or_else(|| panic!("{} is not listed", path.display()))
}

fn mark(path: &Path) -> Mark {
    let kind = super::Kind::of_file(path).unwrap();
    Mark { kind, choice: super::Choice::file(path), hash: None }
}
