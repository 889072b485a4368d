//! The desk: where wishes are laid down by any thread and picked up by the loader.

use super::hold::{Held, Holds};
use super::source::file_name;
use super::turns::Turns;
use super::{Choice, ContentHash, OwnFile, Part, Positions, SavedSource, Source, Steps};
use crate::factory::{DEFAULT_SLOT, OWN_FILE_SLOT};
use crate::rack::RackFormat;
use crate::session::{Blob, Pool};
use parking_lot::Mutex;
use shared::engine::EngineChoice;
use shared::model::Knob;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// A quality from 0 to 1, in thousandths, so that no two roundings of one value are two sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quality(u16);

impl Quality {
    /// The smallest size.
    pub const LEAST: Self = Self(0);
    /// The largest size.
    pub const FULL: Self = Self(1000);

    /// The nearest thousandth.
    pub fn new(quality: f32) -> Self {
        // The conversion makes 0 of what is no number.
        Self((quality.clamp(0.0, 1.0) * 1000.0).round() as u16)
    }

    /// The quality as a number from 0 to 1.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// All qualities, in ascending order.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> {
        (Self::LEAST.0..=Self::FULL.0).map(Self)
    }
}

/// The loudspeakers of a fresh instance.
pub const DEFAULT_CAB_SLOTS: [usize; 2] = [1, 2];

/// The slot of a part in a fresh instance.
pub fn default_slot(part: Part) -> usize {
    match part {
        Part::Model => DEFAULT_SLOT,
        Part::CabA => DEFAULT_CAB_SLOTS[0],
        Part::CabB => DEFAULT_CAB_SLOTS[1],
    }
}

/// Nothing is chosen in place of the parameter.
const NOT_CHOSEN: usize = usize::MAX;

/// What should be played, and in which format.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// What the parts are filled with, in the order of [`Part::ALL`].
    pub sources: [Source; 3],
    /// Which engine.
    pub engine: EngineChoice,
    /// Which size of a model that has several, from 0 to 1.
    pub quality: Quality,
    /// Where the knobs of a model that has some are turned.
    pub knobs: Positions,
    /// How often the amp is computed for each sample of its model: 1, 2, 4 or 8.
    pub oversampling: usize,
    /// Whether the model's polarity and delay are corrected.
    pub align: bool,
    /// The format, once a host has told it.
    pub format: Option<RackFormat>,
    /// Grows whenever what the rack has may be gone.
    pub generation: u64,
}

impl Wish {
    /// What a part should be filled with.
    pub fn source(&self, part: Part) -> &Source {
        &self.sources[part as usize]
    }

    /// Whether another wish is the same but for the knobs, which are turned elsewhere.
    pub(super) fn is_turn_of(&self, other: &Self) -> bool {
        self.knobs != other.knobs && *self == Self { knobs: self.knobs, ..other.clone() }
    }
}

/// Something that the loader's thread does whenever it wakes.
pub type Errand = Box<dyn FnMut(&Desk) + Send>;

/// Holds the latest wish and a serial number that grows with each change.
///
/// Setting the slot, the engine or the quality takes neither lock nor memory, so that hosts may do it from the
/// audio thread.
pub struct Desk {
    /// The parameters' slots.
    slots: [AtomicUsize; 3],
    /// Slots that are chosen in their place.
    chosen: [AtomicUsize; 3],
    steps: Steps,
    errands: Mutex<Vec<Errand>>,
    engine: AtomicU8,
    quality: AtomicU16,
    oversampling: AtomicUsize,
    align: AtomicBool,
    /// The qualities, first and last, that choose what plays already.
    same_size: AtomicU32,
    turns: Turns,
    /// The host has no deadline.
    offline: AtomicBool,
    files: [Mutex<OwnFile>; 3],
    pool: Arc<Pool>,
    format: Mutex<Option<RackFormat>>,
    generation: AtomicU64,
    holds: Holds,
    serial: AtomicU64,
    done: AtomicU64,
    loader: OnceLock<Thread>,
    abandoned: AtomicBool,
}

impl Desk {
    /// A desk that wishes for the model in `slot`, and the first two loudspeakers.
    pub fn new(slot: usize) -> Self {
        Self::with_pool(slot, Pool::default())
    }

    /// The same, with files that a session carries already.
    pub fn with_pool(slot: usize, pool: Pool) -> Self {
        Self {
            slots: [slot, DEFAULT_CAB_SLOTS[0], DEFAULT_CAB_SLOTS[1]].map(AtomicUsize::new),
            chosen: [NOT_CHOSEN; 3].map(AtomicUsize::new),
            steps: Steps::default(),
            errands: Mutex::default(),
            engine: AtomicU8::new(0),
            quality: AtomicU16::new(Quality::FULL.0),
            oversampling: AtomicUsize::new(1),
            align: AtomicBool::new(false),
            same_size: AtomicU32::new(pack([Quality::LEAST, Quality::FULL])),
            turns: Turns::default(),
            offline: AtomicBool::new(false),
            files: Default::default(),
            pool: Arc::new(pool),
            format: Mutex::new(None),
            generation: AtomicU64::new(0),
            holds: Holds::default(),
            serial: AtomicU64::new(1),
            done: AtomicU64::new(0),
            loader: OnceLock::new(),
            abandoned: AtomicBool::new(false),
        }
    }

    /// Wishes for the slot of a part's parameter; what was chosen in its place is forgotten when it changes. Free
    /// of locks and memory.
    pub fn set_slot(&self, part: Part, slot: usize) {
        if self.slots[part as usize].swap(slot, Ordering::AcqRel) != slot {
            self.chosen[part as usize].store(NOT_CHOSEN, Ordering::Release);
            self.touch();
        }
    }

    /// Wishes for a slot or a file in place of what a part's parameter says, until that parameter changes: for
    /// steps that are taken where nothing can set parameters.
    pub fn choose(&self, part: Part, choice: Choice) {
        let slot = match choice {
            Choice::Slot(slot) => slot,
            Choice::File(path) => {
                self.put_file(part, Some(path));
                OWN_FILE_SLOT
            }
        };
        self.put_chosen(part, Some(slot));
        self.touch();
    }

    /// What is chosen in place of what a part's parameter says.
    pub fn chosen(&self, part: Part) -> Option<Choice> {
        match self.chosen_slot(part)? {
            OWN_FILE_SLOT => Some(self.file(part).map_or(Choice::Slot(OWN_FILE_SLOT), Choice::File)),
            slot => Some(Choice::Slot(slot)),
        }
    }

    /// The slot that is wished for: the chosen one, else the parameter's.
    pub fn slot(&self, part: Part) -> usize {
        self.chosen_slot(part).unwrap_or_else(|| self.slots[part as usize].load(Ordering::Acquire))
    }

    fn chosen_slot(&self, part: Part) -> Option<usize> {
        let slot = self.chosen[part as usize].load(Ordering::Acquire);
        (slot != NOT_CHOSEN).then_some(slot)
    }

    fn put_chosen(&self, part: Part, slot: Option<usize>) {
        // What the parameter says already need not be chosen.
        let is_other = |slot: &usize| *slot != self.slots[part as usize].load(Ordering::Acquire);
        let chosen = slot.filter(is_other).unwrap_or(NOT_CHOSEN);
        self.chosen[part as usize].store(chosen, Ordering::Release);
    }

    /// The steps that were asked for.
    pub fn steps(&self) -> &Steps {
        &self.steps
    }

    /// Has the loader's thread do something whenever it wakes: every few milliseconds, and soon after
    /// [`Desk::wake`].
    pub fn add_errand(&self, errand: Errand) {
        self.errands.lock().push(errand);
    }

    /// Does the errands. For the loader's thread: they may read files.
    pub(super) fn run_errands(&self) {
        self.errands.lock().iter_mut().for_each(|errand| errand(self));
    }

    /// What is kept of a part: the slot that is chosen in place of its parameter's, and the player's own file,
    /// whether it plays or not. A preset, which sets the parameter too, sets it to [`Desk::slot`] and leaves out
    /// the slot in here.
    pub fn source(&self, part: Part) -> SavedSource {
        let OwnFile { path, name, hash, bytes, .. } = self.files[part as usize].lock().clone();
        SavedSource { slot: self.chosen_slot(part), path, name, hash, bytes }
    }

    /// Brings back what was kept of a part. A file that is nowhere to be found is not replaced by what played.
    /// Nothing is read here: for any thread.
    pub fn set_source(&self, part: Part, saved: SavedSource) {
        let SavedSource { slot, path, name, hash, bytes } = saved;
        let mut own = self.files[part as usize].lock();
        let version = own.version + 1;
        let before =
            std::mem::replace(&mut *own, OwnFile { path, name, hash, bytes, restored: true, version });
        drop(own);
        drop(before);
        self.put_chosen(part, slot);
        self.touch();
    }

    /// The files that sessions carry.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// What is saved of them now.
    pub fn carried(&self) -> Vec<Arc<Blob>> {
        self.pool.carried(self.hashes())
    }

    fn hashes(&self) -> impl Iterator<Item = ContentHash> {
        Part::ALL.into_iter().filter_map(|part| self.files[part as usize].lock().hash)
    }

    /// Frees what no session needs any more. For the loader.
    pub(super) fn sweep(&self) {
        self.pool.sweep(self.hashes());
    }

    /// Says where a part's file is now, with the same content; what plays goes on.
    pub fn relink(&self, part: Part, path: PathBuf) {
        let mut own = self.files[part as usize].lock();
        own.name = file_name(&path).or(own.name.take());
        own.path = Some(path);
        own.version += 1;
        drop(own);
        self.touch();
    }

    /// Has files that are missing searched for again.
    pub fn look_again(&self) {
        self.files.iter().for_each(|own| own.lock().version += 1);
        self.touch();
    }

    /// Says what is in a part's file, unless another one was wished for since.
    pub(super) fn identify(&self, part: Part, version: u64, hash: ContentHash, bytes: u64) {
        let mut own = self.files[part as usize].lock();
        if own.version == version && own.hash.is_none() {
            (own.hash, own.bytes) = (Some(hash), Some(bytes));
            own.name = own.name.take().or(own.path.as_deref().and_then(file_name));
        }
    }

    /// Wishes for an engine. Free of locks and memory.
    pub fn set_engine(&self, engine: EngineChoice) {
        let at = EngineChoice::ALL.iter().position(|e| *e == engine).unwrap_or(0) as u8;
        if self.engine.swap(at, Ordering::AcqRel) != at {
            self.touch();
        }
    }

    /// Wishes for oversampling of the amp by a factor. Free of locks and memory.
    pub fn set_oversampling(&self, factor: usize) {
        if self.oversampling.swap(factor, Ordering::AcqRel) != factor {
            self.touch();
        }
    }

    /// Wishes for a model's polarity and delay to be corrected, or not. Free of locks and memory.
    pub fn set_align(&self, align: bool) {
        if self.align.swap(align, Ordering::AcqRel) != align {
            self.touch();
        }
    }

    /// Wishes for a quality. Free of locks and memory; the loader is only woken where another size
    /// than the one that plays is chosen, so that a host may automate it.
    pub fn set_quality(&self, quality: Quality) {
        // Either this sees what the loader says in `keep_size`, or the loader sees this.
        if self.quality.swap(quality.0, Ordering::SeqCst) != quality.0 && !self.is_same_size(quality) {
            self.touch();
        }
    }

    /// Says which qualities, from the first to the last, choose what plays already. Another one that
    /// was wished for in the meantime becomes a wish of its own.
    pub(super) fn keep_size(&self, qualities: [Quality; 2]) {
        self.same_size.store(pack(qualities), Ordering::SeqCst);
        if !self.is_same_size(Quality(self.quality.load(Ordering::SeqCst))) {
            self.touch();
        }
    }

    fn is_same_size(&self, quality: Quality) -> bool {
        let packed = self.same_size.load(Ordering::SeqCst);
        ((packed >> 16) as u16..=packed as u16).contains(&quality.0)
    }

    /// Turns a knob. Free of locks and memory; the loader is only woken where what plays has that knob, so that a host
    /// may automate it.
    pub fn set_knob(&self, at: usize, position: f32) {
        if self.turns.turn(at, position) {
            self.touch();
        }
    }

    /// Says which knobs what plays has, and at which positions it plays. What was turned in the meantime becomes a wish of its
    /// own.
    pub(super) fn keep_knobs(&self, knobs: &[Knob], played: &Positions) {
        if self.turns.keep(knobs, played) {
            self.touch();
        }
    }

    /// The knobs of what plays. Not for the audio thread.
    pub fn knobs(&self) -> Arc<[Knob]> {
        self.turns.knobs()
    }

    /// Says whether the host has no deadline. Then it waits for every wish, and none is put off.
    pub fn set_offline(&self, offline: bool) {
        self.offline.store(offline, Ordering::Release);
    }

    pub(super) fn is_offline(&self) -> bool {
        self.offline.load(Ordering::Acquire)
    }

    /// Names the player's own file. It is read again even if it is the same as before.
    pub fn set_file(&self, part: Part, file: Option<PathBuf>) {
        self.put_file(part, file);
        self.touch();
    }

    fn put_file(&self, part: Part, path: Option<PathBuf>) {
        let mut own = self.files[part as usize].lock();
        let version = own.version + 1;
        let name = path.as_deref().and_then(file_name);
        *own = OwnFile { path, name, version, ..OwnFile::default() };
    }

    /// The player's own file.
    pub fn file(&self, part: Part) -> Option<PathBuf> {
        self.files[part as usize].lock().path.clone()
    }

    /// Tells the host's format.
    pub fn set_format(&self, format: RackFormat) {
        if self.format.lock().replace(format) != Some(format) {
            // A rack was made ready for the format before, and threw away what does not fit. The loader may never have seen that, and
            // take it for what it delivered to last.
            if !self.is_settled() {
                self.generation.fetch_add(1, Ordering::AcqRel);
            }
            self.touch();
        }
    }

    /// The host's format, once it was told.
    pub fn format(&self) -> Option<RackFormat> {
        *self.format.lock()
    }

    /// Has the latest wish been dealt with, with success or without? Always, if there is nobody
    /// who could deal with it.
    pub fn is_settled(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
            || self.done.load(Ordering::Acquire) >= self.serial.load(Ordering::Acquire)
    }

    /// Waits until the latest wish has been dealt with, at most for `limit`. Not for an audio
    /// thread that has a deadline. Returns whether it was.
    pub fn wait_until_settled(&self, limit: Duration) -> bool {
        let begin = Instant::now();
        // By itself it looks only every few milliseconds, for which a rendering would wait at each change.
        self.wake();
        while !self.is_settled() {
            if begin.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        true
    }

    pub(super) fn set_loader(&self, thread: Thread) {
        // A desk has one loader; a second one would find the first in place.
        let _ = self.loader.set(thread);
        self.wake();
    }

    /// Whether there is no loader, or none any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    /// There will be no loader: nothing is to be waited for.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    /// Wakes the loader, which is a system call: not for the audio thread. It wakes by itself every few milliseconds.
    pub fn wake(&self) {
        if let Some(thread) = self.loader.get() {
            thread.unpark();
        }
    }

    pub(super) fn serial(&self) -> u64 {
        self.serial.load(Ordering::Acquire)
    }

    pub(super) fn settle(&self, serial: u64) {
        self.done.store(serial, Ordering::Release);
    }

    pub(crate) fn wish(&self) -> Wish {
        let source = |part: Part| {
            let own = self.files[part as usize].lock().clone();
            Source { slot: self.slot(part), own }
        };
        Wish {
            sources: Part::ALL.map(source),
            engine: EngineChoice::ALL[usize::from(self.engine.load(Ordering::Acquire))],
            quality: Quality(self.quality.load(Ordering::SeqCst)),
            knobs: self.turns.positions(),
            oversampling: self.oversampling.load(Ordering::Acquire),
            align: self.align.load(Ordering::Acquire),
            format: *self.format.lock(),
            generation: self.generation.load(Ordering::Acquire),
        }
    }

    /// As if a loader had dealt with every wish.
    #[cfg(test)]
    pub(crate) fn set_idle(&self) {
        self.settle(self.serial());
    }

    /// What is wished for, unless more of what belongs to it is still to come.
    pub(super) fn whole_wish(&self) -> Option<Wish> {
        self.holds.unless_held(|| self.wish())
    }

    /// Has the loader wait with what is wished for from now on until this is dropped: for wishes that belong together. Whoever holds the desk
    /// must not wait for it. Free of locks and memory.
    pub fn hold(&self) -> Held<'_> {
        self.holds.hold()
    }

    /// The session that is loaded on this thread has said all, see [`begin_loading`](super::begin_loading). Free of locks and memory.
    pub fn loaded(&self) {
        self.holds.loaded();
    }

    fn touch(&self) {
        self.holds.join_loading();
        self.serial.fetch_add(1, Ordering::AcqRel);
    }
}

fn pack([first, last]: [Quality; 2]) -> u32 {
    u32::from(first.0) << 16 | u32::from(last.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quality_is_a_wish_only_where_it_chooses_another_size() {
        let desk = Desk::new(1);
        let before = desk.serial();
        let wishes = |q: f32| {
            desk.set_quality(Quality::new(q));
            desk.serial() - before
        };
        assert_eq!([0.0, 0.3, 1.0].map(wishes), [0, 0, 0], "what plays has one size");
        desk.keep_size([Quality::new(0.5), Quality::FULL]);
        assert_eq!([0.5, 0.9, 0.499, 0.499, 0.2].map(wishes), [0, 0, 1, 1, 2]);
        assert_eq!(desk.wish().quality, Quality::new(0.2));
        // Wished for while the loader was busy with another model.
        desk.keep_size([Quality::new(0.0), Quality::new(0.4)]);
        assert_eq!(desk.serial() - before, 2);
        desk.keep_size([Quality::new(0.25), Quality::FULL]);
        assert_eq!(desk.serial() - before, 3);
    }

    #[test]
    fn a_turn_is_a_wish_that_differs_in_nothing_else() {
        let desk = Desk::new(1);
        let before = desk.wish();
        desk.set_knob(2, 0.9);
        assert!(desk.wish().is_turn_of(&before) && !before.is_turn_of(&before));
        desk.set_align(true);
        assert!(!desk.wish().is_turn_of(&before));
    }

    #[test]
    fn what_is_chosen_plays_until_the_parameter_changes() {
        let desk = Desk::new(1);
        desk.choose(Part::Model, Choice::Slot(5));
        assert_eq!((desk.slot(Part::Model), desk.chosen(Part::Model)), (5, Some(Choice::Slot(5))));
        desk.set_slot(Part::Model, 1);
        assert_eq!(desk.wish().source(Part::Model).slot, 5, "a host that repeats itself changes nothing");
        let saved = desk.source(Part::Model);
        desk.set_slot(Part::Model, 2);
        assert_eq!((desk.slot(Part::Model), desk.chosen(Part::Model)), (2, None));
        desk.set_source(Part::Model, saved);
        assert_eq!(desk.slot(Part::Model), 5);
        desk.choose(Part::Model, Choice::File("/amps/a.nam".into()));
        assert_eq!(desk.chosen(Part::Model), Some(Choice::File("/amps/a.nam".into())));
        assert_eq!(desk.wish().source(Part::Model).own.name.as_deref(), Some("a.nam"));
        desk.choose(Part::Model, Choice::Slot(2));
        assert_eq!((desk.slot(Part::Model), desk.chosen(Part::Model)), (2, None), "the parameter says so");
        assert_eq!([Part::CabA, Part::CabB].map(|part| desk.slot(part)), DEFAULT_CAB_SLOTS);
    }

    #[test]
    fn what_is_known_of_a_file_goes_with_it() {
        let (desk, hash) = (Desk::new(1), ContentHash::of(b"abc"));
        desk.set_file(Part::CabB, Some("/cabs/a.wav".into()));
        let version = desk.wish().source(Part::CabB).own.version;
        desk.identify(Part::CabB, version, hash, 3);
        desk.relink(Part::CabB, "/moved/b.wav".into());
        let expected = SavedSource {
            slot: None,
            path: Some("/moved/b.wav".into()),
            name: Some("b.wav".into()),
            hash: Some(hash),
            bytes: Some(3),
        };
        assert_eq!(desk.source(Part::CabB), expected);
        desk.set_file(Part::CabB, Some("/cabs/c.wav".into()));
        desk.identify(Part::CabB, version, hash, 3);
        assert_eq!(desk.source(Part::CabB).hash, None, "that was another file's");
    }

    #[test]
    fn qualities_are_thousandths() {
        for (given, value) in [(0.7, 0.7), (0.1, 0.1), (-1.0, 0.0), (7.0, 1.0), (f32::NAN, 0.0)] {
            assert_eq!(Quality::new(given).value(), value);
        }
    }
}
