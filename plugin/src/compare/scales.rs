//! The thread that weighs.

use super::loudness::{Levels, WeighError, weigh};
use super::ring::Recording;
use crate::presets::{Sound, Surroundings};
use parking_lot::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// What is to be weighed.
pub struct Load {
    /// Both sides, A first.
    pub sounds: [Sound; 2],
    /// What both have in common.
    pub surroundings: Surroundings,
    /// What they are compared with.
    pub recording: Recording,
}

/// A thread of its own that finds out how loud two sounds are. It is started by the first load, works on the newest, and ends with this.
#[derive(Default)]
pub struct Scales {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    load: Mutex<Option<(u64, Box<Load>)>>,
    wake: Condvar,
    /// The newest load's number.
    wanted: AtomicU64,
    quit: AtomicBool,
    result: Mutex<Option<(u64, Result<Levels, WeighError>)>>,
}

impl Scales {
    /// Weighs, in place of what is being weighed. The result is there later.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn weigh(&mut self, load: Load) -> std::io::Result<()> {
        if self.thread.is_none() {
            let shared = self.shared.clone();
            let thread = std::thread::Builder::new().name("tonewright-compare".into());
            self.thread = Some(thread.spawn(move || shared.run())?);
        }
        let number = self.shared.wanted.fetch_add(1, Ordering::AcqRel) + 1;
        *self.shared.load.lock() = Some((number, Box::new(load)));
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Gives up what is being weighed: nobody wants to know any more.
    pub fn forget(&self) {
        self.shared.wanted.fetch_add(1, Ordering::AcqRel);
        let load = self.shared.load.lock().take();
        drop(load);
    }

    /// What came of the newest load, once.
    pub fn take(&self) -> Option<Result<Levels, WeighError>> {
        let (number, result) = self.shared.result.lock().take()?;
        (number == self.shared.wanted.load(Ordering::Acquire)).then_some(result)
    }
}

impl Drop for Scales {
    fn drop(&mut self) {
        {
            // Under the lock: whoever is about to wait sees it, or is woken.
            let _load = self.shared.load.lock();
            self.shared.quit.store(true, Ordering::Release);
        }
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // Panics are caught inside; there is nobody to tell anyway.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self) {
        loop {
            let mut load = self.load.lock();
            while load.is_none() && !self.quit.load(Ordering::Acquire) {
                self.wake.wait(&mut load);
            }
            if self.quit.load(Ordering::Acquire) {
                return;
            }
            let taken = load.take();
            drop(load);
            let Some((number, load)) = taken else { continue };
            let go_on =
                || !self.quit.load(Ordering::Acquire) && self.wanted.load(Ordering::Acquire) == number;
            let [a, b] = &load.sounds;
            let weighed =
                catch_unwind(AssertUnwindSafe(|| weigh([a, b], &load.surroundings, &load.recording, &go_on)));
            let failed = |_| Err(WeighError::Unplayable('A', "a mistake in Tonewright".into()));
            let result = weighed.unwrap_or_else(failed);
            if result != Err(WeighError::GivenUp) {
                *self.result.lock() = Some((number, result));
            }
        }
    }
}
