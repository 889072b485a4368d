//! Sources as the equaliser may meet them: coloured, at another rate, with noise behind, from anywhere on.

use super::{Source, normal, rng_of, spectral};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use shared::dsp::balance::Balance;
use shared::dsp::cookbook::Shape;
use shared::dsp::svf::{Coefficients, Series};
use shared::word_eq::{BAND_RANGES, BANDS, GRID, MAX_GAIN_DB, MAX_Q, MIN_Q, grid_hz};

/// Variants that are not coloured.
const PLAIN: usize = 2;
/// Length that is measured at least: shorter sources are repeated, in seconds.
const LEAST_SECONDS: usize = 6;
/// How long filters run before what is measured, in seconds.
const RUN_IN_SECONDS: f64 = 0.5;
/// Length of what is listened to, in seconds at most.
const LISTENED_SECONDS: f64 = 5.0;
/// A place counts as sounding down to this share of the strongest.
const SOUNDS: f64 = 1e-4;

/// A source as it was met.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Number of the source.
    pub source: usize,
    /// Number of the variant; the first two are not coloured.
    pub variant: usize,
    /// Sample rate in Hz.
    pub rate_hz: u32,
    /// What is listened to.
    pub samples: Vec<f32>,
    /// The balance of all of it, also of what is not listened to.
    pub balance_db: [f32; GRID],
}

/// A variant of a source, the same each time. Even ones begin at the source's beginning, odd ones anywhere.
pub fn clip(source: &Source, number: usize, variant: usize, seed: u64) -> Clip {
    let mut rng = rng_of(&format!("{}|{variant}", source.name), seed);
    let mut rate_hz = source.rate_hz;
    let mut sound = repeated(&source.samples, LEAST_SECONDS * rate_hz as usize);
    if variant >= PLAIN {
        if rng.random_bool(0.3) {
            let other = if rate_hz == 44_100 { 48_000 } else { 44_100 };
            sound = spectral::resample(&sound, rate_hz, other);
            rate_hz = other;
        }
        colour(&mut sound, f64::from(rate_hz), &mut rng);
    }
    if variant != 0 && rng.random_bool(0.3) {
        add_noise(&mut sound, &mut rng);
    }
    if rng.random_bool(0.5) {
        sound.iter_mut().for_each(|s| *s = -*s);
    }
    let mut balance = Balance::new(f64::from(rate_hz));
    balance.push(&sound);
    let balance_db = balance.curve_db(&grid_hz()).map(|db| db as f32);
    let mut samples = sound;
    if variant % 2 == 1 {
        let start = sounding(&samples, &mut rng);
        samples.rotate_left(start);
    }
    samples.truncate((LISTENED_SECONDS * f64::from(rate_hz)) as usize);
    Clip { source: number, variant, rate_hz, samples, balance_db }
}

/// A sound over and over, `least` samples or more: always a whole number of times.
fn repeated(samples: &[f32], least: usize) -> Vec<f32> {
    samples.repeat(least.div_ceil(samples.len().max(1)).max(1))
}

/// Plays a sound through a random equaliser.
fn colour(sound: &mut [f32], rate_hz: f64, rng: &mut ChaCha8Rng) {
    // Half of them mild.
    let strength = if rng.random_bool(0.5) { 1.0 } else { 1.0 / 3.0 };
    let coefficients: [Coefficients; BANDS] = std::array::from_fn(|i| {
        let range = &BAND_RANGES[i];
        let most = f64::from(MAX_GAIN_DB) * strength;
        let gain_db = if rng.random_bool(0.75) { rng.random_range(-most..most) } else { 0.0 };
        let between = |low: f32, high: f32, share: f64| f64::from(low) * f64::from(high / low).powf(share);
        let hz = between(range.lowest_hz, range.highest_hz, rng.random());
        let usual = range.shape != Shape::Peak || rng.random_bool(0.5);
        let q = if usual { std::f64::consts::FRAC_1_SQRT_2 } else { between(MIN_Q, MAX_Q, rng.random()) };
        Coefficients::new(range.shape, gain_db, hz, q, rate_hz)
    });
    let mut filters = Series::<BANDS>::new(1);
    filters.jump_to(coefficients);
    // As if the sound had been going on before.
    let run_in = ((RUN_IN_SECONDS * rate_hz) as usize).min(sound.len());
    let mut before = sound[sound.len() - run_in..].to_vec();
    filters.process(&mut [&mut before], || None);
    filters.process(&mut [sound], || None);
}

/// Adds the noise of a room or a converter, 45 to 80 dB below the sound; half of it pink.
fn add_noise(sound: &mut [f32], rng: &mut ChaCha8Rng) {
    let white: Vec<f32> = sound.iter().map(|_| normal(rng) as f32).collect();
    let noise = if rng.random_bool(0.5) {
        // In bins: the colour does not depend on the rate.
        spectral::shape(&white, sound.len() as f64, |bin| 1.0 / (bin + 10.0).sqrt())
    } else {
        white
    };
    let power = |x: &[f32]| x.iter().map(|s| f64::from(s * s)).sum::<f64>();
    let ratio = (power(sound) / power(&noise).max(1e-20)).sqrt();
    let gain = (ratio * 10f64.powf(rng.random_range(-80.0..-45.0) / 20.0)) as f32;
    sound.iter_mut().zip(&noise).for_each(|(s, n)| *s += gain * n);
}

/// A place where the sound is not silent, by chance.
fn sounding(sound: &[f32], rng: &mut ChaCha8Rng) -> usize {
    const STEP: usize = 512;
    let power: Vec<f64> =
        sound.chunks(STEP).map(|c| c.iter().map(|s| f64::from(s * s)).sum::<f64>()).collect();
    // Over eight steps, as an analysis hears it.
    let heard = |i: usize| power.iter().cycle().skip(i).take(8).sum::<f64>();
    let heard: Vec<f64> = (0..power.len()).map(heard).collect();
    let most = heard.iter().fold(0.0f64, |m, p| m.max(*p));
    let places: Vec<usize> = (0..heard.len()).filter(|&i| heard[i] > SOUNDS * most).collect();
    if places.is_empty() { 0 } else { STEP * places[rng.random_range(0..places.len())] }
}

#[cfg(test)]
mod tests {
    use super::super::Origin;
    use super::*;

    fn source() -> Source {
        let mut rng = rng_of("source", 1);
        let samples = (0..30_000).map(|_| normal(&mut rng) as f32).collect();
        let (name, group) = ("a".into(), "a".into());
        Source::new(name, group, Origin::Recording, None, 48_000, samples).unwrap()
    }

    #[test]
    fn variants_are_repeatable_and_differ() {
        let source = source();
        let a = clip(&source, 3, 5, 1);
        let same = clip(&source, 3, 5, 1);
        assert_eq!((a.source, a.variant, &a.samples), (3, 5, &same.samples));
        for other in [clip(&source, 3, 4, 1), clip(&source, 3, 5, 2)] {
            assert_ne!(a.samples, other.samples);
        }
        assert!(a.samples.len() as f64 <= LISTENED_SECONDS * f64::from(a.rate_hz));
    }

    #[test]
    fn the_first_variant_is_the_source_and_colours_move_the_balance() {
        let source = source();
        let plain = clip(&source, 0, 0, 1);
        let sign = plain.samples[0].signum() * source.samples[0].signum();
        assert!(plain.samples.iter().zip(&source.samples).all(|(a, b)| *a == sign * b));
        let apart = |variant: usize| {
            let other = clip(&source, 0, variant, 1).balance_db;
            plain.balance_db.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
        };
        let moved = (PLAIN..10).filter(|v| apart(*v) > 1.0).count();
        assert!(moved >= 7, "{moved} of 8");
        assert!(apart(1) < 3.0, "noise far below is hardly heard: {}", apart(1));
    }
}
