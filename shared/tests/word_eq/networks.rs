//! The networks in ONNX Runtime: small graphs written here, sound and damaged ones.

use crate::support::{busy, model, noise, run};
use shared::model::onnx::{Attribute, GraphBuilder};
use shared::word_eq::{
    EqModel, EqSettings, FEATURES, Hearing, LATENT, Mode, Monitor, Networks, OnnxNetworks, VALUES, WordEq,
};
use std::sync::Arc;

type Metadata = Vec<(String, String)>;

/// What the file of a network says about itself.
fn metadata(kind: &str) -> Metadata {
    let space = format!("{:016x}", model().table.space().fingerprint());
    [("kind", format!("tonewright word EQ {kind}")), ("version", "1".into()), ("space", space)]
        .map(|(key, value)| (key.to_owned(), value))
        .into()
}

/// A linear map as a network.
fn linear(
    (input, inputs): (&str, usize),
    (output, outputs): (&str, usize),
    weights: &[f32],
    bias: &[f32],
    metadata: Metadata,
) -> Vec<u8> {
    let mut g = GraphBuilder::new("linear");
    let x = g.input(input, &[1, inputs]);
    let (weights, bias) = (g.floats(&[inputs, outputs], weights), g.floats(&[outputs], bias));
    let y = g.node("Gemm", &[&x, &weights, &bias], &[("alpha", Attribute::Float(1.0))]);
    g.output(&y, output, &[1, outputs]);
    g.finish(metadata)
}

fn encoder(metadata: Metadata) -> Vec<u8> {
    let weights: Vec<f32> = (0..FEATURES * LATENT).map(|i| ((i % 71) as f32 - 35.0) * 1e-4).collect();
    linear(("features", FEATURES), ("latent", LATENT), &weights, &[0.0; LATENT], metadata)
}

fn decoder(slope: f32, metadata: Metadata) -> Vec<u8> {
    let weights: Vec<f32> = (0..LATENT * VALUES).map(|i| ((i % 7) as f32 - 3.0) * slope).collect();
    let bias = EqSettings::flat().to_values();
    linear(("latent", LATENT), ("settings", VALUES), &weights, &bias, metadata)
}

fn sound() -> EqModel {
    let table = model().table.clone();
    EqModel { table, encoder: encoder(metadata("encoder")), decoder: decoder(0.1, metadata("decoder")) }
}

#[test]
fn networks_run_as_their_files_say() {
    let mut networks = OnnxNetworks::new(&sound()).unwrap();
    let mut features = [0.0; FEATURES];
    features[3] = 1.0;
    let latent = networks.encode(&features).unwrap();
    for (k, value) in latent.iter().enumerate() {
        let expected = ((3 * LATENT + k) % 71) as f32 * 1e-4 - 35e-4;
        assert!((value - expected).abs() < 1e-6, "{k}: {value} {expected}");
    }
    assert_eq!(networks.decode(&[0.0; LATENT]).unwrap(), EqSettings::flat().to_values());
}

#[test]
fn damaged_and_foreign_networks_are_refused_with_the_reason() {
    let changed = |key: &str, value: &str| {
        let mut metadata = metadata("encoder");
        metadata.iter_mut().filter(|(k, _)| k == key).for_each(|(_, v)| *v = value.to_owned());
        EqModel { encoder: encoder(metadata), ..sound() }
    };
    let shaped = |input, output, weights: usize| {
        let weights = vec![0.0; weights];
        EqModel { encoder: linear(input, output, &weights, &[0.0; LATENT], metadata("encoder")), ..sound() }
    };
    let cut = |bytes: usize| EqModel { decoder: sound().decoder[..bytes].to_vec(), ..sound() };
    let (features, latent) = (("features", FEATURES), ("latent", LATENT));
    for (what, model, part) in [
        ("no file", EqModel { encoder: Vec::new(), ..sound() }, "encoder"),
        ("no ONNX", EqModel { decoder: b"hello".to_vec(), ..sound() }, "decoder"),
        ("half", cut(sound().decoder.len() / 2), "decoder"),
        ("a byte less", cut(sound().decoder.len() - 1), "decoder"),
        ("swapped", EqModel { encoder: sound().decoder, ..sound() }, "`tonewright word EQ decoder`"),
        ("kind", changed("kind", "an amplifier"), "`an amplifier`"),
        ("version", changed("version", "2"), "version is `2`, not `1`"),
        ("space", changed("space", "0"), "space is `0`"),
        ("no metadata", EqModel { encoder: encoder(Vec::new()), ..sound() }, "kind is ``"),
        ("input's name", shaped(("mel", FEATURES), latent, FEATURES * LATENT), "`mel`"),
        ("output's name", shaped(features, ("z", LATENT), FEATURES * LATENT), "`z`"),
        ("input's size", shaped(("features", 12), latent, 12 * LATENT), "12 values"),
        ("much memory", EqModel { encoder: vec![0; (16 << 20) + 1], ..sound() }, "16777217 bytes"),
    ] {
        let error = OnnxNetworks::new(&model).err().map(|e| e.to_string());
        let error = error.unwrap_or_else(|| panic!("{what} was taken"));
        assert!(error.contains(part), "{what}: {error}");
    }
}

#[test]
fn the_equaliser_plays_them_on_either_thread() {
    let model = Arc::new(sound());
    let signal = vec![noise(60_000, 0.5, 1), noise(60_000, 0.5, 2)];
    let mut outputs = Vec::new();
    for mode in [Mode::InLine, Mode::Listener] {
        let monitor = Arc::new(Monitor::default());
        let mut eq = WordEq::new(Some(Arc::clone(&model)), Arc::clone(&monitor));
        eq.prepare(48_000.0, 2, mode);
        assert!(eq.problem().is_none());
        let mut output = signal.clone();
        for at in (0..60_000).step_by(1_000) {
            let mut block: Vec<&mut [f32]> = output.iter_mut().map(|c| &mut c[at..at + 1_000]).collect();
            eq.process(&mut block, &busy());
            eq.wait_for_listener();
        }
        assert_eq!(monitor.read().hearing, Hearing::Listening);
        assert_eq!(monitor.read().late, 0);
        outputs.push(output);
    }
    assert!(outputs[0] == outputs[1] && outputs[0] != signal);
    // Alone, as a renderer would: nothing of the first runs is left.
    let mut eq = WordEq::new(Some(model), Arc::new(Monitor::default()));
    eq.prepare(48_000.0, 2, Mode::InLine);
    assert!(run(&mut eq, &signal, &[60_000], |_| busy()) == outputs[0]);
}

#[test]
fn networks_that_overflow_leave_the_sound_alone() {
    let model = EqModel { decoder: decoder(f32::MAX, metadata("decoder")), ..sound() };
    let monitor = Arc::new(Monitor::default());
    let mut eq = WordEq::new(Some(Arc::new(model)), Arc::clone(&monitor));
    eq.prepare(48_000.0, 1, Mode::InLine);
    let signal = vec![noise(20_000, 0.5, 1)];
    let mut controls = busy();
    (controls.bands, controls.level_match) = (Default::default(), false);
    assert!(run(&mut eq, &signal, &[20_000], |_| controls) == signal);
    assert_eq!(monitor.read().hearing, Hearing::Unavailable);
}
