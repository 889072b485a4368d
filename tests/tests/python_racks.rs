//! The built VST3's parameters, sessions and formats in the two Python hosts.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use serde_json::{Value, json};
use std::path::PathBuf;
use tests::product;
use tests::rack::{EMPTY, fresh};
use tests::sound::{guitar, write};

struct Recording {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn recording() -> Recording {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.wav");
    write(&path, &[guitar(48_000), guitar(48_000)], 48_000).unwrap();
    Recording { _folder: folder, path }
}

fn nothing(verdict: &Value, key: &str) {
    let faults: Vec<&str> = verdict[key].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(faults.is_empty(), "{key}: {} faults\n{}", faults.len(), faults.join("\n"));
}

fn all_parameters(verdict: &Value) {
    let count = fresh().parameters().len();
    assert_eq!(verdict["parameters"], json!(count), "parameters");
    assert_eq!(verdict["different"], json!(count), "names");
}

fn all_formats(verdict: &Value) {
    let formats = verdict["formats"].as_array().unwrap();
    assert!(formats.len() >= 18, "{formats:?}");
    for format in formats {
        assert_eq!(format.as_array().unwrap().last(), Some(&json!(true)), "{format}");
    }
}

#[test]
fn pedalboard_reaches_everything() {
    let recording = recording();
    let args = [product::vst3(), recording.path.clone()];
    let verdict = product::python("pedalboard_rack.py", args);
    all_parameters(&verdict);
    nothing(&verdict, "texts");
    nothing(&verdict, "settings");
    all_formats(&verdict);
    assert_eq!(verdict["same_state"], json!(true), "a session does not come back to the byte");
    assert_eq!(verdict["same_after_nonsense"], json!(true), "what is no session changes something");
    assert_eq!(verdict["finite"], json!([true, true, true, true, true]));
}

#[test]
fn dawdreamer_reaches_everything() {
    let recording = recording();
    let mut plugin = fresh();
    let mut empty = serde_json::Map::new();
    for (name, text) in EMPTY {
        let value = plugin.read_text(name, text).unwrap();
        empty.insert(name.into(), (value / plugin.parameter(name).unwrap().maximum).into());
    }
    let empty = Value::Object(empty).to_string();
    let args = [product::vst3().display().to_string(), recording.path.display().to_string(), empty];
    let verdict = product::python("dawdreamer_rack.py", args);
    all_parameters(&verdict);
    nothing(&verdict, "settings");
    all_formats(&verdict);
    assert_eq!(verdict["same_state"], json!(true), "a session does not come back to the byte");
    let fall: Vec<f64> =
        verdict["fall_db"].as_array().unwrap().iter().map(|db| db.as_f64().unwrap()).collect();
    for (at, db) in fall.iter().enumerate() {
        let expected = -24.0 * (at as f64 + 0.5) / 10.0;
        // Gliding takes 20 ms, in which it falls by half a dB.
        assert!((db - expected).abs() < 1.0, "tenth {at}: {db} dB instead of {expected}");
    }
    // A sine of 200 Hz and 0.5 moves by 0.0131 a sample.
    assert!(verdict["largest_step"].as_f64().unwrap() < 0.02, "{verdict}");
}
