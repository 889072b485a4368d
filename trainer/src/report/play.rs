//! A model at work, in the engine that players hear.

use crate::TrainerError;
use shared::engine::{self, Engine, EngineChoice};
use shared::model::{Model, Network};
use std::ops::Range;

/// Samples handed to the engine at once.
const BLOCK: usize = 4096;
/// What a network without a fixed memory hears before its output counts, in seconds.
const SETTLING_SECONDS: f64 = 1.0;

/// A model in its engine, for signals at the model's own rate.
pub struct Player {
    engine: Box<dyn Engine>,
    /// Samples that must have been heard before an output counts.
    memory_samples: usize,
}

impl Player {
    /// Builds the engine that players would get.
    ///
    /// # Errors
    /// No engine runs the model.
    pub fn new(model: &Model) -> Result<Self, TrainerError> {
        let rate_hz = model.card.sample_rate_hz;
        let mut engine = engine::build(model, EngineChoice::Auto)?;
        engine.prepare(rate_hz, BLOCK)?;
        let memory_samples = match &model.network {
            Network::WaveNet(net) => net.spec().receptive_field_samples(),
            _ => (SETTLING_SECONDS * rate_hz) as usize,
        };
        Ok(Self { engine, memory_samples })
    }

    /// Samples of input that an output depends on, or nearly.
    pub fn memory_samples(&self) -> usize {
        self.memory_samples
    }

    /// The outputs that belong to `input[range]`, with what lies before as the past and silence behind the end.
    ///
    /// # Panics
    /// `range` is not inside `input`.
    pub fn play(&mut self, input: &[f32], range: Range<usize>) -> Vec<f32> {
        self.engine.reset();
        let latency = self.engine.latency_samples();
        let begin = range.start.saturating_sub(self.memory_samples);
        let known = &input[begin..input.len().min(range.end + latency)];
        let mut output = Vec::with_capacity(range.end - begin + latency);
        let mut block = [0.0; BLOCK];
        for piece in known.chunks(BLOCK) {
            let block = &mut block[..piece.len()];
            self.engine.process(piece, block);
            output.extend_from_slice(block);
        }
        // A network that looks ahead answers the last samples once it has heard silence behind them.
        let missing = range.end + latency - (begin + known.len());
        let mut rest = vec![0.0; missing];
        self.engine.process(&vec![0.0; missing], &mut rest);
        output.extend(rest);
        output.drain(..range.start - begin + latency);
        output
    }
}
