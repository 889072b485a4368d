//! Noise: what is heard while nothing is played, or differs when the same is played again.

use super::repeat::Repeated;
use super::{Facts, dbfs, finding, fine, frame_powers, median};
use crate::data::power;
use crate::finding::{Finding, Verdict};
use std::ops::Range;

/// An input below this is digital silence, in mean square: -96 dBFS, a step of 16 bit.
const SILENT: f64 = 2.5e-10;
/// How long the gear is given to fall silent, in seconds.
const SETTLE_SECONDS: f64 = 0.3;
/// Least silence in which noise is measured, in seconds.
const LEAST_SECONDS: f64 = 0.1;
const FRAME_SECONDS: f64 = 0.02;
/// One of so many frames of silence is more quiet than the quietest.
const QUIETEST: usize = 10;
/// A floor below this is none: no training gets there.
const NO_FLOOR: f64 = 1e-9;
/// Noise of which more than this share is hum is spoken of as hum.
const MOSTLY: f64 = 0.5;
/// Floors from which on noise is warned of, and refused.
const NOISY: f64 = 3e-3;
const HOPELESS: f64 = 0.3;

/// Where nothing is played, once the gear has fallen silent.
pub(super) struct Silence {
    pub ranges: Vec<Range<usize>>,
    /// The same with the time that the gear takes to fall silent.
    pub stretches: Vec<Range<usize>>,
    /// Mean square of the target there.
    pub power: f64,
    /// The same where it is most quiet: a tail fills many a silence.
    pub quietest: f64,
}

/// Looks for silence in the input.
pub(super) fn silence(facts: &Facts) -> Option<Silence> {
    let at = |seconds: f64| (seconds * f64::from(facts.rate_hz)) as usize;
    let frame = at(FRAME_SECONDS).max(1);
    let powers = frame_powers(facts.input, frame);
    let (mut ranges, mut stretches) = (Vec::new(), Vec::new());
    let mut begin = None;
    for i in 0..=powers.len() {
        let is_silent = powers.get(i).is_some_and(|p| *p < SILENT);
        match (is_silent, begin) {
            (true, None) => begin = Some(i),
            (false, Some(from)) => {
                // Before the first sound nothing rings.
                let settle = if from == 0 { 0 } else { at(SETTLE_SECONDS) };
                let range = from * frame + settle..i * frame;
                stretches.push(from * frame..i * frame);
                if range.len() >= at(LEAST_SECONDS) {
                    ranges.push(range);
                }
                begin = None;
            }
            _ => {}
        }
    }
    let mut levels: Vec<f64> =
        ranges.iter().flat_map(|r| frame_powers(&facts.target[r.clone()], frame)).collect();
    levels.sort_by(f64::total_cmp);
    let quietest = *levels.get(levels.len() / QUIETEST)?;
    Some(Silence { ranges, stretches, power: median(levels), quietest })
}

/// The error-to-signal ratio that noise leaves at best, and what it is found by: the passes where noise explains how
/// they differ, else silence. What differs by more is change, of which [`super::repeat`] speaks; but no model gets below
/// that either.
pub(super) fn floor(
    facts: &Facts,
    silence: Option<&Silence>,
    repeated: Option<&Repeated>,
    clock_is_steady: bool,
    hum_power: f64,
) -> (Finding, Option<f64>) {
    let signal = power(facts.target);
    let is_noise = |repeated: &&Repeated| clock_is_steady && repeated.may_be_noise(silence);
    let (floor, source) = match (repeated.filter(is_noise), silence) {
        (Some(repeated), _) => (repeated.esr / 2.0, "two passes of the same playing differ".to_owned()),
        (None, Some(silence)) => {
            (silence.power / signal, format!("{:.0} dBFS rms in silence", dbfs(silence.power)))
        }
        (None, None) => {
            let figure = match repeated {
                Some(_) => "not measured: the passes differ by more than noise, and the input has no silence",
                None => "not measured: the input has neither silence nor a part that is played twice",
            };
            return (fine("noise", figure), repeated.map(|repeated| repeated.esr / 2.0));
        }
    };
    let least = repeated.map_or(floor, |repeated| floor.max(repeated.esr / 2.0));
    let least = Some(least).filter(|least| *least >= NO_FLOOR);
    if floor < NO_FLOOR {
        return (fine("noise", "silent between the notes: nothing limits a model"), least);
    }
    let figure = format!("{source}: no model gets below an ESR of {floor:.1e}");
    let finding = if silence.is_some_and(|silence| hum_power > MOSTLY * silence.power) {
        fine("noise", format!("{figure}; most of it is hum"))
    } else if floor > HOPELESS {
        let advice = "there is more noise than amp; check cables, gain and the track that was exported";
        finding("noise", Verdict::Refused, figure, advice)
    } else if floor > NOISY {
        let advice = "find what hisses: gain before the amp, cables, a power supply, a lamp";
        finding("noise", Verdict::Warning, figure, advice)
    } else {
        fine("noise", figure)
    };
    (finding, least)
}
