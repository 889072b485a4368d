//! The engines agree with each other on every network, every way of cutting a signal into blocks.

mod support;

use shared::engine::{self, Engine, EngineChoice, EngineKind};
use shared::model::{Model, Network};
use support::{blocks, random_model, signal, zoo};

/// Largest difference two engines may show.
const TOLERANCE: f32 = 1e-5;

fn run(engine: &mut dyn Engine, input: &[f32], lengths: &[usize]) -> Vec<f32> {
    let mut output = vec![f32::NAN; input.len()];
    let mut at = 0;
    for &n in lengths {
        engine.process(&input[at..at + n], &mut output[at..at + n]);
        at += n;
    }
    output
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    a.iter()
        .zip(b)
        .map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() })
        .fold(0.0, |m: f32, d| if d.is_nan() { f32::INFINITY } else { m.max(d) })
}

#[test]
fn engines_agree_from_the_first_sample_on_at_every_block_size() {
    for (i, (name, spec)) in zoo().into_iter().enumerate() {
        let model = random_model(spec, i as u64);
        let input = signal(6_000, 7);
        let mut native = engine::build(&model, EngineChoice::Native).unwrap();
        let mut onnx = engine::build(&model, EngineChoice::OnnxRuntime).unwrap();
        assert_eq!((native.kind(), onnx.kind()), (EngineKind::Native, EngineKind::OnnxRuntime));
        native.prepare(48_000.0, 64).unwrap();
        onnx.prepare(48_000.0, 64).unwrap();
        let reference = run(&mut *onnx, &input, &[input.len()]);
        let peak = reference.iter().fold(1.0f32, |m, x| m.max(x.abs()));
        assert!(reference.iter().any(|x| x.abs() > 1e-6), "{name} is silent");
        for block in [Some(1), Some(16), Some(17), Some(64), Some(480), Some(512), Some(2_027), None] {
            // ONNX Runtime takes tens of microseconds a run: single samples need only a part.
            let part = if block == Some(1) { 600 } else { input.len() };
            let lengths = blocks(part, block, 3);
            for engine in [&mut native, &mut onnx] {
                engine.reset();
                let output = run(&mut **engine, &input[..part], &lengths);
                let difference = largest_difference(&output, &reference[..part]);
                assert!(
                    difference <= TOLERANCE * peak,
                    "{name}, {} in blocks of {block:?}: {difference:e}",
                    engine.kind()
                );
            }
        }
    }
}

#[test]
fn reset_returns_to_exactly_the_first_state() {
    for (name, spec) in zoo() {
        let model = random_model(spec, 5);
        let input = signal(3_000, 1);
        for choice in [EngineChoice::Native, EngineChoice::OnnxRuntime] {
            let mut engine = engine::build(&model, choice).unwrap();
            engine.prepare(48_000.0, 512).unwrap();
            let lengths = blocks(input.len(), Some(500), 0);
            let first = run(&mut *engine, &input, &lengths);
            run(&mut *engine, &signal(777, 2), &[777]);
            engine.reset();
            let second = run(&mut *engine, &input, &lengths);
            assert!(first == second, "{name}, {choice}");
        }
    }
}

#[test]
fn silence_before_the_first_sample_is_endless() {
    // Running more silence first must change nothing: the engine starts settled.
    for (name, spec) in zoo() {
        let model = random_model(spec, 9);
        let field = model.receptive_field_samples().unwrap();
        let mut engine = engine::build(&model, EngineChoice::Native).unwrap();
        engine.prepare(48_000.0, 64).unwrap();
        let input = signal(1_000, 4);
        let at_once = run(&mut *engine, &input, &[input.len()]);
        engine.reset();
        run(&mut *engine, &vec![0.0; field + 100], &[field + 100]);
        let later = run(&mut *engine, &input, &[input.len()]);
        let difference = largest_difference(&at_once, &later);
        assert!(difference < 1e-6, "{name}: {difference:e}");
    }
}

#[test]
fn a_causal_network_does_not_know_the_future_and_a_centred_one_says_how_far_it_sees() {
    for (name, spec) in zoo() {
        let model = random_model(spec, 3);
        let mut engine = engine::build(&model, EngineChoice::Native).unwrap();
        engine.prepare(48_000.0, 64).unwrap();
        let mut impulse = vec![0.0; 4_096];
        let silent = run(&mut *engine, &impulse, &[4_096]);
        impulse[1_500] = 1.0;
        engine.reset();
        let struck = run(&mut *engine, &impulse, &[4_096]);
        let first = silent.iter().zip(&struck).position(|(a, b)| a != b).unwrap();
        // A centred network answers before the middle of its delay.
        assert_eq!(first, 1_500, "{name}");
        assert_eq!(engine.latency_samples(), model.lookahead_samples());
        assert_eq!(model.check_live().is_ok(), model.lookahead_samples() == 0, "{name}");
    }
}

#[test]
fn a_file_reads_back_as_the_model_it_was_written_from() {
    for (name, spec) in zoo() {
        let model = random_model(spec, 11);
        let read = Model::from_onnx(&model.to_onnx(), "unused").unwrap();
        assert!(read == model, "{name}");
    }
}

#[test]
fn a_graph_that_is_no_wavenet_of_ours_runs_in_onnx_runtime_and_nowhere_else() {
    let (_, spec) = zoo().swap_remove(3);
    let model = random_model(spec, 2);
    let graph = support::as_unknown_graph(&model);
    assert!(matches!(graph.network, Network::Graph(_)));
    let error = engine::build(&graph, EngineChoice::Native).err().unwrap().to_string();
    assert!(error.contains("auto"), "{error}");
    let input = signal(3_000, 7);
    let mut known = engine::build(&model, EngineChoice::Native).unwrap();
    let mut unknown = engine::build(&graph, EngineChoice::Auto).unwrap();
    assert_eq!(unknown.kind(), EngineKind::OnnxRuntime);
    known.prepare(48_000.0, 512).unwrap();
    unknown.prepare(48_000.0, 512).unwrap();
    let a = run(&mut *known, &input, &blocks(input.len(), Some(480), 0));
    let b = run(&mut *unknown, &input, &blocks(input.len(), Some(480), 0));
    assert!(largest_difference(&a, &b) <= TOLERANCE);
}

#[test]
fn raw_engines_refuse_a_rate_that_is_not_the_models() {
    let (_, spec) = zoo().swap_remove(1);
    let model = random_model(spec, 2);
    for choice in EngineChoice::ALL {
        let mut engine = engine::build(&model, choice).unwrap();
        let error = engine.prepare(44_100.0, 64).unwrap_err().to_string();
        assert!(error.contains("44100") && error.contains("48000"), "{error}");
    }
}
