//! The `tonewright` program, as a shell runs it.

use shared::audio::{read_wav, write_wav};
use shared::engine::{EngineChoice, build};
use std::path::Path;
use std::process::{Command, Output};
use tonewright::factory::MODELS;

fn tonewright(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tonewright")).args(arguments).output().expect("the program starts")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// Two channels that differ, quiet at the end.
fn recording(samples: usize) -> Vec<Vec<f32>> {
    let wave = |step: f32| (0..samples).map(|i| 0.4 * (i as f32 * step).sin()).collect();
    vec![wave(0.013), wave(0.031)]
}

fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn render_is_the_model_and_does_not_depend_on_the_block() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    let signal = recording(5000);
    write_wav(&input, &signal, 48_000).unwrap();
    let factory = MODELS[1];
    let model = factory.load().unwrap();
    for block in ["1", "64", "512", "2027"] {
        let run = tonewright(&[
            "render",
            text(&input),
            "-o",
            text(&output),
            "--model",
            factory.id,
            "--block",
            block,
            "--engine",
            "native",
            "--input-gain",
            "6.0206",
            "--output-gain",
            "-6.0206",
        ]);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(said.contains("dBFS") && said.contains("real time"), "{said}");
        let (rendered, rate) = read_wav(&output).unwrap();
        assert_eq!((rendered.len(), rate), (2, 48_000));
        for (rendered, signal) in rendered.iter().zip(&signal) {
            let mut engine = build(&model, EngineChoice::Native).unwrap();
            engine.prepare(48_000.0, 512).unwrap();
            let driven: Vec<f32> = signal.iter().map(|s| s * 2.0).collect();
            let mut expected = vec![0.0; signal.len()];
            engine.process(&driven, &mut expected);
            expected.iter_mut().for_each(|s| *s *= 0.5);
            assert!(difference(rendered, &expected) < 1e-5, "block {block}");
        }
    }
}

#[test]
fn render_keeps_length_rate_and_place_at_every_rate() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    for rate in [22_050, 44_100, 96_000] {
        for samples in [1, 50, 4001] {
            let mut signal = recording(samples);
            signal.truncate(1);
            write_wav(&input, &signal, rate).unwrap();
            let run = tonewright(&["render", text(&input), "-o", text(&output), "--model", MODELS[0].id]);
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
            let (rendered, rendered_rate) = read_wav(&output).unwrap();
            assert_eq!((rendered.len(), rendered[0].len(), rendered_rate), (1, samples, rate));
        }
    }
}

#[test]
fn a_slot_names_a_model() {
    let factory = MODELS[2];
    let info = |name: &str| tonewright(&["info", name]);
    let by_slot = info(&factory.slot.to_string());
    assert!(by_slot.status.success());
    assert_eq!(by_slot.stdout, info(factory.id).stdout);
}

#[test]
fn a_recording_whose_result_no_wav_can_hold_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("long.wav"), folder.path().join("out.wav"));
    // 1.2 GB of 8 bit samples become 4.8 GB. Only the header is there, so rendering would fail.
    let frames = 1_200_000_000u32;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + frames).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    for (value, bytes) in [(1u32, 2), (1, 2), (48_000, 4), (48_000, 4), (1, 2), (8, 2)] {
        wav.extend(&value.to_le_bytes()[..bytes]);
    }
    wav.extend(b"data");
    wav.extend(frames.to_le_bytes());
    std::fs::write(&input, wav).unwrap();
    let run = tonewright(&["render", text(&input), "-o", text(&output), "--model", MODELS[0].id]);
    let error = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{error}");
    assert!(error.contains("long.wav") && error.contains("4 GiB"), "{error}");
    assert!(!output.exists());
}

#[test]
fn a_failed_render_says_why_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (good, junk, output) = (at("good.wav"), at("junk.wav"), at("out.wav"));
    write_wav(&good, &recording(100), 48_000).unwrap();
    std::fs::write(&junk, b"RIFF but no more").unwrap();
    std::fs::write(&output, b"precious").unwrap();
    let missing = at("missing.wav");
    let nan = at("nan.wav");
    write_wav(&nan, &[vec![0.0, f32::NAN]], 48_000).unwrap();
    let junk_model = at("junk.onnx");
    std::fs::write(&junk_model, b"no model").unwrap();

    let cases = [
        (text(&good), "no-such-amp", "no-such-amp"),
        (text(&good), text(&junk_model), "junk.onnx"),
        (text(&junk), MODELS[0].id, "junk.wav"),
        (text(&missing), MODELS[0].id, "missing.wav"),
        (text(&nan), MODELS[0].id, "NaN"),
    ];
    for (input, model, says) in cases {
        let run = tonewright(&["render", input, "-o", text(&output), "--model", model]);
        let error = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{error}");
        assert!(error.starts_with("error: ") && error.contains(says), "{error}");
        assert_eq!(error.trim().lines().count(), 1, "{error}");
        assert_eq!(std::fs::read(&output).unwrap(), b"precious");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 5, "no temporary files are left");
}

#[test]
fn wrong_usage_is_told_apart() {
    for arguments in [
        &["render"][..],
        &["render", "a.wav", "-o", "b.wav", "--model", "x", "--block", "0"],
        &["render", "a.wav", "-o", "b.wav", "--model", "x", "--engine", "steam"],
        &["render", "a.wav", "-o", "b.wav", "--model", "x", "--input-gain", "nan"],
        &["dance"],
    ] {
        assert_eq!(tonewright(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn info_and_models_tell_what_is_known() {
    let listed = tonewright(&["models"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    for factory in MODELS {
        assert!(listed.contains(factory.id) && listed.contains(&factory.card().name), "{listed}");
        let run = tonewright(&["info", factory.id]);
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(run.status.success());
        let model = factory.load().unwrap();
        let weights = model.weight_count().unwrap().to_string();
        let field = model.receptive_field_samples().unwrap();
        for part in [&factory.card().name, &weights, &format!("{field} samples"), "0 samples (0.0 ms)"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    assert_eq!(tonewright(&["info", "no-such-amp"]).status.code(), Some(1));
}
