//! What a host tells the rack.

use shared::chain::Format;

/// The sound that the rack gets and gives: as many channels out as in, or two of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RackFormat {
    /// Sample rate in Hz.
    pub sample_rate_hz: f64,
    /// Largest block, in samples.
    pub max_block_samples: usize,
    /// Channels that carry sound when they come in.
    pub channels_in: usize,
    /// Channels that go out.
    pub channels_out: usize,
}

impl RackFormat {
    /// What a part gets that has `channels` channels.
    pub fn with_channels(&self, channels: usize) -> Format {
        Format { sample_rate_hz: self.sample_rate_hz, max_block_samples: self.max_block_samples, channels }
    }

    /// What stands before the loudspeakers gets.
    pub fn narrow(&self) -> Format {
        self.with_channels(self.channels_in)
    }

    /// What comes out gets.
    pub fn wide(&self) -> Format {
        self.with_channels(self.channels_out)
    }

    /// Samples of a time in seconds, at least one.
    pub fn samples(&self, seconds: f64) -> usize {
        ((seconds * self.sample_rate_hz) as usize).max(1)
    }
}
