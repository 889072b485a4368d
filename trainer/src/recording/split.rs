//! Which part of a recording is held out to measure with.

use super::{Recording, passes};
use crate::TrainerError;
use crate::data::{MIN_SECONDS, check_audible};
use crate::finding::{Finding, Verdict};
use std::ops::Range;
use std::path::Path;

/// Longest part that is held out unless a config says otherwise, in seconds.
const MOST_SECONDS: f64 = 10.0;
/// Share of a short recording that is held out.
const SHARE: f64 = 0.2;
/// Playing that is held out and comes before as well is left out of training, if that leaves at least this share.
const LEFT: f64 = 0.5;

/// What to train from and what to measure with, in samples. They have no sample in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// To train from.
    pub train: Range<usize>,
    /// To measure with; what lies before it in the recording is its context.
    pub held_out: Range<usize>,
    /// Why so, for the player.
    pub reason: String,
    /// Whether what is held out is trained from too, because it is played so often that nothing else would be left.
    pub repeats: bool,
}

impl Split {
    /// A warning where the figures measured with it tell nothing.
    pub fn warning(&self) -> Option<Finding> {
        self.repeats.then(|| Finding {
            check: "held out".into(),
            verdict: Verdict::Warning,
            figure: "what is held out is played more than once, and trained from too".into(),
            advice:
                "the ESR tells nothing about other playing; measure with another recording (`validation`)"
                    .into(),
        })
    }
}

impl Recording {
    /// The [split](Recording::split) of a recording that was read from `input` and `target`, if it can be trained and
    /// measured with. `key` is that of `seconds` in a config.
    ///
    /// # Errors
    /// Too little is left to train from, or what is held out is silent.
    pub fn hold_out(
        &self,
        seconds: Option<f64>,
        key: &str,
        input: &Path,
        target: &Path,
    ) -> Result<Split, TrainerError> {
        let split = self.split(seconds).ok_or_else(|| {
            let all = self.input.len() as f64 / f64::from(self.rate_hz);
            let held_out = seconds.map_or_else(|| "a part is".into(), |s| format!("the last {s} s are"));
            let problem =
                format!("{all:.1} s long, of which {held_out} held out; record more, or lower `{key}`");
            TrainerError::recording(input, problem)
        })?;
        check_audible(target, "the part that is held out: ", &self.target[split.held_out.clone()])?;
        Ok(split)
    }

    /// Splits the recording. Without `seconds` the second of two validation passes is held out, and the first one left
    /// out of training, as it is the same; a recording without passes keeps its last fifth, at most ten seconds. What is
    /// held out and was played before is left out of training as far as it can be.
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
                    repeats: false,
                });
            }
        }
        let all = self.input.len() as f64 / rate;
        let seconds = seconds.unwrap_or_else(|| default_seconds(all));
        let held_out = (seconds * rate) as usize;
        let kept = self.input.len().checked_sub(held_out)?;
        if held_out == 0 || !enough(&(0..kept)) {
            return None;
        }
        let held_out = kept..self.input.len();
        let before = match self.passes.is_some() || seconds > MOST_SECONDS {
            true => passes::played_before(&self.input, &held_out, self.rate_hz),
            false => Vec::new(),
        };
        let train = longest_without(&before, kept);
        let left = enough(&train) && train.len() as f64 >= LEFT * kept as f64;
        let reason = match (before.is_empty(), left) {
            (true, _) => format!("the last {seconds} s"),
            (false, true) => {
                format!("the last {seconds} s; what was played before too is left out of training")
            }
            (false, false) => {
                format!("the last {seconds} s, which were played before too and are trained from")
            }
        };
        Some(Split { train: if left { train } else { 0..kept }, held_out, reason, repeats: !left })
    }
}

/// The longest stretch of so many samples that touches none of `taken`, which are sorted by their beginnings.
fn longest_without(taken: &[Range<usize>], samples: usize) -> Range<usize> {
    let (mut longest, mut from) = (0..0, 0);
    for range in taken.iter().cloned().chain(std::iter::once(samples..samples)) {
        if range.start.saturating_sub(from) > longest.len() {
            longest = from..range.start;
        }
        from = from.max(range.end);
    }
    longest
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
    use crate::virtual_capture::guitar;

    fn recording(seconds: usize, passes: Option<Passes>) -> Recording {
        Recording {
            input: vec![0.0; seconds * 1_000],
            target: vec![0.0; seconds * 1_000],
            rate_hz: 1_000,
            findings: Vec::new(),
            delay_samples: 0.0,
            shift_samples: 0,
            offset: 0.0,
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
        assert!(split.warning().is_none());
    }

    #[test]
    fn what_is_held_out_is_not_trained_from_where_it_was_played_before() {
        let rate = 8_000;
        let play = |seconds, seed| guitar::play(seconds, f64::from(rate), seed);
        let of = |input: Vec<f32>| {
            let passes = passes::find(&input, rate);
            assert!(passes.is_some());
            Recording { target: input.clone(), input, rate_hz: rate, passes, ..recording(1, None) }
        };
        let (body, pass) = (play(20.0, 1), play(5.0, 2));
        let split = of([&body[..], &pass, &pass].concat()).split(Some(4.0)).expect("long enough");
        assert_eq!(split.held_out, body.len() + 2 * pass.len() - 32_000..body.len() + 2 * pass.len());
        // The first pass but for its first second, which is not held out the second time.
        assert!(split.train.start == 0 && !split.repeats, "{split:?}");
        assert!(split.train.end.abs_diff(body.len() + 8_000) < 1_000, "{split:?}");
        let split = of(pass.repeat(5)).split(Some(5.0)).expect("long enough");
        assert!(split.repeats && split.warning().is_some(), "{split:?}");
        assert_eq!(split.train, 0..4 * pass.len());
    }
}
