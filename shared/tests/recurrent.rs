//! LSTMs and linear models: the engines agree with each other and with plain sums in double
//! precision, on every instruction set and every way of cutting a signal into blocks.

mod support;

use shared::engine::native::NativeEngine;
use shared::engine::onnxruntime::OnnxEngine;
use shared::engine::{self, Engine, EngineChoice, EngineKind};
use shared::model::{Lstm, LstmSpec, Model, Network, Size, Slimmable};
use shared::simd::Level;
use support::reference::{linear, lstm};
use support::{blocks, engines, largest_difference, model_of, random_linear, random_lstm, run, signal};

/// Largest difference two engines may show.
const TOLERANCE: f32 = 1e-5;
const BLOCKS: [Option<usize>; 8] =
    [Some(1), Some(16), Some(17), Some(64), Some(480), Some(512), Some(2_027), None];

/// LSTMs of published shapes, and of ones that fill no vector.
fn lstms() -> Vec<(String, Network)> {
    [(1, 3), (1, 16), (2, 8), (3, 5), (1, 1), (2, 1), (1, 33), (1, 64)]
        .into_iter()
        .enumerate()
        .map(|(seed, (layers, hidden))| {
            let spec = LstmSpec { layers, hidden, warm_up_samples: 500 };
            (format!("LSTM {layers}x{hidden}"), Network::Lstm(random_lstm(spec, seed as u64)))
        })
        .collect()
}

/// Responses on both sides of where transforms begin, and long enough for every length of them.
fn responses() -> Vec<(String, Network)> {
    [1, 2, 10, 64, 500, 513, 5_000, 70_000]
        .into_iter()
        .map(|taps| (format!("linear, {taps} taps"), Network::Linear(random_linear(taps, taps as u64))))
        .collect()
}

fn networks() -> Vec<(String, Network)> {
    lstms().into_iter().chain(responses()).collect()
}

fn reference(network: &Network, input: &[f32]) -> Vec<f32> {
    match network {
        Network::Lstm(net) => lstm(net, input),
        Network::Linear(net) => linear(net, input),
        other => panic!("no reference for {other:?}"),
    }
}

#[test]
fn every_instruction_set_agrees_with_double_precision_at_every_block_size() {
    for (name, network) in networks() {
        let model = model_of(network);
        let input = signal(9_000, 7);
        let reference = reference(&model.network, &input);
        let peak = reference.iter().fold(1.0f32, |m, x| m.max(x.abs()));
        for level in Level::available() {
            let mut engine = NativeEngine::with_level(&model, level).unwrap();
            engine.prepare(48_000.0, 64).unwrap();
            let whole = run(&mut engine, &input, &[input.len()]);
            let difference = largest_difference(&whole, &reference);
            assert!(difference <= TOLERANCE * peak, "{name}, {}: {difference:e}", level.name());
            for block in BLOCKS {
                engine.reset();
                let output = run(&mut engine, &input, &blocks(input.len(), block, 3));
                assert!(output == whole, "{name}, {} in blocks of {block:?}", level.name());
            }
        }
    }
}

#[test]
fn engines_agree_from_the_first_sample_on_at_every_block_size() {
    for (name, network) in networks() {
        let model = model_of(network);
        let input = signal(5_000, 7);
        let mut native = engine::build(&model, EngineChoice::Native).unwrap();
        let mut onnx = OnnxEngine::standard(&model).unwrap();
        assert_eq!((native.kind(), onnx.kind()), (EngineKind::Native, EngineKind::OnnxRuntime));
        native.prepare(48_000.0, 64).unwrap();
        onnx.prepare(48_000.0, 64).unwrap();
        let expected = run(&mut *native, &input, &[input.len()]);
        let peak = expected.iter().fold(1.0f32, |m, x| m.max(x.abs()));
        for block in BLOCKS {
            // ONNX Runtime takes tens of microseconds a run: single samples need only a part.
            let part = if block == Some(1) { 600 } else { input.len() };
            onnx.reset();
            let output = run(&mut onnx, &input[..part], &blocks(part, block, 3));
            let difference = largest_difference(&output, &expected[..part]);
            assert!(difference <= TOLERANCE * peak, "{name} in blocks of {block:?}: {difference:e}");
        }
    }
}

#[test]
fn a_recurrent_network_in_onnx_runtime_does_not_drift() {
    // Large initial states, forgotten slowly: what is not exact about them would show.
    let spec = LstmSpec { layers: 2, hidden: 8, warm_up_samples: 0 };
    let net = random_lstm(spec, 1);
    let mut weights = net.weights().to_vec();
    for tensor in spec.tensors() {
        match tensor.name.rsplit('.').next() {
            Some("initial_c") => weights[tensor.range()].fill(3.0),
            Some("bias") if tensor.len() == 32 => weights[tensor.range()][8..16].fill(4.0),
            _ => {}
        }
    }
    let model = model_of(Network::Lstm(Lstm::new(spec, weights).unwrap()));
    let input = signal(96_000, 7);
    let mut native = engine::build(&model, EngineChoice::Native).unwrap();
    let mut onnx = OnnxEngine::standard(&model).unwrap();
    native.prepare(48_000.0, 64).unwrap();
    onnx.prepare(48_000.0, 64).unwrap();
    let expected = run(&mut *native, &input, &[input.len()]);
    assert!(largest_difference(&expected, &reference(&model.network, &input)) <= TOLERANCE);
    let output = run(&mut onnx, &input, &blocks(input.len(), Some(64), 0));
    let difference = largest_difference(&output, &expected);
    assert!(difference <= TOLERANCE, "{difference:e}");
}

#[test]
fn reset_returns_to_exactly_the_first_state() {
    for (name, network) in networks() {
        let model = model_of(network);
        let input = signal(3_000, 1);
        for (engine_name, mut engine) in engines(&model) {
            engine.prepare(48_000.0, 512).unwrap();
            let lengths = blocks(input.len(), Some(500), 0);
            let first = run(&mut *engine, &input, &lengths);
            run(&mut *engine, &signal(777, 2), &[777]);
            engine.reset();
            let second = run(&mut *engine, &input, &lengths);
            assert!(first == second, "{name}, {engine_name}");
        }
    }
}

#[test]
fn a_response_answers_at_once_and_to_its_last_tap() {
    for taps in [1, 513, 5_000] {
        let net = random_linear(taps, 4);
        let mut input = vec![0.0; taps + 1_000];
        input[700] = 1.0;
        let mut engine = NativeEngine::new(&model_of(Network::Linear(net.clone()))).unwrap();
        engine.prepare(48_000.0, 64).unwrap();
        let output = run(&mut engine, &input, &blocks(input.len(), Some(100), 0));
        let mut expected = vec![net.bias(); input.len()];
        for (out, tap) in expected[700..].iter_mut().zip(net.impulse_response()) {
            *out += tap;
        }
        assert!(largest_difference(&output, &expected) < 1e-6, "{taps} taps");
    }
}

#[test]
fn a_number_that_is_none_passes_through() {
    for (name, network) in networks() {
        if matches!(&network, Network::Linear(net) if net.impulse_response().len() > 5_000) {
            continue;
        }
        let model = model_of(network);
        let mut engine = NativeEngine::new(&model).unwrap();
        engine.prepare(48_000.0, 64).unwrap();
        run(&mut engine, &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY], &[3]);
        let output = run(&mut engine, &signal(12_000, 3), &blocks(12_000, Some(64), 0));
        let mut fresh = NativeEngine::new(&model).unwrap();
        fresh.prepare(48_000.0, 64).unwrap();
        run(&mut fresh, &[0.0; 3], &[3]);
        let expected = run(&mut fresh, &signal(12_000, 3), &[12_000]);
        let rest = 11_000..;
        match &model.network {
            // Nothing of the response reaches back that far.
            Network::Linear(_) => assert!(output[rest.clone()] == expected[rest], "{name}"),
            // What a cell remembers fades for as long as it likes.
            _ => assert!(output[rest].iter().all(|x| x.is_finite()), "{name}"),
        }
    }
}

#[test]
fn a_file_reads_back_as_the_model_it_was_written_from() {
    for (name, network) in networks() {
        let model = model_of(network);
        let read = Model::from_onnx(&model.to_onnx(), "unused").unwrap();
        assert!(read == model, "{name}");
    }
}

#[test]
fn a_slimmable_model_is_written_at_its_full_size() {
    let size =
        |below, seed| Size { below, network: Network::Linear(random_linear(20, seed)), loudness_dbfs: None };
    let full = size(1.0, 2);
    let slimmable = Slimmable::new(vec![size(0.5, 1), full.clone()]).unwrap();
    let read = Model::from_onnx(&model_of(Network::Slimmable(slimmable)).to_onnx(), "unused").unwrap();
    assert!(read.network == full.network);
}

#[test]
fn a_graph_that_nobody_describes_plays_the_same() {
    for (name, network) in [lstms().swap_remove(2), responses().swap_remove(4)] {
        let model = model_of(network);
        let graph = support::as_unknown_graph(&model);
        assert!(matches!(graph.network, Network::Graph(_)), "{name}");
        let input = signal(2_000, 7);
        let mut known = engine::build(&model, EngineChoice::Native).unwrap();
        let mut unknown = engine::build(&graph, EngineChoice::Auto).unwrap();
        known.prepare(48_000.0, 512).unwrap();
        unknown.prepare(48_000.0, 512).unwrap();
        let a = run(&mut *known, &input, &[input.len()]);
        let b = run(&mut *unknown, &input, &[input.len()]);
        assert!(largest_difference(&a, &b) <= TOLERANCE, "{name}");
    }
}
