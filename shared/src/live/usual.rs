//! What is there to be connected where nobody says what: for programs that open their devices by themselves, as the
//! plugin framework's window does.

use super::LiveError;
use super::{jack, system};
use cpal::{SupportedBufferSize, SupportedStreamConfigRange};

/// The JACK server that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct JackServer {
    /// Its sample rate, in Hz.
    pub sample_rate_hz: u32,
    /// Samples a callback.
    pub buffer_samples: u32,
    /// The ports of its first hardware that can be heard, in their order, as `system:capture_1`.
    pub sources: Vec<String>,
}

impl JackServer {
    /// Asks the server. Not for the audio thread.
    ///
    /// # Errors
    /// There is no libjack, or no server runs.
    pub fn running() -> Result<Self, LiveError> {
        jack::server()
    }
}

/// One direction of the system's usual devices.
#[derive(Clone, Debug)]
pub struct UsualDevice {
    /// Its description. Of several devices that have the same one it is the first, as others look for it.
    pub description: String,
    pub(super) ranges: Vec<SupportedStreamConfigRange>,
}

impl UsualDevice {
    /// What hears. Not for the audio thread.
    ///
    /// # Errors
    /// There is none, it leads nowhere, or it cannot be opened.
    pub fn input() -> Result<Self, LiveError> {
        system::usual_input()
    }

    /// What plays. Not for the audio thread.
    ///
    /// # Errors
    /// As [`UsualDevice::input`].
    pub fn output() -> Result<Self, LiveError> {
        system::usual_output()
    }

    /// Whether it says that it can do this; of `channels` as many as are given, or any number.
    pub fn can(&self, channels: Option<usize>, sample_rate_hz: u32, buffer_samples: u32) -> bool {
        self.ranges.iter().any(|range| {
            let holds = match *range.buffer_size() {
                SupportedBufferSize::Range { min, max } => (min..=max).contains(&buffer_samples),
                SupportedBufferSize::Unknown => false,
            };
            holds
                && channels.is_none_or(|channels| usize::from(range.channels()) == channels)
                && range.contains_rate(sample_rate_hz)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpal::SampleFormat;

    #[test]
    fn a_device_can_what_one_of_its_ranges_holds_in_full() {
        let range = |channels, hz, min, max| {
            let buffers = SupportedBufferSize::Range { min, max };
            SupportedStreamConfigRange::new(channels, hz, hz, buffers, SampleFormat::I32)
        };
        let unknown = SupportedBufferSize::Unknown;
        let unknown = SupportedStreamConfigRange::new(1, 96_000, 96_000, unknown, SampleFormat::F32);
        let ranges = vec![range(2, 48_000, 64, 512), range(1, 44_100, 256, 512), unknown];
        let device = UsualDevice { description: "Box".into(), ranges };
        assert!(device.can(Some(2), 48_000, 64) && device.can(Some(1), 44_100, 512));
        assert!(device.can(None, 48_000, 512) && device.can(None, 44_100, 256));
        assert!(!device.can(Some(1), 48_000, 128), "another range has the channel");
        assert!(!device.can(Some(2), 48_000, 32) && !device.can(Some(2), 48_000, 1_024));
        assert!(!device.can(Some(1), 96_000, 128), "nobody knows which buffers");
    }
}
