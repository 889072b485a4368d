//! Noise and hum: what is heard while nothing is played.

use super::repeat::Repeated;
use super::{Facts, clock, dbfs, finding, fine, frame_powers, median};
use crate::data::power;
use crate::finding::{Finding, Verdict};
use std::f64::consts::TAU;
use std::ops::Range;

/// An input below this is digital silence, in mean square: -96 dBFS, a step of 16 bit.
const SILENT: f64 = 2.5e-10;
/// How long the gear is given to fall silent, in seconds.
const SETTLE_SECONDS: f64 = 0.3;
/// Least silence in which noise is measured, in seconds.
const LEAST_SECONDS: f64 = 0.1;
const FRAME_SECONDS: f64 = 0.02;
/// Floors from which on noise is warned of, and refused.
const NOISY: f64 = 3e-3;
const HOPELESS: f64 = 0.3;
/// Hum that is this much weaker than the target, as a share of its power, is nothing: -50 dB.
const HUM: f64 = 1e-5;
/// Harmonics that are looked at.
const HARMONICS: usize = 12;
/// Shortest silence in which 50 and 60 Hz can be told apart, in seconds.
const HUM_SECONDS: f64 = 0.2;
/// What is more than this many times the level around it is a line.
const LINE: f64 = 6.0;

/// Where nothing is played, once the gear has fallen silent.
pub(super) struct Silence {
    ranges: Vec<Range<usize>>,
    /// Mean square of the target there.
    pub power: f64,
}

/// Looks for silence in the input.
pub(super) fn silence(facts: &Facts) -> Option<Silence> {
    let at = |seconds: f64| (seconds * f64::from(facts.rate_hz)) as usize;
    let frame = at(FRAME_SECONDS).max(1);
    let powers = frame_powers(facts.input, frame);
    let mut ranges = Vec::new();
    let mut begin = None;
    for i in 0..=powers.len() {
        let is_silent = powers.get(i).is_some_and(|p| *p < SILENT);
        match (is_silent, begin) {
            (true, None) => begin = Some(i),
            (false, Some(from)) => {
                // Before the first sound nothing rings.
                let settle = if from == 0 { 0 } else { at(SETTLE_SECONDS) };
                let range = from * frame + settle..i * frame;
                if range.len() >= at(LEAST_SECONDS) {
                    ranges.push(range);
                }
                begin = None;
            }
            _ => {}
        }
    }
    let levels: Vec<f64> =
        ranges.iter().flat_map(|r| frame_powers(&facts.target[r.clone()], frame)).collect();
    (!levels.is_empty()).then(|| Silence { ranges, power: median(levels) })
}

/// The error-to-signal ratio that noise leaves at best.
pub(super) fn floor(
    facts: &Facts,
    silence: Option<&Silence>,
    repeated: Option<&Repeated>,
) -> (Finding, Option<f64>) {
    let signal = power(facts.target);
    let quiet = silence.map(|silence| (silence.power / signal, silence.power));
    let (floor, figure) = match (repeated, quiet) {
        (Some(repeated), _) => {
            let floor = repeated.esr / 2.0;
            (
                floor,
                format!("two passes of the same playing differ: no model gets below an ESR of {floor:.1e}"),
            )
        }
        (None, Some((floor, noise))) => {
            let level = dbfs(noise);
            (floor, format!("{level:.0} dBFS rms in silence: no model gets below an ESR of {floor:.1e}"))
        }
        (None, None) => {
            let figure = "not measured: the input has neither silence nor a part that is played twice";
            return (fine("noise", figure), None);
        }
    };
    let finding = if floor > HOPELESS {
        let advice = "there is more noise than amp; check cables, gain and the track that was exported";
        finding("noise", Verdict::Refused, figure, advice)
    } else if floor > NOISY {
        let advice = "find what hisses: gain before the amp, cables, a power supply, a lamp";
        finding("noise", Verdict::Warning, figure, advice)
    } else {
        fine("noise", figure)
    };
    (finding, Some(floor))
}

/// Looks for the mains and its harmonics in silence.
pub(super) fn hum(facts: &Facts, silence: Option<&Silence>) -> Finding {
    let least = (HUM_SECONDS * f64::from(facts.rate_hz)) as usize;
    let none = Vec::new();
    let ranges: Vec<&Range<usize>> =
        silence.map_or(&none, |s| &s.ranges).iter().filter(|range| range.len() >= least).collect();
    if ranges.is_empty() {
        return fine("hum", "not measured: the input has no silence");
    }
    let signal = power(facts.target);
    let samples: usize = ranges.iter().map(|range| range.len()).sum();
    let measure = |mains: f64| -> f64 {
        let parts = ranges.iter().map(|range| {
            let part = &facts.target[(*range).clone()];
            lines(part, mains, f64::from(facts.rate_hz)) * part.len() as f64
        });
        parts.sum::<f64>() / samples as f64
    };
    let (mains, hum) = [50.0, 60.0]
        .map(|mains| (mains, measure(mains)))
        .into_iter()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap_or((50.0, 0.0));
    if hum <= HUM * signal {
        return fine("hum", "none to speak of");
    }
    let longest = ranges.iter().max_by_key(|range| range.len()).map_or(0, |range| range.start);
    let figure = format!(
        "{mains:.0} Hz and its harmonics at {:.0} dBFS rms, {:.0} dB below the target, heard in the silence at {}",
        dbfs(hum),
        dbfs(signal) - dbfs(hum),
        clock(longest as f64 / f64::from(facts.rate_hz))
    );
    let advice = "break the ground loop (one mains outlet, a DI box or isolating transformer), move away from transformers, and record again";
    finding("hum", Verdict::Warning, figure, advice)
}

/// Power of the lines at the multiples of `mains`, above what is around them.
fn lines(part: &[f32], mains: f64, rate_hz: f64) -> f64 {
    let mean = part.iter().map(|&s| f64::from(s)).sum::<f64>() / part.len() as f64;
    let at = |hz: f64| {
        let step = TAU * hz / rate_hz;
        let (mut re, mut im, mut weights) = (0.0, 0.0, 0.0);
        for (i, &sample) in part.iter().enumerate() {
            let w = 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / part.len() as f64).cos();
            let (sin, cos) = (step * i as f64).sin_cos();
            re += w * (f64::from(sample) - mean) * cos;
            im += w * (f64::from(sample) - mean) * sin;
            weights += w;
        }
        // A sine of amplitude a has the power a²/2.
        2.0 * (re * re + im * im) / (weights * weights)
    };
    let mut sum = 0.0;
    for harmonic in 1..=HARMONICS {
        let hz = mains * harmonic as f64;
        if hz > 0.45 * rate_hz {
            break;
        }
        // Between the multiples of both mains frequencies.
        let around = median([-0.45, -0.3, 0.3, 0.45].map(|off| at(hz + off * mains)).to_vec());
        let here = at(hz);
        if here > LINE * around {
            sum += here - around;
        }
    }
    sum
}
