//! Length, level and offset.

use super::{dbfs, finding, fine};
use crate::data::power;
use crate::finding::{Finding, Verdict};
use crate::recording::{SMALL_OFFSET, mean};

/// Less than this can hardly teach a network an amp, in seconds; less than the second figure nothing at all.
const FEW_SECONDS: f64 = 10.0;
const TOO_FEW_SECONDS: f64 = 1.0;
/// A target below the first figure is silence, below the second one it drowns in the converter's noise; dBFS rms.
const SILENT_DBFS: f64 = -70.0;
const QUIET_DBFS: f64 = -50.0;
/// An input whose peaks stay below this drives no amp, in dBFS.
const QUIET_PEAK_DBFS: f64 = -30.0;
/// Offsets above the first figure are the interface's fault; above the second half of what it can record is lost.
const LARGE_OFFSET: f64 = 0.02;
const HOPELESS_OFFSET: f64 = 0.2;

/// Looks at the lengths of both files, in samples.
pub fn lengths(input: usize, target: usize, rate_hz: u32) -> Finding {
    let seconds = |samples: usize| samples as f64 / f64::from(rate_hz);
    let both = seconds(input.min(target));
    let figure = match input.abs_diff(target) {
        0 => format!("{both:.1} s at {rate_hz} Hz"),
        rest => format!(
            "{both:.1} s at {rate_hz} Hz; the {} is longer by {rest} samples ({:.2} s)",
            if input > target { "input" } else { "target" },
            seconds(rest)
        ),
    };
    if both < TOO_FEW_SECONDS {
        let advice = "record at least 1 s, better a few minutes; `trainer signal` writes something to play";
        return finding("length", Verdict::Refused, figure, advice);
    }
    if both < FEW_SECONDS {
        let advice = "record some minutes, from quiet to loud; `trainer signal` writes something to play";
        return finding("length", Verdict::Warning, figure, advice);
    }
    match input == target {
        true => fine("length", figure),
        false => finding("length", Verdict::Mended, figure, "the longer one was cut at its end"),
    }
}

/// Looks at the levels.
pub(super) fn levels(input: &[f32], target: &[f32]) -> Finding {
    let peak = |signal: &[f32]| {
        let peak = signal.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        dbfs(f64::from(peak).powi(2))
    };
    let [input_rms, target_rms] = [input, target].map(|signal| dbfs(varying_power(signal)));
    let (input_peak, target_peak) = (peak(input), peak(target));
    let figure = format!(
        "input {input_rms:.0} dBFS rms, peak {input_peak:.0}; target {target_rms:.0} dBFS rms, peak {target_peak:.0}"
    );
    for (side, rms) in [("input", input_rms), ("target", target_rms)] {
        if rms < SILENT_DBFS {
            let advice = format!("the {side} is silence; check the cable and the track that was exported");
            return finding("level", Verdict::Refused, figure, advice);
        }
    }
    if target_rms < QUIET_DBFS {
        let advice = "the target is so quiet that the interface's noise becomes part of it; turn its gain up";
        return finding("level", Verdict::Warning, figure, advice);
    }
    if input_peak < QUIET_PEAK_DBFS {
        let advice = "the input never gets loud, so the model will not know the amp driven hard; play harder or send more";
        return finding("level", Verdict::Warning, figure, advice);
    }
    fine("level", figure)
}

/// Whether there is nothing to learn from.
pub(super) fn is_silent(signal: &[f32]) -> bool {
    dbfs(varying_power(signal)) < SILENT_DBFS
}

/// Mean square without the constant part.
fn varying_power(signal: &[f32]) -> f64 {
    (power(signal) - mean(signal).powi(2)).max(0.0)
}

/// Looks at the constant part of a target.
pub(super) fn offset(target: &[f32], offset: f64) -> Finding {
    // Beside a quiet recording a small offset is large.
    let small = SMALL_OFFSET.min(0.05 * varying_power(target).sqrt()).max(1e-6);
    let figure = format!("a constant offset of {offset:.4} in the target");
    if offset.abs() > HOPELESS_OFFSET {
        let advice =
            "the interface or the file is at fault, and what it cut off is lost; fix it and record again";
        finding("offset", Verdict::Refused, figure, advice)
    } else if offset.abs() > LARGE_OFFSET {
        let advice = "taken off, but look at the interface: it costs headroom";
        finding("offset", Verdict::Warning, figure, advice)
    } else if offset.abs() > small {
        finding("offset", Verdict::Mended, figure, "taken off")
    } else {
        fine("offset", "none")
    }
}
