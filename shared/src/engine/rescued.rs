//! An engine that gets over values which are no numbers.

use super::{Engine, EngineChoice, EngineError, EngineKind, Kernels, build_oversampled_at};
use crate::model::Model;

/// An engine for one channel whose breakdowns end with their block: one NaN inside a network never goes away by
/// itself.
pub struct Rescued {
    engine: Box<dyn Engine>,
}

impl Rescued {
    /// The engine that `choice` asks for, as [`build_oversampled_at`] builds it, and run once, so that the first
    /// block finds its memory warm.
    ///
    /// # Errors
    /// As [`build_oversampled_at`].
    pub fn build_at(
        model: &Model,
        choice: EngineChoice,
        oversampling: usize,
        sample_rate_hz: f64,
        max_block_samples: usize,
    ) -> Result<Self, EngineError> {
        let mut engine =
            build_oversampled_at(model, choice, oversampling, sample_rate_hz, max_block_samples)?;
        let silence = vec![0.0; max_block_samples];
        let mut sink = silence.clone();
        engine.process(&silence, &mut sink);
        engine.reset();
        Ok(Self { engine })
    }

    /// Runs a block, as [`Engine::process`]. Says whether the model gave numbers; if not, the block is silent,
    /// and the next begins with silence before.
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) -> bool {
        self.engine.process(input, output);
        let is_sound = output.iter().all(|s| s.is_finite());
        if !is_sound {
            output.fill(0.0);
            self.engine.reset();
        }
        is_sound
    }

    /// Silence before.
    pub fn reset(&mut self) {
        self.engine.reset();
    }

    /// Turns to kernels of the same network with other weights, over the next 20 ms and without a click; those that were
    /// turned from before are in `kernels` then. What is remembered is copied once for each kernel. Free of memory and
    /// locks.
    pub fn turn(&mut self, kernels: &mut Kernels) {
        kernels.turn(&mut *self.engine);
    }

    /// Whether a turn is under way.
    pub fn is_turning(&mut self) -> bool {
        let mut is_turning = false;
        self.engine.turnings(&mut |turning| is_turning |= turning.is_turning());
        is_turning
    }

    /// Delay between input and output, in samples.
    pub fn latency_samples(&self) -> usize {
        self.engine.latency_samples()
    }

    /// The same before it is rounded, as [`Engine::delay_samples`].
    pub fn delay_samples(&self) -> f64 {
        self.engine.delay_samples()
    }

    /// What runs the model.
    pub fn kind(&self) -> EngineKind {
        self.engine.kind()
    }
}
