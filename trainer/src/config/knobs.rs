//! Gear with knobs.

use crate::checks::Mode;
use crate::recording::{Channel, Memory, Polarity, Settings};
use crate::virtual_capture::amp::MOST_DRIVE;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use shared::model::limits;
use std::path::PathBuf;

/// Recordings at several settings of the gear's knobs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnobFiles {
    /// Comma-separated values: columns `input` and `target`, and one for each knob; see [`Table`](crate::knobs::Table).
    pub table: PathBuf,
    /// A table of recordings to measure with, with the same knobs. Without one, the end of each recording is held out.
    #[serde(default)]
    pub validation: Option<PathBuf>,
    /// How much of the end of each is held out without that, in seconds.
    #[serde(default = "validation_seconds", deserialize_with = "super::limits::seconds")]
    pub validation_seconds: f64,
    /// The channel of recordings that have two.
    #[serde(default)]
    pub channel: Channel,
    /// What to do with inverted recordings.
    #[serde(default)]
    pub polarity: Polarity,
    /// Whether recordings that no model worth having can come of are refused.
    #[serde(default)]
    pub checks: Mode,
    /// In how many ways the weights can follow the knobs; four a knob if not given.
    #[serde(default, deserialize_with = "features")]
    pub features: Option<usize>,
}

impl KnobFiles {
    /// The key of [`KnobFiles::validation_seconds`].
    pub(crate) const HELD_OUT: &str = "data.knobs.validation_seconds";

    /// How the recordings are read, for a network that can remember so much.
    pub fn settings(&self, memory: Memory) -> Settings {
        Settings { channel: self.channel, polarity: self.polarity, memory: Some(memory), expected: None }
    }
}

fn validation_seconds() -> f64 {
    3.0
}

fn features<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let features = Option::<usize>::deserialize(deserializer)?;
    match features {
        Some(count) if !(1..=limits::KNOB_FEATURES).contains(&count) => {
            Err(D::Error::custom(format!("{count} features; 1 to {} are possible", limits::KNOB_FEATURES)))
        }
        features => Ok(features),
    }
}

/// Settings of the virtual gear's drive.
pub(super) fn drives<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
    let drives = Vec::<f32>::deserialize(deserializer)?;
    match drives.iter().find(|drive| !(0.0..=MOST_DRIVE as f32).contains(*drive)) {
        Some(drive) => Err(D::Error::custom(format!("a drive of {drive}; 0 to {MOST_DRIVE} are possible"))),
        None => Ok(drives),
    }
}
