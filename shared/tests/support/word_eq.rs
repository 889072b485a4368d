//! A word table and networks for tests of the word EQ: small, linear, and known.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]
#![allow(dead_code, reason = "every test is a crate of its own and uses some of this")]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::word_eq::{
    Controls, EqModel, EqSettings, GRID, LATENT, Latent, LatentSpace, Mode, Monitor, Networks, VALUES, Word,
    WordEq, WordEqError, WordTable,
};
use std::f64::consts::PI;
use std::sync::Arc;

/// The rates hosts use.
pub const RATES_HZ: [f64; 6] = [44_100.0, 48_000.0, 88_200.0, 96_000.0, 176_400.0, 192_000.0];

/// Words in a space of cosines over the grid: dark, bright, scooped and steep.
pub fn model() -> Arc<EqModel> {
    let direction = |k: usize| -> [f32; GRID] {
        let scale = if k == 0 { 1.0 } else { 2.0f64 } / GRID as f64;
        std::array::from_fn(|i| {
            (scale.sqrt() * (PI * (i as f64 + 0.5) * k as f64 / GRID as f64).cos()) as f32
        })
    };
    let space = LatentSpace::new((0..LATENT).map(direction).collect()).unwrap();
    let word = |slot: usize, name: &str, numbers: &[(usize, f32)]| {
        let mut latent = [0.0; LATENT];
        numbers.iter().for_each(|&(k, v)| latent[k] = v);
        Word {
            slot,
            name: name.into(),
            language: "en".into(),
            latent,
            agreement: vec![0.5; GRID],
            count: 10,
            spread_db: 3.0,
            experimental: false,
            place: [0.5, 0.5],
            sources: vec!["test".into()],
        }
    };
    let words = vec![
        word(0, "dark", &[(1, 20.0)]),
        word(1, "bright", &[(1, -20.0)]),
        word(2, "scooped", &[(2, 25.0)]),
        word(3, "steep", &[(1, 40.0), (2, 40.0), (3, 40.0), (4, 40.0)]),
    ];
    let table = WordTable::new(words, Vec::new(), [0.0; GRID], space, vec!["test".into()]).unwrap();
    Arc::new(EqModel { table, encoder: Vec::new(), decoder: Vec::new() })
}

/// Hears the slope of the spectrum's mean, and sets each band's gain, frequency and Q to a sum of the
/// curve's numbers.
pub struct Linear;

impl Networks for Linear {
    fn encode(&mut self, features: &[f32]) -> Result<Latent, WordEqError> {
        // The mean of each band is the second row.
        let mean = &features[64..128];
        let tilt: f32 = mean.iter().enumerate().map(|(i, v)| v * (31.5 - i as f32)).sum();
        let mut latent = [0.0; LATENT];
        latent[1] = tilt / 100.0;
        latent[2] = (mean[10] + mean[50] - 2.0 * mean[30]) / 10.0;
        Ok(latent)
    }

    fn decode(&mut self, curve: &Latent) -> Result<[f32; VALUES], WordEqError> {
        let mut values = EqSettings::flat().to_values();
        for (at, band) in [0, 2, 5, 8, 11].into_iter().enumerate() {
            let phase = PI * (at as f64 + 0.5) / 5.0;
            let gain: f64 = (1..5).map(|k| f64::from(curve[k]) * 0.18 * (phase * k as f64).cos()).sum();
            values[band] = gain as f32;
            values[band + 1] *= 2f32.powf(curve[1] / 20.0);
            if (1..4).contains(&at) {
                values[band + 2] *= 2f32.powf(curve[2].abs() / 10.0);
            }
        }
        Ok(values)
    }
}

/// An equaliser with these networks, prepared, and what it shows.
pub fn equaliser(rate_hz: f64, channels: usize, mode: Mode) -> (WordEq, Arc<Monitor>) {
    equaliser_with(Box::new(Linear), rate_hz, channels, mode)
}

/// As [`equaliser`], with other networks.
pub fn equaliser_with(
    networks: Box<dyn Networks>,
    rate_hz: f64,
    channels: usize,
    mode: Mode,
) -> (WordEq, Arc<Monitor>) {
    let monitor = Arc::new(Monitor::default());
    let mut eq = WordEq::with_networks(model(), networks, Arc::clone(&monitor));
    eq.prepare(rate_hz, channels, mode);
    (eq, monitor)
}

/// Bright and full on, with a hand on two bands and the level matched.
pub fn busy() -> Controls {
    let mut controls =
        Controls { word: 1, second_word: 2, blend: 0.3, amount: 0.9, level_match: true, ..Controls::NEUTRAL };
    controls.bands[1].gain_offset_db = -3.0;
    controls.bands[3].frequency_offset_octaves = 0.5;
    controls
}

/// Runs a signal of all channels through, in blocks of the given lengths, with controls for each block.
pub fn run(
    eq: &mut WordEq,
    signal: &[Vec<f32>],
    lengths: &[usize],
    mut controls: impl FnMut(usize) -> Controls,
) -> Vec<Vec<f32>> {
    let mut output = signal.to_vec();
    let mut at = 0;
    for &length in lengths {
        let mut block: Vec<&mut [f32]> = output.iter_mut().map(|c| &mut c[at..at + length]).collect();
        eq.process(&mut block, &controls(at));
        at += length;
    }
    output
}

/// Noise whose lows are louder than its highs.
pub fn noise(samples: usize, level: f32, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut slow = 0.0;
    (0..samples)
        .map(|_| {
            let white = rng.random_range(-1.0..1.0f32);
            slow += 0.05 * (white - slow);
            level * (0.3 * white + 3.0 * slow).clamp(-1.0, 1.0)
        })
        .collect()
}

/// A sine of full scale.
pub fn sine(samples: usize, hz: f64, rate_hz: f64) -> Vec<f32> {
    (0..samples).map(|i| (2.0 * PI * hz * i as f64 / rate_hz).sin() as f32).collect()
}

/// The largest sample.
pub fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |m: f32, x| m.max(x.abs()))
}

/// Mean of the squares in dB.
pub fn level_db(signal: &[f32]) -> f64 {
    let sum: f64 = signal.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    10.0 * (sum / signal.len() as f64).log10()
}
