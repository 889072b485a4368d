//! A voice's knobs turned elsewhere.

use shared::chain::Format;
use shared::engine::{EngineError, Kernels};
use shared::model::Model;

/// What a voice needs to play its network with its knobs turned elsewhere; once it has been turned, what it no longer
/// needs.
pub struct Turn {
    pub(super) lineage: u64,
    /// Of each channel.
    pub(super) kernels: Vec<Kernels>,
}

impl Turn {
    /// Builds kernels that play `model` for the voice of that lineage, which is oversampled like this and of that format.
    ///
    /// # Errors
    /// The native engine, the only one whose kernels can be turned to, does not know the model's network.
    pub(crate) fn build(
        model: &Model,
        oversampling: usize,
        format: Format,
        lineage: u64,
    ) -> Result<Self, EngineError> {
        let kernels = (0..format.channels).map(|_| Kernels::build(model, oversampling));
        Ok(Self { lineage, kernels: kernels.collect::<Result<_, _>>()? })
    }

    /// Which voices it is for: a later one has a larger number.
    pub(crate) fn lineage(&self) -> u64 {
        self.lineage
    }
}
