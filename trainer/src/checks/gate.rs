//! Noise gates: what is played softly and comes out far too soft.

use super::{Facts, dbfs, finding, fine, frame_powers, median};
use crate::finding::{Finding, Verdict};

const FRAME_SECONDS: f64 = 0.02;
/// An input within so many dB of its loudest frame is played, not noise.
const PLAYED_DB: f64 = 60.0;
/// Width of a step of the input's level, in dB, and how many frames tell its gain.
const STEP_DB: f64 = 6.0;
const FRAMES: usize = 6;
/// Levels below which a gate may be shut, in steps below the loudest frame.
const QUIET: std::ops::Range<usize> = 3..10;
/// Soft playing comes out with at least the gain of louder playing, as gear compresses: of good recordings hardly a
/// frame has 10 dB less. With so much less it is shut off.
const SHUT_DB: f64 = 12.0;
/// Which share of the frames that are as soft must be.
const SHARE: f64 = 0.4;

/// Looks for a gate: soft playing that comes out with far less gain than what is louder.
pub(super) fn gate(facts: &Facts) -> Finding {
    let frame = (FRAME_SECONDS * f64::from(facts.rate_hz)) as usize;
    let levels = |signal: &[f32]| -> Vec<f64> { frame_powers(signal, frame).into_iter().map(dbfs).collect() };
    let (input, target) = (levels(facts.input), levels(facts.target));
    let loudest = input.iter().copied().fold(-200.0, f64::max);
    let frames = input.iter().zip(&target).map(|(x, y)| (loudest - x, y - x));
    // How far below the loudest, and the gain.
    let played: Vec<(f64, f64)> = frames.filter(|frame| frame.0 < PLAYED_DB).collect();
    let gains = |from: f64, to: f64| -> Vec<f64> {
        played.iter().filter(|frame| (from..to).contains(&frame.0)).map(|frame| frame.1).collect()
    };
    let mut most = f64::NEG_INFINITY;
    let mut is_measured = false;
    for step in 0..QUIET.end {
        let from = step as f64 * STEP_DB;
        let softer = gains(from, PLAYED_DB);
        if QUIET.contains(&step) && softer.len() >= FRAMES && most.is_finite() {
            is_measured = true;
            let shut: Vec<f64> = softer.iter().copied().filter(|gain| *gain < most - SHUT_DB).collect();
            if shut.len() >= FRAMES && shut.len() as f64 >= SHARE * softer.len() as f64 {
                let figure = format!(
                    "what is played softer than {from:.0} dB below the loudest comes out {:.0} dB too soft, at {} of {} moments",
                    most - median(shut.clone()),
                    shut.len(),
                    softer.len()
                );
                let advice = "a noise gate closes; turn it off, record again, and gate the model in the plugin instead";
                return finding("gate", Verdict::Warning, figure, advice);
            }
        }
        let here = gains(from, from + STEP_DB);
        if here.len() >= FRAMES {
            most = most.max(median(here));
        }
    }
    match is_measured {
        true => fine("gate", "none: soft playing comes out as it should"),
        false => fine("gate", "not measured: nothing is played softly"),
    }
}
