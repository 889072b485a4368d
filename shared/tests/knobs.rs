//! Models with knobs: what plays at a setting, whoever plays it, and what is refused.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use shared::engine::native::NativeEngine;
use shared::engine::onnxruntime::OnnxEngine;
use shared::engine::{Engine, EngineChoice, build_oversampled_at};
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

#[test]
fn a_setting_goes_on_from_what_another_has_heard() {
    let (model, input) = (model([5.0, 5.0]), signal(4_000, 8));
    // Its middle third is silent: nothing would be left of what was heard.
    let (heard, coming) = input.split_at(1_000);
    let built = |settings: &[f32], rate_hz: f64, oversampling: usize| {
        let model = model.at_settings(settings);
        build_oversampled_at(&model, EngineChoice::Native, oversampling, rate_hz, 256).unwrap()
    };
    for (rate_hz, oversampling) in [(48_000.0, 1), (44_100.0, 1), (48_000.0, 4)] {
        let [mut old, mut same, mut fresh] = [(); 3].map(|()| built(&[3.0], rate_hz, oversampling));
        old.process(heard, &mut vec![0.0; heard.len()]);
        let copies = (0..).take_while(|&copy| old.history(copy).is_some()).count();
        assert_eq!(copies, oversampling);
        for copy in 0..copies {
            assert!(same.go_on_from(copy, old.history(copy).unwrap()));
        }
        assert!(!same.go_on_from(copies, old.history(0).unwrap()), "there is no such copy");
        let [kept, taken, silent] = [&mut old, &mut same, &mut fresh].map(|engine| {
            let mut output = vec![0.0; coming.len()];
            engine.process(coming, &mut output);
            assert!(output.iter().all(|sample| sample.is_finite()));
            output
        });
        // What lies before and behind the network begins with silence.
        if (rate_hz, oversampling) == (48_000.0, 1) {
            assert!(kept == taken, "with the same weights nothing is heard of it");
            let loudest = kept.iter().fold(0.0f32, |loudest, sample| loudest.max(sample.abs()));
            let apart = largest_difference(&kept, &silent);
            assert!(apart > 0.01 * loudest && loudest > 0.0, "{apart} of {loudest}");
        }
    }
}

#[test]
fn another_shape_is_no_history() {
    let ours = model([5.0, 5.0]).at_settings(&[]);
    let other = random_model(WaveNetSpec::nam_a1(6, 3, &[vec![1, 2, 4], vec![1, 2, 4]]), 1);
    let (mut ours, mut other) = (NativeEngine::new(&ours).unwrap(), NativeEngine::new(&other).unwrap());
    let (input, mut output) = (signal(500, 9), vec![0.0; 500]);
    other.process(&input, &mut output);
    assert!(!ours.go_on_from(0, other.history(0).unwrap()));
    let fresh = played(NativeEngine::new(&model([5.0, 5.0])).unwrap());
    assert!(played(ours) == fresh, "it is as it was");
    assert!(
        OnnxEngine::fused(&model([5.0, 5.0])).unwrap().history(0).is_none(),
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
