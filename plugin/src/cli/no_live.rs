//! The commands that need a sound card, in a program that was built without any.

use super::CliError;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(super) enum LiveCommand {
    /// Plays live; not in this build.
    #[command(disable_help_flag = true)]
    Live(Ignored),
    /// Lists the sound devices; not in this build.
    #[command(disable_help_flag = true)]
    Devices(Ignored),
    /// Measures how long sound takes through the computer; not in this build.
    #[command(disable_help_flag = true)]
    Latency(Ignored),
}

/// What they would be told.
#[derive(Debug, Args)]
pub(super) struct Ignored {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    options: Vec<String>,
}

impl LiveCommand {
    pub fn run(&self) -> Result<(), CliError> {
        Err(CliError::NoSoundCards)
    }
}
