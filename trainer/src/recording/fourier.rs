//! Fourier transforms of whole recordings.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex32;

/// The next even length that transforms fast: one of the factors 2, 3 and 5.
pub(crate) fn fast_length(at_least: usize) -> usize {
    let smooth = |mut n: usize| {
        for factor in [2, 3, 5] {
            while n.is_multiple_of(factor) {
                n /= factor;
            }
        }
        n == 1
    };
    (at_least.max(2)..).find(|&n| n.is_multiple_of(2) && smooth(n)).unwrap_or(at_least)
}

/// The spectrum of a signal that is followed by silence up to `length`, with its ends faded over `fade` samples: a
/// recording that begins or ends in the middle of a sound would otherwise hold the same edge as its partner.
pub(super) fn spectrum(signal: &[f32], length: usize, fade: usize) -> Vec<Complex32> {
    let mut padded = vec![0.0; length];
    padded[..signal.len()].copy_from_slice(signal);
    let fade = fade.min(signal.len() / 2);
    for i in 0..fade {
        let gain = 0.5 - 0.5 * (std::f32::consts::PI * (i as f32 + 0.5) / fade as f32).cos();
        padded[i] *= gain;
        padded[signal.len() - 1 - i] *= gain;
    }
    let forward = RealFftPlanner::new().plan_fft_forward(length);
    let mut spectrum = forward.make_output_vec();
    let done = forward.process(&mut padded, &mut spectrum);
    debug_assert!(done.is_ok(), "the buffers are the plan's own");
    spectrum
}

/// Back into the time domain, unscaled.
pub(super) fn signal(mut spectrum: Vec<Complex32>, length: usize) -> Vec<f32> {
    let inverse = RealFftPlanner::new().plan_fft_inverse(length);
    let mut signal = inverse.make_output_vec();
    // A real signal's first and last value are real; rounding may say otherwise.
    spectrum[0].im = 0.0;
    spectrum[length / 2].im = 0.0;
    let done = inverse.process(&mut spectrum, &mut signal);
    debug_assert!(done.is_ok(), "the buffers are the plan's own");
    signal
}

/// The correlation of `template` with `signal` where it lies wholly inside, normalised by the energy of both: 1 where
/// the signal is the template at any level. Empty if the template is the longer one or silent.
pub(crate) fn correlate(signal: &[f32], template: &[f32]) -> Vec<f32> {
    let energy: f64 = template.iter().map(|&s| f64::from(s).powi(2)).sum();
    if template.len() > signal.len() || energy <= 0.0 {
        return Vec::new();
    }
    let places = signal.len() - template.len() + 1;
    // Blocks some times as long as the template: overlap-save.
    let length = fast_length((8 * template.len()).min(signal.len() + template.len()).max(2 * template.len()));
    let fresh = length - template.len() + 1;
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
    let mut conjugate = forward.make_output_vec();
    let mut block = vec![0.0; length];
    block[..template.len()].copy_from_slice(template);
    let mut done = forward.process(&mut block, &mut conjugate).is_ok();
    conjugate.iter_mut().for_each(|value| *value = value.conj() / length as f32);
    let mut squares = vec![0.0f64; signal.len() + 1];
    for (i, &sample) in signal.iter().enumerate() {
        squares[i + 1] = squares[i] + f64::from(sample).powi(2);
    }
    let floor = 1e-9 * squares[signal.len()] / signal.len() as f64 * template.len() as f64;
    let mut spectrum = forward.make_output_vec();
    let mut result = Vec::with_capacity(places);
    for start in (0..places).step_by(fresh) {
        block.fill(0.0);
        let end = signal.len().min(start + length);
        block[..end - start].copy_from_slice(&signal[start..end]);
        done &= forward.process(&mut block, &mut spectrum).is_ok();
        spectrum.iter_mut().zip(&conjugate).for_each(|(value, other)| *value *= other);
        spectrum[0].im = 0.0;
        spectrum[length / 2].im = 0.0;
        done &= inverse.process(&mut spectrum, &mut block).is_ok();
        for (i, value) in block.iter().enumerate().take(fresh.min(places - start)) {
            let at = start + i;
            let here = squares[at + template.len()] - squares[at];
            let scale = (energy * here).sqrt();
            result.push(if here > floor { (f64::from(*value) / scale) as f32 } else { 0.0 });
        }
    }
    debug_assert!(done, "the buffers are the plans' own");
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_even_and_smooth() {
        for (at_least, expected) in
            [(1, 2), (7, 8), (11, 12), (13, 16), (97, 100), (1021, 1024), (4801, 4860)]
        {
            assert_eq!(fast_length(at_least), expected);
        }
    }

    #[test]
    fn a_template_is_found_at_any_level_and_nowhere_else() {
        let signal: Vec<f32> = (0..5_000u32).map(|i| ((i * i % 977) as f32 / 977.0) - 0.5).collect();
        let template: Vec<f32> = signal[3_210..3_410].iter().map(|s| -0.01 * s).collect();
        let found = correlate(&signal, &template);
        assert_eq!(found.len(), 4_801);
        assert!((found[3_210] + 1.0).abs() < 1e-3, "{}", found[3_210]);
        assert!(found.iter().enumerate().all(|(i, c)| i % 977 == 3_210 % 977 || c.abs() < 0.9));
        assert!(correlate(&template, &signal).is_empty());
    }
}
