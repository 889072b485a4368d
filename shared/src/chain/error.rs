//! Why a chain cannot be.

use crate::audio::AudioError;
use crate::dsp::response::ResponseError;
use crate::engine::EngineError;
use crate::model::{KnobError, ModelError};
use crate::word_eq::WordEqError;
use std::path::PathBuf;

/// Why a processor cannot be built, prepared or set.
#[derive(Debug, thiserror::Error)]
pub enum ProcessorError {
    /// A value is none of a parameter's.
    #[error("{parameter} is {value}, it must be {range}")]
    OutOfRange {
        /// The parameter.
        parameter: String,
        /// The value.
        value: String,
        /// What it may be.
        range: String,
    },
    /// A frequency that the sample rate cannot carry.
    #[error(
        "{parameter} is {frequency_hz} Hz, it must lie below {nyquist_hz} Hz, half the sample rate of \
         {sample_rate_hz} Hz"
    )]
    AboveNyquist {
        /// The parameter.
        parameter: String,
        /// Its value.
        frequency_hz: f64,
        /// Half the sample rate.
        nyquist_hz: f64,
        /// The sample rate.
        sample_rate_hz: f64,
    },
    /// Something that only a file can have.
    #[error("it cannot be played live: {0}")]
    NotLive(&'static str),
    /// A model cannot be read, or not be played live.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A model has no such knob, or it does not go that far.
    #[error("{model}: {source}")]
    Knob {
        /// The model as it was asked for: a file, or a name.
        model: String,
        /// What is wrong.
        source: KnobError,
    },
    /// A model cannot be run.
    #[error("{model}: {source}")]
    Engine {
        /// The model as it was asked for: a file, or a name.
        model: String,
        /// What is wrong.
        source: EngineError,
    },
    /// An audio file cannot be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// An impulse response cannot be read or used.
    #[error(transparent)]
    Response(#[from] ResponseError),
    /// The equaliser has no words.
    #[error(transparent)]
    WordEq(#[from] WordEqError),
    /// Anything else, said in full.
    #[error("{0}")]
    Other(String),
}

/// Why a chain cannot be built, prepared or set.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A processor is at fault.
    #[error("processor {position}, {kind}: {source}")]
    Processor {
        /// Its place, from 0.
        position: usize,
        /// What it is called.
        kind: String,
        /// What is wrong.
        source: ProcessorError,
    },
    /// A document with more processors than anybody needs.
    #[error("a chain of {processors} processors; at most {most} are played, leave some out")]
    TooLong {
        /// How many there are.
        processors: usize,
        /// How many there may be.
        most: usize,
    },
    /// No parameter of that name.
    #[error("there is no parameter \"{path}\"; there are: {known}")]
    UnknownParameter {
        /// As it was asked for.
        path: String,
        /// All that there are.
        known: String,
    },
    /// A parameter cannot be set to that.
    #[error("\"{path}\": {source}")]
    Parameter {
        /// As it was asked for.
        path: String,
        /// What is wrong.
        source: ProcessorError,
    },
    /// A stream that no chain can be in.
    #[error("{0}")]
    Format(String),
    /// A document could not be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A document that is no chain.
    #[error("{}: {problem}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and in which line.
        problem: String,
    },
    /// A processor of a document cannot be built.
    #[error("{}: {source}", path.display())]
    InDocument {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<ChainError>,
    },
}
