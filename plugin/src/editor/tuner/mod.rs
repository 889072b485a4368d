//! The tuner: it listens, and is shown as a strip below the page or over the whole window.

mod full;
mod scale;
mod strip;

use crate::params::USUAL_A4_HZ;
use crate::rack::TunerTap;
use shared::dsp::pitch::{Note, PitchDetector};
use std::sync::Arc;

/// Time between two looks at the sound, in seconds.
const LOOK_SECONDS: f64 = 0.05;

/// How long the last note stays after the string has faded, in seconds.
const STAY_SECONDS: f64 = 1.5;

/// Time constant of the needle, in seconds.
const NEEDLE_SECONDS: f64 = 0.12;

/// As near as this is in tune, in cents: finer than a string stays after it was plucked.
const IN_TUNE_CENTS: f64 = 2.0;

/// Range of A4, in Hz: from baroque pitch to what a few orchestras play at.
const A4_HZ: std::ops::RangeInclusive<f64> = 415.0..=466.0;

/// What the player asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The tuner off.
    Done,
    /// The other view.
    Turn,
}

/// Listens to the guitar and shows the note.
pub struct Tuner {
    tap: Arc<TunerTap>,
    ear: Option<(f64, PitchDetector)>,
    samples: Vec<f32>,
    written: u64,
    looked_at: f64,
    heard: Option<Heard>,
}

/// The note that is shown.
#[derive(Clone, Copy, Debug)]
struct Heard {
    note: Note,
    frequency_hz: f64,
    /// What the needle shows, in cents.
    needle: f64,
    at: f64,
}

impl Tuner {
    /// A tuner that hears this.
    pub fn new(tap: Arc<TunerTap>) -> Self {
        Self { tap, ear: None, samples: Vec::new(), written: 0, looked_at: 0.0, heard: None }
    }

    /// Whether it has something to show while it is on.
    pub fn moves(&self, on: bool) -> bool {
        on && (self.heard.is_some() || self.tap.written() != self.written)
    }

    /// Listens, at a time in seconds, with A4 at a frequency in Hz.
    pub fn listen(&mut self, now: f64, a4_hz: f64) {
        if (0.0..LOOK_SECONDS).contains(&(now - self.looked_at)) {
            return;
        }
        let passed = (now - self.looked_at).clamp(0.0, 1.0);
        self.looked_at = now;
        let rate = self.tap.sample_rate_hz();
        let written = self.tap.written();
        let is_new = written != self.written;
        self.written = written;
        if self.ear.as_ref().is_none_or(|(of, _)| *of != rate) {
            self.ear = Some((rate, PitchDetector::new(rate)));
        }
        let Some((_, ear)) = &mut self.ear else { return };
        self.samples.resize(ear.window_samples(), 0.0);
        self.tap.latest(&mut self.samples);
        let a4_hz = sane(a4_hz);
        match ear.detect(&self.samples).filter(|_| is_new) {
            Some(pitch) => {
                let note = Note::nearest(pitch.frequency_hz, a4_hz);
                let before = self.heard.filter(|h| (h.note.name, h.note.octave) == (note.name, note.octave));
                let step = 1.0 - (-passed / NEEDLE_SECONDS).exp();
                let needle = before.map_or(note.cents, |h| h.needle + step * (note.cents - h.needle));
                self.heard = Some(Heard { note, frequency_hz: pitch.frequency_hz, needle, at: now });
            }
            None => self.heard = self.heard.filter(|heard| now - heard.at < STAY_SECONDS),
        }
    }

    /// Whether the string is in tune.
    fn in_tune(&self) -> bool {
        self.heard.is_some_and(|heard| heard.needle.abs() <= IN_TUNE_CENTS)
    }
}

/// A frequency of A4 within the range: a session may hold anything.
fn sane(a4_hz: f64) -> f64 {
    if a4_hz.is_finite() { a4_hz.clamp(*A4_HZ.start(), *A4_HZ.end()) } else { USUAL_A4_HZ }
}
