//! A recording as a player delivers it, and as a network can learn from it: read, trimmed, lined up, upright, free of
//! a constant offset, and looked at ([`crate::checks`]).
//!
//! What is put right is put right in the target; the input stays what was sent into the gear. Everything that was
//! found is in [`Recording::findings`], in words for the player.

pub mod delay;
pub mod files;
mod fourier;
mod offset;
mod onset;
pub mod passes;
mod spectra;
mod split;

pub use delay::Delay;
pub use files::Channel;
pub(crate) use fourier::correlate;
pub(crate) use offset::{SMALL_OFFSET, in_silence, mean};
pub use passes::Passes;
pub(crate) use spectra::Spectra;
pub use split::Split;

use crate::TrainerError;
use crate::checks::{self, Facts};
use crate::data::Pair;
use crate::finding::{Finding, Verdict};
use crate::signal::Known;
use serde::Deserialize;
use std::ops::Range;
use std::path::Path;

/// By how many samples a target that was moved answers late: as measured, room for the error of the measurement, so
/// that a causal network can always learn it.
pub const MARGIN_SAMPLES: i64 = 1;

/// Delays that are left as they are, in samples: small enough to be nothing, late enough to be learned.
const LEFT_ALONE: Range<f64> = -0.5..2.5;

/// By how much the onset may be found early.
const EARLY_SAMPLES: i64 = 6;

/// What to do with an inverted target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// It is turned, so that the model goes up where the guitar does and can be mixed with other tracks.
    #[default]
    Upright,
    /// It stays as it was recorded.
    Keep,
}

/// How a recording is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The channel of files that have two.
    pub channel: Channel,
    /// What to do with an inverted target.
    pub polarity: Polarity,
    /// What the network can remember, if it is known.
    pub memory: Option<Memory>,
    /// How a recording of the same gear was lined up: the one to train from, for its held-out one.
    pub expected: Option<LinedUp>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { channel: Channel::Auto, polarity: Polarity::Upright, memory: None, expected: None }
    }
}

/// What a network can remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Its receptive field at 48 kHz, in samples.
    pub samples: usize,
    /// Whether its dilations grow with the rate above that, so that it remembers as long.
    pub stretches: bool,
}

impl Memory {
    /// Its receptive field at a rate, in samples.
    pub fn samples_at(self, rate_hz: u32) -> usize {
        let factor = if self.stretches { (f64::from(rate_hz) / 48e3).max(1.0) } else { 1.0 };
        (self.samples as f64 * factor).round() as usize
    }
}

/// How a recording was lined up. One of the same gear that needs nearly the same gets the same, as both measurements
/// are a little off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinedUp {
    /// As [`Recording::delay_samples`].
    pub delay_samples: f64,
    /// As [`Recording::shift_samples`].
    pub shift_samples: i64,
    /// As [`Recording::offset`].
    pub offset: f64,
}

/// A pair of recordings, put right, and what was found on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What went into the gear, full scale 1.
    pub input: Vec<f32>,
    /// What came out of it, lined up: as long as the input.
    pub target: Vec<f32>,
    /// Sample rate in Hz.
    pub rate_hz: u32,
    /// What was found, in the order of the checks.
    pub findings: Vec<Finding>,
    /// By how many samples the target was late as delivered; negative where it led. Beyond what the gear's own
    /// frequency response takes.
    pub delay_samples: f64,
    /// By how many samples the target was moved: later where positive.
    pub shift_samples: i64,
    /// The constant part that was taken off the target, full scale 1.
    pub offset: f64,
    /// Whether the target came upside down, turned or not.
    pub inverted: bool,
    /// The test signal that the input is, if it is a known one.
    pub signal: Option<Known>,
    /// A part of the input that was played twice, in samples of this recording.
    pub passes: Option<Passes>,
    /// The error-to-signal ratio that noise leaves at best, if it could be measured.
    pub floor_esr: Option<f64>,
}

impl Recording {
    /// The most serious verdict.
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Fine)
    }

    /// How it was lined up.
    pub fn lined_up(&self) -> LinedUp {
        LinedUp { delay_samples: self.delay_samples, shift_samples: self.shift_samples, offset: self.offset }
    }

    /// A part of the pair alone.
    ///
    /// # Panics
    /// The range is not within it.
    pub fn part(&self, range: Range<usize>) -> Pair {
        let cut = |signal: &[f32]| signal[range.clone()].to_vec();
        Pair { input: cut(&self.input), target: cut(&self.target), rate_hz: self.rate_hz }
    }

    /// The pair alone.
    pub fn pair(&self) -> Pair {
        self.part(0..self.input.len())
    }
}

/// Reads a pair of audio files, puts right what can be, and looks at the rest. A recording that no model worth having
/// can come of is no error: see [`Recording::verdict`].
///
/// # Errors
/// A file is unreadable or empty, holds a sample that is no number, or has a channel too many; the rates differ; there
/// is too little for anything to be measured.
pub fn read(input: &Path, target: &Path, settings: &Settings) -> Result<Recording, TrainerError> {
    let (dry, wet) = (files::read(input, settings.channel)?, files::read(target, settings.channel)?);
    if dry.rate_hz != wet.rate_hz {
        let problem = format!(
            "{} Hz, but {} has {} Hz; export both at the same rate",
            wet.rate_hz,
            input.display(),
            dry.rate_hz
        );
        return Err(TrainerError::recording(target, problem));
    }
    if !RATES_HZ.contains(&dry.rate_hz) {
        let (rate, lowest, highest) = (dry.rate_hz, RATES_HZ.start(), RATES_HZ.end());
        let problem = format!("{rate} Hz, but a model has {lowest} to {highest} Hz; export both at 48000 Hz");
        return Err(TrainerError::recording(input, problem));
    }
    let mut findings = Vec::new();
    findings.extend(dry.finding("input"));
    findings.extend(wet.finding("target"));
    check_length(input, &dry)?;
    check_length(target, &wet)?;
    Ok(mend(dry.samples, wet.samples, dry.rate_hz, settings, findings))
}

/// Rates that models can have.
const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=768_000;
/// Nothing can be measured in less, in seconds.
const SHORTEST_SECONDS: f64 = 0.25;

/// Refuses a file that is too short for anything to be measured.
pub(crate) fn check_length(path: &Path, sound: &files::Mono) -> Result<(), TrainerError> {
    let seconds = sound.samples.len() as f64 / f64::from(sound.rate_hz);
    if seconds < SHORTEST_SECONDS {
        let problem = format!(
            "{seconds:.2} s long, and nothing can be measured in less than {SHORTEST_SECONDS} s; record at least 1 s, better a few minutes"
        );
        return Err(TrainerError::recording(path, problem));
    }
    Ok(())
}

/// Puts right and looks at a pair that is in memory, `findings` first.
pub fn mend(
    mut input: Vec<f32>,
    mut target: Vec<f32>,
    rate_hz: u32,
    settings: &Settings,
    mut findings: Vec<Finding>,
) -> Recording {
    findings.push(checks::lengths(input.len(), target.len(), rate_hz));
    let samples = input.len().min(target.len());
    input.truncate(samples);
    target.truncate(samples);
    // Looked at as delivered: what is clipped is so at the interface's full scale.
    let expected = settings.expected.map(|lined_up| lined_up.offset);
    let offset = in_silence(&target, rate_hz).or(expected).unwrap_or_else(|| mean(&target));
    findings.extend(checks::as_delivered(&input, &target, rate_hz, offset));
    target.iter_mut().for_each(|sample| *sample -= offset as f32);
    let delay = delay::find(&input, &target, rate_hz);
    let found = delay.is_clear();
    let onset_samples = if found { earlier_onset(&input, &target, &delay, rate_hz) } else { None };
    let shift_samples = if found { shift(&delay, onset_samples, settings.expected) } else { 0 };
    let inverted = found && delay.inverted;
    move_target(&mut input, &mut target, shift_samples);
    if inverted && settings.polarity == Polarity::Upright {
        target.iter_mut().for_each(|sample| *sample = -*sample);
    }
    let (signal, passes) = crate::signal::recognise(&input, rate_hz);
    let facts = Facts {
        input: &input,
        target: &target,
        rate_hz,
        delay: &delay,
        onset_samples,
        shift_samples,
        polarity: settings.polarity,
        passes: passes.as_ref(),
        signal: signal.as_ref(),
        receptive_field_samples: settings.memory.map(|memory| memory.samples_at(rate_hz)),
    };
    let looked = checks::aligned(&facts);
    let findings = checks::together(findings, looked.findings);
    Recording {
        delay_samples: if found { delay.samples } else { 0.0 },
        shift_samples,
        offset,
        inverted,
        signal,
        passes,
        floor_esr: looked.floor_esr,
        input,
        target,
        rate_hz,
        findings,
    }
}

/// From which lag on the target answers, if that is before the delay that its phase says.
fn earlier_onset(input: &[f32], target: &[f32], delay: &Delay, rate_hz: u32) -> Option<i64> {
    let lag = delay.samples.round() as i64;
    onset::onset(input, target, lag, rate_hz).filter(|onset| *onset < lag)
}

/// By how much to move the target later.
fn shift(delay: &Delay, onset: Option<i64>, expected: Option<LinedUp>) -> i64 {
    let samples = onset.map_or(delay.samples, |onset| onset as f64);
    // In time between both measurements.
    let is_in_time = onset.is_some_and(|onset| (-EARLY_SAMPLES..0).contains(&onset) && delay.samples > 0.0);
    let stays = is_in_time || LEFT_ALONE.contains(&samples);
    let shift = if stays { 0 } else { MARGIN_SAMPLES - samples.round() as i64 };
    let is_near =
        |e: &LinedUp| (e.delay_samples - delay.samples).abs() <= 1.0 || (e.shift_samples - shift).abs() <= 1;
    expected.filter(is_near).map_or(shift, |expected| expected.shift_samples)
}

/// Moves the target later, or earlier where negative, and leaves out what then has no counterpart.
pub(crate) fn move_target(input: &mut Vec<f32>, target: &mut Vec<f32>, later: i64) {
    let by = (later.unsigned_abs() as usize).min(input.len());
    let (first, last) = if later >= 0 { (input, target) } else { (target, input) };
    first.drain(..by);
    last.truncate(last.len() - by);
}
