//! Filters while their parameters move, against filters whose coefficients are exact at every sample.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::dsp::cookbook::Shape;
use shared::dsp::svf::{Coefficients, GRAIN, Series};
use shared::word_eq::{BAND_RANGES, BANDS};
use std::f64::consts::{PI, TAU};

const RATES_HZ: [f64; 6] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 176_400.0, 192_000.0];
/// What the bands take from one end of all their ranges to the other and back.
const SWING_SECONDS: f64 = 0.4;

/// A filter as it is set: shape, gain in dB, frequency in Hz, Q.
type Filter = (Shape, f64, f64, f64);

/// All five bands at a moment of the swing, each at another place of its own.
fn swing(seconds: f64) -> [Filter; BANDS] {
    std::array::from_fn(|i| {
        let range = &BAND_RANGES[i];
        let way = 0.5 - 0.5 * (TAU * (seconds / SWING_SECONDS + i as f64 / BANDS as f64)).cos();
        let [low, high] = [range.lowest_hz, range.highest_hz].map(f64::from);
        let q = if range.shape == Shape::Peak { 0.3 * 10f64.powf(way) } else { 0.7 };
        (range.shape, -12.0 + 24.0 * way, low * (high / low).powf(1.0 - way), q)
    })
}

/// A filter as Zavalishin draws it, its coefficients computed for every sample.
#[derive(Default)]
struct Exact {
    first: f64,
    second: f64,
}

impl Exact {
    fn step(&mut self, (shape, gain_db, frequency_hz, q): Filter, rate_hz: f64, x: f64) -> f64 {
        let a = 10f64.powf(gain_db / 40.0);
        let g = (PI * frequency_hz / rate_hz).tan();
        let (g, damping) = match shape {
            Shape::LowShelf => (g / a.sqrt(), 1.0 / q),
            Shape::Peak => (g, 1.0 / (a * q)),
            Shape::HighShelf => (g * a.sqrt(), 1.0 / q),
        };
        let high = (x - (g + damping) * self.first - self.second) / (1.0 + g * (g + damping));
        let band = g * high + self.first;
        let low = g * band + self.second;
        (self.first, self.second) = (g * high + band, g * band + low);
        match shape {
            Shape::LowShelf => a * a * low + a * damping * band + high,
            Shape::Peak => low + a * a * damping * band + high,
            Shape::HighShelf => low + a * damping * band + a * a * high,
        }
    }
}

fn peak(sound: impl IntoIterator<Item = f64>) -> f64 {
    sound.into_iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

#[test]
fn moving_filters_sound_as_exact_ones_do() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for rate in RATES_HZ {
        let length = (2.0 * SWING_SECONDS * rate) as usize;
        let sine =
            |hz: f64| (0..length).map(|i| (TAU * hz * i as f64 / rate).sin() as f32).collect::<Vec<_>>();
        let noise = (0..length).map(|_| rng.random_range(-1.0..1.0f32)).collect();
        for sound in [sine(60.0), sine(997.0), sine(12_000.0), noise] {
            let mut exact: [Exact; BANDS] = Default::default();
            let expected: Vec<f64> = sound
                .iter()
                .enumerate()
                .map(|(i, x)| {
                    let bands = swing((i + 1) as f64 / rate);
                    exact.iter_mut().zip(bands).fold(f64::from(*x), |x, (band, f)| band.step(f, rate, x))
                })
                .collect();
            let mut found = sound;
            let mut series = Series::new(1);
            let coefficients =
                |(shape, gain, frequency, q): Filter| Coefficients::new(shape, gain, frequency, q, rate);
            series.jump_to(swing(0.0).map(coefficients));
            let mut at = 0;
            series.process(&mut [&mut found], || {
                at += GRAIN;
                Some(swing(at as f64 / rate).map(coefficients))
            });
            let errors: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| f64::from(*a) - b).collect();
            let loudest = peak(expected.iter().copied()).max(1.0);
            let (error, step) = (peak(errors.iter().copied()), peak(errors.windows(2).map(|e| e[1] - e[0])));
            let [error_db, step_db] = [error, step].map(|e| 20.0 * (e / loudest).log10());
            println!("{rate} Hz: {error_db:.1} dB off, {step_db:.1} dB from sample to sample");
            assert!(
                error_db < -85.0 && step_db < -88.0,
                "{rate} Hz: {error_db} dB off, steps of {step_db} dB"
            );
        }
    }
}

#[test]
fn a_glide_ends_exactly_where_it_should() {
    let coefficients =
        |seconds| swing(seconds).map(|(s, gain, f, q)| Coefficients::new(s, gain, f, q, 48_000.0));
    let impulse = || std::array::from_fn::<f32, 500, _>(|i| if i == 0 { 1.0 } else { 0.0 });
    let mut at_once = Series::new(1);
    at_once.jump_to(coefficients(0.1));
    let mut expected = impulse();
    at_once.process(&mut [&mut expected], || None);
    // In silence to one place, and on to another before the impulse.
    let mut gliding = Series::new(1);
    let mut goals = [0.3, 0.2, 0.1].into_iter().map(coefficients);
    gliding.process(&mut [&mut [0.0; 4 * GRAIN]], || goals.next());
    let mut found = impulse();
    gliding.process(&mut [&mut found], || None);
    assert_eq!(found, expected);
}
