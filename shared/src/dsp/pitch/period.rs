//! How long a period of a sound is, to about a cent.

use super::{HIGHEST_HZ, LOWEST_HZ};
use realfft::num_complex::Complex64;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::sync::Arc;

/// Of all times after which the sound is like itself, the first counts that is as good as the best but for this:
/// every multiple of a period is one.
const AS_GOOD: f64 = 0.94;

/// Finds periods.
pub struct Periods {
    rate_hz: f64,
    longest: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    padded: Vec<f64>,
    spectrum: Vec<Complex64>,
    scratch: Vec<Complex64>,
    /// How much the sound is like itself, -1 to 1, by the time between in samples.
    likeness: Vec<f64>,
}

impl Periods {
    /// For windows of so many samples at a rate in Hz.
    pub fn new(rate_hz: f64, window: usize) -> Self {
        // Twice the longest period, so that a second one of most can be compared.
        let longest = ((2.0 * rate_hz / LOWEST_HZ) as usize).min(window / 2);
        let size = (window + longest + 1).next_power_of_two();
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(size), planner.plan_fft_inverse(size));
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            rate_hz,
            longest,
            padded: vec![0.0; size],
            spectrum: forward.make_output_vec(),
            scratch: vec![Complex64::default(); scratch],
            likeness: vec![0.0; longest + 1],
            forward,
            inverse,
        }
    }

    /// The frequency in Hz, and how alike its periods are, up to 1.
    pub fn find(&mut self, signal: &[f64]) -> Option<(f64, f64)> {
        self.compare(signal)?;
        let shortest = (self.rate_hz / HIGHEST_HZ) as usize;
        let last = (self.rate_hz / LOWEST_HZ).ceil() as usize + 1;
        let last = last.min(self.longest - 1);
        // Up to the first fall below 0 the sound is like itself because little time has passed.
        let begin = self.likeness.iter().position(|&l| l < 0.0)?.max(shortest.max(2) - 1);
        let peaks = || (begin..=last).filter(|&at| self.is_peak(at)).map(|at| self.peak(at));
        let best = peaks().map(|(_, height)| height).fold(0.0, f64::max);
        let (mut period, clarity) = peaks().find(|(_, height)| *height >= AS_GOOD * best)?;
        // Several periods together are known as exactly as one.
        let mut count = 2.0;
        while count * period + 1.0 < self.longest as f64 {
            let Some(found) = self.peak_near(count * period, 0.2 * period) else { break };
            period = found / count;
            count *= 2.0;
        }
        Some((self.rate_hz / period, clarity))
    }

    /// Twice what the sound and itself some time later have in common, over what they have together.
    fn compare(&mut self, signal: &[f64]) -> Option<()> {
        let (samples, size) = (signal.len(), self.padded.len());
        self.padded[..samples].copy_from_slice(signal);
        self.padded[samples..].fill(0.0);
        self.forward.process_with_scratch(&mut self.padded, &mut self.spectrum, &mut self.scratch).ok()?;
        self.spectrum.iter_mut().for_each(|value| *value = Complex64::new(value.norm_sqr(), 0.0));
        self.inverse.process_with_scratch(&mut self.spectrum, &mut self.padded, &mut self.scratch).ok()?;
        let mut together = 2.0 * signal.iter().map(|s| s * s).sum::<f64>();
        let least = 1e-9 * together;
        for (at, likeness) in self.likeness.iter_mut().enumerate() {
            if at > 0 {
                together -= signal[at - 1].powi(2) + signal[samples - at].powi(2);
            }
            let common = 2.0 * self.padded[at] / size as f64;
            *likeness = if together > least { common / together } else { 0.0 };
        }
        Some(())
    }

    fn is_peak(&self, at: usize) -> bool {
        let l = &self.likeness;
        l[at] > 0.0 && l[at] > l[at - 1] && l[at] >= l[at + 1]
    }

    /// Place and height of a peak between the samples: of a parabola through three of them.
    fn peak(&self, at: usize) -> (f64, f64) {
        let [before, here, after] = [self.likeness[at - 1], self.likeness[at], self.likeness[at + 1]];
        let bend = before - 2.0 * here + after;
        if bend >= 0.0 {
            return (at as f64, here);
        }
        let off = 0.5 * (before - after) / bend;
        (at as f64 + off, here - 0.25 * (before - after) * off)
    }

    /// The highest peak no further than `reach` from a time.
    fn peak_near(&self, time: f64, reach: f64) -> Option<f64> {
        let first = (time - reach).floor().max(1.0) as usize;
        let last = ((time + reach).ceil() as usize).min(self.longest - 1);
        let peaks = (first..=last).filter(|&at| self.is_peak(at)).map(|at| self.peak(at));
        peaks.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(place, _)| place)
    }
}
