//! ONNX graphs of unknown architecture that follow the streaming contract.

use std::sync::Arc;

/// A state of a streaming graph: an input, and an output of the same shape that is the input of
/// the next run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSpec {
    /// Name of the input.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// An ONNX graph that only ONNX Runtime can run.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    pub(super) onnx: Arc<[u8]>,
    pub(super) states: Vec<StateSpec>,
    pub(super) receptive_field_samples: Option<usize>,
    pub(super) lookahead_samples: usize,
}

impl Graph {
    /// The file's bytes.
    pub fn onnx(&self) -> &[u8] {
        &self.onnx
    }

    /// The states, in the order of the graph's inputs.
    pub fn states(&self) -> &[StateSpec] {
        &self.states
    }

    /// What the card says of the receptive field, in samples.
    pub fn receptive_field_samples(&self) -> Option<usize> {
        self.receptive_field_samples
    }

    /// What the card says of the look-ahead, in samples; 0 when it says nothing.
    pub fn lookahead_samples(&self) -> usize {
        self.lookahead_samples
    }
}
