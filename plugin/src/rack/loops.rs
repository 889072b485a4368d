//! Loops over samples, written so that compilers put several samples into one instruction.

/// Samples side by side.
const LANES: usize = 16;

/// A sample within ±`limit`; what is no number is silent.
#[inline(always)]
fn limited(sample: f32, limit: f32) -> f32 {
    // Comparisons with what is no number are false.
    let low = if sample > limit { limit } else { sample };
    let both = if low < -limit { -limit } else { low };
    if both.abs() <= limit { both } else { 0.0 }
}

/// Holds all samples within ±`limit`; what is no number is silent.
pub(super) fn limit(signal: &mut [f32], limit: f32) {
    signal.iter_mut().for_each(|sample| *sample = limited(*sample, limit));
}

/// The same, of samples that are finite; all others are silent.
pub(super) fn limit_finite(signal: &mut [f32], limit: f32) {
    signal.iter_mut().for_each(|sample| {
        *sample = if sample.abs() <= f32::MAX { limited(*sample, limit) } else { 0.0 };
    });
}

/// Multiplies a signal by gains, and holds what comes of it within ±`limit`; what is no number is silent.
pub(super) fn amplify(signal: &[f32], gains: &[f32], limit: f32, to: &mut [f32]) {
    for ((to, sample), gain) in to.iter_mut().zip(signal).zip(gains) {
        *to = limited(sample * gain, limit);
    }
}

/// Makes silence of what is too small for a usual float.
pub(super) fn flush(signal: &mut [f32]) {
    signal.iter_mut().for_each(|sample| {
        *sample = if sample.abs() < f32::MIN_POSITIVE { 0.0 } else { *sample };
    });
}

/// The largest magnitude; what is no number counts nothing.
pub(super) fn peak(signal: &[f32]) -> f32 {
    let higher = |most: f32, sample: f32| if sample.abs() > most { sample.abs() } else { most };
    let mut most = [0.0f32; LANES];
    let parts = signal.chunks_exact(LANES);
    let rest = parts.remainder();
    for part in parts {
        for (most, sample) in most.iter_mut().zip(part) {
            *most = higher(*most, *sample);
        }
    }
    most.iter().chain(rest).fold(0.0, |most, sample| higher(most, *sample))
}

/// The sum of squares, for a meter: the order in which they are added is another one in other blocks.
pub(super) fn power(signal: &[f32]) -> f32 {
    let mut sums = [0.0f32; LANES];
    let parts = signal.chunks_exact(LANES);
    let rest = parts.remainder();
    for part in parts {
        for (sum, sample) in sums.iter_mut().zip(part) {
            *sum += sample * sample;
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|sample| sample * sample).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: [f32; 9] =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, 1e-40, -1e-45, 0.25, -0.5];

    #[test]
    fn what_is_no_sound_is_bounded() {
        let mut all = ODD;
        limit(&mut all, 2.0);
        assert_eq!(all, [0.0, 2.0, -2.0, 2.0, -2.0, 1e-40, -1e-45, 0.25, -0.5]);
        let mut finite = ODD;
        limit_finite(&mut finite, 2.0);
        assert_eq!(finite, [0.0, 0.0, 0.0, 2.0, -2.0, 1e-40, -1e-45, 0.25, -0.5]);
        let mut loud = [0.0; 9];
        amplify(&ODD, &[4.0; 9], 3.0, &mut loud);
        assert_eq!(loud, [0.0, 3.0, -3.0, 3.0, -3.0, 4.0 * ODD[5], 4.0 * ODD[6], 1.0, -2.0]);
        amplify(&ODD, &[0.0; 9], 3.0, &mut loud);
        assert!(loud.iter().all(|x| *x == 0.0));
        flush(&mut all);
        assert_eq!(all, [0.0, 2.0, -2.0, 2.0, -2.0, 0.0, 0.0, 0.25, -0.5]);
    }

    #[test]
    fn meters_see_all_of_a_block() {
        for length in [0, 1, 15, 16, 17, 64, 100] {
            for at in 0..length {
                let mut signal = vec![0.125; length];
                signal[at] = -0.75;
                assert_eq!(peak(&signal), 0.75, "{at} of {length}");
                let expected = 0.5625 + (length - 1) as f32 / 64.0;
                assert!((power(&signal) - expected).abs() < 1e-5, "{at} of {length}");
            }
        }
        assert_eq!((peak(&[]), power(&[])), (0.0, 0.0));
        assert_eq!(peak(&[f32::NAN, 0.5, f32::NAN]), 0.5);
    }
}
