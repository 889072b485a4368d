//! Graphs of standard operators, whose states the caller hands on.

use super::session::{Session, failed, zeros};
use super::{MAX_RUN_SAMPLES, Runner, WARM_UP_RUNS};
use crate::engine::EngineError;
use crate::model::onnx::{AUDIO_IN, AUDIO_OUT, STATE_OUT_SUFFIX};
use crate::model::{Model, Network, StateSpec};
use ort::session::IoBinding;
use ort::value::Tensor;
use std::borrow::Cow;

/// Longest run, as a power of two.
const MAX_RUN_LOG2: u32 = MAX_RUN_SAMPLES.ilog2();
/// Silence that settles a graph whose card does not name its receptive field, in samples.
const DEFAULT_SETTLE_SAMPLES: usize = 1 << 14;

/// A graph that follows the streaming contract.
///
/// A block is cut into runs of powers of two, because a binding has one length. The states lie in
/// two sets that take turns as input and output, so that nothing is copied.
pub struct StandardGraph {
    session: Session,
    states: Vec<StateSpec>,
    /// The two sets of states.
    memory: [Vec<Tensor<f32>>; 2],
    /// Which set holds the present.
    now: usize,
    /// By the logarithm of their length.
    runs: Vec<Run>,
    silence: Vec<Vec<f32>>,
}

/// Everything a run of one length needs.
struct Run {
    audio_in: Tensor<f32>,
    audio_out: Tensor<f32>,
    /// Reading the first set of states and writing the second, and the other way round.
    bindings: [IoBinding; 2],
}

impl StandardGraph {
    /// Loads the model's graph and settles it.
    ///
    /// # Errors
    /// The library is missing or unusable, or refuses the model.
    pub fn new(model: &Model) -> Result<Self, EngineError> {
        let bytes: Cow<'_, [u8]> = match &model.network {
            Network::Graph(graph) => graph.onnx().into(),
            _ => model.to_onnx().into(),
        };
        let name = &model.card.name;
        let session = Session::new(name, |mut builder| builder.commit_from_memory(&bytes))?;
        let states = match &model.network {
            Network::Graph(graph) => graph.states().to_vec(),
            _ => state_specs(&session),
        };
        let settle_samples = model.warm_up_samples().unwrap_or(DEFAULT_SETTLE_SAMPLES);
        Self::bound(session, states, settle_samples).map_err(|e| failed(name, &e))
    }

    fn bound(session: Session, states: Vec<StateSpec>, settle_samples: usize) -> ort::Result<Self> {
        let mut graph = Self {
            memory: [state_tensors(&states)?, state_tensors(&states)?],
            session,
            states,
            now: 0,
            runs: Vec::new(),
            silence: Vec::new(),
        };
        for log2 in 0..=MAX_RUN_LOG2 {
            let run = graph.bind(1 << log2)?;
            graph.runs.push(run);
        }
        graph.settle(settle_samples)?;
        Ok(graph)
    }

    fn bind(&mut self, samples: usize) -> ort::Result<Run> {
        let audio_in = zeros::<f32>(&[1, 1, samples])?;
        let mut audio_out = zeros::<f32>(&[1, 1, samples])?;
        let session = self.session.inner();
        let mut bindings = [session.create_binding()?, session.create_binding()?];
        for (from, binding) in bindings.iter_mut().enumerate() {
            binding.bind_input(AUDIO_IN, &audio_in)?;
            binding.bind_output(AUDIO_OUT, &mut audio_out)?;
            for (i, state) in self.states.iter().enumerate() {
                binding.bind_input(state.name.as_str(), &self.memory[from][i])?;
                let output = format!("{}{STATE_OUT_SUFFIX}", state.name);
                binding.bind_output(output, &mut self.memory[1 - from][i])?;
            }
        }
        Ok(Run { audio_in, audio_out, bindings })
    }

    /// Finds the state of endless silence, and lets ONNX Runtime plan its memory for every length.
    fn settle(&mut self, samples: usize) -> ort::Result<()> {
        let mut rest = samples;
        while rest > 0 {
            rest -= self.run(rest, None)?;
        }
        self.silence = self.memory[self.now].iter().map(|t| t.extract_tensor().1.to_vec()).collect();
        for log2 in 0..=MAX_RUN_LOG2 {
            for _ in 0..2 * WARM_UP_RUNS {
                self.run(1 << log2, None)?;
            }
        }
        self.reset();
        Ok(())
    }

    /// Runs the longest span that fits into `samples`, at least one, and returns its length.
    fn run(&mut self, samples: usize, audio: Option<(&[f32], &mut [f32])>) -> ort::Result<usize> {
        let log2 = samples.ilog2().min(MAX_RUN_LOG2);
        let span = 1 << log2;
        let run = &mut self.runs[log2 as usize];
        if let Some((input, _)) = &audio {
            run.audio_in.extract_tensor_mut().1.copy_from_slice(&input[..span]);
        }
        self.session.run(&run.bindings[self.now])?;
        self.now = 1 - self.now;
        if let Some((_, output)) = audio {
            output[..span].copy_from_slice(run.audio_out.extract_tensor().1);
        }
        Ok(span)
    }
}

impl Runner for StandardGraph {
    fn process(&mut self, input: &[f32], output: &mut [f32]) -> ort::Result<()> {
        let mut at = 0;
        while at < input.len() {
            at += self.run(input.len() - at, Some((&input[at..], &mut output[at..])))?;
        }
        Ok(())
    }

    fn reset(&mut self) {
        for (tensor, silence) in self.memory[self.now].iter_mut().zip(&self.silence) {
            tensor.extract_tensor_mut().1.copy_from_slice(silence);
        }
    }
}

fn state_tensors(states: &[StateSpec]) -> ort::Result<Vec<Tensor<f32>>> {
    states.iter().map(|s| zeros(&s.shape)).collect()
}

/// The states of a graph that the model's own writer made: every input but the audio.
fn state_specs(session: &Session) -> Vec<StateSpec> {
    let states = session.inner().inputs().iter().filter(|i| i.name() != AUDIO_IN);
    states
        .filter_map(|i| {
            let shape = i.dtype().tensor_shape()?.iter().map(|&d| d as usize).collect();
            Some(StateSpec { name: i.name().to_owned(), shape })
        })
        .collect()
}
