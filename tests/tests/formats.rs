//! Layouts, sample rates and blocks that hosts come with.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tests::rack::{EMPTY, fresh, told};
use tests::sound::{component, dbfs, difference, guitar, peak, rms, sine};

const LAYOUTS: [(usize, usize); 3] = [(1, 1), (2, 2), (1, 2)];

/// What hosts offer, and some that only clocks have that are adjusted or wrong.
const RATES_HZ: [u32; 13] =
    [8_000, 11_025, 12_345, 22_050, 32_000, 44_056, 44_100, 47_999, 48_000, 88_200, 96_000, 176_400, 192_000];

/// Everything in the path that has no chance in it.
const ALL_ON: [(&str, &str); 6] = [
    ("Gate", "On"),
    ("Bass", "6"),
    ("Cabinet blend", "50"),
    ("EQ word", "bright"),
    ("EQ amount", "60"),
    ("EQ listening", "In line"),
];

#[test]
fn every_layout_plays_in_every_channel() {
    let guitar = guitar(9_600);
    for (channels_in, channels_out) in LAYOUTS {
        let mut plugin = told(&ALL_ON);
        plugin.select_layout(channels_in, channels_out).unwrap();
        plugin.activate(48_000, 256).unwrap();
        let played = plugin.play(&vec![guitar.clone(); channels_in], &[256]).unwrap();
        assert_eq!(played.len(), channels_out);
        for channel in &played {
            assert!(
                (1e-3..8.0).contains(&peak(channel)),
                "{channels_in} in, {channels_out} out: {}",
                peak(channel)
            );
        }
        // What came from one channel, or from two alike, is as loud on both sides.
        let sides: Vec<f32> = played.iter().map(|channel| dbfs(rms(channel))).collect();
        assert!(sides.iter().all(|side| (side - sides[0]).abs() < 3.0), "{sides:?}");
    }
}

#[test]
fn two_channels_are_two_guitars() {
    let (guitar, silence) = (guitar(9_600), vec![0.0; 9_600]);
    let play = |left: &[f32], right: &[f32]| {
        let mut plugin = told(&[("EQ amount", "0")]);
        plugin.activate(48_000, 256).unwrap();
        plugin.play(&[left.to_vec(), right.to_vec()], &[256]).unwrap()
    };
    let (left, right, both) = (play(&guitar, &silence), play(&silence, &guitar), play(&guitar, &guitar));
    assert!(difference(&left[0], &both[0]) < 1e-6 && difference(&right[1], &both[1]) < 1e-6);
    assert!(peak(&left[1]) < 1e-3 && peak(&right[0]) < 1e-3, "one is heard in the other");
    assert!(difference(&both[0], &both[1]) < 1e-6);
}

#[test]
fn layouts_change_between_activations() {
    let guitar = guitar(4_800);
    let mut plugin = fresh();
    plugin.set_offline(true).unwrap();
    let mut first = Vec::new();
    for (round, (channels_in, channels_out)) in LAYOUTS.iter().chain(&LAYOUTS).enumerate() {
        plugin.select_layout(*channels_in, *channels_out).unwrap();
        plugin.activate([48_000, 44_100][round / 3 % 2], [64, 480][round % 2]).unwrap();
        plugin.deactivate();
        plugin.activate(48_000, 480).unwrap();
        let played = plugin.play(&vec![guitar.clone(); *channels_in], &[480]).unwrap();
        plugin.deactivate();
        if round < 3 {
            first.push(played);
        } else {
            let apart =
                first[round - 3].iter().zip(&played).map(|(a, b)| difference(a, b)).fold(0.0, f32::max);
            assert!(apart < 1e-6, "{channels_in} in, {channels_out} out: {apart} apart");
        }
    }
}

#[test]
fn it_sounds_alike_at_every_rate() {
    // Louder or softer than at 48 kHz, in dB, by the amp's own note and by all that sounds.
    let mut expected = None;
    let rates = std::iter::once(48_000).chain(RATES_HZ);
    for rate_hz in rates {
        let mut plugin = told(&[("Gate", "Off")]);
        plugin.set_offline(true).unwrap();
        plugin.activate(rate_hz, 512).unwrap();
        let input = sine(200.0, 0.05, rate_hz, rate_hz as usize / 2);
        let played = plugin.play(&[input.clone(), input], &[512, 1, 100]).unwrap();
        assert!(played.iter().flatten().all(|x| x.is_finite()), "{rate_hz} Hz");
        // Twenty periods at the end.
        let last = &played[0][rate_hz as usize * 2 / 5..];
        let (re, im) = component(last, 200.0, rate_hz);
        let levels = [dbfs(re.hypot(im) as f32), dbfs(rms(last))];
        let [note, all] = *expected.get_or_insert(levels);
        assert!(note > -50.0, "nothing is heard at {rate_hz} Hz");
        let slack = if rate_hz < 32_000 { 3.0 } else { 0.3 };
        assert!((levels[0] - note).abs() < slack, "the note at {rate_hz} Hz: {} dB, not {note}", levels[0]);
        assert!((levels[1] - all).abs() < slack, "at {rate_hz} Hz: {} dB, not {all}", levels[1]);
    }
}

#[test]
fn blocks_change_nothing() {
    let input = vec![guitar(20_000); 2];
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let random: Vec<usize> =
        (0..200).map(|_| (1 << rng.random_range(0..14)) + rng.random_range(0..3)).collect();
    for rate_hz in [44_100, 48_000] {
        let mut plugin = told(&ALL_ON);
        plugin.set_offline(true).unwrap();
        plugin.activate(rate_hz, 16_384).unwrap();
        plugin.play(&input, &[512]).unwrap();
        let expected = plugin.play(&input, &[512]).unwrap();
        for blocks in [&[16_384][..], &[1], &[4_096, 4_097], &[33, 7_777, 2], &random] {
            let played = plugin.play(&input, blocks).unwrap();
            for (played, expected) in played.iter().zip(&expected) {
                let apart = difference(played, expected);
                assert!(
                    apart < 1e-5,
                    "{rate_hz} Hz, blocks of {:?}: {apart} apart",
                    &blocks[..blocks.len().min(4)]
                );
            }
        }
    }
}

#[test]
fn an_empty_rack_is_a_wire() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let noise: Vec<f32> = (0..9_600).map(|_| rng.random_range(-0.5..0.5)).collect();
    let mut plugin = told(&EMPTY);
    plugin.activate(48_000, 512).unwrap();
    assert_eq!(plugin.latency_samples().unwrap(), 0, "at the rate of the model");
    let played = plugin.play(&[noise.clone(), noise.clone()], &[512, 31]).unwrap();
    // Half a percent of full scale is 0.05 dB.
    for played in &played {
        assert!(difference(played, &noise) < 0.5 * 0.005, "{} apart", difference(played, &noise));
    }
}

#[test]
fn bypass_is_the_input_late_whatever_is_on() {
    for rate_hz in [44_100, 48_000, 96_000] {
        let input = vec![guitar(rate_hz as usize / 2), sine(97.0, 0.9, rate_hz, rate_hz as usize / 2)];
        let mut plugin = told(&ALL_ON);
        plugin.activate(rate_hz, 512).unwrap();
        let latency = plugin.latency_samples().unwrap();
        let bypass = rate_hz as usize / 8;
        plugin.set_at(bypass, "Bypass", 1.0).unwrap();
        let played = plugin.play(&input, &[512, 3, 100]).unwrap();
        // A tenth of a second for the way there.
        let there = bypass + rate_hz as usize / 10;
        for (played, input) in played.iter().zip(&input) {
            let late = &input[there - latency..input.len() - latency];
            assert!(dbfs(difference(&played[there..], late).max(1e-9)) <= -120.0, "{rate_hz} Hz");
        }
    }
}

#[test]
fn what_it_reports_is_how_late_it_is() {
    // 500 Hz, on the way through amp and loudspeaker: how late its phase is beyond what is reported, in seconds.
    let beyond = |rate_hz: u32, settings: &[(&str, &str)]| {
        let mut plugin = told(settings);
        plugin.set_offline(true).unwrap();
        plugin.activate(rate_hz, 512).unwrap();
        let latency = plugin.latency_samples().unwrap();
        let input = sine(500.0, 0.02, rate_hz, rate_hz as usize / 2);
        let played = plugin.play(&[input.clone(), input], &[512]).unwrap().swap_remove(0);
        let from = rate_hz as usize * 2 / 5;
        let (re, im) = component(&played[from..], 500.0, rate_hz);
        // Behind a sine, whose phase is -90 degrees.
        let behind = -std::f64::consts::FRAC_PI_2 - im.atan2(re);
        let late = behind / std::f64::consts::TAU / 500.0 - latency as f64 / f64::from(rate_hz);
        (late, latency)
    };
    let racks: [&[(&str, &str)]; 6] = [
        &EMPTY,
        &[],
        &[("Cabinet", "Off")],
        &[("Amp", "Off")],
        &[("Oversampling", "4x"), ("Cabinet", "Off")],
        &[("Oversampling", "8x")],
    ];
    for settings in racks {
        let (expected, _) = beyond(48_000, settings);
        for rate_hz in [44_100, 48_000, 88_200, 96_000, 192_000] {
            let (late, latency) = beyond(rate_hz, settings);
            // A phase repeats after a period of 2 ms; what is further off is seen below.
            let apart = (late - expected + 0.501).rem_euclid(0.002) - 0.001;
            let samples = apart * f64::from(rate_hz);
            assert!(
                samples.abs() <= 1.0,
                "{settings:?} at {rate_hz} Hz: {samples} samples beyond the {latency} reported"
            );
        }
    }
}

#[test]
fn nothing_comes_before_what_is_reported() {
    for rate_hz in [44_100, 48_000, 88_200, 96_000, 192_000] {
        let mut plugin = told(&EMPTY);
        plugin.activate(rate_hz, 512).unwrap();
        let latency = plugin.latency_samples().unwrap();
        let mut input = vec![0.0f32; 4_000];
        input[100] = 0.5;
        let played = plugin.play(&[input.clone(), input], &[512]).unwrap().swap_remove(0);
        let (at, _) = played.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).unwrap();
        assert!(at.abs_diff(100 + latency) <= 1, "{rate_hz} Hz: {at} instead of {}", 100 + latency);
    }
}

#[test]
fn at_a_rate_that_nothing_is_computed_at_the_guitar_passes() {
    let input = vec![guitar(4_800), sine(97.0, 0.5, 1_234, 4_800)];
    let mut plugin = told(&ALL_ON);
    for rate_hz in [1_234, 1_000_000] {
        plugin.activate(rate_hz, 256).unwrap();
        assert_eq!(plugin.latency_samples().unwrap(), 0);
        assert_eq!(plugin.play(&input, &[256, 17]).unwrap(), input, "{rate_hz} Hz");
        plugin.deactivate();
    }
    plugin.activate(48_000, 256).unwrap();
    let played = plugin.play(&input, &[256]).unwrap();
    assert!(difference(&played[1], &input[1]) > 1e-2, "it plays again");
}

#[test]
fn a_bounce_is_what_was_played() {
    let input = vec![guitar(24_000); 2];
    for rate_hz in [44_100, 48_000] {
        let play = |offline: bool| {
            let mut plugin = told(&ALL_ON);
            plugin.set_text("Model", "virtual_seed").unwrap();
            plugin.set_offline(offline).unwrap();
            plugin.activate(rate_hz, 512).unwrap();
            plugin.play(&[vec![0.0; 480], vec![0.0; 480]], &[480]).unwrap();
            // The model that was asked for may still be on its way, and this waits for it.
            plugin.deactivate();
            plugin.activate(rate_hz, 512).unwrap();
            plugin.play(&input, &[480, 64]).unwrap()
        };
        let (bounced, played) = (play(true), play(false));
        for (bounced, played) in bounced.iter().zip(&played) {
            let apart = difference(bounced, played);
            assert!(apart < 1e-6, "{rate_hz} Hz: {apart} apart");
        }
    }
}
