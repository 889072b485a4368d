//! What is done with the files of presets, on a thread beside the window.

use crate::library::pin_module;
use crate::presets::{Deleted, Dials, Entry, Preset, PresetError, Shelf};
use crossbeam::channel::{Receiver, TryRecvError, bounded};
use std::path::PathBuf;
use std::sync::Arc;

/// What is to be done. The list is read anew after each.
pub(super) enum Task {
    List,
    Save { preset: Box<Preset>, category: String, replace: bool },
    Rename { path: PathBuf, name: String },
    Delete { path: PathBuf },
    Restore(Deleted),
}

/// What was done.
pub(super) enum Done {
    Listed,
    Saved(PathBuf),
    Renamed { from: PathBuf, to: PathBuf },
    Deleted(Deleted),
    Restored,
}

/// What came of it, and the list as of then.
pub(super) type Finished = (Result<Done, PresetError>, Vec<Entry>);

/// A task under way.
pub(super) struct Work {
    finished: Receiver<Finished>,
}

impl Work {
    /// Starts.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(task: Task, shelf: Shelf, dials: Arc<Dials>) -> std::io::Result<Self> {
        let (sender, finished) = bounded(1);
        pin_module();
        std::thread::Builder::new().name("tonewright-presets".into()).spawn(move || {
            let done = task.run(&shelf, &dials);
            let entries = shelf.list(&dials);
            // Its parameters may be the last of an instance that is gone by now.
            drop(dials);
            // The window may be closed by now.
            let _ = sender.send((done, entries));
        })?;
        Ok(Self { finished })
    }

    /// What came of it, once it is done; `Some(None)` if the thread died of a mistake.
    pub fn take(&self) -> Option<Option<Finished>> {
        match self.finished.try_recv() {
            Ok(finished) => Some(Some(finished)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(None),
        }
    }
}

impl Task {
    fn run(self, shelf: &Shelf, dials: &Dials) -> Result<Done, PresetError> {
        Ok(match self {
            Self::List => Done::Listed,
            Self::Save { preset, category, replace } => {
                Done::Saved(shelf.save(&preset, &category, replace, dials)?)
            }
            Self::Rename { path, name } => {
                let to = shelf.rename(&path, &name, dials)?;
                Done::Renamed { from: path, to }
            }
            Self::Delete { path } => Done::Deleted(shelf.delete(&path)?),
            Self::Restore(deleted) => {
                shelf.restore(&deleted)?;
                Done::Restored
            }
        })
    }
}
