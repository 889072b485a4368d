//! The amp: what turns the guitar's signal into sound, and the thread that fetches new models.
//!
//! ```text
//!  editor, host ──► Desk ──► loader thread ──► Link ──► Rig (audio thread)
//!               wishes      reads, builds,   ◄──      plays, crossfades,
//!                           warms up, frees  old ones  gives old ones back
//! ```

mod desk;
mod info;
mod loader;
mod rig;
mod scope;
mod telemetry;
mod voice;

pub use desk::{Desk, Patience, Quality, Wish};
pub use info::{ModelInfo, Sizes, architecture};
pub use loader::{Loader, MAX_PATH_BYTES, Status, StatusReader};
pub use rig::{Controls, Link, OUTPUT_LIMIT, Rig};
pub use scope::{EqView, SCOPE_SAMPLES, Scope};
pub use shared::chain::Format;
pub use telemetry::{METERED, Telemetry};
pub use voice::{Voice, base_latency_samples};

#[cfg(test)]
mod tests;
