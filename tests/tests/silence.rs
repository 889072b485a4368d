//! What is no sound, or no number, comes in; and how it ends.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use tests::rack::{AMP_ALONE, fresh, told};
use tests::sound::{difference, guitar, has_subnormal, peak};

const BLOCK: usize = 256;

/// What a broken plugin before this one may send.
const BAD: [f32; 8] =
    [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e-40, -1e-44, f32::MIN_POSITIVE];

#[test]
fn what_is_no_number_is_soon_forgotten() {
    let settings: [&[(&str, &str)]; 3] = [
        &[("EQ", "Off"), ("Cabinet", "Off")],
        &[("EQ", "Off")],
        &[("EQ", "Off"), ("Gate", "On"), ("Oversampling", "4x")],
    ];
    for settings in settings {
        for rate_hz in [48_000, 44_100] {
            let mut plugin = told(settings);
            plugin.set_offline(true).unwrap();
            plugin.activate(rate_hz, BLOCK).unwrap();
            let mut clean = guitar(48_000);
            let (from, to) = (12_000, 12_000 + BLOCK);
            let mut spoiled = clean.clone();
            for (i, (clean, spoiled)) in clean.iter_mut().zip(&mut spoiled).enumerate().take(to).skip(from) {
                (*clean, *spoiled) = (0.0, BAD[i % BAD.len()]);
            }
            plugin.play(&[clean.clone(), clean.clone()], &[BLOCK]).unwrap();
            let expected = plugin.play(&[clean.clone(), clean.clone()], &[BLOCK]).unwrap();
            // Only what was heard can be remembered.
            let memory = plugin.tail_samples() as usize;
            assert!(memory > 0, "nothing is said of the tail");
            let played = plugin.play(&[spoiled.clone(), clean.clone()], &[BLOCK]).unwrap();
            assert!(played.iter().flatten().all(|x| x.is_finite()), "{settings:?}");
            assert!(difference(&played[1], &expected[1]) < 1e-5, "{settings:?}: the other channel hears it");
            let well = to + memory + BLOCK;
            assert!(well < 40_000, "{settings:?} at {rate_hz} Hz: remembers {memory} samples");
            let apart = difference(&played[0][well..], &expected[0][well..]);
            assert!(apart < 1e-4, "{settings:?} at {rate_hz} Hz: {apart} apart after {memory} samples");
        }
    }
}

#[test]
fn nothing_but_bad_numbers_gives_good_ones() {
    let mut plugin =
        told(&[("Gate", "On"), ("EQ word", "bright"), ("EQ amount", "100"), ("EQ level match", "On")]);
    plugin.activate(48_000, BLOCK).unwrap();
    for bad in BAD {
        let played = plugin.play(&[vec![bad; 9_600], vec![-bad; 9_600]], &[BLOCK]).unwrap();
        assert!(played.iter().flatten().all(|x| x.is_finite() && !x.is_subnormal()), "{bad}");
    }
    let input = vec![guitar(24_000); 2];
    let played = plugin.play(&input, &[BLOCK]).unwrap();
    assert!((1e-3..10.0).contains(&peak(&played[0])), "{}", peak(&played[0]));
}

#[test]
fn a_dying_note_never_leaves_subnormal_numbers() {
    let dying: Vec<f32> = (0..48_000).map(|i| 0.5 * (-(i as f32) / 400.0).exp()).collect();
    assert!(has_subnormal(&dying));
    let mut plugin = told(&[("Gate", "On"), ("EQ word", "bright"), ("EQ amount", "100")]);
    plugin.activate(48_000, BLOCK).unwrap();
    let played = plugin.play(&[dying.clone(), dying], &[BLOCK]).unwrap();
    assert!(!played.iter().any(|channel| has_subnormal(channel)));
}

#[test]
fn after_its_tail_it_is_silent() {
    let settings: [&[(&str, &str)]; 3] = [&[], &[("EQ word", "bright"), ("EQ amount", "80")], &AMP_ALONE];
    for settings in settings {
        for rate_hz in [44_100, 48_000] {
            let mut plugin = fresh();
            tests::rack::tell(&mut plugin, settings).unwrap();
            plugin.set_offline(true).unwrap();
            plugin.activate(rate_hz, BLOCK).unwrap();
            let mut input = guitar(9_600);
            plugin.play(&[input.clone(), input.clone()], &[BLOCK]).unwrap();
            let tail = plugin.tail_samples() as usize;
            assert!(tail < 4 * rate_hz as usize, "{settings:?} at {rate_hz} Hz: a tail of {tail} samples");
            input.resize(9_600 + tail + rate_hz as usize, 0.0);
            let played = plugin.play(&[input.clone(), input], &[BLOCK]).unwrap();
            // What an amp gives of silence may be a constant, which is faded out once it has been seen to be one.
            let after = 9_600 + tail + rate_hz as usize / 5;
            for channel in &played {
                let left = peak(&channel[after..]);
                assert!(left < 1e-6, "{settings:?} at {rate_hz} Hz: {left} is left after {tail} samples");
            }
        }
    }
}
