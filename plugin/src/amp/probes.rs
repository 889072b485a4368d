//! What was found out about models by playing to them.

use shared::engine::{Engine, EngineChoice, EngineError, EngineKind, Probe, build};
use shared::model::Model;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Models that are remembered.
const MOST: usize = 64;

/// Block in which an engine is played to, in samples.
const BLOCK: usize = 512;

/// Whether there is still time to play to a model. Asked for each block.
pub(super) type GoOn<'a> = &'a mut (dyn FnMut() -> bool + Send);

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

    /// Whether a model was probed, with success or without.
    pub fn is_known(&self, key: &K) -> bool {
        self.known.iter().any(|(known, _)| known == key)
    }

    /// What is known of a model, which is probed if nobody has. What is broken off is not remembered.
    pub fn of(&mut self, key: K, model: &Model, engine: EngineChoice, go_on: GoOn) -> Option<Probe> {
        if self.is_known(&key) {
            return self.known(&key);
        }
        // A probe is no reason not to play.
        let probe = catch_unwind(AssertUnwindSafe(|| probe(model, engine, go_on).ok())).ok().flatten();
        if probe == Some(None) {
            return None;
        }
        if self.known.len() == MOST {
            self.known.remove(0);
        }
        self.known.push((key, probe.flatten()));
        probe.flatten()
    }
}

/// Probes a model at its own rate; `None` if there was no time for it.
fn probe(model: &Model, choice: EngineChoice, go_on: GoOn) -> Result<Option<Probe>, EngineError> {
    let mut engine = build(model, choice)?;
    engine.prepare(engine.model_rate_hz(), BLOCK)?;
    let mut engine = Hurried { engine, go_on, is_over: false };
    let probe = Probe::of(&mut engine, model.memory_samples());
    Ok((!engine.is_over).then_some(probe))
}

/// An engine that stops playing when there is no time left. What was to be found out is worth nothing then, and soon ends.
struct Hurried<'a> {
    engine: Box<dyn Engine>,
    go_on: GoOn<'a>,
    is_over: bool,
}

impl Engine for Hurried<'_> {
    fn prepare(&mut self, sample_rate_hz: f64, max_block_samples: usize) -> Result<(), EngineError> {
        self.engine.prepare(sample_rate_hz, max_block_samples)
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        self.is_over = self.is_over || !(self.go_on)();
        if self.is_over {
            output.fill(0.0);
        } else {
            self.engine.process(input, output);
        }
    }

    fn reset(&mut self) {
        self.engine.reset();
    }

    fn latency_samples(&self) -> usize {
        self.engine.latency_samples()
    }

    fn model_rate_hz(&self) -> f64 {
        self.engine.model_rate_hz()
    }

    fn kind(&self) -> EngineKind {
        self.engine.kind()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factory::MODELS;

    #[test]
    fn what_is_broken_off_begins_anew() {
        let model = MODELS[1].load().unwrap();
        let mut probes = Probes::default();
        for most in [0, 1, 30] {
            let mut asked = 0;
            let mut go_on = || {
                asked += 1;
                asked <= most
            };
            assert_eq!(probes.of("amp", &model, EngineChoice::Native, &mut go_on), None);
            assert_eq!(asked, most + 1, "nobody asks again once there is no time");
            assert!(!probes.is_known(&"amp"));
        }
        let probe = probes.of("amp", &model, EngineChoice::Native, &mut || true);
        assert_eq!(probe, Probe::of_model(&model, EngineChoice::Native).ok());
        assert!(probes.is_known(&"amp"));
        assert_eq!(probes.of("amp", &model, EngineChoice::Native, &mut || panic!("it is known")), probe);
    }
}
