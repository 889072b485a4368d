//! The weights that training starts from.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::model::{HeadSource, WaveNetSpec};

/// How much quieter than usual the output layer of a network that reads its hidden signal starts.
///
/// The hidden signal of the seed network sums all blocks and is large at first; with a usual
/// output layer the first thousand steps go into undoing that.
const QUIET: f32 = 0.02;

/// Random weights for `spec`, in the order of [`WaveNetSpec::tensors`]: uniform within
/// `1 / sqrt(fan-in)` (PyTorch's default for convolutions), with a quiet output layer.
pub fn initial_weights(spec: &WaveNetSpec, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut weights = Vec::with_capacity(spec.weight_count());
    let mut bound = 0.0f32;
    for tensor in spec.tensors() {
        // A bias has the bound of the weight before it.
        if tensor.name.ends_with(".weight") {
            bound = 1.0 / (tensor.fan_in() as f32).sqrt();
        }
        let quiet = spec.arrays.iter().enumerate().any(|(i, array)| {
            array.head.source == HeadSource::Hidden && tensor.name.starts_with(&format!("array{i}.head."))
        });
        let bound = if quiet { bound * QUIET } else { bound };
        weights.extend((0..tensor.len()).map(|_| rng.random_range(-bound..=bound)));
    }
    weights
}
