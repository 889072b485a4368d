//! Who may open a client, and when.
//!
//! Where a process still has clients of a server that has gone, and opens another one, libjack first frees all those it has
//! (jack2's `JackLibGlobals::Init`), and whoever closes one of them afterwards frees it a second time. So nobody opens
//! a client while another one of ours has lost its server and is not closed yet. A client that does not play yet tells of no
//! loss, so there is but one of those at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long somebody waits for a turn. A server that hangs may keep a client from being closed for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// The clients of this process.
pub(super) static CLIENTS: Turns = Turns::new();

/// How many clients must be closed, or play, before another one is opened.
pub(super) struct Turns(AtomicUsize);

const NEW: u8 = 0;
const PLAYS: u8 = 1;
const LOST: u8 = 2;
const CLOSED: u8 = 3;

/// Stands for a client from before it is opened until it has been closed: to be dropped after the client.
pub(super) struct Turn {
    turns: &'static Turns,
    state: Arc<AtomicU8>,
}

/// Tells of a loss.
pub(super) struct Loss {
    turns: &'static Turns,
    state: Arc<AtomicU8>,
}

impl Turns {
    const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// A turn to open a client, once no other one is in the way; `None` if that takes too long.
    pub fn take(&'static self) -> Option<Turn> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(turn) = self.try_take() {
                return Some(turn);
            }
            if Instant::now() > deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn try_take(&'static self) -> Option<Turn> {
        self.0.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire).ok()?;
        Some(Turn { turns: self, state: Arc::new(AtomicU8::new(NEW)) })
    }
}

impl Turn {
    /// The client plays from now on, and its [`Loss`] is told if the server goes.
    pub fn plays(&self) {
        if self.state.compare_exchange(NEW, PLAYS, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.turns.0.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// For who hears of a loss.
    pub fn loss(&self) -> Loss {
        Loss { turns: self.turns, state: self.state.clone() }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if matches!(self.state.swap(CLOSED, Ordering::AcqRel), NEW | LOST) {
            self.turns.0.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Loss {
    /// The server has gone, or the client is about to be closed. Nothing but atomics, as in a signal handler.
    pub fn tell(&self) {
        // Counted before it is said, so that it is never taken off before.
        self.turns.0.fetch_add(1, Ordering::AcqRel);
        let lost =
            |from| self.state.compare_exchange(from, LOST, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if !lost(PLAYS) {
            // A new one is counted already, and what is closed must not be.
            let _ = lost(NEW);
            self.turns.0.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_opens_a_client_while_one_is_new_or_lost() {
        static TURNS: Turns = Turns::new();
        let first = TURNS.try_take().unwrap();
        assert!(TURNS.try_take().is_none(), "a new one is in the way");
        first.plays();
        let second = TURNS.try_take().unwrap();
        second.plays();
        first.loss().tell();
        second.loss().tell();
        drop(first);
        assert!(TURNS.try_take().is_none(), "one that is lost is not closed yet");
        drop(second);
        drop(TURNS.try_take().unwrap());
        assert!(TURNS.try_take().is_some(), "what is closed is in nobody's way");
    }

    #[test]
    fn a_loss_counts_once_whenever_it_is_told() {
        static TURNS: Turns = Turns::new();
        for told_early in [true, false] {
            let turn = TURNS.try_take().unwrap();
            let loss = turn.loss();
            if told_early {
                loss.tell();
            }
            turn.plays();
            loss.tell();
            loss.tell();
            assert_eq!(TURNS.0.load(Ordering::Acquire), 1);
            drop(turn);
            loss.tell();
            assert_eq!(TURNS.0.load(Ordering::Acquire), 0);
        }
    }
}
