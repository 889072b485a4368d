//! Gear with knobs: the gradient of what follows them, recordings that do not hear each other, and a run from a table to a model.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use shared::audio::write_wav;
use shared::engine::{self, EngineChoice};
use shared::model::nam::Version;
use shared::model::{Knob, Model, Network, ParametricSpec, WaveNetSpec};
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::{largest_difference, noise, random_weights};
use trainer::config::Config;
use trainer::data::{Pair, Part};
use trainer::device::Device;
use trainer::gradient::{self, BackendChoice, Setup};
use trainer::knobs::initial_weights;
use trainer::loss::{Loss, LossWeights};
use trainer::progress::Progress;
use trainer::session::{self, Begin, Finished};
use trainer::shape::Shape;

const SEGMENT: usize = 300;

fn spec() -> ParametricSpec {
    let knob = |name: &str| Knob { name: name.into(), lowest: 0.0, highest: 10.0, default: 4.0 };
    ParametricSpec {
        network: WaveNetSpec::seed(3, 3, 3, true),
        knobs: vec![knob("Gain"), knob("Tone")],
        features: 2,
    }
}

/// Three recordings of a waveshaper with a gain, the last one much quieter.
fn part(network: &WaveNetSpec) -> Part {
    let takes = [[0.0, 5.0], [10.0, 0.0], [6.0, 10.0]].into_iter().enumerate();
    let take = |(i, settings): (usize, [f32; 2])| {
        let input = noise(1_000, 0.5, i as u64);
        let level = if i == 2 { 0.01 } else { 0.3 };
        let target = input.iter().map(|x| level * ((1.0 + settings[0]) * x).tanh()).collect();
        let pair = Pair { input, target, rate_hz: 48_000 };
        (Part::new(&pair, 0, network.receptive_field_samples(), 0), settings.to_vec())
    };
    Part::join(takes.map(take).collect())
}

fn setup(shape: &Shape, workers: usize) -> Setup<'_> {
    let part = part(shape.network());
    let weights = LossWeights {
        esr: 0.7,
        pre_emphasis: 0.85,
        plain_esr: 1.0,
        dc: 0.5,
        mrstft: 0.0,
        mrstft_ffts: vec![256],
    };
    Setup {
        shape,
        loss: Loss::new(&weights, part.target()),
        part: Arc::new(part),
        segment_samples: SEGMENT,
        batch: 4,
        workers,
    }
}

fn weights(spec: &ParametricSpec) -> Vec<f32> {
    let mut weights = initial_weights(spec, &random_weights(&spec.network, 3), 1);
    let plain = spec.network.weight_count();
    let turned = weights.len() - spec.features * plain;
    for (j, row) in weights[turned..].chunks_exact_mut(plain).enumerate() {
        let random = random_weights(&spec.network, 10 + j as u64);
        row.iter_mut().zip(random).for_each(|(w, r)| *w = 0.4 * r);
    }
    weights
}

#[test]
fn the_gradient_is_the_slope_of_the_loss() {
    support::round_alike();
    let spec = spec();
    let weights = weights(&spec);
    let shape = Shape::Knobs(spec.clone());
    // One start before, one behind and one across the end of a recording.
    let starts = [0, 1_014 + 800, 2_100, 900];
    for choice in [BackendChoice::Kernel, BackendChoice::Libtorch] {
        let mut backend = gradient::build(&setup(&shape, 2), choice, Device::CPU).unwrap();
        let mut found = vec![0.0; weights.len()];
        backend.gradient(&weights, &starts, &mut found).unwrap();
        let mut unused = vec![0.0; weights.len()];
        let mut loss = |weights: &[f32]| backend.gradient(weights, &starts, &mut unused).unwrap().loss;
        for tensor in spec.tensors() {
            let range = tensor.range();
            let own = &found[range.clone()];
            let largest =
                range.start + (0..own.len()).max_by(|&a, &b| own[a].abs().total_cmp(&own[b].abs())).unwrap();
            let step = 2e-3f32;
            let mut moved = weights.clone();
            moved[largest] = weights[largest] + step;
            let above = loss(&moved);
            moved[largest] = weights[largest] - step;
            let slope = (above - loss(&moved)) / f64::from(2.0 * step);
            let found = f64::from(found[largest]);
            assert!((slope - found).abs() < 0.02 * slope.abs() + 1e-4, "{}: {slope} {found}", tensor.name);
            assert!(found.abs() > 1e-4, "{}: no gradient", tensor.name);
        }
    }
}

#[test]
fn recordings_do_not_hear_each_other() {
    let spec = spec();
    let weights = weights(&spec);
    let shape = Shape::Knobs(spec.clone());
    let mut backend = gradient::build(&setup(&shape, 2), BackendChoice::Kernel, Device::CPU).unwrap();
    let whole = part(&spec.network);
    let output = backend.predict(&weights, &whole).unwrap();
    assert_eq!(whole.takes().len(), 3);
    for take in whole.takes() {
        let net =
            shared::model::WaveNet::new(spec.network.clone(), spec.weights_at(&weights, &take.settings))
                .unwrap();
        let model = Model { card: Default::default(), network: Network::WaveNet(net) };
        let mut engine = engine::build(&model, EngineChoice::Native).unwrap();
        engine.prepare(48_000.0, 256).unwrap();
        let input = &whole.input()[whole.context_samples() + take.range.start..][..take.range.len()];
        let mut alone = vec![0.0; input.len()];
        engine.process(input, &mut alone);
        let apart = largest_difference(&alone, &output[take.range.clone()]);
        assert!(apart < 1e-5, "{:?}: {apart:e}", take.settings);
    }
    // What lies between is nobody's.
    assert!(output[1_000..whole.takes()[1].range.start].iter().all(|y| *y == 0.0));
}

#[test]
fn every_segment_lies_in_one_recording() {
    let whole = part(&spec().network);
    for start in 0..whole.len() {
        let (placed, take) = whole.place(start, SEGMENT);
        let range = &whole.takes()[take].range;
        assert!(range.start <= placed && placed + SEGMENT <= range.end, "{start} became {placed}");
    }
}

fn train(config: &Config) -> Result<Finished, trainer::TrainerError> {
    let stop = AtomicBool::new(false);
    session::run(config, Begin::Fresh, &stop, &mut Progress::silent(), &|_| {})
}

fn config(folder: &Path, data: &str) -> Config {
    let file = folder.join("amp.yaml");
    let text = format!(
        "model: {{ seed: {{ channels: 4, blocks: 4 }} }}\ndata: {data}\ntrain: {{ batch: 8, segment_samples: 512, steps: 400, device: cpu }}\nout: {}\n",
        folder.join("out").display()
    );
    std::fs::write(&file, text).unwrap();
    Config::load(&file).unwrap()
}

#[test]
fn a_table_of_recordings_becomes_a_model_with_knobs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, signal: &[f32]| write_wav(&at(name), &[signal], 8_000).unwrap();
    let input = noise(24_000, 0.4, 1);
    write("in.wav", &input);
    let mut table = "input,target,Drive\n".to_owned();
    for drive in [0.0f32, 2.0, 5.0, 10.0] {
        let name = format!("drive{drive}.wav");
        write(&name, &input.iter().map(|x| 0.3 * ((1.0 + drive) * x).tanh()).collect::<Vec<_>>());
        table += &format!("in.wav,{name},{drive}\n");
    }
    std::fs::write(at("amp.csv"), table).unwrap();
    let table = at("amp.csv");
    let data = format!("{{ knobs: {{ table: {}, validation_seconds: 1 }} }}", table.display());
    let finished = train(&config(folder.path(), &data)).unwrap();
    assert_eq!(finished.settings.len(), 4);
    let outcome = &finished.outcome;
    assert!(
        outcome.esr < 0.1 * outcome.first_esr && outcome.esr < 0.1,
        "{} {}",
        outcome.first_esr,
        outcome.esr
    );
    for parity in &finished.parity {
        assert!(*parity.difference.as_ref().unwrap() <= 1e-5);
    }
    let model = Model::load(&finished.path).unwrap();
    let knob = Knob { name: "Drive".into(), lowest: 0.0, highest: 10.0, default: 5.0 };
    assert_eq!(model.knobs(), [knob]);
    // Turned up, it is louder for a quiet guitar; at a chosen setting it is a `.nam` file.
    let level = |setting: f32| {
        let chosen =
            Model::from_nam(&model.at_settings(&[setting]).to_nam(Version::V0_7_0).unwrap(), "x").unwrap();
        let mut engine = engine::build(&chosen, EngineChoice::Native).unwrap();
        engine.prepare(8_000.0, 256).unwrap();
        let quiet: Vec<f32> = noise(2_000, 0.05, 9);
        let mut output = vec![0.0; quiet.len()];
        engine.process(&quiet, &mut output);
        trainer::data::power(&output)
    };
    let levels = [0.0, 3.0, 10.0].map(level);
    assert!(levels[2] > 1.5 * levels[1] && levels[1] > 1.5 * levels[0], "{levels:?}");

    // Training begins with all of it where the knobs are the same, and with what plays at its defaults where they are not.
    let pair = format!(
        "{{ pair: {{ input: {}, target: {}, validation_seconds: 1 }} }}",
        at("in.wav").display(),
        at("drive5.wav").display()
    );
    let fewer = data.replace("validation_seconds", "features: 2, validation_seconds");
    for (i, (data, words)) in
        [(&data, "knobs and all"), (&pair, "knobs' defaults"), (&fewer, "with 4 features, those trained now")]
            .into_iter()
            .enumerate()
    {
        let mut config = config(folder.path(), data);
        config.out = at(&format!("from{i}"));
        (config.train.steps, config.train.learning_rate) = (1, 1e-9);
        config.train.from = Some(finished.path.clone());
        let (stop, said) = (AtomicBool::new(false), RefCell::new(String::new()));
        let say = |line: &str| said.borrow_mut().push_str(line);
        let second = session::run(&config, Begin::Fresh, &stop, &mut Progress::silent(), &say).unwrap();
        assert!(said.borrow().contains(words), "{words}: {}", said.borrow());
        if i < 2 {
            let (before, after) = (outcome.esr, second.outcome.first_esr);
            assert!(after < 1.2 * before, "{i}: {before} {after}");
            continue;
        }
        // Of the other settings it knows nothing yet.
        let at_default = |run: &Finished| run.settings.iter().find(|(at, _)| at[..] == [5.0]).unwrap().1;
        assert!(at_default(&second) < 1.2 * at_default(&finished), "{:?}", second.settings);
    }
}

#[test]
fn settings_nobody_recorded_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (data, expected) in [
        ("{ virtual: { drives: [2], seconds: 2 } }", "a knob needs two settings"),
        ("{ virtual: { drives: [2, 5], held_out_drives: [6], seconds: 2 } }", "beyond the 2 to 5"),
    ] {
        let error = train(&config(folder.path(), data)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
