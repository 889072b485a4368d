//! A sound: all that a preset, a step of undo and a side of a comparison hold.

use super::Dials;
use super::dials::OVERSAMPLING;
use crate::amp::{Choice, Part, Quality, SavedSource};
use nih_plug::prelude::{Param, ParamSetter};
use shared::factory::OWN_FILE_SLOT;
use shared::word_eq::Curve;

/// Values nearer to each other than this, of a range from 0 to 1, are one.
const SAME: f32 = 1e-5;

/// Balances nearer to each other than this are one, in dB: nobody hears it.
const SAME_DB: f32 = 0.01;

/// Places of the balances.
const LEARNED: usize = 0;
const FROZEN: usize = 1;

/// The values of all [`Dials`], and what belongs to them beside.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// From 0 to 1, in the order of the dials.
    pub values: Vec<f32>,
    /// The player's own files, in the order of [`Part::ALL`].
    pub files: [SavedSource; 3],
    /// The equaliser's balances in dB over its grid: the one that was learned as neutral, and the one that was frozen.
    pub balances: [Option<Curve>; 2],
    /// Place of a value that is not the sound's, but stays as it is: that of the oversampling, where nothing is said of it.
    pub leaves: Option<usize>,
}

impl Sound {
    /// The sound of a fresh instance, which says nothing of oversampling.
    pub fn usual(dials: &Dials) -> Self {
        let values = (0..dials.len()).map(|at| dials.usual(at)).collect();
        let leaves = dials.place(OVERSAMPLING);
        Self { values, files: Default::default(), balances: [None; 2], leaves }
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
        Self { values, files: dials.files(), balances: dials.balances(), leaves: None }
    }

    /// Whether two sounds are the same to the ear. Files and balances only count where they are heard; files by what is in them where that is
    /// known, else by where they are. A balance that is not there yet is the one that is kept when the sound plays.
    pub fn is_like(&self, other: &Self, dials: &Dials) -> bool {
        let mut values = self.values.iter().zip(&other.values).enumerate();
        let leaves = |at: usize| [self.leaves, other.leaves].contains(&Some(at));
        let same_file = |part: Part| {
            let files = [self, other].map(|sound| sound.plays_file(part, dials));
            matches!(files, [None, None])
                || matches!(files, [Some(a), Some(b)] if match (a.hash, b.hash) {
                    (Some(a), Some(b)) => a == b,
                    _ => a.path == b.path,
                })
        };
        let same_balance = |at: usize| match (&self.balances[at], &other.balances[at]) {
            (Some(a), Some(b)) => a.iter().zip(b).all(|(a, b)| (a - b).abs() <= SAME_DB),
            _ => true,
        };
        values.all(|(at, (a, b))| (a - b).abs() <= SAME || leaves(at))
            && Part::ALL.into_iter().all(same_file)
            && [LEARNED, FROZEN].into_iter().all(|at| same_balance(at) || !self.hears_balance(at, dials))
    }

    /// Whether the equaliser goes by a balance that is kept.
    fn hears_balance(&self, balance: usize, dials: &Dials) -> bool {
        let (id, heard) = if balance == FROZEN { ("eq_freeze", "on") } else { ("eq_reference", "learned") };
        let text = |at: usize| dials.text(at, self.values[at]);
        dials.place(id).is_some_and(|at| text(at).eq_ignore_ascii_case(heard))
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
        self.lay(dials);
        dials.keep_balances(&self.balances);
        for (at, &value) in self.values.iter().enumerate() {
            if dials.value(at) != value && self.leaves != Some(at) {
                set(at, value);
            }
        }
        // The audio thread forgets what was frozen while the switch is still off.
        dials.keep_balances(&self.balances);
    }

    /// Lays all that the loader has to do on the desk, at once: a host takes its time to say what the parameters say now, and a model must not
    /// be heard with the knobs of another.
    fn lay(&self, dials: &Dials) {
        let (desk, params) = (dials.desk(), dials.params());
        let value = |at: Option<usize>| at.filter(|at| self.leaves != Some(*at)).map(|at| self.values[at]);
        let _held = desk.hold();
        for (knob, param) in params.knobs.all().into_iter().enumerate() {
            value(dials.place_of_param(param)).into_iter().for_each(|value| desk.set_knob(knob, value));
        }
        if let Some(value) = value(dials.place_of_param(&params.quality)) {
            desk.set_quality(Quality::new(params.quality.preview_plain(value)));
        }
        if let Some(value) = value(dials.place_of_param(&params.oversampling)) {
            desk.set_oversampling(params.oversampling.preview_plain(value).factor());
        }
        if let Some(value) = value(dials.place_of_param(&params.align)) {
            desk.set_align(params.align.preview_plain(value));
        }
        for part in Part::ALL {
            // A file that does not play is brought back too, for automation may come to it; a sound that names none leaves the one that is there.
            let wanted = &self.files[part as usize];
            let counts = is_named(wanted) || self.plays_file(part, dials).is_some();
            if counts && !is_same(wanted, &desk.source(part)) {
                desk.set_source(part, wanted.clone());
            }
            // Something else may be chosen in place of what the parameters said before.
            if let Some(slot) = self.slot(part, dials).filter(|slot| *slot != desk.slot(part)) {
                desk.choose(part, Choice::Slot(slot));
            }
        }
    }
}

/// Whether a file is asked for at all.
fn is_named(file: &SavedSource) -> bool {
    file.path.is_some() || file.hash.is_some()
}

/// Whether two are the same file in the same place, as far as it is known what is in them.
pub(super) fn is_same(a: &SavedSource, b: &SavedSource) -> bool {
    a.path == b.path && a.hash.zip(b.hash).is_none_or(|(a, b)| a == b)
}

/// The parameter that holds a part's slot.
pub(crate) fn slot_id(part: Part) -> &'static str {
    match part {
        Part::Model => "model",
        Part::CabA => "cab_a",
        Part::CabB => "cab_b",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::{ContentHash, Desk};
    use crate::factory::{DEFAULT_SLOT, MODELS};
    use crate::presets::edits::tests::window;
    use std::sync::Arc;

    #[test]
    fn all_that_is_to_be_loaded_is_wished_for_before_a_host_takes_anything_over() {
        let (dials, _, gui, host) = window(true);
        let mut sound = Sound::of(&dials);
        let wanted = [("amp_knob_1", 0.8), ("amp_knob_8", 0.1), ("quality", 0.25), ("oversampling", 1.0)];
        for (id, value) in wanted.into_iter().chain([("amp_align", 1.0), ("cab_b", 0.0)]) {
            sound.values[dials.place(id).unwrap()] = value;
        }
        let model = dials.place("model").unwrap();
        sound.values[model] = dials.value_of_slot(model, MODELS[2].slot);
        sound.files[Part::CabB as usize].path = Some("/irs/mine.wav".into());
        let before = dials.desk().wish();
        sound.tell(&dials, &gui.param_setter());
        let wish = dials.desk().wish();
        assert_eq!(wish.knobs, [0.8, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.1]);
        assert_eq!((wish.quality, wish.oversampling, wish.align), (Quality::new(0.25), 8, true));
        assert_eq!(wish.source(Part::Model).slot, MODELS[2].slot);
        assert_eq!(wish.source(Part::CabB).slot, OWN_FILE_SLOT);
        assert_eq!(wish.source(Part::CabB).own.path, sound.files[Part::CabB as usize].path);
        assert_eq!(wish.source(Part::CabA), before.source(Part::CabA));
        host.take_over();
        assert_eq!(dials.desk().wish(), wish, "what the host says then changes nothing");
        assert!(sound.is_like(&Sound::of(&dials), &dials));
    }

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
        assert_eq!(Sound { leaves: None, ..Sound::usual(&first) }, Sound::of(&new()));
    }

    #[test]
    fn oversampling_is_set_by_a_sound_that_names_it_and_left_by_others() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        let at = dials.place(OVERSAMPLING).unwrap();
        dials.set(at, 1.0);
        let mine = Sound::of(&dials);
        Sound::usual(&dials).set(&dials);
        assert!(dials.value(at) == 1.0 && Sound::usual(&dials).is_like(&mine, &dials));
        dials.set(at, 0.0);
        assert!(!mine.is_like(&Sound::of(&dials), &dials));
        mine.set(&dials);
        assert_eq!((dials.value(at), dials.desk().wish().oversampling), (1.0, 8));
    }

    #[test]
    fn what_is_in_a_file_tells_it_and_not_where_it_is() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        let sound = |path: &str, hash: Option<&[u8]>| {
            let mut sound = Sound::usual(&dials);
            sound.values[dials.place("model").unwrap()] = 0.0;
            let hash = hash.map(ContentHash::of);
            sound.files[0] = SavedSource { path: Some(path.into()), hash, ..SavedSource::default() };
            sound
        };
        let like = |a: &Sound, b: &Sound| a.is_like(b, &dials);
        let (first, moved) = (sound("/a.nam", Some(b"abc")), sound("/b.nam", Some(b"abc")));
        let (changed, unread) = (sound("/a.nam", Some(b"abd")), sound("/a.nam", None));
        assert!(like(&first, &moved) && !like(&first, &changed));
        assert!(like(&first, &unread) && !like(&moved, &unread));
        // The session's copy of what the file was is brought back.
        changed.set(&dials);
        first.set(&dials);
        assert_eq!(dials.desk().source(Part::Model).hash, first.files[0].hash);
        unread.set(&dials);
        assert_eq!(dials.desk().source(Part::Model).hash, first.files[0].hash, "it is known by now");
    }

    #[test]
    fn a_file_that_does_not_play_is_brought_back() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        dials.desk().set_file(Part::CabB, Some("/irs/mine.wav".into()));
        let before = Sound::of(&dials);
        dials.desk().set_file(Part::CabB, Some("/irs/other.wav".into()));
        before.set(&dials);
        assert_eq!(dials.desk().file(Part::CabB), Some("/irs/mine.wav".into()));
        // A preset says nothing of it.
        Sound::usual(&dials).set(&dials);
        assert_eq!(dials.desk().file(Part::CabB), Some("/irs/mine.wav".into()));
    }

    #[test]
    fn balances_count_where_they_are_heard() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        let at = |id: &str| dials.place(id).unwrap();
        let learned = dials.value_of(at("eq_reference"), "Learned").unwrap();
        for (balance, id, value) in [(LEARNED, "eq_reference", learned), (FROZEN, "eq_freeze", 1.0)] {
            let (mut a, mut b) = (Sound::usual(&dials), Sound::usual(&dials));
            a.balances[balance] = Some([1.0; shared::word_eq::GRID]);
            b.balances[balance] = Some([1.5; shared::word_eq::GRID]);
            assert!(a.is_like(&b, &dials), "{id}");
            a.values[at(id)] = value;
            b.values[at(id)] = value;
            assert!(!a.is_like(&b, &dials), "{id}");
            b.balances[balance] = None;
            assert!(a.is_like(&b, &dials), "{id}: what is kept goes on");
        }
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
