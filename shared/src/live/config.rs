//! What a stream shall be.

use super::LiveError;
use std::fmt;

/// Most channels in, and out: as many as a chain plays without asking for memory.
const MOST_CHANNELS: usize = 8;
const LEAST_BUFFER: u32 = 8;
const MOST_BUFFER: u32 = 16_384;
const LEAST_RATE_HZ: u32 = 8_000;
const MOST_RATE_HZ: u32 = 768_000;

/// Which way sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Only in.
    Input,
    /// Only out.
    Output,
    /// Both ways.
    Duplex,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Duplex => "duplex",
        })
    }
}

/// What matters more, where hearing and playing are separate callbacks: how late one may come before there is a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LatencyHint {
    /// Short delay, for playing: 1 ms.
    #[default]
    Low,
    /// No gaps, for machines with much to do: 10 ms.
    High,
}

/// What a stream shall be. A device may grant another rate and buffer, see
/// [`Statistics`](super::Statistics).
#[derive(Clone, Debug, PartialEq)]
pub struct StreamConfig {
    /// Sample rate in Hz; the device's own without it.
    pub sample_rate_hz: Option<u32>,
    /// Samples a callback.
    pub buffer_samples: u32,
    /// Channels in; 0 for output only.
    pub channels_in: usize,
    /// Channels out; 0 for input only.
    pub channels_out: usize,
    /// Name of the input device, or a part of it that no other has; the usual one without it.
    pub input_device: Option<String>,
    /// Name of the output device, or a part of it that no other has; the usual one without it.
    pub output_device: Option<String>,
    /// What matters more.
    pub latency: LatencyHint,
}

impl Default for StreamConfig {
    fn default() -> Self {
        Self {
            sample_rate_hz: None,
            buffer_samples: 128,
            channels_in: 1,
            channels_out: 2,
            input_device: None,
            output_device: None,
            latency: LatencyHint::Low,
        }
    }
}

impl StreamConfig {
    /// Which way sound goes.
    pub fn direction(&self) -> Direction {
        match (self.channels_in, self.channels_out) {
            (_, 0) => Direction::Input,
            (0, _) => Direction::Output,
            _ => Direction::Duplex,
        }
    }

    /// How long one buffer lasts, in milliseconds, at `sample_rate_hz` or, without it, 48 kHz.
    pub fn latency_ms(&self) -> f64 {
        f64::from(self.buffer_samples) / f64::from(self.sample_rate_hz.unwrap_or(48_000)) * 1e3
    }

    /// Makes sure that it makes sense; what a device can do is seen when it is opened.
    ///
    /// # Errors
    /// [`LiveError::NoChannels`], [`LiveError::TooManyChannels`], [`LiveError::BufferOutOfRange`],
    /// [`LiveError::RateOutOfRange`] or [`LiveError::EmptyName`].
    pub fn validate(&self) -> Result<(), LiveError> {
        let ways = [
            (Direction::Input, self.channels_in, &self.input_device),
            (Direction::Output, self.channels_out, &self.output_device),
        ];
        if ways.iter().all(|(_, channels, _)| *channels == 0) {
            return Err(LiveError::NoChannels);
        }
        for (direction, channels, device) in ways {
            if channels > MOST_CHANNELS {
                return Err(LiveError::TooManyChannels { direction, channels, most: MOST_CHANNELS });
            }
            if device.as_ref().is_some_and(|name| name.trim().is_empty()) {
                return Err(LiveError::EmptyName { direction });
            }
        }
        let (least, most) = (LEAST_BUFFER, MOST_BUFFER);
        if !(least..=most).contains(&self.buffer_samples) {
            return Err(LiveError::BufferOutOfRange { samples: self.buffer_samples, least, most });
        }
        let (least, most) = (LEAST_RATE_HZ, MOST_RATE_HZ);
        match self.sample_rate_hz {
            Some(sample_rate_hz) if !(least..=most).contains(&sample_rate_hz) => {
                Err(LiveError::RateOutOfRange { sample_rate_hz, least, most })
            }
            _ => Ok(()),
        }
    }
}
