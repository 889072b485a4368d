//! A stream that stops calling.

use super::backend::{Calls, Granted};
use std::time::{Duration, Instant};

/// How long a stream may be without a callback, in seconds and in blocks, whichever is longer.
const LONGEST_SECONDS: f64 = 1.0;
const LONGEST_BLOCKS: f64 = 20.0;

/// As above, before the first: some devices need a while.
const FIRST_SECONDS: f64 = 5.0;

/// The most that counts from look to look. While the whole program is stopped, or the machine sleeps, nobody knows what
/// the device does.
const LONGEST_LOOK: Duration = Duration::from_millis(100);

/// Sees that a stream calls no more. Some devices hang, and no system tells of that.
pub(super) struct Silence {
    longest_seconds: f64,
    looked: Instant,
    playing: Side,
    /// None where hearing and playing are one.
    hearing: Option<Side>,
}

/// One callback.
#[derive(Default)]
struct Side {
    callbacks: u64,
    silent: Duration,
}

impl Silence {
    pub fn of(granted: &Granted) -> Self {
        let lasts = |samples: usize, rate_hz: u32| samples as f64 / f64::from(rate_hz.max(1));
        let playing_seconds = lasts(granted.max_block_samples, granted.sample_rate_hz);
        let (block_seconds, hearing) = match granted.calls {
            Calls::Joint => (playing_seconds, None),
            Calls::Split { input_rate_hz, input_block_samples, .. } => {
                (playing_seconds.max(lasts(input_block_samples, input_rate_hz)), Some(Side::default()))
            }
        };
        Self {
            longest_seconds: LONGEST_SECONDS.max(LONGEST_BLOCKS * block_seconds),
            looked: Instant::now(),
            playing: Side::default(),
            hearing,
        }
    }

    /// So many callbacks heard and played so far: for how many seconds it was silent, if that is too long.
    pub fn look(&mut self, heard: u64, played: u64) -> Option<f64> {
        let passed = self.looked.elapsed().min(LONGEST_LOOK);
        self.looked = Instant::now();
        self.pass(passed, heard, played)
    }

    fn pass(&mut self, passed: Duration, heard: u64, played: u64) -> Option<f64> {
        let longest_seconds = self.longest_seconds;
        let playing = self.playing.pass(passed, played, longest_seconds);
        let hearing = self.hearing.as_mut().and_then(|side| side.pass(passed, heard, longest_seconds));
        playing.or(hearing)
    }
}

impl Side {
    fn pass(&mut self, passed: Duration, callbacks: u64, longest_seconds: f64) -> Option<f64> {
        if callbacks != self.callbacks {
            (self.callbacks, self.silent) = (callbacks, Duration::ZERO);
            return None;
        }
        self.silent += passed;
        let longest_seconds =
            if callbacks == 0 { longest_seconds.max(FIRST_SECONDS) } else { longest_seconds };
        Some(self.silent.as_secs_f64()).filter(|&silent| silent > longest_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_millis(100);

    fn silence(max_block_samples: usize, split: bool) -> Silence {
        let calls = match split {
            true => Calls::Split { input_rate_hz: 48_000, input_block_samples: 128, one_clock: true },
            false => Calls::Joint,
        };
        Silence::of(&Granted {
            sample_rate_hz: 48_000,
            buffer_samples: 0,
            max_block_samples,
            input_latency_samples: 0,
            output_latency_samples: 0,
            calls,
        })
    }

    /// How many looks without a callback there are before it is too long.
    fn looks(silence: &mut Silence, heard: impl Fn(u64) -> u64, played: impl Fn(u64) -> u64) -> Option<u64> {
        (1..1_000).find(|&turn| silence.pass(LOOK, heard(turn), played(turn)).is_some())
    }

    #[test]
    fn a_second_or_twenty_blocks_without_a_callback_are_too_long() {
        for (block, expected) in [(128, 11), (4_800, 21)] {
            let mut silence = silence(block, false);
            assert_eq!(silence.pass(LOOK, 0, 1), None);
            assert_eq!(looks(&mut silence, |_| 0, |_| 1), Some(expected));
        }
        assert_eq!(looks(&mut silence(128, false), |_| 0, |_| 0), Some(51), "before the first");
        assert_eq!(looks(&mut silence(128, false), |_| 0, |turn| turn / 10), None);
    }

    #[test]
    fn either_side_may_fall_silent() {
        assert_eq!(looks(&mut silence(128, true), |turn| turn.min(5), |turn| turn), Some(16));
        assert_eq!(looks(&mut silence(128, true), |turn| turn, |turn| turn.min(5)), Some(16));
        assert_eq!(looks(&mut silence(128, true), |turn| turn, |turn| turn), None);
    }
}
