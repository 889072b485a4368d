//! The window's presets, undo and redo, A and B, on a host without a window.

use super::*;
use crate::compare::{KeptSound, Side};
use crate::factory::DEFAULT_SLOT;
use crate::presets::edits::tests::{Host, Shared};
use crate::presets::{PRESETS, Place};
use nih_plug::params::persist::PersistentField;
use shared::word_eq::GRID;
use std::time::{Duration, Instant};

/// Longest wait for what is done beside.
const LIMIT: Duration = Duration::from_secs(120);

struct Bench {
    console: Console,
    dials: Dials,
    gui: GuiContext,
    host: Arc<Host>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(late: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let params = Arc::new(TonewrightParams::new(&desk));
        let shelf = Shelf::at(folder.path().join("presets"));
        let mut console = Console::with_shelf(&params, &desk, Some(shelf));
        console.edits = Edits::with_patience(console.dials.clone(), Duration::MAX);
        let host = Arc::new(Host { late, ..Host::default() });
        let gui = console.open(GuiContext::new(Arc::new(Shared(host.clone()))));
        let mut bench = Self { console, dials: Dials::new(params, desk), gui, host, _folder: folder };
        bench.until(|console| !console.is_busy());
        bench
    }

    /// A frame of the window, with nothing left for the loader to do.
    fn frame(&mut self) -> bool {
        self.dials.desk().set_idle();
        self.console.update(&self.gui.param_setter())
    }

    fn until(&mut self, is_so: impl Fn(&Console) -> bool) {
        let begin = Instant::now();
        while !is_so(&self.console) {
            assert!(begin.elapsed() < LIMIT, "{:?}", self.console.problem());
            self.frame();
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until nothing goes on any more.
    fn rest(&mut self) {
        let begin = Instant::now();
        while self.frame() {
            assert!(begin.elapsed() < LIMIT, "{:?}", self.console.problem());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn entry(&self, id: &str) -> Entry {
        let entries = self.console.entries();
        let is_it = |entry: &&Entry| entry.name == id || matches!(entry.place, Place::Factory(f) if f == id);
        entries.iter().find(is_it).cloned().unwrap()
    }

    fn load(&mut self, id: &str) {
        let entry = self.entry(id);
        self.console.load(&entry, &self.gui.param_setter());
        self.frame();
    }

    fn turn_knob(&mut self, id: &str, value: f32) {
        self.dials.tell(self.dials.place(id).unwrap(), value, &self.gui.param_setter());
        self.frame();
    }

    fn turn(&mut self) {
        self.console.turn(&self.gui.param_setter());
        self.frame();
    }

    fn undo(&mut self) {
        self.console.undo(&self.gui.param_setter());
        self.frame();
    }

    fn sounds_as(&self, id: &str) -> bool {
        let sound = self.entry(id).sound.unwrap();
        sound.is_like(&Sound::of(&self.dials), &self.dials)
    }

    fn current(&self) -> Option<String> {
        self.console.current().map(|entry| entry.name.clone())
    }

    /// What came of the work that was asked for.
    fn outcome(&mut self) -> Result<(), PresetError> {
        self.until(|console| !console.is_busy());
        self.console.take_outcome().unwrap()
    }
}

#[test]
fn presets_are_loaded_and_undone() {
    let mut bench = Bench::new(false);
    let first = Sound::of(&bench.dials);
    assert_eq!((bench.current(), bench.console.is_modified()), (None, false));
    bench.load("edge");
    assert!(bench.sounds_as("edge") && !bench.console.is_modified());
    bench.turn_knob("tone_mid", 0.9);
    assert!(bench.console.is_modified());
    assert_eq!(bench.console.undoes(), Some("Mid"));
    bench.undo();
    assert!(bench.sounds_as("edge") && !bench.console.is_modified());
    bench.undo();
    assert!(Sound::of(&bench.dials).is_like(&first, &bench.dials));
    assert_eq!(bench.console.undoes(), None);
    bench.console.redo(&bench.gui.param_setter());
    bench.frame();
    assert!(bench.sounds_as("edge"));

    bench.dials.desk().steps().ask(Stepped::Preset, 1);
    bench.frame();
    assert!(bench.sounds_as("box_of_light") && bench.console.undoes() == Some("Box of light"));
    bench.console.step(-2, &bench.gui.param_setter());
    assert!(bench.sounds_as(PRESETS[3].id));
}

#[test]
fn what_is_done_with_files_is_done_beside_and_told() {
    let mut bench = Bench::new(false);
    bench.load("edge");
    bench.turn_knob("tone_mid", 0.9);
    bench.console.save(" Mine ", "Band", false);
    assert!(bench.console.is_busy());
    bench.outcome().unwrap();
    assert_eq!((bench.current().as_deref(), bench.console.is_modified()), (Some("Mine"), false));
    assert_eq!(bench.entry("Mine").category, "Band");
    bench.console.save("Mine", "Band", false);
    assert!(matches!(bench.outcome(), Err(PresetError::Exists(name)) if name == "Mine"));
    bench.turn_knob("tone_mid", 0.1);
    bench.console.save("Mine", "Band", true);
    bench.outcome().unwrap();
    assert!(!bench.console.is_modified());

    let mine = bench.entry("Mine");
    bench.console.rename(&mine, "Ours");
    bench.outcome().unwrap();
    assert_eq!(bench.current().as_deref(), Some("Ours"), "the session goes on with it");
    let ours = bench.entry("Ours");
    bench.console.delete(&ours);
    bench.outcome().unwrap();
    assert!(bench.current().is_none() && bench.console.can_restore());
    bench.console.restore();
    bench.outcome().unwrap();
    assert!(bench.current().as_deref() == Some("Ours") && !bench.console.can_restore());

    let glass = bench.entry("glass");
    bench.console.delete(&glass);
    assert!(matches!(bench.outcome(), Err(PresetError::Factory(name)) if name == "Glass"));
    assert!(bench.console.take_outcome().is_none(), "it is told once");
}

#[test]
fn two_sounds_are_turned_between_matched_and_left() {
    let mut bench = Bench::new(false);
    bench.load("glass");
    assert!(!bench.console.is_comparing());
    bench.turn();
    assert_eq!((bench.console.side(), bench.current().as_deref()), (Side::B, Some("Glass")));
    assert!(bench.sounds_as("glass"), "at first it sounds as the other one");
    bench.load("wall");
    bench.until(|console| console.matched().is_some());
    let (gain, levels) = bench.console.matched().unwrap();
    let [a, b] = levels.lufs.map(Option::unwrap);
    assert!((f64::from(gain) - (a - b).min(0.0)).abs() < 1e-3 && !levels.played);
    bench.rest();
    assert_eq!(bench.dials.params().compare.match_db(), gain);

    bench.turn();
    assert!(bench.sounds_as("glass") && bench.current().as_deref() == Some("Glass"));
    assert_eq!(bench.console.undoes(), Some("Glass"), "each side has its own history");
    bench.rest();
    let other = bench.console.matched().unwrap().0;
    assert!((f64::from(other) - (b - a).min(0.0)).abs() < 1e-3 && other != gain);
    bench.turn();
    assert!(bench.sounds_as("wall") && bench.console.undoes() == Some("Wall"));
    // What the other side was can be brought back there.
    bench.console.copy();
    bench.turn();
    assert!(bench.sounds_as("wall") && bench.console.undoes() == Some("copy of B"));
    bench.undo();
    assert!(bench.sounds_as("glass"));
    bench.turn();
    bench.rest();

    bench.console.set_matching(false);
    assert_eq!((bench.console.matched(), bench.dials.params().compare.match_db()), (None, 0.0));
    bench.console.set_matching(true);
    bench.console.end_comparison();
    assert!(!bench.console.is_comparing() && bench.console.is_matching());
    assert_eq!((bench.console.side(), bench.dials.params().compare.match_db()), (Side::A, 0.0));
    assert!(bench.sounds_as("wall") && bench.current().as_deref() == Some("Wall"));
    assert_eq!(bench.console.undoes(), Some("Wall"), "the history of what is heard goes on");
    assert_eq!(bench.dials.params().compare.kept(), Default::default());
}

#[test]
fn a_comparison_that_ends_while_it_is_weighed_stays_ended() {
    let mut bench = Bench::new(false);
    bench.load("glass");
    bench.turn();
    bench.load("wall");
    let begin = Instant::now();
    while !bench.console.sides.is_weighing() {
        assert!(begin.elapsed() < LIMIT);
        bench.frame();
    }
    bench.console.end_comparison();
    bench.rest();
    assert_eq!(bench.dials.params().compare.kept(), Default::default());
    assert_eq!(bench.console.problem(), None);
}

/// A side that wants a file of the player's own and names none.
fn unplayable(dials: &Dials) -> Sound {
    let mut sound = Sound::usual(dials);
    sound.values[dials.place("model").unwrap()] = 0.0;
    sound
}

#[test]
fn a_weighing_that_fails_leaves_no_gain_of_before() {
    let mut bench = Bench::new(false);
    let compare = bench.dials.params().compare.clone();
    let other = KeptSound::of(&unplayable(&bench.dials), &bench.dials);
    compare.change(|kept| {
        kept.other = Some(other);
        kept.lufs = [Some(-12.0), Some(-20.0)];
    });
    compare.play();
    assert_eq!(compare.match_db(), -8.0);
    bench.until(|console| console.problem().is_some());
    bench.rest();
    let problem = bench.console.problem().unwrap();
    assert!(problem.starts_with("B cannot be compared"), "{problem}");
    assert_eq!((compare.match_db(), bench.console.matched()), (0.0, None));
    bench.console.dismiss();
    assert_eq!(bench.console.problem(), None);
}

#[test]
fn what_a_session_says_of_the_players_guitar_outlives_silence() {
    let mut bench = Bench::new(false);
    let other = bench.entry("wall").sound.unwrap();
    let other = KeptSound::of(&other, &bench.dials);
    let compare = bench.dials.params().compare.clone();
    compare.change(|kept| {
        kept.other = Some(other);
        (kept.lufs, kept.played) = ([Some(-12.0), Some(-20.0)], true);
    });
    compare.play();
    bench.frame();
    bench.rest();
    assert_eq!((compare.match_db(), compare.kept().played), (-8.0, true));
    // Another sound is another matter.
    let session = compare.kept();
    bench.load("glass");
    bench.until(|console| console.matched().is_some_and(|(_, levels)| !levels.played));
    // And so is another session.
    compare.set(session);
    bench.frame();
    bench.rest();
    assert_eq!((compare.match_db(), compare.kept().played), (-8.0, true));
}

#[test]
fn what_was_frozen_is_still_there_when_the_host_has_taken_the_switch_over() {
    let mut bench = Bench::new(true);
    let mut sound = Sound::usual(&bench.dials);
    sound.values[bench.dials.place("eq_freeze").unwrap()] = 1.0;
    sound.balances[1] = Some([1.5; GRID]);
    bench.console.tell(&sound, &bench.gui.param_setter());
    // The audio thread, for which the switch is still off.
    bench.dials.params().eq.frozen.keep_balance_db(None);
    bench.frame();
    assert_eq!(bench.dials.balances()[1], None);
    bench.host.take_over();
    bench.frame();
    assert_eq!(bench.dials.balances()[1], Some([1.5; GRID]));
}

#[test]
fn what_is_to_be_said_of_a_session_is_said_until_it_was_read() {
    let mut bench = Bench::new(false);
    bench.dials.params().notes.set(vec!["The preset cannot be read.".into()]);
    assert_eq!(bench.console.problem().as_deref(), Some("The preset cannot be read."));
    bench.console.dismiss();
    assert_eq!(bench.console.problem(), None);
}
