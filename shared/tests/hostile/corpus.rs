//! Small valid files of every kind: what is spoiled.

use crate::check::Kind;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use shared::model::nam::Version;
use shared::model::{
    Activation, Card, Film, FilmSlots, Gating, Head1x1, Knob, Linear, Lstm, LstmSpec, Model, Network,
    Parametric, ParametricSpec, PostHead, Size, Slimmable, WaveNet, WaveNetSpec,
};

/// Sample rate of the files with an LSTM, the lowest there is: players settle one for half a second.
const RATE_HZ: u32 = 8_000;
const WARM_UP_SAMPLES: usize = RATE_HZ as usize / 2;

/// A file of the corpus.
pub struct File {
    /// What it is, for messages.
    pub name: String,
    /// Which reader it is for.
    pub kind: Kind,
    /// What is in it.
    pub bytes: Vec<u8>,
}

fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| (rng.random_range(-0.5f32..0.5) * 1e4).round() / 1e4).collect()
}

fn wavenet(spec: WaveNetSpec) -> Network {
    let weights = random(spec.weight_count(), 1);
    Network::WaveNet(WaveNet::new(spec, weights).unwrap())
}

fn lstm(layers: usize, hidden: usize) -> Network {
    let spec = LstmSpec { layers, hidden, warm_up_samples: WARM_UP_SAMPLES };
    Network::Lstm(Lstm::new(spec, random(spec.weight_count(), 2)).unwrap())
}

fn linear(samples: usize) -> Network {
    Network::Linear(Linear::new(random(samples, 3), 0.25).unwrap())
}

fn parametric() -> Network {
    let knob = |name: &str, default| Knob { name: name.into(), lowest: 0.0, highest: 10.0, default };
    let knobs = vec![knob("Gain", 5.0), knob("Tone", 2.5)];
    let spec = ParametricSpec { network: base(), knobs, features: 2 };
    let weights = random(spec.weight_count(), 5);
    Network::Parametric(Parametric::new(spec, weights).unwrap())
}

fn base() -> WaveNetSpec {
    WaveNetSpec::nam_a1(3, 2, &[vec![1, 2], vec![1]])
}

fn changed(change: impl FnOnce(&mut WaveNetSpec)) -> Network {
    let mut spec = base();
    change(&mut spec);
    spec.validate().unwrap();
    wavenet(spec)
}

/// Networks of every kind that we hold.
fn networks() -> Vec<(&'static str, Network)> {
    let film = |shift| Some(Film { shift, groups: 1 });
    let slimmable = [(0.25, lstm(1, 2)), (0.5, linear(4)), (2.0, wavenet(base()))];
    let sizes =
        slimmable.into_iter().map(|(below, network)| Size { below, network, loudness_dbfs: Some(-20.0) });
    let mut a2 = WaveNetSpec::nam_a2(2);
    a2.arrays[0].layers.truncate(3);
    vec![
        ("A1", wavenet(base())),
        ("A2", wavenet(a2)),
        ("seed", wavenet(WaveNetSpec::seed(3, 3, 3, true))),
        ("seed that looks ahead", wavenet(WaveNetSpec::seed(3, 2, 3, false))),
        (
            "gated and blended",
            changed(|spec| {
                let layers = &mut spec.arrays[0].layers;
                layers[0].gating = Gating::Gated { gate: Activation::Sigmoid };
                layers[1].gating = Gating::Gated { gate: Activation::Hardtanh };
                spec.arrays[1].layers[0].gating = Gating::Blended { blend: Activation::Softsign };
            }),
        ),
        (
            "all activations",
            changed(|spec| {
                let layers = &mut spec.arrays[0].layers;
                layers.resize(8, layers[0].clone());
                let all = [
                    Activation::Sigmoid,
                    Activation::Relu,
                    Activation::LeakyRelu { negative_slope: 0.1 },
                    Activation::Prelu { negative_slopes: vec![0.1, 0.2, 0.3] },
                    Activation::Silu,
                    Activation::Hardtanh,
                    Activation::LeakyHardtanh { min: -0.5, max: 0.5, min_slope: 0.1, max_slope: 0.2 },
                    Activation::Hardswish,
                ];
                layers.iter_mut().zip(all).for_each(|(layer, activation)| layer.activation = activation);
            }),
        ),
        (
            "modulated everywhere",
            changed(|spec| {
                let array = &mut spec.arrays[0];
                (array.channels, array.bottleneck, array.conv_groups) = (4, 2, 2);
                array.layer1x1_groups = Some(2);
                // Only such layers are modulated behind their 1x1 by other players.
                let blended = Gating::Blended { blend: Activation::Sigmoid };
                array.layers.iter_mut().for_each(|layer| layer.gating = blended.clone());
                array.head1x1 = Some(Head1x1 { channels: 2, groups: 2 });
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
            }),
        ),
        (
            "conditioned, with a head behind",
            changed(|spec| {
                let mut condition = base();
                condition.arrays[1].head.channels = 2;
                spec.condition = Some(Box::new(condition));
                spec.arrays[1].head.channels = 2;
                spec.post_head = Some(PostHead {
                    activation: Activation::Tanh,
                    channels: 3,
                    out_channels: 1,
                    kernel_sizes: vec![3, 1],
                });
            }),
        ),
        ("LSTM", lstm(2, 3)),
        ("two knobs", parametric()),
        ("impulse response", linear(8)),
        ("long impulse response", linear(900)),
        ("three sizes", Network::Slimmable(Slimmable::new(sizes.collect()).unwrap())),
    ]
}

/// Files as others write them, with what our own writer has no use for.
fn foreign() -> Vec<(&'static str, Value)> {
    let array = |input: usize, channels: usize, head: usize, dilations: &[usize]| {
        json!({
            "input_size": input, "condition_size": 1, "head_size": head, "channels": channels, "kernel_size": 3,
            "dilations": dilations, "activation": "Tanh", "gated": false, "head_bias": head == 1,
        })
    };
    let config = json!({
        "layers": [array(1, 3, 2, &[1, 2]), array(3, 2, 1, &[1])], "head": null, "head_scale": 0.02,
    });
    let weights = |count| random(count, 4);
    let a1 = json!({
        "version": "0.5.0", "architecture": "WaveNet", "config": config, "weights": weights(base().weight_count() + 1),
    });
    let metadata = json!({
        "date": {"year": 2024, "month": 11, "day": 16, "hour": 21, "minute": 18, "second": 49},
        "loudness": -18.5, "gain": 0.6, "name": "Small", "modeled_by": "nobody", "gear_type": "amp",
        "gear_make": "none", "gear_model": "at all", "tone_type": "clean", "input_level_dbu": 12.0,
        "output_level_dbu": null, "training": {"validation_esr": 0.01},
    });
    let mut dressed = a1.clone();
    dressed["version"] = "0.5.4".into();
    dressed["metadata"] = metadata;
    dressed["sample_rate"] = 44_100.into();
    let recurrent = json!({
        "version": "0.5.1", "architecture": "LSTM", "config": {"input_size": 1, "hidden_size": 3, "num_layers": 1},
        "weights": weights(70), "sample_rate": RATE_HZ,
    });
    // Two blocks of two taps: a convolution, then the mean, variance, weight and bias of each channel
    // and an epsilon; the head's weights and bias.
    let mut normalised = weights((3 * 2 + 13) + (9 * 2 + 13) + 4);
    for block in [3 * 2, 3 * 2 + 13 + 9 * 2] {
        normalised[block + 3..block + 6].fill(0.5);
        normalised[block + 12] = 1e-5;
    }
    let convnet = json!({
        "version": "0.5.4", "architecture": "ConvNet",
        "config": {"channels": 3, "dilations": [1, 2], "batchnorm": true, "activation": "ReLU"},
        "weights": normalised, "sample_rate": 48_000,
    });
    let mut sliced = array(1, 3, 1, &[1, 2]);
    sliced["slimmable"] =
        json!({"method": "slice_channels_uniform", "kwargs": {"allowed_channels": [1, 2, 3]}});
    let sliced_spec = {
        let mut spec = base();
        spec.arrays.truncate(1);
        spec.arrays[0].head.channels = 1;
        spec.arrays[0].head.bias = true;
        spec
    };
    let sliced = json!({
        "version": "0.7.0", "metadata": {}, "architecture": "WaveNet",
        "config": {"layers": [sliced], "head": null, "head_scale": 0.02},
        "weights": weights(sliced_spec.weight_count() + 1), "sample_rate": 48_000,
    });
    let mut small = dressed.clone();
    small["sample_rate"] = RATE_HZ.into();
    let container = json!({
        "version": "0.7.0", "architecture": "SlimmableContainer", "sample_rate": RATE_HZ, "weights": [],
        "config": {"submodels": [
            {"max_value": 0.5, "model": recurrent.clone()},
            {"max_value": 1.0, "model": small},
        ]},
    });
    vec![
        ("oldest A1", a1),
        ("A1 with all metadata", dressed),
        ("old LSTM", recurrent),
        ("ConvNet", convnet),
        ("sliced WaveNet", sliced),
        ("container", container),
    ]
}

/// All files.
pub fn files() -> Vec<File> {
    let mut files = Vec::new();
    for (name, network) in networks() {
        let card = Card {
            name: name.into(),
            gear: "amp".into(),
            sample_rate_hz: f64::from(RATE_HZ),
            esr: Some(0.01),
            ..Card::default()
        };
        let model = Model { card, network };
        for version in [Version::V0_5_4, Version::V0_7_0] {
            // What the older version has no words for is written in the other.
            let bytes = model.to_nam(version);
            let refused_rightly =
                version == Version::V0_5_4 || name.contains("ahead") || name.contains("knobs");
            assert!(bytes.is_ok() || refused_rightly, "{name}: {bytes:?}");
            if let Ok(bytes) = bytes {
                files.push(File { name: format!("{name}, .nam {version}"), kind: Kind::Nam, bytes });
            }
        }
        files.push(File { name: format!("{name}, .onnx"), kind: Kind::Onnx, bytes: model.to_onnx() });
    }
    files.extend(foreign().into_iter().map(|(name, value)| File {
        name: name.into(),
        kind: Kind::Nam,
        bytes: value.to_string().into_bytes(),
    }));
    files
}
