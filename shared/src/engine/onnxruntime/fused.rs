//! A network in one operator of our own.
//!
//! The graph is `run` `[2 + 512]` in and `audio_out` `[512]` out. Of `run`, the first number says
//! how many samples count, the second whether the past is to be forgotten before them (1) or not
//! (0), and the samples follow. All shapes are fixed, so one binding serves every block; and each
//! further input would cost two more pieces of memory at every run.
//!
//! The kernel lives inside the session, which is its only owner: it is reset by what it reads, and
//! nothing is shared with the thread that runs it.

use super::session::{Session, failed, zeros};
use super::{MAX_RUN_SAMPLES, Runner, WARM_UP_RUNS};
use crate::engine::native::NativeEngine;
use crate::engine::{Engine, EngineError};
use crate::model::onnx::{self, AUDIO_OUT};
use ort::AsPointer;
use ort::operator::{
    ComputeContext, Kernel, KernelContext, Operator, OperatorDomain, OperatorInput, OperatorOutput,
};
use ort::session::IoBinding;
use ort::session::builder::SessionBuilder;
use ort::sys::OrtValue;
use ort::value::{Tensor, TensorElementType};
use std::ptr;
use std::sync::Mutex;

const DOMAIN: &str = "dev.tonewright";
const OPERATOR: &str = "Amp";
const RUN: &str = "run";
/// Numbers before the samples.
const HEADER: usize = 2;
const RUN_LEN: usize = HEADER + MAX_RUN_SAMPLES;

/// A graph of one operator, and all that a run of it needs.
pub struct FusedGraph {
    session: Session,
    run: Tensor<f32>,
    audio_out: Tensor<f32>,
    binding: IoBinding,
}

impl FusedGraph {
    /// Puts a kernel into a session. `name` is the model's.
    ///
    /// # Errors
    /// The library is missing or unusable, or refuses the operator.
    pub fn new(name: &str, kernel: NativeEngine) -> Result<Self, EngineError> {
        let session = Session::new(name, |builder| commit(builder, kernel))?;
        Self::bound(session).map_err(|e| failed(name, &e))
    }

    fn bound(session: Session) -> ort::Result<Self> {
        let run = zeros(&[RUN_LEN])?;
        let mut audio_out = zeros(&[MAX_RUN_SAMPLES])?;
        let mut binding = session.inner().create_binding()?;
        binding.bind_input(RUN, &run)?;
        binding.bind_output(AUDIO_OUT, &mut audio_out)?;
        let mut graph = Self { session, run, audio_out, binding };
        let mut silence = [0.0; MAX_RUN_SAMPLES];
        for _ in 0..WARM_UP_RUNS {
            graph.run(&[0.0; MAX_RUN_SAMPLES], &mut silence, false)?;
        }
        graph.reset();
        Ok(graph)
    }

    fn run(&mut self, input: &[f32], output: &mut [f32], forget: bool) -> ort::Result<()> {
        let samples = input.len();
        // SAFETY: `bound` made this tensor, of this length, and nothing runs.
        let run = unsafe { floats::<RUN_LEN>(self.run.ptr_mut()) }?;
        // At most 512, which a float holds exactly.
        run[..HEADER].copy_from_slice(&[samples as f32, f32::from(u8::from(forget))]);
        run[HEADER..][..samples].copy_from_slice(input);
        self.session.run(&self.binding)?;
        // SAFETY: as above.
        let audio_out = unsafe { floats::<MAX_RUN_SAMPLES>(self.audio_out.ptr_mut()) }?;
        output.copy_from_slice(&audio_out[..samples]);
        Ok(())
    }
}

impl Runner for FusedGraph {
    fn process(&mut self, input: &[f32], output: &mut [f32]) -> ort::Result<()> {
        let outputs = output.chunks_mut(MAX_RUN_SAMPLES);
        let mut runs = input.chunks(MAX_RUN_SAMPLES).zip(outputs);
        runs.try_for_each(|(input, output)| self.run(input, output, false))
    }

    fn reset(&mut self) {
        // At once, so that the next block costs what every block costs. Should this run fail, so
        // will the next, which is then silent.
        let _ = self.run(&[], &mut [], true);
    }
}

/// Builds the graph. The session keeps the operator's domain, and frees the kernel before it.
fn commit(builder: SessionBuilder, kernel: NativeEngine) -> ort::Result<ort::session::Session> {
    let amp = Amp { kernel: Mutex::new(Some(kernel)) };
    // Nothing lies between operators, so there is no memory to plan: looking for the plan costs a
    // lock and a piece of memory at every run.
    let builder = builder.with_memory_pattern(false)?;
    let mut builder = builder.with_operators(OperatorDomain::new(DOMAIN)?.add(amp)?)?;
    let graph = onnx::single_operator((DOMAIN, OPERATOR), (RUN, RUN_LEN), (AUDIO_OUT, MAX_RUN_SAMPLES));
    builder.commit_from_memory(&graph)
}

/// The operator of one session. It gives its kernel away once, while the session is built.
struct Amp {
    kernel: Mutex<Option<NativeEngine>>,
}

impl Operator for Amp {
    type Kernel<'attr> = AmpKernel;

    fn name(&self) -> &str {
        OPERATOR
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        [OperatorInput::required(TensorElementType::Float32)]
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(TensorElementType::Float32)]
    }

    fn create_kernel<'attr>(&self, _: &KernelContext<'attr>) -> ort::Result<AmpKernel> {
        let kernel = self.kernel.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take();
        kernel.map(AmpKernel).ok_or_else(|| ort::Error::new("the graph has more than one amp"))
    }
}

/// A kernel in its session. ONNX Runtime calls it from [`Session::run`] alone, which has the
/// session to itself, on the calling thread; it must not unwind into C++, and has no reason to panic.
struct AmpKernel(NativeEngine);

impl Kernel for AmpKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        let (run, audio_out) = (input(context)?, output(context)?);
        // SAFETY: ONNX Runtime accepts only inputs of the graph's types and shapes, and gives the
        // output the shape that was asked for. They are two tensors, because the operator does not
        // offer to work in place, and nothing else touches them during the run.
        let (run, audio_out) = unsafe { (floats::<RUN_LEN>(run)?, floats::<MAX_RUN_SAMPLES>(audio_out)?) };
        let &mut [samples, forget, ref audio_in @ ..] = run;
        let samples = (samples as usize).min(MAX_RUN_SAMPLES);
        if forget != 0.0 {
            self.0.reset();
        }
        self.0.process(&audio_in[..samples], &mut audio_out[..samples]);
        Ok(())
    }
}

/// The input. The safe calls of `ort` would describe each tensor on the heap.
fn input(context: &ComputeContext) -> ort::Result<*mut OrtValue> {
    let mut value = ptr::null();
    // SAFETY: the context is alive, `value` is writable, and the status is handed to the function
    // that frees it.
    unsafe {
        let status = (ort::api().KernelContext_GetInput)(context.ptr(), 0, &mut value);
        ort::Error::result_from_status(status)
    }?;
    Ok(value.cast_mut())
}

/// The output, of its one shape.
fn output(context: &ComputeContext) -> ort::Result<*mut OrtValue> {
    let mut value = ptr::null_mut();
    let shape = [MAX_RUN_SAMPLES as i64];
    // SAFETY: as above, and the shape is as long as is said.
    unsafe {
        let (context, shape, rank) = (context.ptr().cast_mut(), shape.as_ptr(), shape.len());
        let status = (ort::api().KernelContext_GetOutput)(context, 0, shape, rank, &mut value);
        ort::Error::result_from_status(status)
    }?;
    Ok(value)
}

/// The content of a tensor.
///
/// # Safety
/// `value` is null or a tensor of `N` floats, which outlives `'a` and is used by nobody else until
/// then.
unsafe fn floats<'a, const N: usize>(value: *mut OrtValue) -> ort::Result<&'a mut [f32; N]> {
    if value.is_null() {
        return Err(ort::Error::new("a tensor is missing"));
    }
    let mut data = ptr::null_mut();
    // SAFETY: the value is a tensor of `N` floats, which is ours for now; `data` is writable, and
    // the status is handed to the function that frees it.
    unsafe {
        let status = (ort::api().GetTensorMutableData)(value, &mut data);
        ort::Error::result_from_status(status)?;
        Ok(&mut *data.cast::<[f32; N]>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_that_is_not_registered_is_refused_in_words() {
        let graph = onnx::single_operator((DOMAIN, OPERATOR), (RUN, RUN_LEN), (AUDIO_OUT, MAX_RUN_SAMPLES));
        let session = Session::new("My Amp", |mut builder| builder.commit_from_memory(&graph));
        let error = session.err().unwrap().to_string();
        assert!(error.contains("My Amp") && error.contains("dev.tonewright:Amp"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}
