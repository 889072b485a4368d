//! The tuner's ear: which note a single string sounds, to a fraction of a cent.

mod note;
mod partials;
mod period;
#[cfg(test)]
mod tests;

pub use note::Note;

use partials::Partials;
use period::Periods;
use std::f64::consts::PI;

/// Lowest pitch that is heard, in Hz: below the lowest string of a five-string bass, 30.87 Hz.
pub const LOWEST_HZ: f64 = 28.0;

/// Highest pitch that is heard, in Hz: above the 24th fret of a guitar's highest string, 1318.5 Hz.
pub const HIGHEST_HZ: f64 = 1_450.0;

/// Sound that is looked at, in seconds: six periods of the lowest string.
const WINDOW_SECONDS: f64 = 0.2;

/// Rates that are heard at, in Hz.
const RATES_HZ: std::ops::RangeInclusive<f64> = 8_000.0..=768_000.0;

/// The signal is looked at with the lowest whole fraction of its rate that is not below this, in Hz.
const LOOKED_AT_HZ: f64 = 12_000.0;

/// Taps of the filter before, for each sample that is left out.
const TAPS_A_STEP: usize = 12;

/// What is more quiet than this is silence, in dBFS rms.
const SILENCE_DBFS: f64 = -75.0;

/// A sound whose periods are less alike than this has no pitch: noise, or several strings.
const LEAST_CLARITY: f64 = 0.92;

/// What is heard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pitch {
    /// Frequency of the lowest partial, in Hz, also where it is too weak to be heard: what a stroboscope shows of the
    /// fundamental. Partial `n` of a stiff string lies at `n F √(1 + B n²)`, above `n` times this.
    pub frequency_hz: f64,
    /// How much alike the periods are, from 0 to 1, which is no noise at all.
    pub clarity: f64,
    /// Level, in dBFS rms.
    pub level_dbfs: f64,
}

/// Hears the pitch of a single string.
///
/// The period is found by the normalised square difference of the sound with itself (McLeod and Wyvill, "A smarter way
/// to find pitch", 2005), and made exact by the frequencies of the partials: each by how far its phase gets from
/// one part of the window to a later one, which no decay changes, and all together by the law of the stiff string
/// (Fletcher, "Normal vibration frequencies of a stiff piano string", 1964), so that the weak fundamentals of low strings are
/// known by their overtones.
///
/// For any thread but the audio's: a call takes a fraction of a millisecond. It takes no memory after the constructor.
pub struct PitchDetector {
    /// `None` at rates that no sound card has.
    ear: Option<Ear>,
}

struct Ear {
    window_samples: usize,
    /// Samples of the signal for each that is looked at.
    step: usize,
    low_pass: Vec<f64>,
    signal: Vec<f64>,
    periods: Periods,
    partials: Partials,
}

impl PitchDetector {
    /// Hears sound at a rate, in Hz, from 8 kHz to 768 kHz. At any other nothing is ever heard.
    pub fn new(sample_rate_hz: f64) -> Self {
        Self { ear: RATES_HZ.contains(&sample_rate_hz).then(|| Ear::new(sample_rate_hz)) }
    }

    /// How many samples [`PitchDetector::detect`] looks at, about 0.2 s; 0 at rates that it does not hear at.
    pub fn window_samples(&self) -> usize {
        self.ear.as_ref().map_or(0, |ear| ear.window_samples)
    }

    /// What the last [`PitchDetector::window_samples`] of these samples sound like. `None` for silence, noise, several
    /// strings at once, and fewer samples.
    pub fn detect(&mut self, samples: &[f32]) -> Option<Pitch> {
        self.ear.as_mut()?.detect(samples)
    }
}

impl Ear {
    fn new(sample_rate_hz: f64) -> Self {
        let step = ((sample_rate_hz / LOOKED_AT_HZ) as usize).max(1);
        let rate_hz = sample_rate_hz / step as f64;
        let looked_at = (WINDOW_SECONDS * rate_hz).ceil() as usize;
        let low_pass = low_pass(step);
        Self {
            window_samples: (looked_at - 1) * step + low_pass.len(),
            step,
            signal: vec![0.0; looked_at],
            periods: Periods::new(rate_hz, looked_at),
            partials: Partials::new(rate_hz, looked_at),
            low_pass,
        }
    }

    fn detect(&mut self, samples: &[f32]) -> Option<Pitch> {
        let samples = &samples[samples.len().checked_sub(self.window_samples)?..];
        let power = samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len() as f64;
        let level_dbfs = 10.0 * power.log10();
        // What is no number is not above anything.
        if !(level_dbfs > SILENCE_DBFS && level_dbfs.is_finite()) {
            return None;
        }
        for (at, slow) in self.signal.iter_mut().enumerate() {
            let taken = &samples[at * self.step..][..self.low_pass.len()];
            *slow = taken.iter().zip(&self.low_pass).map(|(&s, tap)| f64::from(s) * tap).sum();
        }
        let mean = self.signal.iter().sum::<f64>() / self.signal.len() as f64;
        self.signal.iter_mut().for_each(|s| *s -= mean);
        let (rough_hz, clarity) = self.periods.find(&self.signal)?;
        if clarity < LEAST_CLARITY {
            return None;
        }
        let frequency_hz = self.partials.refine(&self.signal, rough_hz)?;
        let heard = (LOWEST_HZ..=HIGHEST_HZ).contains(&frequency_hz);
        heard.then_some(Pitch { frequency_hz, clarity: clarity.min(1.0), level_dbfs })
    }
}

/// A low-pass at half of what is left of the rate, for every `step`th sample: a sinc in Blackman's window.
fn low_pass(step: usize) -> Vec<f64> {
    if step == 1 {
        return vec![1.0];
    }
    let half = (TAPS_A_STEP * step / 2) as f64;
    let tap = |at: usize| {
        let t = at as f64 - half;
        let x = 0.8 * PI * t / step as f64;
        let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
        let turn = PI * t / half;
        sinc * (0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())
    };
    let mut taps: Vec<f64> = (0..=2 * half as usize).map(tap).collect();
    let sum: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    taps
}
