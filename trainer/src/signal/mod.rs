//! Test signals to play through gear: our own, and others' that are recognised by what is in them.
//!
//! A signal is recognised by its content, so that it may be renamed, resampled, cut or played at another level.

mod make;
mod marker;
mod nam;

pub use make::{PASS_GAP_SECONDS, PASS_SECONDS, SECONDS, make, write};

use crate::recording::{Passes, correlate, passes};
use marker::Marker;
use std::fmt;

/// A test signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Ours ([`make`]), all of it.
    Ours,
    /// Ours, with its beginning or its end cut off.
    OursCut,
    /// That of Neural Amp Modeler, with its version.
    Nam(u8),
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours => f.write_str("the input is Tonewright's test signal"),
            Self::OursCut => f.write_str(
                "the input is Tonewright's test signal, of which the beginning or the end is missing",
            ),
            Self::Nam(version) => {
                write!(f, "the input is Neural Amp Modeler's test signal, version {version}")
            }
        }
    }
}

/// How like a marker a place must be.
const ALIKE: f32 = 0.9;

/// Which test signal an input is, and its two passes.
pub fn recognise(input: &[f32], rate_hz: u32) -> (Option<Known>, Option<Passes>) {
    let [begin, second] = [Marker::Begin, Marker::Pass].map(|marker| places(input, marker, rate_hz));
    if begin.is_empty() && second.is_empty() {
        let passes = passes::find(input, rate_hz);
        return (nam::recognise(input, passes.as_ref(), rate_hz), passes);
    }
    let at = |seconds: f64| (seconds * f64::from(rate_hz)).round() as usize;
    let known = if begin.len() == 1 && second.len() == 2 { Known::Ours } else { Known::OursCut };
    let lag = at(PASS_SECONDS + PASS_GAP_SECONDS);
    let found = match second[..] {
        [first, second] if (second - first).abs_diff(lag) <= 2 => Some((first, second)),
        _ => None,
    };
    let passes = found.map(|(first, second)| {
        let samples = at(PASS_SECONDS).min(input.len() - second);
        // A pass that is mostly cut off is no measure.
        Passes { first, second, samples, for_validation: samples >= at(PASS_SECONDS / 2.0) }
    });
    (Some(known), passes)
}

/// How much less like a marker an input is than its target if the two are swapped.
const LESS_ALIKE: f32 = 0.01;

/// Whether a target is our signal as it was sent, and its input is not: the two are swapped. Gear that hardly changes
/// the markers leaves nothing to tell by.
pub fn is_swapped(input: &[f32], target: &[f32], rate_hz: u32) -> bool {
    let unlike = |signal: &[f32]| {
        let likeness = |marker: Marker| correlate(signal, &marker.sound(f64::from(rate_hz)));
        let markers = [Marker::Begin, Marker::Pass].into_iter().flat_map(likeness);
        // A target may have been turned.
        1.0 - markers.fold(0.0, |most, likeness| likeness.abs().max(most))
    };
    let of_target = unlike(target);
    // What was recorded on its way into the gear has some noise: it is less clean than what was sent, not than what came back.
    of_target < 1.0 - ALIKE && unlike(input) > 4.0 * of_target + LESS_ALIKE
}

/// Where a marker begins.
fn places(input: &[f32], marker: Marker, rate_hz: u32) -> Vec<usize> {
    let template = marker.sound(f64::from(rate_hz));
    let found = correlate(input, &template);
    let mut places: Vec<usize> = Vec::new();
    for (at, likeness) in found.iter().enumerate().filter(|(_, likeness)| **likeness > ALIKE) {
        match places.last_mut() {
            Some(last) if at - *last < template.len() => {
                if *likeness > found[*last] {
                    *last = at;
                }
            }
            _ => places.push(at),
        }
    }
    places
}

#[cfg(test)]
mod tests;
