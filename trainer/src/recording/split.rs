//! Which part of a recording is held out to measure with.

use super::Recording;
use crate::data::MIN_SECONDS;
use std::ops::Range;

/// Longest part that is held out unless a config says otherwise, in seconds.
const MOST_SECONDS: f64 = 10.0;
/// Share of a short recording that is held out.
const SHARE: f64 = 0.2;

/// What to train from and what to measure with, in samples. They have no sample in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// To train from.
    pub train: Range<usize>,
    /// To measure with; what lies before it in the recording is its context.
    pub held_out: Range<usize>,
    /// Why so, for the player.
    pub reason: String,
}

impl Recording {
    /// Splits the recording. Without `seconds` the second of two validation passes is held out, and the first one left
    /// out of training, as it is the same; a recording without passes keeps its last fifth, at most ten seconds.
    /// `None` if less than [`MIN_SECONDS`] would be left to train from, or nothing to measure with.
    pub fn split(&self, seconds: Option<f64>) -> Option<Split> {
        let rate = f64::from(self.rate_hz);
        let enough = |train: &Range<usize>| train.len() as f64 >= MIN_SECONDS * rate;
        if let (None, Some(passes)) = (seconds, self.passes.filter(|passes| passes.for_validation)) {
            let between = passes.first + passes.samples..passes.second;
            let before = 0..passes.first;
            let train = if between.len() > before.len() { between } else { before };
            if enough(&train) {
                let reason = format!(
                    "the last {:.1} s, the second pass of what is played twice; the first is left out",
                    passes.samples as f64 / rate
                );
                return Some(Split {
                    train,
                    held_out: passes.second..passes.second + passes.samples,
                    reason,
                });
            }
        }
        let all = self.input.len() as f64 / rate;
        let seconds = seconds.unwrap_or_else(|| default_seconds(all));
        let held_out = (seconds * rate) as usize;
        let kept = self.input.len().checked_sub(held_out)?;
        let reason = format!("the last {seconds} s");
        (held_out > 0 && enough(&(0..kept))).then_some(Split {
            train: 0..kept,
            held_out: kept..self.input.len(),
            reason,
        })
    }
}

/// What is held out of a recording of so many seconds: whole seconds where there is one.
fn default_seconds(all: f64) -> f64 {
    let seconds = (SHARE * all).min(MOST_SECONDS);
    if seconds >= 1.0 { seconds.floor() } else { seconds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Passes;

    fn recording(seconds: usize, passes: Option<Passes>) -> Recording {
        Recording {
            input: vec![0.0; seconds * 1_000],
            target: vec![0.0; seconds * 1_000],
            rate_hz: 1_000,
            findings: Vec::new(),
            delay_samples: 0.0,
            shift_samples: 0,
            inverted: false,
            signal: None,
            passes,
            floor_esr: None,
        }
    }

    #[test]
    fn a_fifth_and_at_most_ten_seconds_are_held_out() {
        let held = |seconds, asked| recording(seconds, None).split(asked).map(|split| split.held_out);
        assert_eq!(held(21, None), Some(17_000..21_000));
        assert_eq!(held(190, None), Some(180_000..190_000));
        assert_eq!(held(21, Some(1.5)), Some(19_500..21_000));
        assert_eq!(held(2, Some(1.5)), None, "half a second is too little to train from");
        assert_eq!(held(1, None), None);
    }

    #[test]
    fn a_pass_made_for_validation_is_held_out_and_its_twin_not_trained_from() {
        let passes = |first, second| Some(Passes { first, second, samples: 9_000, for_validation: true });
        // As in NAM's third signal, and as in our own.
        let split = recording(190, passes(0, 181_000)).split(None).expect("long enough");
        assert_eq!((split.train, split.held_out), (9_000..181_000, 181_000..190_000));
        let split = recording(100, passes(81_000, 90_500)).split(None).expect("long enough");
        assert_eq!((split.train, split.held_out), (0..81_000, 90_500..99_500));
        let loops = Passes { for_validation: false, ..passes(81_000, 90_500).expect("given") };
        let split = recording(100, Some(loops)).split(None).expect("long enough");
        assert_eq!(split.held_out, 90_000..100_000);
    }
}
