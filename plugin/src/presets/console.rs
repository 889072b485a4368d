//! What the window does with sounds: presets, undo and redo, A and B.

mod sides;
#[cfg(test)]
mod tests;
mod work;

use super::chosen::neighbour;
use super::{Deleted, Dials, Edits, Entry, History, Place, Preset, PresetError, Shelf, Sound};
use crate::amp::{Desk, Stepped};
use crate::params::TonewrightParams;
use nih_plug::context::gui::GuiContext;
use nih_plug::prelude::ParamSetter;
use shared::word_eq::Curve;
use sides::Sides;
use std::sync::Arc;
use work::{Done, Task, Work};

/// The presets, the history and the comparison of one instance, as its window sees them. For the window's thread.
pub struct Console {
    dials: Arc<Dials>,
    edits: Arc<Edits>,
    histories: [History; 2],
    shelf: Option<Shelf>,
    entries: Arc<[Entry]>,
    work: Option<Work>,
    /// What came of the work that was asked for last.
    outcome: Option<Result<(), PresetError>>,
    deleted: Option<Deleted>,
    sides: Sides,
    /// Balances to be kept once the host has taken the switches over that make use of them.
    balances: Option<[Option<Curve>; 2]>,
    problem: Option<String>,
}

impl Console {
    /// That of one instance. The player's presets are read from the usual folder, on a thread beside.
    pub fn new(params: &Arc<TonewrightParams>, desk: &Arc<Desk>) -> Self {
        let (shelf, problem) = match Shelf::usual() {
            Ok(shelf) => (Some(shelf), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let mut console = Self::with_shelf(params, desk, shelf);
        console.problem = problem;
        console
    }

    /// One with presets of another folder.
    pub fn with_shelf(params: &Arc<TonewrightParams>, desk: &Arc<Desk>, shelf: Option<Shelf>) -> Self {
        let dials = Arc::new(Dials::new(params.clone(), desk.clone()));
        Self {
            edits: Edits::new(dials.clone()),
            dials,
            histories: Default::default(),
            shelf,
            entries: Arc::new([]),
            work: None,
            outcome: None,
            deleted: None,
            sides: Sides::default(),
            balances: None,
            problem: None,
        }
    }

    /// The window opens: a context through which the player's doings are noticed. Presets are read again.
    pub fn open(&mut self, gui: GuiContext) -> GuiContext {
        self.dials.params().preset.set_window(true);
        self.rescan();
        self.edits.watch(gui)
    }

    /// The window closes.
    pub fn close(&mut self) {
        self.dials.params().preset.set_window(false);
    }

    /// Reads the player's presets again, beside the window. What is under way reads them too.
    pub fn rescan(&mut self) {
        if self.work.is_none() {
            self.start(Task::List);
        }
    }

    /// Does something with files on a thread beside, as disks and network folders can take seconds. There is one at a time.
    fn start(&mut self, task: Task) {
        let shelf = self.shelf.clone().unwrap_or_else(|| Shelf::at("presets".into()));
        match Work::start(task, shelf, self.dials.clone()) {
            Ok(work) => self.work = Some(work),
            Err(error) => {
                self.problem = Some(format!("presets cannot be read: the system gave no thread: {error}"))
            }
        }
    }

    /// Whether files are being read or written: what is asked for meanwhile is not done.
    pub fn is_busy(&self) -> bool {
        self.work.is_some()
    }

    /// What came of [`Console::save`], [`Console::rename`], [`Console::delete`] or [`Console::restore`], once, when it is done.
    pub fn take_outcome(&mut self) -> Option<Result<(), PresetError>> {
        self.outcome.take()
    }

    /// Nobody waits for what comes of the work: what went wrong is the player's to read.
    pub fn tell_outcome(&mut self) {
        if let Some(Err(error)) = self.outcome.take() {
            self.problem = Some(error.to_string());
        }
    }

    fn finish_work(&mut self) {
        let Some(finished) = self.work.as_ref().and_then(Work::take) else { return };
        self.work = None;
        let chosen = &self.dials.params().preset;
        let Some((done, entries)) = finished else {
            self.problem = Some("presets could not be read because of a mistake in Tonewright".into());
            return;
        };
        self.entries = entries.into();
        self.outcome = match done {
            Ok(Done::Listed) => return,
            Ok(Done::Saved(path)) => {
                chosen.set_text(Place::File(path).text());
                Some(Ok(()))
            }
            Ok(Done::Renamed { from, to }) => {
                if chosen.place() == Some(Place::File(from)) {
                    chosen.set_text(Place::File(to).text());
                }
                Some(Ok(()))
            }
            Ok(Done::Deleted(deleted)) => {
                self.deleted = Some(deleted);
                Some(Ok(()))
            }
            Ok(Done::Restored) => {
                self.deleted = None;
                Some(Ok(()))
            }
            Err(error) => Some(Err(error)),
        };
    }

    /// To be called for each frame, before anything is shown. Returns whether something is going on that wants another frame soon.
    pub fn update(&mut self, setter: &ParamSetter) -> bool {
        self.finish_work();
        if self.dials.params().preset.take_untold() {
            // Steps were taken while no window was open: now the host can be told.
            self.edits.quietly(|| {
                (0..self.dials.len()).for_each(|at| self.dials.tell(at, self.dials.value(at), setter))
            });
        }
        let steps = if self.entries.is_empty() { 0 } else { self.dials.desk().steps().take(Stepped::Preset) };
        if steps != 0 {
            self.step(steps, setter);
        }
        let edits = self.edits.take();
        let side = self.side() as usize;
        self.histories[side].note(edits, &self.dials);
        self.compare_on();
        if self.edits.is_taken_over()
            && let Some(balances) = self.balances.take()
        {
            self.dials.keep_balances(&balances);
        }
        self.work.is_some() || self.balances.is_some() || self.sides.moves()
    }

    // Presets.

    /// All presets; none until they were read.
    pub fn entries(&self) -> Arc<[Entry]> {
        self.entries.clone()
    }

    /// The preset that was loaded last, unless it is gone.
    pub fn current(&self) -> Option<&Entry> {
        let place = self.dials.params().preset.place()?;
        self.entries.iter().find(|entry| entry.place == place)
    }

    /// Whether the sound is no longer that of the preset.
    pub fn is_modified(&self) -> bool {
        let sound = self.current().and_then(|entry| entry.sound.as_ref());
        sound.is_some_and(|sound| !sound.is_like(&self.edits.now(), &self.dials))
    }

    /// What went wrong last, or else what is to be said of the session that was loaded, for the player.
    pub fn problem(&self) -> Option<String> {
        self.problem.clone().or_else(|| self.dials.params().notes.text())
    }

    /// The player has read it.
    pub fn dismiss(&mut self) {
        if self.problem.take().is_none() {
            self.dials.params().notes.dismiss();
        }
    }

    /// Loads a preset of the list.
    pub fn load(&mut self, entry: &Entry, setter: &ParamSetter) {
        self.problem = entry.problem.as_ref().map(|problem| format!("{}: {problem}", entry.name));
        let Some(sound) = &entry.sound else { return };
        self.replace(&entry.name, sound, setter);
        self.dials.params().preset.set_text(entry.place.text());
    }

    /// Loads the preset so many further in the list.
    pub fn step(&mut self, steps: i32, setter: &ParamSetter) {
        let entries = self.entries();
        if let Some(at) = neighbour(&entries, self.dials.params().preset.place().as_ref(), steps) {
            self.load(&entries[at], setter);
        }
    }

    /// Saves what is heard as a preset of the player's own, and makes it the current one. What comes of it is told by
    /// [`Console::take_outcome`].
    pub fn save(&mut self, name: &str, category: &str, replace: bool) {
        let like = self.current();
        let preset = Preset {
            name: name.trim().to_owned(),
            author: like.map(|entry| entry.author.clone()).filter(|_| replace).unwrap_or_default(),
            description: like.map(|entry| entry.description.clone()).filter(|_| replace).unwrap_or_default(),
            tags: like.map(|entry| entry.tags.clone()).unwrap_or_default(),
            sound: self.edits.now(),
        };
        self.ask(Ok(Task::Save { preset: Box::new(preset), category: category.to_owned(), replace }));
    }

    /// Gives a preset of the player's own another name, as [`Console::save`] does its work.
    pub fn rename(&mut self, entry: &Entry, name: &str) {
        self.ask(own(entry).map(|path| Task::Rename { path, name: name.to_owned() }));
    }

    /// Puts a preset of the player's own aside, as [`Console::save`] does its work.
    pub fn delete(&mut self, entry: &Entry) {
        self.ask(own(entry).map(|path| Task::Delete { path }));
    }

    /// Whether there is something to put back.
    pub fn can_restore(&self) -> bool {
        self.deleted.is_some()
    }

    /// Puts back what was deleted last, as [`Console::save`] does its work. Where that is not possible, it stays aside.
    pub fn restore(&mut self) {
        if let Some(deleted) = self.deleted.clone() {
            self.ask(Ok(Task::Restore(deleted)));
        }
    }

    fn ask(&mut self, task: Result<Task, PresetError>) {
        let no_shelf = || PresetError::NoFolder("the system names none".into());
        match task.and_then(|task| self.shelf.is_some().then_some(task).ok_or_else(no_shelf)) {
            Ok(task) if self.work.is_none() => self.start(task),
            Ok(_) => {}
            Err(error) => self.outcome = Some(Err(error)),
        }
    }

    fn replace(&mut self, name: &str, sound: &Sound, setter: &ParamSetter) {
        let before = self.edits.now();
        self.tell(sound, setter);
        let side = self.side() as usize;
        self.histories[side].replaced(name, &before, sound);
    }

    /// Makes a sound the one that is heard.
    fn tell(&mut self, sound: &Sound, setter: &ParamSetter) {
        self.edits.quietly(|| sound.tell(&self.dials, setter));
        self.balances = Some(sound.balances);
    }

    // Undo and redo.

    /// What undoing would undo.
    pub fn undoes(&self) -> Option<&str> {
        self.histories[self.side() as usize].undoes()
    }

    /// What redoing would do again.
    pub fn redoes(&self) -> Option<&str> {
        self.histories[self.side() as usize].redoes()
    }

    /// Takes the last step back.
    pub fn undo(&mut self, setter: &ParamSetter) {
        let (now, side) = (self.edits.now(), self.side() as usize);
        if let Some(sound) = self.histories[side].undo(&now) {
            self.tell(&sound, setter);
        }
    }

    /// Takes the last step that was taken back.
    pub fn redo(&mut self, setter: &ParamSetter) {
        let (now, side) = (self.edits.now(), self.side() as usize);
        if let Some(sound) = self.histories[side].redo(&now) {
            self.tell(&sound, setter);
        }
    }
}

/// The file of a preset of the player's own.
fn own(entry: &Entry) -> Result<std::path::PathBuf, PresetError> {
    match &entry.place {
        Place::File(path) => Ok(path.clone()),
        Place::Factory(_) => Err(PresetError::Factory(entry.name.clone())),
    }
}
