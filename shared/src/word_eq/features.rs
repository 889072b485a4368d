//! What the encoder reads: what was heard so far and what is heard now, in rows of 64 values.
//!
//! | row | holds |
//! |---|---|
//! | 0 | an estimate of the balance, over the grid of the latents ([`BalanceEstimate`]) |
//! | 1 | mean power of each mel band since listening began, later over the time constant |
//! | 2 | mean of its logarithm |
//! | 3 | how far that swings, as a standard deviation |
//! | 4 | its strongest, fading with the time constant |
//! | 5 | mean power of the lowest 32 bins of a spectrum four times as fine; then zeros |
//! | 6..13 | the last seven frames as they are, oldest first |
//! | 13 | how little was heard so far: 1 after one window, falling with the square root of the time |
//!
//! All but the last are in dB relative to the mean level heard, scaled to numbers about 1. Frames of silence
//! count nowhere. Training and playing use this one definition, fed in the same way: [`analysis_samples`] at
//! a time.

use super::balance_estimate::{BalanceEstimate, LOW_BINS};
use crate::dsp::mel::{MEL_BANDS, Mel, scaled_samples};
use crate::dsp::spectrum::PowerSpectrum;

/// Rows of the features.
pub const FEATURE_ROWS: usize = 14;
/// Values that an encoder reads.
pub const FEATURES: usize = FEATURE_ROWS * MEL_BANDS;
/// Last frames that are among the features.
pub const RECENT_FRAMES: usize = 7;
/// First row of the last frames.
pub const RECENT_ROW: usize = 6;
/// The row that says how little was heard.
pub const NOVELTY_ROW: usize = FEATURE_ROWS - 1;

/// Samples from one analysis to the next at 48 kHz.
const ANALYSIS_SAMPLES: usize = 2048;
/// Frames of an analysis.
const FRAMES: usize = 4;
/// Frames quieter than this are silence: -80 dB below a full-scale square, as the power of [`Mel::frame`].
const SILENCE: f64 = 1e-8 * 1024.0 * 384.0;
/// So are frames this much quieter than the loudest lately, as a ratio of powers.
const RELATIVE_SILENCE: f64 = 1e-5;
/// How long the loudest is remembered, as a time constant in seconds.
const LOUDEST_SECONDS: f64 = 30.0;
/// Share of the mean level that bands are not told apart below.
const FLOOR: f64 = 1e-6;
/// The same in dB.
const FLOOR_DB: f64 = -60.0;

/// Samples from one analysis to the next: 2048 at 48 kHz, and as near to that duration at other rates as
/// powers of two come.
pub fn analysis_samples(sample_rate_hz: f64) -> usize {
    scaled_samples(ANALYSIS_SAMPLES, sample_rate_hz)
}

/// Means over the time listened: all sound alike at first, then fading with the time constant.
#[derive(Clone)]
struct Memory {
    /// Sum of the weights: frames, as far as they still count.
    weight: f64,
    power: [f64; MEL_BANDS],
    log: [f64; MEL_BANDS],
    log_squared: [f64; MEL_BANDS],
    strongest: [f64; MEL_BANDS],
    low: [f64; LOW_BINS],
    low_weight: f64,
    /// Power of the loudest frame lately.
    loudest: f64,
}

impl Memory {
    const EMPTY: Self = Self {
        weight: 0.0,
        power: [0.0; _],
        log: [0.0; _],
        log_squared: [0.0; _],
        strongest: [0.0; _],
        low: [0.0; _],
        low_weight: 0.0,
        loudest: 0.0,
    };

    /// Whether a frame is sound.
    fn is_sound(&mut self, bands: &[f64; MEL_BANDS], fade: f64) -> bool {
        let power: f64 = bands.iter().sum();
        self.loudest = (self.loudest * fade).max(power);
        power > SILENCE && power > RELATIVE_SILENCE * self.loudest
    }

    fn remember(&mut self, bands: &[f64; MEL_BANDS], keep: f64) {
        let floor = FLOOR * self.loudest / MEL_BANDS as f64;
        self.weight = self.weight * keep + 1.0;
        for (i, &power) in bands.iter().enumerate() {
            let log = db(power + floor);
            self.power[i] = self.power[i] * keep + power;
            self.log[i] = self.log[i] * keep + log;
            self.log_squared[i] = self.log_squared[i] * keep + log * log;
            self.strongest[i] = (self.strongest[i] * keep).max(power);
        }
    }

    fn remember_low(&mut self, bins: &[f64; LOW_BINS], keep: f64) {
        self.low_weight = self.low_weight * keep + 1.0;
        self.low.iter_mut().zip(bins).for_each(|(mean, bin)| *mean = *mean * keep + bin);
    }
}

/// A stream's features. Powers of the channels are added.
pub struct Features {
    sample_rate_hz: f64,
    mel: Mel,
    low: PowerSpectrum<f32>,
    estimate: BalanceEstimate,
    /// For each channel the samples of the last analysis, and those of the one before.
    sound: Vec<Vec<f32>>,
    recent: [[f64; MEL_BANDS]; RECENT_FRAMES],
    memory: Memory,
}

impl Features {
    /// Nothing heard. Not for the audio thread: allocates.
    pub fn new(sample_rate_hz: f64, channels: usize) -> Self {
        let samples = analysis_samples(sample_rate_hz);
        Self {
            sample_rate_hz,
            mel: Mel::new(sample_rate_hz),
            low: PowerSpectrum::new(2 * samples),
            estimate: BalanceEstimate::new(sample_rate_hz, 2 * samples),
            sound: vec![vec![0.0; 2 * samples]; channels],
            recent: [[0.0; _]; _],
            memory: Memory::EMPTY,
        }
    }

    /// Nothing heard.
    pub fn reset(&mut self) {
        self.skip();
        self.recent = [[0.0; _]; _];
        self.memory = Memory::EMPTY;
    }

    /// Sound was lost: what comes next follows silence.
    pub fn skip(&mut self) {
        self.sound.iter_mut().for_each(|s| s.fill(0.0));
    }

    /// Hears what came since the last analysis; says whether there was sound in it. Its length is
    /// [`analysis_samples`] a channel, one channel after the other. What is frozen is not added to.
    /// Neither allocates nor waits.
    pub fn hear(&mut self, sound: &[f32], speed_seconds: f32, freeze: bool) -> bool {
        let samples = analysis_samples(self.sample_rate_hz);
        let hop = samples / FRAMES;
        let per_frame = hop as f64 / self.sample_rate_hz;
        let speed = f64::from(speed_seconds).max(1e-3);
        let (keep, fade) = ((-per_frame / speed).exp(), (-per_frame / LOUDEST_SECONDS).exp());
        for (new, sound) in sound.chunks_exact(samples).zip(&mut self.sound) {
            sound.copy_within(samples.., 0);
            sound[samples..].copy_from_slice(new);
        }
        let mut heard = false;
        for frame in 0..FRAMES {
            let mut bands = [0.0; MEL_BANDS];
            for sound in &self.sound {
                // A frame ends with the newest hop and is two hops long.
                let end = samples + (frame + 1) * hop;
                let power = self.mel.frame(sound[end - self.mel.frame_samples()..end].iter().copied());
                bands.iter_mut().zip(power).for_each(|(sum, power)| *sum += f64::from(power));
            }
            self.recent.rotate_left(1);
            self.recent[RECENT_FRAMES - 1] = bands;
            if self.memory.is_sound(&bands, fade) {
                heard = true;
                if !freeze {
                    self.memory.remember(&bands, keep);
                }
            }
        }
        let mut bins = [0.0; LOW_BINS];
        // As large as those of the mel frames, whose windows are a quarter as long.
        let scale = (1024.0 / self.low.length() as f64).powi(2);
        for sound in &self.sound {
            let power = self.low.of(sound.iter().copied());
            bins.iter_mut().zip(power).for_each(|(sum, power)| *sum += scale * f64::from(*power));
        }
        if heard && !freeze {
            self.memory.remember_low(&bins, keep.powi(FRAMES as i32));
        }
        heard
    }

    /// The values, row by row. Zeros where nothing was heard. Neither allocates nor waits.
    pub fn values(&self) -> [f32; FEATURES] {
        let mut values = [0.0; FEATURES];
        let memory = &self.memory;
        if memory.weight == 0.0 {
            return values;
        }
        let mean = memory.power.map(|p| p / memory.weight);
        let level = mean.iter().sum::<f64>() / MEL_BANDS as f64;
        let (level_db, floor) = (db(level), FLOOR * level);
        let low = memory.low.map(|p| p / memory.low_weight.max(1e-9));
        let mut row = |row: usize, value: &dyn Fn(usize) -> f64| {
            let row = &mut values[row * MEL_BANDS..][..MEL_BANDS];
            row.iter_mut().enumerate().for_each(|(i, v)| *v = value(i) as f32);
        };
        let balance = self.estimate.curve_db(&mean, &low);
        let relative = |power: f64| db(power + floor) - level_db;
        row(0, &|i| balance[i] / 20.0);
        row(1, &|i| relative(mean[i]) / 20.0 + 0.5);
        let log = memory.log.map(|sum| sum / memory.weight);
        row(2, &|i| (log[i] - level_db).max(FLOOR_DB) / 20.0 + 1.0);
        let swing = |i: usize| (memory.log_squared[i] / memory.weight - log[i] * log[i]).max(0.0).sqrt();
        row(3, &|i| swing(i) / 10.0 - 0.5);
        row(4, &|i| relative(memory.strongest[i]) / 20.0);
        row(5, &|i| low.get(i).map_or(0.0, |p| relative(*p).max(FLOOR_DB) / 20.0 + 0.5));
        for (i, frame) in self.recent.iter().enumerate() {
            row(RECENT_ROW + i, &|band| relative(frame[band]).max(FLOOR_DB) / 20.0 + 1.0);
        }
        let novelty = (RECENT_FRAMES as f64 / memory.weight.max(RECENT_FRAMES as f64)).sqrt();
        row(NOVELTY_ROW, &|_| novelty);
        values
    }
}

fn db(power: f64) -> f64 {
    10.0 * power.max(1e-30).log10()
}
