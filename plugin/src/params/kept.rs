//! Balances of sounds that a session keeps: the one that was taught as neutral, and the one that was
//! frozen.

use crate::words;
use nih_plug::params::persist::PersistentField;
use parking_lot::Mutex;
use shared::word_eq::{Curve, EqModel, GRID, Latent};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};

/// Larger numbers mean nothing, in dB: a session may hold anything.
const LIMIT_DB: f32 = 1_000.0;

/// A balance, or none.
///
/// It is kept in dB over the grid of the word EQ, so that a session outlives new tables of words, and read as
/// a latent of the table that comes along.
///
/// Written by the editor and by sessions on any thread, briefly under a lock that only writers take;
/// read by the audio thread without waiting.
pub struct KeptBalance {
    model: Option<&'static Arc<EqModel>>,
    kept: Mutex<Option<Curve>>,
    /// Odd while the numbers below are being written.
    version: AtomicU64,
    is_there: AtomicBool,
    values: [AtomicU32; GRID],
}

impl Default for KeptBalance {
    fn default() -> Self {
        Self {
            model: words::model(),
            kept: Mutex::new(None),
            version: AtomicU64::new(0),
            is_there: AtomicBool::new(false),
            values: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }
}

/// What the audio thread knows of the balances that are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// What was taught as neutral.
    pub learned: KnownBalance,
    /// What was frozen.
    pub frozen: KnownBalance,
}

/// What the audio thread knows of a [`KeptBalance`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KnownBalance {
    /// As a latent of the table of words.
    pub latent: Option<Latent>,
    version: u64,
}

impl KeptBalance {
    /// Keeps a balance that was heard, or forgets it. What is no number or out of all range is not kept.
    pub fn keep(&self, heard: Option<Latent>) {
        self.write(&mut self.kept.lock(), self.balance_db(heard));
    }

    /// Keeps a balance in dB over the grid in the same way.
    pub fn keep_balance_db(&self, balance_db: Option<Curve>) {
        self.write(&mut self.kept.lock(), balance_db);
    }

    /// Keeps what was heard in place of what is `known`, unless somebody else wrote since, or is writing. For
    /// the audio thread.
    pub fn try_keep(&self, heard: Option<Latent>, known: &KnownBalance) {
        if let Some(mut kept) = self.kept.try_lock()
            && self.version.load(Ordering::Relaxed) == known.version
        {
            self.write(&mut kept, self.balance_db(heard));
        }
    }

    fn balance_db(&self, heard: Option<Latent>) -> Option<Curve> {
        Some(self.model?.table.balance_db(&heard?))
    }

    fn write(&self, kept: &mut Option<Curve>, balance_db: Option<Curve>) {
        let balance_db = balance_db.filter(|curve| curve.iter().all(|db| db.abs() <= LIMIT_DB));
        *kept = balance_db;
        // A sequence lock (Boehm 2012): whoever reads sees by the version whether somebody wrote.
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        self.is_there.store(balance_db.is_some(), Ordering::Relaxed);
        for (to, from) in self.values.iter().zip(balance_db.unwrap_or([0.0; GRID])) {
            to.store(from.to_bits(), Ordering::Relaxed);
        }
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }

    /// What is kept, in dB over the grid. Takes the writers' lock: not for the audio thread.
    pub fn kept(&self) -> Option<Curve> {
        *self.kept.lock()
    }

    /// Brings what is `known` up to date without waiting; while somebody writes, it stays as it is. For the
    /// audio thread.
    pub fn update(&self, known: &mut KnownBalance) {
        let version = self.version.load(Ordering::Acquire);
        if version == known.version || !version.is_multiple_of(2) {
            return;
        }
        let is_there = self.is_there.load(Ordering::Relaxed);
        let balance_db = std::array::from_fn(|i| f32::from_bits(self.values[i].load(Ordering::Relaxed)));
        fence(Ordering::Acquire);
        if self.version.load(Ordering::Relaxed) == version {
            let model = self.model.filter(|_| is_there);
            *known = KnownBalance { latent: model.map(|m| m.table.latent_of_balance(&balance_db)), version };
        }
    }
}

/// In dB over the grid.
impl PersistentField<'_, Option<Vec<f32>>> for KeptBalance {
    fn set(&self, saved: Option<Vec<f32>>) {
        self.keep_balance_db(saved.and_then(|saved| saved.try_into().ok()));
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Option<Vec<f32>>) -> R,
    {
        f(&self.kept().map(|balance_db| balance_db.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(kept: &KeptBalance) -> Option<Latent> {
        let mut known = KnownBalance::default();
        kept.update(&mut known);
        known.latent
    }

    #[test]
    fn what_is_kept_is_what_is_read() {
        let learned = KeptBalance::default();
        assert_eq!(known(&learned), None);
        let latent = std::array::from_fn(|i| 0.5 * i as f32 - 7.5);
        learned.keep(Some(latent));
        let read = known(&learned).unwrap();
        assert!(read.iter().zip(&latent).all(|(a, b)| (a - b).abs() < 1e-4), "{read:?}");
        for bad in [f32::NAN, f32::INFINITY, 1e30] {
            learned.keep(Some([bad; 32]));
            assert_eq!((known(&learned), learned.kept()), (None, None), "{bad}");
        }
    }

    #[test]
    fn what_a_session_holds_is_a_balance_and_no_latent() {
        let kept = KeptBalance::default();
        let table = &words::model().unwrap().table;
        kept.keep(Some([0.0; 32]));
        let saved = kept.map(Clone::clone).unwrap();
        assert_eq!(saved, table.mean_balance_db(), "nothing but the mean");
        // A table whose mean is another hears the same balance as another latent.
        let flat = vec![0.0; GRID];
        kept.set(Some(flat));
        let expected = table.latent_of_balance(&[0.0; GRID]);
        assert!(expected.iter().any(|v| v.abs() > 1.0));
        assert_eq!(known(&kept), Some(expected));
        kept.set(Some(vec![0.0; 32]));
        assert_eq!(kept.kept(), None, "a latent of some forgotten space means nothing");
    }

    #[test]
    fn the_audio_thread_keeps_what_it_can() {
        let kept = KeptBalance::default();
        let mut seen = KnownBalance::default();
        kept.try_keep(Some([2.0; 32]), &seen);
        let first = kept.kept();
        assert!(first.is_some());
        kept.try_keep(None, &seen);
        assert_eq!(kept.kept(), first, "what was written since is not known");
        kept.update(&mut seen);
        let held = kept.kept.lock();
        kept.try_keep(None, &seen);
        drop(held);
        assert_eq!(kept.kept(), first);
        kept.try_keep(None, &seen);
        assert_eq!(kept.kept(), None);
    }

    #[test]
    fn a_reader_never_sees_half_of_two_balances() {
        let learned = KeptBalance::default();
        let balance = |i: u16| [f32::from(i % 500) + 0.5; GRID];
        let table = &words::model().unwrap().table;
        let all: Vec<Latent> = (0..500).map(|i| table.latent_of_balance(&balance(i))).collect();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let learned = &learned;
                scope.spawn(move || (0..20_000).for_each(|i| learned.keep_balance_db(Some(balance(i)))));
            }
            let mut seen = KnownBalance::default();
            for _ in 0..20_000 {
                learned.update(&mut seen);
                if let Some(read) = seen.latent {
                    assert!(all.contains(&read), "{read:?}");
                }
            }
        });
    }
}
