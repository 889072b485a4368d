//! Sound without any recording: noises, plucked strings, drums, voices, and all of them together.
//!
//! It need not please. It shall have the spectra and the rhythms that sound has, in as many variations
//! as possible, and each kind of source shall be there even where no recording is.

mod drums;
mod noise;
mod strings;
mod voice;

use super::{Origin, Source, normal, rng_of};
use crate::virtual_capture::guitar;
use crate::word_eq::parallel;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use shared::word_eq::Kind;

/// Length of a sound in seconds.
const SECONDS: f64 = 8.0;
/// How many of each: noises, strings, guitars, basses, drums, voices, mixes.
const COUNTS: [(Made, usize); 7] = [
    (Made::Noise, 30),
    (Made::Strings, 20),
    (Made::Guitar, 16),
    (Made::Bass, 16),
    (Made::Drums, 24),
    (Made::Voice, 32),
    (Made::Mix, 24),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Made {
    Noise,
    Strings,
    Guitar,
    Bass,
    Drums,
    Voice,
    Mix,
}

impl Made {
    fn name(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Strings => "strings",
            Self::Guitar => "guitar",
            Self::Bass => "bass",
            Self::Drums => "drums",
            Self::Voice => "voice",
            Self::Mix => "mix",
        }
    }

    fn kind(self) -> Option<Kind> {
        match self {
            Self::Noise | Self::Strings => None,
            Self::Guitar => Some(Kind::GuitarAmp),
            Self::Bass => Some(Kind::Bass),
            Self::Drums => Some(Kind::Drums),
            Self::Voice => Some(Kind::Voice),
            Self::Mix => Some(Kind::FullMix),
        }
    }

    fn play(self, rate_hz: f64, rng: &mut ChaCha8Rng) -> Vec<f32> {
        match self {
            Self::Noise => noise::play(SECONDS, rate_hz, rng),
            Self::Strings => {
                let lowest = rng.random_range(60.0..160.0);
                strings::play(SECONDS, rate_hz, lowest, lowest * rng.random_range(4.0..12.0), 4, rng)
            }
            Self::Guitar => guitar::play(SECONDS, rate_hz, rng.random()),
            Self::Bass => strings::play(SECONDS, rate_hz, 38.0, 190.0, 1, rng),
            Self::Drums => drums::play(SECONDS, rate_hz, rng),
            Self::Voice => voice::play(SECONDS, rate_hz, rng),
            Self::Mix => mix(rate_hz, rng),
        }
    }
}

/// The synthesised sources, at most so many of each sort: the same ones for the same seed, half at 44.1 and half
/// at 48 kHz. Guitars are
/// without amplifier.
pub fn sources(most: usize, seed: u64, threads: usize) -> Vec<Source> {
    let all: Vec<(Made, usize)> =
        COUNTS.iter().flat_map(|&(made, count)| (0..count.min(most)).map(move |i| (made, i))).collect();
    let sources = parallel::map(&all, threads, |&(made, i)| {
        let name = format!("made-{}-{i}", made.name());
        let mut rng = rng_of(&name, seed);
        let rate_hz = if i % 2 == 0 { 44_100 } else { 48_000 };
        let samples = made.play(f64::from(rate_hz), &mut rng);
        Source::new(name.clone(), name, Origin::Synthesis, made.kind(), rate_hz, samples)
    });
    sources.into_iter().flatten().collect()
}

/// Drums, bass, chords and a voice, as loud as they usually are to each other.
fn mix(rate_hz: f64, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut sum = vec![0.0f32; (SECONDS * rate_hz) as usize];
    let parts = [
        (Made::Drums, 0.9),
        (Made::Bass, 0.85),
        (Made::Strings, 0.8),
        (Made::Voice, 0.6),
        (Made::Guitar, 0.4),
    ];
    for (made, share) in parts {
        if !rng.random_bool(share) {
            continue;
        }
        let part = made.play(rate_hz, rng);
        let power = part.iter().map(|s| f64::from(s * s)).sum::<f64>() / part.len().max(1) as f64;
        // Five dB up or down from equally loud.
        let gain = (10f64.powf(5.0 * normal(rng) / 20.0) / power.max(1e-12).sqrt()) as f32;
        sum.iter_mut().zip(&part).for_each(|(sum, s)| *sum += gain * s);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_sounds_differs_and_is_repeatable() {
        for (made, _) in COUNTS {
            for rate in [44_100.0, 48_000.0] {
                let play = |name: &str| made.play(rate, &mut rng_of(name, 1));
                let a = play("a");
                assert_eq!(a.len(), (SECONDS * rate) as usize, "{made:?}");
                assert!(a.iter().all(|s| s.is_finite()), "{made:?}");
                assert!(a.iter().any(|s| s.abs() > 1e-3), "{made:?}");
                assert_eq!(a, play("a"), "{made:?}");
                assert_ne!(a, play("b"), "{made:?}");
            }
        }
    }
}
