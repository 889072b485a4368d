//! What a stream tells those who process it.

/// The sound that a processor gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    /// Sample rate in Hz.
    pub sample_rate_hz: f64,
    /// Largest block, in samples.
    pub max_block_samples: usize,
    /// Channels.
    pub channels: usize,
}

/// What a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody plays and listens: every block has its deadline, and the future is not known.
    Live,
    /// A file: all of it is there, and there is time. Whatever would be done beside the audio is done
    /// in line, so that the result is the same each time.
    File,
}

/// The sound that a chain gets and gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamFormat {
    /// Sample rate in Hz.
    pub sample_rate_hz: f64,
    /// Largest block, in samples.
    pub max_block_samples: usize,
    /// Channels that carry sound when they come in: as many as go out, or one.
    pub channels_in: usize,
    /// Channels that go out.
    pub channels_out: usize,
    /// What it is for.
    pub purpose: Purpose,
}

impl StreamFormat {
    /// What a processor gets of it that has `channels` channels.
    pub fn with_channels(&self, channels: usize) -> Format {
        Format { sample_rate_hz: self.sample_rate_hz, max_block_samples: self.max_block_samples, channels }
    }
}
