//! The `tonewright` program, as a shell runs it.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use shared::audio::{read_wav, write_wav};
use shared::engine::{EngineChoice, build};
use shared::model::{
    Card, Knob, Linear, Lstm, LstmSpec, Model, Network, Parametric, ParametricSpec, Size, Slimmable,
    WaveNetSpec,
};
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
    // 1.2 GB of 8 bit samples become 4.8 GB.
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
    std::fs::write(&input, &wav).unwrap();
    let refused = || {
        let run = tonewright(&["render", text(&input), "-o", text(&output), "--model", MODELS[0].id]);
        let error = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(1), "{error}");
        assert!(!output.exists());
        error
    };
    // The recording is to blame for what it only claims to have.
    let error = refused();
    assert!(
        error.contains("long.wav") && error.contains("cut short") && !error.contains("out.wav"),
        "{error}"
    );
    // A hole in a file takes no room on the disk.
    let file = std::fs::OpenOptions::new().write(true).open(&input).unwrap();
    file.set_len(wav.len() as u64 + u64::from(frames)).unwrap();
    let error = refused();
    assert!(error.contains("out.wav") && error.contains("4 GiB"), "{error}");
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
fn a_render_replaces_neither_its_recording_nor_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (recorded, capture) = (at("recorded.wav"), at("capture.nam"));
    write_wav(&recorded, &recording(100), 48_000).unwrap();
    MODELS[0].load().unwrap().save(&capture).unwrap();
    let before = [&recorded, &capture].map(|path| std::fs::read(path).unwrap());
    for output in [&recorded, &capture, &at("new.onnx")] {
        let run = tonewright(&["render", text(&recorded), "-o", text(output), "--model", text(&capture)]);
        let error = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{error}");
        assert!(error.contains(text(output)) && error.contains("choose another name"), "{error}");
    }
    assert!(before == [&recorded, &capture].map(|path| std::fs::read(path).unwrap()));
    assert!(!at("new.onnx").exists());
}

#[test]
fn wrong_usage_is_told_apart() {
    for arguments in [
        &["render"][..],
        &["render", "a.wav", "-o", "b.wav", "--model", "x", "--block", "0"],
        &["render", "a.wav", "-o", "b.wav", "--model", "x", "--engine", "steam"],
        &["render", "a.wav", "-o", "b.wav", "--model", "x", "--input-gain", "nan"],
        &["render", "a.wav", "-o", "b.wav", "--model", "x", "--quality", "1.5"],
        &["render", "a.wav", "-o", "b.wav", "--model", "none", "--word", "warm", "--amount", "3"],
        &["render", "a.wav", "-o", "b.wav", "--model", "none", "--word", "warm", "--amount", "nan"],
        &["render", "a.wav", "-o", "b.wav", "--model", "none", "--word", "warm", "--amount=-1.01"],
        &["render", "a.wav", "-o", "b.wav", "--model", "none", "--word", "warm", "--speed", "0"],
        &["render", "a.wav", "-o", "b.wav", "--model", "none", "--word", "warm", "--blend", "0.5"],
        &["render", "a.wav", "-o", "b.wav", "--model", "none", "--amount", "0.5"],
        &["render", "a.wav", "-o", "b.wav", "--model", "none", "--band", "6:off"],
        &["render", "a.wav", "-o", "b.wav", "--model", "none", "--band", "1:q+1"],
        &["render", "a.wav", "-o", "b.wav", "--model", "none", "--band", "2:nandB"],
        &["convert", "a.nam"],
        &["convert", "a.nam", "b.nam", "--nam-version", "0.6.0"],
        &["convert", "a.nam", "b.nam", "--quality", "nan"],
        &["dance"],
    ] {
        assert_eq!(tonewright(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_negative_number_is_answered_with_what_would_do() {
    let render = ["render", "a.wav", "-o", "b.wav", "--model", "none"];
    let word = [&render[..], &["--word", "warm", "--word2", "bright"]].concat();
    let (range, whole) = ("expected a number from 0 to 1", "expected a whole number");
    let bench = ["bench", "--model", "none"];
    for (command, flag, expected) in [
        (&render[..], "--high-pass", "10"),
        (&render, "--low-pass", "10"),
        (&render, "--reverb", range),
        (&render, "--quality", range),
        (&render, "--oversample", "expected 1, 2, 4 or 8"),
        (&render, "--rate", whole),
        (&render, "--channels", "1..=64"),
        (&render, "--block", "1..=65536"),
        (&render, "--bits", "possible values: 32f, 24, 16"),
        (&render, "--band", "expected BAND:CHANGES"),
        (&word, "--blend", range),
        (&word, "--speed", "expected a number from 0.3 to 30"),
        (&bench, "--rate", whole),
        (&bench, "--channels-in", "1..=64"),
        (&bench, "--channels-out", "1..=64"),
        (&bench, "--blocks", "1..=65536"),
        (&bench, "--seconds", "expected a number of seconds from 0.01"),
        (&["convert", "a.nam", "b.nam"], "--quality", range),
    ] {
        let run = tonewright(&[command, &[flag, "-5"]].concat());
        let error = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success() && error.contains(expected), "{command:?} {flag}: {error}");
        assert!(!error.contains("unexpected argument"), "{command:?} {flag}: {error}");
    }
    let slot = tonewright(&["render", "a.wav", "-o", "b.wav", "--model", "-1"]);
    let error = String::from_utf8_lossy(&slot.stderr);
    assert!(error.contains("-1") && !error.contains("unexpected argument"), "{error}");
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

/// An LSTM and an impulse response, as two sizes of one amp.
fn slimmable() -> Model {
    let spec = LstmSpec { layers: 1, hidden: 3, warm_up_samples: 24_000 };
    let weights = (0..spec.weight_count()).map(|i| (i as f32 * 0.7).sin()).collect();
    let sizes = vec![
        Size {
            below: 0.5,
            network: Network::Linear(Linear::new(vec![0.5, 0.25], 0.0).unwrap()),
            loudness_dbfs: None,
        },
        Size { below: 1.0, network: Network::Lstm(Lstm::new(spec, weights).unwrap()), loudness_dbfs: None },
    ];
    let network = Network::Slimmable(Slimmable::new(sizes).unwrap());
    Model { card: Card { name: "Two sizes".into(), ..Card::default() }, network }
}

/// What `render` makes of a recording.
fn rendered(folder: &Path, model: &str, more: &[&str]) -> Vec<f32> {
    let (input, output) = (folder.join("in.wav"), folder.join("out.wav"));
    write_wav(&input, &recording(4000)[..1], 48_000).unwrap();
    let arguments = ["render", text(&input), "-o", text(&output), "--model", model];
    let run = tonewright(&[&arguments, more].concat());
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    read_wav(&output).unwrap().0.swap_remove(0)
}

/// One knob, whose end is silence.
fn with_a_knob() -> Model {
    let network = WaveNetSpec::seed(1, 1, 1, true);
    let knob = Knob { name: "Gain".into(), lowest: 0.0, highest: 10.0, default: 5.0 };
    let spec = ParametricSpec { network, knobs: vec![knob], features: 1 };
    let plain = spec.network.weight_count();
    // tanh(40 x) is 0 at the default and all but ±1 at the ends.
    let mut weights = vec![40.0, 0.0];
    weights.extend(vec![0.25; plain]);
    weights.extend(vec![0.25; plain]);
    let network = Network::Parametric(Parametric::new(spec, weights).unwrap());
    Model { card: Card { name: "One knob".into(), ..Card::default() }, network }
}

#[test]
fn knobs_are_fixed_on_the_way_to_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (knobs, nam) = (at("knobs.onnx"), at("fixed.nam"));
    with_a_knob().save(&knobs).unwrap();
    let convert = |more: &[&str]| {
        tonewright(&[&["convert", text(&knobs), text(&nam), "--overwrite"][..], more].concat())
    };
    let refused = |more: &[&str]| String::from_utf8_lossy(&convert(more).stderr).into_owned();
    assert!(refused(&[]).contains("--knob NAME=SETTING"));
    assert!(refused(&["--knob", "Tone=3"]).contains("its knobs are Gain"));
    assert!(refused(&["--knob", "gain=11"]).contains("goes from 0 to 10, not to 11"));
    assert!(refused(&["--knob", "gain"]).contains("Gain=7.5"));
    let peak = |arguments: &[&str]| {
        assert!(convert(arguments).status.success());
        rendered(folder.path(), text(&nam), &[]).iter().fold(0.0f32, |peak, y| peak.max(y.abs()))
    };
    let (low, high) = (peak(&["--knob", "Gain=0"]), peak(&["--knob", "gain=10"]));
    assert!(low < 1e-6 && high > 0.01, "{low} {high}");
    // What is rendered at a setting is what the file that is fixed there renders.
    let onnx = at("fixed.onnx");
    assert!(tonewright(&["convert", text(&knobs), text(&onnx), "--knob", "Gain=8"]).status.success());
    let turned = rendered(folder.path(), text(&knobs), &["--knob", "gain=8"]);
    assert_eq!(turned, rendered(folder.path(), text(&onnx), &[]));
    assert_ne!(turned, rendered(folder.path(), text(&knobs), &[]));
    let shown = String::from_utf8(tonewright(&["info", text(&knobs)]).stdout).unwrap();
    assert!(shown.contains("Knob Gain") && shown.contains("0 to 10, 5 by default"), "{shown}");
}

#[test]
fn a_model_that_was_converted_back_and_forth_sounds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for factory in MODELS {
        let (nam, old, onnx) = (at("there.nam"), at("old.NAM"), at("back.onnx"));
        for arguments in [
            &["convert", factory.id, text(&nam), "--overwrite"][..],
            &["convert", text(&nam), text(&onnx), "--overwrite"],
            &["convert", factory.id, text(&old), "--overwrite", "--nam-version", "0.5.4"],
        ] {
            let run = tonewright(arguments);
            // 0.5.4 knows NAM's first generation only.
            let error = String::from_utf8_lossy(&run.stderr);
            let refused = error.contains("cannot be written as .nam 0.5.4");
            let newer = factory.id.ends_with("a2");
            assert!(run.status.success() || (newer && refused), "{arguments:?}: {error}");
            if run.status.success() {
                assert!(String::from_utf8_lossy(&run.stdout).contains(&factory.card().name));
            }
        }
        let original = rendered(folder.path(), factory.id, &[]);
        for file in [&nam, &onnx, &old] {
            if file.exists() {
                let again = rendered(folder.path(), text(file), &[]);
                let apart = difference(&original, &again);
                // In NAM's words the seed network is another one, which adds up in another order.
                let limit = if factory.id.ends_with("seed") { 1e-5 } else { 1e-6 };
                assert!(apart <= limit, "{} as {}: {apart:e}", factory.id, file.display());
                std::fs::remove_file(file).unwrap();
            }
        }
    }
}

#[test]
fn sizes_are_shown_rendered_and_converted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let both = at("both.nam");
    slimmable().save(&both).unwrap();
    let said = tonewright(&["info", text(&both)]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    for part in [
        "Size 1 of 2      quality from 0.00 to 0.50",
        "impulse response of 2 samples",
        "Size 2 of 2      quality from 0.50 to 1.00",
        "LSTM, layers × cells 1 × 3",
        "recurrent",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }

    let small = rendered(folder.path(), text(&both), &["--quality", "0.2"]);
    let signal = &recording(4000)[0];
    let expected: Vec<f32> =
        signal.iter().enumerate().map(|(i, s)| 0.5 * s + 0.25 * signal[i.max(1) - 1]).collect();
    assert!(difference(&small[1..], &expected[1..]) < 1e-6);
    let full = rendered(folder.path(), text(&both), &[]);
    assert!(difference(&full, &small) > 1e-2);
    assert_eq!(full, rendered(folder.path(), text(&both), &["--quality", "0.5"]));

    // An ONNX graph has one size: the largest, or the one that is asked for.
    for (arguments, expected, says) in
        [(&[][..], &full, "size 2 of 2"), (&["--quality", "0"], &small, "size 1 of 2")]
    {
        for name in ["one.onnx", "one.nam"] {
            let one = at(name);
            let run = tonewright(&[&["convert", text(&both), text(&one), "--overwrite"], arguments].concat());
            let said = String::from_utf8_lossy(&run.stdout).into_owned();
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
            let keeps_all = name.ends_with("nam") && arguments.is_empty();
            assert_eq!(said.contains(says), !keeps_all, "{said}");
            assert!(difference(&rendered(folder.path(), text(&one), &[]), expected) <= 1e-6);
            assert_eq!(Model::load(&one).unwrap().network == slimmable().network, keeps_all);
        }
    }
}

#[test]
fn a_failed_conversion_says_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (there, junk, ahead, sizes) = (at("there.nam"), at("junk.nam"), at("ahead.onnx"), at("sizes.nam"));
    std::fs::write(&there, b"precious").unwrap();
    std::fs::write(&junk, b"{\"version\": \"0.5.4\"}").unwrap();
    slimmable().save(&sizes).unwrap();
    let spec = WaveNetSpec::seed(2, 2, 3, false);
    let weights = vec![0.1; spec.weight_count()];
    let network = Network::WaveNet(shared::model::WaveNet::new(spec, weights).unwrap());
    Model { card: Card::default(), network }.save(&ahead).unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let before = files();

    let model = MODELS[0].id;
    let missing = at("missing.nam");
    let (nam, onnx, wav, none) = (at("new.nam"), at("new.onnx"), at("new.wav"), at("new"));
    let nowhere = at("nowhere").join("new.nam");
    let cases: &[(&[&str], &str)] = &[
        (&[model, text(&there)], "there.nam: there is such a file already"),
        (&[model, text(&wav)], "new.wav: models are written as `.onnx` or `.nam`"),
        (&[model, text(&none)], "`.onnx` or `.nam`"),
        (&[model, text(&onnx), "--nam-version", "0.5.4"], "new.onnx: --nam-version"),
        (&[model, text(&nowhere)], "nowhere"),
        (&[text(&junk), text(&onnx)], "junk.nam"),
        (&[text(&missing), text(&onnx)], "missing.nam"),
        (&["no-such-amp", text(&onnx)], "no-such-amp"),
        (&[text(&ahead), text(&nam)], "new.nam: cannot be written as .nam 0.7.0"),
        (&[text(&sizes), text(&nam), "--nam-version", "0.5.4"], "new.nam: cannot be written as .nam 0.5.4"),
        (&[model, text(folder.path()), "--overwrite"], ""),
    ];
    for (arguments, says) in cases {
        let run = tonewright(&[&["convert"], *arguments].concat());
        let error = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{arguments:?}: {error}");
        assert!(error.starts_with("error: ") && error.contains(says), "{arguments:?}: {error}");
        assert_eq!(error.trim().lines().count(), 1, "{error}");
        assert_eq!(std::fs::read(&there).unwrap(), b"precious");
        assert_eq!(files(), before, "{arguments:?} left a file");
    }
    // A source keeps all that it holds, by whichever way it is named.
    let sizes_before = std::fs::read(&sizes).unwrap();
    let again = folder.path().join(".").join("sizes.nam");
    for (from, to) in [(&sizes, &sizes), (&sizes, &again), (&again, &sizes)] {
        let run = tonewright(&["convert", text(from), text(to), "--quality", "0", "--overwrite"]);
        let error = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{error}");
        assert!(error.contains("the very model") && error.contains("choose another name"), "{error}");
        assert!(std::fs::read(&sizes).unwrap() == sizes_before);
    }
    let replaced = tonewright(&["convert", model, text(&there), "--overwrite"]);
    assert!(replaced.status.success());
    assert!(Model::load(&there).is_ok());
}

#[test]
fn without_an_amp_a_file_of_any_rate_comes_through_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    for (rate, channels) in [(11_025, 1), (44_100, 3), (48_000, 2), (192_000, 2)] {
        let signal: Vec<Vec<f32>> = recording(5000).into_iter().cycle().take(channels).collect();
        write_wav(&input, &signal, rate).unwrap();
        for more in [&[][..], &["--band", "3:-6dB,off"]] {
            let arguments = ["render", text(&input), "-o", text(&output), "--model", "none"];
            let run = tonewright(&[&arguments, more].concat());
            assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
            assert!(String::from_utf8_lossy(&run.stdout).contains("without an amp"));
            let (rendered, rendered_rate) = read_wav(&output).unwrap();
            assert_eq!(rendered_rate, rate);
            assert!(rendered == signal, "{rate} Hz, {channels} channels, {more:?}");
        }
    }
}

#[test]
fn bands_move_what_they_say_and_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.wav");
    // The low shelf's gain is all there at a few Hz, the high shelf's near half the rate.
    let wave =
        |hz: f32| (0..48_000).map(move |i| (i as f32 * hz * std::f32::consts::TAU / 48_000.0).sin() * 0.1);
    let peak = |signal: &[f32]| signal[24_000..].iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
    for (hz, expected_db) in [(8.0, 6.0), (23_000.0, -9.0)] {
        write_wav(&input, &[wave(hz).collect::<Vec<f32>>()], 48_000).unwrap();
        let output = folder.path().join("out.wav");
        let bands = ["--band", "1:+6dB", "--band", "5:-9dB,-0.5oct", "--block", "77"];
        let arguments = ["render", text(&input), "-o", text(&output), "--model", "none"];
        let run = tonewright(&[&arguments[..], &bands].concat());
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let (before, after) = (read_wav(&input).unwrap().0, read_wav(&output).unwrap().0);
        let gain_db = 20.0 * (peak(&after[0]) / peak(&before[0])).log10();
        assert!((gain_db - expected_db).abs() < 0.3, "{gain_db} dB at {hz} Hz");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        for part in ["Low shelf", "+6.00 dB", "Q 0.71", "-9.00 dB at  2408 Hz", "no word"] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
}

#[test]
fn one_band_is_changed_once() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.wav");
    write_wav(&input, &recording(100), 48_000).unwrap();
    let output = folder.path().join("out.wav");
    let bands = ["--band", "2:+3dB", "--band", "2:off"];
    let run =
        tonewright(&[&["render", text(&input), "-o", text(&output), "--model", "none"][..], &bands].concat());
    let error = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{error}");
    assert!(error.contains("band 2 is changed twice"), "{error}");
    assert!(!output.exists());
}

#[test]
fn nobody_has_to_read_what_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    write_wav(&input, &recording(500), 48_000).unwrap();
    let converted = folder.path().join("model.nam");
    let (model, chain) = (MODELS[1].id, folder.path().join("none.yaml"));
    std::fs::write(&chain, "chain: []\n").unwrap();
    for arguments in [
        &["models"][..],
        &["info", model],
        &["words"],
        &["chain"],
        &["chain", text(&chain)],
        &["convert", model, text(&converted)],
        &["render", text(&input), "-o", text(&output), "--model", "none"],
        &["bench", "--model", "none", "--seconds", "0.01", "--blocks", "32"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_tonewright"));
        let run = command.args(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success() && said.is_empty(), "{arguments:?}: {said}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_said_is_an_error() {
    let full = std::fs::File::create("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tonewright"));
    let run = command.arg("models").stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success() && said.starts_with("error: standard output cannot be written"), "{said}");
}

#[test]
fn without_a_chain_both_ways_to_name_one_are_said() {
    for command in [&["render", "in.wav", "-o", "out.wav"][..], &["bench"]] {
        let run = tonewright(command);
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(!run.status.success() && said.contains("--chain") && said.contains("--model"), "{said}");
    }
}
