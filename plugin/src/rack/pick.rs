//! Which of two channels the guitar is on.

use super::{InputChannels, RackFormat};
use shared::dsp::ramp::Ramp;

/// How long the way from one choice to another takes, in seconds.
const FADE_SECONDS: f64 = 0.020;

/// Brings left and right, or both together, onto both channels. A single channel is left alone.
pub(super) struct Pick {
    /// How much of left and of right is heard on the left, and the same on the right.
    shares: [[Ramp; 2]; 2],
    choice: InputChannels,
}

impl Pick {
    /// Both channels as they are.
    pub fn new() -> Self {
        let ramp = |value| Ramp::new(value, 1);
        Self { shares: [[ramp(1.0), ramp(0.0)], [ramp(0.0), ramp(1.0)]], choice: InputChannels::Stereo }
    }

    /// Gets ready. Not for the audio thread.
    pub fn prepare(&mut self, format: &RackFormat) {
        *self = Self::new();
        for ramp in self.shares.iter_mut().flatten() {
            *ramp = Ramp::new(0.0, format.samples(FADE_SECONDS));
        }
        self.aim(InputChannels::Stereo, true);
    }

    /// What the player wants, at the beginning of a block.
    pub fn aim(&mut self, choice: InputChannels, jump: bool) {
        let wanted = match choice {
            InputChannels::Stereo => [[1.0, 0.0], [0.0, 1.0]],
            InputChannels::Left => [[1.0, 0.0]; 2],
            InputChannels::Right => [[0.0, 1.0]; 2],
            InputChannels::Sum => [[0.5, 0.5]; 2],
        };
        self.choice = choice;
        for (ramp, wanted) in self.shares.iter_mut().flatten().zip(wanted.into_iter().flatten()) {
            ramp.aim(wanted);
            if jump {
                ramp.finish();
            }
        }
    }

    /// Is at once where it was going.
    pub fn reset(&mut self) {
        self.shares.iter_mut().flatten().for_each(Ramp::finish);
    }

    /// Of as many channels as come in, those that are listened to.
    pub fn heard(&self, channels: usize) -> std::ops::Range<usize> {
        match self.choice {
            InputChannels::Left if channels == 2 => 0..1,
            InputChannels::Right if channels == 2 => 1..2,
            _ => 0..channels,
        }
    }

    /// Of a stereo signal the first `length` samples, in place.
    pub fn process(&mut self, signal: &mut [Vec<f32>], length: usize) {
        let [left, right] = signal else { return };
        let [[ll, lr], [rl, rr]] = &mut self.shares;
        if ll.rests_at(1.0) && lr.rests_at(0.0) && rl.rests_at(0.0) && rr.rests_at(1.0) {
            return;
        }
        for (left, right) in left[..length].iter_mut().zip(&mut right[..length]) {
            let (l, r) = (*left, *right);
            *left = ll.advance() * l + lr.advance() * r;
            *right = rl.advance() * l + rr.advance() * r;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: RackFormat =
        RackFormat { sample_rate_hz: 48_000.0, max_block_samples: 512, channels_in: 2, channels_out: 2 };

    fn picked(pick: &mut Pick, left: f32, right: f32, length: usize) -> [Vec<f32>; 2] {
        let mut signal = [vec![left; length], vec![right; length]];
        pick.process(&mut signal, length);
        signal
    }

    #[test]
    fn each_choice_is_what_it_says() {
        for (choice, expected, heard) in [
            (InputChannels::Stereo, [0.5, -0.25], 0..2),
            (InputChannels::Left, [0.5, 0.5], 0..1),
            (InputChannels::Right, [-0.25, -0.25], 1..2),
            (InputChannels::Sum, [0.125, 0.125], 0..2),
        ] {
            let mut pick = Pick::new();
            pick.prepare(&FORMAT);
            pick.aim(choice, true);
            let [left, right] = picked(&mut pick, 0.5, -0.25, 8);
            assert_eq!((left, right), (vec![expected[0]; 8], vec![expected[1]; 8]), "{choice:?}");
            assert_eq!((pick.heard(2), pick.heard(1)), (heard, 0..1), "{choice:?}");
        }
    }

    #[test]
    fn the_way_is_no_step_and_one_channel_is_left_alone() {
        let mut pick = Pick::new();
        pick.prepare(&FORMAT);
        let mut heard = vec![Vec::new(), Vec::new()];
        for choice in [InputChannels::Right, InputChannels::Sum, InputChannels::Left, InputChannels::Stereo] {
            pick.aim(choice, false);
            // Some ways are turned back from half-way.
            for (all, part) in heard.iter_mut().zip(picked(&mut pick, 0.5, -0.5, 700)) {
                all.extend(part);
            }
        }
        for channel in &heard {
            let step = channel.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
            assert!(step < 1.5 / 960.0, "{step}");
        }
        pick.aim(InputChannels::Right, true);
        let mut one = [vec![0.5; 4]];
        pick.process(&mut one, 4);
        assert_eq!(one[0], vec![0.5; 4]);
    }
}
