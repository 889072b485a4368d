//! A WaveNet and its weights, not yet known to be whole: a condition network has several outputs.

use super::super::WaveNetSpec;
use std::collections::HashMap;
use std::ops::Range;

/// A network and its weights, which are in the order of [`WaveNetSpec::tensors`].
#[derive(Clone, Debug)]
pub struct Net {
    pub spec: WaveNetSpec,
    pub weights: Vec<f32>,
}

impl Net {
    /// Where each tensor lies, without those of the condition network.
    pub fn own_tensors(&self) -> HashMap<String, Range<usize>> {
        let own = self.condition_weights();
        let tensors = self.spec.tensors().into_iter().filter(|t| t.offset >= own);
        tensors.map(|t| (t.name.clone(), t.range())).collect()
    }

    /// Number of weights at the beginning that are the condition network's.
    pub fn condition_weights(&self) -> usize {
        self.spec.condition.as_ref().map_or(0, |c| c.weight_count())
    }

    /// The condition network.
    pub fn condition(&self) -> Option<Self> {
        let spec = self.spec.condition.as_deref()?.clone();
        Some(Self { spec, weights: self.weights[..self.condition_weights()].to_vec() })
    }
}
