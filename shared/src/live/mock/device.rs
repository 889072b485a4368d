//! A simulated device.

use crate::live::DeviceInfo;
use std::f64::consts::TAU;

/// Rates that a device is made with, in Hz.
const RATES_HZ: [u32; 4] = [44_100, 48_000, 88_200, 96_000];

/// A device of a [`Mock`](super::Mock).
#[derive(Clone, Debug)]
pub struct MockDevice {
    pub(super) info: DeviceInfo,
    /// True rate over the one it says.
    pub(super) speed: f64,
    /// How late its callbacks come at most, in seconds.
    pub(super) lateness_seconds: f64,
    /// Callbacks that come at once at first.
    pub(super) at_once: u32,
    pub(super) loop_back: Option<LoopBack>,
    pub(super) separate: bool,
    /// A buffer that cannot be chosen.
    pub(super) buffer_samples: Option<u32>,
    pub(super) plugged_in: bool,
}

/// A cable from a device's output to its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoopBack {
    /// From the callback that plays a sample to the one that hears it. No device is quicker than it reports.
    pub samples: usize,
    /// The factor on the way.
    pub gain: f32,
}

impl MockDevice {
    /// A device at 48 kHz. It reports the buffer as its latency in either direction.
    pub fn new(name: &str, channels_in: usize, channels_out: usize) -> Self {
        let info = DeviceInfo {
            name: name.into(),
            max_channels_in: channels_in,
            max_channels_out: channels_out,
            default_sample_rate_hz: 48_000,
            sample_rates_hz: RATES_HZ.to_vec(),
            is_default_input: false,
            is_default_output: false,
        };
        Self {
            info,
            speed: 1.0,
            lateness_seconds: 0.0,
            at_once: 1,
            loop_back: None,
            separate: false,
            buffer_samples: None,
            plugged_in: true,
        }
    }

    /// Its usual rate in Hz.
    pub fn at_rate(mut self, sample_rate_hz: u32) -> Self {
        self.info.default_sample_rate_hz = sample_rate_hz;
        self
    }

    /// How much faster its clock runs than it says, as a factor: 1.1 for 10 % too fast.
    pub fn drifting(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// Its callbacks come late, by up to so many seconds, each by another time.
    pub fn late_by(mut self, seconds: f64) -> Self {
        self.lateness_seconds = seconds;
        self
    }

    /// So many of its first callbacks that play come at once, as from a device that fills its buffers.
    pub fn filled_at_first(mut self, callbacks: u32) -> Self {
        self.at_once = callbacks.max(1);
        self
    }

    /// Its output is connected to its input, channel by channel.
    pub fn looped_back(mut self, cable: LoopBack) -> Self {
        self.loop_back = Some(cable);
        self
    }

    /// Hears and plays in separate callbacks, as the system's devices do, from one clock.
    pub fn in_separate_callbacks(mut self) -> Self {
        self.separate = true;
        self
    }
}

/// A low E that is plucked once a second.
pub(super) fn plucked(_: usize, seconds: f64) -> f32 {
    const LOW_E_HZ: f64 = 82.41;
    let since = seconds.fract();
    let partial = |n: f64| (TAU * n * LOW_E_HZ * since).sin() / n * (-3.0 * n * since).exp();
    let pluck = (since / 0.002).min(1.0);
    (0.2 * pluck * (partial(1.0) + partial(2.0) + partial(3.0) + partial(4.0))) as f32
}
