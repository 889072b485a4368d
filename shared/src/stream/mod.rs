//! Files through a chain, in flat memory.
//!
//! A [`StreamProcessor`] reads a file block by block, sends it through a [`Chain`](crate::chain::Chain) and writes
//! the result: as long as the input, with the chain's delay taken out, so that what stood at a sample stands there
//! still. Its result depends neither on the size of the chunks nor on what was processed before. Any file that
//! [`Reader`](crate::audio::Reader) reads can go in; WAV comes out.
//!
//! # A large file
//!
//! Memory stays flat however long it is. The result appears under its name when it is complete; if anything goes wrong
//! before, there is none.
//!
//! ```no_run
//! use shared::chain::{Chain, processors::Gain};
//! use shared::stream::{Options, StreamProcessor};
//! use std::path::Path;
//!
//! let chain = Chain::new(vec![Box::new(Gain::linear(0.5))])?;
//! let mut processor = StreamProcessor::new(chain, Options::default());
//! let outcome = processor.process_file(
//!     Path::new("large_input.wav"),
//!     Path::new("output.wav"),
//!     &mut |progress| {
//!         println!("{} of {:?} samples", progress.done, progress.total);
//!         true // go on
//!     },
//! )?;
//! println!("peak {}", outcome.after.peak);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Chunk by chunk
//!
//! For results that go elsewhere than into a file.
//!
//! ```no_run
//! # use shared::chain::{Chain, processors::Gain};
//! # use shared::stream::{Options, StreamProcessor};
//! # use std::path::Path;
//! let chain = Chain::new(vec![Box::new(Gain::db(-3.0))])?;
//! let options = Options { chunk_samples: Some(4096), ..Options::default() };
//! let mut processor = StreamProcessor::new(chain, options);
//! for chunk in processor.process_chunks(Path::new("large_podcast.wav"))? {
//!     let chunk = chunk?;
//!     println!("{} samples from {}", chunk.frames(), chunk.first_frame);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # To a level
//!
//! What needs to have heard all of a file, as a normaliser does, hears it in a pass of its own, through everything
//! that stands before it. Nothing changes for the caller. Here a FLAC file becomes a WAV of 24 bit at 44.1 kHz.
//!
//! ```no_run
//! use shared::audio::SampleFormat;
//! use shared::chain::Chain;
//! use shared::chain::processors::{Gain, Normalise};
//! use shared::stream::{Options, StreamProcessor};
//! use std::path::Path;
//!
//! let chain = Chain::new(vec![Box::new(Gain::linear(0.8)), Box::new(Normalise::peak(0.95))])?;
//! let options = Options {
//!     sample_rate_hz: Some(44_100),
//!     sample_format: SampleFormat::Int24,
//!     ..Options::default()
//! };
//! let mut processor = StreamProcessor::new(chain, options);
//! processor.process_file(Path::new("podcast.flac"), Path::new("normalised.wav"), &mut |_| true)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Many files
//!
//! [`process_files`] uses all cores, one for each file.

mod chunks;
mod error;
mod files;
mod options;
mod pass;
mod processor;
mod source;

pub use chunks::{Chunk, Chunks};
pub use error::StreamError;
pub use files::{process_files, process_files_with};
pub use options::{Level, Options, Outcome, Progress};
pub use processor::StreamProcessor;
