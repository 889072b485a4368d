//! The frequency of a string's lowest partial, from all that are loud enough.

use super::{HIGHEST_HZ, LOWEST_HZ};
use realfft::num_complex::Complex64;
use std::f64::consts::TAU;

/// Partials that are looked at.
const MOST: usize = 10;

/// Shares of the window that are compared: two parts of two thirds, the second a third later.
const PARTS: f64 = 3.0;

/// What is this much weaker than the loudest partial, as an amplitude, cannot be told from its skirts: -46 dB.
const WEAK: f64 = 0.005;

/// What is this much weaker than the loudest counts as missing where it decides which note there is: -34 dB.
const MISSING: f64 = 0.02;

/// Share of the power that a single string's partials have at least.
const LEAST_SHARE: f64 = 0.7;

/// Stiffest string, as `B`: above the shortest lengths of the thickest ones.
const STIFFEST: f64 = 2e-3;

/// How far a partial may be from where it is looked for, in cents, to be one of the string's.
const NEAR_CENTS: f64 = 40.0;

/// How far a partial may be from where the others have it, in cents, to be believed.
const BELIEVED_CENTS: f64 = 4.0;

/// Share of what the partials say, by their weight, that is believed of a single string.
const LEAST_AGREED: f64 = 0.5;

/// Measures partials.
pub struct Partials {
    rate_hz: f64,
    /// Hann's window, of two thirds of the whole one.
    hann: Vec<f64>,
    /// How much later the second part is, in samples.
    hop: usize,
}

/// One partial.
#[derive(Clone, Copy, Default)]
struct Partial {
    number: f64,
    hz: f64,
    amplitude: f64,
    /// Whether it is where it was looked for.
    is_near: bool,
    /// How much it says of the string.
    weight: f64,
}

/// A string: `F` squared, in Hz², and how stiff it is.
#[derive(Clone, Copy)]
struct Stiff {
    square: f64,
    stiffness: f64,
}

impl Stiff {
    /// Where a partial is, in Hz.
    fn partial_hz(self, number: f64) -> f64 {
        number * (self.square * (1.0 + self.stiffness * number * number)).sqrt()
    }
}

impl Partials {
    /// For windows of so many samples at a rate in Hz.
    pub fn new(rate_hz: f64, window: usize) -> Self {
        let hop = (window as f64 / PARTS) as usize;
        let length = window - hop;
        let hann = (0..length).map(|i| 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / length as f64).cos());
        Self { rate_hz, hann: hann.collect(), hop }
    }

    /// The lowest partial's frequency in Hz, of a string whose period is known roughly. `None` if there is more
    /// than one string, or none.
    pub fn refine(&self, signal: &[f64], rough_hz: f64) -> Option<f64> {
        let (rough_hz, mut loudest) = self.right_octave(signal, rough_hz);
        let mut string = Stiff { square: rough_hz * rough_hz, stiffness: 0.0 };
        let mut found = [Partial::default(); MOST];
        let mut count = 0;
        // The first time through, each partial found tells where to look for the next.
        for _ in 0..2 {
            count = 0;
            for at in 0..MOST {
                let number = (at + 1) as f64;
                let near_hz = string.partial_hz(number);
                if near_hz > 0.44 * self.rate_hz {
                    break;
                }
                let (hz, amplitude) = self.measure(signal, near_hz);
                loudest = loudest.max(amplitude);
                let is_near = cents(hz, near_hz).abs() < NEAR_CENTS;
                found[at] = Partial { number, hz, amplitude, is_near, weight: 0.0 };
                count = at + 1;
                weigh(&mut found[..count], loudest);
                string = fit(&found[..count]).unwrap_or(string);
            }
        }
        let found = &mut found[..count];
        if !self.is_one_string(signal, found) {
            return None;
        }
        let said: f64 = found.iter().map(|p| p.weight).sum();
        for partial in found.iter_mut() {
            let off_cents = cents(partial.hz, string.partial_hz(partial.number));
            partial.is_near &= off_cents.abs() < BELIEVED_CENTS;
        }
        let believed: f64 = found.iter().filter(|p| p.is_near).map(|p| p.weight).sum();
        if believed < LEAST_AGREED * said {
            return None;
        }
        Some(fit(found).unwrap_or(string).partial_hz(1.0))
    }

    /// What is alike after a period is alike after two, and nearly so after half of one: the partials tell. With the
    /// amplitude of the loudest, roughly.
    fn right_octave(&self, signal: &[f64], rough_hz: f64) -> (f64, f64) {
        let level = |hz: f64| {
            let below = hz < 0.44 * self.rate_hz;
            if below { self.spectrum(signal, hz, 0).norm() } else { 0.0 }
        };
        let at = |number: f64| level(number * rough_hz);
        let whole: f64 = (1..=6).map(|n| at(f64::from(n))).fold(0.0, f64::max);
        if rough_hz / 2.0 >= 2.0 * LOWEST_HZ {
            let between = (0..5).map(|n| at(f64::from(n) + 0.5)).fold(0.0, f64::max);
            if between > 0.1 * whole {
                return (rough_hz / 2.0, between.max(whole));
            }
        }
        let odd = (0..4).map(|n| at(f64::from(2 * n + 1))).fold(0.0, f64::max);
        if odd < WEAK * whole && 2.0 * rough_hz <= HIGHEST_HZ {
            return (2.0 * rough_hz, whole);
        }
        (rough_hz, whole)
    }

    /// Two strings have a period in common, and fewer partials than one string of that period would have.
    fn is_one_string(&self, signal: &[f64], found: &[Partial]) -> bool {
        let loudest = found.iter().map(|p| p.amplitude).fold(0.0, f64::max);
        let is_there = |number: usize| {
            found.get(number - 1).is_some_and(|p| p.is_near && p.amplitude > MISSING * loudest)
        };
        // A fifth is partials 2, 3, 4, 6 of its common octave, a fourth 3, 4, 6, a major chord 4, 5, 6.
        let is_single = is_there(1) || is_there(2) && is_there(3) && (is_there(5) || is_there(7));
        // Half the power of a sine in Hann's window is in its peak; the sum of squares is what it is taken from.
        let windowed: f64 = self.hann.iter().zip(signal).map(|(w, s)| (w * s).powi(2)).sum();
        let energy: f64 = self.hann.iter().map(|w| w * w).sum();
        let explained: f64 = found.iter().filter(|p| p.is_near).map(|p| 0.5 * p.amplitude.powi(2)).sum();
        // Of low strings more partials sound than are looked at, so that only those below count.
        let covers_all = found.len() < MOST;
        is_single && (!covers_all || explained * energy > LEAST_SHARE * windowed)
    }

    /// Frequency and amplitude of the partial next to a frequency in Hz.
    fn measure(&self, signal: &[f64], near_hz: f64) -> (f64, f64) {
        let (first, second) = (self.spectrum(signal, near_hz, 0), self.spectrum(signal, near_hz, self.hop));
        let turned = (second * first.conj()).arg();
        let hz = near_hz + turned * self.rate_hz / (TAU * self.hop as f64);
        (hz, first.norm().max(second.norm()))
    }

    /// Amplitude at a frequency in Hz of the part that begins at `begin`, with its phase relative to an oscillator
    /// that began with the signal.
    fn spectrum(&self, signal: &[f64], hz: f64, begin: usize) -> Complex64 {
        let step = Complex64::from_polar(1.0, -TAU * hz / self.rate_hz);
        let mut turn = Complex64::from_polar(1.0, -TAU * (hz / self.rate_hz * begin as f64).fract());
        let mut sum = Complex64::default();
        let mut weight = 0.0;
        for (window, sample) in self.hann.iter().zip(&signal[begin..]) {
            sum += turn * (window * sample);
            weight += window;
            turn *= step;
        }
        2.0 * sum / weight
    }
}

/// How much higher one frequency is, in cents.
fn cents(hz: f64, than_hz: f64) -> f64 {
    1200.0 * (hz / than_hz).log2()
}

/// How much each partial says: the louder the surer, and the higher the finer.
fn weigh(found: &mut [Partial], loudest: f64) {
    for partial in found {
        let share = partial.amplitude / loudest;
        partial.weight = if share > WEAK { (partial.number * share).powi(2) } else { 0.0 };
    }
}

/// The string that fits best: `(f / n)² = F² + F² B n²` is a straight line over `n²`.
fn fit(found: &[Partial]) -> Option<Stiff> {
    let (mut w, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for partial in found.iter().filter(|p| p.is_near) {
        let (at, value) = (partial.number.powi(2), (partial.hz / partial.number).powi(2));
        w += partial.weight;
        x += partial.weight * at;
        y += partial.weight * value;
        xx += partial.weight * at * at;
        xy += partial.weight * at * value;
    }
    if w <= 0.0 {
        return None;
    }
    let determinant = w * xx - x * x;
    let slope = if determinant > 1e-9 * w * xx { (w * xy - x * y) / determinant } else { 0.0 };
    let mean = y / w;
    // What a string cannot be is noise.
    let slope = slope.clamp(0.0, STIFFEST * mean);
    let square = (y - slope * x) / w;
    (square > 0.0 && square.is_finite()).then(|| Stiff { square, stiffness: slope / square })
}
