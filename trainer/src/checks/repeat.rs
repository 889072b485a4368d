//! Whether the gear does the same twice.

use super::noise::Silence;
use super::{Facts, clock, fine, frame_powers};
use crate::data::power;
use crate::finding::{Finding, Verdict};

/// From this ESR between two passes on the gear does not repeat itself; neural-amp-modeler 0.13.0 uses it too.
const DIFFERENT: f64 = 0.01;
/// From here on no model can follow.
const HOPELESS: f64 = 0.5;
/// Noise explains a difference of up to this many times itself.
const EXPLAINED: f64 = 4.0;
/// What is left out at the beginning of a pass, in seconds.
const SETTLE_SECONDS: f64 = 0.3;
const FRAME_SECONDS: f64 = 0.05;

/// How two passes of the same playing differ.
pub(super) struct Repeated {
    /// Energy of their difference over that of one of them.
    pub esr: f64,
    /// Mean square of the difference.
    difference: f64,
    /// Where they differ most, in seconds from the beginning of the recording.
    worst_seconds: f64,
}

impl Repeated {
    /// Whether noise explains the difference: that of both passes, as silence has it. Without silence a small one is
    /// taken to be noise.
    pub fn may_be_noise(&self, silence: Option<&Silence>) -> bool {
        match silence {
            Some(silence) => self.difference <= EXPLAINED * 2.0 * silence.power,
            None => self.esr <= DIFFERENT,
        }
    }
}

/// Compares two passes, if there are.
pub(super) fn measure(facts: &Facts) -> Option<Repeated> {
    let passes = facts.passes?;
    if passes.second + passes.samples > facts.target.len() {
        return None;
    }
    // What came before still rings in the first moments.
    let settle = ((SETTLE_SECONDS * f64::from(facts.rate_hz)) as usize).min(passes.samples / 4);
    let [first, second] = passes.of(facts.target).map(|pass| &pass[settle..]);
    let difference: Vec<f32> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let frame = (FRAME_SECONDS * f64::from(facts.rate_hz)) as usize;
    let powers = frame_powers(&difference, frame);
    let worst = powers.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i);
    let signal = (power(first) + power(second)) / 2.0;
    Some(Repeated {
        esr: power(&difference) / signal.max(1e-30),
        difference: power(&difference),
        worst_seconds: (passes.second + settle + worst * frame) as f64 / f64::from(facts.rate_hz),
    })
}

/// What two passes say.
pub(super) fn finding(
    facts: &Facts,
    repeated: Option<&Repeated>,
    silence: Option<&Silence>,
    clock_is_steady: bool,
) -> Finding {
    let Some(repeated) = repeated else {
        return fine("repeatability", "not measured: nothing in the input is played twice");
    };
    let passes = facts.passes.map_or(0.0, |passes| passes.samples as f64 / f64::from(facts.rate_hz));
    let figure = format!("{passes:.1} s played twice differ by an ESR of {:.1e}", repeated.esr);
    if repeated.esr <= DIFFERENT {
        return fine("repeatability", figure);
    }
    if !clock_is_steady {
        return fine("repeatability", format!("{figure}, which the clock explains"));
    }
    if silence.is_some() && repeated.may_be_noise(silence) {
        return fine("repeatability", format!("{figure}, which the noise explains"));
    }
    let figure = format!("{figure}, most at {}", clock(repeated.worst_seconds));
    let advice = "the gear does not do the same twice: turn off chorus, tremolo, delay, reverb and gates, let it warm up, touch no knob, and record again";
    let verdict = if repeated.esr > HOPELESS { Verdict::Refused } else { Verdict::Warning };
    super::finding("repeatability", verdict, figure, advice)
}
