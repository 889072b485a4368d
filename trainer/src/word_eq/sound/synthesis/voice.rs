//! Voices: vowels and consonants through formants, with the long-term spectrum that speech has.
//!
//! That spectrum is the one of D. Byrne et al., "An international comparison of long-term average speech
//! spectra", Journal of the Acoustical Society of America 96(4), 1994, table II, men and women together.
//! Voices, microphones and rooms vary around it.

use super::super::{normal, spectral};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::{PI, TAU};

/// Centres of the third octaves in Hz, and the speech in each in dB, at 70 dB in all.
const SPEECH: [(f64, f64); 25] = [
    (63.0, 38.6),
    (80.0, 43.5),
    (100.0, 54.4),
    (125.0, 57.7),
    (160.0, 56.8),
    (200.0, 60.2),
    (250.0, 60.3),
    (315.0, 59.0),
    (400.0, 62.1),
    (500.0, 62.1),
    (630.0, 60.5),
    (800.0, 56.8),
    (1000.0, 53.7),
    (1250.0, 53.0),
    (1600.0, 52.0),
    (2000.0, 48.7),
    (2500.0, 48.1),
    (3150.0, 46.8),
    (4000.0, 45.6),
    (5000.0, 44.5),
    (6300.0, 44.3),
    (8000.0, 43.7),
    (10_000.0, 43.4),
    (12_500.0, 41.3),
    (16_000.0, 40.7),
];
/// How far voices differ from each other, from third octave to third octave and in all, in dB.
const VARIATION_DB: f64 = 2.5;
/// How far their tilt differs, in dB an octave.
const TILT_DB: f64 = 0.8;
/// Formants of vowels in Hz (G. Peterson and H. Barney, "Control Methods Used in a Study of the
/// Vowels", 1952, men).
const VOWELS: [[f64; 3]; 7] = [
    [730.0, 1090.0, 2440.0],
    [270.0, 2290.0, 3010.0],
    [300.0, 870.0, 2240.0],
    [530.0, 1840.0, 2480.0],
    [570.0, 840.0, 2410.0],
    [440.0, 1020.0, 2240.0],
    [640.0, 1190.0, 2390.0],
];

/// Somebody who speaks or sings nothing in particular.
pub fn play(seconds: f64, rate_hz: f64, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let speech = babble((seconds * rate_hz) as usize, rate_hz, rng);
    let target = long_term_db(rng);
    let own = thirds_db(&speech, rate_hz);
    // As a rule the formants decide within an octave and the published spectrum over octaves.
    let correction: Vec<f64> = target.iter().zip(&own).map(|(t, o)| (t - o).clamp(-40.0, 40.0)).collect();
    spectral::shape(&speech, rate_hz, |hz| 10f64.powf(at(&correction, hz) / 20.0))
}

/// A speaker's spectrum in dB at the centres of [`SPEECH`].
fn long_term_db(rng: &mut ChaCha8Rng) -> Vec<f64> {
    let tilt = TILT_DB * normal(rng);
    // High voices have nothing where low ones begin.
    let lowest_hz = rng.random_range(70.0..190.0f64);
    let mut walk = 0.0;
    SPEECH
        .iter()
        .map(|&(hz, db)| {
            walk = 0.8 * walk + 0.6 * VARIATION_DB * normal(rng);
            let below = (lowest_hz / hz).log2().max(0.0);
            db + walk + tilt * (hz / 1000.0).log2() - 18.0 * below
        })
        .collect()
}

/// A curve over the centres of [`SPEECH`] at a frequency; held beyond both ends.
fn at(curve: &[f64], hz: f64) -> f64 {
    let place = (hz.max(1.0) / SPEECH[0].0).log2() * 3.0;
    let place = place.clamp(0.0, (SPEECH.len() - 1) as f64 - 1e-9);
    let (i, rest) = (place as usize, place.fract());
    curve[i] + rest * (curve[i + 1] - curve[i])
}

/// Power of the third octaves of [`SPEECH`] in dB.
fn thirds_db(samples: &[f32], rate_hz: f64) -> Vec<f64> {
    let power = spectral::power(samples);
    let bin_hz = rate_hz / samples.len() as f64;
    let band = |hz: f64| {
        let bound = |octaves: f64| ((hz * octaves.exp2() / bin_hz) as usize).min(power.len());
        power[bound(-1.0 / 6.0)..bound(1.0 / 6.0)].iter().sum::<f64>()
    };
    SPEECH.iter().map(|&(hz, _)| 10.0 * band(hz).max(1e-20).log10()).collect()
}

/// Syllables: a buzz or a hiss through formants, and pauses.
fn babble(n: usize, rate_hz: f64, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let pitch = rng.random_range(80.0..280.0);
    let size = rng.random_range(0.9..1.2);
    let breath = rng.random_range(0.0..0.15);
    let mut out = vec![0.0f32; n];
    let mut begin = 0;
    while begin < n {
        let length = ((rate_hz * rng.random_range(0.1..0.4)) as usize).min(n - begin);
        let syllable = &mut out[begin..begin + length];
        begin += length;
        match rng.random::<f64>() {
            ..0.12 => continue,
            ..0.27 => hiss(syllable, rng),
            _ => {
                let vowel = VOWELS[rng.random_range(0..VOWELS.len())];
                let formants = [vowel[0], vowel[1], vowel[2], 3500.0].map(|f| f * size);
                vowel_of(syllable, rate_hz, pitch, breath, formants, rng);
            }
        }
        let edge = 0.02 * rate_hz;
        for (i, s) in syllable.iter_mut().enumerate() {
            *s *= (i.min(length - 1 - i) as f64 / edge).min(1.0) as f32;
        }
    }
    out
}

/// What differs from sample to sample more than it agrees has no low frequencies.
fn hiss(out: &mut [f32], rng: &mut ChaCha8Rng) {
    let (mut a, mut b) = (0.0, 0.0);
    for s in out {
        let next = normal(rng);
        *s = 0.04 * (next - 2.0 * a + b) as f32;
        (a, b) = (next, a);
    }
}

fn vowel_of(
    out: &mut [f32],
    rate_hz: f64,
    pitch: f64,
    breath: f64,
    formants: [f64; 4],
    rng: &mut ChaCha8Rng,
) {
    let (sway_hz, sway_at) = (rng.random_range(2.0..8.0), rng.random_range(0.0..TAU));
    // Two-pole resonators side by side.
    let resonators = formants.map(|hz| {
        let radius = (-PI * (60.0 + 0.04 * hz) / rate_hz).exp();
        (radius, 2.0 * radius * (TAU * hz / rate_hz).cos())
    });
    let mut states = [[0.0f64; 2]; 4];
    let mut phase = 0.0f64;
    for (i, s) in out.iter_mut().enumerate() {
        phase += pitch * (1.0 + 0.15 * (TAU * sway_hz * i as f64 / rate_hz + sway_at).sin()) / rate_hz;
        let pulse = f64::from(u8::from(phase >= 1.0));
        phase = phase.fract();
        let source = pulse + 0.1 * breath * normal(rng);
        let mut sum = 0.0;
        for ((&(radius, turn), state), level) in resonators.iter().zip(&mut states).zip([1.0, 0.7, 0.35, 0.2])
        {
            let y = (1.0 - radius) * source + turn * state[0] - radius * radius * state[1];
            *state = [y, state[0]];
            sum += level * y;
        }
        *s = sum as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::rng_of;
    use super::*;

    #[test]
    fn voices_have_the_published_spectrum_on_average() {
        let mut mean = [0.0; SPEECH.len()];
        const VOICES: usize = 24;
        for i in 0..VOICES {
            let voice = play(4.0, 48e3, &mut rng_of(&format!("v{i}"), 1));
            let thirds = thirds_db(&voice, 48e3);
            let level = thirds.iter().sum::<f64>() / thirds.len() as f64;
            thirds.iter().zip(&mut mean).for_each(|(db, mean)| *mean += (db - level) / VOICES as f64);
        }
        let level = SPEECH.iter().map(|(_, db)| db).sum::<f64>() / SPEECH.len() as f64;
        // Below, high voices are without their lowest octaves.
        for (&(hz, db), mean) in SPEECH.iter().zip(mean).filter(|((hz, _), _)| *hz >= 200.0) {
            assert!((db - level - mean).abs() < 6.0, "{hz} Hz: {mean:.1} dB, not {:.1}", db - level);
        }
    }
}
