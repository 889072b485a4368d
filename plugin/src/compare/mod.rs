//! A and B: two sounds side by side, equally loud.
//!
//! ```text
//! audio thread ─► DryRing ─► Scales (a thread) ─► Levels ─► Compare ─► match gain ─► rack
//!               what came in   Studio A, Studio B
//! ```

mod carrier;
mod kept;
mod loudness;
mod phrase;
mod ring;
mod scales;

pub use carrier::Carrier;
pub use kept::{Compare, KeptCompare, KeptSound, Side};
pub use loudness::{Levels, WeighError, match_gains, weigh, weigh_each};
pub use phrase::phrase;
pub use ring::{DryRing, HEARD_SECONDS, Recording};
pub use scales::{Load, Scales};
