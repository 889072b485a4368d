//! What was found out about models by playing to them.

use shared::engine::{EngineChoice, Probe};
use shared::model::Model;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Models that are remembered.
const MOST: usize = 64;

/// Probes of the last models: each takes as long as a second of sound takes to play.
pub(super) struct Probes<K> {
    known: Vec<(K, Option<Probe>)>,
}

impl<K> Default for Probes<K> {
    fn default() -> Self {
        Self { known: Vec::new() }
    }
}

impl<K: PartialEq> Probes<K> {
    /// What is known of a model. `None` before it was probed, and where that failed.
    pub fn known(&self, key: &K) -> Option<Probe> {
        self.known.iter().find(|(known, _)| known == key).and_then(|(_, probe)| *probe)
    }

    /// What is known of a model, which is probed if nobody has.
    pub fn of(&mut self, key: K, model: &Model, engine: EngineChoice) -> Option<Probe> {
        if !self.known.iter().any(|(known, _)| *known == key) {
            // A probe is no reason not to play.
            let probe = catch_unwind(AssertUnwindSafe(|| Probe::of_model(model, engine).ok()));
            if self.known.len() == MOST {
                self.known.remove(0);
            }
            self.known.push((key, probe.ok().flatten()));
            return self.known.last().and_then(|(_, probe)| *probe);
        }
        self.known(&key)
    }
}
