//! A small model with two knobs, for whoever plays it: the engines' tests, the rack's and those in hosts.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::model::{Card, Knob, Model, Network, Parametric, ParametricSpec, WaveNetSpec};

/// "Gain" and "Tone", from 0 to 10, standing at 4 and 5: both change the sound audibly.
pub fn two_knobs() -> Model {
    let mut network = WaveNetSpec::nam_a1(3, 1, &[vec![1, 2, 4, 8], vec![16, 32]]);
    network.head_scale = 0.2;
    let knob = |name: &str, default| Knob { name: name.into(), lowest: 0.0, highest: 10.0, default };
    let spec = ParametricSpec { network, knobs: vec![knob("Gain", 4.0), knob("Tone", 5.0)], features: 2 };
    let mut rng = ChaCha8Rng::seed_from_u64(50);
    let mut random =
        |count: usize, most: f32| (0..count).map(|_| rng.random_range(-most..most)).collect::<Vec<f32>>();
    let count = spec.network.weight_count();
    let weights = [vec![0.9, -0.4, 0.3, 0.8, 0.1, -0.2], random(count, 0.6), random(2 * count, 0.2)].concat();
    let network = Network::Parametric(Parametric::new(spec, weights).expect("the weights fit"));
    let card = Card { name: "Two knobs".into(), loudness_dbfs: Some(-24.0), ..Card::default() };
    Model { card, network }
}
