//! The model or loudspeaker beside the one that plays: what "next" and "previous" mean, with the window and without.

use super::scan::Library;
use super::walk::{Limits, walk};
use super::{Choice, Kind, Reading, Scope, natural, read};
use crate::amp::{Desk, Part, Stepped};
use crate::params::TonewrightParams;
use nih_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};

/// How many files that cannot be played are stepped over.
const MOST_SKIPPED: usize = 64;

/// The lists that an instance steps through: those the player chose from last. A session keeps where they came from.
/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Browsing {
    lists: Arc<[Mutex<Listed>; 2]>,
}

#[derive(Debug, Default)]
struct Listed {
    scope: Scope,
    choices: Option<Arc<[Choice]>>,
}

/// What a session keeps of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SavedBrowsing {
    model: Scope,
    response: Scope,
}

impl Browsing {
    /// From now on this list is stepped through; it came from `scope`, narrowed by words or not.
    pub fn set(&self, kind: Kind, scope: Scope, choices: Arc<[Choice]>) {
        *self.lists[kind as usize].lock() = Listed { scope, choices: Some(choices) };
    }

    /// Where the list came from.
    pub fn scope(&self, kind: Kind) -> Scope {
        self.lists[kind as usize].lock().scope.clone()
    }

    /// The list that `current` is stepped through in. Reads folders where the window has shown none yet: not for a window.
    fn list(
        &self,
        library: &Library,
        kind: Kind,
        current: &Choice,
        go_on: &dyn Fn() -> bool,
    ) -> Arc<[Choice]> {
        let (scope, shown) = {
            let listed = self.lists[kind as usize].lock();
            (listed.scope.clone(), listed.choices.clone())
        };
        if let Some(shown) = shown.filter(|shown| shown.contains(current)) {
            return shown;
        }
        let of_scope = of_scope(library, &scope, kind, go_on);
        if of_scope.contains(current) {
            return of_scope.into();
        }
        match current {
            Choice::Factory(_) => kind.factory_slots().into_iter().map(Choice::Factory).collect(),
            Choice::File(path) => siblings(&path.0, kind, go_on).into(),
        }
    }
}

impl PersistentField<'_, SavedBrowsing> for Browsing {
    fn set(&self, saved: SavedBrowsing) {
        for (listed, scope) in self.lists.iter().zip([saved.model, saved.response]) {
            *listed.lock() = Listed { scope, choices: None };
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&SavedBrowsing) -> R,
    {
        f(&SavedBrowsing { model: self.scope(Kind::Model), response: self.scope(Kind::Response) })
    }
}

/// What a scope holds, as far as that is known without reading what is in files.
fn of_scope(library: &Library, scope: &Scope, kind: Kind, go_on: &dyn Fn() -> bool) -> Vec<Choice> {
    let settings = library.read_settings();
    let marked = |marks: &[super::Mark]| {
        marks.iter().filter(|mark| mark.kind == kind).map(|mark| mark.choice.clone()).collect()
    };
    match scope {
        // Everything is no list for a foot: the folder of what plays is.
        Scope::All => Vec::new(),
        Scope::Factory => kind.factory_slots().into_iter().map(Choice::Factory).collect(),
        Scope::Favourites => marked(&settings.favourites),
        Scope::Recent => marked(&settings.recents),
        Scope::Folder(folder) => {
            let mut choices = Vec::new();
            let _ = walk(&folder.0, Limits::USUAL, go_on, |found| {
                if found.kind == kind {
                    choices.push(Choice::file(found.path));
                }
            });
            sort(&mut choices);
            choices
        }
    }
}

/// The files beside this one, itself included even if it is gone.
fn siblings(path: &Path, kind: Kind, go_on: &dyn Fn() -> bool) -> Vec<Choice> {
    let folder = path.parent().unwrap_or(path);
    let mut choices = vec![Choice::file(path)];
    let beside = Limits { depth: 0, ..Limits::USUAL };
    let _ = walk(folder, beside, go_on, |found| {
        if found.kind == kind && found.path != path {
            choices.push(Choice::file(found.path));
        }
    });
    sort(&mut choices);
    choices
}

fn sort(choices: &mut [Choice]) {
    let text = |choice: &Choice| choice.path().map(|path| path.to_string_lossy().into_owned());
    choices.sort_by(|a, b| natural(&text(a).unwrap_or_default(), &text(b).unwrap_or_default()));
}

/// The choice so many places further in a list, around its end; those that `fits` refuses are passed over. From something that is not in the list,
/// forwards leads to the first and backwards to the last. `None` if there is no other.
pub fn neighbour(
    list: &[Choice],
    current: Option<&Choice>,
    steps: i32,
    fits: impl Fn(&Choice) -> bool,
) -> Option<Choice> {
    let count = i64::try_from(list.len()).ok().filter(|&count| count > 0 && steps != 0)?;
    let direction = i64::from(steps.signum());
    let at = current.and_then(|current| list.iter().position(|choice| choice == current));
    let mut at = match at {
        Some(at) => at as i64 + i64::from(steps),
        None if steps > 0 => i64::from(steps) - 1,
        None => i64::from(steps),
    };
    for _ in 0..count.min(MOST_SKIPPED as i64) {
        let choice = &list[at.rem_euclid(count) as usize];
        if Some(choice) != current && fits(choice) {
            return Some(choice.clone());
        }
        at += direction;
    }
    None
}

/// What is stepped through to fill a part.
pub fn stepped(part: Part) -> Stepped {
    match part {
        Part::Model => Stepped::Model,
        Part::CabA => Stepped::Cab,
        Part::CabB => Stepped::OtherCab,
    }
}

/// Does the steps that are asked for on a desk, by laying a wish on it. An errand of the loader's thread.
pub struct Stepper {
    browsing: Browsing,
    /// Whose knobs a step to another model puts back; it is not kept alive.
    params: Weak<TonewrightParams>,
    library: LazyLock<Arc<Library>, Box<dyn FnOnce() -> Arc<Library> + Send>>,
}

impl Stepper {
    /// Steps through the lists of an instance; the library is opened when the first step is asked for.
    pub fn new(params: &Arc<TonewrightParams>, open: impl FnOnce() -> Arc<Library> + Send + 'static) -> Self {
        let (browsing, params) = (params.browsing.clone(), Arc::downgrade(params));
        Self { browsing, params, library: LazyLock::new(Box::new(open)) }
    }

    /// Does what was asked for since the last time.
    pub fn run(&mut self, desk: &Desk) {
        for part in Part::ALL {
            let steps = desk.steps().take(stepped(part));
            if steps != 0 {
                self.step(desk, part, steps);
            }
        }
    }

    fn step(&self, desk: &Desk, part: Part, steps: i32) {
        let kind = Kind::of(part);
        let current = Choice::on_desk(desk, part);
        // An instance that goes waits for no folder.
        let go_on = || !desk.is_abandoned();
        let list = match &current {
            Some(current) => self.browsing.list(&self.library, kind, current, &go_on),
            None => kind.factory_slots().into_iter().map(Choice::Factory).collect(),
        };
        let playable = |choice: &Choice| match choice {
            Choice::Factory(_) => true,
            Choice::File(path) => go_on() && is_playable(&path.0, kind),
        };
        if let Some(next) = neighbour(&list, current.as_ref(), steps, playable) {
            let _held = desk.hold();
            next.lay_on(desk, part);
            // Where they stand means something else for each model. A host is told as soon as a window is there to tell it.
            if part == Part::Model
                && let Some(params) = self.params.upgrade()
                && params.knobs.put_back()
            {
                params.preset.leave_untold();
            }
        }
    }
}

fn is_playable(path: &Path, kind: Kind) -> bool {
    match read::read(path, kind).0 {
        Reading::Ready(super::Facts::Response(facts)) => !facts.is_recording(),
        Reading::Ready(super::Facts::Model(_)) => true,
        Reading::Pending | Reading::Refused(_) => false,
    }
}
