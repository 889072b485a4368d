//! Wishes that belong together: until the last of them lies on the desk, the loader takes up none.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

thread_local! {
    /// A session is being loaded on this thread.
    static IS_LOADING: Cell<bool> = const { Cell::new(false) };
}

/// A session is about to set parameters, on this thread. Each desk that it lays a wish on is held until
/// [`Desk::loaded`](super::Desk::loaded).
pub fn begin_loading() {
    IS_LOADING.set(true);
}

/// Whether a session is setting parameters on this thread.
pub fn is_loading() -> bool {
    IS_LOADING.get()
}

/// How often a desk is held, and by whom. Free of locks and memory.
#[derive(Default)]
pub(super) struct Holds {
    now: AtomicUsize,
    begun: AtomicUsize,
    /// One of them is a session's.
    loading: AtomicBool,
}

impl Holds {
    pub fn hold(&self) -> Held<'_> {
        self.begin();
        Held(self)
    }

    fn begin(&self) {
        self.now.fetch_add(1, Ordering::SeqCst);
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    fn end(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    /// A wish is about to be told of: if a session lays it, there are more to come.
    pub fn join_loading(&self) {
        if IS_LOADING.get() && !self.loading.swap(true, Ordering::SeqCst) {
            self.begin();
        }
    }

    /// The session on this thread has said all.
    pub fn loaded(&self) {
        IS_LOADING.set(false);
        if self.loading.swap(false, Ordering::SeqCst) {
            self.end();
        }
    }

    /// What is read while nobody holds the desk; `None` if somebody does, or did so meanwhile.
    pub fn unless_held<T>(&self, read: impl FnOnce() -> T) -> Option<T> {
        let begun = self.begun.load(Ordering::SeqCst);
        if self.now.load(Ordering::SeqCst) > 0 {
            return None;
        }
        let read = read();
        (self.begun.load(Ordering::SeqCst) == begun).then_some(read)
    }
}

/// Holds a desk until it is dropped.
#[must_use]
pub struct Held<'a>(&'a Holds);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_whole() {
        let holds = Holds::default();
        let is_whole = || holds.unless_held(|| ()).is_some();
        assert!(is_whole());
        let (first, second) = (holds.hold(), holds.hold());
        assert!(!is_whole());
        drop(first);
        assert!(!is_whole(), "it is held twice");
        drop(second);
        assert!(is_whole());
        assert!(holds.unless_held(|| drop(holds.hold())).is_none(), "somebody wrote meanwhile");
    }

    #[test]
    fn a_session_holds_what_it_lays_wishes_on() {
        let (touched, other) = (Holds::default(), Holds::default());
        let is_whole = |holds: &Holds| holds.unless_held(|| ()).is_some();
        touched.join_loading();
        assert!(is_whole(&touched), "no session is being loaded");
        begin_loading();
        assert!(is_loading() && is_whole(&touched));
        (0..3).for_each(|_| touched.join_loading());
        std::thread::scope(|scope| scope.spawn(|| other.join_loading()).join().unwrap());
        assert!(!is_whole(&touched) && is_whole(&other));
        touched.loaded();
        assert!(!is_loading() && is_whole(&touched));
        touched.loaded();
        assert!(is_whole(&touched), "nothing was held");
    }
}
