//! Devices, and how one is chosen.

use super::{Direction, LiveError};

/// A device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceInfo {
    /// What it is called, and is chosen by.
    pub name: String,
    /// Most channels it records.
    pub max_channels_in: usize,
    /// Most channels it plays.
    pub max_channels_out: usize,
    /// Rate it runs at unless told otherwise, in Hz.
    pub default_sample_rate_hz: u32,
    /// Rates it can run at, in Hz: of the usual ones.
    pub sample_rates_hz: Vec<u32>,
    /// Whether sound comes from it where nothing is chosen.
    pub is_default_input: bool,
    /// Whether sound goes to it where nothing is chosen.
    pub is_default_output: bool,
}

impl DeviceInfo {
    fn channels(&self, direction: Direction) -> usize {
        if direction == Direction::Input { self.max_channels_in } else { self.max_channels_out }
    }

    fn is_default(&self, direction: Direction) -> bool {
        if direction == Direction::Input { self.is_default_input } else { self.is_default_output }
    }

    /// Makes sure that it has the channels that are asked for.
    pub(super) fn check_channels(&self, direction: Direction, channels: usize) -> Result<(), LiveError> {
        let most = self.channels(direction);
        if channels > most {
            let device = self.name.clone();
            return Err(LiveError::ChannelsNotSupported { device, direction, channels, most });
        }
        Ok(())
    }

    /// The rate to run at.
    pub(super) fn choose_rate(&self, wanted_hz: Option<u32>) -> Result<u32, LiveError> {
        match wanted_hz {
            None => Ok(self.default_sample_rate_hz),
            Some(hz) if self.default_sample_rate_hz == hz || self.sample_rates_hz.contains(&hz) => Ok(hz),
            Some(sample_rate_hz) => Err(LiveError::RateNotSupported {
                device: self.name.clone(),
                sample_rate_hz,
                supported_hz: self.sample_rates_hz.clone(),
            }),
        }
    }
}

/// The place of the device that `name` means: the one called that, or the only one whose name contains it, small
/// and large letters alike. Without a name, the usual one, or else the first.
pub(super) fn choose(
    devices: &[DeviceInfo],
    name: Option<&str>,
    direction: Direction,
) -> Result<usize, LiveError> {
    let able: Vec<usize> = (0..devices.len()).filter(|&i| devices[i].channels(direction) > 0).collect();
    let names = |places: &[usize]| places.iter().map(|&i| devices[i].name.clone()).collect();
    let Some(name) = name else {
        let usual = able.iter().find(|&&i| devices[i].is_default(direction));
        let none = || LiveError::NoDevices(format!("none has an {direction}; connect one, or name it"));
        return usual.or(able.first()).copied().ok_or_else(none);
    };
    if let Some(&exact) = able.iter().find(|&&i| devices[i].name == name) {
        return Ok(exact);
    }
    let small = name.to_lowercase();
    let matching: Vec<usize> =
        able.iter().copied().filter(|&i| devices[i].name.to_lowercase().contains(&small)).collect();
    match matching[..] {
        [one] => Ok(one),
        [] => Err(LiveError::NoSuchDevice { direction, name: name.into(), known: names(&able) }),
        _ => Err(LiveError::AmbiguousDevice { direction, name: name.into(), matching: names(&matching) }),
    }
}
