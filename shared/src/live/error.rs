//! Why there is no sound.

use super::Direction;
use crate::chain::ChainError;

/// Why a stream cannot be opened, or has ended.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A stream without channels.
    #[error("the stream has no channels: ask for at least one, in or out")]
    NoChannels,
    /// More channels than are played.
    #[error("{channels} channels of {direction}, at most {most} are played")]
    TooManyChannels {
        /// Which way.
        direction: Direction,
        /// As asked for.
        channels: usize,
        /// The most there can be.
        most: usize,
    },
    /// A buffer that nobody means.
    #[error("a buffer of {samples} samples, it must be {least} to {most}")]
    BufferOutOfRange {
        /// As asked for.
        samples: u32,
        /// The fewest.
        least: u32,
        /// The most.
        most: u32,
    },
    /// A sample rate that nobody means.
    #[error("a sample rate of {sample_rate_hz} Hz, it must be {least} to {most}")]
    RateOutOfRange {
        /// As asked for.
        sample_rate_hz: u32,
        /// The lowest, in Hz.
        least: u32,
        /// The highest, in Hz.
        most: u32,
    },
    /// A device chosen by an empty name.
    #[error("the {direction} device's name is empty: leave it out for the usual one")]
    EmptyName {
        /// Which way.
        direction: Direction,
    },
    /// What carries the sound is not there.
    #[error("{backend} is not there: {why}; {advice}")]
    BackendUnavailable {
        /// Its name.
        backend: &'static str,
        /// What is missing.
        why: String,
        /// What to do.
        advice: &'static str,
    },
    /// There is no sound device at all.
    #[error("there is no sound device: {0}")]
    NoDevices(String),
    /// No device of that name.
    #[error("there is no {direction} device \"{name}\"; there are: {}", list(known))]
    NoSuchDevice {
        /// Which way.
        direction: Direction,
        /// As asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Several devices of that name.
    #[error("\"{name}\" may be any of several {direction} devices, say more of the name: {}", list(matching))]
    AmbiguousDevice {
        /// Which way.
        direction: Direction,
        /// As asked for.
        name: String,
        /// Those that it may be.
        matching: Vec<String>,
    },
    /// A sample rate that a device does not run at.
    #[error("\"{device}\" does not run at {sample_rate_hz} Hz; it runs at: {}", list(supported_hz))]
    RateNotSupported {
        /// The device.
        device: String,
        /// As asked for.
        sample_rate_hz: u32,
        /// What it can, in Hz.
        supported_hz: Vec<u32>,
    },
    /// A buffer that a device cannot have.
    #[error("\"{device}\" has no buffer of {samples} samples; ask for another: {why}")]
    BufferNotSupported {
        /// The device.
        device: String,
        /// As asked for.
        samples: u32,
        /// What it said.
        why: String,
    },
    /// More channels than a device has.
    #[error("\"{device}\" has {most} channels of {direction}, not {channels}")]
    ChannelsNotSupported {
        /// The device.
        device: String,
        /// Which way.
        direction: Direction,
        /// As asked for.
        channels: usize,
        /// What there are.
        most: usize,
    },
    /// Somebody else has the device.
    #[error("\"{device}\" is in use by another program: close that, or choose another device")]
    Busy {
        /// The device.
        device: String,
    },
    /// The system does not let us.
    #[error("\"{device}\" may not be opened: {why}; on Linux, join the group \"audio\"")]
    Denied {
        /// The device.
        device: String,
        /// What the system said.
        why: String,
    },
    /// The device has gone.
    #[error("\"{device}\" has gone: {why}")]
    Lost {
        /// The device.
        device: String,
        /// What the system said.
        why: String,
    },
    /// Anything else that a device or its driver said.
    #[error("\"{device}\": {why}")]
    Device {
        /// The device.
        device: String,
        /// What it said.
        why: String,
    },
    /// The chain refuses the stream.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A processor has a fault; it was stopped before it could take the program down.
    #[error("a processor of the chain panicked: {0}; this is a fault of the program")]
    Panicked(String),
    /// It plays already.
    #[error("it plays already: stop it first")]
    AlreadyRunning,
    /// A device was closed and has not let go of the chain. When it does, it can be started again.
    #[error(
        "the device hangs: it was told to close and still holds the chain; unplug it or restart its sound server"
    )]
    ChainHeld,
    /// The system gives no thread.
    #[error("no thread to watch over the stream: {0}")]
    Thread(#[from] std::io::Error),
}

fn list(items: &[impl ToString]) -> String {
    if items.is_empty() {
        return "none".into();
    }
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
