//! Finding the system's devices.

use super::alsa::leads_nowhere;
use crate::live::device::choose;
use crate::live::{DeviceInfo, Direction, LiveError, UsualDevice};
use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Device, ErrorKind, SupportedStreamConfigRange};

/// Rates that are looked for, in Hz.
const USUAL_RATES_HZ: [u32; 12] =
    [16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000, 352_800, 384_000];

/// Where a device has no opinion.
const FALLBACK_RATE_HZ: u32 = 48_000;

/// A device and what it can.
pub(super) struct Found {
    pub device: Device,
    pub info: DeviceInfo,
}

impl Found {
    /// The rate that a direction runs at unless told otherwise, in Hz.
    pub fn usual_hz(&self, direction: Direction) -> u32 {
        let usual = match direction {
            Direction::Input => self.device.default_input_config(),
            _ => self.device.default_output_config(),
        };
        usual.map_or(self.info.default_sample_rate_hz, |config| config.sample_rate())
    }
}

/// The rate to run one direction at, of those that its ranges hold. Where none is asked for, one of these.
pub(super) fn choose_rate(
    ranges: &[SupportedStreamConfigRange],
    wanted_hz: Option<u32>,
    usual_hz: [u32; 2],
) -> Option<u32> {
    let can = |hz: &u32| ranges.iter().any(|range| range.contains_rate(*hz));
    match wanted_hz {
        Some(_) => wanted_hz.filter(can),
        None => {
            usual_hz.into_iter().find(can).or_else(|| ranges.first().map(|range| range.max_sample_rate()))
        }
    }
}

/// What to name when another rate is asked for: of the usual ones, else what there is.
pub(super) fn rates(ranges: &[SupportedStreamConfigRange]) -> Vec<u32> {
    let can = |hz: &u32| ranges.iter().any(|range| range.contains_rate(*hz));
    let usual: Vec<u32> = USUAL_RATES_HZ.into_iter().filter(can).collect();
    if usual.is_empty() { ranges.iter().map(|range| range.max_sample_rate()).collect() } else { usual }
}

/// What a device is called. ALSA's descriptions are long and not unique; its names are what others write in their settings.
fn name(device: &Device) -> String {
    if cfg!(target_os = "linux")
        && let Ok(id) = device.id()
    {
        return id.id().to_owned();
    }
    device.description().map_or_else(|_| device.to_string(), |description| description.name().to_owned())
}

fn look_at(device: Device) -> Found {
    let inputs: Vec<SupportedStreamConfigRange> =
        device.supported_input_configs().map(Vec::from_iter).unwrap_or_default();
    let outputs: Vec<SupportedStreamConfigRange> =
        device.supported_output_configs().map(Vec::from_iter).unwrap_or_default();
    let most = |ranges: &[SupportedStreamConfigRange]| {
        ranges.iter().map(|range| usize::from(range.channels())).max().unwrap_or(0)
    };
    let all = if outputs.is_empty() { &inputs } else { &outputs };
    let usual = device.default_output_config().or_else(|_| device.default_input_config());
    let usual_hz = usual.map_or(FALLBACK_RATE_HZ, |config| config.sample_rate());
    // ALSA's plugins say that they can do everything, and mean the lowest first.
    let at_fallback = all.iter().any(|range| range.contains_rate(FALLBACK_RATE_HZ));
    let any_rate = at_fallback && cfg!(target_os = "linux");
    let default_sample_rate_hz = if any_rate { FALLBACK_RATE_HZ } else { usual_hz };
    let info = DeviceInfo {
        name: name(&device),
        max_channels_in: most(&inputs),
        max_channels_out: most(&outputs),
        default_sample_rate_hz,
        sample_rates_hz: rates(all),
        is_default_input: false,
        is_default_output: false,
    };
    Found { device, info }
}

/// All devices that can be opened and lead somewhere: ALSA has one, "null", that is always there. Those that lead
/// nowhere can be named.
pub(super) fn all() -> Result<Vec<Found>, LiveError> {
    let host = cpal::default_host();
    let devices = host.devices().map_err(|e| LiveError::NoDevices(e.to_string()))?;
    let usual_in = host.default_input_device().map(|device| name(&device));
    let usual_out = host.default_output_device().map(|device| name(&device));
    let mut found: Vec<Found> = devices.map(look_at).collect();
    found.retain(|found| found.info.max_channels_in + found.info.max_channels_out > 0);
    found.retain(|found| !leads_nowhere(&found.info.name));
    for Found { info, .. } in &mut found {
        info.is_default_input = info.max_channels_in > 0 && usual_in.as_ref() == Some(&info.name);
        info.is_default_output = info.max_channels_out > 0 && usual_out.as_ref() == Some(&info.name);
    }
    Ok(found)
}

/// The device of that name, or the usual one.
pub(super) fn one(wanted: Option<&str>, direction: Direction) -> Result<Found, LiveError> {
    let host = cpal::default_host();
    let Some(wanted) = wanted else {
        let usual = match direction {
            Direction::Input => host.default_input_device(),
            _ => host.default_output_device(),
        };
        let none = || LiveError::NoDevices(format!("the system has no usual {direction}"));
        let usual = usual.ok_or_else(none)?;
        if leads_nowhere(&name(&usual)) {
            let why = format!("the usual {direction} leads nowhere; connect one, or name one");
            return Err(LiveError::NoDevices(why));
        }
        return Ok(look_at(usual));
    };
    // Looking at all of ALSA's devices opens each, which takes a while and may disturb others.
    if cfg!(target_os = "linux") {
        let listed = host.devices().ok().and_then(|mut devices| devices.find(|d| name(d) == wanted));
        if let Some(device) = listed {
            return Ok(look_at(device));
        }
    }
    let mut found = all()?;
    let infos: Vec<DeviceInfo> = found.iter().map(|found| found.info.clone()).collect();
    let place = choose(&infos, Some(wanted), direction)?;
    Ok(found.swap_remove(place))
}

/// The usual output.
pub(super) fn usual_output() -> Result<UsualDevice, LiveError> {
    let Found { device, info } = one(None, Direction::Output)?;
    let ranges = device.supported_output_configs().map_err(|e| said(&info, Direction::Output, &e))?;
    Ok(UsualDevice { description: info.name, ranges: ranges.collect() })
}

/// The usual input, as one finds it in the list by its description.
pub(super) fn usual_input() -> Result<UsualDevice, LiveError> {
    let Found { info, .. } = one(None, Direction::Input)?;
    let listed = cpal::default_host().input_devices().map_err(|e| LiveError::NoDevices(e.to_string()))?;
    let listed: Vec<Device> = listed.collect();
    let described = |device: &Device| device.description().ok().map(|text| text.name().to_owned());
    // Asked for as the usual one it has another description than in the list.
    let description = listed.iter().find(|device| name(device) == info.name).and_then(described);
    let first = listed.into_iter().find(|device| description.is_some() && described(device) == description);
    let (Some(description), Some(device)) = (description, first) else {
        return Err(LiveError::NoDevices(format!(
            "the usual input \"{}\" is not in the system's list",
            info.name
        )));
    };
    let ranges = device.supported_input_configs().map_err(|e| said(&info, Direction::Input, &e))?;
    Ok(UsualDevice { description, ranges: ranges.collect() })
}

/// Whether both directions of a device run from one clock. Behind ALSA's virtual devices there may be two.
pub(super) fn has_one_clock(name: &str) -> bool {
    cfg!(target_os = "linux") && ["hw:", "plughw:"].iter().any(|prefix| name.starts_with(prefix))
}

/// What a device's error means.
pub(super) fn said(info: &DeviceInfo, direction: Direction, error: &cpal::Error) -> LiveError {
    let (device, why) = (info.name.clone(), error.to_string());
    match error.kind() {
        ErrorKind::DeviceBusy => LiveError::Busy { device },
        ErrorKind::PermissionDenied => LiveError::Denied { device, why },
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => LiveError::NoDevices(format!(
            "the {direction} \"{device}\" cannot be opened; connect one, or name another"
        )),
        _ => LiveError::Device { device, why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpal::{SampleFormat, SupportedBufferSize};

    fn range(least_hz: u32, most_hz: u32) -> SupportedStreamConfigRange {
        SupportedStreamConfigRange::new(2, least_hz, most_hz, SupportedBufferSize::Unknown, SampleFormat::F32)
    }

    #[test]
    fn a_rate_is_chosen_of_what_the_direction_can() {
        // A headset: its output's rate is the device's usual one, and its input has another.
        let headset = [range(16_000, 16_000)];
        assert_eq!(choose_rate(&headset, None, [48_000, 16_000]), Some(16_000));
        assert_eq!(choose_rate(&headset, None, [48_000, 44_100]), Some(16_000));
        assert_eq!(choose_rate(&headset, Some(48_000), [48_000, 16_000]), None);
        assert_eq!(rates(&headset), [16_000]);
        let card = [range(44_100, 48_000), range(96_000, 384_000)];
        assert_eq!(choose_rate(&card, None, [48_000, 44_100]), Some(48_000));
        for hz in [44_100, 46_000, 352_800, 384_000] {
            assert_eq!(choose_rate(&card, Some(hz), [48_000, 48_000]), Some(hz));
        }
        assert_eq!(choose_rate(&card, Some(50_000), [48_000, 48_000]), None);
        assert_eq!(rates(&card), [44_100, 48_000, 96_000, 176_400, 192_000, 352_800, 384_000]);
        assert_eq!(rates(&[range(12_345, 12_345)]), [12_345]);
        assert_eq!(choose_rate(&[], None, [48_000, 48_000]), None);
    }
}
