//! Checkpoints: everything that going on exactly where training stopped needs, as safetensors.

use crate::TrainerError;
use crate::adam::Adam;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use shared::model::WaveNetSpec;
use std::collections::HashMap;
use std::path::Path;

/// Largest checkpoint that is read, in bytes.
const MAX_BYTES: u64 = 256 << 20;
/// Key of the state in the file's metadata.
const KEY: &str = "tonewright";

/// A training run, frozen between two steps. Batches depend on the seed and the number of the
/// step alone, so that no generator's state has to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What is not a vector.
    pub state: State,
    /// The weights.
    pub weights: Vec<f32>,
    /// The optimiser.
    pub adam: Adam,
    /// The running average of the weights, if one is kept.
    pub average: Option<Vec<f32>>,
    /// The weights that were best so far.
    pub best: Vec<f32>,
}

/// The part of a checkpoint that is kept as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The architecture, scaled to the target's level.
    pub spec: WaveNetSpec,
    /// Seed of the batches.
    pub seed: u64,
    /// Steps taken.
    pub step: u64,
    /// Validation ESR of the best weights.
    pub best_esr: f64,
    /// The step they were measured after.
    pub best_step: u64,
    /// Time spent training, in seconds.
    pub seconds: f64,
    /// Sample rate of the recording, in Hz.
    pub rate_hz: u32,
    /// Segments of a batch.
    pub batch: usize,
    /// Outputs of a segment.
    pub segment_samples: usize,
    /// Hash of the recordings to train from and to measure with; see [`crate::data::fingerprint`].
    pub recording: u64,
}

impl Checkpoint {
    /// Writes the checkpoint; an older one is replaced only once all is written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainerError> {
        let bytes =
            self.to_bytes().map_err(|problem| TrainerError::Checkpoint { path: path.to_owned(), problem })?;
        shared::fs::write_atomic(path, &bytes).map_err(|e| TrainerError::file(path, e))
    }

    fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut vectors = vec![
            ("weights", little_endian(&self.weights)),
            ("adam.mean", little_endian(self.adam.mean())),
            ("adam.square", little_endian(self.adam.square())),
            ("best", little_endian(&self.best)),
        ];
        if let Some(average) = &self.average {
            vectors.push(("average", little_endian(average)));
        }
        let mut views = Vec::new();
        for (name, bytes) in &vectors {
            let view =
                TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes).map_err(|e| e.to_string())?;
            views.push((*name, view));
        }
        let state = serde_json::to_string(&self.state).map_err(|e| e.to_string())?;
        let steps = self.adam.steps().to_string();
        let metadata = HashMap::from([(KEY.to_owned(), state), ("adam.steps".to_owned(), steps)]);
        safetensors::serialize(views, Some(metadata)).map_err(|e| e.to_string())
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// The file cannot be read, or is no complete checkpoint.
    pub fn load(path: &Path) -> Result<Self, TrainerError> {
        let bytes = shared::fs::read_limited(path, MAX_BYTES).map_err(|e| TrainerError::file(path, e))?;
        Self::from_bytes(&bytes)
            .map_err(|problem| TrainerError::Checkpoint { path: path.to_owned(), problem })
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let text = metadata.metadata().clone().unwrap_or_default();
        let state = text.get(KEY).ok_or("it was not written by this trainer")?;
        let state: State = serde_json::from_str(state).map_err(|e| format!("its state: {e}"))?;
        state.spec.validate().map_err(|e| e.to_string())?;
        let steps =
            text.get("adam.steps").and_then(|s| s.parse().ok()).ok_or("no number of optimiser steps")?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        let expected = state.spec.weight_count();
        let vector = |name: &str| -> Result<Vec<f32>, String> {
            let view = tensors.tensor(name).map_err(|e| format!("`{name}`: {e}"))?;
            if view.dtype() != Dtype::F32 || view.shape() != [expected] {
                return Err(format!(
                    "`{name}`: {:?} {:?}, expected {expected} values of F32",
                    view.dtype(),
                    view.shape()
                ));
            }
            let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            let values: Vec<f32> = values.collect();
            match values.iter().find(|v| !v.is_finite()) {
                Some(value) => Err(format!("`{name}` holds {value}")),
                None => Ok(values),
            }
        };
        let adam = Adam::restore(vector("adam.mean")?, vector("adam.square")?, steps)
            .ok_or("two lengths of state")?;
        let average = tensors.names().contains(&"average").then(|| vector("average")).transpose()?;
        Ok(Self { weights: vector("weights")?, adam, average, best: vector("best")?, state })
    }
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}
