//! The built CLAP in a host.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use std::path::Path;
use std::time::{Duration, Instant};
use tests::host::Plugin;
use tests::product;
use tests::sound::{difference, guitar, has_subnormal, peak, read, write};

/// Largest difference between the plugin and `tonewright render`.
const TOLERANCE: f32 = 1e-5;

const RATES_HZ: [u32; 3] = [44_100, 48_000, 96_000];

/// A small factory model, and one of another kind.
const MODEL: &str = "virtual_seed";
const OTHER_MODEL: &str = "virtual_standard";

fn plugin() -> Plugin {
    Plugin::load(&product::clap()).unwrap()
}

/// What `tonewright render` makes of a signal; as long as the signal, without delay.
fn rendered(input: &[Vec<f32>], rate_hz: u32, model: &str) -> Vec<Vec<f32>> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    write(&from, input, rate_hz).unwrap();
    product::render(&from, &to, model, &[]);
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

#[test]
fn parameters_are_those_that_sessions_know() {
    let mut plugin = plugin();
    let names: Vec<_> = plugin.parameters().iter().map(|p| p.name.clone()).collect();
    for name in ["Input", "Output", "Bypass", "Model", "Engine", "Quality"] {
        assert!(names.iter().any(|n| n == name), "{name} is not among {names:?}");
    }
    for parameter in plugin.parameters().to_vec() {
        assert!((parameter.minimum..=parameter.maximum).contains(&parameter.default), "{parameter:?}");
        assert_eq!(plugin.value(&parameter.name).unwrap(), parameter.default, "{parameter:?}");
        assert!(!plugin.text(&parameter.name, parameter.default).unwrap().is_empty(), "{parameter:?}");
    }
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
