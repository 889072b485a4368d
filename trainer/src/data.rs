//! Paired recordings, cut so that every segment has its context.

use crate::TrainerError;
use std::ops::Range;
use std::path::Path;

/// Shortest recording that can be trained from, in seconds.
pub const MIN_SECONDS: f64 = 1.0;
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
    takes: Vec<Take>,
}

/// One recording of a part, made at one setting of the gear's knobs.
#[derive(Clone, Debug, PartialEq)]
pub struct Take {
    /// Its samples of target.
    pub range: Range<usize>,
    /// Where the knobs stood, in their own figures; nothing for gear without knobs.
    pub settings: Vec<f32>,
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
        let target = pair.target[start..].to_vec();
        let takes = vec![Take { range: 0..target.len(), settings: Vec::new() }];
        Self { input, target, context_samples, takes }
    }

    /// Puts recordings of the same network's context one behind the other, each with the settings it was made at. Between two of them lies
    /// as much silence as the network remembers, so that none hears the one before; nothing is learned there.
    pub fn join(parts: Vec<(Self, Vec<f32>)>) -> Self {
        let mut whole = Self { input: Vec::new(), target: Vec::new(), context_samples: 0, takes: Vec::new() };
        for (part, settings) in parts {
            if !whole.takes.is_empty() {
                whole.target.resize(whole.target.len() + whole.context_samples, 0.0);
            }
            let begin = whole.target.len();
            whole.takes.push(Take { range: begin..begin + part.target.len(), settings });
            whole.input.extend(part.input);
            whole.target.extend(part.target);
            whole.context_samples = part.context_samples;
        }
        whole
    }

    /// The recordings it is made of.
    pub fn takes(&self) -> &[Take] {
        &self.takes
    }

    /// Moves a segment of `samples` outputs so that it lies in one recording: where it begins, and that recording's place in
    /// [`Part::takes`]. No recording is shorter than a segment.
    pub fn place(&self, start: usize, samples: usize) -> (usize, usize) {
        let take = self.takes.partition_point(|take| take.range.start <= start).max(1) - 1;
        let range = &self.takes[take].range;
        (start.min(range.end.saturating_sub(samples)).max(range.start), take)
    }

    /// Error-to-signal ratio of an output: the mean of those of its recordings, so that a quiet setting counts as much as a loud one.
    pub fn esr(&self, output: &[f32]) -> f64 {
        self.esr_of_takes(output).sum::<f64>() / self.takes.len().max(1) as f64
    }

    /// The same of each recording.
    pub fn esr_of_takes(&self, output: &[f32]) -> impl Iterator<Item = f64> {
        self.takes.iter().map(|take| {
            let range = take.range.clone();
            crate::evaluate::esr(&output[range.clone()], &self.target[range])
        })
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
