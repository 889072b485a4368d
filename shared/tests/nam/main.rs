//! Neural Amp Modeler's files: what is read, what is refused and with which words, what is written.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod golden;
mod read;
mod refuse;
#[path = "../support/mod.rs"]
mod support;
mod write;

use serde_json::{Value, json};
use shared::engine::onnxruntime::OnnxEngine;
use shared::engine::{self, Engine, EngineChoice};
use shared::model::{LayerArray, Model, ModelError, Network, WaveNet};
use support::{blocks, signal};

/// Numbers that look like weights, the same every time.
pub(crate) fn weights(n: usize) -> Vec<f32> {
    signal(3 * n, 77)[..n].to_vec()
}

pub(crate) fn file(architecture: &str, config: Value, weights: Vec<f32>) -> Value {
    json!({
        "version": "0.7.0",
        "architecture": architecture,
        "config": config,
        "weights": weights,
        "sample_rate": 48_000,
    })
}

/// A network of two layers of two channels: 2 + 2 (14 + 2 + 6) + 3 weights, and the scale.
pub(crate) fn small() -> Value {
    let config = json!({
        "layers": [{
            "input_size": 1, "condition_size": 1, "head_size": 1, "channels": 2, "kernel_size": 3,
            "dilations": [1, 2], "activation": "Tanh", "gated": false, "head_bias": true,
        }],
        "head": null,
        "head_scale": 0.02,
    });
    file("WaveNet", config, weights(50))
}

pub(crate) const SMALL_WEIGHTS: usize = 2 + 2 * (3 * 4 + 2 + 2 + 4 + 2) + 3 + 1;

/// A small file with its layer array changed, and as many weights as that takes.
pub(crate) fn with_array(changes: Value, weight_count: usize) -> Value {
    let mut file = small();
    merge(&mut file["config"]["layers"][0], changes);
    file["weights"] = json!(weights(weight_count));
    file
}

/// Takes the keys of `changes` over; null takes a key out.
pub(crate) fn merge(into: &mut Value, changes: Value) {
    let (Value::Object(into), Value::Object(changes)) = (into, changes) else { panic!("objects are merged") };
    for (key, value) in changes {
        if value.is_null() {
            into.remove(&key);
        } else {
            into.insert(key, value);
        }
    }
}

pub(crate) fn read(file: &Value) -> Result<Model, ModelError> {
    Model::from_nam(file.to_string().as_bytes(), "a file")
}

pub(crate) fn wavenet(file: &Value) -> WaveNet {
    match read(file).unwrap().network {
        Network::WaveNet(net) => net,
        other => panic!("no WaveNet: {other:?}"),
    }
}

pub(crate) fn only_array(file: &Value) -> LayerArray {
    wavenet(file).spec().arrays[0].clone()
}

pub(crate) fn refusal(file: &Value) -> String {
    read(file).unwrap_err().to_string()
}

/// The chosen engine; of ONNX Runtime the graph of standard operators, which has nothing of ours.
pub(crate) fn oracle(model: &Model, choice: EngineChoice) -> Box<dyn Engine> {
    match choice {
        EngineChoice::OnnxRuntime => Box::new(OnnxEngine::standard(model).unwrap()),
        choice => engine::build(model, choice).unwrap(),
    }
}

pub(crate) fn render(model: &Model, choice: EngineChoice, input: &[f32]) -> Vec<f32> {
    let mut engine = oracle(model, choice);
    engine.prepare(model.card.sample_rate_hz, 512).unwrap();
    let mut output = vec![f32::NAN; input.len()];
    let mut at = 0;
    for n in blocks(input.len(), None, 5) {
        engine.process(&input[at..at + n], &mut output[at..at + n]);
        at += n;
    }
    output
}

pub(crate) fn assert_close(what: &str, a: &[f32], b: &[f32], tolerance: f32) {
    let peak = a.iter().chain(b).fold(1.0f32, |m, x| m.max(x.abs()));
    let largest = a.iter().zip(b).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
    assert!(a.iter().chain(b).all(|x| x.is_finite()), "{what}");
    assert!(a.iter().any(|x| x.abs() > 1e-4), "{what} is silent");
    assert!(largest <= tolerance * peak, "{what}: {largest:e} apart");
}
