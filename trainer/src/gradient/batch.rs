//! libtorch with the whole batch at once: what a GPU wants.

use super::{BatchLoss, Gradient, Setup};
use crate::TrainerError;
use crate::data::Part;
use crate::device::Device;
use crate::loss::Loss;
use crate::torch_net::{TorchNet, to_vec};
use tch::{Kind, Tensor};

/// Outputs computed at once when a whole part is run.
const CHUNK_SAMPLES: usize = 1 << 18;

/// The training part on the device, and the network beside it.
#[derive(Debug)]
pub struct TorchBatch {
    net: TorchNet,
    loss: Loss,
    input: Tensor,
    target: Tensor,
    /// Offsets of a segment's input and target samples from its start.
    input_span: Tensor,
    target_span: Tensor,
    description: String,
}

impl TorchBatch {
    /// Puts the training part on `device`.
    ///
    /// # Errors
    /// The architecture cannot be trained, or the device fails.
    pub fn new(setup: &Setup<'_>, device: Device) -> Result<Self, TrainerError> {
        let torch = device.torch();
        let span = |samples: usize| Tensor::f_arange(samples as i64, (Kind::Int64, torch));
        Ok(Self {
            net: TorchNet::new(setup.shape.network(), torch)?,
            loss: setup.loss.clone(),
            input: Tensor::f_from_slice(setup.part.input())?.f_to_device(torch)?,
            target: Tensor::f_from_slice(setup.part.target())?.f_to_device(torch)?,
            input_span: span(setup.segment_samples + setup.part.context_samples())?,
            target_span: span(setup.segment_samples)?,
            description: format!("libtorch, the whole batch at once on {device}"),
        })
    }
}

impl TorchBatch {
    /// The network; its weights are those that [`TorchBatch::batch`] works with.
    pub(super) fn net_mut(&mut self) -> &mut TorchNet {
        &mut self.net
    }

    /// Loss, ESR and flat gradient of a batch, on the device. Nothing waits for the device: the few starts are
    /// handed over without, and segments are gathered there.
    pub(super) fn batch(&self, starts: &[usize]) -> Result<[Tensor; 3], TrainerError> {
        let device = self.net.device();
        let starts: Vec<i64> = starts.iter().map(|&s| s as i64).collect();
        let starts = Tensor::f_from_slice(&starts)?.f_to_device_(device, Kind::Int64, true, false)?;
        let starts = starts.f_unsqueeze(1)?;
        let input = self.input.f_take(&starts.f_add(&self.input_span)?)?.f_unsqueeze(1)?;
        let target = self.target.f_take(&starts.f_add(&self.target_span)?)?;
        let output = self.net.forward(&input)?.f_squeeze_dim(1)?;
        let loss = self.loss.batch(&output, &target)?;
        let gradient = self.net.gradient(&loss)?;
        let error = tch::no_grad(|| output.f_sub(&target)?.f_square()?.f_mean(Kind::Float))?;
        let esr = error.f_div_scalar(self.loss.power())?;
        Ok([loss.f_detach()?, esr, gradient])
    }
}

impl Gradient for TorchBatch {
    fn description(&self) -> String {
        self.description.clone()
    }

    fn gradient(
        &mut self,
        weights: &[f32],
        starts: &[usize],
        gradient: &mut [f32],
    ) -> Result<BatchLoss, TrainerError> {
        self.net.set_weights(weights)?;
        let [loss, esr, flat] = self.batch(starts)?;
        gradient.copy_from_slice(&to_vec(&flat)?);
        Ok(BatchLoss { loss: loss.f_double_value(&[])?, esr: esr.f_double_value(&[])? })
    }

    fn predict(&mut self, weights: &[f32], part: &Part) -> Result<Vec<f32>, TrainerError> {
        self.net.set_weights(weights)?;
        let mut output = Vec::with_capacity(part.len());
        while output.len() < part.len() {
            let samples = CHUNK_SAMPLES.min(part.len() - output.len());
            let range = output.len()..output.len() + samples + part.context_samples();
            output.extend(self.net.run(&part.input()[range])?);
        }
        Ok(output)
    }
}
