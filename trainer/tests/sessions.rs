//! What a session makes of packed networks, of other models' weights and of other sample rates.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use shared::engine::EngineChoice;
use shared::model::{Model, Network, WaveNet, WaveNetSpec};
use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use support::toy::toy;
use tempfile::tempdir;
use trainer::TrainerError;
use trainer::config::Config;
use trainer::folder::RunFolder;
use trainer::progress::Progress;
use trainer::session::{self, Begin, Finished};

/// A config for a network and a recording of that rate that lies in `folder`.
fn config(folder: &Path, model: &str, rate_hz: u32) -> Config {
    let pair = toy(2 * rate_hz as usize, 1);
    support::wav(&folder.join("input.wav"), &pair.input, rate_hz);
    support::wav(&folder.join("target.wav"), &pair.target, rate_hz);
    let text = format!(
        "model: {model}\n\
         data: {{ pair: {{ input: {0}/input.wav, target: {0}/target.wav, validation_seconds: 1 }} }}\n\
         train: {{ steps: 12, batch: 2, segment_samples: 500, device: cpu, workers: 2 }}\n\
         out: {0}/run\n",
        folder.display()
    );
    let file = folder.join("config.yaml");
    std::fs::write(&file, text).unwrap();
    Config::load(&file).unwrap()
}

fn run(config: &Config, begin: Begin) -> Result<(Finished, String), TrainerError> {
    let said = RefCell::new(String::new());
    let say = |line: &str| {
        said.borrow_mut().push_str(line);
        said.borrow_mut().push('\n');
    };
    let finished = session::run(config, begin, &AtomicBool::new(false), &mut Progress::silent(), &say)?;
    Ok((finished, said.into_inner()))
}

fn play(model: &Model) -> Vec<f32> {
    let input = support::noise(2_000, 0.5, 9);
    let mut engine = shared::engine::build(model, EngineChoice::Native).unwrap();
    let mut output = vec![0.0; input.len()];
    engine.process(&input, &mut output);
    output
}

const PACKED: &str =
    "{ packed: [ { seed: { channels: 4, blocks: 3 } }, { seed: { channels: 2, blocks: 2 } } ] }";

#[test]
fn a_packed_network_becomes_one_file_with_a_dial() {
    let folder = tempdir().unwrap();
    let config = config(folder.path(), PACKED, 8_000);
    let (finished, _) = run(&config, Begin::Fresh).unwrap();
    let small = &finished.smaller[0];
    assert_eq!(small.path, config.out.join(format!("run-{}.onnx", small.outcome.weights.len())));
    assert!(small.outcome.weights.len() < finished.outcome.weights.len());
    let packed = Model::load(&finished.nam.unwrap()).unwrap();
    let Network::Slimmable(slimmable) = &packed.network else { panic!("{:?}", packed.network) };
    assert_eq!(slimmable.sizes().len(), 2);
    for (quality, path, outcome) in
        [(0.0, &small.path, &small.outcome), (1.0, &finished.path, &finished.outcome)]
    {
        let (size, alone) = (packed.at_quality(quality), Model::load(path).unwrap());
        assert_eq!(alone.card.esr, Some(outcome.esr));
        assert!(outcome.esr < outcome.first_esr);
        assert_eq!(size.card.loudness_dbfs, alone.card.loudness_dbfs);
        assert!(support::largest_difference(&play(&size), &play(&alone)) < 1e-6);
    }
    // Resumed after its end it is what it was, and an out folder with it is nobody else's.
    let (again, said) = run(&config, Begin::Resume).unwrap();
    assert!(said.contains("going on after step 12"), "{said}");
    assert_eq!(again.smaller[0].outcome.weights, small.outcome.weights);
    assert!(matches!(run(&config, Begin::Fresh), Err(TrainerError::EarlierRun { .. })));
}

#[test]
fn no_model_of_a_replaced_run_stays_beside_the_new_one() {
    let folder = tempdir().unwrap();
    let packed = config(folder.path(), PACKED, 8_000);
    let (first, _) = run(&packed, Begin::Fresh).unwrap();
    let (small, nam) = (&first.smaller[0].path, first.nam.unwrap());
    // Copies of one's own: one tells other weights than it holds, one has another name.
    let own = ["run-2.onnx", "other.nam"].map(|name| packed.out.join(name));
    for path in &own {
        std::fs::copy(small, path).unwrap();
    }
    let plain = config(folder.path(), "{ seed: { channels: 3, blocks: 2 } }", 8_000);
    let (second, said) = run(&plain, Begin::Overwrite).unwrap();
    assert!(second.path.exists() && !small.exists() && !nam.exists());
    for path in [small, &nam] {
        assert!(said.contains(&format!("removed {}", path.display())), "{said}");
    }
    assert!(own.iter().all(|path| path.exists()) && said.matches("removed").count() == 2, "{said}");
    // What the new run writes itself is its own.
    let (third, said) = run(&packed, Begin::Overwrite).unwrap();
    assert!(third.smaller[0].path.exists() && third.nam.unwrap().exists() && !said.contains("removed"));
}

#[test]
fn the_packed_config_is_both_sizes_of_a2() {
    let config = Config::load(&support::configs().join("packed.yaml")).unwrap();
    assert_eq!(config.model.specs().unwrap(), [3, 8].map(WaveNetSpec::nam_a2));
    assert_eq!(config.model.spec().unwrap(), WaveNetSpec::nam_a2(8));
}

#[test]
fn impossible_packs_are_refused() {
    let folder = tempdir().unwrap();
    config(folder.path(), "nam_standard", 8_000);
    let file = folder.path().join("config.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    for (packed, words) in [
        ("[ nam_standard ]", "1 sizes"),
        ("[ nam_standard, nam_standard ]", "two sizes have"),
        ("[ nam_standard, { packed: [] } ]", "packed itself"),
        ("[ nam_standard, { seed: { causal: false } } ]", "ahead"),
    ] {
        std::fs::write(&file, text.replace("nam_standard", &format!("{{ packed: {packed} }}"))).unwrap();
        let error = Config::load(&file).unwrap_err().to_string();
        assert!(error.contains("`packed`") && error.contains(words), "{packed}: {error}");
    }
}

#[test]
fn training_begins_with_another_models_weights() {
    let folder = tempdir().unwrap();
    let mut config = config(folder.path(), "{ nam_a1: { channels: [2, 2] } }", 8_000);
    config.nam = true;
    config.train.steps = 60;
    let (first, _) = run(&config, Begin::Fresh).unwrap();
    config.train.steps = 1;
    config.train.learning_rate = 1e-9;
    for (i, file) in [first.path, first.nam.unwrap()].into_iter().enumerate() {
        config.train.from = Some(file);
        config.out = folder.path().join(format!("from{i}"));
        let (second, said) = run(&config, Begin::Fresh).unwrap();
        // The level is brought to that of the part to train from, which moves the held-out error a little.
        let (before, after) = (first.outcome.esr, second.outcome.first_esr);
        assert!(after < 1.05 * before, "{before} {after}");
        assert!(after < 0.8 * first.outcome.first_esr, "{after}");
        assert!(said.contains("beginning with") && said.contains("dB"), "{said}");
    }
}

#[test]
fn a_louder_inverted_model_is_turned_down_and_over() {
    let folder = tempdir().unwrap();
    let mut config = config(folder.path(), "{ seed: { channels: 4, blocks: 3 } }", 8_000);
    config.train.steps = 60;
    let (first, _) = run(&config, Begin::Fresh).unwrap();
    let Network::WaveNet(net) = &first.model.network else { panic!() };
    let mut spec = net.spec().clone();
    spec.head_scale *= -10.0;
    let network = Network::WaveNet(WaveNet::new(spec, net.weights().to_vec()).unwrap());
    let file = folder.path().join("louder.onnx");
    Model { network, ..first.model.clone() }.save(&file).unwrap();
    config.out = folder.path().join("second");
    config.train.from = Some(file);
    let (second, said) = run(&config, Begin::Fresh).unwrap();
    assert!(
        said.contains("turned down by") && said.contains("dB to this recording's level and inverted"),
        "{said}"
    );
    let (before, after) = (first.outcome.esr, second.outcome.first_esr);
    assert!(after < 1.05 * before && after < 0.8, "{before} {after}");
}

#[test]
fn weights_that_do_not_fit_are_refused_with_both_shapes() {
    let folder = tempdir().unwrap();
    let mut config = config(folder.path(), "{ seed: { channels: 4, blocks: 3 } }", 8_000);
    let save = |spec: &WaveNetSpec, rate_hz: f64| {
        let mut model = support::random_model(spec, 1);
        model.card.sample_rate_hz = rate_hz;
        model.save(&folder.path().join("other.onnx")).unwrap();
    };
    config.train.from = Some(folder.path().join("other.onnx"));
    save(&WaveNetSpec::seed(4, 2, 3, true), 8_000.0);
    let error = run(&config, Begin::Fresh).unwrap_err().to_string();
    for words in ["other.onnx", "another architecture", "2 layers of 4 channels", "3 layers of 4 channels"] {
        assert!(error.contains(words), "`{words}`: {error}");
    }
    save(&WaveNetSpec::seed(4, 3, 3, true), 48_000.0);
    let error = run(&config, Begin::Fresh).unwrap_err().to_string();
    assert!(error.contains("48000 Hz") && error.contains("8000 Hz"), "{error}");
    assert!(!config.out.exists(), "nothing was begun");
}

#[test]
fn every_rate_trains_with_a_field_as_long_in_time() {
    let longest = |model: &Model| match &model.network {
        Network::WaveNet(net) => net.spec().arrays[0].layers.iter().map(|l| l.dilation).max().unwrap(),
        other => panic!("{other:?}"),
    };
    for (rate_hz, times) in [(44_100, 1.0), (88_200, 1.8375), (96_000, 2.0), (192_000, 4.0)] {
        let folder = tempdir().unwrap();
        let mut config = config(folder.path(), "{ seed: { channels: 2, blocks: 5 } }", rate_hz);
        config.train.steps = 3;
        let (finished, said) = run(&config, Begin::Fresh).unwrap();
        let model = &finished.model;
        assert_eq!(model.card.sample_rate_hz, f64::from(rate_hz));
        // More than in proportion, as the shortest dilations stay as they are.
        let stretch = longest(model) as f64 / 16.0;
        assert!((times..=1.4 * times).contains(&stretch), "{rate_hz}: {stretch}");
        assert_eq!(said.contains("scale_dilations"), rate_hz > 48_000, "{said}");
        let expected_ms = 63.0 / 48.0;
        let ms = model.receptive_field_samples().unwrap() as f64 / f64::from(rate_hz) * 1e3;
        let slack = if rate_hz > 48_000 { 0.03 } else { 0.1 };
        assert!((ms / expected_ms - 1.0).abs() < slack, "{rate_hz}: {ms} ms");
        for parity in &finished.parity {
            assert!(*parity.difference.as_ref().unwrap() <= 1e-5, "{rate_hz} {:?}", parity.engine);
        }
        if rate_hz == 96_000 {
            config.scale_dilations = false;
            assert_eq!(longest(&run(&config, Begin::Overwrite).unwrap().0.model), 16);
        }
    }
}

#[test]
fn a_folder_belongs_to_one_run_at_a_time() {
    let folder = tempdir().unwrap();
    let config = config(folder.path(), "{ seed: { channels: 2, blocks: 2 } }", 8_000);
    let other = RunFolder::open(&config.out, &|_| {}).unwrap();
    for begin in [Begin::Fresh, Begin::Overwrite, Begin::Resume] {
        let error = run(&config, begin).unwrap_err();
        assert!(matches!(error, TrainerError::Busy { .. }), "{error}");
        let error = error.to_string();
        assert!(
            error.contains("another run") && error.contains(&config.out.display().to_string()),
            "{error}"
        );
    }
    drop(other);
    // The file that was locked is no earlier run.
    run(&config, Begin::Fresh).unwrap();
}

#[test]
fn a_folder_that_takes_no_checkpoint_is_refused_before_anything_is_read() {
    let folder = tempdir().unwrap();
    let config = config(folder.path(), "{ seed: { channels: 2, blocks: 2 } }", 8_000);
    std::fs::create_dir_all(config.out.join("last.safetensors")).unwrap();
    std::fs::remove_file(folder.path().join("input.wav")).unwrap();
    let error = run(&config, Begin::Overwrite).unwrap_err().to_string();
    assert!(error.contains("last.safetensors") && error.contains("folder"), "{error}");
    std::fs::remove_dir_all(&config.out).unwrap();
    std::fs::write(&config.out, "a file").unwrap();
    let error = run(&config, Begin::Fresh).unwrap_err().to_string();
    assert!(error.contains("this is a file") && error.contains("--out"), "{error}");
}
