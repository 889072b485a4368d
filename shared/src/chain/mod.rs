//! Effects in a row: processors, the chain they stand in, and the document a chain is written down in.
//!
//! A [`Processor`] is one effect. A [`Chain`] is a sequence of them that is told its format by the stream it is in, be
//! that a file or a sound card; its [`Controls`] change parameters from any thread, addressed as
//! `"2.gain"`: the gain of the third processor, counted from 0. A [`Document`] is a chain as YAML.

mod bypass;
mod controls;
mod document;
mod error;
mod format;
mod parameter;
mod processor;
pub mod processors;
mod sequence;
mod view;

pub use bypass::Bypass;
pub use controls::Controls;
pub use document::{Document, Entry, Place};
pub use error::{ChainError, ProcessorError};
pub use format::{Format, Purpose, StreamFormat};
pub use parameter::{Parameter, Range, Unit, Value};
pub use processor::Processor;
pub use sequence::Chain;
pub use view::View;
