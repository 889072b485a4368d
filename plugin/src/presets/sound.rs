//! A sound: all that a preset, a step of undo and a side of a comparison hold.

use super::Dials;
use crate::amp::{Choice, Part, SavedSource};
use nih_plug::prelude::ParamSetter;
use shared::factory::OWN_FILE_SLOT;
use shared::word_eq::Curve;

/// Values nearer to each other than this, of a range from 0 to 1, are one.
const SAME: f32 = 1e-5;

/// The values of all [`Dials`], and what belongs to them beside.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// From 0 to 1, in the order of the dials.
    pub values: Vec<f32>,
    /// The player's own files, in the order of [`Part::ALL`].
    pub files: [SavedSource; 3],
    /// The equaliser's balances in dB over its grid: the one that was learned as neutral, and the one that was frozen.
    pub balances: [Option<Curve>; 2],
}

impl Sound {
    /// The sound of a fresh instance.
    pub fn usual(dials: &Dials) -> Self {
        let values = (0..dials.len()).map(|at| dials.usual(at)).collect();
        Self { values, files: Default::default(), balances: [None; 2] }
    }

    /// The sound as it is now.
    pub fn of(dials: &Dials) -> Self {
        let mut values: Vec<f32> = (0..dials.len()).map(|at| dials.value(at)).collect();
        for part in Part::ALL {
            // What plays may be chosen in place of what the parameter says.
            if let Some(at) = dials.place(slot_id(part)) {
                values[at] = dials.value_of_slot(at, dials.desk().slot(part));
            }
        }
        Self { values, files: dials.files(), balances: dials.balances() }
    }

    /// Whether two sounds are the same to the ear: files only count where they are played, balances not at all, for the equaliser itself
    /// moves them.
    pub fn is_like(&self, other: &Self, dials: &Dials) -> bool {
        let values = self.values.iter().zip(&other.values);
        let mut parts = Part::ALL.into_iter();
        values.into_iter().all(|(a, b)| (a - b).abs() <= SAME)
            && parts.all(|part| {
                let path = |sound: &Self| Some(sound.plays_file(part, dials)?.path.clone());
                path(self) == path(other)
            })
    }

    /// The file that a part plays, if it plays one.
    pub(super) fn plays_file(&self, part: Part, dials: &Dials) -> Option<&SavedSource> {
        Some(&self.files[part as usize]).filter(|_| self.slot(part, dials) == Some(OWN_FILE_SLOT))
    }

    /// The slot of a part.
    fn slot(&self, part: Part, dials: &Dials) -> Option<usize> {
        let at = dials.place(slot_id(part))?;
        Some(dials.plain(at, self.values[at]).round() as usize)
    }

    /// Makes it the sound that is heard, and has the host told of each value that changes, as if the player had set it. From
    /// the window's thread.
    pub fn tell(&self, dials: &Dials, setter: &ParamSetter) {
        self.apply(dials, |at, value| dials.tell(at, value, setter));
    }

    /// Makes it the sound that is heard, without a word to the host. From any thread that may wait for the desk.
    pub fn set(&self, dials: &Dials) {
        self.apply(dials, |at, value| dials.set(at, value));
    }

    fn apply(&self, dials: &Dials, mut set: impl FnMut(usize, f32)) {
        // Before the slots and the switches that make use of them.
        for part in Part::ALL {
            let wanted = self.plays_file(part, dials).filter(|wanted| wanted.path != dials.desk().file(part));
            if let Some(wanted) = wanted {
                dials.desk().set_source(part, wanted.clone());
            }
        }
        dials.keep_balances(&self.balances);
        for (at, &value) in self.values.iter().enumerate() {
            if dials.value(at) != value {
                set(at, value);
            }
        }
        // Something else may be chosen in place of what the parameters said before, and a host may take its time to say what they say now.
        for part in Part::ALL {
            if let Some(slot) = self.slot(part, dials).filter(|slot| *slot != dials.desk().slot(part)) {
                dials.desk().choose(part, Choice::Slot(slot));
            }
        }
    }
}

/// The parameter that holds a part's slot.
pub(super) fn slot_id(part: Part) -> &'static str {
    match part {
        Part::Model => "model",
        Part::CabA => "cab_a",
        Part::CabB => "cab_b",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::Desk;
    use crate::factory::DEFAULT_SLOT;
    use std::sync::Arc;

    #[test]
    fn a_sound_goes_from_one_instance_to_another() {
        let new = || Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        let (first, second) = (new(), new());
        first.set(first.place("tone_mid").unwrap(), 0.75);
        first.set(first.place("model").unwrap(), 0.0);
        first.desk().set_file(Part::Model, Some("/amps/mine.nam".into()));
        let sound = Sound::of(&first);
        assert!(!sound.is_like(&Sound::of(&second), &first));
        sound.set(&second);
        assert!(sound.is_like(&Sound::of(&second), &first));
        assert_eq!(second.desk().file(Part::Model), Some("/amps/mine.nam".into()));
        assert_eq!(Sound::usual(&first), Sound::of(&new()));
    }

    #[test]
    fn a_file_that_is_not_played_makes_no_other_sound() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        let before = Sound::of(&dials);
        dials.desk().set_file(Part::CabA, Some("/irs/mine.wav".into()));
        assert!(before.is_like(&Sound::of(&dials), &dials));
        dials.set(dials.place("cab_a").unwrap(), 0.0);
        assert!(!before.is_like(&Sound::of(&dials), &dials));
    }
}
