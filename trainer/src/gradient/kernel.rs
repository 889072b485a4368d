//! Our own kernel on one CPU thread.

use super::SegmentNetwork;
use crate::TrainerError;
use crate::kernel::SegmentKernel;
use shared::model::WaveNetSpec;

/// A worker's kernel.
#[derive(Debug)]
pub struct KernelSegment(SegmentKernel);

impl KernelSegment {
    /// Whether the kernel knows the architecture.
    pub fn supports(spec: &WaveNetSpec) -> bool {
        SegmentKernel::check(spec).is_ok()
    }

    /// A kernel for segments of `segment_samples` outputs.
    ///
    /// # Errors
    /// The kernel does not know the architecture.
    pub fn new(spec: &WaveNetSpec, segment_samples: usize) -> Result<Self, TrainerError> {
        match SegmentKernel::new(spec, segment_samples) {
            Ok(kernel) => Ok(Self(kernel)),
            Err(error) => Err(TrainerError::Untrainable(error.to_string())),
        }
    }
}

impl SegmentNetwork for KernelSegment {
    fn forward(
        &mut self,
        weights: &[f32],
        _settings: &[f32],
        input: &[f32],
        output: &mut [f32],
    ) -> Result<(), TrainerError> {
        self.0.forward(weights, input, output);
        Ok(())
    }

    fn backward(
        &mut self,
        weights: &[f32],
        _settings: &[f32],
        d_output: &[f32],
        gradient: &mut [f32],
    ) -> Result<(), TrainerError> {
        self.0.backward(weights, d_output, gradient);
        Ok(())
    }
}
