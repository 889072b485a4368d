//! The spectra before and after the equaliser, as they move.

use super::graph::LOWEST_DBFS;
use super::spectrum::{Analyser, POINTS, SILENCE_DBFS, Spectrum};
use crate::rack::Scope;

/// Without a new sample for so long, nothing plays. Blocks may be long: 8192 samples at 44.1 kHz are 0.19 s.
const STILL_SECONDS: f32 = 0.4;

/// What is heard lately.
#[derive(Default)]
pub struct Live {
    /// Before the equaliser.
    pub before: Spectrum,
    /// After it.
    pub after: Spectrum,
    analyser: Option<(f64, Analyser)>,
    samples: [Vec<f32>; 2],
    written: u64,
    still_seconds: f32,
}

impl Live {
    /// Takes what was played in the last frame, which lasted `seconds`.
    pub fn update(&mut self, scope: &Scope, sample_rate_hz: f64, seconds: f32) {
        let written = scope.written();
        self.still_seconds = if written == self.written { self.still_seconds + seconds } else { 0.0 };
        self.written = written;
        let has_rate = sample_rate_hz > 0.0;
        if !has_rate || self.still_seconds > STILL_SECONDS {
            self.before.follow(&[SILENCE_DBFS; POINTS], seconds);
            self.after.follow(&[SILENCE_DBFS; POINTS], seconds);
            return;
        }
        if self.analyser.as_ref().is_none_or(|(rate, _)| *rate != sample_rate_hz) {
            self.analyser = Some((sample_rate_hz, Analyser::new(sample_rate_hz)));
        }
        let Some((_, analyser)) = &mut self.analyser else { return };
        let [before, after] = &mut self.samples;
        before.resize(analyser.length(), 0.0);
        after.resize(analyser.length(), 0.0);
        scope.latest(before, after);
        self.before.follow(analyser.measure(before), seconds);
        self.after.follow(analyser.measure(after), seconds);
    }

    /// Whether anything is to be seen of the spectra.
    pub fn moves(&self) -> bool {
        let seen = |spectrum: &Spectrum| spectrum.levels().iter().any(|&level| level > LOWEST_DBFS);
        seen(&self.before) || seen(&self.after)
    }

    /// Whether anything plays, silence as well: otherwise what is applied stands still, whatever the player does.
    pub fn plays(&self) -> bool {
        self.written > 0 && self.still_seconds <= STILL_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_plays_and_moves_nothing() {
        let (scope, mut live) = (Scope::default(), Live::default());
        let mut play = |level: f32| {
            let samples: Vec<f32> = (0..4_800).map(|i| level * (0.1 * i as f32).sin()).collect();
            scope.write(&samples, &samples);
            live.update(&scope, 48_000.0, 0.1);
            (live.plays(), live.moves())
        };
        assert_eq!(play(0.0), (true, false));
        assert_eq!(play(0.5), (true, true));
        for _ in 0..40 {
            play(0.0);
        }
        assert_eq!(play(0.0), (true, false));
    }
}
