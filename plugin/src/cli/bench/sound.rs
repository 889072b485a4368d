//! A guitar that is always the same.

/// How long it plays before it begins anew, in seconds.
const SECONDS: f64 = 8.0;

/// Strings that are struck one after the other, in Hz: E2 A2 D3 G3 B3 E4.
const STRINGS_HZ: [f64; 6] = [82.41, 110.0, 146.83, 196.0, 246.94, 329.63];

/// Time from one string to the next, in seconds.
const STRIKE_SECONDS: f64 = 0.25;

/// How much of a string is left after each turn.
const KEPT: f32 = 0.998;

/// Plucked strings, as a guitar gives them to an amp: a burst of noise goes round in a delay line and loses its highs
/// (K. Karplus and A. Strong, "Digital Synthesis of Plucked-String and Drum Timbres", 1983).
pub fn guitar(sample_rate_hz: f64) -> Vec<f32> {
    let mut sound = vec![0.0f32; (SECONDS * sample_rate_hz) as usize];
    let mut seed = 1u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as f32 / 8_388_608.0 - 1.0
    };
    let strikes = (SECONDS / STRIKE_SECONDS) as usize;
    for strike in 0..strikes {
        let from = (strike as f64 * STRIKE_SECONDS * sample_rate_hz) as usize;
        let turn = (sample_rate_hz / STRINGS_HZ[strike % STRINGS_HZ.len()]) as usize;
        let mut line: Vec<f32> = (0..turn.max(2)).map(|_| 0.15 * noise()).collect();
        let length = line.len();
        for (i, sample) in sound[from..].iter_mut().enumerate() {
            let at = i % length;
            *sample += line[at];
            line[at] = KEPT * 0.5 * (line[at] + line[(at + 1) % length]);
        }
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sounds_all_the_time_and_does_not_clip() {
        for rate_hz in [8_000.0, 48_000.0, 192_000.0] {
            let sound = guitar(rate_hz);
            assert!(sound.iter().all(|s| s.abs() < 1.0), "{rate_hz} Hz");
            for part in sound.chunks(sound.len() / 16) {
                assert!(part.iter().any(|s| s.abs() > 0.02), "{rate_hz} Hz");
            }
        }
    }
}
