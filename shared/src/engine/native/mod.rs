//! The native engine: our own kernels, for every WaveNet.

mod activation;
mod conv;
mod network;
mod rows;
mod simd;

use super::{Engine, EngineError, EngineKind, check_rate};
use crate::model::{Model, Network as ModelNetwork};
use network::Network;
use rows::{Past, TILE};
use simd::Level;

/// Runs a WaveNet with our own kernels.
///
/// Signals are tiles of 64 samples, one row a channel; every convolution keeps its past in mirrored
/// rings, so a block of any length costs the same for each sample and nothing is moved.
#[derive(Debug)]
pub struct NativeEngine {
    network: Network,
    level: Level,
    model_rate_hz: f64,
    lookahead_samples: usize,
    /// Time, in samples since the last reset, where silence began `warm_up` samples earlier.
    position: usize,
    warm_up: usize,
    /// What the network remembers of endless silence.
    silence: Vec<Past>,
}

impl NativeEngine {
    /// Packs a model.
    ///
    /// # Errors
    /// [`EngineError::UnknownArchitecture`] for a graph that is no WaveNet.
    pub fn new(model: &Model) -> Result<Self, EngineError> {
        Self::with_level(model, Level::detect())
    }

    fn with_level(model: &Model, level: Level) -> Result<Self, EngineError> {
        let ModelNetwork::WaveNet(net) = &model.network else {
            return Err(EngineError::UnknownArchitecture);
        };
        let mut engine = Self {
            network: Network::new(net),
            level,
            model_rate_hz: model.card.sample_rate_hz,
            lookahead_samples: net.spec().lookahead_samples(),
            position: 0,
            warm_up: net.spec().receptive_field_samples() - 1,
            silence: Vec::new(),
        };
        let mut rest = engine.warm_up;
        let mut out = [0.0; TILE];
        while rest > 0 {
            let n = rest.min(TILE);
            engine.tile(&[0.0; TILE][..n], &mut out[..n]);
            rest -= n;
        }
        engine.silence = engine.network.remember();
        Ok(engine)
    }

    fn tile(&mut self, input: &[f32], output: &mut [f32]) {
        self.network.run(self.level, self.position, input, output);
        // Sizes of rings are powers of two, so they divide what this wraps at.
        self.position = self.position.wrapping_add(input.len());
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
        for (input, output) in input.chunks(TILE).zip(output.chunks_mut(TILE)) {
            self.tile(input, output);
        }
    }

    fn reset(&mut self) {
        self.network.recall(&self.silence);
        self.position = self.warm_up;
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
}
