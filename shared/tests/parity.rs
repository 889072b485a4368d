//! The engines agree with each other on every network, every way of cutting a signal into blocks.

mod support;

use shared::engine::onnxruntime::OnnxEngine;
use shared::engine::{self, Engine, EngineChoice, EngineError, EngineKind};
use shared::model::{Model, Network};
use std::sync::Barrier;
use std::thread;
use support::{blocks, engines, largest_difference, random_model, run, signal, zoo};

/// Largest difference two engines may show.
const TOLERANCE: f32 = 1e-5;

#[test]
fn engines_agree_from_the_first_sample_on_at_every_block_size() {
    for (i, (name, spec)) in zoo().into_iter().enumerate() {
        let model = random_model(spec, i as u64);
        let input = signal(6_000, 7);
        let mut engines = engines(&model);
        for (_, engine) in &mut engines {
            engine.prepare(48_000.0, 64).unwrap();
        }
        let (_, oracle) = &mut engines[2];
        let reference = run(&mut **oracle, &input, &[input.len()]);
        let peak = reference.iter().fold(1.0f32, |m, x| m.max(x.abs()));
        assert!(reference.iter().any(|x| x.abs() > 1e-6), "{name} is silent");
        for block in [Some(1), Some(16), Some(17), Some(64), Some(480), Some(512), Some(2_027), None] {
            // ONNX Runtime takes tens of microseconds a run: single samples need only a part.
            let part = if block == Some(1) { 600 } else { input.len() };
            let lengths = blocks(part, block, 3);
            for (form, engine) in &mut engines {
                engine.reset();
                let output = run(&mut **engine, &input[..part], &lengths);
                let difference = largest_difference(&output, &reference[..part]);
                assert!(
                    difference <= TOLERANCE * peak,
                    "{name}, {form} in blocks of {block:?}: {difference:e}"
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
        for (form, mut engine) in engines(&model) {
            engine.prepare(48_000.0, 512).unwrap();
            let lengths = blocks(input.len(), Some(500), 0);
            let first = run(&mut *engine, &input, &lengths);
            run(&mut *engine, &signal(777, 2), &[777]);
            engine.reset();
            let second = run(&mut *engine, &input, &lengths);
            assert!(first == second, "{name}, {form}");
        }
    }
}

#[test]
fn onnx_runtime_fuses_what_the_native_engine_knows_and_nothing_else() {
    let (_, spec) = zoo().swap_remove(1);
    let model = random_model(spec, 6);
    assert!(OnnxEngine::new(&model).unwrap().is_fused());
    assert!(!OnnxEngine::standard(&model).unwrap().is_fused());
    let graph = support::as_unknown_graph(&model);
    assert!(!OnnxEngine::new(&graph).unwrap().is_fused());
    let error = OnnxEngine::fused(&graph).err().unwrap();
    assert!(matches!(error, EngineError::UnknownArchitecture), "{error}");
    // The fused kernel is the native one, so they agree to the bit.
    let input = signal(3_000, 8);
    let lengths = blocks(input.len(), None, 9);
    let mut native = engine::build(&model, EngineChoice::Native).unwrap();
    let mut fused = engine::build(&model, EngineChoice::OnnxRuntime).unwrap();
    assert_eq!((native.kind(), fused.kind()), (EngineKind::Native, EngineKind::OnnxRuntime));
    assert!(run(&mut *native, &input, &lengths) == run(&mut *fused, &input, &lengths));
}

#[test]
fn instances_keep_their_own_past_and_end_in_any_order_on_any_thread() {
    const INSTANCES: usize = 4;
    let (_, spec) = zoo().swap_remove(1);
    // Two amps, each played twice, on other signals.
    let models = [random_model(spec.clone(), 1), random_model(spec, 2)];
    let inputs: Vec<_> = (0..INSTANCES as u64).map(|i| signal(2_000, i)).collect();
    let expected: Vec<_> = (0..INSTANCES)
        .map(|i| run(&mut OnnxEngine::standard(&models[i % 2]).unwrap(), &inputs[i], &[2_000]))
        .collect();
    let check = |i: usize, output: &[f32]| {
        let difference = largest_difference(output, &expected[i]);
        assert!(difference <= TOLERANCE, "instance {i}: {difference:e}");
    };

    // In turns on one thread, in blocks of other lengths, with one that comes and one that goes.
    let mut alive: Vec<_> = models.iter().cycle().take(INSTANCES).map(OnnxEngine::fused).collect();
    let mut outputs = vec![Vec::new(); INSTANCES];
    for at in (0..2_000).step_by(500) {
        for (i, engine) in alive.iter_mut().enumerate() {
            let lengths = blocks(500, Some(60 + 50 * i), 0);
            outputs[i].extend(run(engine.as_mut().unwrap(), &inputs[i][at..at + 500], &lengths));
        }
        let mut passing = OnnxEngine::fused(&models[0]).unwrap();
        run(&mut passing, &inputs[0][..100], &[100]);
    }
    for (i, output) in outputs.iter().enumerate() {
        check(i, output);
    }

    // The first half here, the second on another thread each, at once, while more are built; and
    // each ends where it is.
    let barrier = Barrier::new(INSTANCES);
    thread::scope(|scope| {
        for (i, engine) in alive.into_iter().enumerate().rev() {
            let mut engine = engine.unwrap();
            engine.reset();
            let mut output = run(&mut engine, &inputs[i][..1_000], &[1_000]);
            let (barrier, input, model, check) = (&barrier, &inputs[i][1_000..], &models[i % 2], &check);
            scope.spawn(move || {
                barrier.wait();
                output.extend(run(&mut engine, input, &blocks(1_000, Some(64), 0)));
                check(i, &output);
                let mut another = OnnxEngine::fused(model).unwrap();
                drop(engine);
                let half = run(&mut another, input, &[1_000]);
                drop(OnnxEngine::standard(model).unwrap());
                another.reset();
                assert!(run(&mut another, input, &[1_000]) == half, "instance {i}");
            });
        }
    });
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
