//! What brings the input to the callback that plays, where hearing and playing are separate.

use super::capture::{Capture, Mark};
use super::drift::Drift;
use super::meters::Meters;
use super::signals::Signals;
use super::{LatencyHint, LiveError};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Callbacks of the input that may come between two of the output.
const MARKS: usize = 1024;

/// How late callbacks may be before there is a gap, in seconds.
const LOW_MARGIN_SECONDS: f64 = 0.001;
const HIGH_MARGIN_SECONDS: f64 = 0.010;

/// How long is looked at what waits, in seconds, before it is found to be too much.
const WINDOW_SECONDS: f64 = 0.5;

/// Sound that the ring holds at least, in seconds.
const RING_SECONDS: f64 = 0.25;

/// What is between the two callbacks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Join {
    pub channels: usize,
    pub input_rate_hz: u32,
    pub output_rate_hz: u32,
    /// Most samples a callback.
    pub input_block: usize,
    pub output_block: usize,
    /// Where the clocks are one the sound is not resampled.
    pub one_clock: bool,
    pub latency: LatencyHint,
}

/// The end of the ring that the callback which plays holds.
pub(super) struct Feed {
    ring: Ring,
    way: Way,
}

/// The samples that wait, interleaved.
pub(super) struct Ring {
    samples: rtrb::Consumer<f32>,
    channels: usize,
    /// Samples of a channel that have been taken.
    pub taken: u64,
    pub meters: Arc<Meters>,
}

enum Way {
    Straight(Straight),
    Resampled(Box<Drift>),
}

/// One clock: what was heard is played as it is.
struct Straight {
    target: usize,
    scratch: Vec<f32>,
    turn: Turn,
    /// More than this much is dropped at once.
    limit: usize,
    /// What waited at least since so many samples were played.
    lowest: usize,
    played: usize,
    /// For how many samples is looked before what was always too much is dropped, and how much may be.
    window: usize,
    tolerance: usize,
}

/// What a stream of one clock does.
#[derive(PartialEq)]
enum Turn {
    /// Nothing has been played, and none is missed.
    First,
    Playing,
    /// There was too little: it is silent until enough waits again.
    Refilling,
}

impl Join {
    /// How many samples of the input wait when a callback plays: one block of either side, as a block may come
    /// right after it was needed, and what the system's scheduling adds.
    pub fn target_samples(&self) -> usize {
        let rates = f64::from(self.input_rate_hz) / f64::from(self.output_rate_hz);
        let margin_seconds = match self.latency {
            LatencyHint::Low => LOW_MARGIN_SECONDS,
            LatencyHint::High => HIGH_MARGIN_SECONDS,
        };
        let margin = margin_seconds * f64::from(self.input_rate_hz);
        // Blocks are the smaller the better the clocks agree; a clock may be 10 % fast.
        self.input_block + (1.1 * rates * self.output_block as f64 + margin).ceil() as usize
    }

    fn capacity_samples(&self) -> usize {
        (4 * self.target_samples()).max((RING_SECONDS * f64::from(self.input_rate_hz)) as usize)
    }

    /// Both ends of a ring, and the delay between them in samples of the output.
    ///
    /// # Errors
    /// The rates are too far apart.
    pub fn connect(
        self,
        meters: &Arc<Meters>,
        signals: &Arc<Signals>,
    ) -> Result<(Capture, Feed, usize), LiveError> {
        let (samples, taking) = rtrb::RingBuffer::new(self.capacity_samples() * self.channels);
        let (marks, marking) = rtrb::RingBuffer::new(MARKS);
        let lost = Arc::new(AtomicU64::new(0));
        let (way, delay) = if self.one_clock && self.input_rate_hz == self.output_rate_hz {
            let straight = Straight::new(&self);
            let target = straight.target;
            (Way::Straight(straight), target)
        } else {
            let drift = Drift::new(self, marking, lost.clone())?;
            let delay = drift.delay_samples();
            (Way::Resampled(Box::new(drift)), delay)
        };
        let ring = Ring { samples: taking, channels: self.channels, taken: 0, meters: meters.clone() };
        let capture = Capture::new(samples, marks, self.channels, lost, meters.clone(), signals.clone());
        Ok((capture, Feed { ring, way }, delay))
    }
}

impl Feed {
    /// A callback begins, at this time.
    pub fn begin(&mut self, time_seconds: f64) {
        match &mut self.way {
            Way::Straight(straight) => straight.begin(&mut self.ring),
            Way::Resampled(drift) => drift.begin(&mut self.ring, time_seconds),
        }
    }

    /// The next `length` samples of each channel.
    pub fn pull(&mut self, channels: &mut [Vec<f32>], length: usize) {
        match &mut self.way {
            Way::Straight(straight) => straight.pull(&mut self.ring, channels, length),
            Way::Resampled(drift) => drift.pull(&mut self.ring, channels, length),
        }
    }

    /// The callback of `samples` samples ends.
    pub fn end(&mut self, samples: usize) {
        match &mut self.way {
            Way::Straight(straight) => straight.played += samples,
            Way::Resampled(drift) => drift.end(samples),
        }
    }
}

impl Ring {
    /// Samples of a channel that wait.
    pub fn waiting(&self) -> usize {
        self.samples.slots() / self.channels
    }

    /// Takes samples of all channels; the number taken of each. What is missing is silent and counted.
    pub fn take(&mut self, interleaved: &mut [f32]) -> usize {
        let wanted = interleaved.len() / self.channels;
        let there = wanted.min(self.waiting());
        let (taken, missing) = interleaved.split_at_mut(there * self.channels);
        // So many wait, and nobody else takes them.
        let _ = self.samples.pop_entire_slice(taken);
        missing.fill(0.0);
        if there < wanted {
            self.meters.count_underrun(wanted - there);
        }
        self.taken += there as u64;
        there
    }

    /// Drops samples of all channels, and says how many of each there were.
    pub fn skip(&mut self, samples: usize) -> usize {
        let there = samples.min(self.waiting());
        if let Ok(chunk) = self.samples.read_chunk(there * self.channels) {
            chunk.commit_all();
        }
        self.taken += there as u64;
        there
    }
}

impl Straight {
    fn new(join: &Join) -> Self {
        let (target, input, output) = (join.target_samples(), join.input_block, join.output_block);
        // Blocks that fit into one another come in the same order again and again. Of others, what waits is now
        // more, now less, by up to one.
        let fitting = input.max(output).is_multiple_of(input.min(output).max(1));
        let seconds = (WINDOW_SECONDS * f64::from(join.output_rate_hz)) as usize;
        Self {
            target,
            scratch: vec![0.0; output * join.channels],
            turn: Turn::First,
            limit: target + input + output,
            lowest: usize::MAX,
            played: 0,
            window: seconds.max(8 * input.max(output)),
            tolerance: if fitting { 0 } else { input.min(output) },
        }
    }

    /// What waits may be too much for a moment, if a callback comes late, but not all the time.
    fn begin(&mut self, ring: &mut Ring) {
        let waiting = ring.waiting();
        if self.turn != Turn::Playing {
            if waiting >= self.target {
                ring.skip(waiting - self.target);
                self.turn = Turn::Playing;
                self.look_anew();
            }
            return;
        }
        self.lowest = self.lowest.min(waiting);
        let over = self.played >= self.window;
        let excess = if waiting > self.limit {
            waiting - self.target
        } else if over && self.lowest > self.target + self.tolerance {
            self.lowest - self.target
        } else {
            0
        };
        if excess > 0 {
            let skipped = ring.skip(excess);
            ring.meters.count_overrun(skipped);
        }
        if over || excess > 0 {
            self.look_anew();
        }
    }

    fn look_anew(&mut self) {
        (self.lowest, self.played) = (usize::MAX, 0);
    }

    fn pull(&mut self, ring: &mut Ring, channels: &mut [Vec<f32>], length: usize) {
        let count = channels.len();
        let block = &mut self.scratch[..length * count];
        match self.turn {
            Turn::Playing => {
                if ring.take(block) < length {
                    self.turn = Turn::Refilling;
                }
            }
            Turn::First => block.fill(0.0),
            Turn::Refilling => {
                block.fill(0.0);
                ring.meters.count_underrun(length);
            }
        }
        for (c, channel) in channels.iter_mut().enumerate() {
            let samples = block[c..].iter().step_by(count);
            channel[..length].iter_mut().zip(samples).for_each(|(to, from)| *to = *from);
        }
    }
}

/// The marks that have come, the oldest first.
pub(super) fn new_marks(marks: &mut rtrb::Consumer<Mark>) -> impl Iterator<Item = Mark> {
    std::iter::from_fn(|| marks.pop().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::player::Io;

    /// A ramp that goes on from callback to callback.
    struct Ramp(f32);

    impl Io for Ramp {
        fn read(&mut self, channel: usize, from: usize, to: &mut [f32]) {
            for (i, sample) in to.iter_mut().enumerate() {
                *sample = self.0 + (from + i) as f32 + 0.5 * channel as f32;
            }
        }

        fn write(&mut self, _: usize, _: usize, _: &[f32]) {}
    }

    fn join() -> Join {
        Join {
            channels: 2,
            input_rate_hz: 48_000,
            output_rate_hz: 48_000,
            input_block: 200,
            output_block: 64,
            one_clock: true,
            latency: LatencyHint::Low,
        }
    }

    #[test]
    fn what_nobody_takes_is_lost_and_counted_to_the_sample() {
        let meters = Arc::new(Meters::default());
        let (mut capture, mut feed, _) = join().connect(&meters, &Signals::new(meters.clone())).unwrap();
        for block in 0..1_000u32 {
            capture.hear(0.0, 200, &mut Ramp(200.0 * block as f32));
        }
        let kept = join().capacity_samples();
        assert_eq!(meters.read().overruns, (200_000 - kept) as u64);
        // When it begins to play, the newest of what was kept is what waits.
        let mut channels = vec![vec![0.0; 64]; 2];
        feed.begin(0.0);
        feed.pull(&mut channels, 64);
        let first = (kept - join().target_samples()) as f32;
        assert_eq!(channels[0][..3], [first, first + 1.0, first + 2.0]);
        assert_eq!(channels[1][..3], [first + 0.5, first + 1.5, first + 2.5]);
    }

    #[test]
    fn what_is_missing_is_silent_and_counted_to_the_sample() {
        let meters = Arc::new(Meters::default());
        let (mut capture, mut feed, delay) = join().connect(&meters, &Signals::new(meters.clone())).unwrap();
        let mut channels = vec![vec![1.0; 64]; 2];
        feed.begin(0.0);
        feed.pull(&mut channels, 64);
        assert_eq!(channels[0], [0.0; 64], "before it plays it is silent");
        capture.hear(0.0, delay, &mut Ramp(1.0));
        for _ in 0..10 {
            feed.begin(0.0);
            feed.pull(&mut channels, 64);
        }
        assert_eq!(meters.read().underruns, (640 - delay) as u64);
        assert_eq!(channels[1], [0.0; 64]);
    }
}
