//! Finding a known signal in a recording, by correlation.

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::f64::consts::PI;
use std::sync::Arc;

/// Bits of the register that makes the sequence, and where it is tapped: x^15 + x^14 + 1 is primitive
/// (S. W. Golomb, Shift Register Sequences, 1967).
const BITS: u32 = 15;

/// How long the sequence is. A correlation over it gains 45 dB against noise.
pub(super) const SEQUENCE_SAMPLES: usize = (1 << BITS) - 1;

/// How far above the root mean square of a correlation its peak must stand. That of pure noise over a second stands 5
/// times above.
const CLEAR: f64 = 8.0;

/// A second peak, at least this much of the first, makes a find ambiguous.
const ECHO: f64 = 0.5;

/// Peaks closer than this are one: converters and loudspeakers ring. In samples.
const ONE_PEAK_SAMPLES: usize = 64;

/// Samples on each side that an interpolation takes in.
const SINC_SAMPLES: isize = 32;

/// Steps of the search for the highest point between samples; each narrows it down to 0.62.
const STEPS: usize = 32;

/// A maximum-length sequence of +1 and -1: it correlates with nothing but itself, has all frequencies alike, and
/// its peaks are no higher than its mean.
pub(super) fn sequence() -> Vec<f32> {
    let mut register = 1u32;
    let next = |_| {
        let bit = (register ^ (register >> 1)) & 1;
        register = (register >> 1) | (bit << (BITS - 1));
        if register & 1 == 1 { 1.0 } else { -1.0 }
    };
    (0..SEQUENCE_SAMPLES).map(next).collect()
}

/// Where a signal was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// Samples from the recording's beginning to the signal's.
    pub delay_samples: f64,
    /// Factor by which it came back, negative if upside down.
    pub gain: f64,
    /// How far it stands above all else, as a factor.
    pub clarity: f64,
    /// Delay and gain of another place where nearly as much of the signal is.
    pub second: Option<(f64, f64)>,
}

/// Looks for one signal.
pub(super) struct Search {
    longest_delay: usize,
    size: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    backward: Arc<dyn ComplexToReal<f64>>,
    /// Of the signal, conjugated, and scaled so that the correlation is a gain.
    spectrum: Vec<Complex<f64>>,
}

impl Search {
    /// For a signal that comes back at most `longest_delay` samples late.
    pub fn new(signal: &[f32], longest_delay: usize) -> Self {
        // Long enough that what wraps around lies outside of the delays looked at and of their neighbours.
        let size = (signal.len() + longest_delay + 2 * SINC_SAMPLES as usize).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        let (forward, backward) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        let mut search = Self { longest_delay, size, forward, backward, spectrum: Vec::new() };
        let energy: f64 = signal.iter().map(|&s| f64::from(s).powi(2)).sum();
        let scale = 1.0 / (energy.max(f64::MIN_POSITIVE) * size as f64);
        search.spectrum = search.transform(signal).iter().map(|bin| bin.conj() * scale).collect();
        search
    }

    /// Finds the signal, or nothing that is clearly it.
    pub fn find(&self, recording: &[f32]) -> Option<Found> {
        let correlation = self.correlate(recording);
        let delays = &correlation[..=self.longest_delay];
        let largest = |from: usize, to: usize| {
            let within = delays[from..to].iter().enumerate();
            let best = within.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
            best.map(|(place, value)| (from + place, value.abs()))
        };
        let (place, height) = largest(0, delays.len())?;
        let rms = (delays.iter().map(|c| c * c).sum::<f64>() / delays.len() as f64).sqrt();
        let clarity = height / rms.max(f64::MIN_POSITIVE);
        if clarity < CLEAR {
            return None;
        }
        let before = largest(0, place.saturating_sub(ONE_PEAK_SAMPLES));
        let after = largest((place + ONE_PEAK_SAMPLES).min(delays.len()), delays.len());
        let other = before.into_iter().chain(after).max_by(|a, b| a.1.total_cmp(&b.1));
        let (delay_samples, gain) = highest_point(&correlation, place);
        let second = other.filter(|other| other.1 >= ECHO * height);
        let second = second.map(|(place, _)| (place as f64, correlation[place]));
        Some(Found { delay_samples, gain, clarity, second })
    }

    /// How much of the signal is in the recording, for each delay; what is before its beginning stands at the end.
    fn correlate(&self, recording: &[f32]) -> Vec<f64> {
        let mut product: Vec<_> =
            self.transform(recording).iter().zip(&self.spectrum).map(|(a, b)| a * b).collect();
        // The bins at 0 and at half the rate are real but for rounding; the inverse insists.
        for end in [0, product.len() - 1] {
            product[end].im = 0.0;
        }
        let mut correlation = self.backward.make_output_vec();
        // Fails only for buffers of another length than its own.
        let _ = self.backward.process(&mut product, &mut correlation);
        correlation
    }

    fn transform(&self, signal: &[f32]) -> Vec<Complex<f64>> {
        let mut padded = vec![0.0; self.size];
        padded.iter_mut().zip(signal).for_each(|(to, &from)| *to = f64::from(from));
        let mut spectrum = self.forward.make_output_vec();
        // Fails only for buffers of another length than its own.
        let _ = self.forward.process(&mut padded, &mut spectrum);
        spectrum
    }
}

/// The highest point of the curve through the samples around `place`, and its height with its sign. The curve is the
/// band-limited one, and within a sample of its peak it has one maximum, which a golden-section search finds.
fn highest_point(samples: &[f64], place: usize) -> (f64, f64) {
    let sign = samples[place].signum();
    let height = |shift: f64| sign * between(samples, place, shift);
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-1.0, 1.0);
    for _ in 0..STEPS {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if height(left) < height(right) { low = left } else { high = right }
    }
    let shift = (low + high) / 2.0;
    (place as f64 + shift, sign * height(shift))
}

/// The value `shift` samples behind `place`, by a sinc under a Hann window.
fn between(samples: &[f64], place: usize, shift: f64) -> f64 {
    let value = |offset: isize| {
        let from = (place as isize + offset).rem_euclid(samples.len() as isize);
        let distance = shift - offset as f64;
        let window = 0.5 + 0.5 * (PI * distance / (SINC_SAMPLES as f64 + 1.0)).cos();
        samples[from as usize] * sinc(distance) * window
    };
    (-SINC_SAMPLES..=SINC_SAMPLES).map(value).sum()
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_correlates_with_nothing_but_itself() {
        let sequence = sequence();
        // A maximum-length sequence, repeated, correlates with itself shifted by any amount to -1.
        for shift in [1, 2, 77, 16_000, 32_766] {
            let sum: f32 =
                (0..SEQUENCE_SAMPLES).map(|i| sequence[i] * sequence[(i + shift) % SEQUENCE_SAMPLES]).sum();
            assert_eq!(sum, -1.0, "shift {shift}");
        }
    }

    #[test]
    fn delays_between_samples_are_found() {
        let signal = sequence();
        let search = Search::new(&signal, 2000);
        for (delay, gain) in [(0.0, 1.0), (0.5, 0.3), (100.25, -0.5), (1987.7, 1.0)] {
            let mut recording = vec![0.0; signal.len() + 2000];
            let whole = f64::floor(delay) as isize;
            for (to, sample) in recording.iter_mut().enumerate() {
                let near = to as isize - whole;
                let from = (near - 40).max(0)..(near + 40).clamp(0, signal.len() as isize);
                let value = |i: isize| f64::from(signal[i as usize]) * sinc(to as f64 - delay - i as f64);
                *sample = (gain * from.map(value).sum::<f64>()) as f32;
            }
            let found = search.find(&recording).expect("it is there");
            assert!((found.delay_samples - delay).abs() < 0.02, "{delay}: {found:?}");
            assert!((found.gain / gain - 1.0).abs() < 0.02, "{gain}: {found:?}");
            assert_eq!(found.second, None);
        }
    }
}
