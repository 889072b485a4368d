//! Flat tops and holes.

use super::{clock, finding, fine, frame_powers, median};
use crate::finding::{Finding, Verdict};

/// From here on a peak is at an interface's full scale.
const FULL_SCALE: f32 = 0.98;
/// Floating point files hold more, and are not cut off there.
const FULL_SCALE_AT_MOST: f32 = 1.001;
/// Samples this near the highest one, relative to it, are on the same flat top.
const NEAR: f32 = 1e-4;
/// Samples side by side that make a flat top.
const RUN: usize = 3;
/// Shares of clipped samples: from the first on it is warned of, from the second on refused.
const SOME: f64 = 1e-5;
const MANY: f64 = 0.01;
/// Share of samples on flat tops below full scale from which on they are named.
const MANY_BELOW: f64 = 1e-3;
/// Zeros side by side that are a hole, in seconds, where the input is louder than this share of its median power.
const HOLE_SECONDS: f64 = 0.001;
const SOUNDING: f64 = 0.1;

/// Looks for flat tops: samples side by side at the highest (or lowest) value of all.
pub(super) fn clipping(target: &[f32], rate_hz: u32) -> Finding {
    let highest = target.iter().copied().fold(0.0f32, f32::max);
    let lowest = target.iter().copied().fold(0.0f32, f32::min);
    let mut flat: Vec<usize> = Vec::new();
    for (limit, sign) in [(highest, 1.0f32), (-lowest, -1.0)] {
        let edge = limit * (1.0 - NEAR);
        let mut begin = None;
        for i in 0..=target.len() {
            let is_at = target.get(i).is_some_and(|s| limit > 0.0 && s * sign >= edge);
            match (is_at, begin) {
                (true, None) => begin = Some(i),
                (false, Some(from)) => {
                    if i - from >= RUN {
                        flat.extend(from..i);
                    }
                    begin = None;
                }
                _ => {}
            }
        }
    }
    flat.sort_unstable();
    let share = flat.len() as f64 / target.len().max(1) as f64;
    let peak = highest.max(-lowest);
    let seconds = |at: usize| at as f64 / f64::from(rate_hz);
    let (Some(first), Some(last)) = (flat.first(), flat.last()) else { return fine("clipping", "none") };
    let figure = format!(
        "{} samples ({:.2} %) are cut off at {:.1} dBFS, the first at {}, most in the second from {}, the last at {}",
        flat.len(),
        share * 100.0,
        20.0 * f64::from(peak).log10(),
        clock(seconds(*first)),
        clock(worst_second(&flat, rate_hz)),
        clock(seconds(*last))
    );
    if !(FULL_SCALE..=FULL_SCALE_AT_MOST).contains(&peak) {
        return match share > MANY_BELOW {
            true => fine("clipping", format!("{figure}, below full scale: the gear's own doing")),
            false => fine("clipping", "none"),
        };
    }
    if share > MANY {
        let advice = "the recording is clipped; lower the interface's input gain and record it again";
        finding("clipping", Verdict::Refused, figure, advice)
    } else if share > SOME {
        let advice =
            "the model will learn the interface's clipping too; lower its input gain and record again";
        finding("clipping", Verdict::Warning, figure, advice)
    } else {
        fine("clipping", "none")
    }
}

/// The second that holds most of them.
fn worst_second(flat: &[usize], rate_hz: u32) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for at in flat {
        *counts.entry(at / rate_hz as usize).or_insert(0usize) += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(second, count)| (*count, usize::MAX - second))
        .map_or(0.0, |(s, _)| s as f64)
}

/// Looks for holes: nothing at all in the target while the input sounds.
pub(super) fn gaps(input: &[f32], target: &[f32], rate_hz: u32) -> Option<Finding> {
    let frame = (HOLE_SECONDS * f64::from(rate_hz)) as usize;
    let powers = frame_powers(input, frame);
    let least = SOUNDING * median(powers.iter().copied().filter(|p| *p > 1e-10).collect());
    let silent = |i: usize| target[i * frame..(i + 1) * frame].iter().all(|s| *s == 0.0);
    let sounding = |i: usize| powers[i] > least.max(1e-10);
    let begins = |i: usize| i > 0 && silent(i) && !silent(i - 1) && sounding(i) && sounding(i - 1);
    let holes: Vec<usize> = (0..powers.len()).filter(|&i| begins(i)).collect();
    let first = *holes.first()?;
    let figure = format!(
        "{} holes of digital silence in the target while the input sounds, the first at {}",
        holes.len(),
        clock((first * frame) as f64 / f64::from(rate_hz))
    );
    let advice = "the computer lost samples, or a gate closed; use larger buffers, no gate, and record again";
    Some(finding("gaps", Verdict::Warning, figure, advice))
}
