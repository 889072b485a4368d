//! A drum kit: a kick that falls in pitch, a snare and a cymbal of noise.

use super::super::{normal, spectral};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

/// A pattern of eighths.
pub fn play(seconds: f64, rate_hz: f64, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let n = (seconds * rate_hz) as usize;
    let half = (rate_hz / 2.0) as usize;
    let time = |i: usize| i as f64 / rate_hz;
    let (pitch, sweep) = (rng.random_range(38.0..70.0), rng.random_range(1.0..4.0));
    let decay = rng.random_range(5.0..20.0);
    let kick: Vec<f32> = (0..half)
        .map(|i| {
            let t = time(i);
            ((TAU * (pitch * t + sweep * (1.0 - (-30.0 * t).exp()))).sin() * (-decay * t).exp()) as f32
        })
        .collect();
    let (low, high) = (rng.random_range(120.0..250.0), rng.random_range(3e3..9e3));
    let snare = noise_hit(half, rate_hz, rng.random_range(10.0..25.0), rng, |hz: f64| {
        // First-order slopes either side.
        let (l, h) = (hz / low, hz / high);
        l / (1.0 + l * l).sqrt() / (1.0 + h * h).sqrt()
    });
    let edge = rng.random_range(4e3..9e3);
    let cymbal = noise_hit(half, rate_hz, rng.random_range(8.0..90.0), rng, |hz: f64| {
        let r = (hz / edge).powi(2);
        r / (1.0 + r * r).sqrt()
    });
    let levels: [f32; 3] = std::array::from_fn(|_| 10f32.powf(rng.random_range(-1.0..0.0)));
    let step = (rate_hz * rng.random_range(0.18..0.4)) as usize;
    let mut y = vec![0.0f32; n];
    let mut add = |at: usize, hit: &[f32], level: f32| {
        y[at..].iter_mut().zip(hit).for_each(|(y, hit)| *y += level * hit);
    };
    for (i, at) in (0..n).step_by(step).enumerate() {
        if i % 4 == 0 || rng.random_bool(0.1) {
            add(at, &kick, levels[0]);
        }
        if i % 4 == 2 {
            add(at, &snare, levels[1]);
        }
        if rng.random_bool(0.8) {
            add(at, &cymbal, 0.7 * levels[2]);
        }
    }
    y
}

/// Noise of a colour that dies away.
fn noise_hit(
    length: usize,
    rate_hz: f64,
    decay: f64,
    rng: &mut ChaCha8Rng,
    colour: impl Fn(f64) -> f64,
) -> Vec<f32> {
    let white: Vec<f32> = (0..length).map(|_| normal(rng) as f32).collect();
    let mut hit = spectral::shape(&white, rate_hz, colour);
    let peak = hit.iter().fold(1e-9f32, |m, s| m.max(s.abs()));
    for (i, s) in hit.iter_mut().enumerate() {
        *s *= (-decay * i as f64 / rate_hz).exp() as f32 / peak;
    }
    hit
}
