//! A chain between a sound card's input and its output.
//!
//! A [`LiveProcessor`] takes a [`Chain`](crate::chain::Chain), a [`Backend`] and a [`StreamConfig`], and plays
//! between [`start`](LiveProcessor::start) and [`stop`](LiveProcessor::stop). [`backend`] finds what carries
//! the sound on this machine: JACK, ALSA, CoreAudio or WASAPI. A [`Mock`] is a world of simulated devices.
//!
//! A guitar, live:
//!
//! ```no_run
//! use shared::chain::{Chain, processors::{Butterworth, Gain, Reverb, ReverbEntry}};
//! use shared::live::{BackendChoice, LiveProcessor, StreamConfig, backend};
//!
//! let chain = Chain::new(vec![
//!     Box::new(Butterworth::high_pass(80.0, 2)),   // no rumble
//!     Box::new(Butterworth::low_pass(8_000.0, 2)), // no fizz
//!     Box::new(Gain::linear(1.5)),
//!     Box::new(Reverb::new(ReverbEntry { decay: 1.2, mix: 0.3, ..ReverbEntry::default() })),
//! ])?;
//! let config = StreamConfig { buffer_samples: 256, channels_in: 1, channels_out: 2, ..StreamConfig::default() };
//! let mut live = LiveProcessor::new(chain, backend(BackendChoice::Auto)?, config)?;
//! live.start()?;
//! live.set("2.gain", 2.0)?; // from any thread that has `live.controls()`
//! println!("Return stops.");
//! std::io::stdin().read_line(&mut String::new())?;
//! let statistics = live.statistics();
//! println!("{:.0} % load, {} gaps", 100.0 * statistics.load, statistics.xruns);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A cutoff that is swept while it plays, here on a simulated device in simulated time:
//!
//! ```
//! # use shared::chain::{Chain, processors::Butterworth};
//! # use shared::live::{LiveProcessor, Mock, StreamConfig};
//! let mock = Mock::new();
//! mock.set_input(|_, seconds| (seconds * 18_850.0).sin() as f32); // 3 kHz
//! let chain = Chain::new(vec![Box::new(Butterworth::low_pass(1_000.0, 2))])?;
//! let mut live = LiveProcessor::new(chain, mock.backend(), StreamConfig::default())?;
//! let controls = live.controls();
//! live.start()?;
//! mock.run_seconds(0.5);
//! let dull = live.statistics().output_peaks[0];
//! for cutoff_hz in (1_000..=5_000).step_by(100) {
//!     controls.set("0.cutoff", f64::from(cutoff_hz))?;
//!     mock.run_seconds(0.05);
//! }
//! let bright = live.statistics().output_peaks[0];
//! assert!(dull < 0.2 && bright > 0.9, "{dull}, {bright}");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Threads
//!
//! The audio thread belongs to the system; on it the chain is played by a [`Lease`], which allocates,
//! frees and locks nothing and lets no panic through. A thread of ours watches over the stream: what happens to
//! the device comes to it through [`Signals`]. When the device is pulled out or calls no more ([`State::Reconnecting`]) it is opened again as
//! soon as it is back, with the chain and all that was set. When it comes back at a rate that the chain refuses the
//! state is [`State::Failed`], the chain is kept, and it can be started again.
//!
//! # Clocks
//!
//! JACK calls once for both directions. The system's devices hear and play in callbacks of their own, with a ring
//! without locks between them; where they may have clocks of their own the sound is resampled from one to the other, and half a
//! second of silence at the beginning is for watching both. That adds to the delay, which
//! [`Statistics::latency_samples`] contains; [`measure_round_trip`] measures all of it.

mod backend;
mod capture;
mod clock;
mod config;
mod device;
mod drift;
mod error;
mod feed;
mod jack;
mod latency;
mod meters;
mod mock;
mod player;
mod processor;
mod signals;
mod silence;
mod supervisor;
mod system;
mod usual;

pub use backend::{Backend, BackendChoice, Calls, Granted, OpenStream, RunningStream, Sound, backend};
pub use capture::Capture;
pub use config::{Direction, LatencyHint, StreamConfig};
pub use device::DeviceInfo;
pub use error::LiveError;
pub use latency::{LatencyError, RoundTrip, measure_round_trip};
pub use meters::Statistics;
pub use mock::{LoopBack, Mock, MockDevice};
pub use player::{Io, Lease};
pub use processor::{LiveProcessor, State};
pub use signals::Signals;
pub use usual::{JackServer, UsualDevice};
