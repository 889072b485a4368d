//! The built CLAP in a host.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use std::path::Path;
use std::time::{Duration, Instant};
use tests::host::Plugin;
use tests::product;
use tests::rack::{AMP_ALONE, told};
use tests::sound::{difference, guitar, has_subnormal, peak, read, write};

/// Largest difference between the plugin and `tonewright render`.
const TOLERANCE: f32 = 1e-5;

const RATES_HZ: [u32; 3] = [44_100, 48_000, 96_000];

/// A small factory model, and one of another kind.
const MODEL: &str = "virtual_seed";
const OTHER_MODEL: &str = "virtual_standard";

/// An instance that plays the amp alone.
fn plugin() -> Plugin {
    told(&AMP_ALONE)
}

/// What `tonewright render` makes of a signal; as long as the signal, without delay.
fn rendered(input: &[Vec<f32>], rate_hz: u32, model: &str) -> Vec<Vec<f32>> {
    rendered_with(input, rate_hz, model, &[])
}

/// The same with more arguments.
fn rendered_with(input: &[Vec<f32>], rate_hz: u32, model: &str, more: &[&str]) -> Vec<Vec<f32>> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    write(&from, input, rate_hz).unwrap();
    product::render(&from, &to, model, more);
    let (output, rendered_hz) = read(&to).unwrap();
    assert_eq!((output.len(), rendered_hz), (input.len(), rate_hz));
    assert!(output.iter().all(|channel| channel.len() == input[0].len()));
    output
}

/// Two channels that have nothing to do with each other.
fn stereo(frames: usize) -> Vec<Vec<f32>> {
    let left = guitar(frames);
    let right = left.iter().rev().map(|x| 0.5 * x).collect();
    vec![left, right]
}

/// The largest difference between what was played, with its delay, and what was expected.
fn apart(played: &[Vec<f32>], expected: &[Vec<f32>], latency_samples: usize) -> f32 {
    assert_eq!(played.len(), expected.len());
    let each = played.iter().zip(expected).map(|(p, e)| difference(&p[latency_samples..], e));
    each.fold(0.0, f32::max)
}

/// An instance that listens as a renderer does.
fn offline(rate_hz: u32) -> Plugin {
    let mut plugin = plugin();
    plugin.set_offline(true).unwrap();
    plugin.activate(rate_hz, 1_000).unwrap();
    plugin.set_text("Model", MODEL).unwrap();
    plugin
}

#[test]
fn a_word_in_a_host_is_the_word_of_render() {
    for rate_hz in [44_100, 48_000] {
        let input = stereo(2 * rate_hz as usize);
        let plain = rendered(&input, rate_hz, MODEL);
        let word = [
            "--word",
            "bright",
            "--amount",
            "0.7",
            "--reference",
            "any",
            "--eq-match",
            "--band",
            "2:+3dB,q+1",
        ];
        let expected = rendered_with(&input, rate_hz, MODEL, &word);
        assert!(apart(&plain, &expected, 0) > 1e-2, "the word does nothing");
        let mut plugin = offline(rate_hz);
        let settings = [
            ("EQ word", "bright"),
            ("EQ amount", "70"),
            ("EQ neutral", "Any"),
            ("EQ level match", "On"),
            ("EQ 2 gain", "+3 dB"),
            ("EQ 2 Q", "1"),
        ];
        for (name, value) in settings {
            plugin.set_text(name, value).unwrap();
        }
        plugin.play(&input, &[512]).unwrap();
        let latency = plugin.latency_samples().unwrap();
        for blocks in [&[64][..], &[1_000], &[1, 17, 512, 63]] {
            let played = plugin.play(&input, blocks).unwrap();
            let apart = apart(&played, &expected, latency);
            assert!(apart <= TOLERANCE, "{rate_hz} Hz, blocks of {blocks:?}: {apart:e} apart");
        }
    }
}

#[test]
fn words_and_amounts_change_the_sound() {
    let input = stereo(96_000);
    let mut plugin = offline(48_000);
    let mut played = Vec::new();
    for (word, amount) in [("warm", "0"), ("warm", "70"), ("warm", "-70"), ("bright", "70"), ("bright", "0")]
    {
        plugin.set_text("EQ word", word).unwrap();
        plugin.set_text("EQ amount", amount).unwrap();
        plugin.play(&input, &[1_000]).unwrap();
        played.push(plugin.play(&input, &[1_000]).unwrap());
    }
    for a in 0..4 {
        for b in 0..a {
            assert!(apart(&played[a], &played[b], 0) > 100.0 * TOLERANCE, "settings {a} and {b} sound alike");
        }
    }
    assert!(apart(&played[0], &played[4], 0) <= TOLERANCE, "at amount 0 the word is of no matter");
    let value = plugin.value("EQ word").unwrap();
    assert_eq!(plugin.text("EQ word", value).unwrap(), "bright");
    plugin.set_text("EQ", "Off").unwrap();
    plugin.set_text("EQ amount", "100").unwrap();
    plugin.play(&input, &[1_000]).unwrap();
    let off = plugin.play(&input, &[1_000]).unwrap();
    assert!(apart(&off, &played[0], 0) <= TOLERANCE, "it is switched off");
}

#[test]
fn all_that_the_equaliser_is_told_survives_a_session() {
    let mut first = plugin();
    first.activate(48_000, 256).unwrap();
    for (i, parameter) in first.parameters().to_vec().iter().enumerate() {
        if parameter.name.starts_with("EQ") {
            // Somewhere else for each, and not where it is by default.
            let share = 0.15 + 0.7 * (i as f64 * 0.618).fract();
            let at = parameter.minimum + share * (parameter.maximum - parameter.minimum);
            let value = if parameter.maximum > 1.0 {
                let step = at.round();
                if (step - parameter.default).abs() < 0.5 { parameter.maximum } else { step }
            } else if [parameter.minimum, parameter.maximum].contains(&parameter.default) {
                parameter.maximum - parameter.default
            } else {
                at
            };
            first.set(&parameter.name, value).unwrap();
        }
    }
    first.play(&stereo(256), &[256]).unwrap();
    let mut unchanged = Vec::new();
    let mut second = plugin();
    second.restore(&first.save().unwrap()).unwrap();
    for parameter in first.parameters().to_vec() {
        let (a, b) = (first.value(&parameter.name).unwrap(), second.value(&parameter.name).unwrap());
        assert!((a - b).abs() < 1e-6, "{}: {a} became {b}", parameter.name);
        if parameter.name.starts_with("EQ") && a == parameter.default {
            unchanged.push(parameter.name);
        }
    }
    assert_eq!(unchanged, Vec::<String>::new(), "these were not set");
}

/// A state as JSON: behind its length in eight bytes.
fn edited(state: &[u8], edit: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
    let mut json: serde_json::Value = serde_json::from_slice(&state[8..]).unwrap();
    edit(&mut json);
    let text = serde_json::to_vec(&json).unwrap();
    [&(text.len() as u64).to_le_bytes()[..], &text].concat()
}

#[test]
fn a_session_from_before_the_equaliser_sounds_as_it_did() {
    let input = stereo(24_000);
    let mut first = offline(48_000);
    first.play(&input, &[256]).unwrap();
    let expected = first.play(&input, &[256]).unwrap();
    let old = edited(&first.save().unwrap(), |state| {
        let params = state["params"].as_object_mut().unwrap();
        let before = params.len();
        params.retain(|id, _| !id.starts_with("eq_"));
        assert_eq!(before - params.len(), 33);
        state["fields"].as_object_mut().unwrap().retain(|key, _| !key.starts_with("eq-"));
    });
    let mut second = plugin();
    second.set_offline(true).unwrap();
    second.activate(48_000, 256).unwrap();
    second.restore(&old).unwrap();
    let amount = second.value("EQ amount").unwrap();
    assert_eq!(second.text("EQ amount", amount).unwrap(), "0.0 %");
    second.play(&input, &[256]).unwrap();
    assert!(second.play(&input, &[256]).unwrap() == expected);
}

#[test]
fn a_frozen_balance_survives_a_session() {
    let input = stereo(48_000);
    let dark: Vec<Vec<f32>> = vec![(0..48_000).map(|i| (i as f32 * 0.01).sin()).collect(); 2];
    let mut first = offline(48_000);
    first.set_text("EQ word", "bright").unwrap();
    first.set_text("EQ amount", "80").unwrap();
    first.play(&input, &[256]).unwrap();
    let listening = first.play(&input, &[256]).unwrap();
    // It hears something else, and that is frozen.
    first.play(&dark, &[256]).unwrap();
    first.set_text("EQ freeze", "On").unwrap();
    first.play(&dark, &[256]).unwrap();
    let expected = first.play(&input, &[256]).unwrap();
    assert!(apart(&expected, &listening, 0) > 1e-3, "it goes on listening");

    let mut second = plugin();
    second.restore(&first.save().unwrap()).unwrap();
    second.set_offline(true).unwrap();
    second.activate(48_000, 256).unwrap();
    let played = second.play(&input, &[256]).unwrap();
    assert!(apart(&played, &expected, 0) <= TOLERANCE);
}

#[test]
fn another_way_of_listening_asks_for_a_restart() {
    let mut plugin = plugin();
    plugin.activate(48_000, 256).unwrap();
    plugin.play(&stereo(256), &[256]).unwrap();
    let before = plugin.restart_requests();
    plugin.set_text("EQ listening", "In line").unwrap();
    plugin.play(&stereo(1024), &[256]).unwrap();
    assert_eq!(plugin.restart_requests(), before + 1, "it asks once");
    plugin.deactivate();
    plugin.activate(48_000, 256).unwrap();
    plugin.play(&stereo(1024), &[256]).unwrap();
    assert_eq!(plugin.restart_requests(), before + 1);
}

#[test]
fn events_set_parameters() {
    let mut plugin = plugin();
    plugin.activate(48_000, 64).unwrap();
    let model = plugin.parameters().iter().find(|p| p.name == "Model").unwrap().clone();
    plugin.set_text("Output", "-6").unwrap();
    plugin.set_text("Model", MODEL).unwrap();
    plugin.set("Bypass", 1.0).unwrap();
    plugin.play(&stereo(64), &[64]).unwrap();
    let output = plugin.value("Output").unwrap();
    assert!(plugin.text("Output", output).unwrap().starts_with("-6"));
    assert_ne!(plugin.value("Model").unwrap(), model.default);
    assert_eq!(plugin.value("Bypass").unwrap(), 1.0);
}

#[test]
fn what_it_plays_is_what_render_writes() {
    for rate_hz in RATES_HZ {
        let input = stereo(rate_hz as usize);
        for model in [MODEL, OTHER_MODEL] {
            let expected = rendered(&input, rate_hz, model);
            assert!(expected.iter().all(|channel| peak(channel) > 1e-3), "{model} is silent");
            for channels in [1, 2] {
                let mut plugin = plugin();
                plugin.select_channels(channels).unwrap();
                plugin.set_offline(true).unwrap();
                plugin.activate(rate_hz, 1_000).unwrap();
                plugin.set_text("Model", model).unwrap();
                // The change itself is crossfaded; the plays after it start afresh.
                plugin.play(&input[..channels], &[512]).unwrap();
                let latency = plugin.latency_samples().unwrap();
                for blocks in [&[64][..], &[1_000], &[480], &[1, 17, 512, 63]] {
                    let played = plugin.play(&input[..channels], blocks).unwrap();
                    let apart = apart(&played, &expected[..channels], latency);
                    assert!(
                        apart <= TOLERANCE,
                        "{model}, {rate_hz} Hz, {channels} channels, blocks of {blocks:?}: {apart:e} apart"
                    );
                }
            }
        }
    }
}

#[test]
fn the_delay_depends_on_the_rate_only() {
    for rate_hz in RATES_HZ {
        let mut plugin = plugin();
        plugin.activate(rate_hz, 256).unwrap();
        plugin.play(&stereo(256), &[256]).unwrap();
        // The framework asks for one restart where its first activation brings a delay.
        plugin.deactivate();
        plugin.activate(rate_hz, 64).unwrap();
        let latency = plugin.latency_samples().unwrap();
        assert_eq!(latency == 0, rate_hz == 48_000, "{latency} samples at {rate_hz} Hz");
        let restarts = plugin.restart_requests();
        for model in [MODEL, OTHER_MODEL] {
            plugin.set_text("Model", model).unwrap();
            plugin.play_live(&stereo(rate_hz as usize), &[64], |_| Ok(())).unwrap();
            assert_eq!(plugin.latency_samples().unwrap(), latency, "{model} at {rate_hz} Hz");
            assert_eq!(plugin.restart_requests(), restarts, "{model} at {rate_hz} Hz");
        }
    }
}

#[test]
fn bypass_is_a_bare_delay() {
    for rate_hz in RATES_HZ {
        let mut plugin = plugin();
        plugin.activate(rate_hz, 512).unwrap();
        let latency = plugin.latency_samples().unwrap();
        plugin.set("Bypass", 1.0).unwrap();
        // The change is faded in; the play after it is all bypass.
        let input = stereo(rate_hz as usize);
        plugin.play(&input, &[512]).unwrap();
        let played = plugin.play(&input, &[512, 3, 100]).unwrap();
        for (played, input) in played.iter().zip(&input) {
            assert!(played[..latency].iter().all(|&x| x == 0.0), "{rate_hz} Hz: something before the signal");
            assert!(
                played[latency..] == input[..input.len() - latency],
                "{rate_hz} Hz: not the signal itself"
            );
        }
    }
}

#[test]
fn no_subnormal_number_comes_out() {
    // A note that dies away through all subnormal numbers.
    let dying: Vec<f32> = (0..48_000).map(|i| 0.5 * (-(i as f32) / 400.0).exp()).collect();
    assert!(has_subnormal(&dying));
    for bypass in [0.0, 1.0] {
        let mut plugin = plugin();
        plugin.activate(48_000, 256).unwrap();
        plugin.set("Bypass", bypass).unwrap();
        plugin.set_text("Output", "-24").unwrap();
        let played = plugin.play(&[dying.clone(), dying.clone()], &[256, 1]).unwrap();
        assert!(!played.iter().any(|channel| has_subnormal(channel)), "bypass {bypass}");
    }
}

#[test]
fn a_state_survives_the_way_through_a_file() {
    let input = stereo(24_000);
    let mut first = plugin();
    first.set_offline(true).unwrap();
    first.activate(48_000, 256).unwrap();
    first.set_text("Input", "3").unwrap();
    first.set_text("Output", "-4.5").unwrap();
    first.set_text("Model", MODEL).unwrap();
    first.set_text("Engine", "Native").unwrap();
    first.play(&input, &[256]).unwrap();
    let state = first.save().unwrap();
    let expected = first.play(&input, &[256]).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    std::fs::write(&file, &state).unwrap();
    let mut second = plugin();
    second.restore(&std::fs::read(&file).unwrap()).unwrap();
    for parameter in first.parameters().to_vec() {
        let (a, b) = (first.value(&parameter.name).unwrap(), second.value(&parameter.name).unwrap());
        assert!((a - b).abs() < 1e-6, "{}: {a} became {b}", parameter.name);
    }
    second.activate(48_000, 256).unwrap();
    let played = second.play(&input, &[256]).unwrap();
    assert!(apart(&played, &expected, 0) <= TOLERANCE, "the restored amp sounds different");
    assert_eq!(second.save().unwrap().len(), state.len());
}

#[test]
fn a_state_loaded_while_playing_changes_the_model() {
    let rate_hz = 48_000;
    let mut donor = plugin();
    donor.activate(rate_hz, 256).unwrap();
    donor.set_text("Model", OTHER_MODEL).unwrap();
    donor.play(&stereo(256), &[256]).unwrap();
    let state = donor.save().unwrap();

    let mut plugin = plugin();
    plugin.set_offline(true).unwrap();
    plugin.activate(rate_hz, 256).unwrap();
    plugin.set_text("Model", MODEL).unwrap();
    plugin.play(&stereo(256), &[256]).unwrap();
    plugin.deactivate();
    plugin.set_offline(false).unwrap();
    plugin.activate(rate_hz, 256).unwrap();

    let input = stereo(rate_hz as usize);
    let (before, after) = (rendered(&input, rate_hz, MODEL), rendered(&input, rate_hz, OTHER_MODEL));
    assert!(apart(&before, &after, 0) > 100.0 * TOLERANCE, "the models are too alike");
    let early = rate_hz as usize / 4;
    let mut played = plugin
        .play_live(&input, &[256], |plugin| {
            plugin.wait_until_played(early)?;
            plugin.restore(&state)
        })
        .unwrap();
    for (played, before) in played.iter().zip(&before) {
        assert!(difference(&played[..early], &before[..early]) <= TOLERANCE, "the first model does not play");
    }
    // A busy machine may need longer to build the model than this plays.
    let deadline = Instant::now() + Duration::from_secs(60);
    while apart(&played, &after, 0) > TOLERANCE {
        assert!(Instant::now() < deadline, "the restored model does not play");
        played = plugin.play_live(&input, &[256], |_| Ok(())).unwrap();
    }
}

#[test]
fn damaged_states_leave_it_playing() {
    let input = stereo(9_600);
    let mut plugin = plugin();
    plugin.set_offline(true).unwrap();
    plugin.activate(48_000, 256).unwrap();
    let default = plugin.play(&input, &[256]).unwrap();
    plugin.set_text("Model", MODEL).unwrap();
    // The change itself is crossfaded.
    plugin.play(&input, &[256]).unwrap();
    let expected = plugin.play(&input, &[256]).unwrap();
    assert!(apart(&default, &expected, 0) > 100.0 * TOLERANCE, "the models are too alike");
    assert!(default.iter().chain(&expected).all(|channel| peak(channel) > 1e-3), "silence");
    let good = plugin.save().unwrap();
    let middle = good.len() / 2;
    let flipped: Vec<u8> =
        good.iter().enumerate().map(|(i, b)| if i % 7 == 3 { b ^ 0x55 } else { *b }).collect();
    for bad in [Vec::new(), vec![0; 64], vec![0xff; 64], good[..middle].to_vec(), flipped] {
        // Refusing it is as good as ignoring it.
        let _ = plugin.restore(&bad);
        plugin.play(&input, &[256]).unwrap();
        let played = plugin.play(&input, &[256]).unwrap();
        let closest = apart(&played, &expected, 0).min(apart(&played, &default, 0));
        assert!(closest <= TOLERANCE, "after {} bytes it plays neither its model nor the default", bad.len());
    }
    plugin.restore(&good).unwrap();
    plugin.play(&input, &[256]).unwrap();
    let played = plugin.play(&input, &[256]).unwrap();
    assert!(apart(&played, &expected, 0) <= TOLERANCE);
}

#[test]
fn it_can_be_put_away_and_taken_up_again() {
    let mut plugin = plugin();
    plugin.set_offline(true).unwrap();
    let mut first: Vec<Option<Vec<Vec<f32>>>> = vec![None; RATES_HZ.len()];
    for round in 0..3 {
        for (rate_hz, first) in RATES_HZ.into_iter().zip(&mut first) {
            plugin.activate(rate_hz, [64, 512, 2_048][round]).unwrap();
            let played = plugin.play(&stereo(9_600), &[64]).unwrap();
            plugin.deactivate();
            match first {
                None => *first = Some(played),
                Some(first) => {
                    assert!(apart(&played, first, 0) <= TOLERANCE, "round {round} at {rate_hz} Hz")
                }
            }
        }
    }
}

#[test]
fn gains_are_what_they_say() {
    let input = stereo(48_000);
    let mut plugin = plugin();
    plugin.set_offline(true).unwrap();
    plugin.activate(48_000, 256).unwrap();
    let plain = plugin.play(&input, &[256]).unwrap();
    plugin.set_text("Output", "-6").unwrap();
    plugin.play(&input, &[256]).unwrap();
    let softer = plugin.play(&input, &[256]).unwrap();
    let gain = 10f32.powf(-6.0 / 20.0);
    for (plain, softer) in plain.iter().zip(&softer) {
        let expected: Vec<f32> = plain.iter().map(|x| gain * x).collect();
        assert!(difference(softer, &expected) <= TOLERANCE);
    }
}

#[test]
fn the_bundle_carries_its_library_and_its_licence() {
    let folder = product::clap();
    let folder = folder.parent().unwrap_or(Path::new("."));
    let resources = product::vst3().join("Contents/Resources");
    for place in [folder, &resources] {
        for file in ["libonnxruntime.so.1", "ONNX-Runtime-LICENSE.txt", "ONNX-Runtime-ThirdPartyNotices.txt"]
        {
            let size = place.join(file).metadata().map_or(0, |m| m.len());
            assert!(size > 500, "{}/{file}: {size} bytes", place.display());
        }
    }
}
