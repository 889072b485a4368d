//! The equaliser that follows a word.

mod entry;
mod parameters;
mod view;

pub use entry::{BandEntry, WordEqEntry};
pub use view::WordEqView;

use crate::chain::{Format, Parameter, Processor, ProcessorError, Purpose, View};
use crate::word_eq::{Controls, EqModel, Mode, NamedReference, TAIL_SECONDS, WordEq};
use parameters::{Target, Targets};
use std::sync::Arc;

/// Five bands that follow a word and listen to what is there already: [`WordEq`] in a chain.
///
/// In files it listens on the thread that processes, so that the result is the same each time; live, on a thread
/// beside it. Without a model of words the bands are the player's alone, and there are no parameters for words.
pub struct WordEqualiser {
    eq: WordEq,
    controls: Controls,
    targets: Targets,
    parameters: Vec<Parameter>,
    view: WordEqView,
    tail_samples: usize,
}

impl WordEqualiser {
    /// An equaliser that begins with `controls`, of which the bands and the level match count alone where there is no
    /// model.
    pub fn new(model: Option<Arc<EqModel>>, controls: Controls) -> Self {
        Self::with_reference(model, controls, None)
    }

    /// An equaliser to which `reference` is neutral until another is chosen. A learned one is among the choices as
    /// `learned`.
    pub fn with_reference(
        model: Option<Arc<EqModel>>,
        mut controls: Controls,
        reference: Option<NamedReference>,
    ) -> Self {
        if let Some(named) = &reference {
            controls.reference = named.reference;
        }
        let (targets, parameters) =
            parameters::of(model.as_ref().map(|model| &model.table), &controls, reference.as_ref());
        let view = WordEqView::new(model.clone(), reference);
        let eq = WordEq::new(model, view.shared_monitor());
        Self { eq, controls, targets, parameters, view, tail_samples: 0 }
    }

    /// What it shows to other threads.
    pub fn word_eq_view(&self) -> WordEqView {
        self.view.clone()
    }

    /// Waits until the listener has heard all that was played, so that nothing is late. For those who are faster
    /// than time, never for the audio thread.
    pub fn wait_for_listener(&self) {
        self.eq.wait_for_listener();
    }

    /// What was frozen outlives a new beginning: from then on it is kept by its value.
    fn keep_frozen(&mut self) {
        if self.controls.freeze && self.controls.frozen.is_none() {
            let reading = self.view.monitor().read();
            if reading.listened_seconds > 0.0 {
                self.controls.frozen = Some(reading.heard);
            }
        }
    }
}

impl Processor for WordEqualiser {
    fn kind(&self) -> &'static str {
        "word_eq"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, purpose: Purpose) -> Result<(), ProcessorError> {
        self.keep_frozen();
        let mode = match purpose {
            Purpose::File => Mode::InLine,
            Purpose::Live => Mode::Listener,
        };
        self.eq.prepare(format.sample_rate_hz, format.channels, mode);
        self.tail_samples = (TAIL_SECONDS * format.sample_rate_hz).ceil() as usize;
        let problem = self.eq.problem().map(ToString::to_string);
        self.view.set_problem(problem.clone());
        // Whoever plays is better served by an equaliser without words than by silence.
        if let (Purpose::File, Some(problem)) = (purpose, problem) {
            return Err(ProcessorError::Other(format!("it cannot listen: {problem}")));
        }
        self.eq.foresee(&self.controls);
        Ok(())
    }

    fn set(&mut self, parameter: usize, value: f64) {
        if let Some(target) = self.targets.get(parameter) {
            if *target == Target::Freeze && value == 0.0 {
                self.controls.frozen = None;
            }
            target.set(&mut self.controls, value);
        }
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        self.eq.process(channels, &self.controls);
    }

    fn reset(&mut self) {
        self.keep_frozen();
        self.eq.reset();
    }

    fn tail_samples(&self) -> usize {
        self.tail_samples
    }

    fn view(&self) -> Option<View> {
        Some(View::WordEq(self.word_eq_view()))
    }
}
