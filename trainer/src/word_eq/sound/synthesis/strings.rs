//! Plucked strings of any pitch and hardness: Karplus and Strong, "Digital Synthesis of Plucked-String and
//! Drum Timbres", Computer Music Journal 7(2), 1983, with the pick's position as a comb.

use super::super::normal;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Notes and chords of up to `most` strings between two pitches in Hz, half of them overdriven.
pub fn play(
    seconds: f64,
    rate_hz: f64,
    lowest_hz: f64,
    highest_hz: f64,
    most: usize,
    rng: &mut ChaCha8Rng,
) -> Vec<f32> {
    let n = (seconds * rate_hz) as usize;
    let mut y = vec![0.0f64; n];
    let touch = Touch { softness: rng.random_range(0.0..0.9), seconds: rng.random_range(0.3..6.0) };
    let beat = rate_hz * rng.random_range(0.12..0.5);
    let mut at = 0;
    while at < n {
        for _ in 0..rng.random_range(1..=most) {
            let hz = lowest_hz * (highest_hz / lowest_hz).powf(rng.random::<f64>());
            let length = (rng.random_range(0.3..2.0) * rate_hz) as usize;
            let end = n.min(at + length);
            pluck(&mut y[at..end], rate_hz, hz, &touch, rng);
        }
        at += (beat * [0.5, 1.0, 1.0, 2.0][rng.random_range(0..4)]) as usize;
    }
    let drive = if rng.random_bool(0.5) { rng.random_range(1.0..30.0) } else { 0.0 };
    let peak = y.iter().fold(1e-9f64, |m, s| m.max(s.abs()));
    let bend = |s: f64| if drive > 0.0 { (drive * s / peak).tanh() } else { s };
    y.into_iter().map(|s| bend(s) as f32).collect()
}

struct Touch {
    /// How much of the attack's high frequencies is missing, 0 to 1.
    softness: f64,
    /// Time in which a low note falls by 60 dB.
    seconds: f64,
}

/// Adds a note.
fn pluck(out: &mut [f64], rate_hz: f64, hz: f64, touch: &Touch, rng: &mut ChaCha8Rng) {
    let period = ((rate_hz / hz) as usize).max(4);
    let gain = 10f64.powf(-3.0 / (hz * touch.seconds));
    let damping = rng.random_range(0.15..0.5);
    let comb = ((period as f64 * rng.random_range(0.08..0.4)) as usize).max(1);
    let level = rng.random_range(0.3..1.0);
    let mut string = vec![0.0f64; period];
    let mut low = 0.0;
    for s in &mut string {
        low = touch.softness * low + (1.0 - touch.softness) * normal(rng);
        *s = low;
    }
    let plucked: Vec<f64> =
        (0..period).map(|i| string[i] - 0.9 * string[(i + period - comb) % period]).collect();
    string.copy_from_slice(&plucked);
    let length = out.len();
    let mut last = 0.0;
    for (i, out) in out.iter_mut().enumerate() {
        let s = string[i % period];
        let next = gain * ((1.0 - damping) * s + damping * last);
        last = s;
        string[i % period] = next;
        // Let go of at the end, not cut.
        let left = ((length - i) as f64 / (0.01 * rate_hz)).min(1.0);
        *out += level * left * s;
    }
}
