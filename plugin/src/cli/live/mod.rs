//! The commands that need a sound card: `tonewright live`, `devices` and `latency`.

mod card;
mod devices;
mod hands;
mod keys;
mod latency;
mod play;
mod screen;
mod signals;
mod terminal;
mod view;

use super::CliError;
use clap::Subcommand;

/// They stand among the other commands.
#[derive(Debug, Subcommand)]
pub(super) enum LiveCommand {
    /// Plays live through a chain of effects, with meters and keys in the terminal.
    Live(Box<play::PlayArguments>),
    /// Lists the sound devices.
    Devices(devices::DevicesArguments),
    /// Measures how long sound takes through the computer, by a cable from an output to an input.
    Latency(latency::LatencyArguments),
}

impl LiveCommand {
    pub fn run(&self) -> Result<(), CliError> {
        match self {
            Self::Live(arguments) => play::play(arguments),
            Self::Devices(arguments) => devices::list(arguments),
            Self::Latency(arguments) => latency::measure(arguments),
        }
    }
}
