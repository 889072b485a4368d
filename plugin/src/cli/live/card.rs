//! Which sound card, and how: options that the commands share.

use crate::cli::CliError;
use clap::Args;
use shared::live::{Backend, BackendChoice, LatencyHint, LiveError, StreamConfig, backend};
use std::str::FromStr;

/// What the backend that is tried first calls itself.
const JACK: &str = "JACK";

/// Which system carries the sound.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sound card")]
pub(super) struct SystemArguments {
    /// What carries the sound: auto, which is JACK where a server runs and else the system's own; jack; system; or
    /// mock, simulated devices for trying things out.
    #[arg(long, default_value = "auto", value_name = "SYSTEM")]
    backend: BackendChoice,
}

impl SystemArguments {
    pub fn open(&self) -> Result<Box<dyn Backend>, CliError> {
        Ok(backend(self.backend)?)
    }

    /// Says of missing devices where they were looked for, in a backend of this name.
    pub fn explain(&self, name: &str, error: LiveError) -> CliError {
        let LiveError::NoDevices(why) = error else { return error.into() };
        let looked_at = match self.backend {
            BackendChoice::Auto if name != JACK => format!("{name}, and no {JACK} server runs"),
            _ => name.to_owned(),
        };
        CliError::NoDevices { looked_at, why }
    }
}

/// The stream that is wanted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sound card")]
pub(super) struct CardArguments {
    #[command(flatten)]
    system: SystemArguments,
    /// Device that sound comes from, or a part of its name that no other has; `tonewright devices` lists them. The usual
    /// one without this.
    #[arg(long, value_name = "DEVICE")]
    input: Option<String>,
    /// Device that sound goes to, likewise.
    #[arg(long, value_name = "DEVICE")]
    output: Option<String>,
    /// Sample rate in Hz; the device's own without this.
    #[arg(long, value_name = "HZ", value_parser = whole::<u32>, allow_negative_numbers = true)]
    rate: Option<u32>,
    /// Samples that are played at a time: fewer make the delay shorter and gaps likelier.
    #[arg(
        long, value_name = "SAMPLES", default_value_t = StreamConfig::default().buffer_samples,
        value_parser = whole::<u32>, allow_negative_numbers = true
    )]
    buffer: u32,
    /// Channels that are recorded: 1, or as many as are played.
    #[arg(
        long, value_name = "CHANNELS", default_value_t = StreamConfig::default().channels_in,
        value_parser = whole::<usize>, allow_negative_numbers = true
    )]
    channels_in: usize,
    /// Channels that are played.
    #[arg(
        long, value_name = "CHANNELS", default_value_t = StreamConfig::default().channels_out,
        value_parser = whole::<usize>, allow_negative_numbers = true
    )]
    channels_out: usize,
    /// Keeps 10 ms of sound in reserve instead of 1 ms, where input and output are called separately: against gaps on
    /// a machine that has much to do.
    #[arg(long)]
    safe: bool,
}

/// What a device can is its own affair; it is a number of something.
fn whole<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "expected a whole number, from 0".into())
}

impl CardArguments {
    /// The stream that is asked for.
    pub fn config(&self) -> Result<StreamConfig, CliError> {
        let config = StreamConfig {
            sample_rate_hz: self.rate,
            buffer_samples: self.buffer,
            channels_in: self.channels_in,
            channels_out: self.channels_out,
            input_device: self.input.clone(),
            output_device: self.output.clone(),
            latency: if self.safe { LatencyHint::High } else { LatencyHint::Low },
        };
        config.validate()?;
        Ok(config)
    }

    pub fn open(&self) -> Result<Box<dyn Backend>, CliError> {
        self.system.open()
    }

    /// As [`SystemArguments::explain`].
    pub fn explain(&self, name: &str, error: LiveError) -> CliError {
        self.system.explain(name, error)
    }
}
