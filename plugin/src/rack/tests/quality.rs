//! Models with several sizes, and the quality that chooses among them.

use super::*;
use nih_plug::prelude::Param;
use shared::model::{Size, Slimmable};
use std::path::{Path, PathBuf};

/// Where the three sizes end.
const BELOW: [f64; 3] = [0.25, 0.75, 1.0];

/// Three sizes that sound different.
fn slimmable() -> Model {
    let sizes = BELOW.into_iter().enumerate().map(|(i, below)| {
        let spec = WaveNetSpec::nam_a1(2 + i, 1, &[vec![1, 2, 4], vec![8]]);
        let mut rng = ChaCha8Rng::seed_from_u64(i as u64);
        let weights = (0..spec.weight_count()).map(|_| rng.random_range(-0.7..0.7)).collect();
        let mut net = spec;
        net.head_scale = 0.5;
        Size { below, network: Network::WaveNet(WaveNet::new(net, weights).unwrap()), loudness_dbfs: None }
    });
    let network = Network::Slimmable(Slimmable::new(sizes.collect()).unwrap());
    Model { card: Card { name: "Three sizes".into(), ..Card::default() }, network }
}

fn saved(folder: &Path) -> PathBuf {
    let path = folder.join("slimmable.nam");
    slimmable().save(&path).unwrap();
    path
}

/// What a quality makes of a signal, computed without the rack.
fn sized(quality: f64, input: &[f32]) -> Vec<f32> {
    let model = slimmable().at_quality(quality);
    let mut engine = shared::engine::build_at(&model, EngineChoice::Native, 48_000.0, 512).unwrap();
    let mut output = vec![0.0; input.len()];
    engine.process(input, &mut output);
    output
}

fn playing(folder: &Path) -> Amp {
    let mut amp = Amp::new(FORMAT);
    amp.desk.set_file(Part::Model, Some(saved(folder)));
    amp.desk.set_slot(Part::Model, OWN_FILE_SLOT);
    amp.settle();
    assert_eq!((amp.error(), amp.name().as_str()), (None, "Three sizes"));
    // The fade from the default amp.
    amp.run(&noise(2, 4800, 30), 512, Controls::NEUTRAL);
    amp
}

fn chosen(amp: &Amp) -> Option<usize> {
    amp.loader.status().get().playing.and_then(|p| p.sizes).map(|s| s.chosen)
}

#[test]
fn a_quality_plays_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let mut amp = playing(folder.path());
    let input = noise(2, 2000, 31);
    let full = sized(1.0, &input[0]);
    for (quality, size) in [(1.0, 2), (0.0, 0), (0.249, 0), (0.25, 1), (0.749, 1), (0.75, 2)] {
        amp.desk.set_quality(Quality::new(quality));
        amp.settle();
        assert_eq!(chosen(&amp), Some(size), "{quality}");
        // What remains of the fade, then from silence.
        amp.run(&noise(2, 2000, 32), 512, Controls::NEUTRAL);
        amp.rack.reset();
        let output = amp.run(&input, 512, Controls::NEUTRAL);
        assert!(difference(&output[0], &sized(f64::from(quality), &input[0])) < 1e-6, "{quality}");
        assert_eq!(difference(&output[0], &full) > 1e-3, size != 2, "the sizes sound different");
    }
}

#[test]
fn another_size_fades_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut amp = playing(folder.path());
    amp.rack.reset();
    let input = noise(2, 9600, 33);
    let [head, tail] = [0..4800, 4800..9600].map(|part: std::ops::Range<usize>| {
        input.iter().map(|c| c[part.clone()].to_vec()).collect::<Vec<_>>()
    });
    amp.run(&head, 512, Controls::NEUTRAL);
    amp.desk.set_quality(Quality::LEAST);
    amp.settle();
    let output = amp.run(&tail, 512, Controls::NEUTRAL);
    let old = sized(1.0, &input[0])[4800..].to_vec();
    let new = sized(0.0, &tail[0]);
    let fade = 960;
    for i in (0..fade).step_by(37) {
        let share = (i + 1) as f32 / fade as f32;
        let expected = old[i] + share * (new[i] - old[i]);
        assert!((output[0][i] - expected).abs() < 1e-4, "{i}: {} {expected}", output[0][i]);
    }
    assert!(difference(&output[0][fade..], &new[fade..]) < 1e-6);
}

#[test]
fn nothing_is_built_where_the_size_stays() {
    let folder = tempfile::tempdir().unwrap();
    let amp = playing(folder.path());
    amp.desk.set_quality(Quality::new(0.5));
    amp.settle();
    let before = (amp.loader.status().version(), chosen(&amp));
    for step in 0..=100 {
        amp.desk.set_quality(Quality::new(0.25 + 0.00499 * step as f32));
        assert!(amp.desk.is_settled(), "the loader is not even woken");
    }
    assert_eq!((amp.loader.status().version(), chosen(&amp)), before);
    amp.desk.set_quality(Quality::new(0.76));
    amp.settle();
    assert_eq!(chosen(&amp), Some(2));

    // A model of one size has nothing to choose from.
    amp.desk.set_slot(Part::Model, DEFAULT_SLOT);
    amp.settle();
    let before = amp.loader.status().version();
    for quality in [0.0, 0.5, 1.0, 0.1] {
        amp.desk.set_quality(Quality::new(quality));
        assert!(amp.desk.is_settled());
    }
    assert_eq!((amp.loader.status().version(), chosen(&amp)), (before, None));
    // But what was wished for then is chosen as soon as there is a choice.
    amp.desk.set_slot(Part::Model, OWN_FILE_SLOT);
    amp.settle();
    assert_eq!(chosen(&amp), Some(0));
}

#[test]
fn the_latest_quality_wins() {
    let folder = tempfile::tempdir().unwrap();
    let amp = playing(folder.path());
    let mut rng = ChaCha8Rng::seed_from_u64(34);
    for _ in 0..50 {
        let mut last = 0.0;
        for _ in 0..rng.random_range(1..20) {
            last = rng.random_range(0.0..=1.0);
            amp.desk.set_quality(Quality::new(last));
            std::thread::sleep(Duration::from_micros(rng.random_range(0..300)));
        }
        amp.settle();
        assert_eq!(
            chosen(&amp),
            Some(BELOW.iter().filter(|b| Quality::new(last).value() >= **b).count().min(2))
        );
    }
}

#[test]
fn a_session_comes_back_with_its_quality() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path());
    for early in [true, false] {
        let wish = |desk: &Desk| {
            desk.set_quality(Quality::new(0.3));
            desk.set_file(Part::Model, Some(path.clone()));
            desk.set_slot(Part::Model, OWN_FILE_SLOT);
        };
        let mut amp = Amp::restored(wish);
        if early {
            amp.settle();
            assert_eq!(chosen(&amp), Some(1), "shown before a host tells its format");
        }
        amp.prepare(FORMAT);
        let input = noise(2, 1000, 35);
        let output = amp.run(&input, 512, Controls::NEUTRAL);
        assert!(difference(&output[0], &sized(0.3, &input[0])) < 1e-6);
    }
}

#[test]
fn quality_begins_full_and_reads_as_percent() {
    let desk = Arc::new(Desk::new(DEFAULT_SLOT));
    let params = crate::params::TonewrightParams::new(&desk);
    assert_eq!(params.quality.normalized_value_to_string(0.25, true), "25.0 %");
    assert_eq!(params.quality.string_to_normalized_value("70 %"), Some(0.7));
    assert_eq!(desk.wish().quality, Quality::FULL, "what a session without it plays with");
}
