//! Paired recordings: read, checked, and cut so that every segment has its context.

use crate::TrainerError;
use shared::audio::read_wav;
use std::path::Path;

/// Shortest recording that can be trained from, in seconds.
pub const MIN_SECONDS: f64 = 1.0;
/// Samples beyond this are clipped as far as the checks are concerned.
const CLIP_LEVEL: f32 = 0.999;
/// Largest share of clipped samples in a target. Loud but undamaged recordings stay far below.
const MAX_CLIPPED: f64 = 0.02;
/// Largest constant offset of a recording.
const MAX_OFFSET: f64 = 0.02;
/// Quietest target, rms in dBFS.
const MIN_TARGET_DBFS: f64 = -70.0;

/// An input and what the gear made of it, one channel each, aligned.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// What went into the gear.
    pub input: Vec<f32>,
    /// What came out of it; as long as the input.
    pub target: Vec<f32>,
    /// Sample rate in Hz.
    pub rate_hz: u32,
}

impl Pair {
    /// Reads a pair of WAV files and refuses one that no network can learn from.
    ///
    /// # Errors
    /// A file is unreadable, empty, not mono, or holds a sample that is no number; the two differ
    /// in rate or length; one is silent, too short, clipped, or has a constant offset.
    pub fn read(input_path: &Path, target_path: &Path) -> Result<Self, TrainerError> {
        let pair = Self::read_unchecked(input_path, target_path)?;
        let seconds = pair.input.len() as f64 / f64::from(pair.rate_hz);
        if seconds < MIN_SECONDS {
            let problem =
                format!("{seconds:.2} s long; record at least {MIN_SECONDS} s, better a few minutes");
            return Err(TrainerError::recording(input_path, problem));
        }
        check_signal(input_path, &pair.input)?;
        check_signal(target_path, &pair.target)?;
        let clipped = pair.target.iter().filter(|s| s.abs() >= CLIP_LEVEL).count();
        let share = clipped as f64 / pair.target.len() as f64;
        if share > MAX_CLIPPED {
            return Err(TrainerError::recording(
                target_path,
                format!(
                    "{:.1} % of the samples are at full scale, so the recording is clipped; lower its level and record it again",
                    share * 100.0
                ),
            ));
        }
        Ok(pair)
    }

    /// Reads a pair of WAV files that only has to fit together: mono, equal in rate and length.
    ///
    /// # Errors
    /// A file is unreadable, empty, not mono, or holds a sample that is no number; the two differ
    /// in rate or length.
    pub fn read_unchecked(input_path: &Path, target_path: &Path) -> Result<Self, TrainerError> {
        let (input, rate_hz) = read_mono(input_path)?;
        let (target, target_hz) = read_mono(target_path)?;
        if target_hz != rate_hz {
            return Err(TrainerError::recording(
                target_path,
                format!(
                    "{target_hz} Hz, but {} has {rate_hz} Hz; export both at the same rate",
                    input_path.display()
                ),
            ));
        }
        if target.len() != input.len() {
            return Err(TrainerError::recording(
                target_path,
                format!(
                    "{} samples, but {} has {}; cut both to the same length, starting at the same moment",
                    target.len(),
                    input_path.display(),
                    input.len()
                ),
            ));
        }
        Ok(Self { input, target, rate_hz })
    }

    /// Splits off the last `seconds` for validation: what is left to train from, and the sample at
    /// which the held-out part begins. `None` if less than [`MIN_SECONDS`] would be left.
    pub fn split(&self, seconds: f64) -> Option<(Self, usize)> {
        let held_out = (seconds * f64::from(self.rate_hz)) as usize;
        let kept = self.input.len().checked_sub(held_out)?;
        if held_out == 0 || (kept as f64) < MIN_SECONDS * f64::from(self.rate_hz) {
            return None;
        }
        let (input, target) = (self.input[..kept].to_vec(), self.target[..kept].to_vec());
        Some((Self { input, target, rate_hz: self.rate_hz }, kept))
    }
}

/// Reads a WAV file of one channel.
///
/// # Errors
/// The file is unreadable, or has more channels.
pub fn read_mono(path: &Path) -> Result<(Vec<f32>, u32), TrainerError> {
    let (mut channels, rate_hz) = read_wav(path)?;
    match channels.len() {
        1 => Ok((channels.remove(0), rate_hz)),
        n => Err(TrainerError::recording(
            path,
            format!("{n} channels, one is needed; export the recording as mono"),
        )),
    }
}

/// Refuses silence, relative to which no error can be given.
///
/// # Errors
/// The signal is silent; `what` says which part of the file it is, and may be empty.
pub fn check_audible(path: &Path, what: &str, signal: &[f32]) -> Result<(), TrainerError> {
    let dbfs = 10.0 * power(signal).max(1e-30).log10();
    if dbfs < MIN_TARGET_DBFS {
        return Err(TrainerError::recording(
            path,
            format!("{what}{dbfs:.0} dBFS rms is silence; check the cable and the track that was exported"),
        ));
    }
    Ok(())
}

fn check_signal(path: &Path, signal: &[f32]) -> Result<(), TrainerError> {
    check_audible(path, "", signal)?;
    let count = signal.len() as f64;
    let offset = signal.iter().map(|&s| f64::from(s)).sum::<f64>() / count;
    if offset.abs() > MAX_OFFSET {
        return Err(TrainerError::recording(
            path,
            format!(
                "a constant offset of {offset:.3}; remove it (high-pass at 10 Hz) or fix the interface, and export again"
            ),
        ));
    }
    Ok(())
}

/// Hash of signals, to tell whether a recording is the one that a run was begun with. FNV-1a
/// (Fowler, Noll, Vo), a sample at a time; each signal's length counts, so that they cannot swap samples.
pub fn fingerprint(signals: &[&[f32]]) -> u64 {
    let step = |hash: u64, word: u64| (hash ^ word).wrapping_mul(0x0000_0100_0000_01B3);
    signals.iter().fold(0xCBF2_9CE4_8422_2325, |hash, signal| {
        let hash = step(hash, signal.len() as u64);
        signal.iter().fold(hash, |hash, sample| step(hash, u64::from(sample.to_bits())))
    })
}

/// Mean square of a signal.
pub fn power(signal: &[f32]) -> f64 {
    signal.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>() / signal.len().max(1) as f64
}

/// A part of a recording as a network sees it: the input with the context that the first and the
/// last output need, silence where nothing was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// `receptive field - 1` samples longer than the target.
    input: Vec<f32>,
    target: Vec<f32>,
    context_samples: usize,
}

impl Part {
    /// Takes `pair` from sample `start` on, for a network of this receptive field and look-ahead.
    /// What lies before `start` becomes context.
    pub fn new(pair: &Pair, start: usize, receptive_field_samples: usize, lookahead_samples: usize) -> Self {
        let context_samples = receptive_field_samples - 1;
        let before = context_samples - lookahead_samples;
        let known = before.min(start);
        let mut input = vec![0.0; before - known];
        input.extend_from_slice(&pair.input[start - known..]);
        input.resize(input.len() + lookahead_samples, 0.0);
        Self { input, target: pair.target[start..].to_vec(), context_samples }
    }

    /// Samples of target.
    pub fn len(&self) -> usize {
        self.target.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.target.is_empty()
    }

    /// The whole input, with the context in front of (and behind) it.
    pub fn input(&self) -> &[f32] {
        &self.input
    }

    /// What the network should answer.
    pub fn target(&self) -> &[f32] {
        &self.target
    }

    /// Copies the input that the outputs from `start` on need into `segment`, with silence behind
    /// the end of the recording.
    pub fn copy_input(&self, start: usize, segment: &mut [f32]) {
        let known = segment.len().min(self.input.len().saturating_sub(start));
        segment[..known].copy_from_slice(&self.input[start..start + known]);
        segment[known..].fill(0.0);
    }

    /// The target of `samples` outputs from `start` on.
    pub fn target_at(&self, start: usize, samples: usize) -> &[f32] {
        &self.target[start..start + samples]
    }

    /// Samples of input that one segment needs beyond its outputs.
    pub fn context_samples(&self) -> usize {
        self.context_samples
    }
}
