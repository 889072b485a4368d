//! What can be wrong with a recording, each with its figure and what to do about it.
//!
//! Two looks: at the files as they were delivered ([`as_delivered`]), and at the pair once it is lined up
//! ([`aligned`]). Limits are where a player would hear the difference in the model, or where the figures of good
//! recordings end; `docs/capturing.md` has the table.

mod clipping;
mod command;
mod gate;
mod hum;
mod level;
mod list;
mod noise;
mod repeat;
mod tail;
mod timing;

pub use command::{CheckArgs, run};
pub use list::{Mode, judge, print};

use crate::finding::{Finding, Verdict};
use crate::recording::{Delay, Passes, Polarity};
use crate::signal::Known;
pub use level::lengths;

/// A pair that is lined up, and what is known of it. The target is as long as the input.
pub struct Facts<'a> {
    /// What went in.
    pub input: &'a [f32],
    /// What came out.
    pub target: &'a [f32],
    /// Sample rate in Hz.
    pub rate_hz: u32,
    /// The delay before it was lined up.
    pub delay: &'a Delay,
    /// From which lag on the target answered before it was lined up, in samples, where that is before the delay.
    pub onset_samples: Option<i64>,
    /// By how many samples the target was moved later.
    pub shift_samples: i64,
    /// What was done if it was inverted.
    pub polarity: Polarity,
    /// What is played twice.
    pub passes: Option<&'a Passes>,
    /// The test signal.
    pub signal: Option<&'a Known>,
    /// What the network can remember, in samples.
    pub receptive_field_samples: Option<usize>,
}

/// What looking at a pair gave.
pub struct Looked {
    /// In the order of the checks.
    pub findings: Vec<Finding>,
    /// The error-to-signal ratio that noise leaves at best.
    pub floor_esr: Option<f64>,
}

/// Looks at a pair of the same length as it was delivered: level, offset, clipping, gaps.
pub fn as_delivered(input: &[f32], target: &[f32], rate_hz: u32, offset: f64) -> Vec<Finding> {
    let mut findings = vec![level::levels(input, target), level::offset(target, offset)];
    findings.push(clipping::clipping(target, rate_hz));
    findings.extend(clipping::gaps(input, target, rate_hz));
    findings
}

/// What both looks found: a gate that closes explains the holes that it leaves.
pub fn together(mut delivered: Vec<Finding>, aligned: Vec<Finding>) -> Vec<Finding> {
    if aligned.iter().any(|finding| finding.check == "gate" && finding.verdict > Verdict::Fine) {
        delivered.retain(|finding| finding.check != "gaps");
    }
    delivered.extend(aligned);
    delivered
}

/// Looks at a pair that is lined up.
pub fn aligned(facts: &Facts) -> Looked {
    if let Some(swapped) = timing::swapped(facts) {
        // Nothing else is as it seems.
        return Looked { findings: vec![swapped], floor_esr: None };
    }
    let mut findings: Vec<Finding> = timing::signal(facts).into_iter().collect();
    if level::is_silent(facts.input) || level::is_silent(facts.target) {
        // The level says so.
        return Looked { findings, floor_esr: None };
    }
    if !facts.delay.is_clear() {
        // What does not follow from the input tells nothing else. Unless it does so everywhere, but later and later.
        let clock = timing::drift(facts);
        findings.push(if clock.verdict == Verdict::Refused { clock } else { timing::delay(facts) });
        return Looked { findings, floor_esr: None };
    }
    findings.push(timing::delay(facts));
    findings.push(timing::polarity(facts));
    findings.push(timing::is_the_input(facts));
    let clock = timing::drift(facts);
    let steady = clock.verdict == Verdict::Fine;
    findings.push(clock);
    let silence = noise::silence(facts);
    let repeated = repeat::measure(facts);
    let (hum, hum_power) = hum::hum(facts, silence.as_ref());
    let (floor, floor_esr) = noise::floor(facts, silence.as_ref(), repeated.as_ref(), steady, hum_power);
    findings.push(floor);
    findings.push(repeat::finding(facts, repeated.as_ref(), silence.as_ref(), steady));
    findings.push(hum);
    findings.push(gate::gate(facts));
    findings.push(tail::tail(facts, silence.as_ref()));
    Looked { findings, floor_esr }
}

fn finding(check: &str, verdict: Verdict, figure: String, advice: impl Into<String>) -> Finding {
    Finding { check: check.into(), verdict, figure, advice: advice.into() }
}

fn fine(check: &str, figure: impl Into<String>) -> Finding {
    finding(check, Verdict::Fine, figure.into(), "")
}

/// Mean square of each whole frame.
fn frame_powers(signal: &[f32], frame: usize) -> Vec<f64> {
    signal.chunks_exact(frame.max(1)).map(crate::data::power).collect()
}

/// A mean square in dBFS, no less than -200.
fn dbfs(power: f64) -> f64 {
    10.0 * power.max(1e-20).log10()
}

/// The median; 0 of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// A place in time, for people.
fn clock(seconds: f64) -> String {
    format!("{}:{:04.1}", (seconds / 60.0) as u64, seconds % 60.0)
}

/// Samples and what they are in time, for people.
fn samples_and_ms(samples: f64, rate_hz: u32) -> String {
    let ms = samples / f64::from(rate_hz) * 1e3;
    let samples =
        if samples.fract().abs() < 0.05 { format!("{samples:.0}") } else { format!("{samples:.1}") };
    let unit = if samples == "1" { "sample" } else { "samples" };
    format!("{samples} {unit} ({ms:.2} ms)")
}
