//! Undo and redo.

use super::sound::{is_same, slot_id};
use super::{Dials, Edit, Sound};
use crate::amp::{Part, SavedSource};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Steps that are kept.
const MOST: usize = 100;

/// Moves of one parameter within this time are one step: a wheel turned notch by notch.
const TOGETHER: Duration = Duration::from_millis(800);

/// What one step changed. It holds what changed and nothing else, so that undoing leaves alone what a host automates.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    edits: Vec<Edit>,
    /// The player's own files before and after, where they changed.
    files: Option<Box<[[SavedSource; 3]; 2]>>,
    balances: Option<Box<[[Option<shared::word_eq::Curve>; 2]; 2]>>,
    /// When it was done last, if more may be joined to it.
    at: Option<Instant>,
}

/// What can be undone and redone, of one side of one instance.
#[derive(Debug)]
pub struct History {
    done: VecDeque<Step>,
    undone: Vec<Step>,
    /// The files as of the last step.
    files: Option<[SavedSource; 3]>,
    /// Within which moves of one parameter are one step.
    together: Duration,
}

impl Default for History {
    fn default() -> Self {
        Self { done: VecDeque::new(), undone: Vec::new(), files: None, together: TOGETHER }
    }
}

impl History {
    /// Notes what the player did with single parameters. To be called often, also when nothing was done.
    pub fn note(&mut self, edits: Vec<Edit>, dials: &Dials) {
        let now = dials.files();
        let before = self.files.replace(now.clone()).unwrap_or_else(|| now.clone());
        if edits.is_empty() {
            return;
        }
        let is_slot = |edit: &Edit, part: Part| dials.id(edit.at) == slot_id(part);
        let chose = |part: Part| edits.iter().any(|edit| is_slot(edit, part));
        let other = |part: Part| !is_same(&before[part as usize], &now[part as usize]);
        // Files change with sessions too; they are the player's doing where a slot was set.
        let files =
            Part::ALL.into_iter().any(|part| chose(part) && other(part)).then(|| Box::new([before, now]));
        let mut joined: Vec<Edit> = Vec::new();
        for edit in edits {
            match joined.iter_mut().find(|e| e.at == edit.at) {
                Some(earlier) => earlier.after = edit.after,
                None => joined.push(edit),
            }
        }
        joined.retain(|edit| edit.before != edit.after);
        if joined.is_empty() && files.is_none() {
            return;
        }
        // What goes with a file that was chosen gives the step no name.
        let names = |edit: &&Edit| files.is_none() || Part::ALL.into_iter().any(|part| is_slot(edit, part));
        let name = joined.first().filter(names).map_or("file", |edit| dials.name(edit.at)).to_owned();
        if let (Some(last), [edit], None) = (self.done.back_mut(), &*joined, &files)
            && let [earlier] = &mut *last.edits
            && earlier.at == edit.at
            && last.files.is_none()
            && last.at.is_some_and(|at| at.elapsed() < self.together)
        {
            (earlier.after, last.at) = (edit.after, Some(Instant::now()));
            self.undone.clear();
            return;
        }
        self.push(Step { name, edits: joined, files, balances: None, at: Some(Instant::now()) });
    }

    /// Notes that one sound took the place of another, as when a preset is loaded.
    pub fn replaced(&mut self, name: &str, before: &Sound, after: &Sound) {
        let values = before.values.iter().zip(&after.values).enumerate();
        let leaves = |at: usize| [before.leaves, after.leaves].contains(&Some(at));
        let edits = values.filter(|(at, (before, after))| before != after && !leaves(*at));
        let edits = edits.map(|(at, (before, after))| Edit { at, before: *before, after: *after }).collect();
        let files =
            (before.files != after.files).then(|| Box::new([before.files.clone(), after.files.clone()]));
        let balances =
            (before.balances != after.balances).then(|| Box::new([before.balances, after.balances]));
        self.files = Some(after.files.clone());
        self.push(Step { name: name.to_owned(), edits, files, balances, at: None });
    }

    fn push(&mut self, step: Step) {
        self.undone.clear();
        if self.done.len() == MOST {
            self.done.pop_front();
        }
        self.done.push_back(step);
    }

    /// What undoing would undo.
    pub fn undoes(&self) -> Option<&str> {
        self.done.back().map(|step| step.name.as_str())
    }

    /// What redoing would do again.
    pub fn redoes(&self) -> Option<&str> {
        self.undone.last().map(|step| step.name.as_str())
    }

    /// The sound before the last step, given the one that is heard.
    pub fn undo(&mut self, now: &Sound) -> Option<Sound> {
        let step = self.done.pop_back()?;
        let sound = self.at_end(&step, now, 0);
        self.undone.push(step);
        Some(sound)
    }

    /// The sound after the step that was undone last.
    pub fn redo(&mut self, now: &Sound) -> Option<Sound> {
        let mut step = self.undone.pop()?;
        let sound = self.at_end(&step, now, 1);
        step.at = None;
        self.done.push_back(step);
        Some(sound)
    }

    fn at_end(&mut self, step: &Step, now: &Sound, end: usize) -> Sound {
        let mut sound = now.clone();
        for edit in &step.edits {
            sound.values[edit.at] = [edit.before, edit.after][end];
        }
        if let Some(files) = &step.files {
            sound.files = files[end].clone();
        }
        if let Some(balances) = &step.balances {
            sound.balances = balances[end];
        }
        self.files = Some(sound.files.clone());
        sound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets::edits::tests::window;

    #[test]
    fn what_the_player_did_is_undone_and_what_a_host_did_is_not() {
        let (dials, edits, gui, _) = window(false);
        let (setter, mut history) = (gui.param_setter(), History::default());
        let (mid, bass) = (dials.place("tone_mid").unwrap(), dials.place("tone_bass").unwrap());
        assert!(history.undo(&edits.now()).is_none());
        dials.tell(mid, 0.75, &setter);
        history.note(edits.take(), &dials);
        assert_eq!((history.undoes(), history.redoes()), (Some("Mid"), None));
        // Automation.
        dials.set(bass, 1.0);
        history.note(edits.take(), &dials);
        let undone = history.undo(&edits.now()).unwrap();
        edits.quietly(|| undone.tell(&dials, &setter));
        history.note(edits.take(), &dials);
        assert_eq!((dials.value(mid), dials.value(bass)), (dials.usual(mid), 1.0));
        assert_eq!((history.undoes(), history.redoes()), (None, Some("Mid")));
        let redone = history.redo(&edits.now()).unwrap();
        edits.quietly(|| redone.tell(&dials, &setter));
        assert_eq!((dials.value(mid), dials.value(bass)), (0.75, 1.0));
        dials.tell(bass, 0.0, &setter);
        history.note(edits.take(), &dials);
        assert!(history.redo(&edits.now()).is_none(), "a new step ends what could be redone");
    }

    #[test]
    fn a_turn_of_the_wheel_is_one_step_and_a_preset_another() {
        let (dials, edits, gui, _) = window(false);
        let mut history = History { together: Duration::MAX, ..History::default() };
        let setter = gui.param_setter();
        let mid = dials.place("tone_mid").unwrap();
        let first = edits.now();
        for value in [0.6, 0.7, 0.8] {
            dials.tell(mid, value, &setter);
            history.note(edits.take(), &dials);
        }
        let before = edits.now();
        let mut preset = Sound::usual(&dials);
        preset.values[mid] = 0.1;
        preset.files[0].path = Some("/amps/a.nam".into());
        let model = dials.place("model").unwrap();
        preset.values[model] = 0.0;
        edits.quietly(|| preset.tell(&dials, &setter));
        history.replaced("Glass", &before, &preset);
        dials.tell(mid, 0.2, &setter);
        history.note(edits.take(), &dials);
        assert_eq!(history.undoes(), Some("Mid"));
        let mut undo = || {
            let sound = history.undo(&edits.now()).unwrap();
            edits.quietly(|| sound.tell(&dials, &setter));
            edits.now()
        };
        assert!(undo().is_like(&preset, &dials));
        assert!(undo().is_like(&before, &dials));
        assert!(undo().is_like(&first, &dials));
        assert_eq!(history.undoes(), None);
    }

    #[test]
    fn a_file_that_was_opened_is_undone() {
        let (dials, edits, gui, _) = window(false);
        let (setter, mut history) = (gui.param_setter(), History::default());
        let model = dials.place("model").unwrap();
        for path in ["/amps/a.nam", "/amps/b.nam"] {
            history.note(edits.take(), &dials);
            dials.desk().set_file(Part::Model, Some(path.into()));
            dials.tell(model, 0.0, &setter);
            history.note(edits.take(), &dials);
        }
        let sound = history.undo(&edits.now()).unwrap();
        sound.tell(&dials, &setter);
        assert_eq!(dials.desk().file(Part::Model), Some("/amps/a.nam".into()));
        // A session's file is not the player's doing.
        let steps = history.done.len();
        dials.desk().set_file(Part::Model, Some("/amps/c.nam".into()));
        history.note(Vec::new(), &dials);
        assert_eq!(history.done.len(), steps);
    }

    #[test]
    fn a_file_after_another_is_undone_with_the_knobs_that_went_with_it() {
        let (dials, edits, gui, _) = window(false);
        let (setter, mut history) = (gui.param_setter(), History::default());
        let [model, knob] = ["model", "amp_knob_2"].map(|id| dials.place(id).unwrap());
        dials.desk().set_file(Part::Model, Some("/amps/a.nam".into()));
        dials.set(model, 0.0);
        dials.set(knob, 0.9);
        history.note(edits.take(), &dials);
        dials.desk().set_file(Part::Model, Some("/amps/b.nam".into()));
        dials.tell(model, 0.0, &setter);
        dials.tell(knob, 0.5, &setter);
        history.note(edits.take(), &dials);
        assert_eq!((history.done.len(), history.undoes()), (1, Some("file")));
        history.undo(&edits.now()).unwrap().tell(&dials, &setter);
        assert_eq!(dials.desk().file(Part::Model), Some("/amps/a.nam".into()));
        assert_eq!((dials.value(knob), dials.desk().wish().knobs[1]), (0.9, 0.9));
    }

    #[test]
    fn no_more_is_kept_than_can_be_wanted() {
        let (dials, mut history) = (window(false).0, History::default());
        let (a, mut b) = (Sound::usual(&dials), Sound::usual(&dials));
        b.values[0] = 0.0;
        (0..MOST + 50).for_each(|_| history.replaced("x", &a, &b));
        assert_eq!(history.done.len(), MOST);
    }
}
