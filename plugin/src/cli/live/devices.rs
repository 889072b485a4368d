//! `tonewright devices`: the sound devices there are.

use super::card::SystemArguments;
use crate::cli::CliError;
use crate::cli::out::say;
use clap::Args;
use serde::Serialize;
use shared::live::{DeviceInfo, LiveError};

#[derive(Debug, Args)]
pub(in crate::cli) struct DevicesArguments {
    #[command(flatten)]
    system: SystemArguments,
    /// Prints JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// What programs read; fields are added to, never changed.
#[derive(Serialize)]
struct Listing<'a> {
    backend: &'a str,
    devices: Vec<Device<'a>>,
}

#[derive(Serialize)]
struct Device<'a> {
    name: &'a str,
    channels_in: usize,
    channels_out: usize,
    default_sample_rate_hz: u32,
    sample_rates_hz: &'a [u32],
    default_input: bool,
    default_output: bool,
}

pub(super) fn list(arguments: &DevicesArguments) -> Result<(), CliError> {
    let mut backend = arguments.system.open()?;
    let devices = backend.devices().and_then(some);
    let devices = devices.map_err(|e| arguments.system.explain(backend.name(), e))?;
    if arguments.json {
        let devices = devices.iter().map(device).collect();
        say(&(serde_json::to_string_pretty(&Listing { backend: backend.name(), devices })? + "\n"))
    } else {
        say(&format!("{}\n{}", backend.name(), table(&devices)))
    }
}

/// The devices, if there are any.
fn some(devices: Vec<DeviceInfo>) -> Result<Vec<DeviceInfo>, LiveError> {
    if devices.is_empty() {
        return Err(LiveError::NoDevices("plug one in, or start a JACK server".into()));
    }
    Ok(devices)
}

fn device(info: &DeviceInfo) -> Device<'_> {
    Device {
        name: &info.name,
        channels_in: info.max_channels_in,
        channels_out: info.max_channels_out,
        default_sample_rate_hz: info.default_sample_rate_hz,
        sample_rates_hz: &info.sample_rates_hz,
        default_input: info.is_default_input,
        default_output: info.is_default_output,
    }
}

/// A line a device, for people.
fn table(devices: &[DeviceInfo]) -> String {
    let widest = devices.iter().map(|d| d.name.chars().count()).max().unwrap_or(0);
    let line = |d: &DeviceInfo| {
        let usual = match (d.is_default_input, d.is_default_output) {
            (true, true) => "   usual input and output",
            (true, false) => "   usual input",
            (false, true) => "   usual output",
            (false, false) => "",
        };
        format!(
            "  {:<widest$}  {:>3} in {:>3} out  {}{usual}\n",
            d.name,
            d.max_channels_in,
            d.max_channels_out,
            rates(d)
        )
    };
    devices.iter().map(line).collect()
}

/// The rates, the one it runs at unless told otherwise first.
fn rates(device: &DeviceInfo) -> String {
    let usual = device.default_sample_rate_hz;
    let others: Vec<_> =
        device.sample_rates_hz.iter().filter(|&&rate| rate != usual).map(u32::to_string).collect();
    if others.is_empty() { format!("{usual} Hz") } else { format!("{usual} Hz, also {}", others.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_stand_one_a_line_with_what_they_can() {
        let device = |name: &str, input, sample_rates_hz: &[u32]| DeviceInfo {
            name: name.into(),
            max_channels_in: 2,
            max_channels_out: 18,
            default_sample_rate_hz: 48_000,
            sample_rates_hz: sample_rates_hz.to_vec(),
            is_default_input: input,
            is_default_output: true,
        };
        let devices = [device("Box", true, &[44_100, 48_000]), device("Größeres Gerät", false, &[48_000])];
        let expected = "  Box               2 in  18 out  48000 Hz, also 44100   usual input and output\n  \
                        Größeres Gerät    2 in  18 out  48000 Hz   usual output\n";
        assert_eq!(table(&devices), expected);
    }
}
