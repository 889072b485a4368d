//! What is done to a whole sound at once in the frequency domain.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;
use std::cell::RefCell;

/// A sound with each frequency multiplied by a gain: `gain(frequency_hz)`. Circular, so what rings on at
/// the end begins the sound; for noise and loops.
pub fn shape(samples: &[f32], rate_hz: f64, gain: impl Fn(f64) -> f64) -> Vec<f32> {
    let n = samples.len();
    let mut spectrum = forward(samples, n);
    for (k, bin) in spectrum.iter_mut().enumerate() {
        *bin *= gain(k as f64 * rate_hz / n as f64) as f32;
    }
    inverse(spectrum, n)
}

/// A sound through an impulse response, as long as the sound.
pub fn convolve(samples: &[f32], response: &[f32]) -> Vec<f32> {
    let n = (samples.len() + response.len()).next_power_of_two();
    let (mut a, b) = (forward(samples, n), forward(response, n));
    a.iter_mut().zip(&b).for_each(|(a, b)| *a *= b);
    let mut y = inverse(a, n);
    y.truncate(samples.len());
    y
}

/// A sound at another rate, by its spectrum; circular like [`shape`].
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    let n = samples.len();
    let m = ((n as u64 * u64::from(to_hz)) / u64::from(from_hz)).max(2) as usize;
    let mut spectrum = forward(samples, n);
    // What has no place below half of either rate is dropped, that half itself included.
    let kept = n.min(m).div_ceil(2);
    spectrum.truncate(kept);
    spectrum.resize(m / 2 + 1, Complex::default());
    let mut y = inverse(spectrum, m);
    let level = m as f32 / n as f32;
    y.iter_mut().for_each(|s| *s *= level);
    y
}

/// Power of each bin of the whole sound's spectrum.
pub fn power(samples: &[f32]) -> Vec<f64> {
    forward(samples, samples.len()).iter().map(|bin| f64::from(bin.norm_sqr())).collect()
}

thread_local! {
    /// Transforms of a length are wanted again and again, and planning one takes longer than it.
    static PLANNER: RefCell<RealFftPlanner<f32>> = RefCell::new(RealFftPlanner::new());
}

fn forward(samples: &[f32], n: usize) -> Vec<Complex<f32>> {
    let plan = PLANNER.with_borrow_mut(|planner| planner.plan_fft_forward(n));
    let mut input = samples.to_vec();
    input.resize(n, 0.0);
    let mut output = plan.make_output_vec();
    // Lengths are the plan's own, so it cannot fail.
    let _ = plan.process(&mut input, &mut output);
    output
}

fn inverse(mut spectrum: Vec<Complex<f32>>, n: usize) -> Vec<f32> {
    let plan = PLANNER.with_borrow_mut(|planner| planner.plan_fft_inverse(n));
    // A real signal's mean, and its highest frequency if n is even, are real.
    spectrum[0].im = 0.0;
    if n.is_multiple_of(2)
        && let Some(last) = spectrum.last_mut()
    {
        last.im = 0.0;
    }
    let mut output = plan.make_output_vec();
    let _ = plan.process(&mut spectrum, &mut output);
    output.iter_mut().for_each(|s| *s /= n as f32);
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(n: usize, cycles: f64, level: f32) -> Vec<f32> {
        (0..n).map(|i| level * (std::f64::consts::TAU * cycles * i as f64 / n as f64).sin() as f32).collect()
    }

    fn apart(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn gains_apply_to_their_frequencies() {
        let both: Vec<f32> =
            sine(1000, 10.0, 0.5).iter().zip(sine(1000, 200.0, 0.5)).map(|(a, b)| a + b).collect();
        // At 48 kHz the one is 480 Hz, the other 9600.
        let low = shape(&both, 48e3, |hz| if hz < 1e3 { 1.0 } else { 0.0 });
        assert!(apart(&low, &sine(1000, 10.0, 0.5)) < 1e-5);
    }

    #[test]
    fn convolution_is_that_of_the_definition() {
        let x = [1.0, -0.5, 0.25, 0.0, 2.0];
        let h = [0.5, 0.0, -1.0];
        let expected: Vec<f32> = (0..x.len())
            .map(|n| h.iter().enumerate().filter(|(k, _)| *k <= n).map(|(k, h)| h * x[n - k]).sum())
            .collect();
        assert!(apart(&convolve(&x, &h), &expected) < 1e-6);
    }

    #[test]
    fn another_rate_is_the_same_sound() {
        let (a, b) = (sine(44_100, 1000.0, 0.5), sine(48_000, 1000.0, 0.5));
        assert!(apart(&resample(&a, 44_100, 48_000), &b) < 1e-4);
        assert!(apart(&resample(&b, 48_000, 44_100), &a) < 1e-4);
    }
}
