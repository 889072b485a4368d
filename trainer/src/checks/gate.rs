//! Noise gates: a target that falls away faster than the playing does.

use super::{Facts, dbfs, finding, fine, frame_powers, median};
use crate::finding::{Finding, Verdict};

const FRAME_SECONDS: f64 = 0.02;
/// Width of a step of level, in dB, and frames that a step needs.
const STEP_DB: f64 = 3.0;
const FRAMES: usize = 8;
/// An input within so many dB of its loudest frame is played, not noise.
const PLAYED_DB: f64 = 75.0;
/// While the input falls by this, the target of ungated gear falls by little more.
const FALL_DB: f64 = 9.0;
/// A target that falls by so much more has been shut.
const SHUT_DB: f64 = 20.0;

/// Looks for a gate: the median level of the target at each level of the input.
pub(super) fn gate(facts: &Facts) -> Finding {
    let frame = (FRAME_SECONDS * f64::from(facts.rate_hz)) as usize;
    let levels = |signal: &[f32]| -> Vec<f64> { frame_powers(signal, frame).into_iter().map(dbfs).collect() };
    let (input, target) = (levels(facts.input), levels(facts.target));
    let loudest = input.iter().copied().fold(-200.0, f64::max);
    let steps = (PLAYED_DB / STEP_DB) as usize;
    let mut heard: Vec<Vec<f64>> = vec![Vec::new(); steps];
    for (x, y) in input.iter().zip(&target) {
        if let Some(step) = heard.get_mut(((loudest - x) / STEP_DB) as usize) {
            step.push(*y);
        }
    }
    let course: Vec<Option<f64>> =
        heard.into_iter().map(|step| (step.len() >= FRAMES).then(|| median(step))).collect();
    let reach = (FALL_DB / STEP_DB) as usize;
    let mut worst: Option<(usize, f64)> = None;
    for upper in 0..steps {
        for lower in upper + 1..=(upper + reach).min(steps - 1) {
            let (Some(above), Some(below)) = (course[upper], course[lower]) else { continue };
            let extra = above - below - (lower - upper) as f64 * STEP_DB;
            if worst.is_none_or(|w| extra > w.1) {
                worst = Some((lower, extra));
            }
        }
    }
    match worst {
        Some((step, extra)) if extra > SHUT_DB => {
            let figure = format!(
                "the target falls by {extra:.0} dB more than the input once that is {:.0} dB below its loudest",
                step as f64 * STEP_DB
            );
            let advice = "a noise gate is closing; turn it off and gate the model in the plugin instead";
            finding("gate", Verdict::Warning, figure, advice)
        }
        Some(_) => fine("gate", "none: the target dies away as the input does"),
        None => fine("gate", "not measured: the input is all of one level"),
    }
}
