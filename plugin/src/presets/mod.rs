//! Presets: sounds as plain files, those that come along and the player's own.
//!
//! ```text
//!  file ◄─► Preset ─► Sound ─► Dials ─► parameters, desk ─► host, rack
//!                       │
//!                       └────► Studio: a rack beside the host's, for files and comparisons
//! ```

mod chosen;
mod console;
mod dials;
mod document;
mod edits;
mod factory;
mod history;
mod rename;
mod shelf;
mod sound;
mod studio;
mod value;

pub use chosen::{Chosen, KeptPlace, PresetStepper};
pub use console::Console;
pub use dials::{Dials, Kind};
pub use document::{Preset, PresetError};
pub use edits::{Edit, Edits};
pub use factory::{FactoryPreset, PRESETS};
pub use history::History;
pub use shelf::{Deleted, Entry, Place, Shelf, found};
pub use sound::Sound;
pub(crate) use sound::slot_id;
pub use studio::{Files, Studio, Surroundings};
