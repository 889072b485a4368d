//! The level match: the output as loud as the input.
//!
//! Loudness is the mean square behind the K-weighting of ITU-R BS.1770-5, of what goes into the bands
//! and of what comes out of them. Both are measured on the audio thread, because their ratio is what
//! counts and it must hold for the very bands that are heard, solo and all; the same blocks of 0.1 s go
//! into both, so that the ratio does not move with the music. The windows of the `ebur128` crate would
//! be summed anew at every look, which no block of audio has time for; it is what the tests compare with.

use super::glide::Pace;
use super::path::Part;
use super::settings::MAX_GAIN_DB;
use std::f64::consts::PI;

/// Length of what is measured at once, in seconds.
const BLOCK_SECONDS: f64 = 0.1;
/// What counts at most, in blocks: about the three seconds of a short-term loudness.
const MOST_BLOCKS: f64 = 30.0;
/// What counts after the bands have moved, in blocks.
const MOVED_BLOCKS: f64 = 3.0;
/// Quieter than this does not count: the absolute gate of BS.1770, in LUFS.
const GATE_LUFS: f64 = -70.0;
/// Nor does what is this much quieter than what counted so far, in LU.
const RELATIVE_GATE_LU: f64 = 25.0;
/// Offset of loudness against power in dB, from BS.1770.
const LUFS_OF_POWER_1: f64 = -0.691;
/// Time constant of the gain, in seconds.
const GLIDE_SECONDS: f64 = 0.3;
/// Fastest change of the gain, in dB a second.
const DB_A_SECOND: f64 = 24.0;

/// A second-order section in transposed direct form II.
#[derive(Clone, Copy, Debug)]
struct Section {
    b: [f64; 3],
    a: [f64; 2],
}

/// The K-weighting at a sample rate.
#[derive(Clone, Copy, Debug)]
struct Weighting([Section; 2]);

impl Weighting {
    /// The two filters of BS.1770, whose table holds for 48 kHz alone, as a bilinear transform of the
    /// analogue filters behind it (Brecht De Man, "Evaluation of Implementations of the EBU R128 Loudness
    /// Measurement", 2018).
    fn new(sample_rate_hz: f64) -> Self {
        let (f0, gain_db, q) = (1_681.974_450_955_533, 3.999_843_853_973_347, 0.707_175_236_955_419_6);
        let k = (PI * f0 / sample_rate_hz).tan();
        let vh = 10f64.powf(gain_db / 20.0);
        let vb = vh.powf(0.499_666_774_154_541_6);
        let a0 = 1.0 + k / q + k * k;
        let head = Section {
            b: [(vh + vb * k / q + k * k) / a0, 2.0 * (k * k - vh) / a0, (vh - vb * k / q + k * k) / a0],
            a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0],
        };
        let (f0, q) = (38.135_470_876_024_44, 0.500_327_037_323_877_3);
        let k = (PI * f0 / sample_rate_hz).tan();
        let a0 = 1.0 + k / q + k * k;
        let low_cut =
            Section { b: [1.0, -2.0, 1.0], a: [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0] };
        Self([head, low_cut])
    }
}

/// One channel before and after the bands, which a processor computes at once.
type Pair = [f64; 2];

/// State of the weighting of one channel, before and after the bands.
#[derive(Clone, Copy, Debug, Default)]
struct State([[Pair; 2]; 2]);

impl State {
    fn tick(&mut self, weighting: &Weighting, mut x: Pair) -> Pair {
        for (section, [z1, z2]) in weighting.0.iter().zip(&mut self.0) {
            let y: Pair = std::array::from_fn(|i| section.b[0] * x[i] + z1[i]);
            *z1 = std::array::from_fn(|i| section.b[1] * x[i] - section.a[0] * y[i] + z2[i]);
            *z2 = std::array::from_fn(|i| section.b[2] * x[i] - section.a[1] * y[i]);
            x = y;
        }
        x
    }
}

/// Measures before and after, and tells the gain that makes them equal.
#[derive(Clone, Debug)]
pub struct LevelMatch {
    weighting: Weighting,
    states: Vec<State>,
    block_samples: usize,
    /// Something was measured since all was forgotten.
    listens: bool,
    /// Samples of the block so far.
    filled: usize,
    /// Sums of squares of the block so far, for each channel.
    block: Vec<Pair>,
    /// Means of squares that count.
    means: Pair,
    /// Blocks that count.
    weight: f64,
    pace: Pace,
    gain_db: f64,
    target_db: f64,
}

impl LevelMatch {
    /// Nothing heard, no gain. Moves in steps of `step_samples`, and looks at whole steps alone.
    pub fn new(sample_rate_hz: f64, channels: usize, step_samples: usize) -> Self {
        let steps = (BLOCK_SECONDS * sample_rate_hz / step_samples as f64).round().max(1.0);
        let step_seconds = step_samples as f64 / sample_rate_hz;
        Self {
            weighting: Weighting::new(sample_rate_hz),
            states: vec![State::default(); channels],
            block_samples: steps as usize * step_samples,
            listens: false,
            filled: 0,
            block: vec![[0.0; 2]; channels],
            means: [0.0; 2],
            weight: 0.0,
            pace: Pace::new(step_seconds, GLIDE_SECONDS, DB_A_SECOND, 1e-5),
            gain_db: 0.0,
            target_db: 0.0,
        }
    }

    /// Nothing heard, no gain.
    pub fn reset(&mut self) {
        self.listens = true;
        self.forget();
        self.gain_db = 0.0;
    }

    /// Nothing heard: the gain goes back to 0 as it glides.
    pub fn forget(&mut self) {
        if !self.listens {
            return;
        }
        self.listens = false;
        self.states.fill(State::default());
        self.block.fill([0.0; 2]);
        (self.filled, self.means, self.weight) = (0, [0.0; 2], 0.0);
        self.target_db = 0.0;
    }

    /// The bands are on their way: what was measured before them counts little.
    pub fn bands_move(&mut self) {
        self.weight = self.weight.min(MOVED_BLOCKS);
    }

    /// Measures a part of two channels, or of the last one, before and after the bands.
    pub fn listen(&mut self, first: usize, channels: usize, samples: usize, before: &Part, after: &Part) {
        self.listens = true;
        let states = self.states.iter_mut().zip(&mut self.block).skip(first).take(channels);
        for (((state, sum), before), after) in states.zip(before).zip(after) {
            for (before, after) in before[..samples].iter().zip(after) {
                let y = state.tick(&self.weighting, [f64::from(*before), f64::from(*after)]);
                *sum = [sum[0] + y[0] * y[0], sum[1] + y[1] * y[1]];
            }
        }
    }

    /// All channels have been measured for so many samples.
    pub fn advance(&mut self, samples: usize) {
        self.filled += samples;
        if self.filled >= self.block_samples {
            self.count();
        }
    }

    fn count(&mut self) {
        let sums = self.block.iter().fold([0.0; 2], |sum, now| [sum[0] + now[0], sum[1] + now[1]]);
        let [before, after] = sums.map(|sum| sum / self.filled as f64);
        self.block.fill([0.0; 2]);
        self.filled = 0;
        let floor = 10f64.powf((GATE_LUFS - LUFS_OF_POWER_1) / 10.0);
        let relative = self.means[0] * 10f64.powf(-RELATIVE_GATE_LU / 10.0);
        if !(before > floor.max(relative) && after.is_finite()) {
            return;
        }
        self.weight = (self.weight + 1.0).min(MOST_BLOCKS);
        for (mean, now) in self.means.iter_mut().zip([before, after]) {
            *mean += (now - *mean) / self.weight;
        }
        let most = f64::from(MAX_GAIN_DB);
        let [before, after] = self.means;
        self.target_db = (10.0 * (before / after.max(1e-30)).log10()).clamp(-most, most);
    }

    /// Moves the gain a step, and gives it in dB.
    pub fn step(&mut self) -> f64 {
        self.pace.step(&mut self.gain_db, self.target_db);
        self.gain_db
    }
}
