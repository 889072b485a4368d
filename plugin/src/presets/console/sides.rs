//! A and B, as the window turns from one to the other.

use super::Console;
use crate::amp::Part;
use crate::compare::{Compare, KeptCompare, KeptSound, Levels, Load, Recording, Scales, Side};
use crate::presets::{Sound, Surroundings};
use nih_plug::prelude::ParamSetter;
use std::time::{Duration, Instant};

/// How long the player must have done nothing before sounds are weighed.
const STILL: Duration = Duration::from_millis(350);

/// Seconds of new playing after which changing sides weighs again.
const NEWLY_PLAYED_SECONDS: f64 = 3.0;

/// What the window knows of the comparison beside what a session keeps.
pub(super) struct Sides {
    scales: Scales,
    /// The other side as of a revision of the comparison.
    other: (u64, Option<Sound>),
    /// What was weighed last, or is being weighed, and what had been played by then.
    weighed: Option<([Sound; 2], u64)>,
    /// What is to be weighed when the player is still, and since when it is.
    still: Option<(Sound, Instant)>,
    is_weighing: bool,
    /// The match waits for the other sound to be heard.
    is_changing: bool,
}

impl Default for Sides {
    fn default() -> Self {
        Self {
            scales: Scales::default(),
            other: (u64::MAX, None),
            weighed: None,
            still: None,
            is_weighing: false,
            is_changing: false,
        }
    }
}

impl Sides {
    /// Whether something goes on that wants another frame soon.
    pub fn moves(&self) -> bool {
        self.is_weighing || self.is_changing || self.still.is_some()
    }

    /// Forgets all sounds: others take their place.
    fn forget(&mut self) {
        self.scales.forget();
        *self = Self { scales: std::mem::take(&mut self.scales), ..Self::default() };
    }

    /// Whether the scales are at work.
    #[cfg(test)]
    pub fn is_weighing(&self) -> bool {
        self.is_weighing
    }
}

impl Console {
    pub(super) fn compare(&self) -> &Compare {
        &self.dials.params().compare
    }

    /// The side that is heard.
    pub fn side(&self) -> Side {
        self.compare().side()
    }

    /// Whether there is another side.
    pub fn is_comparing(&self) -> bool {
        self.compare().is_comparing()
    }

    /// Whether both sides are made equally loud.
    pub fn is_matching(&self) -> bool {
        self.compare().is_matching()
    }

    /// Makes both sides equally loud, or not.
    pub fn set_matching(&mut self, matching: bool) {
        self.compare().change(|kept| kept.matching = matching);
        self.compare().play();
    }

    /// The gain of what is heard, in dB, and how loud both sides are, once that is known.
    pub fn matched(&self) -> Option<(f32, Levels)> {
        self.compare().matched()
    }

    /// Files of the side that is not heard that the session does not carry, by name: what is lost with the file.
    pub fn not_carried(&self) -> Vec<String> {
        let Some(other) = self.compare().kept().other else { return Vec::new() };
        let sound = other.sound(&self.dials);
        let carried = self.dials.desk().carried();
        let played = Part::ALL.into_iter().filter_map(|part| sound.plays_file(part, &self.dials));
        let left = played.filter(|file| carried.iter().all(|blob| Some(blob.hash()) != file.hash));
        left.map(|file| file.name.clone().unwrap_or_else(|| "a file without a name".into())).collect()
    }

    /// Turns to the other side. At first it sounds as this one.
    pub fn turn(&mut self, setter: &ParamSetter) {
        let now = self.edits.now();
        let target = self.other().cloned().unwrap_or_else(|| now.clone());
        let (chosen, kept) = (self.dials.params().preset.clone(), KeptSound::of(&now, &self.dials));
        let first = !self.is_comparing();
        let place = chosen.text();
        self.compare().change(|compare| {
            compare.side = compare.side.other();
            compare.other = Some(kept);
            let other = std::mem::replace(&mut compare.other_preset, place.clone());
            chosen.set_text(if first { place } else { other });
        });
        self.compare().play_softer();
        self.tell(&target, setter);
        self.sides.is_changing = true;
        let ring = self.compare().heard();
        let newly = ring.is_some_and(|ring| {
            let at = self.sides.weighed.as_ref().map_or(0, |(_, at)| *at);
            // Another format begins to count anew.
            let played = ring.written().checked_sub(at).unwrap_or(ring.written());
            played as f64 >= NEWLY_PLAYED_SECONDS * ring.sample_rate_hz()
        });
        if newly {
            self.sides.weighed = None;
        }
    }

    /// Makes the other side sound as this one.
    pub fn copy(&mut self) {
        let now = self.edits.now();
        let before = self.other().cloned();
        let (kept, place) = (KeptSound::of(&now, &self.dials), self.dials.params().preset.text());
        self.compare().change(|compare| {
            compare.other = Some(kept);
            compare.other_preset = place;
        });
        if let Some(before) = before {
            let other = self.side().other();
            self.histories[other as usize].replaced(
                &format!("copy of {}", self.side().name()),
                &before,
                &now,
            );
        }
    }

    /// Ends the comparison: what is heard goes on as A, at its own loudness and with its history, and the other side is forgotten.
    pub fn end_comparison(&mut self) {
        if self.side() == Side::B {
            self.histories.swap(0, 1);
        }
        self.histories[Side::B as usize] = Default::default();
        self.compare()
            .change(|kept| *kept = KeptCompare { matching: kept.matching, ..KeptCompare::default() });
        self.compare().play();
        self.sides.forget();
    }

    /// The sound of the other side.
    pub(super) fn other(&mut self) -> Option<&Sound> {
        let revision = self.compare().revision();
        if self.sides.other.0 != revision {
            let other = self.compare().kept().other.map(|other| other.sound(&self.dials));
            self.sides.other = (revision, other);
        }
        self.sides.other.1.as_ref()
    }

    /// Goes on with the comparison: weighs what changed once the player is still, and plays what was found.
    pub(super) fn compare_on(&mut self) {
        if self.compare().take_restored() {
            self.sides.forget();
        }
        if let Some(result) = self.sides.scales.take() {
            self.sides.is_weighing = false;
            match result {
                Ok(Levels { lufs, played }) => {
                    self.compare().change(|kept| (kept.lufs, kept.played) = (lufs, played));
                }
                Err(error) => self.fail(error.to_string()),
            }
            self.sides.is_changing = true;
        }
        if self.sides.is_changing && self.edits.is_taken_over() && self.dials.desk().is_settled() {
            self.sides.is_changing = false;
            self.compare().play();
        }
        if self.edits.is_held() || !self.is_matching() {
            self.sides.still = None;
            return;
        }
        let Some(other) = self.other().cloned() else { return };
        let now = self.edits.now();
        let sounds = match self.side() {
            Side::A => [now.clone(), other],
            Side::B => [other, now.clone()],
        };
        let same = |(a, b): (&Sound, &Sound)| a.is_like(b, &self.dials);
        let weighed = self.sides.weighed.as_ref();
        if weighed.is_some_and(|(weighed, _)| weighed.iter().zip(&sounds).all(same)) {
            self.sides.still = None;
            return;
        }
        match &self.sides.still {
            Some((sound, since)) if sound.is_like(&now, &self.dials) => {
                if since.elapsed() < STILL {
                    return;
                }
            }
            _ => {
                self.sides.still = Some((now, Instant::now()));
                return;
            }
        }
        self.sides.still = None;
        self.weigh(sounds);
    }

    /// Nothing is known of the loudness any more: a gain that belonged to other sounds would be worse than none.
    fn fail(&mut self, problem: String) {
        self.problem = Some(problem);
        self.compare().change(|kept| kept.lufs = [None; 2]);
        self.sides.is_changing = true;
    }

    fn weigh(&mut self, sounds: [Sound; 2]) {
        let ring = self.compare().heard();
        let written = ring.as_ref().map_or(0, |ring| ring.written());
        let is_first = self.sides.weighed.is_none();
        self.sides.weighed = Some((sounds.clone(), written));
        let [a, b] = &sounds;
        if a.is_like(b, &self.dials) {
            // Nothing to measure: the same sound is equally loud.
            self.compare().change(|kept| kept.lufs = [None; 2]);
            self.sides.is_changing = true;
            return;
        }
        // What the session says of the player's own guitar is worth more than what a phrase would.
        if written == 0 && is_first && self.matched().is_some_and(|(_, levels)| levels.played) {
            return;
        }
        let nothing = || Recording { channels: vec![Vec::new()], sample_rate_hz: 48_000.0 };
        let recording = ring.map_or_else(nothing, |ring| ring.latest());
        let load = Load { sounds, surroundings: Surroundings::of(&self.dials), recording };
        match self.sides.scales.weigh(load) {
            Ok(()) => self.sides.is_weighing = true,
            Err(error) => self.fail(format!("the loudness cannot be compared: {error}")),
        }
    }
}
