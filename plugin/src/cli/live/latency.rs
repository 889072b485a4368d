//! `tonewright latency`: how long sound takes through the computer.

use super::card::CardArguments;
use crate::cli::CliError;
use crate::cli::out::{complain, say};
use clap::Args;
use shared::live::{LatencyError, RoundTrip, measure_round_trip};

/// What comes back at this level or less, in dB, is measured with a warning.
const WEAK_DB: f64 = -50.0;

#[derive(Debug, Args)]
pub(in crate::cli) struct LatencyArguments {
    #[command(flatten)]
    card: CardArguments,
}

pub(super) fn measure(arguments: &LatencyArguments) -> Result<(), CliError> {
    let config = arguments.card.config()?;
    let backend = arguments.card.open()?;
    complain("playing noise, 18 dB below full scale, for about six seconds …");
    let name = backend.name();
    let trip = measure_round_trip(backend, config).map_err(|e| match e {
        LatencyError::Live(e) => arguments.card.explain(name, e),
        e => e.into(),
    })?;
    say(&report(&trip))
}

/// What was found, for people.
fn report(trip: &RoundTrip) -> String {
    let difference = trip.measured_samples - trip.reported_samples;
    let buffer = match trip.buffer_samples {
        0 => "buffers that vary".to_owned(),
        samples => format!("buffers of {samples} samples"),
    };
    let mut text = format!(
        "round trip at {} Hz, {buffer}\n  measured  {:>9.2} samples  {:>7.2} ms   ± {:.2} samples\n  reported  \
         {:>9.2} samples  {:>7.2} ms\n  difference {difference:+9.2} samples  {:+7.2} ms\n",
        trip.sample_rate_hz,
        trip.measured_samples,
        trip.measured_ms(),
        trip.spread_samples / 2.0,
        trip.reported_samples,
        trip.reported_ms(),
        trip.measured_ms() - trip.reported_ms(),
    );
    // Rounded first, because nobody wants to read -0.0.
    let level_db = (trip.level_db * 10.0).round() / 10.0 + 0.0;
    let upside_down = if trip.inverted { ", upside down" } else { "" };
    text += &format!("  came back on input {} at {level_db:+.1} dB{upside_down}\n", trip.channel + 1);
    if trip.clipped {
        text += "  the input clipped: the delay holds, the level does not; turn the input down\n";
    }
    if trip.level_db <= WEAK_DB {
        text += "  that is very little: is it a cable, or does one output leak into an input?\n";
    }
    if trip.xruns > 0 {
        text += &format!("  the device reported {} gaps meanwhile: choose a larger buffer\n", trip.xruns);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_both_figures_and_what_is_odd() {
        let trip = RoundTrip {
            measured_samples: 480.5,
            spread_samples: 0.04,
            reported_samples: 384.0,
            sample_rate_hz: 48_000,
            buffer_samples: 128,
            level_db: -3.02,
            inverted: false,
            clipped: false,
            channel: 0,
            xruns: 0,
        };
        let said = report(&trip);
        for part in
            ["48000 Hz", "128 samples", "480.50 samples", "10.01 ms", "384.00 samples", "8.00 ms", "+96.50"]
        {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(said.contains("input 1 at -3.0 dB\n") && !said.contains("clipped") && !said.contains("gaps"));
        let odd = RoundTrip { inverted: true, clipped: true, channel: 1, xruns: 2, level_db: -51.0, ..trip };
        let said = report(&odd);
        for part in ["input 2", "upside down", "clipped", "2 gaps", "leak"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}
