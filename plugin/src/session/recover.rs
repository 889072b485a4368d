//! Writes what a session carries into a file again.

use super::Blob;
use crate::library::pin_module;
use crossbeam::channel::{Receiver, bounded};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many names are tried in a folder.
const MAX_NAMES: usize = 100;

/// A copy that is being written, on a thread of its own: disks and network folders can take seconds.
#[derive(Debug)]
pub struct Recovery {
    done: Receiver<Result<PathBuf, String>>,
}

impl Recovery {
    /// Writes a copy into a folder, which is made if it is not there. A file that exists is not written over.
    pub fn start(blob: Arc<Blob>, folder: PathBuf, name: String) -> Self {
        let (sender, done) = bounded(1);
        let failed = sender.clone();
        pin_module();
        let started = std::thread::Builder::new().name("tonewright-recovery".into()).spawn(move || {
            // The window may be closed by now.
            let _ = sender.send(recover(&blob, &folder, &name));
        });
        if let Err(error) = started {
            let _ = failed.send(Err(error.to_string()));
        }
        Self { done }
    }

    /// Where the copy is, or why it could not be written, once that is known.
    pub fn take(&self) -> Option<Result<PathBuf, String>> {
        self.done.try_recv().ok()
    }
}

/// Writes a blob's file into a folder, under its name or one like it, unless it is there already. Returns where it
/// is.
///
/// # Errors
/// What is to be done about it, in words.
pub fn recover(blob: &Blob, folder: &Path, name: &str) -> Result<PathBuf, String> {
    let file = blob.unpack().map_err(|error| error.to_string())?;
    let refused = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(refused)?;
    // A session may call it anything.
    let name = Path::new(name).file_name().map_or_else(|| "recovered".into(), ToOwned::to_owned);
    let name = Path::new(&name);
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    let end = name.extension().map_or_else(String::new, |end| format!(".{}", end.to_string_lossy()));
    for count in 1..=MAX_NAMES {
        let other = if count == 1 { String::new() } else { format!(" {count}") };
        let path = folder.join(format!("{stem}{other}{end}"));
        if shared::fs::read_limited(&path, blob.bytes()).is_ok_and(|there| there == file) {
            return Ok(path);
        }
        match shared::fs::write_new(&path, &file) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(format!("{}: {error}", path.display())),
        }
    }
    let folder = folder.display();
    Err(format!(
        "{folder} holds {MAX_NAMES} files called like \"{}\" already; move some away",
        name.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::ContentHash;

    #[test]
    fn writes_over_nothing_and_nothing_twice() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("new").join("folder");
        let blob = |content: &[u8]| Blob::pack(ContentHash::of(content), content).unwrap();
        for (content, expected) in [("abc", "a.nam"), ("abd", "a 2.nam"), ("abc", "a.nam")] {
            let path = recover(&blob(content.as_bytes()), &inside, "../../a.nam").unwrap();
            assert_eq!(path, inside.join(expected));
            assert_eq!(std::fs::read_to_string(path).unwrap(), content);
        }
        assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 2);
        let path = recover(&blob(b"x"), &inside, "..").unwrap();
        assert_eq!(path, inside.join("recovered"));
    }
}
