//! Training learns, and what it writes is what it learned.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use shared::engine::EngineChoice;
use shared::model::{Model, WaveNetSpec};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use support::noise;
use support::toy::{Fate, Means, default_learner, toy, train};
use trainer::TrainerError;
use trainer::adam::Adam;
use trainer::config::{Config, Data, Network, SeedNetwork, Train, VirtualSource};
use trainer::course::Course;
use trainer::data::Part;
use trainer::device::DeviceChoice;
use trainer::progress::Progress;
use trainer::session::{self, Begin};
use trainer::shape::Shape;
use trainer::train::{End, Lane, Run};

#[test]
fn adam_finds_a_minimum_and_matches_the_published_first_step() {
    let mut adam = Adam::new(2);
    let mut w = vec![1.0, -3.0];
    adam.step(&mut w, &[0.5, -20.0], 0.1);
    // The first step of Adam is the learning rate, whatever the gradient's size.
    assert!((w[0] - 0.9).abs() < 1e-5 && (w[1] + 2.9).abs() < 1e-5, "{w:?}");
    for _ in 0..2_000 {
        let gradient = [2.0 * (w[0] - 4.0), 2.0 * (w[1] + 1.0)];
        adam.step(&mut w, &gradient, 0.02);
    }
    assert!((w[0] - 4.0).abs() < 1e-2 && (w[1] + 1.0).abs() < 1e-2, "{w:?}");
}

#[test]
fn adam_equals_libtorchs() {
    use tch::nn::{OptimizerConfig, VarStore};
    let gradients: Vec<Vec<f32>> = (0..40).map(|i| noise(30, 1.0, i)).collect();
    let store = VarStore::new(tch::Device::Cpu);
    let mut theirs = store.root().zeros("w", &[30]);
    let mut optimiser = tch::nn::Adam::default().build(&store, 1e-2).unwrap();
    let mut ours = vec![0.0; 30];
    let mut adam = Adam::new(30);
    for gradient in &gradients {
        adam.step(&mut ours, gradient, 1e-2);
        optimiser.backward_step(&(&theirs * tch::Tensor::from_slice(gradient)).sum(tch::Kind::Float));
    }
    theirs = theirs.detach();
    let theirs = Vec::<f32>::try_from(&theirs).unwrap();
    assert!(support::largest_difference(&ours, &theirs) < 1e-5, "{ours:?} {theirs:?}");
}

#[test]
fn a_diverging_run_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut pair = toy(5_000, 1);
    pair.target[2_000] = f32::NAN;
    let spec = WaveNetSpec::seed(4, 3, 3, true);
    let validation = Part::new(&pair, 0, spec.receptive_field_samples(), 0);
    let config = Train { batch: 8, segment_samples: 2_500, steps: 50, workers: Some(1), ..Train::default() };
    let shape = Shape::Plain(spec);
    let learner = default_learner(&shape, &config, &pair);
    let run = Run {
        train: &config,
        segment_samples: 2_500,
        train_samples: 5_000,
        lanes: vec![Lane { shape: &shape, from: None, validation: &validation, learner }],
        folder: Some(folder.path()),
        rate_hz: 48_000,
        recording: 1,
        settings: &[],
        course: Course::default(),
        stop: &AtomicBool::new(false),
    };
    let start = run.start();
    let error = run.train(start, &mut Progress::silent()).unwrap_err().to_string();
    assert!(error.contains("diverged at step 1") && error.contains("learning_rate"), "{error}");
}

#[test]
fn a_run_that_diverges_late_keeps_the_best_weights_from_before() {
    let config = Train { batch: 3, segment_samples: 500, steps: 60, ..Train::default() };
    let spec = [WaveNetSpec::seed(4, 3, 3, true)];
    let folder = tempfile::tempdir().unwrap();
    let outcomes = train(&spec, Means::Kernel, &config, folder.path(), Fate::Poisoned(40)).unwrap();
    let outcome = &outcomes[0];
    let End::Diverged(divergence) = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!((divergence.step, divergence.what, outcome.steps), (41, "loss", 40));
    assert!(outcome.step > 0 && outcome.step <= 40 && outcome.esr < outcome.first_esr, "{outcome:?}");
    assert!(outcome.weights.iter().all(|w| w.is_finite()));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing to go on from");
    // Before any weights were better than those of the start there is nothing to keep.
    let error = train(&spec, Means::Kernel, &config, folder.path(), Fate::Poisoned(3)).unwrap_err();
    assert!(matches!(error, TrainerError::Diverged(d) if d.step == 4), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // On a device it shows when the numbers come back.
    let error = train(&spec, Means::Device, &wild(), folder.path(), Fate::Lives).unwrap_err();
    assert!(matches!(error, TrainerError::Diverged(_)), "{error}");
}

/// Steps far too large for any network.
fn wild() -> Train {
    Train { batch: 3, segment_samples: 500, steps: 60, learning_rate: 1e30, ..Train::default() }
}

/// A config for a small network and a recording that lies in `folder`.
fn toy_config(folder: &Path) -> Config {
    let pair = toy(2 * 48_000, 1);
    support::wav(&folder.join("toy_input.wav"), &pair.input, pair.rate_hz);
    support::wav(&folder.join("toy_target.wav"), &pair.target, pair.rate_hz);
    let file = folder.join("toy.yaml");
    let text = format!(
        "model: {{ seed: {{ channels: 2, blocks: 2 }} }}\n\
         data: {{ pair: {{ input: {0}/toy_input.wav, target: {0}/toy_target.wav, validation_seconds: 1 }} }}\n\
         train: {{ steps: 3, batch: 2, segment_samples: 500, device: cpu, workers: 1 }}\n\
         out: {0}/run\n",
        folder.display()
    );
    std::fs::write(&file, text).unwrap();
    Config::load(&file).unwrap()
}

#[test]
fn a_finished_run_is_only_replaced_by_one_that_was_allowed_to_and_took_a_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = toy_config(folder.path());
    let train = |config: &Config, begin, stop: bool| {
        session::run(config, begin, &AtomicBool::new(stop), &mut Progress::silent(), &|_| {})
    };
    // Stopped before the first step, there is nothing to export.
    let error = train(&config, Begin::Fresh, true).unwrap_err();
    assert!(matches!(&error, TrainerError::NoSteps { .. }), "{error}");
    assert!(error.to_string().contains("before its first step"), "{error}");
    let files = || {
        let names = ["run.onnx", "last.safetensors", "previous.safetensors"];
        names.map(|name| std::fs::read(config.out.join(name)).ok())
    };
    assert_eq!(files(), [None, None, None]);
    train(&config, Begin::Fresh, false).unwrap();
    let first = files();
    assert!(first[0].is_some() && first[1].is_some() && first[2].is_none());
    let error = train(&config, Begin::Fresh, false).unwrap_err().to_string();
    for word in ["run holds an earlier run", "--resume", "--out", "--overwrite"] {
        assert!(error.contains(word), "`{word}` is missing: {error}");
    }
    let error = train(&config, Begin::Overwrite, true).unwrap_err();
    assert!(matches!(error, TrainerError::NoSteps { .. }), "{error}");
    assert_eq!(files(), first);
    // Going on and stopping at once exports what the earlier run had learned.
    assert_eq!(train(&config, Begin::Resume, true).unwrap().outcome.steps, 3);
    assert_eq!(files()[0], first[0]);
    config.train.seed = 2;
    assert_eq!(train(&config, Begin::Overwrite, false).unwrap().outcome.steps, 3);
    let second = ["run.onnx", "last.safetensors"].map(|name| std::fs::read(config.out.join(name)).ok());
    assert!(second[0] != first[0] && second[1] != first[1]);
}

#[test]
fn ffts_longer_than_a_short_recording_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = toy_config(folder.path());
    config.train.segment_samples = 100_000;
    config.train.loss.mrstft = 1.0;
    config.train.loss.mrstft_ffts = vec![512, 65_536];
    let stop = AtomicBool::new(true);
    let train = |config: &Config| {
        session::run(config, Begin::Fresh, &stop, &mut Progress::silent(), &|_| {}).unwrap_err().to_string()
    };
    let error = train(&config);
    for word in ["mrstft_ffts", "65536", "48000"] {
        assert!(error.contains(word), "`{word}` is missing: {error}");
    }
    config.train.loss.mrstft = 0.0;
    assert!(!train(&config).contains("mrstft"));
}

#[test]
fn a_network_without_a_nam_form_is_refused_before_it_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = toy_config(folder.path());
    config.nam = true;
    config.model = Network::Seed(SeedNetwork { channels: 2, blocks: 2, kernel_size: 3, causal: false });
    let never = AtomicBool::new(true);
    let run = session::run(&config, Begin::Fresh, &never, &mut Progress::silent(), &|_| {});
    let error = run.unwrap_err().to_string();
    assert!(error.contains("`nam`") && error.contains("centred"), "{error}");
}

#[test]
fn three_seconds_of_the_virtual_capture_become_a_model_that_every_engine_plays() {
    let folder = tempfile::tempdir().unwrap();
    let source = VirtualSource { seconds: 3.0, validation_seconds: 1.0, seed: 3, ..VirtualSource::default() };
    let text = "model: { seed: { channels: 8, blocks: 8 } }\ndata: { virtual: {} }\nout: x\n";
    let file = folder.path().join("tiny.yaml");
    std::fs::write(&file, text).unwrap();
    let mut config = Config::load(&file).unwrap();
    config.data = Data::Virtual(source);
    config.out = folder.path().join("tiny");
    config.train =
        Train { batch: 8, segment_samples: 2_048, steps: 150, device: DeviceChoice::Cpu, ..config.train };
    config.card.licence = "MIT OR Apache-2.0".into();
    config.nam = true;
    assert!(matches!(config.model, Network::Seed(_)));
    let stop = AtomicBool::new(false);
    let finished = session::run(&config, Begin::Fresh, &stop, &mut Progress::silent(), &|_| {}).unwrap();
    let o = &finished.outcome;
    assert!(o.esr < 0.35 * o.first_esr && o.esr < 0.3, "{} to {}", o.first_esr, o.esr);
    assert!((finished.distance.esr - o.esr).abs() < 1e-4 * o.esr, "{} {}", finished.distance.esr, o.esr);
    assert_eq!(finished.parity.len(), 2);
    for parity in &finished.parity {
        let difference = parity.difference.as_ref().unwrap();
        assert!(*difference <= 1e-5, "{}: {difference:e}", parity.engine);
    }
    assert_eq!(finished.parity[0].engine, EngineChoice::OnnxRuntime);
    let model = Model::load(&config.out.join("tiny.onnx")).unwrap();
    assert_eq!(model.card.name, "tiny");
    assert_eq!(model.card.esr, Some(o.esr));
    assert!((-60.0..0.0).contains(&model.card.loudness_dbfs.unwrap()), "{:?}", model.card);
    // The same for Neural Amp Modeler's players.
    let nam = finished.nam.unwrap();
    assert_eq!(nam, config.out.join("tiny.nam"));
    assert!(std::fs::read(&nam).unwrap().starts_with(b"{"));
    let nam = Model::load(&nam).unwrap();
    assert_eq!(nam.card, model.card);
    let input: Vec<f32> = (0..4_800).map(|i| (i as f32 * 0.03).sin() * 0.5).collect();
    let [a, b] = [&model, &nam].map(|model| {
        let mut engine = shared::engine::build(model, EngineChoice::Native).unwrap();
        let mut output = vec![0.0; input.len()];
        engine.process(&input, &mut output);
        output
    });
    let apart = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart <= 1e-6, "{apart:e}");
    // The same once more, to the bit; and another seed is another model.
    config.out = folder.path().join("again");
    let again = session::run(&config, Begin::Fresh, &stop, &mut Progress::silent(), &|_| {}).unwrap();
    assert_eq!(again.outcome.weights, o.weights);
}
