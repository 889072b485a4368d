//! Models with knobs, and the positions that are turned.

use super::two_knobs::two_knobs;
use super::*;
use crate::amp::{KNOBS, Status, UNTURNED, setting};
use std::path::{Path, PathBuf};

fn saved(folder: &Path) -> PathBuf {
    let path = folder.join("knobs.onnx");
    two_knobs().save(&path).unwrap();
    path
}

/// What two positions make of a signal, computed without the rack.
fn turned(positions: [f32; 2], input: &[f32]) -> Vec<f32> {
    let model = two_knobs();
    let settings: Vec<f32> =
        model.knobs().iter().zip(positions).map(|(knob, at)| setting(knob, at)).collect();
    let model = model.at_settings(&settings);
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
    assert_eq!((amp.error(), amp.name().as_str()), (None, "Two knobs"));
    // The fade from the default amp.
    amp.run(&noise(2, 4800, 51), 512, Controls::NEUTRAL);
    amp
}

fn turn(amp: &Amp, positions: [f32; 2]) {
    positions.into_iter().enumerate().for_each(|(at, position)| amp.desk.set_knob(at, position));
    amp.settle();
}

fn status(amp: &Amp) -> Status {
    amp.loader.status().get()
}

#[test]
fn a_position_plays_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let mut amp = playing(folder.path());
    let input = noise(2, 2000, 52);
    let usual = turned([UNTURNED; 2], &input[0]);
    for positions in [[0.5, 0.5], [0.0, 0.5], [1.0, 0.2], [0.333, 1.0], [0.5, 0.5]] {
        turn(&amp, positions);
        // What remains of the fade, then from silence.
        amp.run(&noise(2, 2000, 53), 512, Controls::NEUTRAL);
        amp.rack.reset();
        let output = amp.run(&input, 512, Controls::NEUTRAL);
        let apart = difference(&output[0], &turned(positions, &input[0]));
        assert!(apart < 1e-6, "{positions:?}: {apart}");
        assert_eq!(difference(&output[0], &usual) > 1e-2, positions != [0.5; 2], "settings sound different");
        assert_eq!(output[0].len(), output[1].len());
    }
}

#[test]
fn what_is_told_of_the_model_stays_while_a_knob_is_turned() {
    let folder = tempfile::tempdir().unwrap();
    let mut amp = playing(folder.path());
    // Once it has been played to, too.
    amp.settle();
    let before = status(&amp);
    let info = before.playing.clone().unwrap();
    assert_eq!(info.knobs, two_knobs().knobs());
    assert!(info.architecture.contains("knobs Gain, Tone"), "{}", info.architecture);
    turn(&amp, [0.9, 0.1]);
    amp.run(&noise(2, 2000, 54), 512, Controls::NEUTRAL);
    let after = status(&amp);
    // What playing to it tells comes after it plays.
    let known = |status: Status| status.playing.map(|info| ModelInfo { probe: None, ..info });
    assert_eq!(known(after), known(before));
    assert_eq!(amp.rack.changed_latency_samples(), None);
    assert_eq!(amp.desk.knobs()[..], two_knobs().knobs()[..]);
}

#[test]
fn another_model_begins_with_silence() {
    let folder = tempfile::tempdir().unwrap();
    let mut amp = playing(folder.path());
    // The same shape, so that what it remembers would fit.
    let mut other = two_knobs().at_settings(&[10.0, 0.0]);
    other.card.name = "No knobs".into();
    let path = folder.path().join("other.onnx");
    other.save(&path).unwrap();
    let input = noise(2, 4800, 56);
    amp.desk.set_file(Part::Model, Some(path));
    amp.settle();
    let output = amp.run(&input, 512, Controls::NEUTRAL);
    assert!(difference(&output[0][960..1000], &turned([1.0, 0.0], &input[0])[960..1000]) < 1e-6);
    assert!(amp.desk.knobs().is_empty());
}

#[test]
fn what_failed_is_not_tried_again_at_each_turn() {
    let folder = tempfile::tempdir().unwrap();
    let mut amp = playing(folder.path());
    let files = ["broken.onnx", "broken.wav"].map(|name| folder.path().join(name));
    for (part, file) in [Part::Model, Part::CabA].into_iter().zip(&files) {
        std::fs::write(file, "neither a model nor a response").unwrap();
        amp.desk.set_file(part, Some(file.clone()));
    }
    amp.desk.set_slot(Part::CabA, OWN_FILE_SLOT);
    amp.settle();
    let before = status(&amp);
    assert!(before.error.is_some());
    // Whoever reads them again finds other ones.
    Factory::in_slot(DEFAULT_SLOT).unwrap().load().unwrap().save(&files[0]).unwrap();
    std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/cabinets/closed_2x12.wav"), &files[1])
        .unwrap();
    turn(&amp, [1.0, 0.2]);
    let after = status(&amp);
    assert_eq!((amp.name().as_str(), &after.error), ("Two knobs", &before.error));
    assert_eq!(after.cabs, before.cabs);
    amp.run(&noise(2, 2000, 64), 512, Controls::NEUTRAL);
    amp.rack.reset();
    let input = noise(2, 1000, 65);
    let output = amp.run(&input, 512, Controls::NEUTRAL);
    assert!(difference(&output[0], &turned([1.0, 0.2], &input[0])) < 1e-6, "it is turned");
    // Whoever asks for them again does.
    amp.desk.look_again();
    amp.settle();
    assert_ne!(amp.name(), "Two knobs");
}

#[test]
fn the_last_position_wins_and_few_are_built_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut amp = playing(folder.path());
    for step in 0..=1000 {
        amp.desk.set_knob(0, 0.001 * step as f32);
    }
    amp.settle();
    amp.run(&noise(2, 4800, 58), 512, Controls::NEUTRAL);
    amp.rack.reset();
    let input = noise(2, 1000, 59);
    let output = amp.run(&input, 512, Controls::NEUTRAL);
    assert!(difference(&output[0], &turned([1.0, 0.5], &input[0])) < 1e-6);
}

#[test]
fn a_model_without_that_knob_is_not_built_anew() {
    let folder = tempfile::tempdir().unwrap();
    let amp = playing(folder.path());
    let still = |amp: &Amp, knobs: std::ops::Range<usize>| {
        let before = amp.loader.status().version();
        for at in knobs {
            for position in [0.0, f32::NAN, f32::INFINITY, 1.0] {
                amp.desk.set_knob(at, position);
                assert!(amp.desk.is_settled(), "the loader is not even woken");
            }
        }
        assert_eq!(amp.loader.status().version(), before);
    };
    still(&amp, 2..KNOBS);
    amp.desk.set_slot(Part::Model, DEFAULT_SLOT);
    amp.settle();
    still(&amp, 0..KNOBS);
    // What was turned meanwhile counts as soon as there is a knob for it.
    amp.desk.set_slot(Part::Model, OWN_FILE_SLOT);
    amp.settle();
    let mut amp = amp;
    amp.run(&noise(2, 2000, 60), 512, Controls::NEUTRAL);
    amp.rack.reset();
    let input = noise(2, 1000, 61);
    let output = amp.run(&input, 512, Controls::NEUTRAL);
    assert!(difference(&output[0], &turned([1.0, 1.0], &input[0])) < 1e-6);
}

#[test]
fn a_session_comes_back_with_its_knobs() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path());
    let mut amp = Amp::restored(|desk| {
        desk.set_knob(0, 0.8);
        desk.set_file(Part::Model, Some(path));
        desk.set_slot(Part::Model, OWN_FILE_SLOT);
    });
    amp.settle();
    assert_eq!(amp.desk.knobs().len(), 2, "shown before a host tells its format");
    amp.prepare(FORMAT);
    let input = noise(2, 1000, 62);
    let output = amp.run(&input, 512, Controls::NEUTRAL);
    assert!(difference(&output[0], &turned([0.8, 0.5], &input[0])) < 1e-6);
}

#[test]
fn a_rendering_does_not_depend_on_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let render = |pause: Duration| {
        let mut amp = playing(folder.path());
        amp.desk.set_offline(true);
        amp.rack.reset();
        let input = noise(2, 9600, 63);
        let mut output = Vec::new();
        for (step, at) in (0..9600).step_by(240).enumerate() {
            amp.desk.set_knob(0, step as f32 / 40.0);
            amp.settle();
            std::thread::sleep(pause);
            let part: Vec<Vec<f32>> = input.iter().map(|c| c[at..at + 240].to_vec()).collect();
            output.extend(amp.run(&part, 240, Controls::NEUTRAL).swap_remove(0));
        }
        output
    };
    assert_eq!(render(Duration::ZERO), render(Duration::from_millis(3)));
}
