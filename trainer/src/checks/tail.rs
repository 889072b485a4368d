//! Reverb and echoes: what rings on for longer than a network remembers.

use super::noise::Silence;
use super::{Facts, clock, dbfs, finding, fine, frame_powers};
use crate::data::power;
use crate::finding::{Finding, Verdict};

/// Memory that is taken if no network is given, in seconds: NAM's standard size at 48 kHz.
const MEMORY_SECONDS: f64 = 0.085;
/// How long a tail is followed, in seconds.
const LONGEST_SECONDS: f64 = 2.0;
const FRAME_SECONDS: f64 = 0.01;
/// How much of the sound before is compared with, in seconds, and how loud the input must be there: -60 dBFS.
const BEFORE_SECONDS: f64 = 1.0;
const SOUNDING: f64 = 1e-6;
/// A tail so many dB below the sound is heard; one that is hardly below it cannot be learned around.
const HEARD_DB: f64 = -45.0;
const TOO_MUCH_DB: f64 = -10.0;
/// It must be so much louder than the noise, as a ratio of powers.
const ABOVE_NOISE: f64 = 6.0;

/// Listens to what is left of the target once the input has been silent for longer than the network remembers.
pub(super) fn tail(facts: &Facts, silence: Option<&Silence>) -> Finding {
    let at = |seconds: f64| (seconds * f64::from(facts.rate_hz)) as usize;
    let memory = facts.receptive_field_samples.unwrap_or(at(MEMORY_SECONDS)).max(at(FRAME_SECONDS));
    let ms = |samples: usize| samples as f64 / f64::from(facts.rate_hz) * 1e3;
    let Some(silence) = silence else { return fine("reverb", "not measured: the input has no silence") };
    let frame = at(FRAME_SECONDS).max(1);
    // How loud the tail is in dB, how long it rings in samples, and when.
    let mut worst: Option<(f64, usize, usize)> = None;
    let mut is_measured = false;
    for stretch in &silence.stretches {
        let Some(begin) = stretch.start.checked_sub(at(BEFORE_SECONDS)) else { continue };
        let from = stretch.start + memory;
        let to = stretch.end.min(from + at(LONGEST_SECONDS));
        if to < from + 2 * frame || power(&facts.input[begin..stretch.start]) < SOUNDING {
            continue;
        }
        is_measured = true;
        let before = dbfs(power(&facts.target[begin..stretch.start]));
        let frames = frame_powers(&facts.target[from..to], frame);
        let loud = |p: &f64| *p > ABOVE_NOISE * silence.quietest && dbfs(*p) - before > HEARD_DB;
        let Some(last) = frames.iter().rposition(loud) else { continue };
        let level = dbfs(frames.iter().copied().fold(0.0, f64::max)) - before;
        if worst.is_none_or(|w| level > w.0) {
            worst = Some((level, memory + (last + 1) * frame, stretch.start));
        }
    }
    if !is_measured {
        return fine("reverb", "not measured: no silence follows a sound for long enough");
    }
    let Some((level, rings, when)) = worst else {
        return fine("reverb", format!("nothing rings on beyond {:.0} ms", ms(memory)));
    };
    let loudness = match -level {
        below if below >= 1.0 => format!("{below:.0} dB below the sound"),
        _ => "as loud as the sound".into(),
    };
    let figure = format!(
        "the target rings on for {:.0} ms after the input fell silent at {}, {loudness}; the network remembers {:.0} ms",
        ms(rings),
        clock(when as f64 / f64::from(facts.rate_hz)),
        ms(memory)
    );
    let advice = "turn off reverb and delay, record without the room, and add them in the plugin's rack";
    let verdict = if level > TOO_MUCH_DB { Verdict::Refused } else { Verdict::Warning };
    finding("reverb", verdict, figure, advice)
}
