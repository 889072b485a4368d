//! Sessions, built and run in the way that jitters least.

use super::library::environment;
use crate::engine::EngineError;
use ort::AsPointer;
use ort::memory::Allocator;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{IoBinding, NoSelectedOutputs, RunOptions, Session as OrtSession};
use ort::value::{PrimitiveTensorElementType, Tensor};
use std::fmt::Debug;
use std::sync::Mutex;

/// A graph in ONNX Runtime: one thread, sequential, no spinning.
pub struct Session {
    inner: OrtSession,
    options: RunOptions<NoSelectedOutputs>,
}

impl Session {
    /// Loads ONNX Runtime if need be, and lets `commit` put a graph into it. `name` is the model's.
    ///
    /// # Errors
    /// The library is missing or unusable, or refuses the graph.
    pub fn new(
        name: &str,
        commit: impl FnOnce(SessionBuilder) -> ort::Result<OrtSession>,
    ) -> Result<Self, EngineError> {
        // The library keeps one map of operator domains for all sessions. A session with a new
        // domain writes to it, and all read it while they are built, without a lock of their own.
        static BUILDING: Mutex<()> = Mutex::new(());
        let environment = environment()?;
        let _guard = BUILDING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        OrtSession::builder(environment)
            .and_then(|b| Ok(b.with_intra_threads(1)?))
            .and_then(|b| Ok(b.with_inter_threads(1)?))
            .and_then(|b| Ok(b.with_parallel_execution(false)?))
            .and_then(|b| Ok(b.with_intra_op_spinning(false)?))
            .and_then(|b| Ok(b.with_optimization_level(GraphOptimizationLevel::All)?))
            .and_then(commit)
            .and_then(|inner| Ok(Self { inner, options: RunOptions::new()? }))
            .map_err(|e| failed(name, &e))
    }

    /// The session as `ort` has it: what makes bindings, and knows the graph's inputs and outputs.
    pub fn inner(&self) -> &OrtSession {
        &self.inner
    }

    /// Runs the graph on what is bound. `ort`'s own call looks up the outputs, which are bound
    /// here, and takes eight more pieces of memory for it.
    ///
    /// # Errors
    /// ONNX Runtime, or an operator of ours, says so.
    pub fn run(&mut self, binding: &IoBinding) -> ort::Result<()> {
        let (session, options, binding) = (self.inner.ptr().cast_mut(), self.options.ptr(), binding.ptr());
        // SAFETY: all three are alive for the call, and the binding keeps the session it was made
        // for and all it binds. A session may be run by one thread at a time, and `self` is ours
        // alone. The status is handed to the function that frees it.
        unsafe { ort::Error::result_from_status((ort::api().RunWithBinding)(session, options, binding)) }
    }
}

/// An error in words.
pub fn failed(name: &str, error: &ort::Error) -> EngineError {
    // ONNX Runtime's messages run over several lines.
    let problem = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    EngineError::Runtime { name: name.to_owned(), problem }
}

/// A tensor of zeros, in memory that can be bound.
///
/// # Errors
/// There is no memory left.
pub fn zeros<T>(shape: &[usize]) -> ort::Result<Tensor<T>>
where
    T: PrimitiveTensorElementType + Copy + Default + Debug,
{
    let mut tensor = Tensor::<T>::new(&Allocator::default(), shape)?;
    tensor.extract_tensor_mut().1.fill(T::default());
    Ok(tensor)
}
