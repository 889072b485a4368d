//! What plays when a wish cannot be fulfilled, and what is done about models that misbehave.

use super::*;
use crate::amp::{Origin, SavedSource};
use crate::session::Nowhere;
use std::path::Path;

/// Wishes for the player's own file, as a session does.
fn own_file(desk: &Desk, file: &Path) {
    desk.set_source(Part::Model, SavedSource { path: Some(file.to_owned()), ..SavedSource::default() });
    desk.set_slot(Part::Model, OWN_FILE_SLOT);
}

/// Both orders of events: the loader looks at a session's wishes before the host tells the format,
/// and after.
fn restore_in_both_orders(wish: impl Fn(&Desk), check: impl Fn(&mut Amp)) {
    let mut early = Amp::restored(&wish);
    early.settle();
    early.prepare(FORMAT);
    check(&mut early);
    let mut late = Amp::restored(|desk| {
        wish(desk);
        desk.set_format(FORMAT);
    });
    late.prepare(FORMAT);
    check(&mut late);
    // And a host that activates first and loads the session afterwards.
    let mut after = Amp::new(FORMAT);
    wish(&after.desk);
    after.prepare(FORMAT);
    check(&mut after);
}

fn assert_plays(amp: &mut Amp, slot: usize) {
    let input = noise(2, 1000, 20);
    let output = amp.run(&input, 512, Controls::NEUTRAL);
    assert!(difference(&output[0], &reference(slot, &input[0])) < 1e-5);
    assert_eq!(amp.loader.status().get().slot, slot);
}

/// A model with the weights of a factory model, as a file that only ONNX Runtime can play.
fn unknown_graph() -> Vec<u8> {
    let mut bytes = MODELS[0].load().unwrap().to_onnx();
    // Other names of the same length keep the protobuf valid: the description of the network is
    // not found, and the file is not one of ours, which would be refused without it.
    let mut rename = |from: &[u8], to: &[u8]| {
        let at = bytes.windows(from.len()).rposition(|w| w == from).unwrap();
        bytes[at..at + from.len()].copy_from_slice(to);
    };
    rename(b"architecture", b"aRCHITECTURE");
    let producer = bytes.windows(10).position(|w| w == b"tonewright").unwrap();
    bytes[producer..producer + 10].copy_from_slice(b"somebody's");
    bytes
}

fn has_onnx_runtime() -> bool {
    shared::engine::onnxruntime::library_candidates().iter().any(|p| p.exists())
}

/// A network whose output is its input's, times `scale` and more.
fn scaled(scale: f32) -> Model {
    let spec = WaveNetSpec { head_scale: scale, ..WaveNetSpec::seed(4, 2, 3, true) };
    let weights = vec![0.5; spec.weight_count()];
    let network = Network::WaveNet(WaveNet::new(spec, weights).unwrap());
    Model { card: Card { name: "Loud".into(), ..Card::default() }, network }
}

/// The guitar as it is, and what is said of it.
fn assert_dry(amp: &mut Amp) -> String {
    let input = noise(2, 1000, 20);
    let output = amp.run(&input, 512, Controls::NEUTRAL);
    assert!(output.iter().zip(&input).all(|(output, input)| difference(output, input) < 1e-6));
    let status = amp.loader.status().get();
    assert_eq!((status.playing, status.error), (None, None));
    let part = status.parts[Part::Model as usize].clone();
    assert_eq!(part.origin, Origin::Missing);
    part.problem.unwrap()
}

#[test]
fn a_session_whose_file_is_missing_passes_the_guitar_as_it_is() {
    restore_in_both_orders(
        |desk| own_file(desk, Path::new("/no/such/folder/mine.onnx")),
        |amp| assert!(assert_dry(amp).contains("mine.onnx")),
    );
}

#[test]
fn the_guitar_passes_as_late_as_through_an_amp() {
    for (sample_rate_hz, oversampling) in [(44_100.0, 1), (48_000.0, 4), (96_000.0, 1), (96_000.0, 2)] {
        let format = RackFormat { sample_rate_hz, ..FORMAT };
        let mut amp = Amp::restored(|desk| desk.set_oversampling(oversampling));
        amp.prepare(format);
        let latency = amp.rack.latency_samples();
        own_file(&amp.desk, Path::new("/no/such/folder/mine.onnx"));
        amp.prepare(format);
        assert_eq!(amp.rack.latency_samples(), latency);
        let input = noise(2, 3000, 21);
        let output = amp.run(&input, 512, Controls::NEUTRAL);
        let error = difference(&output[0][latency..], &input[0]);
        assert!(error < 1e-5, "{sample_rate_hz} Hz, {oversampling}x, {latency}: {error}");
    }
}

#[test]
fn a_session_whose_path_is_too_long_says_so_and_passes_the_guitar() {
    let path = "x".repeat(MAX_PATH_BYTES + 1);
    restore_in_both_orders(
        |desk| own_file(desk, Path::new(&path)),
        |amp| {
            let error = assert_dry(amp);
            assert!(error.contains("4097 bytes") && error.len() < 200, "{error}");
            assert_eq!(amp.desk.file(Part::Model).as_deref(), Some(Path::new(&path)), "it is saved again");
        },
    );
}

#[test]
fn a_session_whose_engine_cannot_play_its_model_plays_it_by_another_or_the_default_amp() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.onnx");
    std::fs::write(&path, unknown_graph()).unwrap();
    restore_in_both_orders(
        |desk| {
            own_file(desk, &path);
            desk.set_engine(EngineChoice::Native);
        },
        |amp| {
            assert!(amp.error().unwrap().contains("native engine"));
            let playing = amp.loader.status().get().playing.unwrap();
            let slot = if has_onnx_runtime() { OWN_FILE_SLOT } else { DEFAULT_SLOT };
            let kind = if has_onnx_runtime() { EngineKind::OnnxRuntime } else { EngineKind::Native };
            assert_eq!((amp.loader.status().get().slot, playing.engine), (slot, Some(kind)));
            // Both are the default amp, once as a graph.
            let input = noise(2, 1000, 21);
            let output = amp.run(&input, 512, Controls::NEUTRAL);
            assert!(difference(&output[0], &reference(DEFAULT_SLOT, &input[0])) < 1e-4);
        },
    );
}

#[test]
fn a_session_that_asks_for_a_missing_onnx_runtime_plays_its_model_all_the_same() {
    let slot = MODELS[3].slot;
    restore_in_both_orders(
        |desk| {
            desk.set_slot(Part::Model, slot);
            desk.set_engine(EngineChoice::OnnxRuntime);
        },
        |amp| {
            assert_eq!(amp.error().is_some(), !has_onnx_runtime(), "{:?}", amp.error());
            assert_plays(amp, slot);
        },
    );
}

#[test]
fn without_a_thread_nobody_waits_and_the_status_says_why() {
    let desk = Arc::new(Desk::new(DEFAULT_SLOT));
    let loader = Loader::start_by(desk.clone(), Arc::default(), Arc::new(Nowhere), |_| {
        Err(std::io::Error::other("no threads left"))
    });
    desk.set_format(FORMAT);
    assert!(desk.wait_until_settled(Duration::ZERO));
    assert!(loader.status().get().error.unwrap().contains("no threads left"));
}

#[test]
fn a_model_that_gives_no_numbers_is_muted_and_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nan.onnx");
    scaled(3e38).save(&path).unwrap();
    let mut amp = Amp::new(FORMAT);
    let input = vec![vec![0.5; 4800]; 2];
    amp.run(&input, 480, Controls::NEUTRAL);
    assert!(!amp.rack.take_muted());
    own_file(&amp.desk, &path);
    amp.settle();
    // The old model fades out, the new one stays silent.
    amp.run(&input, 480, Controls::NEUTRAL);
    assert!(amp.rack.take_muted());
    let output = amp.run(&input, 480, Controls::NEUTRAL);
    assert!(output.iter().flatten().all(|s| *s == 0.0));
    assert!(amp.rack.take_muted(), "it is told as long as it lasts");
    amp.desk.set_slot(Part::Model, DEFAULT_SLOT);
    amp.settle();
    amp.run(&input, 480, Controls::NEUTRAL);
    amp.rack.take_muted();
    amp.run(&input, 480, Controls::NEUTRAL);
    assert!(!amp.rack.take_muted());
}

#[test]
fn what_is_far_too_loud_is_cut_off_and_the_rest_is_left_alone() {
    let input: Vec<f32> = (0..2000).map(|i| 0.5 * (i as f32 * 0.03).sin()).collect();
    for (scale, gain, cut) in [(1e30, 1.0, true), (1e30, 1e20, true), (0.5, 1.5, false)] {
        let model = scaled(scale);
        let format = RackFormat { channels_in: 1, channels_out: 1, ..FORMAT };
        let voice = Voice::build(&model, Quality::FULL, EngineChoice::Native, format.narrow()).unwrap();
        let mut rack = rendering(Some(voice), format, None);
        let mut output = input.clone();
        let controls = Controls { output: output_gain(gain), ..Controls::NEUTRAL };
        rack.process(&mut [&mut output], controls);
        let peak = output.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        assert!(output.iter().all(|s| s.is_finite()));
        if cut {
            assert_eq!(peak, OUTPUT_LIMIT);
            continue;
        }
        let mut engine = shared::engine::build_at(&model, EngineChoice::Native, 48_000.0, 512).unwrap();
        let mut expected = vec![0.0; input.len()];
        engine.process(&input, &mut expected);
        expected.iter_mut().for_each(|s| *s *= gain);
        assert!(peak > 1.0 && difference(&output, &expected) < 1e-5, "peak {peak}");
    }
}

#[test]
fn a_graph_that_tells_no_memory_is_given_a_long_tail() {
    let known = ModelInfo::new(&MODELS[0].load().unwrap(), Quality::FULL, None);
    assert_eq!(Some(known.memory_samples()), known.receptive_field_samples);
    let unknown = ModelInfo { receptive_field_samples: None, ..known };
    assert_eq!(unknown.memory_samples(), 16_384);
}
