//! The constant part of a target that the interface adds.

use crate::data::power;

/// Length of a frame, in seconds: two cycles of the lowest string.
const FRAME_SECONDS: f64 = 0.05;
/// Which share of the frames is looked at, and how many at least.
const SHARE: usize = 100;
const LEAST: usize = 3;
/// Frames that vary by less than this share of the whole are silence.
const SILENT: f64 = 0.02;

/// Mean of a signal; 0 of nothing.
pub(crate) fn mean(signal: &[f32]) -> f64 {
    signal.iter().map(|&s| f64::from(s)).sum::<f64>() / signal.len().max(1) as f64
}

/// The constant part of `target`: what is left of it while nothing sounds. Only a target that is never silent is judged
/// by its mean.
pub(crate) fn offset(target: &[f32], rate_hz: u32) -> f64 {
    in_silence(target, rate_hz).unwrap_or_else(|| mean(target))
}

/// What is left of `target` while nothing sounds; `None` if it is never silent. Gear that clips one side more than the
/// other has a mean of its own while it is played, which belongs to its tone.
pub(crate) fn in_silence(target: &[f32], rate_hz: u32) -> Option<f64> {
    let frame = ((FRAME_SECONDS * f64::from(rate_hz)) as usize).max(1);
    let varying = |signal: &[f32]| {
        let mean = mean(signal);
        ((power(signal) - mean * mean).max(0.0), mean)
    };
    let (whole, _) = varying(target);
    let mut frames: Vec<(f64, f64)> = target.chunks_exact(frame).map(varying).collect();
    frames.sort_by(|a, b| a.0.total_cmp(&b.0));
    frames.truncate((frames.len() / SHARE).max(LEAST));
    frames.retain(|(power, _)| *power <= SILENT * SILENT * whole);
    if frames.len() < LEAST {
        return None;
    }
    frames.sort_by(|a, b| a.1.total_cmp(&b.1));
    Some(frames[frames.len() / 2].1)
}

#[cfg(test)]
mod tests {
    use super::offset;

    /// A decaying note every second, then half a second of nothing.
    fn notes(clip: impl Fn(f32) -> f32) -> Vec<f32> {
        (0..8 * 48_000)
            .map(|i| {
                let t = (i % 48_000) as f32 / 48_000.0;
                let level = if t < 0.5 { (-6.0 * t).exp() } else { 0.0 };
                clip(level * (std::f32::consts::TAU * 110.0 * t).sin())
            })
            .collect()
    }

    #[test]
    fn a_constant_is_found_and_the_mean_of_lopsided_clipping_is_not_taken_for_one() {
        let lopsided = notes(|x| x.max(-0.2));
        assert!(super::mean(&lopsided) > 0.02);
        assert!(offset(&lopsided, 48_000).abs() < 1e-7);
        let moved: Vec<f32> = lopsided.iter().map(|y| y + 0.01).collect();
        assert!((offset(&moved, 48_000) - 0.01).abs() < 1e-7);
    }

    #[test]
    fn what_is_never_silent_is_judged_by_its_mean() {
        let steady: Vec<f32> = (0..48_000).map(|i| 0.3 + 0.5 * (i as f32 * 0.05).sin()).collect();
        assert!((offset(&steady, 48_000) - 0.3).abs() < 1e-3);
        assert_eq!(offset(&[], 48_000), 0.0);
        assert_eq!(super::in_silence(&steady, 48_000), None);
    }
}
