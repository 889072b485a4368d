//! libtorch on one CPU thread, one segment at a time.

use super::SegmentNetwork;
use crate::TrainerError;
use crate::torch_net::{TorchNet, to_vec};
use shared::model::WaveNetSpec;
use tch::{Device, Kind, Tensor};

/// A worker's own copy of the network.
#[derive(Debug)]
pub struct TorchSegment {
    net: TorchNet,
    output: Option<Tensor>,
}

impl TorchSegment {
    /// A network on the CPU.
    ///
    /// # Errors
    /// The architecture cannot be trained.
    pub fn new(spec: &WaveNetSpec) -> Result<Self, TrainerError> {
        Ok(Self { net: TorchNet::new(spec, Device::Cpu)?, output: None })
    }
}

impl SegmentNetwork for TorchSegment {
    fn forward(
        &mut self,
        weights: &[f32],
        _settings: &[f32],
        input: &[f32],
        output: &mut [f32],
    ) -> Result<(), TrainerError> {
        self.net.set_weights(weights)?;
        let audio = Tensor::f_from_slice(input)?.f_view([1, 1, -1])?;
        let result = self.net.forward(&audio)?;
        output.copy_from_slice(&to_vec(&result)?);
        self.output = Some(result);
        Ok(())
    }

    fn backward(
        &mut self,
        _weights: &[f32],
        _settings: &[f32],
        d_output: &[f32],
        gradient: &mut [f32],
    ) -> Result<(), TrainerError> {
        let output = self.output.take().expect("backward follows forward");
        let d_output = Tensor::f_from_slice(d_output)?.f_view([1, 1, -1])?;
        // The gradient of this product's sum is the output's Jacobian times `d_output`.
        let product = output.f_mul(&d_output)?.f_sum(Kind::Float)?;
        for (sum, g) in gradient.iter_mut().zip(to_vec(&self.net.gradient(&product)?)?) {
            *sum += g;
        }
        Ok(())
    }
}
