//! The word table: what people mean by a word, as curves, from three sets of data.
//!
//! | file | holds | in dB? | whose |
//! |---|---|---|---|
//! | `safe_eq.csv` | settings of the SAFE equaliser | yes | a user group each |
//! | `socialeq.csv` | 40-band curves, z-scored | no | one person each, with how consistent their ratings were |
//! | `eqdescriptors.json` | Audealize's mean curve of each word | no | nobody's |
//!
//! **Gain.** A z-scored curve says what is up and what is down, not how far. Each SocialEQ curve is given
//! the level that SAFE's users give theirs: the median root mean square of their settings without
//! level, of the words that both sets have. A word that SAFE's users support themselves
//! ([`SUPPORTED_USERS`], [`SUPPORTED_SETTINGS`]) is theirs alone.
//!
//! **Audealize** adds nothing to count: its 394 curves are the means of SocialEQ's, weighted by consistency
//! (they correlate to 0.999, and to 1.000 where SocialEQ has a single one). A word that both have is SocialEQ's,
//! so that nobody is counted twice; Audealize's curve is read, and named as a source, only where SocialEQ's are
//! missing.
//!
//! **Balance.** A user with n settings of a word weighs sqrt(n), as the mean of them: a few users made most
//! settings of warm and bright. A SocialEQ curve weighs as much as its ratings were consistent.
//!
//! **Rule.** Which words are kept is told in [`rule`].

mod build;
mod map;
mod read;
pub mod rule;

pub use build::{Built, build};
pub use read::{Observation, SOURCES, Source, read};

/// Users from which on a word is SAFE's alone.
pub const SUPPORTED_USERS: usize = 5;
/// Settings from which on a word is SAFE's alone.
pub const SUPPORTED_SETTINGS: usize = 20;
/// Settings below which a word is experimental. Only warm and bright have more.
pub const RELIABLE_SETTINGS: usize = 100;
