//! Recordings as files: any that [`shared::audio`] reads, one channel of them.

use crate::TrainerError;
use crate::data::power;
use crate::finding::{Finding, Verdict};
use serde::Deserialize;
use shared::audio::read_wav;
use std::path::Path;

/// A channel this much weaker than the other, as a share of its power, holds nothing: -50 dB.
const EMPTY: f64 = 1e-5;
/// Channels that differ by less than this share of their power are the same.
const SAME: f64 = 1e-6;

/// The highest magnitude of a sample, +40 dBFS: no converter and no plugin goes so far beyond full scale.
const HIGHEST: f32 = 100.0;

/// Which channel of a stereo file is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The one that holds the sound; the left one if both do, which is said.
    #[default]
    Auto,
    /// The first.
    Left,
    /// The second.
    Right,
    /// The mean of all.
    Mix,
}

/// One channel of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Mono {
    /// The sound.
    pub samples: Vec<f32>,
    /// Sample rate in Hz.
    pub rate_hz: u32,
    /// Which channel was taken of how many, and why; empty for a mono file.
    pub note: String,
    /// Whether the player should look at that choice.
    is_a_guess: bool,
}

impl Mono {
    /// What to say about the choice of the channel; nothing for a mono file. `side` is "input" or "target".
    pub fn finding(&self, side: &str) -> Option<Finding> {
        (!self.note.is_empty()).then(|| Finding {
            check: "channels".into(),
            verdict: if self.is_a_guess { Verdict::Warning } else { Verdict::Mended },
            figure: format!("the {side} {}", self.note),
            advice: match self.is_a_guess {
                true => {
                    "say which with `channel: left`, `right` or `mix` (`--channel`), or export it as mono"
                        .into()
                }
                false => String::new(),
            },
        })
    }
}

/// Reads one channel of an audio file.
///
/// # Errors
/// The file is unreadable or empty, a sample is no number or far beyond full scale, or the file has not the channel asked for.
pub fn read(path: &Path, channel: Channel) -> Result<Mono, TrainerError> {
    let (mut channels, rate_hz) = read_wav(path)?;
    check_scale(path, &channels)?;
    let count = channels.len();
    let mut is_a_guess = false;
    // Which channel, or the mean of all.
    let (taken, note) = match (channel, count) {
        (_, 1) => (Some(0), String::new()),
        (Channel::Left, _) => (Some(0), format!("has {count} channels, of which the left one was taken")),
        (Channel::Right, 2) => (Some(1), "has 2 channels, of which the right one was taken".into()),
        (Channel::Mix, _) => (None, format!("has {count} channels, which were mixed")),
        (Channel::Auto, 2) => {
            let difference: Vec<f32> = channels[0].iter().zip(&channels[1]).map(|(l, r)| l - r).collect();
            let [left, right] = [power(&channels[0]), power(&channels[1])];
            let (taken, note) = if power(&difference) <= SAME * left.max(right) {
                (0, "is mono in a stereo file: both channels are the same, and one was taken")
            } else if right < EMPTY * left {
                (0, "is mono in a stereo file: the right channel is empty, the left one was taken")
            } else if left < EMPTY * right {
                (1, "is mono in a stereo file: the left channel is empty, the right one was taken")
            } else {
                is_a_guess = true;
                (0, "has 2 channels that differ, of which the left one was taken")
            };
            (Some(taken), note.into())
        }
        (Channel::Right | Channel::Auto, _) => {
            let problem = format!("{count} channels, one or two are needed; export the recording as mono");
            return Err(TrainerError::recording(path, problem));
        }
    };
    let samples = match taken {
        Some(index) => channels.swap_remove(index),
        None => mean(&channels),
    };
    Ok(Mono { samples, rate_hz, note, is_a_guess })
}

/// Refuses samples on another scale, such as whole numbers in a float file. What the checks say of them would lead astray.
fn check_scale(path: &Path, channels: &[Vec<f32>]) -> Result<(), TrainerError> {
    let outside = |samples: &Vec<f32>| samples.iter().position(|sample| sample.abs() > HIGHEST);
    let found = channels.iter().enumerate().filter_map(|(i, samples)| Some((outside(samples)?, i + 1)));
    // The first in time, as for a sample that is no number.
    let Some((frame, channel)) = found.min() else { return Ok(()) };
    let value = channels[channel - 1][frame];
    let problem = format!(
        "sample {frame} of channel {channel} is {value}, more than 40 dB above full scale, which is 1; export the recording again, at a lower level or as 24 bit"
    );
    Err(TrainerError::recording(path, problem))
}

/// The mean of all channels.
pub fn mean(channels: &[Vec<f32>]) -> Vec<f32> {
    let frames = channels.first().map_or(0, Vec::len);
    let count = channels.len() as f32;
    (0..frames).map(|i| channels.iter().map(|c| c[i]).sum::<f32>() / count).collect()
}
