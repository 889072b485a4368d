//! What the equaliser shows.

use crate::word_eq::{EqModel, Hearing, Monitor, NamedReference};
use std::sync::{Arc, Mutex, PoisonError};

/// What an equaliser shows of itself, to any thread.
#[derive(Clone, Debug)]
pub struct WordEqView {
    shown: Arc<Shown>,
}

#[derive(Debug)]
struct Shown {
    model: Option<Arc<EqModel>>,
    monitor: Arc<Monitor>,
    reference: Option<NamedReference>,
    /// Why there are no words, and whether that was told. Not for the audio thread.
    problem: Mutex<(Option<String>, bool)>,
}

impl WordEqView {
    pub(super) fn new(model: Option<Arc<EqModel>>, reference: Option<NamedReference>) -> Self {
        let shown = Shown { model, monitor: Arc::default(), reference, problem: Mutex::default() };
        Self { shown: Arc::new(shown) }
    }

    /// What it hears and applies.
    pub fn monitor(&self) -> &Monitor {
        &self.shown.monitor
    }

    pub(super) fn shared_monitor(&self) -> Arc<Monitor> {
        self.shown.monitor.clone()
    }

    /// The words, if it has some.
    pub fn model(&self) -> Option<&Arc<EqModel>> {
        self.shown.model.as_ref()
    }

    /// What is neutral as it was asked for at first, with what there is to say of it.
    pub fn reference(&self) -> Option<&NamedReference> {
        self.shown.reference.as_ref()
    }

    /// Why it cannot follow its words, if so. Never to be called on the audio thread.
    pub fn problem(&self) -> Option<String> {
        let known = self.shown.problem.lock().unwrap_or_else(PoisonError::into_inner).0.clone();
        // Networks that are there may still fail when they are run, which leaves no reason behind.
        let is_deaf = || self.shown.model.is_some() && self.monitor().read().hearing == Hearing::Unavailable;
        known.or_else(|| is_deaf().then(|| "its networks fail".into()))
    }

    /// The problem, if it was not taken yet. Never to be called on the audio thread.
    pub(in crate::chain) fn take_warning(&self) -> Option<String> {
        let problem = self.problem()?;
        let mut known = self.shown.problem.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !std::mem::replace(&mut known.1, true);
        is_new.then(|| format!("the equaliser cannot listen, its bands stay as they are set: {problem}"))
    }

    pub(super) fn set_problem(&self, problem: Option<String>) {
        *self.shown.problem.lock().unwrap_or_else(PoisonError::into_inner) = (problem, false);
    }
}
