//! Where sound comes from and goes to.

use super::capture::Capture;
use super::jack::Jack;
use super::player::Lease;
use super::signals::Signals;
use super::system::System;
use super::{DeviceInfo, LiveError, Mock, StreamConfig};
use std::str::FromStr;
use std::sync::Arc;

/// Which system of the machine carries the sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendChoice {
    /// JACK where a server runs, else the system's own.
    #[default]
    Auto,
    /// JACK.
    Jack,
    /// What the system has: ALSA, CoreAudio or WASAPI.
    System,
    /// Simulated devices, for tests and for trying without hardware.
    Mock,
}

impl FromStr for BackendChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "jack" => Ok(Self::Jack),
            "system" | "alsa" => Ok(Self::System),
            "mock" => Ok(Self::Mock),
            _ => Err("expected auto, jack, system or mock".into()),
        }
    }
}

/// The backend that `choice` asks for.
///
/// # Errors
/// It is not there.
pub fn backend(choice: BackendChoice) -> Result<Box<dyn Backend>, LiveError> {
    match choice {
        BackendChoice::Jack => Ok(Box::new(Jack::new()?)),
        BackendChoice::System => Ok(Box::new(System::new())),
        BackendChoice::Mock => Ok(Mock::for_trying().backend()),
        BackendChoice::Auto => match Jack::new() {
            Ok(jack) => Ok(Box::new(jack)),
            Err(_) => Ok(Box::new(System::new())),
        },
    }
}

/// A system that carries sound.
pub trait Backend: Send {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// The devices there are.
    ///
    /// # Errors
    /// The system is not there. An empty list is no error.
    fn devices(&mut self) -> Result<Vec<DeviceInfo>, LiveError>;

    /// Opens what `config` asks for, without a sound yet. What happens to the stream from now on is told
    /// to `signals`. Another buffer may be granted than was asked for, and no other rate.
    ///
    /// # Errors
    /// There is no such device, or it cannot do that, see [`LiveError`].
    fn open(
        &mut self,
        config: &StreamConfig,
        signals: Arc<Signals>,
    ) -> Result<Box<dyn OpenStream>, LiveError>;
}

/// A stream that was opened and does not run yet. Dropping it closes it.
pub trait OpenStream {
    /// What the device grants.
    fn granted(&self) -> Granted;

    /// Calls `sound` from now on, from the audio thread, until what this returns is dropped. When that is done,
    /// or if this fails, `sound` has been dropped.
    ///
    /// # Errors
    /// The device does not start.
    fn run(self: Box<Self>, sound: Sound) -> Result<Box<dyn RunningStream>, LiveError>;
}

/// A stream that runs. Dropping it ends it, and returns when the last callback has.
pub trait RunningStream: Send {
    /// Whether it calls in real time. One that does and is silent for long is taken for lost.
    fn keeps_time(&self) -> bool {
        true
    }

    /// Latencies as in [`Granted`], of the input and the output, as they are now; none where they stay.
    fn latency_samples(&self) -> Option<[usize; 2]> {
        None
    }
}

/// What a stream is given to call.
pub enum Sound {
    /// One callback for both ways, or for the only one.
    Joint(Lease),
    /// One callback that hears and one that plays, from two threads or one.
    Split {
        /// What hears.
        capture: Capture,
        /// What plays.
        player: Lease,
    },
}

/// What a device grants.
#[derive(Clone, Debug, PartialEq)]
pub struct Granted {
    /// Rate of the output, or of the only direction, in Hz: the chain's.
    pub sample_rate_hz: u32,
    /// Samples a callback; 0 if they vary.
    pub buffer_samples: u32,
    /// Most samples a callback that are expected; longer ones are cut.
    pub max_block_samples: usize,
    /// From the jack to the callback, in samples.
    pub input_latency_samples: usize,
    /// From the callback to the jack, in samples.
    pub output_latency_samples: usize,
    /// How it calls.
    pub calls: Calls,
}

/// How a stream calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Calls {
    /// One callback.
    Joint,
    /// One that hears and one that plays.
    Split {
        /// Rate of the input, in Hz.
        input_rate_hz: u32,
        /// Most samples a callback of the input that are expected.
        input_block_samples: usize,
        /// Whether both directions run from one clock. Otherwise the sound is resampled from one to the other.
        one_clock: bool,
    },
}
