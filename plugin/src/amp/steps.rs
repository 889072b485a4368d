//! Steps that a foot controller asks for: counted where a host says so, done by a thread that may take its time.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// What is stepped through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stepped {
    /// The amp's model.
    Model,
    /// The first loudspeaker.
    Cab,
    /// The second loudspeaker.
    OtherCab,
    /// The preset.
    Preset,
}

impl Stepped {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Model, Self::Cab, Self::OtherCab, Self::Preset];
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the one before.
    Back,
    /// To the one after.
    On,
}

/// Counts the moments at which a switch was turned on.
///
/// [`Steps::switch`] is wait-free, so that a host may call it from its audio thread; steps that nobody took yet add up, and opposite
/// ones cancel out.
#[derive(Debug, Default)]
pub struct Steps {
    wanted: [AtomicI32; 4],
    held: [[AtomicBool; 2]; 4],
}

impl Steps {
    /// A switch is on or off now. Only the change from off to on counts. Returns whether it did.
    pub fn switch(&self, stepped: Stepped, way: Way, on: bool) -> bool {
        let was_on = self.held[stepped as usize][way as usize].swap(on, Ordering::AcqRel);
        let counts = on && !was_on;
        if counts {
            self.ask(stepped, if way == Way::On { 1 } else { -1 });
        }
        counts
    }

    /// Asks for so many steps on, or back where the number is negative.
    pub fn ask(&self, stepped: Stepped, steps: i32) {
        self.wanted[stepped as usize].fetch_add(steps, Ordering::AcqRel);
    }

    /// Whether there are steps that nobody took yet.
    pub fn are_asked(&self, stepped: Stepped) -> bool {
        self.wanted[stepped as usize].load(Ordering::Acquire) != 0
    }

    /// A switch is on or off by the session that was loaded, which asks for no step.
    pub fn hold(&self, stepped: Stepped, way: Way, on: bool) {
        self.held[stepped as usize][way as usize].store(on, Ordering::Release);
    }

    /// The steps since the last call, forwards counted up and backwards down; whoever takes them does them.
    pub fn take(&self, stepped: Stepped) -> i32 {
        self.wanted[stepped as usize].swap(0, Ordering::AcqRel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_switching_on_counts() {
        let steps = Steps::default();
        let counted = [true, true, false, false, true].map(|on| steps.switch(Stepped::Cab, Way::On, on));
        assert_eq!(counted, [true, false, false, false, true]);
        assert_eq!(Stepped::ALL.map(|stepped| steps.take(stepped)), [0, 2, 0, 0]);
        assert_eq!(steps.take(Stepped::Cab), 0);
    }

    #[test]
    fn opposite_steps_cancel_out() {
        let steps = Steps::default();
        for way in [Way::On, Way::Back, Way::Back] {
            steps.switch(Stepped::Preset, way, true);
            steps.switch(Stepped::Preset, way, false);
        }
        assert_eq!(steps.take(Stepped::Preset), -1);
    }
}
