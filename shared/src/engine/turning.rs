//! A kernel whose place another one takes while it plays.

use super::native::NativeEngine;
use super::{Engine, EngineError, EngineKind};
use crate::model::Model;
use crate::simd::FlushDenormals;
use std::mem::swap;

/// How long a turn takes, in seconds: that of all kernels of an engine together.
const TURN_SECONDS: f64 = 0.020;

/// The innermost part of an engine: what computes a network, and can be exchanged for the same network with other
/// weights. What lies around it, resamplers, filters and delays, notices nothing, and no delay changes.
///
/// The new kernel goes on from what the old one remembers, and is then faded in while both run. Where an engine has
/// several kernels, being oversampled, they turn one after the other, each in its share of the time: so only one of
/// them is computed twice, what is remembered is copied once in each share, and every sample that comes out still
/// moves evenly from the old setting to the new one.
pub struct Turning {
    now: Box<dyn Engine>,
    /// The one that is turned to. After that the one that was turned from, until another takes its place: the audio
    /// thread frees nothing.
    other: Option<Box<dyn Engine>>,
    turn: Option<Turn>,
    answer: Vec<f32>,
}

/// How far a turn has come, in samples at the model's rate.
struct Turn {
    /// Until it is this kernel's share of the time.
    waits: usize,
    faded: usize,
    length: usize,
}

impl Turning {
    /// A kernel that stays as it is for now. Call [`Engine::prepare`] before use.
    pub(super) fn new(kernel: Box<dyn Engine>) -> Self {
        // With room for a sample at least, each step of a turn plays something and the block comes to its end.
        Self { now: kernel, other: None, turn: None, answer: vec![0.0] }
    }

    /// Whether a turn is under way.
    pub(super) fn is_turning(&self) -> bool {
        self.turn.is_some()
    }

    /// Begins a turn to a kernel that comes `at` that place of `count`, in exchange for one that is no longer needed.
    /// A turn that is under way ends at once. Free of memory and locks.
    fn begin(&mut self, kernel: &mut Option<Box<dyn Engine>>, at: usize, count: usize) {
        self.finish();
        swap(&mut self.other, kernel);
        let all = (TURN_SECONDS * self.model_rate_hz()) as usize;
        let length = (all / count).max(1);
        self.turn = self.other.is_some().then_some(Turn { waits: at * length, faded: 0, length });
    }

    /// Ends a turn at once.
    fn finish(&mut self) {
        if let (Some(_), Some(other)) = (self.turn.take(), &mut self.other) {
            swap(&mut self.now, other);
        }
    }

    /// Plays on to the next moment of a turn. Returns how many samples that were.
    fn play(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        let Self { now, other: Some(other), turn: Some(turn), answer } = self else {
            self.now.process(input, output);
            return input.len();
        };
        if turn.waits > 0 {
            let samples = turn.waits.min(input.len());
            now.process(&input[..samples], &mut output[..samples]);
            turn.waits -= samples;
            return samples;
        }
        if turn.faded == 0
            && let Some(history) = now.history()
        {
            other.go_on_from(history);
        }
        let samples = (turn.length - turn.faded).min(input.len()).min(answer.len());
        let (input, output, answer) = (&input[..samples], &mut output[..samples], &mut answer[..samples]);
        now.process(input, output);
        other.process(input, answer);
        for (output, answer) in output.iter_mut().zip(answer) {
            turn.faded += 1;
            *output += (turn.faded as f32 / turn.length as f32) * (*answer - *output);
        }
        if turn.faded == turn.length {
            self.finish();
        }
        samples
    }
}

impl Engine for Turning {
    fn prepare(&mut self, sample_rate_hz: f64, max_block_samples: usize) -> Result<(), EngineError> {
        self.finish();
        self.other = None;
        self.answer = vec![0.0; max_block_samples.max(1)];
        self.now.prepare(sample_rate_hz, max_block_samples)
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        assert_eq!(input.len(), output.len(), "input and output of one length");
        // Kernels flush their own subnormal numbers, but a fade makes new ones.
        let _flush = self.turn.is_some().then(FlushDenormals::new);
        let mut at = 0;
        while at < input.len() {
            at += self.play(&input[at..], &mut output[at..]);
        }
    }

    fn reset(&mut self) {
        self.finish();
        self.now.reset();
    }

    fn latency_samples(&self) -> usize {
        self.now.latency_samples()
    }

    fn delay_samples(&self) -> f64 {
        self.now.delay_samples()
    }

    fn model_rate_hz(&self) -> f64 {
        self.now.model_rate_hz()
    }

    fn kind(&self) -> EngineKind {
        self.now.kind()
    }

    fn turnings(&mut self, each: &mut dyn FnMut(&mut Turning)) {
        each(self);
    }
}

/// New kernels for all of an engine's, to turn to; after that, those that are to be freed.
pub struct Kernels(Vec<Option<Box<dyn Engine>>>);

impl Kernels {
    /// As many as an engine has that is oversampled by `oversampling`: native ones, as no other can be turned to.
    ///
    /// # Errors
    /// The native engine does not know the model's network.
    pub fn build(model: &Model, oversampling: usize) -> Result<Self, EngineError> {
        let kernel = |_| {
            let mut kernel: Box<dyn Engine> = Box::new(NativeEngine::new(model)?);
            // It takes blocks of every length.
            kernel.prepare(model.card.sample_rate_hz, 1)?;
            Ok(Some(kernel))
        };
        (0..oversampling).map(kernel).collect::<Result<_, _>>().map(Self)
    }

    /// Turns an engine to these, see [`Turning`].
    pub(super) fn turn(&mut self, engine: &mut dyn Engine) {
        let (mut at, count) = (0, self.0.len());
        engine.turnings(&mut |turning| {
            if let Some(kernel) = self.0.get_mut(at) {
                turning.begin(kernel, at, count);
            }
            at += 1;
        });
    }
}
