//! Models with knobs: what plays at a setting, whoever plays it, and what is refused.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use shared::engine::native::NativeEngine;
use shared::engine::onnxruntime::OnnxEngine;
use shared::engine::{Engine, EngineChoice, Kernels, Rescued};
use shared::model::nam::Version;
use shared::model::{Knob, Model, ModelError, Network, Parametric, ParametricSpec, WaveNetSpec};
use support::{blocks, largest_difference, model_of, random_model, run, signal};

/// Largest difference two engines may show.
const TOLERANCE: f32 = 1e-5;

fn knob(name: &str, default: f32) -> Knob {
    Knob { name: name.into(), lowest: 0.0, highest: 10.0, default }
}

/// A network that two knobs change audibly, standing at `defaults`.
fn spec(defaults: [f32; 2]) -> ParametricSpec {
    let mut network = WaveNetSpec::nam_a1(6, 3, &[vec![1, 2, 4, 8], vec![1, 2, 4]]);
    network.head_scale = 1.0;
    ParametricSpec { network, knobs: vec![knob("Gain", defaults[0]), knob("Tone", defaults[1])], features: 3 }
}

fn weights(spec: &ParametricSpec) -> Vec<f32> {
    let plain = |seed| match random_model(spec.network.clone(), seed).network {
        Network::WaveNet(net) => net.weights().to_vec(),
        _ => unreachable!("a random model is a WaveNet"),
    };
    let mut weights = vec![0.9, -0.4, 0.3, 0.8, -0.7, 0.2, 0.1, -0.2, 0.3];
    weights.extend(plain(1));
    for seed in 2..5 {
        weights.extend(plain(seed).iter().map(|w| w * 0.4));
    }
    weights
}

fn model(defaults: [f32; 2]) -> Model {
    let spec = spec(defaults);
    let weights = weights(&spec);
    model_of(Network::Parametric(Parametric::new(spec, weights).unwrap()))
}

fn played(mut engine: impl Engine) -> Vec<f32> {
    engine.prepare(48_000.0, 64).unwrap();
    let input = signal(3_000, 7);
    run(&mut engine, &input, &blocks(input.len(), None, 3))
}

#[test]
fn every_engine_plays_the_default() {
    // Where a knob stands by default decides what its neighbours are: at the default itself all of these are the same network.
    for defaults in [[0.0, 0.0], [5.0, 5.0], [10.0, 0.0]] {
        let model = model(defaults);
        let native = played(NativeEngine::new(&model).unwrap());
        let graph = played(OnnxEngine::standard(&model).unwrap());
        let fused = played(OnnxEngine::fused(&model).unwrap());
        assert!(largest_difference(&native, &graph) <= TOLERANCE, "{defaults:?}");
        assert!(largest_difference(&native, &fused) <= TOLERANCE, "{defaults:?}");
        let at = |settings: &[f32]| played(NativeEngine::new(&model.at_settings(settings)).unwrap());
        assert!(native == at(&defaults) && native == at(&[]) && native == at(&defaults[..1]), "{defaults:?}");
        assert!(largest_difference(&native, &at(&[7.0, 3.0])) > 1e-3, "{defaults:?}");
    }
}

/// Rates that a model of 48 kHz is played at, and its oversampling.
const MANNERS: [(f64, usize); 6] =
    [(48_000.0, 1), (44_100.0, 1), (96_000.0, 1), (48_000.0, 2), (48_000.0, 4), (44_100.0, 8)];

/// Plays a model at a setting, in blocks of these lengths, and turns it after some of them.
fn turned(
    (rate_hz, oversampling): (f64, usize),
    input: &[f32],
    lengths: &[usize],
    first: &[f32],
    turns: &[(usize, &[f32])],
) -> Vec<f32> {
    let model = model([5.0, 5.0]);
    let first = model.at_settings(first);
    let mut engine = Rescued::build_at(&first, EngineChoice::Native, oversampling, rate_hz, 256).unwrap();
    let mut output = input.to_vec();
    let mut at = 0;
    for &length in lengths {
        for (_, settings) in turns.iter().filter(|(after, _)| *after == at) {
            let mut kernels = Kernels::build(&model.at_settings(settings), oversampling).unwrap();
            engine.turn(&mut kernels);
            assert!(engine.is_turning());
        }
        let range = at..at + length;
        assert!(engine.process(&input[range.clone()], &mut output[range]));
        at += length;
    }
    assert!(!engine.is_turning());
    output
}

#[test]
fn a_turn_to_the_same_setting_is_not_heard() {
    let input = signal(12_000, 8);
    let lengths = [blocks(4_000, Some(200), 0), blocks(8_000, None, 1)].concat();
    for manner in MANNERS {
        let usual = turned(manner, &input, &lengths, &[3.0], &[]);
        let same = turned(manner, &input, &lengths, &[3.0], &[(0, &[3.0]), (4_000, &[3.0])]);
        assert!(usual.iter().any(|sample| sample.abs() > 0.1));
        assert!(usual == same, "{manner:?}: resamplers, filters and what was heard stay as they are");
    }
}

#[test]
fn a_turn_ends_where_another_setting_had_been_all_along() {
    let input: Vec<f32> = (0..12_000).map(|i| 0.5 * (0.05 * i as f32).sin()).collect();
    for manner in MANNERS {
        let lengths = blocks(input.len(), Some(250), 0);
        let [old, new] = [3.0, 3.2].map(|gain| turned(manner, &input, &lengths, &[gain], &[]));
        let between = turned(manner, &input, &lengths, &[3.0], &[(4_000, &[3.2])]);
        let apart = largest_difference(&old[4_000..], &new[4_000..]);
        assert!(apart > 1e-3, "{manner:?}: {apart}");
        assert!(between[..4_000] == old[..4_000], "{manner:?}");
        // The fade, and what the filters and the network remember.
        let settled = 4_000 + (0.030 * manner.0) as usize;
        let left = largest_difference(&between[settled..], &new[settled..]);
        assert!(left < TOLERANCE, "{manner:?}: {left:e}");
        for i in 4_000..settled {
            let slack = 0.1 * apart;
            let (low, high) = (old[i].min(new[i]) - slack, old[i].max(new[i]) + slack);
            assert!((low..=high).contains(&between[i]), "{manner:?}, {i}: {} in {low} to {high}", between[i]);
        }
    }
}

#[test]
fn a_turn_does_not_depend_on_blocks() {
    let input = signal(9_000, 10);
    for manner in MANNERS {
        let play = |blocks: Vec<usize>| {
            let (mut lengths, mut at) = (Vec::new(), 0);
            // One begins when the turn does.
            for length in blocks {
                let first = if at < 3_000 { length.min(3_000 - at) } else { length };
                lengths.extend([first, length - first].into_iter().filter(|&length| length > 0));
                at += length;
            }
            turned(manner, &input, &lengths, &[0.0], &[(3_000, &[10.0, 2.0])])
        };
        let whole = play(vec![9_000]);
        for blocks in [blocks(9_000, Some(16), 0), blocks(9_000, Some(257), 0), blocks(9_000, None, 4)] {
            assert!(play(blocks) == whole, "{manner:?}");
        }
    }
}

#[test]
fn silence_before_ends_a_turn() {
    let (model, input) = (model([5.0, 5.0]), signal(2_000, 11));
    for (rate_hz, oversampling) in MANNERS {
        let built = |settings: &[f32]| {
            let model = model.at_settings(settings);
            Rescued::build_at(&model, EngineChoice::Native, oversampling, rate_hz, 256).unwrap()
        };
        let played = |mut engine: Rescued| {
            let mut output = vec![0.0; input.len()];
            assert!(engine.process(&input, &mut output));
            output
        };
        let mut engine = built(&[0.0]);
        assert!(engine.process(&input, &mut vec![0.0; input.len()]));
        engine.turn(&mut Kernels::build(&model.at_settings(&[9.0]), oversampling).unwrap());
        assert!(engine.process(&input[..50], &mut [0.0; 50]));
        engine.reset();
        assert!(!engine.is_turning());
        assert!(played(engine) == played(built(&[9.0])), "{rate_hz} Hz, {oversampling}x");
    }
}

#[test]
fn another_shape_is_no_history() {
    let ours = model([5.0, 5.0]).at_settings(&[]);
    let other = random_model(WaveNetSpec::nam_a1(6, 3, &[vec![1, 2, 4], vec![1, 2, 4]]), 1);
    let (mut ours, mut other) = (NativeEngine::new(&ours).unwrap(), NativeEngine::new(&other).unwrap());
    let (input, mut output) = (signal(500, 9), vec![0.0; 500]);
    other.process(&input, &mut output);
    assert!(!ours.go_on_from(other.history().unwrap()));
    let fresh = played(NativeEngine::new(&model([5.0, 5.0])).unwrap());
    assert!(played(ours) == fresh, "it is as it was");
    assert!(
        OnnxEngine::fused(&model([5.0, 5.0])).unwrap().history().is_none(),
        "what it remembers is ONNX Runtime's"
    );
}

#[test]
fn settings_are_taken_from_the_default_in_halves_of_the_travel() {
    let knob = Knob { name: "Drive".into(), lowest: -6.0, highest: 6.0, default: 3.0 };
    assert_eq!([-6.0, 3.0, 6.0].map(|setting| knob.turn(setting)), [-1.5, 0.0, 0.5]);
    assert_eq!([-99.0, 99.0].map(|setting| knob.turn(setting)), [-1.5, 0.5]);
}

#[test]
fn a_file_keeps_knobs_and_weights() {
    let model = model([5.0, 2.5]);
    let read = Model::from_onnx(&model.to_onnx(), "unused").unwrap();
    assert_eq!(read, model);
    assert_eq!(read.knobs(), spec([5.0, 2.5]).knobs);
    assert!(matches!(model.to_nam(Version::V0_7_0), Err(ModelError::NotExpressible { .. })));
    let chosen = model.at_settings(&[7.0]);
    let nam = Model::from_nam(&chosen.to_nam(Version::V0_7_0).unwrap(), "unused").unwrap();
    let apart = largest_difference(
        &played(NativeEngine::new(&nam).unwrap()),
        &played(NativeEngine::new(&model.at_settings(&[7.0, 2.5])).unwrap()),
    );
    assert!(apart <= TOLERANCE, "{apart:e}");
}

#[test]
fn impossible_knobs_are_refused() {
    let refused = |change: &dyn Fn(&mut ParametricSpec)| {
        let mut spec = spec([5.0, 5.0]);
        change(&mut spec);
        let count = spec.weight_count();
        Parametric::new(spec, vec![0.0; count]).unwrap_err().to_string()
    };
    assert!(refused(&|spec| spec.knobs.clear()).contains("knobs is 0"));
    assert!(refused(&|spec| spec.features = 65).contains("65"));
    assert!(refused(&|spec| spec.knobs[0].name = "  ".into()).contains("1 to 32"));
    assert!(refused(&|spec| spec.knobs[0].name = "Ga\nin".into()).contains("printed"));
    assert!(refused(&|spec| spec.knobs[1].name = "Gain".into()).contains("two knobs are called \"Gain\""));
    assert!(refused(&|spec| spec.knobs[0].highest = 0.0).contains("no travel"));
    assert!(refused(&|spec| spec.knobs[0].lowest = f32::NAN).contains("no travel"));
    assert!(refused(&|spec| spec.knobs[0].default = 11.0).contains("stands at 11"));
    // Finite weights whose sum at some setting is none.
    let spec = spec([5.0, 5.0]);
    let mut large = weights(&spec);
    let n = spec.network.weight_count();
    let base = spec.features * 3;
    (large[base], large[base + n]) = (f32::MAX, f32::MAX);
    assert!(matches!(Parametric::new(spec, large), Err(ModelError::NotFinite { .. })));
}
