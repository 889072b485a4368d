//! Which way up, how late, at which clock; and whether it is the gear at all.

use super::{Facts, clock, finding, fine, median, samples_and_ms};
use crate::data::power;
use crate::finding::{Finding, Verdict};
use crate::recording::{MARGIN_SAMPLES, Polarity, Spectra, delay};

/// A target of which no more than this is left when the input is taken off is the input; as a share of its power.
const INPUT_ITSELF: f64 = 1e-4;
const NEARLY_INPUT: f64 = 3e-3;
/// A pair in which the delay moves by more samples than this from beginning to end is warned of, or refused.
const SOME_DRIFT: f64 = 0.7;
const MUCH_DRIFT: f64 = 3.0;
/// Parts in which the delay is measured, and how long each is at most, in seconds.
const PARTS: usize = 8;
const PART_SECONDS: f64 = 4.0;
const SHORTEST_PART_SECONDS: f64 = 0.7;
/// Delays that differ by less than this from beginning to end are near, in seconds.
const NEAR_SECONDS: f64 = 0.0005;
/// Parts that are less like the whole say nothing.
const RELIABLE: f64 = 0.4;

/// Names the test signal.
pub(super) fn signal(facts: &Facts) -> Option<Finding> {
    facts.signal.map(|known| fine("signal", known.to_string()))
}

/// Whether what went in and what came out have changed places, which a test signal tells.
pub(super) fn swapped(facts: &Facts) -> Option<Finding> {
    crate::signal::is_swapped(facts.input, facts.target, facts.rate_hz).then(|| {
        let figure = "the target is Tonewright's test signal as it was sent, and the input is not".into();
        let advice = "the two are swapped; give what was sent as the input and what came back as the target";
        finding("swapped", Verdict::Refused, figure, advice)
    })
}

/// What was found of the delay.
pub(super) fn delay(facts: &Facts) -> Finding {
    let found = facts.delay;
    if !found.is_clear() {
        let figure = format!("only {:.1} % of the target follows from the input", found.follows * 100.0);
        let advice = "these are not the two sides of one recording; check which tracks were exported";
        return finding("delay", Verdict::Refused, figure, advice);
    }
    let size = samples_and_ms(found.samples.abs(), facts.rate_hz);
    let mut figure = match found.samples {
        d if d.abs() < 0.05 => "the target is in time".to_owned(),
        d if d < 0.0 => format!("the target is {size} early"),
        _ => format!("the target is {size} late"),
    };
    if let Some(onset) = facts.onset_samples {
        figure += &format!("; it begins to answer {}", place(onset));
    }
    match facts.shift_samples {
        0 => fine("delay", figure),
        later => {
            let (by, way) = (later.unsigned_abs(), if later > 0 { "later" } else { "earlier" });
            let unit = if by == 1 { "sample" } else { "samples" };
            let margin = match MARGIN_SAMPLES {
                1 => "1 sample of margin".to_owned(),
                n => format!("{n} samples of margin"),
            };
            finding(
                "delay",
                Verdict::Mended,
                figure,
                format!("moved {by} {unit} {way}, which leaves {margin}"),
            )
        }
    }
}

/// A whole delay, for people.
fn place(samples: i64) -> String {
    let unit = if samples.abs() == 1 { "sample" } else { "samples" };
    match samples {
        0 => "in time".into(),
        late if late > 0 => format!("{late} {unit} late"),
        early => format!("{} {unit} early", -early),
    }
}

/// What was found of the polarity.
pub(super) fn polarity(facts: &Facts) -> Finding {
    match (facts.delay.inverted, facts.polarity) {
        (false, _) => fine("polarity", "upright"),
        (true, Polarity::Upright) => {
            let advice = "turned, so that the model mixes with other tracks; `polarity: keep` leaves it";
            finding("polarity", Verdict::Mended, "the target is inverted".into(), advice)
        }
        (true, Polarity::Keep) => {
            fine("polarity", "the target is inverted, and stays so as the config asks for it")
        }
    }
}

/// Whether the target is nothing but the input.
pub(super) fn is_the_input(facts: &Facts) -> Finding {
    let spectra = Spectra::measure(facts.input, facts.target, 0, facts.rate_hz);
    let left =
        spectra.map_or(1.0, |s| s.beyond_gain_and_delay(facts.delay.samples + facts.shift_samples as f64));
    let figure = format!("{:.4} % of the target is not simply the input", left * 100.0);
    if left < INPUT_ITSELF {
        let advice =
            "this is the dry signal, not the gear; check the routing, the bypass and the exported track";
        finding("gear", Verdict::Refused, figure, advice)
    } else if left < NEARLY_INPUT {
        let advice = "the gear hardly does anything; check that it is not bypassed";
        finding("gear", Verdict::Warning, figure, advice)
    } else {
        fine(
            "gear",
            format!("{:.0} % of the target is what the gear makes of the input", left.min(1.0) * 100.0),
        )
    }
}

/// Whether the delay stays from beginning to end: two clocks, or lost samples.
pub(super) fn drift(facts: &Facts) -> Finding {
    let places = places(facts);
    let (Some(first), Some(last)) = (places.first(), places.last()) else {
        return fine("clock", "too short to tell whether the delay stays");
    };
    let rate = f64::from(facts.rate_hz);
    let span = last.0 - first.0;
    let slope = slope(&places);
    let level = median(places.iter().map(|p| p.1 - slope * p.0).collect());
    let scatter = median(places.iter().map(|p| (p.1 - slope * p.0 - level).abs()).collect());
    let moved = slope * span;
    let jump = jump(&places);
    let limit = SOME_DRIFT.max(4.0 * scatter);
    if let Some((at, samples)) = jump.filter(|(_, samples)| samples.abs() > limit.max(0.7 * moved.abs())) {
        let figure = format!("the target jumps by {samples:+.1} samples at about {}", clock(at / rate));
        let advice = "the computer lost samples while it recorded; use larger buffers and record again";
        let verdict = if samples.abs() > MUCH_DRIFT { Verdict::Refused } else { Verdict::Warning };
        return finding("clock", verdict, figure, advice);
    }
    if moved.abs() <= limit {
        return fine("clock", format!("the delay stays within {:.1} samples", moved.abs().max(scatter)));
    }
    let figure = format!(
        "the delay drifts by {moved:+.1} samples within {:.0} s, which is {:+.1} ppm",
        span / rate,
        slope * 1e6
    );
    let advice = "playing and recording ran on two clocks; use one interface for both, or let one be the other's clock";
    let verdict = if moved.abs() > MUCH_DRIFT.max(limit) { Verdict::Refused } else { Verdict::Warning };
    finding("clock", verdict, figure, advice)
}

/// Where delay was measured (the middle of a part, in samples), and the delay there.
fn places(facts: &Facts) -> Vec<(f64, f64)> {
    let samples = facts.input.len();
    let at = |seconds: f64| (seconds * f64::from(facts.rate_hz)) as usize;
    let slot = samples / PARTS;
    if slot < at(SHORTEST_PART_SECONDS) {
        return Vec::new();
    }
    let part = slot.min(at(PART_SECONDS));
    let loudest = |index: usize| {
        let starts = (index * slot..=index * slot + slot - part).step_by((part / 2).max(1));
        let loud = |start: &usize| power(&facts.target[*start..*start + part]);
        starts.max_by(|a, b| loud(a).total_cmp(&loud(b))).unwrap_or(index * slot)
    };
    let starts: Vec<usize> = (0..PARTS).map(loudest).collect();
    let cut = |start: usize| (&facts.input[start..start + part], &facts.target[start..start + part]);
    let measured = |start: usize| {
        let (x, y) = cut(start);
        let found = delay::find(x, y, facts.rate_hz);
        found.is_clear().then_some((start, found.samples))
    };
    // The ends tell roughly how far the delay moves. If it stays near, each part is compared with the whole, which the
    // gear's own phase does not blur; else the whole is blurred itself.
    let ends: Vec<(usize, f64)> = [starts[0], starts[PARTS - 1]].into_iter().filter_map(measured).collect();
    let near = ends.iter().all(|end| (end.1 - ends[0].1).abs() < NEAR_SECONDS * f64::from(facts.rate_hz));
    let whole = Spectra::measure(facts.input, facts.target, 0, facts.rate_hz).filter(|_| near);
    let reach = at(2.0 * NEAR_SECONDS);
    let compared = |start: usize| {
        let (x, y) = cut(start);
        let part = Spectra::measure(x, y, 0, facts.rate_hz)?;
        let later = part.later_than(whole.as_ref()?, reach);
        (later.quality > RELIABLE && !later.inverted).then_some((start, later.samples))
    };
    let found: Vec<(usize, f64)> = match near {
        true => starts.into_iter().filter_map(compared).collect(),
        false => starts.into_iter().filter_map(measured).collect(),
    };
    if found.len() < PARTS / 2 {
        return Vec::new();
    }
    found.into_iter().map(|(start, samples)| (start as f64 + part as f64 / 2.0, samples)).collect()
}

/// The median slope of all pairs (Theil and Sen): one bad measurement does not move it.
fn slope(places: &[(f64, f64)]) -> f64 {
    let pairs = places.iter().enumerate().flat_map(|(i, a)| places[i + 1..].iter().map(move |b| (a, b)));
    median(pairs.map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect())
}

/// The largest step between neighbours if all before and all after agree: its place and size.
fn jump(places: &[(f64, f64)]) -> Option<(f64, f64)> {
    let mut best: Option<(f64, f64)> = None;
    for cut in 2..places.len().saturating_sub(1) {
        let (before, after) = places.split_at(cut);
        let level = |part: &[(f64, f64)]| median(part.iter().map(|p| p.1).collect());
        let (low, high) = (level(before), level(after));
        let step = high - low;
        let spread =
            |part: &[(f64, f64)], level: f64| part.iter().map(|p| (p.1 - level).abs()).fold(0.0, f64::max);
        let is_a_step = spread(before, low).max(spread(after, high)) < 0.25 * step.abs();
        if is_a_step && best.is_none_or(|b| step.abs() > b.1.abs()) {
            best = Some(((before[cut - 1].0 + after[0].0) / 2.0, step));
        }
    }
    best
}
