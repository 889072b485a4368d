//! Linear models: convolution with an impulse response.

use super::Kernel;
use crate::dsp::convolver::Convolver;
use crate::model::Linear;
use crate::simd::Level;

/// An impulse response.
#[derive(Debug)]
pub struct LinearKernel {
    convolver: Convolver,
}

impl LinearKernel {
    /// Packs a response.
    pub fn new(net: &Linear, level: Level) -> Self {
        Self { convolver: Convolver::with_bias(net.impulse_response(), net.bias(), level) }
    }
}

impl Kernel for LinearKernel {
    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        self.convolver.process(input, output);
    }

    fn reset(&mut self) {
        self.convolver.reset();
    }
}
