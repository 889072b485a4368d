//! The weights that training begins with.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::model::ParametricSpec;

/// Bound of the hidden layer's weights and offsets: over a knob's travel its rows then bend at different places, none of them sharply.
const BEND: f32 = 1.5;

/// Weights in the order of [`ParametricSpec::tensors`] for a network whose plain weights begin as `plain`: at first it plays the same at
/// all settings. `seed` decides where its rows bend.
pub fn initial_weights(spec: &ParametricSpec, plain: &[f32], seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let hidden = spec.features * (spec.knobs.len() + 1);
    let mut weights: Vec<f32> = (0..hidden).map(|_| rng.random_range(-BEND..=BEND)).collect();
    weights.extend_from_slice(plain);
    weights.resize(spec.weight_count(), 0.0);
    weights
}
