//! Conversion of the sample rate.

use crate::support::noise;
use shared::audio::Converter;
use std::f64::consts::TAU;

fn converted(sound: &[f32], from_hz: u32, to_hz: u32, block: usize) -> Vec<f32> {
    let mut converter = Converter::new(from_hz, to_hz, 1).unwrap();
    let mut result = [Vec::new()];
    for part in sound.chunks(block) {
        converter.push(&[part], part.len(), &mut result);
    }
    converter.finish(&mut result);
    let [result] = result;
    result
}

fn sine(hz: f64, rate_hz: u32, samples: usize) -> Vec<f32> {
    (0..samples).map(|i| (TAU * hz * i as f64 / f64::from(rate_hz)).sin() as f32).collect()
}

fn db(amplitude: f64) -> f64 {
    20.0 * amplitude.max(1e-12).log10()
}

/// What a sound is of a sine away from its ends, where the sine begins and stops: amplitude, delay in samples, and the
/// largest of what is left without it.
fn fit(sound: &[f32], hz: f64, rate_hz: u32) -> (f64, f64, f64) {
    let step = TAU * hz / f64::from(rate_hz);
    let inner = 4_000..sound.len() - 4_000;
    let at = |i: usize| ((step * i as f64).sin(), (step * i as f64).cos(), f64::from(sound[i]));
    let sum = |product: fn((f64, f64, f64)) -> f64| inner.clone().map(|i| product(at(i))).sum::<f64>();
    let (ss, sc, cc) = (sum(|(s, _, _)| s * s), sum(|(s, c, _)| s * c), sum(|(_, c, _)| c * c));
    let (sx, cx) = (sum(|(s, _, x)| s * x), sum(|(_, c, x)| c * x));
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((sx * cc - cx * sc) / determinant, (cx * ss - sx * sc) / determinant);
    let rest = inner.map(|i| {
        let (s, c, x) = at(i);
        (x - a * s - b * c).abs()
    });
    (a.hypot(b), -b.atan2(a) / step, rest.fold(0.0, f64::max))
}

#[test]
fn a_sine_stays_a_sine_up_to_20_khz() {
    for (from_hz, to_hz) in [
        (44_100, 48_000),
        (48_000, 44_100),
        (44_100, 96_000),
        (96_000, 44_100),
        (192_000, 44_100),
        (48_000, 48_001),
        (47_999, 44_101),
        (192_000, 44_101),
    ] {
        for hz in [50.0, 1_000.0, 10_000.0, 19_000.0, 20_000.0] {
            let sound = sine(hz, from_hz, from_hz as usize / 2);
            let result = converted(&sound, from_hz, to_hz, 4_096);
            let (amplitude, delay, rest) = fit(&result, hz, to_hz);
            let what = format!("{hz} Hz from {from_hz} to {to_hz}");
            assert!(db(amplitude).abs() < 0.001, "{what}: {} dB", db(amplitude));
            assert!(delay.abs() < 0.002, "{what}: {delay} samples late");
            // Images and aliases.
            assert!(db(rest) < -110.0, "{what}: {} dB", db(rest));
        }
    }
}

#[test]
fn what_the_new_rate_cannot_carry_is_taken_out() {
    for (from_hz, to_hz, hz) in [
        (48_000, 44_100, 22_100.0),
        (96_000, 44_100, 23_000.0),
        (96_000, 48_000, 40_000.0),
        (192_000, 8_000, 4_100.0),
        (192_000, 8_001, 4_100.0),
    ] {
        let result = converted(&sine(hz, from_hz, from_hz as usize / 2), from_hz, to_hz, 4_096);
        let inner = &result[result.len() / 4..result.len() * 3 / 4];
        let left = db(f64::from(inner.iter().fold(0.0f32, |most, x| most.max(x.abs()))));
        assert!(left < -100.0, "{hz} Hz from {from_hz} to {to_hz}: {left} dB");
    }
}

#[test]
fn blocks_of_any_size_give_the_same() {
    let sound = noise(20_000, 5);
    for (from_hz, to_hz) in [(44_100, 48_000), (96_000, 44_100), (47_999, 44_101)] {
        let whole = converted(&sound, from_hz, to_hz, sound.len());
        for block in [1, 17, 1024, 4_096] {
            assert!(converted(&sound, from_hz, to_hz, block) == whole, "blocks of {block}");
        }
    }
}

#[test]
fn the_length_is_the_nearest_whole_number() {
    for (from_hz, to_hz) in
        [(44_100, 48_000), (48_000, 44_100), (96_000, 8_000), (8_000, 192_000), (44_101, 47_999)]
    {
        for length in [1, 2, 3, 100, 147, 1_000, 4_321] {
            let expected = (length as f64 * f64::from(to_hz) / f64::from(from_hz)).round() as usize;
            assert_eq!(
                converted(&noise(length, 6), from_hz, to_hz, 100).len(),
                expected,
                "{from_hz} to {to_hz}"
            );
        }
    }
}

#[test]
fn rates_out_of_range_are_refused_with_both_numbers() {
    for (from_hz, to_hz) in [(44_100, 1), (0, 48_000), (u32::MAX, 48_000), (48_000, 1_000_000)] {
        let error = Converter::new(from_hz, to_hz, 1).err().unwrap();
        assert!(error.contains(&from_hz.to_string()) && error.contains(&to_hz.to_string()), "{error}");
    }
}
