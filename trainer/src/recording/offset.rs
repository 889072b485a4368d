//! The constant part of a target that the interface adds.

use crate::data::power;

/// Length of a frame, in seconds: two cycles of the lowest string.
const FRAME_SECONDS: f64 = 0.05;
/// Which share of the frames is looked at, and how many at least.
const SHARE: usize = 100;
const LEAST: usize = 3;
/// Frames that vary by less than this share of the whole are silence.
const SILENT: f64 = 0.02;

/// Offsets up to this are nothing to speak of, full scale 1: -66 dBFS.
pub(crate) const SMALL_OFFSET: f64 = 5e-4;

/// Mean of a signal; 0 of nothing.
pub(crate) fn mean(signal: &[f32]) -> f64 {
    signal.iter().map(|&s| f64::from(s)).sum::<f64>() / signal.len().max(1) as f64
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
    use super::{in_silence, mean};
    use crate::recording::{Settings, mend};

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
        assert!(mean(&lopsided) > 0.02);
        assert!(in_silence(&lopsided, 48_000).expect("it is").abs() < 1e-7);
        let moved: Vec<f32> = lopsided.iter().map(|y| y + 0.01).collect();
        assert!((in_silence(&moved, 48_000).expect("it is") - 0.01).abs() < 1e-7);
    }

    #[test]
    fn what_is_never_silent_has_none() {
        let steady: Vec<f32> = (0..48_000).map(|i| 0.3 + 0.5 * (i as f32 * 0.05).sin()).collect();
        assert_eq!(in_silence(&steady, 48_000), None);
        assert_eq!(in_silence(&[], 48_000), None);
    }

    #[test]
    fn playing_that_never_stops_keeps_its_mean_beside_a_recording_that_does() {
        let gear = |x: &f32| 0.5 * x.clamp(-0.02, 0.2) + 0.01;
        let read = |input: Vec<f32>, expected| {
            let target = input.iter().map(gear).collect();
            let settings = Settings { expected, ..Settings::default() };
            mend(input, target, 48_000, &settings, Vec::new())
        };
        let steady = |i: usize| 0.3 * (i as f32 * 0.05).sin() * (1.0 + 0.5 * (i as f32 * 0.0007).sin());
        let playing: Vec<f32> = (0..96_000).map(steady).collect();
        let first = read([playing.clone(), vec![0.0; 48_000]].concat(), None);
        assert!((first.offset - 0.01).abs() < 1e-4, "{}", first.offset);
        let second = read(playing.clone(), Some(first.lined_up()));
        assert!((second.offset - 0.01).abs() < 1e-4 && mean(&second.target) > 0.02, "{}", second.offset);
        let alone = read(playing, None);
        assert!(mean(&alone.target).abs() < 1e-4);
    }
}
