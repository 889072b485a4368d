//! The cuts against their closed form, still and moving.

use super::*;
use std::f64::consts::{PI, TAU};

const RATES_HZ: [f64; 7] = [8_000.0, 22_050.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0];

fn cuts(rate_hz: f64, low_cut_hz: f32, high_cut_hz: f32) -> Cuts {
    let mut cuts = Cuts::default();
    let format =
        RackFormat { sample_rate_hz: rate_hz, max_block_samples: 512, channels_in: 1, channels_out: 1 };
    cuts.prepare(&format);
    turn(&mut cuts, low_cut_hz, high_cut_hz);
    cuts.reset();
    cuts
}

fn turn(cuts: &mut Cuts, low_cut_hz: f32, high_cut_hz: f32) {
    cuts.aim(&CabControls { on: true, blend: 0.0, low_cut_hz, high_cut_hz });
}

#[test]
fn what_is_measured_is_a_butterworth_filter() {
    let mut worst: f64 = 0.0;
    for rate in RATES_HZ {
        for (low, high) in [(20.0, 20_000.0), (80.0, 20_000.0), (500.0, 3_000.0), (20.0, 1_000.0)] {
            let mut response = vec![0.0; (0.15 * rate) as usize];
            response[0] = 1.0;
            cuts(rate, low, high).process(&mut [&mut response]);
            let tangent = |hz: f64| (PI * hz.min(0.499 * rate) / rate).tan();
            for at in [30.0, 80.0, 200.0, 700.0, 1_500.0, 3_300.0, 9_000.0]
                .into_iter()
                .filter(|at| *at < 0.45 * rate)
            {
                let (re, im) = response.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, h)| {
                    let angle = TAU * at * i as f64 / rate;
                    (re + f64::from(*h) * angle.cos(), im + f64::from(*h) * angle.sin())
                });
                let ratio = |cut: f32, inverse: bool| {
                    let ratio = tangent(at) / tangent(f64::from(cut));
                    (if inverse { 1.0 / ratio } else { ratio }).powi(4)
                };
                let mut expected = 1.0;
                if low > 20.0 {
                    expected /= 1.0 + ratio(low, true);
                }
                if high < 20_000.0 {
                    expected /= 1.0 + ratio(high, false);
                }
                let error = (10.0 * ((re * re + im * im) / expected).log10()).abs();
                worst = worst.max(error);
                assert!(error < 0.01, "{low} and {high} Hz at {at} Hz, rate {rate}: {error} dB of error");
            }
        }
    }
    println!("largest error {worst:.1e} dB");
}

#[test]
fn at_its_end_a_cut_is_not_there() {
    for rate in RATES_HZ {
        let sound: Vec<f32> =
            (0..4_000).map(|i| (f64::from(i) * 0.37).sin() as f32).chain([f32::NAN]).collect();
        let mut same = sound.clone();
        let mut cuts = cuts(rate, 20.0, 20_000.0);
        cuts.process(&mut [&mut same]);
        assert!(same.iter().zip(&sound).all(|(a, b)| a.to_bits() == b.to_bits()), "{rate} Hz");
        assert_eq!(cuts.tail_samples(), 0);
    }
}

/// A guitar on a constant, as an asymmetric amp gives it: neither jumps when a cut is turned to its end or from it.
#[test]
fn cuts_come_and_go_without_a_click() {
    let rate = 48_000.0;
    let sound: Vec<f32> =
        (0..96_000).map(|i| 0.4 + 0.4 * (TAU * 147.0 * f64::from(i) / rate).sin() as f32).collect();
    let steps =
        |signal: &[f32]| signal.windows(2).map(|w| f64::from((w[1] - w[0]).abs())).fold(0.0, f64::max);
    let natural = steps(&sound);
    for (low, high) in [(80.0, 20_000.0), (500.0, 20_000.0), (20.0, 1_000.0), (21.0, 19_999.0)] {
        let mut out = sound.clone();
        let mut cuts = cuts(rate, 20.0, 20_000.0);
        for (i, block) in out.chunks_mut(64).enumerate() {
            match i {
                300 => turn(&mut cuts, low, high),
                900 => turn(&mut cuts, 20.0, 20_000.0),
                _ => {}
            }
            cuts.process(&mut [block]);
        }
        let step = steps(&out);
        assert!(step < 1.25 * natural, "{low} to {high} Hz: a step of {step}, where {natural} is usual");
        assert_eq!(out[80_000..], sound[80_000..], "{low} to {high} Hz is turned off for good");
    }
}

#[test]
fn what_is_no_number_changes_nothing() {
    let mut cuts = cuts(48_000.0, 100.0, 5_000.0);
    turn(&mut cuts, f32::NAN, f32::INFINITY);
    let mut sound = vec![1.0; 48_000];
    cuts.process(&mut [&mut sound]);
    assert!(sound.iter().all(|x| x.is_finite()) && sound[47_000].abs() < 1e-3);
}
