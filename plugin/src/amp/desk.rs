//! The desk: where wishes are laid down by any thread and picked up by the loader.

use parking_lot::Mutex;
use shared::chain::Format;
use shared::engine::EngineChoice;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};
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

/// What should be played, and in which format.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// A slot of the [factory](crate::factory), or the one of the player's own file. With a slot that
    /// no model has, what plays goes on; a session that was saved so comes back with the default amp.
    pub slot: usize,
    /// The player's own file.
    pub file: Option<PathBuf>,
    /// Counts the changes of `file`, so that the same path opened again is read again.
    pub file_version: u64,
    /// Which engine.
    pub engine: EngineChoice,
    /// Which size of a model that has several, from 0 to 1.
    pub quality: Quality,
    /// The format, once a host has told it.
    pub format: Option<Format>,
}

/// Holds the latest wish and a serial number that grows with each change.
///
/// Setting the slot, the engine or the quality takes neither lock nor memory, so that hosts may do it from the
/// audio thread.
pub struct Desk {
    slot: AtomicUsize,
    engine: AtomicU8,
    quality: AtomicU16,
    /// The qualities, first and last, that choose what plays already.
    same_size: AtomicU32,
    file: Mutex<(Option<PathBuf>, u64)>,
    format: Mutex<Option<Format>>,
    serial: AtomicU64,
    done: AtomicU64,
    loader: OnceLock<Thread>,
    abandoned: AtomicBool,
}

impl Desk {
    /// A desk that wishes for `slot`.
    pub fn new(slot: usize) -> Self {
        Self {
            slot: AtomicUsize::new(slot),
            engine: AtomicU8::new(0),
            quality: AtomicU16::new(Quality::FULL.0),
            same_size: AtomicU32::new(pack([Quality::LEAST, Quality::FULL])),
            file: Mutex::new((None, 0)),
            format: Mutex::new(None),
            serial: AtomicU64::new(1),
            done: AtomicU64::new(0),
            loader: OnceLock::new(),
            abandoned: AtomicBool::new(false),
        }
    }

    /// Wishes for a slot. Free of locks and memory.
    pub fn set_slot(&self, slot: usize) {
        if self.slot.swap(slot, Ordering::AcqRel) != slot {
            self.touch();
        }
    }

    /// Wishes for an engine. Free of locks and memory.
    pub fn set_engine(&self, engine: EngineChoice) {
        let at = EngineChoice::ALL.iter().position(|e| *e == engine).unwrap_or(0) as u8;
        if self.engine.swap(at, Ordering::AcqRel) != at {
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

    /// Names the player's own file. It is read again even if it is the same as before.
    pub fn set_file(&self, file: Option<PathBuf>) {
        let mut guard = self.file.lock();
        guard.0 = file;
        guard.1 += 1;
        drop(guard);
        self.touch();
    }

    /// The player's own file.
    pub fn file(&self) -> Option<PathBuf> {
        self.file.lock().0.clone()
    }

    /// Tells the host's format.
    pub fn set_format(&self, format: Format) {
        if self.format.lock().replace(format) != Some(format) {
            self.touch();
        }
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

    /// There will be no loader: nothing is to be waited for.
    pub(super) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    pub(super) fn wake(&self) {
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

    pub(super) fn wish(&self) -> Wish {
        let (file, file_version) = self.file.lock().clone();
        Wish {
            slot: self.slot.load(Ordering::Acquire),
            file,
            file_version,
            engine: EngineChoice::ALL[usize::from(self.engine.load(Ordering::Acquire))],
            quality: Quality(self.quality.load(Ordering::SeqCst)),
            format: *self.format.lock(),
        }
    }

    fn touch(&self) {
        self.serial.fetch_add(1, Ordering::AcqRel);
        self.wake();
    }
}

fn pack([first, last]: [Quality; 2]) -> u32 {
    u32::from(first.0) << 16 | u32::from(last.0)
}

/// Waits for the desk without a deadline, and not again once that was in vain: a loader that is
/// stuck must not hold up every block of a rendering.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    lost: bool,
}

impl Patience {
    /// Waits for at most `limit`.
    pub fn new(limit: Duration) -> Self {
        Self { limit, lost: false }
    }

    /// Waits until the latest wish has been dealt with, or not at all if an earlier wait was in
    /// vain and nothing was dealt with since. Returns whether it was.
    pub fn wait(&mut self, desk: &Desk) -> bool {
        self.lost = !(desk.is_settled() || (!self.lost && desk.wait_until_settled(self.limit)));
        !self.lost
    }

    /// Forgets an earlier wait.
    pub fn renew(&mut self) {
        self.lost = false;
    }
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
    fn qualities_are_thousandths() {
        for (given, value) in [(0.7, 0.7), (0.1, 0.1), (-1.0, 0.0), (7.0, 1.0), (f32::NAN, 0.0)] {
            assert_eq!(Quality::new(given).value(), value);
        }
    }

    #[test]
    fn patience_is_lost_once_and_comes_back() {
        let limit = Duration::from_millis(50);
        let (desk, mut patience) = (Desk::new(1), Patience::new(limit));
        let timed = |patience: &mut Patience| {
            let begin = Instant::now();
            let settled = patience.wait(&desk);
            (settled, begin.elapsed() >= limit)
        };
        assert_eq!(timed(&mut patience), (false, true));
        for _ in 0..3 {
            assert_eq!(timed(&mut patience), (false, false));
        }
        patience.renew();
        assert_eq!(timed(&mut patience), (false, true));
        desk.settle(desk.serial());
        assert_eq!(timed(&mut patience), (true, false));
        desk.set_slot(2);
        assert_eq!(timed(&mut patience), (false, true), "what was dealt with gives patience back");
    }
}
