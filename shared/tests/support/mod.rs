//! Networks with random weights, and signals, for the tests of this crate.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]
#![allow(dead_code, reason = "every test is a crate of its own and uses some of this")]

pub mod reference;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::engine::Engine;
use shared::engine::native::NativeEngine;
use shared::engine::onnxruntime::OnnxEngine;
use shared::model::{
    Activation, Card, Film, FilmSlots, Gating, Head1x1, Linear, Lstm, LstmSpec, Model, Network, PostHead,
    Residual, WaveNet, WaveNetSpec,
};

/// A model with weights as a fresh training would start from.
pub fn random_model(spec: WaveNetSpec, seed: u64) -> Model {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut weights = Vec::with_capacity(spec.weight_count());
    for tensor in spec.tensors() {
        let bound = 1.0 / (tensor.fan_in().max(1) as f32).sqrt();
        weights.extend((0..tensor.len()).map(|_| rng.random_range(-bound..bound)));
    }
    let card = Card { name: format!("random {seed}"), ..Card::default() };
    Model { card, network: Network::WaveNet(WaveNet::new(spec, weights).unwrap()) }
}

/// A network with an empty card.
pub fn model_of(network: Network) -> Model {
    Model { card: Card::default(), network }
}

/// An LSTM with weights as a fresh training would start from, and initial states that are not 0.
pub fn random_lstm(spec: LstmSpec, seed: u64) -> Lstm {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let bound = 1.0 / (spec.hidden as f32).sqrt();
    let weights = (0..spec.weight_count()).map(|_| rng.random_range(-bound..bound)).collect();
    Lstm::new(spec, weights).unwrap()
}

/// A response that dies away, and a constant.
pub fn random_linear(taps: usize, seed: u64) -> Linear {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut tap = |k: usize| rng.random_range(-0.5..0.5f32) * (-5.0 * k as f32 / taps as f32).exp();
    Linear::new((0..taps).map(&mut tap).collect(), 0.125).unwrap()
}

/// Runs a signal in blocks of the given lengths.
pub fn run(engine: &mut dyn Engine, input: &[f32], lengths: &[usize]) -> Vec<f32> {
    let mut output = vec![f32::NAN; input.len()];
    let mut at = 0;
    for &n in lengths {
        engine.process(&input[at..at + n], &mut output[at..at + n]);
        at += n;
    }
    output
}

/// The largest difference of two signals; infinite where one is not a number.
pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() })
        .fold(0.0, |m: f32, d| if d.is_nan() { f32::INFINITY } else { m.max(d) })
}

/// Every kind of network the description covers, small where size does not matter.
pub fn zoo() -> Vec<(&'static str, WaveNetSpec)> {
    let leaky = Activation::LeakyHardtanh { min: -0.5, max: 0.25, min_slope: 0.1, max_slope: 0.2 };
    let mut zoo = vec![
        ("seed", WaveNetSpec::seed(16, 10, 3, true)),
        ("seed, six blocks", WaveNetSpec::seed(16, 6, 3, true)),
        ("seed, non-causal", WaveNetSpec::seed(16, 10, 3, false)),
        ("NAM standard", WaveNetSpec::nam_standard()),
        ("NAM A2", WaveNetSpec::nam_a2(8)),
        ("NAM A2 lite", WaveNetSpec::nam_a2(3)),
    ];
    let base = || WaveNetSpec::nam_a1(6, 4, &[vec![1, 2, 4, 8], vec![1, 3, 9]]);
    let mut each = |name, change: &dyn Fn(&mut WaveNetSpec)| {
        let mut spec = base();
        change(&mut spec);
        spec.validate().unwrap();
        zoo.push((name, spec));
    };
    for (name, activation) in [
        ("sigmoid", Activation::Sigmoid),
        ("ReLU", Activation::Relu),
        ("PReLU", Activation::Prelu { negative_slopes: vec![0.3] }),
        ("SiLU", Activation::Silu),
        ("hardtanh", Activation::Hardtanh),
        ("leaky hardtanh", leaky),
        ("hardswish", Activation::Hardswish),
        ("softsign", Activation::Softsign),
        ("identity", Activation::Identity),
    ] {
        each(name, &|spec| {
            for layer in spec.arrays.iter_mut().flat_map(|a| &mut a.layers) {
                layer.activation = activation.clone();
            }
        });
    }
    each("gated", &|spec| {
        for layer in spec.arrays.iter_mut().flat_map(|a| &mut a.layers) {
            layer.gating = Gating::Gated { gate: Activation::Sigmoid };
        }
    });
    each("blended", &|spec| {
        for layer in spec.arrays.iter_mut().flat_map(|a| &mut a.layers) {
            layer.gating = Gating::Blended { blend: Activation::Sigmoid };
        }
    });
    each("groups and a bottleneck", &|spec| {
        let [first, second] = &mut spec.arrays[..] else { unreachable!() };
        (first.bottleneck, first.conv_groups, first.layer1x1_groups) = (2, 2, Some(2));
        first.head1x1 = Some(Head1x1 { channels: 3, groups: 1 });
        first.head.channels = 4;
        second.conv_groups = 4;
        second.head.kernel_size = 5;
        second.head.dilation = 3;
    });
    each("no 1x1", &|spec| {
        spec.arrays[0].layer1x1_groups = None;
        spec.arrays[0].residual = Residual::Keep;
    });
    each("modulated everywhere", &|spec| {
        let film = |shift| Some(Film { shift, groups: 1 });
        for array in &mut spec.arrays {
            array.head1x1 = Some(Head1x1 { channels: array.channels, groups: 2 });
            array.films = FilmSlots {
                conv_pre: film(true),
                conv_post: film(false),
                mixin_pre: film(true),
                mixin_post: film(true),
                activation_pre: film(false),
                activation_post: film(true),
                layer1x1_post: film(true),
                head1x1_post: film(true),
            };
        }
        spec.arrays[0].head.channels = 4;
    });
    each("head after the arrays", &|spec| {
        spec.arrays[1].head.channels = 3;
        spec.post_head = Some(PostHead {
            activation: Activation::Tanh,
            channels: 5,
            out_channels: 1,
            kernel_sizes: vec![3, 1, 4],
        });
    });
    each("conditioned through a head that widens", &|spec| {
        let mut condition = base();
        condition.arrays[1].head.channels = 2;
        condition.post_head = Some(PostHead {
            activation: Activation::Prelu { negative_slopes: vec![0.1, 0.2] },
            channels: 2,
            out_channels: 3,
            kernel_sizes: vec![2],
        });
        spec.condition = Some(Box::new(condition));
    });
    each("conditioned", &|spec| {
        let mut condition = base();
        condition.arrays[1].head.channels = 2;
        spec.condition = Some(Box::new(condition));
    });
    zoo
}

/// Noise with a loud and a quiet half, silence between.
pub fn signal(samples: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..samples)
        .map(|i| {
            let level = match 3 * i / samples.max(1) {
                0 => 0.8,
                1 => 0.0,
                _ => 0.05,
            };
            level * rng.random_range(-1.0..1.0f32)
        })
        .collect()
}

/// Lengths of blocks that cover `total` samples: all `block`, or random ones for `None`.
pub fn blocks(total: usize, block: Option<usize>, seed: u64) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut lengths = Vec::new();
    let mut at = 0;
    while at < total {
        let n = block.unwrap_or_else(|| rng.random_range(1..=2_500)).min(total - at);
        lengths.push(n);
        at += n;
    }
    lengths
}

/// The same file without the metadata that tell what network it is.
pub fn as_unknown_graph(model: &Model) -> Model {
    let bytes = model.to_onnx();
    // Rename the metadata key in place: its length stays, so the protobuf stays valid.
    let key = b"architecture";
    let at = bytes.windows(key.len()).rposition(|w| w == key).unwrap();
    let mut changed = bytes;
    changed[at..at + key.len()].copy_from_slice(b"aRCHITECTURE");
    // Nor who wrote it: of our own files we know that they say what they hold.
    let producer = b"tonewright";
    let at = changed.windows(producer.len()).position(|w| w == producer).unwrap();
    changed[at..at + producer.len()].copy_from_slice(b"somebody's");
    Model::from_onnx(&changed, "graph").unwrap()
}

/// All that can play a network we know, by name. The last is the oracle: a graph of standard
/// operators in ONNX Runtime, and no code of ours.
pub fn engines(model: &Model) -> [(&'static str, Box<dyn Engine>); 3] {
    [
        ("native", Box::new(NativeEngine::new(model).unwrap())),
        ("fused", Box::new(OnnxEngine::fused(model).unwrap())),
        ("standard", Box::new(OnnxEngine::standard(model).unwrap())),
    ]
}
