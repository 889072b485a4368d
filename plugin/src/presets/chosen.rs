//! The preset that was loaded last, and steps to the next one while no window is open.

use super::{Dials, Place, Shelf};
use crate::amp::{Desk, Stepped};
use crate::params::TonewrightParams;
use nih_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Longest place that is kept, in bytes. A session may hold anything.
const MAX_BYTES: usize = 8192;

/// The preset that was loaded last, for any thread but the audio thread.
#[derive(Debug, Default)]
pub struct Chosen {
    place: Mutex<String>,
    /// A window is open: steps are its business.
    window: AtomicBool,
    /// Values were set that no host was told.
    untold: AtomicBool,
}

impl Chosen {
    /// Where it lies; `None` if none was loaded, or it is gone from the set that comes along.
    pub fn place(&self) -> Option<Place> {
        Place::of(&self.place.lock())
    }

    /// As a session keeps it.
    pub fn text(&self) -> String {
        self.place.lock().clone()
    }

    /// Another one was loaded.
    pub fn set_text(&self, text: String) {
        *self.place.lock() = text;
    }

    /// Says whether a window is open.
    pub fn set_window(&self, open: bool) {
        self.window.store(open, Ordering::Release);
    }

    /// Says that values were set without a word to a host.
    pub fn leave_untold(&self) {
        self.untold.store(true, Ordering::Release);
    }

    /// Whether a host is yet to be told of values, once.
    pub(crate) fn take_untold(&self) -> bool {
        self.untold.swap(false, Ordering::AcqRel)
    }
}

/// A place as a session keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptPlace(String);

impl PersistentField<'_, KeptPlace> for Arc<Chosen> {
    fn set(&self, KeptPlace(place): KeptPlace) {
        if place.len() <= MAX_BYTES {
            let before = std::mem::replace(&mut *self.place.lock(), place);
            drop(before);
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&KeptPlace) -> R,
    {
        f(&KeptPlace(self.text()))
    }
}

/// Does the steps that a foot controller asks for while no window is open. An errand of the loader's thread.
///
/// The framework has no way to tell a host of values but its window's. So they are set at once and are heard, hosts that ask
/// see them, and sessions keep them; hosts that wait to be told are, when the window next opens.
pub struct PresetStepper {
    params: Weak<TonewrightParams>,
    desk: Weak<Desk>,
    /// How long steps are left to an open window.
    patience: Duration,
    /// Since when they are.
    left: Option<Instant>,
}

/// How long steps are left to an open window: one that is hidden is not painted, and takes none.
const PATIENCE: Duration = Duration::from_millis(400);

impl PresetStepper {
    /// Steps of that instance, which it does not keep alive.
    pub fn new(params: &Arc<TonewrightParams>, desk: &Arc<Desk>) -> Self {
        Self { params: Arc::downgrade(params), desk: Arc::downgrade(desk), patience: PATIENCE, left: None }
    }

    /// Does what was asked for since the last time.
    pub fn run(&mut self, desk: &Desk) {
        if !desk.steps().are_asked(Stepped::Preset) {
            self.left = None;
            return;
        }
        let (Some(params), Some(own)) = (self.params.upgrade(), self.desk.upgrade()) else { return };
        if params.preset.window.load(Ordering::Acquire)
            && self.left.get_or_insert_with(Instant::now).elapsed() < self.patience
        {
            return;
        }
        self.left = None;
        let steps = desk.steps().take(Stepped::Preset);
        if steps == 0 {
            return;
        }
        let dials = Dials::new(params.clone(), own);
        let entries = Shelf::usual().unwrap_or_else(|_| Shelf::at("presets".into())).list(&dials);
        let next = neighbour(&entries, params.preset.place().as_ref(), steps).map(|at| &entries[at]);
        if let Some((entry, sound)) = next.and_then(|entry| Some((entry, entry.sound.as_ref()?))) {
            sound.set(&dials);
            params.compare.forget_levels();
            params.preset.set_text(entry.place.text());
            params.preset.leave_untold();
        }
    }
}

/// The place in the list so many steps from a preset, around its end; those that cannot be read are passed over. From none, forwards leads to the first
/// and backwards to the last.
pub(super) fn neighbour(entries: &[super::Entry], current: Option<&Place>, steps: i32) -> Option<usize> {
    let playable: Vec<usize> = (0..entries.len()).filter(|&at| entries[at].sound.is_some()).collect();
    let count = i64::try_from(playable.len()).ok().filter(|&count| count > 0 && steps != 0)?;
    let at = current.and_then(|current| playable.iter().position(|&at| entries[at].place == *current));
    let at = match at {
        Some(at) => at as i64 + i64::from(steps),
        None if steps > 0 => i64::from(steps) - 1,
        None => i64::from(steps),
    };
    playable.get(at.rem_euclid(count) as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::Way;
    use crate::compare::KeptSound;
    use crate::factory::DEFAULT_SLOT;
    use crate::presets::{PRESETS, Sound};

    #[test]
    fn a_foot_steps_through_presets_without_a_window() {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let params = Arc::new(TonewrightParams::new(&desk));
        let mut stepper = PresetStepper::new(&params, &desk);
        let dials = Dials::new(params.clone(), desk.clone());
        let step = |way: Way| {
            desk.steps().switch(Stepped::Preset, way, true);
            desk.steps().switch(Stepped::Preset, way, false);
        };
        let plays = |at: usize| {
            let sound = PRESETS[at].read(&dials).unwrap().sound;
            assert!(Sound::of(&dials).is_like(&sound, &dials), "{}", PRESETS[at].id);
            assert_eq!(params.preset.place(), Some(Place::Factory(PRESETS[at].id)));
        };
        stepper.run(&desk);
        assert_eq!(params.preset.place(), None);
        step(Way::On);
        stepper.run(&desk);
        plays(0);
        step(Way::On);
        step(Way::On);
        stepper.run(&desk);
        plays(2);
        assert!(params.preset.take_untold() && !params.preset.take_untold());
        params.preset.set_window(true);
        step(Way::Back);
        stepper.patience = Duration::MAX;
        stepper.run(&desk);
        plays(2);
        // A window that is hidden takes none.
        stepper.patience = Duration::ZERO;
        stepper.run(&desk);
        plays(1);
    }

    #[test]
    fn a_step_without_a_window_plays_as_loud_as_it_is() {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let params = Arc::new(TonewrightParams::new(&desk));
        let dials = Dials::new(params.clone(), desk.clone());
        params.compare.change(|kept| {
            kept.other = Some(KeptSound::of(&Sound::usual(&dials), &dials));
            kept.lufs = [Some(-12.0), Some(-20.0)];
        });
        params.compare.play();
        assert_eq!(params.compare.match_db(), -8.0);
        desk.steps().ask(Stepped::Preset, 1);
        PresetStepper::new(&params, &desk).run(&desk);
        assert!(params.preset.place().is_some());
        assert_eq!((params.compare.match_db(), params.compare.matched()), (0.0, None));
        assert!(params.compare.is_comparing(), "the other side is still there");
    }

    #[test]
    fn a_stepper_keeps_nothing_alive() {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let params = Arc::new(TonewrightParams::new(&desk));
        let mut stepper = PresetStepper::new(&params, &desk);
        let (weak, kept) = (Arc::downgrade(&params), Desk::new(DEFAULT_SLOT));
        drop((params, desk));
        assert!(weak.upgrade().is_none());
        stepper.run(&kept);
    }
}
