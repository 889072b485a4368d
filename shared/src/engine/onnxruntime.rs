//! The ONNX Runtime engine: any graph that follows the streaming contract.
//!
//! The library is loaded when the first such engine is built, by absolute path, because hosts and
//! other plugins bring libraries of the same name. If it cannot be found, only this engine is
//! missing.

use super::{Engine, EngineError, EngineKind, check_rate};
use crate::model::onnx::{AUDIO_IN, AUDIO_OUT, STATE_OUT_SUFFIX};
use crate::model::{Model, Network, StateSpec};
use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::memory::Allocator;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{IoBinding, Session};
use ort::value::Tensor;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

/// File name of the library, as bundles carry it.
#[cfg(target_os = "windows")]
pub const LIBRARY: &str = "onnxruntime.dll";
/// File name of the library, as bundles carry it.
#[cfg(target_os = "macos")]
pub const LIBRARY: &str = "libonnxruntime.dylib";
/// File name of the library, as bundles carry it.
#[cfg(not(any(target_os = "windows", target_os = "macos")))]
pub const LIBRARY: &str = "libonnxruntime.so.1";

/// Longest run, as a power of two: 512 samples. Longer blocks are cut.
const MAX_RUN_LOG2: usize = 9;
/// Runs of each length before the first real block, in which ONNX Runtime plans its memory.
const WARM_UP_RUNS: usize = 3;
/// Silence that settles a graph whose card does not name its receptive field, in samples.
const DEFAULT_SETTLE_SAMPLES: usize = 1 << 14;

/// Where the library is looked for, best first: beside the binary this code is in, in a VST3
/// bundle's `Resources`, and where the environment variable `ORT_DYLIB_PATH` points.
pub fn library_candidates() -> Vec<PathBuf> {
    let mut candidates = Vec::new();
    if let Some(folder) = own_folder() {
        candidates.push(folder.join(LIBRARY));
        candidates.push(folder.join("../Resources").join(LIBRARY));
    }
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH") {
        candidates.push(PathBuf::from(path));
    }
    candidates
}

/// The folder of the shared object or executable that this code was linked into.
#[cfg(unix)]
fn own_folder() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    let own_address = own_folder as *const () as *const libc::c_void;
    // SAFETY: the address lies in this object and `info` is writable for the call's duration.
    if unsafe { libc::dladdr(own_address, info.as_mut_ptr()) } == 0 {
        return None;
    }
    // SAFETY: zeroed is a valid `Dl_info`, and dladdr succeeded.
    let info = unsafe { info.assume_init() };
    if info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: a successful dladdr gives a C string that lives as long as the object is loaded.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    let path = Path::new(OsStr::from_bytes(name.to_bytes()));
    Some(std::fs::canonicalize(path).ok()?.parent()?.to_owned())
}

/// Not known on other systems: the folder of the program would be the host's, and so would a
/// library that lies there.
#[cfg(not(unix))]
fn own_folder() -> Option<PathBuf> {
    None
}

/// The process's ONNX Runtime, loaded at the first call.
fn environment() -> Result<&'static Environment, EngineError> {
    static LOADED: OnceLock<Environment> = OnceLock::new();
    // Two instances may build their first engine at once; the library is initialised once. A
    // failure is not kept: the library may be installed while the host runs.
    static LOADING: Mutex<()> = Mutex::new(());
    let _guard = LOADING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(environment) = LOADED.get() {
        return Ok(environment);
    }
    let candidates = library_candidates();
    let path = candidates.iter().find_map(|p| std::fs::canonicalize(p).ok());
    let path = path.ok_or(EngineError::RuntimeMissing(candidates))?;
    let unusable = |problem: String| EngineError::RuntimeUnusable { path: path.clone(), problem };
    let builder = ort::init_from(&path).map_err(|e| unusable(e.to_string()))?;
    let environment =
        builder.with_name("tonewright").with_telemetry(false).build().map_err(|e| unusable(e.to_string()))?;
    // What goes wrong comes back as an error; the host's terminal is not ours to write to.
    environment.set_log_level(LogLevel::Fatal);
    Ok(LOADED.get_or_init(|| environment))
}

/// Runs a graph with ONNX Runtime: one thread, sequential, all inputs and outputs preallocated.
///
/// A block is cut into runs of powers of two, because a binding has one length. The states lie in
/// two sets that take turns as input and output, so that nothing is copied.
pub struct OnnxEngine {
    session: Session,
    states: Vec<StateSpec>,
    /// The two sets of states.
    memory: [Vec<Tensor<f32>>; 2],
    /// Which set holds the present.
    now: usize,
    /// By the logarithm of their length.
    runs: Vec<Run>,
    silence: Vec<Vec<f32>>,
    settle_samples: usize,
    model_rate_hz: f64,
    lookahead_samples: usize,
}

/// Everything a run of one length needs.
struct Run {
    audio_in: Tensor<f32>,
    audio_out: Tensor<f32>,
    /// Reading the first set of states and writing the second, and the other way round.
    bindings: [IoBinding; 2],
}

impl OnnxEngine {
    /// Loads ONNX Runtime if need be, and the model into it.
    ///
    /// # Errors
    /// The library is missing or unusable, or refuses the model.
    pub fn new(model: &Model) -> Result<Self, EngineError> {
        let environment = environment()?;
        let bytes: Cow<'_, [u8]> = match &model.network {
            Network::Graph(graph) => graph.onnx().into(),
            Network::WaveNet(_) => model.to_onnx().into(),
        };
        let failed = |e: ort::Error| EngineError::Runtime {
            name: model.card.name.clone(),
            problem: one_line(&e.to_string()),
        };
        let session = Session::builder(environment)
            .and_then(|b| Ok(b.with_intra_threads(1)?))
            .and_then(|b| Ok(b.with_inter_threads(1)?))
            .and_then(|b| Ok(b.with_parallel_execution(false)?))
            .and_then(|b| Ok(b.with_intra_op_spinning(false)?))
            .and_then(|b| Ok(b.with_optimization_level(GraphOptimizationLevel::All)?))
            .and_then(|mut b| b.commit_from_memory(&bytes))
            .map_err(failed)?;
        let states = match &model.network {
            Network::Graph(graph) => graph.states().to_vec(),
            Network::WaveNet(_) => state_specs(&session),
        };
        let mut engine = Self {
            memory: [state_tensors(&states).map_err(failed)?, state_tensors(&states).map_err(failed)?],
            session,
            states,
            now: 0,
            runs: Vec::new(),
            silence: Vec::new(),
            settle_samples: model.receptive_field_samples().map_or(DEFAULT_SETTLE_SAMPLES, |n| n - 1),
            model_rate_hz: model.card.sample_rate_hz,
            lookahead_samples: model.lookahead_samples(),
        };
        for log2 in 0..=MAX_RUN_LOG2 {
            let run = engine.bind(1 << log2).map_err(failed)?;
            engine.runs.push(run);
        }
        engine.settle().map_err(failed)?;
        Ok(engine)
    }

    fn bind(&mut self, samples: usize) -> ort::Result<Run> {
        let audio_in = zeros(&[1, 1, samples])?;
        let mut audio_out = zeros(&[1, 1, samples])?;
        let mut bindings = [self.session.create_binding()?, self.session.create_binding()?];
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
    fn settle(&mut self) -> ort::Result<()> {
        let mut rest = self.settle_samples;
        while rest > 0 {
            let log2 = rest.ilog2().min(MAX_RUN_LOG2 as u32) as usize;
            self.run(log2, None)?;
            rest -= 1 << log2;
        }
        self.silence = self.memory[self.now].iter().map(|t| t.extract_tensor().1.to_vec()).collect();
        for log2 in 0..=MAX_RUN_LOG2 {
            for _ in 0..2 * WARM_UP_RUNS {
                self.run(log2, None)?;
            }
        }
        self.reset();
        Ok(())
    }

    fn run(&mut self, log2: usize, audio: Option<(&[f32], &mut [f32])>) -> ort::Result<()> {
        let run = &mut self.runs[log2];
        if let Some((input, _)) = &audio {
            run.audio_in.extract_tensor_mut().1.copy_from_slice(input);
        }
        self.session.run_binding(&run.bindings[self.now])?;
        self.now = 1 - self.now;
        if let Some((_, output)) = audio {
            output.copy_from_slice(run.audio_out.extract_tensor().1);
        }
        Ok(())
    }
}

/// ONNX Runtime's messages run over several lines.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn zeros(shape: &[usize]) -> ort::Result<Tensor<f32>> {
    let mut tensor = Tensor::<f32>::new(&Allocator::default(), shape)?;
    tensor.extract_tensor_mut().1.fill(0.0);
    Ok(tensor)
}

fn state_tensors(states: &[StateSpec]) -> ort::Result<Vec<Tensor<f32>>> {
    states.iter().map(|s| zeros(&s.shape)).collect()
}

/// The states of a graph that the model's own writer made: every input but the audio.
fn state_specs(session: &Session) -> Vec<StateSpec> {
    let states = session.inputs().iter().filter(|i| i.name() != AUDIO_IN);
    states
        .filter_map(|i| {
            let shape = i.dtype().tensor_shape()?.iter().map(|&d| d as usize).collect();
            Some(StateSpec { name: i.name().to_owned(), shape })
        })
        .collect()
}

impl Engine for OnnxEngine {
    fn prepare(&mut self, sample_rate_hz: f64, _max_block_samples: usize) -> Result<(), EngineError> {
        check_rate(self.model_rate_hz, sample_rate_hz)?;
        self.reset();
        Ok(())
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        assert_eq!(input.len(), output.len(), "a block in and a block out have the same length");
        let mut at = 0;
        while at < input.len() {
            let log2 = (input.len() - at).ilog2().min(MAX_RUN_LOG2 as u32) as usize;
            let span = at..at + (1 << log2);
            let audio = Some((&input[span.clone()], &mut output[span.clone()]));
            if self.run(log2, audio).is_err() {
                // Shapes and names were checked while warming up, so this does not happen on sound
                // memory; silence is the least harm where it does.
                output[at..].fill(0.0);
                return;
            }
            at = span.end;
        }
    }

    fn reset(&mut self) {
        for (tensor, silence) in self.memory[self.now].iter_mut().zip(&self.silence) {
            tensor.extract_tensor_mut().1.copy_from_slice(silence);
        }
    }

    fn latency_samples(&self) -> usize {
        self.lookahead_samples
    }

    fn model_rate_hz(&self) -> f64 {
        self.model_rate_hz
    }

    fn kind(&self) -> EngineKind {
        EngineKind::OnnxRuntime
    }
}
