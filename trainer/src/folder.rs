//! The folder of a run: one run at a time, and only where it can write.

use crate::{TrainerError, checkpoint};
use shared::fs::Temporary;
use std::fs::{File, TryLockError};
use std::io::{Error, ErrorKind};
use std::path::Path;

/// The file in the folder that is locked. It stays, and says nothing: what counts is the lock, which the system lets go
/// with the process, however that ends.
const LOCK: &str = ".lock";

/// A folder that belongs to one run, for as long as this lives.
#[derive(Debug)]
pub struct RunFolder {
    _lock: File,
}

impl RunFolder {
    /// Makes the folder if it is not there, makes sure that a checkpoint can be written into it, and keeps others out.
    /// File systems without locks let everybody in; `say` is told.
    ///
    /// # Errors
    /// The folder cannot be made or written into, or another run is in it.
    pub fn open(folder: &Path, say: &dyn Fn(&str)) -> Result<Self, TrainerError> {
        if folder.exists() && !folder.is_dir() {
            let problem = "this is a file, where a folder is needed; move it away, or choose another --out";
            return Err(TrainerError::file(folder, Error::new(ErrorKind::NotADirectory, problem)));
        }
        std::fs::create_dir_all(folder).map_err(|e| TrainerError::file(folder, e))?;
        let [checkpoint, _] = checkpoint::paths(folder);
        // Said now, not when the first checkpoint is due.
        Temporary::beside(&checkpoint).map_err(|e| TrainerError::file(&checkpoint, e))?;
        let path = folder.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|e| TrainerError::file(&path, e))?;
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
