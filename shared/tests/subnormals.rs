//! Numbers below 1.2e-38 make processors slow: none may leave an engine, whatever enters it, and
//! the caller's own arithmetic is left as it was.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

#[path = "support/amps.rs"]
mod amps;
mod support;

use amps::{Amp, amps};
use shared::engine::native::NativeEngine;
use shared::engine::onnxruntime::OnnxEngine;
use shared::engine::{Engine, Resampled};
use shared::model::{Lstm, Model, Network, WaveNet};
use shared::simd::Level;
use std::hint::black_box;
use support::signal;

/// The same network without biases: nothing keeps its signals from dying away to nothing.
fn without_biases(model: &Model) -> Model {
    let network = match &model.network {
        Network::WaveNet(net) => {
            let mut weights = net.weights().to_vec();
            for tensor in net.spec().tensors().iter().filter(|t| t.name.ends_with(".bias")) {
                weights[tensor.range()].fill(0.0);
            }
            Network::WaveNet(WaveNet::new(net.spec().clone(), weights).unwrap())
        }
        Network::Lstm(lstm) => {
            let mut weights = lstm.weights().to_vec();
            for tensor in lstm.spec().tensors().iter().filter(|t| !t.name.ends_with(".weight")) {
                weights[tensor.range()].fill(0.0);
            }
            Network::Lstm(Lstm::new(lstm.spec(), weights).unwrap())
        }
        other => other.clone(),
    };
    Model { card: model.card.clone(), network }
}

/// A second of noise that dies away through every size to the smallest subnormal, then ten seconds
/// of silence, and a tenth of noise that is subnormal from the start.
fn dying_away() -> Vec<f32> {
    let smallest = 1e-45f64;
    let mut x = signal(48_000, 3);
    for (i, x) in x.iter_mut().enumerate() {
        let level = smallest.powf(i as f64 / 48_000.0);
        *x = (if *x < 0.0 { -level } else { level }) as f32;
    }
    x.extend(std::iter::repeat_n(0.0, 480_000));
    x.extend(signal(4_800, 4).iter().map(|x| x * 1e-39));
    x
}

fn play(engine: &mut dyn Engine, input: &[f32], what: &str) {
    let mut output = vec![0.0; input.len()];
    for (input, output) in input.chunks(512).zip(output.chunks_mut(512)) {
        engine.process(input, output);
    }
    let found = output.iter().position(|x| x.is_subnormal());
    assert_eq!(found, None, "{what}: {:e}", output[found.unwrap_or(0)]);
    assert!(output[..4_800].iter().any(|x| x.abs() > 1e-6), "{what} is silent");
    assert!(black_box(f32::MIN_POSITIVE) * black_box(0.5) > 0.0, "{what} leaves the thread flushing");
}

fn for_each_amp(test: impl Fn(&Amp, &Model) + Sync) {
    std::thread::scope(|scope| {
        for amp in amps(None) {
            let test = &test;
            scope.spawn(move || {
                test(&amp, &without_biases(&amp.model));
            });
        }
    });
}

#[test]
fn none_leave_the_native_engine() {
    let input = dying_away();
    for_each_amp(|amp, model| {
        for level in Level::available() {
            let mut engine = NativeEngine::with_level(model, level).unwrap();
            engine.prepare(48_000.0, 64).unwrap();
            play(&mut engine, &input, &format!("{}, {}", amp.name, level.name()));
        }
    });
}

#[test]
fn none_leave_onnx_runtime() {
    let input = dying_away();
    for_each_amp(|amp, model| {
        for (graph, engine) in
            [("fused", OnnxEngine::fused(model)), ("standard", OnnxEngine::standard(model))]
        {
            let mut engine = engine.unwrap();
            engine.prepare(48_000.0, 64).unwrap();
            play(&mut engine, &input, &format!("{}, onnxruntime {graph}", amp.name));
        }
    });
}

#[test]
fn none_leave_a_resampler() {
    let input = dying_away();
    for amp in amps(Some(&["a1_nano".into()])) {
        for rate_hz in [44_100.0, 96_000.0] {
            let engine = NativeEngine::new(&without_biases(&amp.model)).unwrap();
            let mut engine = Resampled::new(Box::new(engine));
            engine.prepare(rate_hz, 64).unwrap();
            play(&mut engine, &input, &format!("{} at {rate_hz} Hz", amp.name));
        }
    }
}
