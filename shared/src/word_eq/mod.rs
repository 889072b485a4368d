//! The word EQ: five bands that follow a word and listen to what is there already.
//!
//! ```text
//!  audio ──► WordEq (audio thread) ──► audio
//!              │ sound, controls  ▲ settings, at the next boundary
//!              ▼                  │
//!            listener thread: Features ► encoder ► target ► decoder
//! ```

mod analyser;
mod balance_estimate;
mod controls;
mod equaliser;
mod error;
mod features;
mod glide;
mod headroom;
mod latent;
mod learned;
mod lexicon;
mod listener;
mod loudness;
mod model;
mod monitor;
mod networks;
mod path;
mod polish;
mod reference;
mod settings;
mod solo;
mod table;
mod target;

pub use controls::{
    BandControls, Controls, FREQUENCY_RANGE_OCTAVES, MAX_SPEED_SECONDS, MIN_SPEED_SECONDS, Q_RANGE_OCTAVES,
    Reference,
};
pub use equaliser::{Mode, TAIL_SECONDS, WordEq};
pub use error::WordEqError;
pub use features::{
    FEATURE_ROWS, FEATURES, Features, NOVELTY_ROW, RECENT_FRAMES, RECENT_ROW, analysis_samples,
};
pub use latent::{GRID, LATENT, Latent, LatentSpace, SPACE_RATE_HZ, grid_hz};
pub use learned::LearnedReference;
pub use model::EqModel;
pub use monitor::{Hearing, Monitor, Reading};
pub use networks::{Networks, OnnxNetworks};
pub use polish::Polish;
pub use reference::NamedReference;
pub use settings::{
    BAND_RANGES, BANDS, BandRange, BandSettings, EqSettings, MAX_GAIN_DB, MAX_Q, MIN_Q, VALUES,
};
pub use table::{Curve, Kind, Neutral, WORD_SLOTS, Word, WordTable};
pub use target::{AUDIBLE_DB, heard_share, wanted, wanted_with};

#[cfg(test)]
mod tests;
