//! A part of the input that is played twice: what the gear makes of it the second time shows how well it repeats.

use super::correlate;
use crate::data::power;
use std::ops::Range;

/// Length of what is searched for, in seconds.
const PROBE_SECONDS: f64 = 0.4;
/// Where probes are taken, in seconds before the end.
const PROBES_SECONDS: [f64; 5] = [1.5, 3.0, 4.5, 6.5, 9.0];
/// How alike both must be.
const ALIKE: f32 = 0.9995;
/// Largest difference of a repeated frame, as a share of its power.
const SAME: f64 = 1e-6;
/// Where in what is held out one looks whether it was played before.
const PLACES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];
/// Length of a frame, in seconds.
const FRAME_SECONDS: f64 = 0.02;
/// Shortest pass, in seconds.
const SHORTEST_SECONDS: f64 = 2.0;
/// Shortest and longest pass that is made for validation, in seconds, and how near the end it is.
const VALIDATION_SECONDS: Range<f64> = 4.0..31.0;
const NEAR_END_SECONDS: f64 = 3.0;
/// What is this much weaker than the loudest frame is silence, as a share of its power.
const SILENT: f64 = 1e-8;

/// A part that is played twice, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passes {
    /// Where it begins the first time.
    pub first: usize,
    /// Where it begins the second time.
    pub second: usize,
    /// How long it is.
    pub samples: usize,
    /// Whether it is played exactly twice and the second time ends the recording: made for validation.
    pub for_validation: bool,
}

impl Passes {
    /// Both passes of a signal.
    pub fn of<'a>(&self, signal: &'a [f32]) -> [&'a [f32]; 2] {
        [self.first, self.second].map(|start| &signal[start..start + self.samples])
    }
}

/// Looks for a part near the end of an input that was played before.
pub fn find(input: &[f32], rate_hz: u32) -> Option<Passes> {
    let at = |seconds: f64| (seconds * f64::from(rate_hz)) as usize;
    let (probe, frame) = (at(PROBE_SECONDS), at(FRAME_SECONDS).max(1));
    let loudest = input.chunks(frame).map(power).fold(0.0, f64::max);
    let silent = SILENT * loudest;
    for before_end in PROBES_SECONDS {
        let Some(start) = input.len().checked_sub(at(before_end)) else { break };
        let template = &input[start..start + probe];
        if power(template) <= 1e3 * silent || start < at(SHORTEST_SECONDS) {
            continue;
        }
        let found = correlate(&input[..start], template);
        let Some((place, _)) =
            found.iter().enumerate().filter(|(_, c)| **c >= ALIKE).max_by(|a, b| a.1.total_cmp(b.1))
        else {
            continue;
        };
        let once = found.iter().enumerate().all(|(i, c)| *c < ALIKE || i.abs_diff(place) < probe);
        if let Some(mut passes) = extend(input, place, start, frame, silent)
            && passes.samples >= at(SHORTEST_SECONDS)
        {
            let seconds = passes.samples as f64 / f64::from(rate_hz);
            let rest = input.len() - passes.second - passes.samples;
            passes.for_validation =
                once && VALIDATION_SECONDS.contains(&seconds) && rest <= at(NEAR_END_SECONDS);
            return Some(passes);
        }
    }
    None
}

/// Where what is played in `part` is played before it, each stretch as far as it stays the same. Looked for at a few places of `part`.
pub(super) fn played_before(input: &[f32], part: &Range<usize>, rate_hz: u32) -> Vec<Range<usize>> {
    let at = |seconds: f64| (seconds * f64::from(rate_hz)) as usize;
    let (probe, frame) = (at(PROBE_SECONDS), at(FRAME_SECONDS).max(1));
    let silent = SILENT * input.chunks(frame).map(power).fold(0.0, f64::max);
    let mut found: Vec<Range<usize>> = Vec::new();
    for share in PLACES {
        let second = part.start + (share * part.len() as f64) as usize;
        let Some(template) = input.get(second..second + probe) else { continue };
        if power(template) <= 1e3 * silent {
            continue;
        }
        let alike = correlate(&input[..part.start], template);
        let mut from = 0;
        while let Some(first) = (from..alike.len()).find(|i| alike[*i] >= ALIKE) {
            // The highest of its neighbours is the place itself.
            let end = (first + probe).min(alike.len());
            let first = (first..end).max_by(|a, b| alike[*a].total_cmp(&alike[*b])).unwrap_or(first);
            from = end;
            if let Some(twin) = extend(input, first, second, frame, silent) {
                let lag = second - first;
                let start = twin.first.max(part.start.saturating_sub(lag));
                let end = (twin.first + twin.samples).min(part.end - lag).min(part.start);
                if start < end {
                    found.push(start..end);
                }
            }
        }
    }
    found.sort_by_key(|range| range.start);
    found.dedup();
    found
}

/// How far to both sides the two stay the same.
fn extend(input: &[f32], first: usize, second: usize, frame: usize, silent: f64) -> Option<Passes> {
    let lag = second - first;
    let same = |at: usize| {
        let (a, b) = (&input[at..at + frame], &input[at + lag..at + lag + frame]);
        let difference: f64 =
            a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / frame as f64;
        difference <= SAME * power(a) + silent
    };
    let (mut start, mut end) = (first, first);
    while end + lag + frame <= input.len() && end + frame <= first + lag && same(end) {
        end += frame;
    }
    while start >= frame && end - (start - frame) <= lag && same(start - frame) {
        start -= frame;
    }
    // Silence at the ends is the same everywhere.
    let sounds = |at: &usize| power(&input[*at..*at + frame]) > silent;
    let begin = (start..end).step_by(frame).find(sounds)?;
    let last = (begin..end).step_by(frame).rfind(sounds)?;
    let end = (last + frame).min(end);
    Some(Passes { first: begin, second: begin + lag, samples: end - begin, for_validation: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::virtual_capture::guitar;

    #[test]
    fn a_repeated_end_is_found_with_its_bounds() {
        let rate = 16_000;
        let body = guitar::play(12.0, f64::from(rate), 1);
        let pass = guitar::play(6.0, f64::from(rate), 2);
        let silence = vec![0.0; 8_000];
        let input = [&body[..], &silence, &pass, &silence, &pass, &silence].concat();
        let passes = find(&input, rate).expect("two passes");
        assert!(passes.for_validation);
        assert_eq!(passes.second - passes.first, pass.len() + silence.len());
        let begin = body.len() + silence.len();
        assert!(passes.first.abs_diff(begin) < 8_000, "{passes:?} {begin}");
        assert!(passes.samples > 5 * rate as usize && passes.samples <= pass.len() + 640, "{passes:?}");
        let [a, b] = passes.of(&input);
        assert_eq!(a, b);
    }

    #[test]
    fn playing_that_is_never_twice_the_same_has_none() {
        let input = guitar::play(20.0, 16_000.0, 3);
        assert_eq!(find(&input, 16_000), None);
        assert_eq!(find(&vec![0.0; 160_000], 16_000), None);
        assert_eq!(find(&[0.1; 100], 16_000), None);
    }
}
