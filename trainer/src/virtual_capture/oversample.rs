//! Up to the rate the circuits are solved at, and back.

use super::OVERSAMPLING;
use super::filter::Biquad;
use std::f64::consts::PI;

/// Order of each filter.
const ORDER: usize = 10;
/// Ripple in the pass band.
const RIPPLE_DB: f64 = 0.05;
/// End of the pass band, as a share of the audio's sample rate.
const EDGE: f64 = 0.42;

/// A Chebyshev low-pass of type I, minimum-phase and so without the delay of a symmetric filter:
/// 49 dB down where aliases reach the top of the pass band, more where they fall lower. Poles from
/// Parks and Burrus, "Digital Filter Design", 1987, section 7.2.
#[derive(Clone, Debug)]
struct LowPass {
    sections: Vec<Biquad>,
}

impl LowPass {
    fn new() -> Self {
        let fast = OVERSAMPLING as f64;
        // Angular corner of the analogue prototype, pre-warped, for a rate of 1.
        let corner = 2.0 * (PI * EDGE / fast).tan();
        let epsilon = (10f64.powf(RIPPLE_DB / 10.0) - 1.0).sqrt();
        let v = (1.0 / epsilon).asinh() / ORDER as f64;
        let sections = (0..ORDER / 2).map(|k| {
            let angle = PI * (2 * k + 1) as f64 / (2 * ORDER) as f64;
            let (re, im) = (-v.sinh() * angle.sin() * corner, v.cosh() * angle.cos() * corner);
            // 1 / (s^2 - 2 re s + |p|^2), through s = 2 (1 - z^-1) / (1 + z^-1).
            let square = re * re + im * im;
            let a0 = 4.0 - 4.0 * re + square;
            let gain = square / a0;
            Biquad::new([gain, 2.0 * gain, gain], [(2.0 * square - 8.0) / a0, (4.0 + 4.0 * re + square) / a0])
        });
        Self { sections: sections.collect() }
    }

    fn next(&mut self, x: f64) -> f64 {
        self.sections.iter_mut().fold(x, |x, section| section.next(x))
    }
}

/// Runs something at [`OVERSAMPLING`] times the sample rate.
#[derive(Clone, Debug)]
pub struct Oversampler {
    up: LowPass,
    down: LowPass,
}

impl Oversampler {
    /// Filters at rest.
    pub fn new() -> Self {
        Self { up: LowPass::new(), down: LowPass::new() }
    }

    /// The next sample, through `circuit` at the higher rate.
    pub fn next(&mut self, x: f64, mut circuit: impl FnMut(f64) -> f64) -> f64 {
        let mut y = 0.0;
        for i in 0..OVERSAMPLING {
            // One sample between zeros, at the gain that makes up for them.
            let spike = if i == 0 { x * OVERSAMPLING as f64 } else { 0.0 };
            y = self.down.next(circuit(self.up.next(spike)));
        }
        y
    }
}

impl Default for Oversampler {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Level in dB of a sine of `frequency` (in sample rates) after going up and down.
    fn level(frequency: f64, circuit: impl Fn(f64) -> f64) -> f64 {
        let mut o = Oversampler::new();
        let y: Vec<f64> =
            (0..8000).map(|n| o.next((2.0 * PI * frequency * n as f64).sin(), &circuit)).collect();
        10.0 * (2.0 * y[4000..].iter().map(|y| y * y).sum::<f64>() / 4000.0).log10()
    }

    #[test]
    fn passes_audio_unchanged() {
        for frequency in [0.01, 0.1, 0.3, 0.4] {
            let level = level(frequency, |x| x);
            assert!(level.abs() < 0.2, "{level} dB at {frequency}");
        }
    }

    #[test]
    fn a_cubed_sine_does_not_alias() {
        // The third harmonic of 0.3 lies at 0.9 and would come back as 0.1 without filters, at
        // -12 dB. What is left is the image at 0.7, mixed down by the cube.
        let fundamental = level(0.3, |x| x * x * x);
        assert!((fundamental - 20.0 * 0.75f64.log10()).abs() < 0.3, "{fundamental} dB");
        let mut o = Oversampler::new();
        let y: Vec<f64> =
            (0..8000).map(|n| o.next((2.0 * PI * 0.3 * n as f64).sin(), |x| x * x * x)).collect();
        let (mut re, mut im) = (0.0, 0.0);
        for (n, y) in y.iter().enumerate().skip(4000) {
            re += y * (2.0 * PI * 0.1 * n as f64).cos() / 2000.0;
            im += y * (2.0 * PI * 0.1 * n as f64).sin() / 2000.0;
        }
        let alias = 20.0 * re.hypot(im).log10();
        assert!(alias < -70.0, "{alias} dB");
    }
}
