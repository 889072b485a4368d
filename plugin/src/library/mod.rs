//! What a player owns: models and impulse responses in folders of their own, found again and never lost.
//!
//! ```text
//!  library.yaml ◄─► Settings ─┐                         ┌─► Snapshot ──► window
//!  (folders, favourites,      ├─► scanner thread ───────┤
//!   recents)                  │   walks, reads cards    └─► Cache ──► find_by_hash, find_by_name
//!  folders of the player ─────┘
//! ```
//!
//! There is one [`Library`] a process, made when a window or a step first asks for it and shared by all instances. Nothing in here is for an
//! audio thread, and nothing that the window calls waits for a disk.

mod cache;
mod choice;
mod entry;
mod find;
mod kept;
mod names;
mod pin;
mod places;
mod read;
mod scan;
mod search;
mod settings;
mod step;
mod store;
#[cfg(test)]
mod tests;
mod walk;

pub use choice::{Choice, FilePath, Kind};
pub use entry::{Entry, Facts, ModelFacts, Reading, ResponseFacts};
pub use names::natural;
pub use pin::pin_module;
pub use places::{FOLDER_VARIABLE, config_folder};
pub use scan::{Library, Snapshot};
pub use search::{Query, Scope, search};
pub use settings::{Mark, Order, Settings};
pub use step::{Browsing, SavedBrowsing, Stepper, neighbour, stepped};
