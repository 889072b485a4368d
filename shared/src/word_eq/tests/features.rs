//! What the encoder reads.

use crate::dsp::balance::Balance;
use crate::word_eq::{FEATURES, Features, GRID, NOVELTY_ROW, analysis_samples, grid_hz};
use std::f32::consts::TAU;

/// Noise through a low-pass at about 1 kHz, and a hum.
fn sound(samples: usize, rate_hz: f64) -> Vec<f32> {
    let mut seed = 7u32;
    let mut low = 0.0;
    let keep = (-TAU as f64 * 1000.0 / rate_hz).exp() as f32;
    let sound = (0..samples).map(|i| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let white = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
        low = keep * low + (1.0 - keep) * white;
        0.3 * low + 0.01 * (TAU * 90.0 * i as f32 / rate_hz as f32).sin()
    });
    sound.collect()
}

fn heard(features: &mut Features, sound: &[f32], rate_hz: f64) -> [f32; FEATURES] {
    for piece in sound.chunks_exact(analysis_samples(rate_hz)) {
        assert!(features.hear(piece, 3.0, false));
    }
    features.values()
}

fn row(values: &[f32; FEATURES], row: usize) -> &[f32] {
    &values[64 * row..][..64]
}

fn largest(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_first_row_is_nearly_the_balance() {
    for rate in [44_100.0, 48_000.0, 96_000.0] {
        let sound = sound(5 * rate as usize, rate);
        let values = heard(&mut Features::new(rate, 1), &sound, rate);
        let mut balance = Balance::new(rate);
        balance.push(&sound);
        let balance = balance.curve_db(&grid_hz());
        let apart: Vec<f64> =
            row(&values, 0).iter().zip(balance).map(|(v, db)| (20.0 * f64::from(*v) - db).abs()).collect();
        let mean = apart.iter().sum::<f64>() / GRID as f64;
        let most = apart.iter().fold(0.0f64, |m, d| m.max(*d));
        assert!(mean < 0.7 && most < 4.0, "{rate} Hz: {mean:.2} dB in the mean, {most:.2} dB at most");
    }
}

#[test]
fn features_depend_on_neither_level_nor_channels_nor_rate() {
    let rate = 48_000.0;
    let mono = sound(2 * 48_000, rate);
    let one = heard(&mut Features::new(rate, 1), &mono, rate);
    let quiet: Vec<f32> = mono.iter().map(|s| 0.1 * s).collect();
    assert!(largest(&one, &heard(&mut Features::new(rate, 1), &quiet, rate)) < 1e-3);
    let step = analysis_samples(rate);
    let stereo: Vec<f32> = mono.chunks_exact(step).flat_map(|piece| [piece, piece].concat()).collect();
    let mut features = Features::new(rate, 2);
    for piece in stereo.chunks_exact(2 * step) {
        features.hear(piece, 3.0, false);
    }
    assert!(largest(&one, &features.values()) < 1e-3);
    // Another noise, but the same balance.
    let double = heard(&mut Features::new(96_000.0, 1), &sound(2 * 96_000, 96_000.0), 96_000.0);
    assert!(largest(row(&one, 0), row(&double, 0)) < 0.2);
}

#[test]
fn silence_and_freezing_change_nothing_that_is_remembered() {
    let rate = 48_000.0;
    let mut features = Features::new(rate, 1);
    assert_eq!(features.values(), [0.0; FEATURES], "nothing was heard");
    let before = heard(&mut features, &sound(48_000, rate), rate);
    let remembered = |values: &[f32; FEATURES]| values[..6 * 64].to_vec();
    let step = analysis_samples(rate);
    // What still rings in the frames is heard once.
    features.hear(&vec![0.0; step], 3.0, true);
    for _ in 0..20 {
        assert!(!features.hear(&vec![0.0; step], 3.0, false));
    }
    assert_eq!(remembered(&features.values()), remembered(&before));
    // A square of 1.5 kHz: half the rate itself would lie beyond all bands once it has begun.
    let other: Vec<f32> = (0..step).map(|i| if i % 32 < 16 { 0.2 } else { -0.2 }).collect();
    assert!(features.hear(&other, 3.0, true));
    assert_eq!(remembered(&features.values()), remembered(&before));
    assert!(features.hear(&other, 3.0, false));
    assert_ne!(remembered(&features.values()), remembered(&before));
    features.reset();
    assert_eq!(features.values(), [0.0; FEATURES]);
}

#[test]
fn novelty_falls_while_listening() {
    let rate = 48_000.0;
    let mut features = Features::new(rate, 1);
    let mut last = f32::INFINITY;
    for (i, piece) in sound(48_000, rate).chunks_exact(analysis_samples(rate)).enumerate() {
        features.hear(piece, 3.0, false);
        let novelty = row(&features.values(), NOVELTY_ROW)[0];
        match i {
            0 => assert_eq!(novelty, 1.0),
            _ => assert!(novelty < last, "{i}: {novelty} after {last}"),
        }
        last = novelty;
    }
}
