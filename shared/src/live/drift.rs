//! Between two clocks.

use super::LiveError;
use super::capture::Mark;
use super::clock::SampleClock;
use super::feed::{Join, Ring, new_marks};
use rubato::audioadapter_buffers::direct::{InterleavedSlice, SequentialSliceOfVecs};
use rubato::{
    Adjustable, Async, FixedAsync, Resampler, Resizable, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};
use std::f64::consts::TAU;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Length of the resampling filter in samples, and the points between two samples at which it is known.
const TAPS: usize = 64;
const PHASES: usize = 256;

/// The most samples that the resampler takes ahead of where it is.
const ROUNDING: usize = 2;

/// Clocks may differ by 10 %; the rest is for catching up.
const MAX_RATIO: f64 = 1.2;

/// How long the clocks are watched before it plays, in seconds, and in callbacks of each. As many callbacks before
/// that are not looked at: a device that fills its buffers at first calls several times at once.
const WATCH_SECONDS: f64 = 0.5;
const WATCH_BLOCKS: usize = 4;

/// How fast too much or too little that waits is evened out, in Hz: at first, while the clocks' rates are known by
/// little, and later, when only their callbacks' lateness would be followed. And the most by which the pitch changes for it.
const FIRST_BANDWIDTH_HZ: f64 = 0.5;
const LAST_BANDWIDTH_HZ: f64 = 0.03;
const MAX_CORRECTION: f64 = 0.02;

/// More than this much too much is dropped at once, in seconds.
const LIMIT_SECONDS: f64 = 0.05;

/// Resamples from the input's clock to the output's, after F. Adriaensen, "Controlling adaptive resampling",
/// LAC 2012: how much waits is told from the callbacks' filtered times on both sides, so that it does not jump by
/// blocks. The ratio is that of the clocks' rates, and a little more or less where too much or too little waits.
pub(super) struct Drift {
    resampler: Async<f32>,
    scratch: Vec<f32>,
    marks: rtrb::Consumer<Mark>,
    lost: Arc<AtomicU64>,
    join: Join,
    state: State,
    /// Samples of a channel that were played.
    played: f64,
    /// Where the resampler is in what was heard and not lost, as [`Ring::taken`] but without rounding to samples.
    position: f64,
    /// Samples of the input for one of the output.
    step: f64,
}

enum State {
    /// Nothing is known of the clocks but their names.
    Watching(Watch),
    Playing {
        input: SampleClock,
        output: SampleClock,
    },
}

/// The first and the last callbacks on both sides: times and counts.
#[derive(Default)]
struct Watch {
    input: Option<(Mark, Mark)>,
    output: Option<(f64, f64)>,
    input_blocks: usize,
    output_blocks: usize,
}

impl Drift {
    pub fn new(join: Join, marks: rtrb::Consumer<Mark>, lost: Arc<AtomicU64>) -> Result<Self, LiveError> {
        let parameters = SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris2)
            .oversampling_factor(PHASES)
            .interpolation(SincInterpolationType::Cubic);
        let ratio = f64::from(join.output_rate_hz) / f64::from(join.input_rate_hz);
        let (block, channels) = (join.output_block, join.channels);
        let resampler = Async::new_sinc(ratio, MAX_RATIO, &parameters, block, channels, FixedAsync::Output);
        let refused = |e| LiveError::Device {
            device: format!("{} Hz in, {} Hz out", join.input_rate_hz, join.output_rate_hz),
            why: format!("cannot be resampled: {e}"),
        };
        let resampler = resampler.map_err(refused)?;
        let scratch = vec![0.0; resampler.input_frames_max() * channels];
        let state = State::Watching(Watch::default());
        Ok(Self {
            resampler,
            scratch,
            marks,
            lost,
            join,
            state,
            played: 0.0,
            position: 0.0,
            step: ratio.recip(),
        })
    }

    /// What waits and half of the filter, in samples of the output.
    pub fn delay_samples(&self) -> usize {
        let input = self.target() + (TAPS / 2 - 1) as f64;
        (input / self.nominal_step()).round() as usize
    }

    /// What waits, in samples of the input. The resampler rounds what it takes up.
    fn target(&self) -> f64 {
        (self.join.target_samples() + ROUNDING) as f64
    }

    fn nominal_step(&self) -> f64 {
        f64::from(self.join.input_rate_hz) / f64::from(self.join.output_rate_hz)
    }

    /// What had been heard by then and was not lost.
    fn heard(&self, input: &SampleClock, time_seconds: f64) -> f64 {
        input.samples_at(time_seconds) - self.lost.load(Ordering::Relaxed) as f64
    }

    pub fn begin(&mut self, ring: &mut Ring, time_seconds: f64) {
        match &mut self.state {
            State::Watching(watch) => {
                watch.see(&mut self.marks);
                let clocks = watch.clocks(&self.join, time_seconds, self.played);
                // What came before it plays would only be old.
                let kept = 2 * self.join.target_samples();
                let old = ring.waiting().saturating_sub(kept);
                ring.skip(old);
                if let Some((input, output)) = clocks {
                    self.play(ring, time_seconds, input, output);
                }
            }
            State::Playing { input, output } => {
                new_marks(&mut self.marks).for_each(|mark| input.tick(mark.time_seconds, mark.heard));
                output.tick(time_seconds, self.played);
                let (input, output) = (*input, *output);
                self.steer(ring, time_seconds, input, output);
            }
        }
    }

    /// Begins where as much waits as shall, if so much does.
    fn play(&mut self, ring: &mut Ring, time_seconds: f64, input: SampleClock, output: SampleClock) {
        let from = self.heard(&input, time_seconds) - self.target();
        let behind = from - ring.taken as f64;
        if behind >= 0.0 {
            ring.skip(behind as usize);
            self.position = ring.taken as f64;
            self.state = State::Playing { input, output };
            self.steer(ring, time_seconds, input, output);
        }
    }

    fn steer(&mut self, ring: &mut Ring, time_seconds: f64, input: SampleClock, output: SampleClock) {
        let mut excess = self.heard(&input, time_seconds) - self.position - self.target();
        let limit = self.target().max(LIMIT_SECONDS * f64::from(self.join.input_rate_hz));
        if excess > limit {
            let skipped = ring.skip(excess as usize);
            ring.meters.count_overrun(skipped);
            self.position += skipped as f64;
            excess -= skipped as f64;
        }
        let clocks = output.seconds_per_sample() / input.seconds_per_sample();
        ring.meters.set_clock_ratio(clocks / self.nominal_step());
        let bandwidth_hz = (2.0 * FIRST_BANDWIDTH_HZ / output.age_seconds().max(1.0)).max(LAST_BANDWIDTH_HZ);
        let gain = TAU * bandwidth_hz.min(FIRST_BANDWIDTH_HZ) / f64::from(self.join.output_rate_hz);
        let correction = (gain * excess).clamp(-MAX_CORRECTION, MAX_CORRECTION);
        // A little inside of what the resampler was made for, which it takes literally.
        let most = MAX_RATIO - 1e-3;
        let nominal = self.nominal_step();
        self.step = (clocks + correction).clamp(nominal / most, nominal * most);
    }

    pub fn pull(&mut self, ring: &mut Ring, channels: &mut [Vec<f32>], length: usize) {
        let resampled = match self.state {
            State::Watching(_) => None,
            State::Playing { .. } => self.resample(ring, channels, length),
        };
        if resampled.is_none() {
            channels.iter_mut().for_each(|channel| channel[..length].fill(0.0));
        }
    }

    fn resample(&mut self, ring: &mut Ring, channels: &mut [Vec<f32>], length: usize) -> Option<()> {
        self.resampler.set_chunk_size(length).ok()?;
        self.resampler.set_resample_ratio(self.step.recip(), false).ok()?;
        let needed = self.resampler.input_frames_next();
        let count = self.join.channels;
        let block = &mut self.scratch[..needed * count];
        let taken = ring.take(block);
        // What is missing has not been skipped: it comes later, and the sound with it.
        self.position += self.step * length as f64 - (needed - taken) as f64;
        let input = InterleavedSlice::new(block, count, needed).ok()?;
        let mut output = SequentialSliceOfVecs::new_mut(channels, count, length).ok()?;
        self.resampler.process_into_buffer(&input, &mut output, None).ok()?;
        Some(())
    }

    pub fn end(&mut self, samples: usize) {
        self.played += samples as f64;
    }
}

impl Watch {
    fn see(&mut self, marks: &mut rtrb::Consumer<Mark>) {
        for mark in new_marks(marks) {
            self.input_blocks += 1;
            if self.input_blocks > WATCH_BLOCKS {
                let first = self.input.map_or(mark, |(first, _)| first);
                self.input = Some((first, mark));
            }
        }
        self.output_blocks += 1;
    }

    /// Both clocks, when they have been watched for long enough.
    fn clocks(&mut self, join: &Join, time_seconds: f64, played: f64) -> Option<(SampleClock, SampleClock)> {
        if self.output_blocks <= WATCH_BLOCKS {
            return None;
        }
        let (first_seconds, first_played) = *self.output.get_or_insert((time_seconds, played));
        let (first, last) = self.input?;
        let passed_seconds = time_seconds - first_seconds;
        let enough = self.input_blocks.min(self.output_blocks) > 2 * WATCH_BLOCKS;
        if !enough || passed_seconds < WATCH_SECONDS || last.time_seconds - first.time_seconds <= 0.0 {
            return None;
        }
        let clock = |time: f64, count: f64, seconds: f64, samples: f64, rate_hz: u32| {
            let nominal = f64::from(rate_hz).recip();
            let measured = (seconds / samples).clamp(nominal / MAX_RATIO, nominal * MAX_RATIO);
            SampleClock::new(time, count, measured)
        };
        let heard = last.heard - first.heard;
        let heard_seconds = last.time_seconds - first.time_seconds;
        let input = clock(last.time_seconds, last.heard, heard_seconds, heard, join.input_rate_hz);
        let output = clock(time_seconds, played, passed_seconds, played - first_played, join.output_rate_hz);
        Some((input, output))
    }
}
