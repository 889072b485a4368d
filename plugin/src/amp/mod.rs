//! What the rack is filled with: wishes for models and loudspeakers, and the thread that fetches them.
//!
//! ```text
//!  editor, host ──► Desk ──► loader thread ──► Link ──► Rack (audio thread)
//!               wishes      reads, builds,   ◄──      plays, crossfades,
//!                           warms up, frees  old ones  gives old ones back
//! ```

mod cabs;
mod desk;
mod fetch;
mod hash;
mod hold;
mod info;
mod knobs;
mod levels;
mod loader;
mod patience;
mod probes;
mod source;
mod status;
mod steps;
mod turn;
mod turns;
mod voice;

pub use cabs::CabInfo;
pub use desk::{DEFAULT_CAB_SLOTS, Desk, Errand, Quality, Wish, default_slot};
pub use hash::{ContentHash, NoHash};
pub use hold::{Held, begin_loading, is_loading};
pub use info::{ModelInfo, Sizes, architecture};
pub use knobs::{KNOBS, Positions, UNTURNED, figures, live, position, setting, settings};
pub use levels::{MissingLevel, NORMAL_LOUDNESS_DBFS};
pub use loader::{Loader, MAX_PATH_BYTES, StatusReader};
pub use patience::Patience;
pub use source::{Choice, OwnFile, Part, SavedSource, Source};
pub use status::{Origin, PartStatus, Status};
pub use steps::{Stepped, Steps, Way};
pub use turn::Turn;
pub use voice::{Manner, Voice, base_latency_samples};
