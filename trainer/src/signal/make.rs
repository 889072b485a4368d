//! Our test signal: what a capture should hear of an instrument, and what the checks need.
//!
//! | part | what it is for |
//! |---|---|
//! | silence | noise and hum |
//! | marker, blips | to be known again; delay, polarity, what rings on |
//! | sweeps at three levels | the response and its distortion at every frequency |
//! | bursts of noise at four levels | what is between the notes |
//! | single notes, each from hard to soft | dynamics |
//! | chords, riffs and runs; at the end hardly audible ones | playing |
//! | two identical passes | held out to measure with; whether the gear repeats itself |

use super::marker::Marker;
use crate::TrainerError;
use crate::virtual_capture::guitar;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::audio::{SampleFormat, Writer};
use std::f64::consts::TAU;
use std::ops::RangeInclusive;
use std::path::Path;

/// Lengths that can be asked for, in seconds.
pub const SECONDS: RangeInclusive<f64> = 90.0..=900.0;
/// Length of a pass, in seconds.
pub const PASS_SECONDS: f64 = 9.0;
/// Silence after each pass, in seconds.
pub const PASS_GAP_SECONDS: f64 = 0.5;
/// Silence at the beginning and between the parts, in seconds: long enough for any amp to fall silent in.
const REST_SECONDS: f64 = 1.0;
/// Blips: after how many seconds of silence, and their heights.
const BLIPS: [(f64, f32); 4] = [(0.5, 0.9), (0.4, -0.9), (0.4, 0.2), (0.4, -0.05)];
/// Levels of the sweeps as peaks, and the length of each in seconds.
const SWEEP_LEVELS: [f64; 3] = [0.5, 0.1, 0.02];
const SWEEP_SECONDS: f64 = 4.0;
const SWEEP_HZ: [f64; 2] = [20.0, 20_000.0];
/// Levels of the bursts of noise, and the length of each in seconds.
const BURST_LEVELS: [f64; 4] = [0.5, 0.15, 0.05, 0.01];
const BURST_SECONDS: f64 = 0.5;
/// Share of the playing that is hardly audible, and its level.
const SOFT_SHARE: f64 = 0.15;
const SOFT_LEVEL: f32 = 0.12;
/// Whose playing.
const SEED: u64 = 0x0070_6c61;
const PASS_SEED: u64 = 0x0070_6173;

/// Makes the signal: `seconds` long at `rate_hz`, the same each time, within full scale.
///
/// # Panics
/// If `seconds` is not within [`SECONDS`].
pub fn make(seconds: f64, rate_hz: u32) -> Vec<f32> {
    assert!(SECONDS.contains(&seconds), "{seconds} s");
    let rate = f64::from(rate_hz);
    let at = |seconds: f64| (seconds * rate).round() as usize;
    let mut signal = vec![0.0f32; at(REST_SECONDS)];
    let rest = |signal: &mut Vec<f32>, seconds: f64| signal.resize(signal.len() + at(seconds), 0.0);
    signal.extend(Marker::Begin.sound(rate));
    for (silence, height) in BLIPS {
        rest(&mut signal, silence);
        signal.push(height);
    }
    rest(&mut signal, REST_SECONDS);
    for level in SWEEP_LEVELS {
        signal.extend(sweep(level, rate));
        rest(&mut signal, 0.5);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for level in BURST_LEVELS {
        signal.extend(burst(level, rate, &mut rng));
        rest(&mut signal, 0.25);
    }
    signal.extend(guitar::notes(rate));
    rest(&mut signal, REST_SECONDS);
    let passes = 2 * at(PASS_SECONDS + PASS_GAP_SECONDS);
    let left = at(seconds).saturating_sub(signal.len() + passes + at(REST_SECONDS));
    let soft = (SOFT_SHARE * left as f64) as usize;
    let mut playing = guitar::play(left as f64 / rate + 0.1, rate, SEED);
    playing.truncate(left);
    playing[left - soft..].iter_mut().for_each(|sample| *sample *= SOFT_LEVEL);
    fade_out(&mut playing, at(0.05));
    signal.extend(playing);
    rest(&mut signal, REST_SECONDS);
    let pass = pass(at(PASS_SECONDS), rate);
    for _ in 0..2 {
        signal.extend(&pass);
        rest(&mut signal, PASS_GAP_SECONDS);
    }
    signal
}

/// Writes the signal as a WAV file of 24 bit.
///
/// # Errors
/// The file cannot be written.
///
/// # Panics
/// As [`make`].
pub fn write(path: &Path, seconds: f64, rate_hz: u32) -> Result<(), TrainerError> {
    let signal = make(seconds, rate_hz);
    let mut writer = Writer::create_as(path, 1, rate_hz, SampleFormat::Int24)?;
    writer.write(&[&signal], signal.len())?;
    Ok(writer.finish()?)
}

/// The marker, playing, and the same playing softly.
fn pass(samples: usize, rate: f64) -> Vec<f32> {
    let mut pass = Marker::Pass.sound(rate);
    let left = samples - pass.len();
    let mut playing = guitar::play(left as f64 / rate + 0.1, rate, PASS_SEED);
    playing.truncate(left);
    // The last quarter softer, as levels matter in the measure too.
    playing[3 * left / 4..].iter_mut().for_each(|sample| *sample *= 0.3);
    fade_out(&mut playing, (0.05 * rate) as usize);
    pass.extend(playing);
    pass
}

/// A sine whose pitch rises by the same interval in the same time (Farina, "Simultaneous measurement of impulse
/// response and distortion with a swept-sine technique", 2000).
fn sweep(level: f64, rate: f64) -> Vec<f32> {
    let [low, high] = SWEEP_HZ;
    let high = high.min(0.45 * rate);
    let samples = (SWEEP_SECONDS * rate) as usize;
    let growth = (high / low).ln();
    let mut sweep: Vec<f32> = (0..samples)
        .map(|i| {
            let part = i as f64 / samples as f64;
            let phase = TAU * low * SWEEP_SECONDS / growth * ((growth * part).exp() - 1.0);
            (level * phase.sin()) as f32
        })
        .collect();
    fade_out(&mut sweep, (0.01 * rate) as usize);
    sweep
}

/// White noise, of the same samples at every rate.
fn burst(level: f64, rate: f64, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let samples = (BURST_SECONDS * rate) as usize;
    let mut burst: Vec<f32> = (0..samples).map(|_| (level * rng.random_range(-1.0..1.0)) as f32).collect();
    fade_out(&mut burst, (0.01 * rate) as usize);
    burst
}

fn fade_out(signal: &mut [f32], fade: usize) {
    let fade = fade.min(signal.len());
    let start = signal.len() - fade;
    for (i, sample) in signal[start..].iter_mut().enumerate() {
        *sample *= 1.0 - (i + 1) as f32 / fade as f32;
    }
}
