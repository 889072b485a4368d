//! Neural Amp Modeler's test signals, by their known structure: where the clicks and the two passes are. The numbers
//! are those of neural-amp-modeler 0.13.0 (`nam/train/core.py`, `_V2_DATA_INFO` and `_V3_DATA_INFO`; MIT).

use super::Known;
use crate::recording::Passes;

/// Both passes last so long.
const PASS_SECONDS: f64 = 9.0;

struct Structure {
    version: u8,
    /// From the beginning of the first pass to that of the second.
    lag_seconds: f64,
    /// From the beginning of the first pass, or of the signal.
    clicks_seconds: [f64; 2],
    from_first_pass: bool,
}

/// Version 3: a pass, 1 s of silence, two clicks, sweeps, noise, playing, the pass again. Version 2: clicks at the
/// beginning, both passes one after the other at the end, and clicks again.
const STRUCTURES: [Structure; 2] = [
    Structure { version: 3, lag_seconds: 181.0, clicks_seconds: [10.5, 11.5], from_first_pass: true },
    Structure { version: 2, lag_seconds: 9.0, clicks_seconds: [0.5, 1.5], from_first_pass: false },
];

/// How far passes found by their sound may be from where they are known to be: they begin or end softly.
const TOLERANCE_SECONDS: f64 = 1.0;

/// Whether an input with these passes is one of the signals.
pub(super) fn recognise(input: &[f32], passes: Option<&Passes>, rate_hz: u32) -> Option<Known> {
    let passes = passes?;
    let rate = f64::from(rate_hz);
    let lag = (passes.second - passes.first) as f64 / rate;
    let length = passes.samples as f64 / rate;
    if !(PASS_SECONDS - 2.0 * TOLERANCE_SECONDS..=PASS_SECONDS + 0.1).contains(&length) {
        return None;
    }
    let matches = |structure: &&Structure| {
        let origin = if structure.from_first_pass { passes.first as f64 / rate } else { 0.0 };
        (lag - structure.lag_seconds).abs() < 1e-3
            && structure.clicks_seconds.iter().all(|click| has_click(input, origin + click, rate))
    };
    STRUCTURES.iter().find(matches).map(|structure| Known::Nam(structure.version))
}

/// Whether there is a click near a moment, and silence around it.
fn has_click(input: &[f32], seconds: f64, rate: f64) -> bool {
    let tolerance = TOLERANCE_SECONDS * 0.45;
    let (from, to) = (((seconds - tolerance) * rate) as usize, ((seconds + tolerance) * rate) as usize);
    let Some(part) = input.get(from..to) else { return false };
    let highest = part.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
    let loud = part.iter().filter(|s| s.abs() > 0.05 * highest).count();
    // A click that was resampled rings for a few samples.
    highest > 0.05 && loud <= 64
}
