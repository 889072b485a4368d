//! What the window does with sounds: presets, undo and redo, A and B.

use super::chosen::neighbour;
use super::{Deleted, Dials, Edits, Entry, History, Place, Preset, PresetError, Shelf, Sound, Surroundings};
use crate::amp::{Desk, Stepped};
use crate::compare::{Compare, KeptSound, Levels, Load, Recording, Scales, Side};
use crate::params::TonewrightParams;
use crossbeam::channel::{Receiver, bounded};
use nih_plug::context::gui::GuiContext;
use nih_plug::prelude::ParamSetter;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the player must have done nothing before sounds are weighed.
const STILL: Duration = Duration::from_millis(350);

/// Seconds of new playing after which changing sides weighs again.
const NEWLY_PLAYED_SECONDS: f64 = 3.0;

/// The presets, the history and the comparison of one instance, as its window sees them. For the window's thread.
pub struct Console {
    dials: Arc<Dials>,
    edits: Arc<Edits>,
    histories: [History; 2],
    shelf: Option<Shelf>,
    entries: Arc<[Entry]>,
    listing: Option<Receiver<Vec<Entry>>>,
    deleted: Option<Deleted>,
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
            listing: None,
            deleted: None,
            scales: Scales::default(),
            other: (u64::MAX, None),
            weighed: None,
            still: None,
            is_weighing: false,
            is_changing: false,
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

    /// Reads the player's presets again, beside the window.
    pub fn rescan(&mut self) {
        let shelf = self.shelf.clone().unwrap_or_else(|| Shelf::at("presets".into()));
        let (dials, (sender, receiver)) = (self.dials.clone(), bounded(1));
        let list = move || {
            // The window may be closed by now.
            let _ = sender.send(shelf.list(&dials));
        };
        match std::thread::Builder::new().name("tonewright-presets".into()).spawn(list) {
            Ok(_) => self.listing = Some(receiver),
            Err(error) => self.problem = Some(format!("presets cannot be listed: {error}")),
        }
    }

    /// To be called for each frame, before anything is shown. Returns whether something is going on that wants another frame soon.
    pub fn update(&mut self, setter: &ParamSetter) -> bool {
        if let Some(listed) = self.listing.as_ref().and_then(|listing| listing.try_recv().ok()) {
            (self.entries, self.listing) = (listed.into(), None);
        }
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
        self.listing.is_some() || self.is_weighing || self.is_changing || self.still.is_some()
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

    /// What went wrong last, for the player.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The player has read it.
    pub fn dismiss(&mut self) {
        self.problem = None;
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

    /// Saves what is heard as a preset of the player's own, and makes it the current one.
    ///
    /// # Errors
    /// There is one of that name and it is not to be replaced, or the file cannot be written.
    pub fn save(&mut self, name: &str, category: &str, replace: bool) -> Result<(), PresetError> {
        let shelf =
            self.shelf.as_ref().ok_or_else(|| PresetError::NoFolder("the system names none".into()))?;
        let like = self.current();
        let preset = Preset {
            name: name.trim().to_owned(),
            author: like.map(|entry| entry.author.clone()).filter(|_| replace).unwrap_or_default(),
            description: like.map(|entry| entry.description.clone()).filter(|_| replace).unwrap_or_default(),
            tags: like.map(|entry| entry.tags.clone()).unwrap_or_default(),
            sound: self.edits.now(),
        };
        let path = shelf.save(&preset, category, replace, &self.dials)?;
        self.dials.params().preset.set_text(Place::File(path).text());
        self.rescan();
        Ok(())
    }

    /// Gives a preset of the player's own another name.
    ///
    /// # Errors
    /// It comes along with Tonewright, there is one of that name, or files cannot be written.
    pub fn rename(&mut self, entry: &Entry, name: &str) -> Result<(), PresetError> {
        let (Some(shelf), Place::File(path)) = (&self.shelf, &entry.place) else {
            return Err(PresetError::Factory(entry.name.clone()));
        };
        let new = shelf.rename(path, name, &self.dials)?;
        let chosen = &self.dials.params().preset;
        if chosen.place().as_ref() == Some(&entry.place) {
            chosen.set_text(Place::File(new).text());
        }
        self.rescan();
        Ok(())
    }

    /// Puts a preset of the player's own aside.
    ///
    /// # Errors
    /// It comes along with Tonewright, or the file cannot be moved.
    pub fn delete(&mut self, entry: &Entry) -> Result<(), PresetError> {
        let (Some(shelf), Place::File(path)) = (&self.shelf, &entry.place) else {
            return Err(PresetError::Factory(entry.name.clone()));
        };
        self.deleted = Some(shelf.delete(path)?);
        self.rescan();
        Ok(())
    }

    /// Whether there is something to put back.
    pub fn can_restore(&self) -> bool {
        self.deleted.is_some()
    }

    /// Puts back what was deleted last.
    ///
    /// # Errors
    /// Another one has its place, or the file cannot be moved.
    pub fn restore(&mut self) -> Result<(), PresetError> {
        if let (Some(shelf), Some(deleted)) = (&self.shelf, self.deleted.take()) {
            let restored = shelf.restore(&deleted);
            if restored.is_err() {
                self.deleted = Some(deleted);
            }
            restored?;
            self.rescan();
        }
        Ok(())
    }

    fn replace(&mut self, name: &str, sound: &Sound, setter: &ParamSetter) {
        let before = self.edits.now();
        self.edits.quietly(|| sound.tell(&self.dials, setter));
        let side = self.side() as usize;
        self.histories[side].replaced(name, &before, sound);
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
            self.edits.quietly(|| sound.tell(&self.dials, setter));
        }
    }

    /// Takes the last step that was taken back.
    pub fn redo(&mut self, setter: &ParamSetter) {
        let (now, side) = (self.edits.now(), self.side() as usize);
        if let Some(sound) = self.histories[side].redo(&now) {
            self.edits.quietly(|| sound.tell(&self.dials, setter));
        }
    }

    // A and B.

    fn compare(&self) -> &Compare {
        &self.dials.params().compare
    }

    /// The side that is heard.
    pub fn side(&self) -> Side {
        self.compare().side()
    }

    /// Whether there is another side.
    pub fn is_comparing(&self) -> bool {
        self.compare().kept().other.is_some()
    }

    /// Whether both sides are made equally loud.
    pub fn is_matching(&self) -> bool {
        self.compare().kept().matching
    }

    /// Makes both sides equally loud, or not.
    pub fn set_matching(&mut self, matching: bool) {
        self.compare().change(|kept| kept.matching = matching);
        self.compare().play();
    }

    /// The gain of what is heard, in dB, and how loud both sides are, once that is known.
    pub fn matched(&self) -> Option<(f32, Levels)> {
        let kept = self.compare().kept();
        let known = kept.matching && kept.other.is_some() && kept.lufs.iter().all(Option::is_some);
        known.then(|| (kept.match_db(), kept.levels()))
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
        self.edits.quietly(|| target.tell(&self.dials, setter));
        self.is_changing = true;
        let written = self.compare().heard().map_or(0, |ring| ring.written());
        let rate = self.compare().heard().map_or(f64::INFINITY, |ring| ring.sample_rate_hz());
        let newly = |at: u64| written.saturating_sub(at) as f64 >= NEWLY_PLAYED_SECONDS * rate;
        if self.weighed.as_ref().is_some_and(|(_, at)| newly(*at)) {
            self.weighed = None;
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

    /// The sound of the other side.
    fn other(&mut self) -> Option<&Sound> {
        let revision = self.compare().revision();
        if self.other.0 != revision {
            let other = self.compare().kept().other.map(|other| other.sound(&self.dials));
            self.other = (revision, other);
        }
        self.other.1.as_ref()
    }

    /// Goes on with the comparison: weighs what changed once the player is still, and plays what was found.
    fn compare_on(&mut self) {
        if let Some(result) = self.scales.take() {
            self.is_weighing = false;
            match result {
                Ok(Levels { lufs, played }) => {
                    self.compare().change(|kept| (kept.lufs, kept.played) = (lufs, played));
                    self.is_changing = true;
                }
                Err(error) => self.problem = Some(error.to_string()),
            }
        }
        if self.is_changing && self.edits.is_taken_over() && self.dials.desk().is_settled() {
            self.is_changing = false;
            self.compare().play();
        }
        if self.edits.is_held() || !self.is_matching() {
            self.still = None;
            return;
        }
        let Some(other) = self.other().cloned() else { return };
        let now = self.edits.now();
        let sounds = match self.side() {
            Side::A => [now.clone(), other],
            Side::B => [other, now.clone()],
        };
        let is_known = self
            .weighed
            .as_ref()
            .is_some_and(|(weighed, _)| weighed.iter().zip(&sounds).all(|(a, b)| a.is_like(b, &self.dials)));
        if is_known {
            self.still = None;
            return;
        }
        match &self.still {
            Some((sound, since)) if sound.is_like(&now, &self.dials) => {
                if since.elapsed() < STILL {
                    return;
                }
            }
            _ => {
                self.still = Some((now, Instant::now()));
                return;
            }
        }
        self.still = None;
        self.weigh(sounds);
    }

    fn weigh(&mut self, sounds: [Sound; 2]) {
        let ring = self.compare().heard();
        let written = ring.as_ref().map_or(0, |ring| ring.written());
        self.weighed = Some((sounds.clone(), written));
        let [a, b] = &sounds;
        if a.is_like(b, &self.dials) {
            // Nothing to measure: the same sound is equally loud.
            self.compare().change(|kept| kept.lufs = [None; 2]);
            self.is_changing = true;
            return;
        }
        let nothing = || Recording { channels: vec![Vec::new()], sample_rate_hz: 48_000.0 };
        let recording = ring.map_or_else(nothing, |ring| ring.latest());
        let load = Load { sounds, surroundings: Surroundings::of(&self.dials), recording };
        match self.scales.weigh(load) {
            Ok(()) => self.is_weighing = true,
            Err(error) => self.problem = Some(format!("the loudness cannot be compared: {error}")),
        }
    }
}
