//! The folder of a run: one run at a time, and only where it can write.

use crate::{TrainerError, checkpoint};
use shared::fs::Temporary;
use std::fs::{File, TryLockError};
use std::io::{Error, ErrorKind};
use std::path::Path;

/// The file in the folder that is locked. It stays, and says nothing: what counts is the lock, which the system lets go
/// with the process, however that ends.
const LOCK: &str = ".lock";

/// A name for trying whether a folder takes files: nothing is called so.
const TRIAL: &str = ".tonewright-trial";

/// A folder that belongs to one run, for as long as this lives.
#[derive(Debug)]
pub struct RunFolder {
    _lock: File,
}

impl RunFolder {
    /// Looks at the folder before anything is read. One that is there is opened; for one that is not, [`RunFolder::open`]
    /// makes it once it is needed, and only what will hold it is tried now.
    ///
    /// # Errors
    /// As for [`RunFolder::open`], as far as that can be known without making anything.
    pub fn open_if_there(folder: &Path, say: &dyn Fn(&str)) -> Result<Option<Self>, TrainerError> {
        if folder.exists() {
            return Self::open(folder, say).map(Some);
        }
        let above = folder.ancestors().skip(1);
        let mut above = above.map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
        if let Some(holds) = above.find(|path| path.exists()) {
            check_no_file(holds)?;
            Temporary::beside(&holds.join(TRIAL)).map_err(|e| unusable(folder, &e))?;
        }
        Ok(None)
    }

    /// Makes the folder if it is not there, makes sure that a checkpoint can be written into it, and keeps others out.
    /// File systems without locks let everybody in; `say` is told.
    ///
    /// # Errors
    /// The folder cannot be made or written into, or another run is in it.
    pub fn open(folder: &Path, say: &dyn Fn(&str)) -> Result<Self, TrainerError> {
        check_no_file(folder)?;
        std::fs::create_dir_all(folder).map_err(|e| unusable(folder, &e))?;
        let [checkpoint, _] = checkpoint::paths(folder);
        // Said now, not when the first checkpoint is due.
        Temporary::beside(&checkpoint).map_err(|e| unusable(&checkpoint, &e))?;
        let path = folder.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|e| unusable(&path, &e))?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(TrainerError::Busy { folder: folder.to_owned() }),
            Err(TryLockError::Error(error)) => {
                let path = path.display();
                say(&format!(
                    "warning: {path} cannot be locked ({error}); see that no other run uses this folder"
                ));
            }
            Ok(()) => {}
        }
        Ok(Self { _lock: file })
    }
}

fn check_no_file(folder: &Path) -> Result<(), TrainerError> {
    match folder.exists() && !folder.is_dir() {
        true => {
            let problem =
                "this is a file, where a folder is needed; move it away, or choose another folder with --out";
            Err(TrainerError::file(folder, Error::new(ErrorKind::NotADirectory, problem)))
        }
        false => Ok(()),
    }
}

/// What the system says of a folder, and what to do about it.
fn unusable(path: &Path, error: &Error) -> TrainerError {
    let text = match error.kind() {
        // Room can be made; the advice comes with every such error.
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => error.to_string(),
        _ => format!("{error}; choose another folder with --out"),
    };
    TrainerError::file(path, Error::new(error.kind(), text))
}
