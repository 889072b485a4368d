//! The ONNX Runtime engine: any graph that follows the streaming contract.
//!
//! A network that our own kernels know runs in a graph of a single operator around such a kernel
//! ([`OnnxEngine::fused`]). Any other, and any for comparison, runs as the graph of standard
//! operators that its file holds ([`OnnxEngine::standard`]), at about ten times the price.

mod function;
mod fused;
mod library;
mod session;
mod standard;

pub use function::GraphFunction;
pub use library::{LIBRARY, library_candidates};

use super::native::NativeEngine;
use super::{Engine, EngineError, EngineKind, check_rate};
use crate::model::Model;
use crate::simd::FlushDenormals;
use fused::FusedGraph;
use standard::StandardGraph;

/// Longest run, in samples. Longer blocks are cut.
const MAX_RUN_SAMPLES: usize = 512;
/// Runs before the first real block, in which ONNX Runtime plans its memory.
const WARM_UP_RUNS: usize = 3;

/// Runs a model with ONNX Runtime: one thread, sequential, all inputs and outputs preallocated.
pub struct OnnxEngine {
    graph: Box<dyn Runner>,
    is_fused: bool,
    model_rate_hz: f64,
    lookahead_samples: usize,
}

/// A session with a graph in it, and all that its runs need.
trait Runner: Send {
    /// Runs a block of any length.
    ///
    /// # Errors
    /// What ONNX Runtime, or an operator of ours, says.
    fn process(&mut self, input: &[f32], output: &mut [f32]) -> ort::Result<()>;

    /// Goes back to the state of endless silence.
    fn reset(&mut self);
}

impl OnnxEngine {
    /// The fused graph of a network that [`NativeEngine`] knows, the standard graph of any other.
    /// Loads ONNX Runtime if need be.
    ///
    /// Should a known network not run fused, that is an error: the standard graph would sound the
    /// same, but whoever relies on the price would only see the meter rise.
    ///
    /// # Errors
    /// The library is missing or unusable, or refuses the model.
    pub fn new(model: &Model) -> Result<Self, EngineError> {
        match Self::fused(model) {
            Err(EngineError::UnknownArchitecture) => Self::standard(model),
            result => result,
        }
    }

    /// The graph of one operator around our own kernel; of a slimmable model, the largest size.
    ///
    /// # Errors
    /// [`EngineError::UnknownArchitecture`] where [`NativeEngine::new`] says so; else as for
    /// [`OnnxEngine::new`].
    pub fn fused(model: &Model) -> Result<Self, EngineError> {
        let kernel = NativeEngine::new(model)?;
        let graph = FusedGraph::new(&model.card.name, kernel)?;
        Ok(Self::around(model, Box::new(graph), true))
    }

    /// The graph of standard operators, as the model's file holds it: the oracle that every faster
    /// path is compared with.
    ///
    /// # Errors
    /// As for [`OnnxEngine::new`].
    pub fn standard(model: &Model) -> Result<Self, EngineError> {
        Ok(Self::around(model, Box::new(StandardGraph::new(model)?), false))
    }

    fn around(model: &Model, graph: Box<dyn Runner>, is_fused: bool) -> Self {
        Self {
            graph,
            is_fused,
            model_rate_hz: model.card.sample_rate_hz,
            lookahead_samples: model.lookahead_samples(),
        }
    }

    /// Whether this is the graph of one operator.
    pub fn is_fused(&self) -> bool {
        self.is_fused
    }
}

impl Engine for OnnxEngine {
    fn prepare(&mut self, sample_rate_hz: f64, _max_block_samples: usize) -> Result<(), EngineError> {
        check_rate(self.model_rate_hz, sample_rate_hz)?;
        self.reset();
        Ok(())
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        assert_eq!(input.len(), output.len(), "a block in and a block out have the same length");
        // Not ONNX Runtime's own setting, which changes the thread that makes a session for good.
        let _flush = FlushDenormals::new();
        if self.graph.process(input, output).is_err() {
            // Shapes and names were checked while warming up, so this does not happen on sound
            // memory; silence is the least harm where it does.
            output.fill(0.0);
        }
    }

    fn reset(&mut self) {
        self.graph.reset();
    }

    fn latency_samples(&self) -> usize {
        self.lookahead_samples
    }

    fn model_rate_hz(&self) -> f64 {
        self.model_rate_hz
    }

    fn kind(&self) -> EngineKind {
        EngineKind::OnnxRuntime
    }
}
