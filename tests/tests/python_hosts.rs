//! The built VST3 in two hosts, and the model files in Python's ONNX and ONNX Runtime.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use tests::host::Plugin;
use tests::product;
use tests::rack::AMP_ALONE;
use tests::sound::{guitar, write};

const TOLERANCE: f64 = 1e-5;

const MODEL: &str = "virtual_standard";

/// What the equaliser is told in the hosts, and the same for `tonewright render`.
const WORD: [(&str, &str); 5] = [
    ("EQ word", "bright"),
    ("EQ amount", "70"),
    ("EQ neutral", "Any"),
    ("EQ 2 gain", "3"),
    // DawDreamer plays faster than time and does not wait for a thread beside.
    ("EQ listening", "In line"),
];
const WORD_ARGUMENTS: [&str; 8] =
    ["--word", "bright", "--amount", "0.7", "--reference", "any", "--band", "2:+3dB"];

/// Positions of parameters that are set to texts, 0 to 1, as a JSON object.
fn positions(texts: &[(&str, &str)]) -> String {
    let mut plugin = Plugin::load(&product::clap()).unwrap();
    plugin.activate(48_000, 64).unwrap();
    for (name, text) in texts {
        plugin.set_text(name, text).unwrap();
    }
    plugin.play(&[vec![0.0; 64], vec![0.0; 64]], &[64]).unwrap();
    let mut position = |name: &str| {
        let value = plugin.value(name).unwrap();
        let range = plugin.parameters().iter().find(|p| p.name == name).unwrap();
        (value - range.minimum) / (range.maximum - range.minimum)
    };
    let positions: serde_json::Map<String, Value> =
        texts.iter().map(|(name, _)| (name.to_string(), position(name).into())).collect();
    Value::Object(positions).to_string()
}

/// A recording at a rate, what `tonewright render` makes of it, and both joined by `=`.
fn job(folder: &Path, rate_hz: u32, channels: usize, more: &[&str]) -> String {
    let left = guitar(rate_hz as usize);
    let right = left.iter().rev().map(|x| 0.5 * x).collect();
    let input = if channels == 1 { vec![left] } else { vec![left, right] };
    let place = |what: &str| folder.join(format!("{what}_{rate_hz}_{channels}.wav"));
    let (from, to) = (place("in"), place("out"));
    write(&from, &input, rate_hz).unwrap();
    product::render(&from, &to, MODEL, more);
    format!("{}={}", from.display(), to.display())
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("no {key} in {value}"))
}

/// What both hosts must find.
fn check(verdict: &Value, jobs: usize) {
    let played = verdict["played"].as_array().unwrap();
    assert!(played.len() >= jobs, "{verdict}");
    for played in played {
        assert!(number(played, "apart") <= TOLERANCE, "not what render writes: {played}");
    }
    let restored = verdict["restored"].as_object().unwrap();
    assert!(restored.len() >= 5, "{verdict}");
    for (name, apart) in restored {
        assert!(apart.as_f64().unwrap() < 1e-6, "{name} is not restored: {apart}");
    }
    assert!(number(verdict, "state_apart") <= TOLERANCE, "{verdict}");
    // A quarter of the way from -24 to 24 dB.
    assert!((number(verdict, "gain_db") + 12.0).abs() < 0.1, "{verdict}");
}

fn play_in(script: &str, channels: &[usize], texts: &[(&str, &str)], more: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let texts = [&[("Model", MODEL)], &AMP_ALONE[..], texts].concat();
    let mut args = vec![product::vst3().display().to_string(), positions(&texts)];
    for rate_hz in [44_100, 48_000, 96_000] {
        args.extend(channels.iter().map(|&channels| job(folder.path(), rate_hz, channels, more)));
    }
    let jobs = args.len() - 2;
    let verdict = product::python(script, args);
    check(&verdict, jobs);
    verdict
}

#[test]
fn pedalboard_plays_what_render_writes() {
    let verdict = play_in("pedalboard_host.py", &[1, 2], &[], &[]);
    for played in verdict["played"].as_array().unwrap() {
        assert_eq!(played["samples"].as_i64(), Some(0), "{played}");
    }
    assert!(number(&verdict, "bypass_apart") == 0.0, "{verdict}");
}

#[test]
fn dawdreamer_plays_what_render_writes() {
    play_in("dawdreamer_host.py", &[2], &[], &[]);
}

#[test]
fn pedalboard_follows_a_word_as_render_does() {
    play_in("pedalboard_host.py", &[1, 2], &WORD, &WORD_ARGUMENTS);
}

#[test]
fn dawdreamer_follows_a_word_as_render_does() {
    play_in("dawdreamer_host.py", &[2], &WORD, &WORD_ARGUMENTS);
}

#[test]
fn models_are_sound_onnx_and_stream_in_python() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("in.wav");
    write(&source, &[guitar(24_000)], 48_000).unwrap();
    let mut models: Vec<PathBuf> =
        std::fs::read_dir(product::asset("models")).unwrap().map(|entry| entry.unwrap().path()).collect();
    models.retain(|model| model.extension().is_some_and(|suffix| suffix == "onnx"));
    assert!(!models.is_empty());
    let jobs: Vec<String> = models
        .iter()
        .map(|model| {
            let target = folder.path().join(model.file_name().unwrap()).with_extension("wav");
            product::render(&source, &target, &model.display().to_string(), &[]);
            format!("{}={}", model.display(), target.display())
        })
        .collect();
    let verdict = product::python("onnx_check.py", std::iter::once(source.display().to_string()).chain(jobs));
    let verdict = verdict.as_array().unwrap();
    assert_eq!(verdict.len(), 2 * models.len());
    for file in verdict {
        assert!(number(file, "apart") <= TOLERANCE, "{file}");
        assert_eq!(file["standard_operators"], Value::Bool(true), "{file}");
        assert_eq!(file["opset"], serde_json::json!([17]), "{file}");
    }
}
