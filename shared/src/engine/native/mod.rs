//! The native engine: our own kernels, for every network we know.

mod builder;
mod linear;
mod lstm;
mod ops;
mod plan;
mod pointwise;
mod run;
mod tile;
mod wavenet;

use super::{Engine, EngineError, EngineKind, History, check_rate};
use crate::model::{Model, Network};
use crate::simd::{FlushDenormals, Level};
use std::fmt::Debug;

/// A network made ready to run: its weights packed, its memory in place, and settled.
trait Kernel: Debug + Send {
    /// Runs any number of samples. Neither allocates, locks nor frees.
    fn process(&mut self, input: &[f32], output: &mut [f32]);

    /// Goes back to the state of endless silence. Neither allocates, locks nor frees.
    fn reset(&mut self);

    /// As [`Engine::history`].
    fn history(&self) -> Option<History<'_>> {
        None
    }

    /// As [`Engine::go_on_from`].
    fn go_on_from(&mut self, _history: History<'_>) -> bool {
        false
    }
}

/// Runs a model with our own kernels.
#[derive(Debug)]
pub struct NativeEngine {
    kernel: Box<dyn Kernel>,
    model_rate_hz: f64,
    lookahead_samples: usize,
}

impl NativeEngine {
    /// Packs a model; of a slimmable one, the largest size.
    ///
    /// # Errors
    /// [`EngineError::UnknownArchitecture`] for a graph that is none of the networks we know.
    pub fn new(model: &Model) -> Result<Self, EngineError> {
        Self::with_level(model, Level::detect())
    }

    /// Like [`NativeEngine::new`], with the instructions of `level`.
    ///
    /// # Errors
    /// As for [`NativeEngine::new`].
    ///
    /// # Panics
    /// The processor does not have the instructions.
    pub fn with_level(model: &Model, level: Level) -> Result<Self, EngineError> {
        assert!(level.is_available(), "this processor has no {}", level.name());
        let kernel: Box<dyn Kernel> = match model.network.full() {
            Network::WaveNet(net) => Box::new(wavenet::WaveNetKernel::new(net, level)),
            Network::Lstm(net) => Box::new(lstm::LstmKernel::new(net, level)),
            Network::Linear(net) => Box::new(linear::LinearKernel::new(net, level)),
            Network::Slimmable(_) | Network::Parametric(_) | Network::Graph(_) => {
                return Err(EngineError::UnknownArchitecture);
            }
        };
        Ok(Self {
            kernel,
            model_rate_hz: model.card.sample_rate_hz,
            lookahead_samples: model.lookahead_samples(),
        })
    }
}

impl Engine for NativeEngine {
    fn prepare(&mut self, sample_rate_hz: f64, _max_block_samples: usize) -> Result<(), EngineError> {
        check_rate(self.model_rate_hz, sample_rate_hz)?;
        self.reset();
        Ok(())
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        assert_eq!(input.len(), output.len(), "a block in and a block out have the same length");
        let _flush = FlushDenormals::new();
        self.kernel.process(input, output);
    }

    fn reset(&mut self) {
        let _flush = FlushDenormals::new();
        self.kernel.reset();
    }

    fn latency_samples(&self) -> usize {
        self.lookahead_samples
    }

    fn model_rate_hz(&self) -> f64 {
        self.model_rate_hz
    }

    fn kind(&self) -> EngineKind {
        EngineKind::Native
    }

    fn history(&self) -> Option<History<'_>> {
        self.kernel.history()
    }

    fn go_on_from(&mut self, history: History<'_>) -> bool {
        self.kernel.go_on_from(history)
    }
}
