//! What is measured of a sound: mel spectra, balance, centroid.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::dsp::balance::Balance;
use shared::dsp::mel::{HIGHEST_HZ, MEL_BANDS, Mel, centres_hz, scaled_samples};
use shared::dsp::spectrum::PowerSpectrum;
use shared::dsp::svf::{Coefficients, Series};
use shared::word_eq::{BAND_RANGES, BANDS, BandSettings, EqSettings, grid_hz};
use std::f64::consts::{PI, TAU};

const RATES_HZ: [f64; 6] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 176_400.0, 192_000.0];

fn noise(length: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..length).map(|_| rng.random_range(-0.5..0.5)).collect()
}

fn sine(amplitude: f64, at_hz: f64, rate_hz: f64, length: usize) -> Vec<f32> {
    (0..length).map(|i| (amplitude * (TAU * at_hz * i as f64 / rate_hz).sin()) as f32).collect()
}

/// |X|² under a periodic Hann window, term by term.
fn power_by_definition(sound: &[f32]) -> Vec<f64> {
    let n = sound.len();
    (0..=n / 2)
        .map(|k| {
            let (mut re, mut im) = (0.0, 0.0);
            for (i, x) in sound.iter().enumerate() {
                let x = f64::from(*x) * (PI * i as f64 / n as f64).sin().powi(2);
                // Whole turns taken off first: the angle is exact.
                let (s, c) = (TAU * ((i * k) % n) as f64 / n as f64).sin_cos();
                (re, im) = (re + x * c, im - x * s);
            }
            re * re + im * im
        })
        .collect()
}

#[test]
fn power_is_that_of_the_definition() {
    for length in [64, 1024, 1000] {
        let sound = noise(length, 3);
        let expected = power_by_definition(&sound);
        let most = expected.iter().fold(0.0, |most: f64, p| most.max(*p));
        let single = PowerSpectrum::<f32>::new(length).of(sound.iter().copied()).to_vec();
        let double = PowerSpectrum::<f64>::new(length).of(sound.iter().copied().map(f64::from)).to_vec();
        assert_eq!(double.len(), expected.len());
        for ((expected, double), single) in expected.iter().zip(&double).zip(&single) {
            assert!((expected - double).abs() < 1e-12 * most);
            assert!((expected - f64::from(*single)).abs() < 2e-6 * most);
        }
    }
    let mut spectrum = PowerSpectrum::<f64>::new(8);
    assert_eq!(
        spectrum.of([1.0; 3]).to_vec(),
        spectrum.of([1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]).to_vec()
    );
}

#[test]
fn mel_bands_are_those_of_the_definition() {
    let scale = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
    let step = scale(HIGHEST_HZ) / (MEL_BANDS + 1) as f64;
    for rate in RATES_HZ {
        let mut mel = Mel::new(rate);
        let length = mel.frame_samples();
        let sound = noise(length, 4);
        let power = power_by_definition(&sound);
        for (band, found) in mel.frame(sound).iter().enumerate() {
            // Triangles in Hz between points that are even in mel.
            let point = |i: usize| 700.0 * (10f64.powf(i as f64 * step / 2595.0) - 1.0);
            let expected: f64 = power
                .iter()
                .enumerate()
                .map(|(bin, power)| {
                    let at = bin as f64 * rate / length as f64;
                    let rise = (at - point(band)) / (point(band + 1) - point(band));
                    let fall = (point(band + 2) - at) / (point(band + 2) - point(band + 1));
                    power * rise.min(fall).max(0.0) * (1024.0 / length as f64).powi(2)
                })
                .sum();
            let error = (f64::from(*found) / expected - 1.0).abs();
            assert!(error < 1e-4, "{rate} Hz, band {band}: {found}, not {expected}");
        }
    }
}

/// Noise in whole numbers, so that every language makes the same.
fn whole_noise(i: u64) -> f32 {
    let h = (i * 7_919 + i * i * 104_729 + (i >> 3) * 31_337 * i) % 65_537;
    (h as f64 / 65_536.0 - 0.5) as f32
}

// The figures are numpy's, from the code the encoder was first explored with.
#[test]
fn numpy_agrees() {
    let bands = [0, 1, 5, 20, 24, 40, 63];
    let points = [0, 10, 20, 30, 40, 50, 63];
    for (rate, mels, curve) in [
        (
            44_100.0,
            [5.30903, 8.30002, 80.3283, 162.642, 141.034, 245.546, 1073.34],
            [-16.4493, -8.6415, -5.2982, -0.9978, 4.4672, 8.3084, 14.5272],
        ),
        (
            48_000.0,
            [4.7111, 7.14903, 73.5036, 55.2334, 65.1374, 286.655, 748.308],
            [-16.5003, -8.5974, -4.8276, -0.9971, 4.2606, 8.4954, 14.5357],
        ),
    ] {
        let found = Mel::new(rate).frame((0..1024).map(whole_noise));
        for (band, expected) in bands.into_iter().zip(mels) {
            let error = (f64::from(found[band]) - expected).abs();
            assert!(
                error < 1e-4 * expected + 1e-3,
                "{rate} Hz, band {band}: {}, not {expected}",
                found[band]
            );
        }
        let sound: Vec<f32> = (0..rate as u64).map(whole_noise).collect();
        let mut balance = Balance::new(rate);
        balance.push(&sound);
        let found = balance.curve_db(&grid_hz());
        for (point, expected) in points.into_iter().zip(curve) {
            // Its window ends one sample earlier.
            assert!(
                (found[point] - expected).abs() < 0.01,
                "{rate} Hz, {point}: {} {expected}",
                found[point]
            );
        }
    }
}

#[test]
fn lengths_follow_the_rate_in_powers_of_two() {
    let expected = [
        (22_050.0, 512),
        (32_000.0, 512),
        (44_100.0, 1024),
        (48_000.0, 1024),
        (88_200.0, 2048),
        (96_000.0, 2048),
        (176_400.0, 4096),
        (192_000.0, 4096),
    ];
    for (rate, length) in expected {
        let mel = Mel::new(rate);
        assert_eq!((mel.frame_samples(), mel.hop_samples()), (length, length / 2), "{rate} Hz");
        assert_eq!(scaled_samples(2048, rate), 2 * length);
    }
}

#[test]
fn mel_levels_do_not_depend_on_the_rate() {
    for rate in [22_050.0, 32_000.0].into_iter().chain(RATES_HZ) {
        let mut mel = Mel::new(rate);
        let length = mel.frame_samples();
        let at_hz = centres_hz()[30];
        let bands = mel.frame(sine(1.0, at_hz, rate, length));
        let sum: f32 = bands.iter().sum();
        assert!((sum / 98_304.0 - 1.0).abs() < 0.01, "{rate} Hz: {sum}");
        let strongest = (0..MEL_BANDS).max_by(|a, b| bands[*a].total_cmp(&bands[*b]));
        assert_eq!(strongest, Some(30));
        // What lies above half the rate is empty, what lies below is not.
        let bands = mel.frame(noise(length, 1));
        for (band, centre) in centres_hz().into_iter().enumerate() {
            if centre < 0.49 * rate {
                assert!(bands[band] > 0.0, "{rate} Hz: nothing at {centre} Hz");
            } else if centre > 0.56 * rate {
                assert_eq!(bands[band], 0.0, "{rate} Hz: something at {centre} Hz");
            }
        }
    }
}

fn heard(rate_hz: f64, sound: &[f32]) -> Balance {
    let mut balance = Balance::new(rate_hz);
    balance.push(sound);
    balance
}

#[test]
fn an_equaliser_moves_the_balance_by_its_response() {
    let mut settings = EqSettings::flat();
    let values = [
        (6.0, 200.0, 0.7),
        (-4.0, 500.0, 0.8),
        (3.0, 1_500.0, 1.0),
        (-6.0, 4_000.0, 0.7),
        (5.0, 8_000.0, 0.7),
    ];
    for (band, (gain_db, frequency_hz, q)) in settings.bands.iter_mut().zip(values) {
        *band = BandSettings { gain_db, frequency_hz, q };
    }
    for rate in RATES_HZ {
        let before = noise((8.0 * rate) as usize, 5);
        let mut after = before.clone();
        let mut series = Series::<BANDS>::new(1);
        series.jump_to(std::array::from_fn(|i| {
            let [gain, frequency, q] =
                [settings.bands[i].gain_db, settings.bands[i].frequency_hz, settings.bands[i].q]
                    .map(f64::from);
            Coefficients::new(BAND_RANGES[i].shape, gain, frequency, q, rate)
        }));
        series.process(&mut [&mut after], || None);
        let [before, after] = [&before, &after].map(|sound| heard(rate, sound).curve_db(&grid_hz()));
        let response = grid_hz().map(|at| settings.response_db(at, rate));
        let mean = response.iter().sum::<f64>() / response.len() as f64;
        for (i, at) in grid_hz().into_iter().enumerate() {
            let (moved, expected) = (after[i] - before[i], response[i] - mean);
            // Thirds of octaves are smooth, and few pieces hold much at the lowest.
            assert!(
                (moved - expected).abs() < 0.3,
                "{rate} Hz at {at:.0} Hz: {moved:.2} dB, not {expected:.2}"
            );
        }
    }
}

#[test]
fn white_noise_rises_three_decibels_an_octave() {
    let curve = heard(48_000.0, &noise(480_000, 6)).curve_db(&grid_hz());
    let octaves = (18_000f64 / 25.0).log2();
    let slope = (curve[63] - curve[0]) / octaves;
    assert!((slope - 3.01).abs() < 0.15, "{slope} dB an octave");
    assert!(curve.iter().sum::<f64>().abs() < 1e-9, "level is not removed");
}

#[test]
fn balance_takes_no_notice_of_level_or_pieces() {
    let sound = noise(100_000, 7);
    let expected = heard(48_000.0, &sound).curve_db(&grid_hz());
    let louder: Vec<f32> = sound.iter().map(|x| 0.25 * x).collect();
    for (a, b) in expected.iter().zip(heard(48_000.0, &louder).curve_db(&grid_hz())) {
        assert!((a - b).abs() < 1e-6);
    }
    let mut pieces = Balance::new(48_000.0);
    for piece in sound.chunks(777) {
        pieces.push(piece);
    }
    assert_eq!(pieces.curve_db(&grid_hz()), expected);
}

#[test]
fn channels_add_their_powers() {
    let rate = 48_000.0;
    let (low, high) = (sine(0.5, 200.0, rate, 48_000), sine(0.5, 5_000.0, rate, 48_000));
    let both: Vec<f32> = low.iter().zip(&high).map(|(a, b)| a + b).collect();
    let mut channels = heard(rate, &low);
    channels.merge(&mut heard(rate, &high));
    // In one channel they add as well, where they share no frequency; opposite channels do not cancel.
    for (a, b) in channels.curve_db(&grid_hz()).iter().zip(heard(rate, &both).curve_db(&grid_hz())) {
        assert!((a - b).abs() < 0.01);
    }
    let mut opposite = heard(rate, &low);
    opposite.merge(&mut heard(rate, &low.iter().map(|x| -x).collect::<Vec<_>>()));
    for (a, b) in opposite.curve_db(&grid_hz()).iter().zip(heard(rate, &low).curve_db(&grid_hz())) {
        assert!((a - b).abs() < 1e-9);
    }
    // Channels shorter than a piece count too.
    let mut short = heard(rate, &low[..5_000]);
    short.merge(&mut heard(rate, &high[..5_000]));
    let centroid = short.centroid_hz().expect("there is sound");
    assert!((centroid - 2_600.0).abs() < 10.0, "{centroid}");
}

#[test]
fn silence_is_flat_and_has_no_centroid() {
    for (rate, length) in [(44_100.0, 0), (44_100.0, 100), (44_100.0, 100_000), (1.0, 100)] {
        let mut balance = heard(rate, &vec![0.0; length]);
        assert_eq!(balance.curve_db(&grid_hz()), [0.0; 64]);
        assert_eq!(balance.centroid_hz(), None);
    }
}

#[test]
fn the_floor_is_forty_decibels_below() {
    let curve = heard(48_000.0, &sine(0.5, 1_000.0, 48_000.0, 96_000)).curve_db(&grid_hz());
    let most = curve.iter().copied().fold(f64::MIN, f64::max);
    assert!((most - curve[0] - 40.0).abs() < 0.01, "{}", most - curve[0]);
}

#[test]
fn the_centroid_of_a_sine_is_its_frequency() {
    for rate in RATES_HZ {
        for at_hz in [50.0, 1_000.0, 15_000.0] {
            let centroid =
                heard(rate, &sine(0.5, at_hz, rate, rate as usize)).centroid_hz().expect("there is sound");
            assert!((centroid - at_hz).abs() < 2.0, "{rate} Hz: {centroid}, not {at_hz}");
        }
    }
    let white = heard(48_000.0, &noise(480_000, 8)).centroid_hz().expect("there is sound");
    assert!((white - 12_000.0).abs() < 100.0, "{white}");
}
