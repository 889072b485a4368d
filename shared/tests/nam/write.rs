//! What is written, and that it sounds the same when it is read.

use crate::support::{self, random_model, signal, zoo};
use crate::{assert_close, render};
use serde_json::{Value, json};
use shared::engine::EngineChoice;
use shared::model::nam::Version;
use shared::model::{Activation, Gating, Model};

#[test]
fn every_network_that_is_written_sounds_the_same_when_it_is_read() {
    let input = signal(3_000, 8);
    let (mut new, mut old) = (0, 0);
    let mut networks = zoo();
    // Players know the modulation after a 1x1 in blended layers.
    let (_, mut spec) = zoo().into_iter().find(|(name, _)| *name == "modulated everywhere").unwrap();
    for layer in spec.arrays.iter_mut().flat_map(|a| &mut a.layers) {
        layer.gating = Gating::Blended { blend: Activation::Sigmoid };
    }
    networks.push(("modulated everywhere and blended", spec));
    for (i, (name, spec)) in networks.into_iter().enumerate() {
        let model = random_model(spec, i as u64);
        for version in [Version::V0_5_4, Version::V0_7_0] {
            let bytes = match model.to_nam(version) {
                Ok(bytes) => bytes,
                Err(error) => {
                    let error = error.to_string();
                    let way_out = error.contains(".onnx") || error.contains("write it as 0.7.0");
                    assert!(error.contains(version.name()) && way_out, "{name}: {error}");
                    println!("{name}: {error}");
                    continue;
                }
            };
            *(if version == Version::V0_7_0 { &mut new } else { &mut old }) += 1;
            let read = Model::from_nam(&bytes, "").unwrap();
            assert_eq!(read.card, model.card);
            for choice in [EngineChoice::Native, EngineChoice::OnnxRuntime] {
                let what = format!("{name} as {version}, {choice}");
                let expected = render(&model, choice, &input);
                assert_close(&what, &render(&read, choice, &input), &expected, 1e-6);
            }
        }
    }
    // All but the centred network and those that modulate what a plain 1x1 gives.
    println!("{new} networks as 0.7.0, {old} as 0.5.4");
    assert!(new >= 20 && old >= 7, "{new} as 0.7.0, {old} as 0.5.4");
}

#[test]
fn the_seed_network_is_written_in_the_forms_that_older_and_newer_players_know() {
    let (_, spec) = zoo().swap_remove(0);
    let model = random_model(spec, 1);
    let arrays = |version| {
        let value: Value = serde_json::from_slice(&model.to_nam(version).unwrap()).unwrap();
        assert_eq!(value["version"], version.name());
        value["config"]["layers"].clone()
    };
    let new = arrays(Version::V0_7_0);
    assert_eq!(new.as_array().unwrap().len(), 1);
    assert_eq!(new[0]["activation"][0], json!({ "type": "LeakyReLU", "negative_slope": 1.0 }));
    assert_eq!(new[0]["kernel_sizes"][0], 1);
    let old = arrays(Version::V0_5_4);
    assert_eq!((&old[0]["channels"], &old[0]["activation"]), (&json!(32), &json!("ReLU")));
    assert_eq!((&old[1]["channels"], &old[1]["kernel_size"]), (&json!(16), &json!(3)));
}

#[test]
fn what_the_format_cannot_express_is_refused_with_a_way_out() {
    let centred = random_model(zoo().swap_remove(2).1, 1);
    let error = centred.to_nam(Version::V0_7_0).unwrap_err().to_string();
    assert!(error.contains("centred") && error.contains(".onnx"), "{error}");
    let graph = support::as_unknown_graph(&random_model(zoo().swap_remove(1).1, 1));
    let error = graph.to_nam(Version::V0_7_0).unwrap_err().to_string();
    assert!(error.contains("graph") && error.contains(".onnx"), "{error}");
    for (name, word) in [
        ("NAM A2", "16 taps"),
        ("SiLU", "activation SiLU,"),
        ("conditioned", "condition"),
        ("blended", "blended layers"),
    ] {
        let (_, spec) = zoo().into_iter().find(|(n, _)| *n == name).unwrap();
        let error = random_model(spec, 1).to_nam(Version::V0_5_4).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("0.7.0"), "{name}: {error}");
    }
}

#[test]
fn files_are_told_apart_by_content_and_written_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let model = random_model(zoo().swap_remove(4).1, 3);
    for name in ["a.nam", "a.onnx", "B.NAM"] {
        let path = folder.path().join(name);
        model.save(&path).unwrap();
        let is_json = std::fs::read(&path).unwrap().starts_with(b"{");
        assert_eq!(is_json, name.to_lowercase().ends_with("nam"));
        assert!(Model::load(&path).unwrap() == model, "{name}");
    }
    // A wrong or missing extension does not matter when reading.
    std::fs::rename(folder.path().join("a.nam"), folder.path().join("b.onnx")).unwrap();
    assert!(Model::load(&folder.path().join("b.onnx")).unwrap() == model);
    for name in ["a.wav", "a"] {
        let error = model.save(&folder.path().join(name)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("`.nam`"), "{error}");
        assert_eq!(error.contains("as `.wav`"), name == "a.wav", "{error}");
        assert_eq!(error.contains("without an extension"), name == "a", "{error}");
        assert!(!folder.path().join(name).exists());
    }
    for (name, word) in [("x.nam", "Neural Amp Modeler"), ("x.onnx", "ONNX")] {
        let path = folder.path().join(name);
        std::fs::write(&path, b"no model").unwrap();
        let error = Model::load(&path).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(word), "{error}");
    }
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, word) in [
        (&b"RIFF\x10\0\0\0WAVEfmt "[..], "a WAV file"),
        (b"PK\x03\x04....", "ZIP"),
        (b"\n<!DOCTYPE html><html>", "web page"),
        (&utf16, "UTF-16"),
    ] {
        for name in ["y.nam", "y.onnx", "y.wav"] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let error = Model::load(&path).unwrap_err().to_string();
            assert!([name, word, "`.nam`", "`.onnx`"].iter().all(|w| error.contains(w)), "{error}");
        }
    }
}
