//! Where a model's knobs are turned, for those who turn them, build of them and show them.

use super::{KNOBS, Positions, UNTURNED};
use parking_lot::Mutex;
use shared::model::Knob;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The positions of all knobs, and which of them what plays has.
pub(super) struct Turns {
    /// As bits.
    positions: [AtomicU32; KNOBS],
    /// How many of them what plays has.
    turnable: AtomicUsize,
    /// These, for whoever shows them.
    knobs: Mutex<Arc<[Knob]>>,
}

impl Default for Turns {
    fn default() -> Self {
        let positions = [UNTURNED; KNOBS].map(|position| AtomicU32::new(position.to_bits()));
        Self { positions, turnable: AtomicUsize::new(0), knobs: Mutex::default() }
    }
}

impl Turns {
    /// Turns a knob. Returns whether what plays has it and it stood elsewhere. Free of locks and memory.
    pub fn turn(&self, at: usize, position: f32) -> bool {
        // What is no number equals nothing, not even itself.
        let bits = if position.is_nan() { UNTURNED } else { position }.to_bits();
        // Either this sees what `keep` says, or `keep` sees this.
        self.positions[at].swap(bits, Ordering::SeqCst) != bits && at < self.turnable.load(Ordering::SeqCst)
    }

    /// Where the knobs are turned.
    pub fn positions(&self) -> Positions {
        std::array::from_fn(|at| f32::from_bits(self.positions[at].load(Ordering::SeqCst)))
    }

    /// Takes which knobs what plays has, and at which positions it plays. Returns whether they were turned elsewhere in the meantime.
    pub fn keep(&self, knobs: &[Knob], played: &Positions) -> bool {
        let count = knobs.len().min(KNOBS);
        *self.knobs.lock() = knobs.into();
        self.turnable.store(count, Ordering::SeqCst);
        self.positions()[..count] != played[..count]
    }

    /// The knobs of what plays. Not for the audio thread.
    pub fn knobs(&self) -> Arc<[Knob]> {
        self.knobs.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_counts_only_where_what_plays_has_the_knob() {
        let turns = Turns::default();
        assert!(!turns.turn(1, 0.7), "what plays has no knobs");
        let knob = Knob { name: "Gain".into(), lowest: 0.0, highest: 10.0, default: 5.0 };
        let gain = std::slice::from_ref(&knob);
        assert!(!turns.keep(gain, &[UNTURNED; KNOBS]), "the second one is not its");
        assert_eq!(&*turns.knobs(), gain);
        let turned = [(1, 0.1), (0, 0.5), (0, 0.6), (0, 0.6), (0, 0.7)];
        assert_eq!(turned.map(|(at, to)| turns.turn(at, to)), [false, false, true, false, true]);
        assert_eq!(turns.positions()[..2], [0.7, 0.1]);
        // Turned while the loader was busy with another model.
        assert!(turns.keep(&[knob.clone(), knob], &[0.7; KNOBS]));
        assert!(!turns.keep(&[], &[UNTURNED; KNOBS]));
        assert!(!turns.turn(0, 0.2) && !turns.turn(7, f32::NAN));
        assert_eq!(turns.positions()[7], UNTURNED, "which is no number");
    }
}
