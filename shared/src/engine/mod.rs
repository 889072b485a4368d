//! Engines: what runs a model on blocks of audio.
//!
//! Two engines agree to 1e-5 on every model: [`native`](native::NativeEngine), our own kernels for
//! the architectures we know, and [`onnxruntime`](onnxruntime::OnnxEngine), for any graph that
//! follows the streaming contract, with a kernel of ours inside where it can be.
//! [`Oversampled`] runs either at a multiple of the model's rate, [`Resampled`] puts it behind any other.

pub mod native;
pub mod onnxruntime;
mod oversampled;
mod probe;
mod resampled;
mod rescued;
mod turning;

pub use oversampled::{FACTORS, Oversampled};
pub use probe::Probe;
pub use resampled::Resampled;
pub use rescued::Rescued;
pub use turning::{Kernels, Turning};

use crate::model::Model;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Something that runs one channel of audio through a model.
///
/// [`prepare`](Engine::prepare) may allocate and take its time; after it, [`process`](Engine::process)
/// and [`reset`](Engine::reset) belong to the audio thread.
pub trait Engine: Send {
    /// Gets ready for audio at `sample_rate_hz` in blocks of up to `max_block_samples`, and resets.
    ///
    /// # Errors
    /// The engine cannot run at that rate, or its runtime fails.
    fn prepare(&mut self, sample_rate_hz: f64, max_block_samples: usize) -> Result<(), EngineError>;

    /// Runs a block: `output[i]` is the model's answer to `input[i]`, delayed by
    /// [`latency_samples`](Engine::latency_samples). Blocks longer than prepared are run in parts.
    /// The output does not depend on how a signal is cut into blocks.
    ///
    /// # Panics
    /// `input` and `output` differ in length.
    fn process(&mut self, input: &[f32], output: &mut [f32]);

    /// Returns to the state right after [`prepare`](Engine::prepare): endless silence before.
    fn reset(&mut self);

    /// Delay between input and output, in samples at the prepared rate.
    fn latency_samples(&self) -> usize;

    /// The same before it is rounded to a whole sample: what is added up with other delays, and rounded then.
    fn delay_samples(&self) -> f64 {
        self.latency_samples() as f64
    }

    /// Sample rate of the model, in Hz.
    fn model_rate_hz(&self) -> f64;

    /// What runs the model.
    fn kind(&self) -> EngineKind;

    /// What it remembers of what it has heard, if it can tell. For the audio thread.
    fn history(&self) -> Option<History<'_>> {
        None
    }

    /// Goes on from what another engine remembers, of a network of the same shape at the same rate and with other weights, in place of
    /// endless silence. Returns whether it does. For the audio thread: what is remembered is copied.
    fn go_on_from(&mut self, _history: History<'_>) -> bool {
        false
    }

    /// Shows all kernels inside that can be exchanged, always in the same order. For the audio thread.
    fn turnings(&mut self, _each: &mut dyn FnMut(&mut Turning)) {}
}

/// What an engine remembers: all signals inside it, as far back as they are needed.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    signals: &'a [f32],
    position: usize,
}

/// An engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// Our own kernels.
    Native,
    /// ONNX Runtime.
    OnnxRuntime,
}

/// What the player may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// Native where it can, ONNX Runtime otherwise.
    #[default]
    Auto,
    /// Native only.
    Native,
    /// ONNX Runtime only.
    OnnxRuntime,
}

impl EngineKind {
    /// The name used on command lines and in the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::OnnxRuntime => "onnxruntime",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl EngineChoice {
    /// All choices, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Native, Self::OnnxRuntime];

    /// The name used on command lines and in the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => EngineKind::Native.name(),
            Self::OnnxRuntime => EngineKind::OnnxRuntime.name(),
        }
    }
}

impl fmt::Display for EngineChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EngineChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|c| c.name() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|c| c.name()).collect();
            format!("no engine is called `{text}`; there are {}", names.join(", "))
        })
    }
}

/// Why an engine could not be built or prepared.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The native engine does not know the architecture.
    #[error("the native engine does not know this graph; choose the engine `auto` or `onnxruntime`")]
    UnknownArchitecture,
    /// A raw engine was asked for a rate that is not the model's.
    #[error("the model runs at {model_hz} Hz, {asked_hz} Hz were asked for")]
    SampleRate {
        /// The model's rate.
        model_hz: f64,
        /// The rate asked for.
        asked_hz: f64,
    },
    /// There is no such oversampling.
    #[error("oversampling by {factor} is not possible; 1, 2, 4 and 8 are")]
    Oversampling {
        /// What was asked for.
        factor: usize,
    },
    /// No resampler can be made for these rates.
    #[error("cannot convert between {host_hz} Hz and {model_hz} Hz: {problem}")]
    Resampler {
        /// Rate of the host or the file.
        host_hz: f64,
        /// Rate of the model.
        model_hz: f64,
        /// What the resampler said.
        problem: String,
    },
    /// ONNX Runtime's library was not found.
    #[error("ONNX Runtime was not found, looked at: {}; the engine `native` needs none", list(.0))]
    RuntimeMissing(Vec<PathBuf>),
    /// ONNX Runtime's library was found and could not be loaded.
    #[error("{}: ONNX Runtime cannot be loaded: {problem}", path.display())]
    RuntimeUnusable {
        /// The library.
        path: PathBuf,
        /// What the loader said.
        problem: String,
    },
    /// ONNX Runtime refused the model.
    #[error("ONNX Runtime cannot run \"{name}\": {problem}")]
    Runtime {
        /// Name on the model's card.
        name: String,
        /// What ONNX Runtime said.
        problem: String,
    },
}

/// Engines without a resampler run at the model's own rate.
fn check_rate(model_hz: f64, asked_hz: f64) -> Result<(), EngineError> {
    if asked_hz == model_hz { Ok(()) } else { Err(EngineError::SampleRate { model_hz, asked_hz }) }
}

fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths.iter().map(|p| p.display().to_string()).collect();
    paths.join(", ")
}

/// Builds the engine that `choice` asks for, at the model's own rate.
///
/// # Errors
/// The chosen engine cannot run the model.
pub fn build(model: &Model, choice: EngineChoice) -> Result<Box<dyn Engine>, EngineError> {
    match choice {
        EngineChoice::Native => Ok(Box::new(native::NativeEngine::new(model)?)),
        EngineChoice::OnnxRuntime => Ok(Box::new(onnxruntime::OnnxEngine::new(model)?)),
        EngineChoice::Auto => match native::NativeEngine::new(model) {
            Ok(engine) => Ok(Box::new(engine)),
            Err(EngineError::UnknownArchitecture) => build(model, EngineChoice::OnnxRuntime),
            Err(error) => Err(error),
        },
    }
}

/// Builds the engine that `choice` asks for behind a resampler, and prepares it for audio at
/// `sample_rate_hz`. Where that is the model's rate nothing is resampled.
///
/// # Errors
/// The chosen engine cannot run the model, or the rates cannot be converted.
pub fn build_at(
    model: &Model,
    choice: EngineChoice,
    sample_rate_hz: f64,
    max_block_samples: usize,
) -> Result<Box<dyn Engine>, EngineError> {
    build_oversampled_at(model, choice, 1, sample_rate_hz, max_block_samples)
}

/// Like [`build_at`], at `oversampling` times the model's rate: one of [`FACTORS`].
///
/// # Errors
/// As for [`build_at`], or there is no such oversampling.
pub fn build_oversampled_at(
    model: &Model,
    choice: EngineChoice,
    oversampling: usize,
    sample_rate_hz: f64,
    max_block_samples: usize,
) -> Result<Box<dyn Engine>, EngineError> {
    if !FACTORS.contains(&oversampling) {
        return Err(EngineError::Oversampling { factor: oversampling });
    }
    let kernel = || -> Result<Box<dyn Engine>, EngineError> {
        let kernel = build(model, choice)?;
        // One that cannot hand on what it remembers could only begin anew.
        let turns = kernel.history().is_some();
        Ok(if turns { Box::new(Turning::new(kernel)) } else { kernel })
    };
    let mut engine = kernel()?;
    if oversampling > 1 {
        let mut copies = vec![engine];
        for _ in 1..oversampling {
            copies.push(kernel()?);
        }
        engine = Box::new(Oversampled::new(copies)?);
    }
    if sample_rate_hz != engine.model_rate_hz() {
        engine = Box::new(Resampled::new(engine));
    }
    engine.prepare(sample_rate_hz, max_block_samples)?;
    Ok(engine)
}
