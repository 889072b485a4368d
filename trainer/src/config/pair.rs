//! A recorded pair in a config.

use super::limits;
use crate::checks::Mode;
use crate::recording::{Channel, Memory, Polarity, Settings};
use serde::Deserialize;
use std::path::PathBuf;

/// A recorded pair: audio files of any kind, one or two channels, of one rate. Delay, length and offset are put right.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairFiles {
    /// What went into the gear.
    pub input: PathBuf,
    /// What came out.
    pub target: PathBuf,
    /// A held-out pair to measure with. Without one, a part of the recording is held out.
    #[serde(default)]
    pub validation: Option<Validation>,
    /// How much of the end is held out without a validation pair, in seconds. Without either, the second of two
    /// validation passes is, or the last fifth, at most ten seconds.
    #[serde(default, deserialize_with = "limits::held_out")]
    pub validation_seconds: Option<f64>,
    /// Which channel of stereo files is taken.
    #[serde(default)]
    pub channel: Channel,
    /// What is done with an inverted target.
    #[serde(default)]
    pub polarity: Polarity,
    /// Whether a recording that cannot give a good model ends the run.
    #[serde(default)]
    pub checks: Mode,
}

/// A held-out pair.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// What went into the gear.
    pub input: PathBuf,
    /// What came out.
    pub target: PathBuf,
}

impl PairFiles {
    /// The key of [`PairFiles::validation_seconds`].
    pub(crate) const HELD_OUT: &str = "data.pair.validation_seconds";

    /// A pair with all defaults.
    pub fn new(input: PathBuf, target: PathBuf) -> Self {
        Self {
            input,
            target,
            validation: None,
            validation_seconds: None,
            channel: Channel::Auto,
            polarity: Polarity::Upright,
            checks: Mode::Refuse,
        }
    }

    /// How it is read for a network that can remember so much.
    pub fn settings(&self, memory: Memory) -> Settings {
        Settings { channel: self.channel, polarity: self.polarity, memory: Some(memory), expected: None }
    }
}
