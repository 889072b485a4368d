//! Gradients of WaveNets on a processor, without libtorch.
//!
//! libtorch's convolutions are made for many channels; with 3 to 16 of them most of the time goes
//! into everything but arithmetic. Here, signals are rows over time, vector lanes are samples, and
//! two register-tiled operations (`ops`) do the forward pass, the backward pass and the weight
//! gradients of a segment, chunk by chunk so that a chunk stays in the caches. libtorch remains
//! the reference, and the only one that knows every architecture.
//!
//! A [`SegmentKernel`] belongs to one thread; for a batch, use one in each thread and add up their
//! gradients.

mod check;
mod function;
mod ops;
mod plan;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use ops::{Op, Run};
use plan::{Plan, Program};
use shared::model::WaveNetSpec;
use shared::simd::{self, Aligned, Level};

/// Why the kernel does not do an architecture; libtorch does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the gradient kernel does not do {what}")]
pub struct Unsupported {
    what: String,
}

impl Unsupported {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }
}

/// Forward and backward pass of one segment on one thread.
///
/// It owns all activations; after [`SegmentKernel::new`] nothing allocates. Weights and gradient
/// are flat vectors in the order of [`WaveNetSpec::tensors`].
///
/// The convolutions are "valid": of the [`SegmentKernel::input_len`] samples,
/// `receptive_field_samples() - 1` are context, all of it past for a causal network, half past and
/// half future for one with centred kernels.
#[derive(Debug)]
pub struct SegmentKernel {
    plan: Plan,
    level: Level,
    arena: Aligned,
    packed: Vec<f32>,
    /// Whether the arena holds the activations of a segment.
    forward_done: bool,
}

impl SegmentKernel {
    /// Whether there can be a kernel for `spec`, without making one.
    ///
    /// # Errors
    /// As for [`SegmentKernel::new`].
    pub fn check(spec: &WaveNetSpec) -> Result<(), Unsupported> {
        check::check_spec(spec)
    }

    /// Prepares for segments of `output_len` output samples, with the best instructions there are.
    ///
    /// # Errors
    /// The architecture is invalid or has something the kernel does not know: a condition network,
    /// modulations, groups, gating, a bottleneck, 1x1 or further convolutions around the head,
    /// parametric or unusual activations.
    pub fn new(spec: &WaveNetSpec, output_len: usize) -> Result<Self, Unsupported> {
        Self::with_level(spec, output_len, Level::available()[0])
    }

    /// Like [`SegmentKernel::new`] with chosen instructions.
    ///
    /// # Errors
    /// As for [`SegmentKernel::new`], or the processor does not have the instructions.
    pub fn with_level(spec: &WaveNetSpec, output_len: usize, level: Level) -> Result<Self, Unsupported> {
        if !Level::available().contains(&level) {
            return Err(Unsupported::new(format!("{level:?} on this processor")));
        }
        let plan = Plan::new(spec, output_len)?;
        let mut arena = Aligned::new(plan.arena);
        arena.values_mut()[plan.ones..plan.ones + plan.chunk].fill(1.0);
        let packed = vec![0.0; plan.forward.gather.len().max(plan.backward.gather.len())];
        Ok(Self { plan, level, arena, packed, forward_done: false })
    }

    /// Samples of input of a segment: `output_len + receptive_field_samples() - 1`.
    pub fn input_len(&self) -> usize {
        self.plan.input_len
    }

    /// Samples of output of a segment.
    pub fn output_len(&self) -> usize {
        self.plan.output_len
    }

    /// The instructions in use.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Computes the output of a segment and keeps the activations for [`SegmentKernel::backward`].
    ///
    /// # Panics
    /// `weights`, `input` or `output` is not as long as the architecture asks for.
    pub fn forward(&mut self, weights: &[f32], input: &[f32], output: &mut [f32]) {
        let plan = &self.plan;
        assert_eq!(weights.len(), plan.weights, "number of weights");
        assert_eq!(input.len(), plan.input_len, "samples of input");
        assert_eq!(output.len(), plan.output_len, "samples of output");
        self.arena.values_mut()[plan.input..plan.input + plan.input_len].copy_from_slice(input);
        pack(&plan.forward, weights, &mut self.packed);
        let mut from = plan.from;
        while from < plan.end {
            let to = (from + plan.chunk).min(plan.end);
            let run = Run { arena: self.arena.pointer_mut(), weights, packed: &self.packed, from, to };
            execute(self.level, &plan.forward.ops, run, &mut []);
            from = to;
        }
        let values = &self.arena.values_mut()[plan.output..plan.output + plan.output_len];
        output.iter_mut().zip(values).for_each(|(y, v)| *y = v * plan.head_scale);
        self.forward_done = true;
    }

    /// Adds the gradient by the weights to `gradient`, given the gradient `d_output` by the output
    /// of the last [`SegmentKernel::forward`], which ran with the same weights. It uses up the
    /// activations: one backward pass for each forward pass. A 1x1 convolution whose result
    /// nothing reads (NAM's last one) adds nothing.
    ///
    /// # Panics
    /// `weights`, `d_output` or `gradient` is not as long as the architecture asks for, or there
    /// was no forward pass since the last backward pass.
    pub fn backward(&mut self, weights: &[f32], d_output: &[f32], gradient: &mut [f32]) {
        let plan = &self.plan;
        assert!(self.forward_done, "a backward pass needs a forward pass of its own");
        assert_eq!(weights.len(), plan.weights, "number of weights");
        assert_eq!(d_output.len(), plan.output_len, "samples of output gradient");
        assert_eq!(gradient.len(), plan.weights, "number of weight gradients");
        self.forward_done = false;
        let values = self.arena.values_mut();
        values[plan.output - plan.spoilt..plan.output].fill(0.0);
        let values = &mut values[plan.output..plan.output + plan.output_len];
        values.iter_mut().zip(d_output).for_each(|(v, d)| *v = d * plan.head_scale);
        pack(&plan.backward, weights, &mut self.packed);
        let mut to = plan.end;
        while to > plan.from {
            let from = to.saturating_sub(plan.chunk).max(plan.from);
            let run = Run { arena: self.arena.pointer_mut(), weights, packed: &self.packed, from, to };
            execute(self.level, &plan.backward.ops, run, gradient);
            to = from;
        }
    }
}

/// Brings the weights into the order in which the operations read them.
fn pack(program: &Program, weights: &[f32], packed: &mut [f32]) {
    packed.iter_mut().zip(&program.gather).for_each(|(p, &at)| *p = weights[at as usize]);
}

fn execute(level: Level, ops: &[Op], run: Run<'_>, gradient: &mut [f32]) {
    // SAFETY: `SegmentKernel::with_level` made sure of the instructions and `Plan::check` of the
    // operations; the slices have the lengths it assumed, and `&mut self` owns the arena.
    unsafe {
        match level {
            Level::Portable => ops::run::<simd::Portable, 2, 2>(ops, run, gradient),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => run_avx2(ops, run, gradient),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => run_avx512(ops, run, gradient),
        }
    }
}

/// # Safety
/// See [`ops::run`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn run_avx2(ops: &[Op], run: Run<'_>, gradient: &mut [f32]) {
    // SAFETY: passed on.
    unsafe { ops::run::<simd::Avx2, 2, 2>(ops, run, gradient) }
}

/// # Safety
/// See [`ops::run`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
unsafe fn run_avx512(ops: &[Op], run: Run<'_>, gradient: &mut [f32]) {
    // SAFETY: passed on.
    unsafe { ops::run::<simd::Avx512, 4, 6>(ops, run, gradient) }
}
