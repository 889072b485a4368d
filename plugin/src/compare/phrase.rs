//! A guitar to compare with, where none was played.

use super::ring::Recording;

/// Notes of the phrase: when, in seconds, and the pitch in Hz. An E minor arpeggio, then the chord.
const NOTES: [(f64, f64); 11] = [
    (0.0, 82.41),
    (0.4, 164.81),
    (0.8, 246.94),
    (1.2, 329.63),
    (1.6, 392.00),
    (2.0, 329.63),
    (2.6, 82.41),
    (2.62, 123.47),
    (2.64, 164.81),
    (2.66, 196.00),
    (2.68, 246.94),
];

const SECONDS: f64 = 5.0;

/// Highest peak, as of a guitar recorded with care.
const PEAK: f32 = 0.25;

/// Plucked strings (Karplus and Strong 1983): noise that goes round a delay, a little softer and duller each time. The same each time.
pub fn phrase(sample_rate_hz: f64) -> Recording {
    let mut sound = vec![0.0f32; (SECONDS * sample_rate_hz) as usize];
    let mut state = 1u32;
    for (seconds, hz) in NOTES {
        let mut string: Vec<f32> = (0..(sample_rate_hz / hz).round().max(2.0) as usize)
            .map(|_| {
                // Numerical Recipes' generator: any noise does.
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect();
        // A finger does not pluck as sharply as noise: two neighbours' mean, eight times.
        for _ in 0..8 {
            for i in 0..string.len() {
                string[i] = 0.5 * (string[i] + string[(i + 1) % string.len()]);
            }
        }
        let begin = (seconds * sample_rate_hz) as usize;
        let mut at = 0;
        for sample in sound.iter_mut().skip(begin) {
            let next = (at + 1) % string.len();
            *sample += string[at];
            string[at] = 0.998 * 0.5 * (string[at] + string[next]);
            at = next;
        }
    }
    let peak = sound.iter().fold(f32::MIN_POSITIVE, |peak, s| peak.max(s.abs()));
    sound.iter_mut().for_each(|sample| *sample *= PEAK / peak);
    Recording { channels: vec![sound], sample_rate_hz }
}
