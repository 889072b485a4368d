//! A chain's parameters, set from any thread.

use super::{ChainError, Parameter, Processor, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The name of the switch that every processor has.
const ON: &str = "on";

/// Changes a chain's parameters from any thread. Clones are the same controls.
///
/// A parameter is addressed by its processor's place in the chain, counted from 0, and its name:
/// `"2.gain"`. Besides its own, every processor has the switch `on`. A change is
/// wait-free and is heard from the next block on, gliding where a jump would click. Between two blocks the last value
/// set counts.
#[derive(Clone)]
pub struct Controls {
    board: Arc<Board>,
}

/// What the threads share.
struct Board {
    slots: Vec<Slot>,
    /// Goes up with every change.
    changes: AtomicU64,
    /// The stream's rate in Hz as bits; infinity while there is none.
    sample_rate_hz: AtomicU64,
    bypassed: AtomicBool,
}

/// A parameter and where it belongs.
struct Slot {
    processor: usize,
    /// Its place among the processor's own; none for the switch `on`.
    own: Option<usize>,
    parameter: Parameter,
    value: AtomicU64,
}

/// What changed.
pub(super) struct Change {
    pub processor: usize,
    /// Place among the processor's own parameters; none for the switch `on`.
    pub own: Option<usize>,
    pub value: f64,
}

/// What the chain has taken over of its controls.
pub(super) struct Taken {
    changes: u64,
    values: Vec<u64>,
}

impl Controls {
    pub(super) fn new(processors: &[Box<dyn Processor>]) -> Self {
        let mut slots = Vec::new();
        for (processor, p) in processors.iter().enumerate() {
            let own = p.parameters().iter().enumerate().map(|(i, p)| (Some(i), p.clone()));
            for (own, parameter) in std::iter::once((None, Parameter::switch(ON, true))).chain(own) {
                let value = AtomicU64::new(parameter.value.to_bits());
                slots.push(Slot { processor, own, parameter, value });
            }
        }
        let sample_rate_hz = AtomicU64::new(f64::INFINITY.to_bits());
        let (changes, bypassed) = (AtomicU64::new(0), AtomicBool::new(false));
        Self { board: Arc::new(Board { slots, changes, sample_rate_hz, bypassed }) }
    }

    /// Sets the parameter that `path` names.
    ///
    /// # Errors
    /// There is no such parameter, or the value is none of its values; the error lists what there is.
    pub fn set<'a>(&self, path: &str, value: impl Into<Value<'a>>) -> Result<(), ChainError> {
        let slot = self.find(path)?;
        let refused = |source| ChainError::Parameter { path: path.to_owned(), source };
        let value = slot.parameter.read(value.into()).map_err(refused)?;
        slot.parameter.check_rate(value, self.sample_rate_hz()).map_err(refused)?;
        slot.value.store(value.to_bits(), Ordering::Relaxed);
        self.board.changes.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// The value of the parameter that `path` names, as it was set last.
    ///
    /// # Errors
    /// There is no such parameter.
    pub fn get(&self, path: &str) -> Result<f64, ChainError> {
        self.find(path).map(Slot::now)
    }

    /// All parameters, with their paths.
    pub fn parameters(&self) -> impl Iterator<Item = (String, &Parameter)> {
        self.board.slots.iter().map(|slot| (slot.path(), &slot.parameter))
    }

    /// Sends the sound past all processors, or back through them.
    pub fn set_bypassed(&self, bypassed: bool) {
        self.board.bypassed.store(bypassed, Ordering::Relaxed);
    }

    /// Whether the sound is to go past all processors.
    pub fn is_bypassed(&self) -> bool {
        self.board.bypassed.load(Ordering::Relaxed)
    }

    fn find(&self, path: &str) -> Result<&Slot, ChainError> {
        let named = path.split_once('.').and_then(|(processor, name)| {
            let processor = processor.parse::<usize>().ok()?;
            self.board.slots.iter().find(|s| s.processor == processor && s.parameter.name == name)
        });
        named.ok_or_else(|| {
            let known: Vec<String> = self.board.slots.iter().map(Slot::path).collect();
            ChainError::UnknownParameter { path: path.to_owned(), known: known.join(", ") }
        })
    }

    fn sample_rate_hz(&self) -> f64 {
        f64::from_bits(self.board.sample_rate_hz.load(Ordering::Relaxed))
    }

    /// From now on frequencies are held against this rate.
    pub(super) fn set_sample_rate(&self, sample_rate_hz: f64) {
        self.board.sample_rate_hz.store(sample_rate_hz.to_bits(), Ordering::Relaxed);
    }

    /// The parameter and the value, as it was taken over, of each of a processor's own.
    pub(super) fn of<'a>(
        &'a self,
        taken: &'a Taken,
        processor: usize,
    ) -> impl Iterator<Item = (usize, &'a Parameter, f64)> {
        let slots = self.board.slots.iter().zip(&taken.values);
        let own = slots.filter(move |(slot, _)| slot.processor == processor);
        own.filter_map(|(slot, value)| Some((slot.own?, &slot.parameter, f64::from_bits(*value))))
    }

    /// Whether a processor was on when all was taken over.
    pub(super) fn was_on(&self, taken: &Taken, processor: usize) -> bool {
        let mut slots = self.board.slots.iter().zip(&taken.values);
        let on = slots.find(|(slot, _)| slot.processor == processor && slot.own.is_none());
        on.is_none_or(|(_, value)| f64::from_bits(*value) != 0.0)
    }

    /// Whether a processor is on now.
    pub(super) fn is_on(&self, processor: usize) -> bool {
        let on = self.board.slots.iter().find(|s| s.processor == processor && s.own.is_none());
        on.is_none_or(|slot| slot.now() != 0.0)
    }

    /// All that there is counts as taken over.
    pub(super) fn take_all(&self) -> Taken {
        let changes = self.board.changes.load(Ordering::Acquire);
        let values = self.board.slots.iter().map(|slot| slot.value.load(Ordering::Relaxed)).collect();
        Taken { changes, values }
    }

    /// Gives what changed since it was asked last. For the audio thread.
    ///
    /// A frequency may have been held against the rate of the stream before, while the next was being prepared: what
    /// this rate cannot carry is left out.
    pub(super) fn take(&self, taken: &mut Taken, mut each: impl FnMut(Change)) {
        let changes = self.board.changes.load(Ordering::Acquire);
        if changes == taken.changes {
            return;
        }
        taken.changes = changes;
        let sample_rate_hz = self.sample_rate_hz();
        for (slot, old) in self.board.slots.iter().zip(&mut taken.values) {
            let new = slot.value.load(Ordering::Relaxed);
            if new != *old {
                *old = new;
                let value = f64::from_bits(new);
                if slot.parameter.is_carried(value, sample_rate_hz) {
                    each(Change { processor: slot.processor, own: slot.own, value });
                }
            }
        }
    }
}

impl Slot {
    fn path(&self) -> String {
        format!("{}.{}", self.processor, self.parameter.name)
    }

    fn now(&self) -> f64 {
        f64::from_bits(self.value.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::processors::Butterworth;

    /// As when a thread checks a value, another prepares for a lower rate, and only then it is stored.
    #[test]
    fn what_was_checked_against_another_rate_is_not_handed_on() {
        let controls = Controls::new(&[Box::new(Butterworth::low_pass(1_000.0, 2))]);
        controls.set_sample_rate(48_000.0);
        let mut taken = controls.take_all();
        let slot = controls.find("0.cutoff").unwrap();
        for (cutoff, expected) in [(30_000.0f64, vec![]), (2_000.0, vec![2_000.0]), (24_000.0, vec![])] {
            slot.value.store(cutoff.to_bits(), Ordering::Relaxed);
            controls.board.changes.fetch_add(1, Ordering::Release);
            let mut given = Vec::new();
            controls.take(&mut taken, |change| given.push(change.value));
            assert_eq!(given, expected, "{cutoff}");
        }
    }
}
