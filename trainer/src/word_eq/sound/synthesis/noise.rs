//! Noises of any colour, some of them in bursts.

use super::super::{normal, spectral};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Points of the random curve, from 10 Hz to 24 kHz.
const POINTS: usize = 9;

/// Noise whose spectrum walks at random from octave to octave, most of it downwards.
pub fn play(seconds: f64, rate_hz: f64, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let n = (seconds * rate_hz) as usize;
    let white: Vec<f32> = (0..n).map(|_| normal(rng) as f32).collect();
    // dB for each of the eight steps of about 1.4 octaves.
    let tilt = rng.random_range(-3.75..0.6);
    let mut curve = [0.0f64; POINTS];
    for i in 1..POINTS {
        curve[i] = curve[i - 1] + tilt + 5.0 * normal(rng);
    }
    let octaves = (24_000.0f64 / 10.0).log2();
    let gain = |hz: f64| {
        let at = ((hz.max(10.0) / 10.0).log2() / octaves * (POINTS - 1) as f64).min(POINTS as f64 - 1.001);
        let (i, rest) = (at as usize, at.fract());
        10f64.powf((curve[i] + rest * (curve[i + 1] - curve[i])) / 20.0)
    };
    let mut y = spectral::shape(&white, rate_hz, gain);
    if rng.random_bool(0.33) {
        for burst in y.chunks_mut((rate_hz / 4.0) as usize) {
            let level = rng.random_range(0.03..1.0f32);
            burst.iter_mut().for_each(|s| *s *= level);
        }
    }
    y
}
