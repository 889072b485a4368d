//! How late a target is, of any size and sign, and which way up.

use super::Spectra;
use super::fourier::{fast_length, signal, spectrum};
use realfft::num_complex::Complex32;

/// Most samples of each signal that the coarse search takes: its memory is some ten times that.
const LONGEST: usize = 1 << 24;
/// How much the spectra are whitened: wholly (the phase transform), or so that what is loud still counts for more.
const WHITENING: [f32; 2] = [1.0, 0.8];
/// Peaks of each correlation that are looked at closely.
const CANDIDATES: usize = 3;
/// How far from a peak the delay may be, in seconds: what the gear's own filters move it.
const REACH_SECONDS: f64 = 0.0015;
/// Candidates nearer than this are one, in seconds.
const APART_SECONDS: f64 = 0.0007;
/// Frequencies at which the input is so much weaker than at its strongest hold nothing but rounding.
const ABSENT: f32 = 1e-6;
/// Faded at both ends, in seconds.
const FADE_SECONDS: f64 = 0.02;
/// From this quality on a delay is believed.
const CLEAR: f64 = 0.2;
/// Of what has nothing to do with the input some thousandths follow by chance.
const FOLLOWS: f64 = 0.05;

/// How late a target is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delay {
    /// In samples, beyond what the gear's frequency response takes; negative where the target leads.
    pub samples: f64,
    /// Whether the target is upside down.
    pub inverted: bool,
    /// How sure both are, from 0 to 1, which is nothing but a delay.
    pub quality: f64,
    /// Which share of the target follows linearly from the input, from 0 to 1: nearly all for linear gear, half or less
    /// for an amp driven hard.
    pub follows: f64,
}

impl Delay {
    /// Whether the target follows from the input clearly enough to act upon.
    pub fn is_clear(&self) -> bool {
        self.quality >= CLEAR && self.follows >= FOLLOWS
    }
}

/// Finds the delay of `target` behind `input`: candidates from the generalised cross-correlation of the whole
/// recording (Knapp and Carter, 1976), of which the one is taken whose response is most like a delay and a filter.
/// Delays of up to half the recording are found, and within the first six minutes (48 kHz) of a long one.
pub fn find(input: &[f32], target: &[f32], rate_hz: u32) -> Delay {
    let mut best = Delay { samples: 0.0, inverted: false, quality: 0.0, follows: 0.0 };
    for lag in candidates(input, target, rate_hz) {
        let delay = near(input, target, lag, rate_hz);
        if delay.quality * delay.follows > best.quality * best.follows {
            best = delay;
        }
    }
    best
}

/// The delay near a whole number of samples.
pub fn near(input: &[f32], target: &[f32], lag: i64, rate_hz: u32) -> Delay {
    let reach = (REACH_SECONDS * f64::from(rate_hz)) as usize;
    let mut lag = lag;
    let mut found = Delay { samples: lag as f64, inverted: false, quality: 0.0, follows: 0.0 };
    // Frames that are lined up are compared more exactly.
    for _ in 0..3 {
        let Some(spectra) = Spectra::measure(input, target, lag, rate_hz) else { break };
        let excess = spectra.excess(reach);
        let samples = lag as f64 + excess.samples;
        let follows = spectra.follows();
        found = Delay { samples, inverted: excess.inverted, quality: excess.quality, follows };
        let off = excess.samples.round() as i64;
        if off == 0 {
            break;
        }
        lag += off;
    }
    found
}

/// Lags at which the whitened signals are most alike.
fn candidates(input: &[f32], target: &[f32], rate_hz: u32) -> Vec<i64> {
    let (input, target) = (&input[..input.len().min(LONGEST)], &target[..target.len().min(LONGEST)]);
    let length = fast_length(input.len() + target.len());
    let fade = (FADE_SECONDS * f64::from(rate_hz)) as usize;
    let x = spectrum(input, length, fade);
    let mut cross = spectrum(target, length, fade);
    let strongest = x.iter().map(|value| value.norm_sqr()).fold(0.0, f32::max);
    for (y, x) in cross.iter_mut().zip(&x) {
        *y = if x.norm_sqr() > ABSENT * ABSENT * strongest { *y * x.conj() } else { Complex32::default() };
    }
    drop(x);
    let apart = (APART_SECONDS * f64::from(rate_hz)) as i64;
    let mut lags: Vec<i64> = Vec::new();
    for power in WHITENING {
        let whitened = cross.iter().map(|value| {
            let size = value.norm();
            if size > 0.0 { value / size.powf(power) } else { *value }
        });
        let likeness = signal(whitened.collect(), length);
        let half = length as i64 / 2;
        let lag = |at: usize| if at as i64 > half { at as i64 - length as i64 } else { at as i64 };
        let mut found: Vec<i64> = Vec::new();
        while found.len() < CANDIDATES {
            let is_new = |at: usize| found.iter().all(|other| (lag(at) - other).abs() > apart);
            let highest = (0..length)
                .filter(|&at| is_new(at))
                .max_by(|&a, &b| likeness[a].abs().total_cmp(&likeness[b].abs()));
            match highest {
                Some(at) => found.push(lag(at)),
                None => break,
            }
        }
        lags.extend(
            found
                .into_iter()
                .filter(|new| lags.iter().all(|old| (new - old).abs() > apart))
                .collect::<Vec<_>>(),
        );
    }
    lags
}
