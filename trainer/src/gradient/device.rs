//! Weights, optimiser and average on the device: what a GPU wants.
//!
//! A step only queues work. The host waits for the device where somebody wants to know how training stands, and
//! nowhere else, so that the queue never runs dry.

use super::{BatchLoss, Gradient, Learner, Setup, Step, TorchBatch};
use crate::TrainerError;
use crate::adam::{self, Adam};
use crate::checkpoint::Learned;
use crate::data::Part;
use crate::device::Device;
use crate::error::Divergence;
use crate::torch_net::to_vec;
use tch::{Kind, Tensor};

/// Learns on a device.
#[derive(Debug)]
pub struct OnDevice {
    batch: TorchBatch,
    /// What is on the device, from the first step on.
    state: Option<State>,
}

#[derive(Debug)]
struct State {
    weights: Tensor,
    mean: Tensor,
    square: Tensor,
    average: Option<Tensor>,
    steps: u64,
    /// Sums of loss and ESR over the batches since the last [`Learner::bring`].
    sums: Tensor,
    batches: u64,
}

impl OnDevice {
    /// Puts the training part on `device`.
    ///
    /// # Errors
    /// The architecture cannot be trained, or the device fails.
    pub fn new(setup: &Setup<'_>, device: Device) -> Result<Self, TrainerError> {
        if device.is_gpu() {
            // Every batch has the same shapes, so that looking for the fastest convolutions pays.
            tch::Cuda::cudnn_set_benchmark(true);
        }
        Ok(Self { batch: TorchBatch::new(setup, device)?, state: None })
    }

    /// What is on the device.
    fn state(&mut self) -> (&mut TorchBatch, &mut State) {
        (&mut self.batch, self.state.as_mut().expect("a learner begins before it steps"))
    }
}

impl State {
    /// [`Adam::step`] and the average, on the device and without waiting for it.
    fn learn(&mut self, gradient: &Tensor, step: &Step<'_>) -> Result<(), TrainerError> {
        self.steps += 1;
        let (rate, root) = adam::corrections(self.steps, step.learning_rate);
        // mean += (1 - beta) * (g - mean), and the same of the squares.
        approach(&mut self.mean, gradient, 1.0 - adam::BETA1)?;
        approach(&mut self.square, &gradient.f_square()?, 1.0 - adam::BETA2)?;
        let root = self.square.f_sqrt()?.f_div_scalar(f64::from(root))?;
        let down = self.mean.f_div(&root.f_add_scalar(f64::from(adam::EPSILON))?)?;
        let down = down.f_mul_scalar(f64::from(rate))?;
        let _ = self.weights.f_sub_(&down)?;
        if let (Some(share), Some(average)) = (step.average_keeps(), &mut self.average) {
            approach(average, &self.weights, 1.0 - share)?;
        }
        Ok(())
    }
}

/// `a += share * (b - a)`
fn approach(a: &mut Tensor, b: &Tensor, share: f32) -> Result<(), TrainerError> {
    let change = b.f_sub(a)?.f_mul_scalar(f64::from(share))?;
    let _ = a.f_add_(&change)?;
    Ok(())
}

impl Learner for OnDevice {
    fn description(&self) -> String {
        self.batch.description()
    }

    fn begin(&mut self, learned: &Learned) -> Result<(), TrainerError> {
        let net = self.batch.net_mut();
        net.set_weights(&learned.weights)?;
        let device = net.device();
        let put = |values: &[f32]| Tensor::f_from_slice(values).and_then(|t| t.f_to_device(device));
        self.state = Some(State {
            weights: net.flat(),
            mean: put(learned.adam.mean())?,
            square: put(learned.adam.square())?,
            average: learned.average.as_deref().map(put).transpose()?,
            steps: learned.adam.steps(),
            sums: Tensor::f_zeros([2], (Kind::Double, device))?,
            batches: 0,
        });
        Ok(())
    }

    fn step(&mut self, _: &mut Learned, step: &Step<'_>) -> Result<Option<BatchLoss>, TrainerError> {
        let (batch, state) = self.state();
        let [loss, esr, gradient] = batch.batch(step.starts)?;
        tch::no_grad(|| {
            let both = Tensor::f_stack(&[loss, esr], 0)?.f_to_kind(Kind::Double)?;
            let _ = state.sums.f_add_(&both)?;
            state.batches += 1;
            state.learn(&gradient, step)
        })?;
        Ok(None)
    }

    fn bring(&mut self, learned: &mut Learned, steps: u64) -> Result<(), TrainerError> {
        let (_, state) = self.state();
        let weights = to_vec(&state.weights)?;
        let sums = Vec::<f64>::try_from(&state.sums.f_to_device(tch::Device::Cpu)?)?;
        let bad = weights.iter().map(|&w| f64::from(w)).find(|w| !w.is_finite());
        let bad =
            sums.iter().copied().find(|s| !s.is_finite()).map(|v| ("loss", v)).or(bad.map(|v| ("weight", v)));
        if let Some((what, value)) = bad {
            return Err(TrainerError::Diverged(Divergence { step: steps, what, value }));
        }
        learned.weights = weights;
        let wrong = || TrainerError::Device("the optimiser's state came back in two lengths".into());
        learned.adam =
            Adam::restore(to_vec(&state.mean)?, to_vec(&state.square)?, state.steps).ok_or_else(wrong)?;
        learned.average = state.average.as_ref().map(to_vec).transpose()?;
        learned.figures.loss_sum += sums[0];
        learned.figures.esr_sum += sums[1];
        learned.figures.batches += state.batches;
        let _ = state.sums.f_zero_()?;
        state.batches = 0;
        Ok(())
    }

    fn predict(&mut self, weights: &[f32], part: &Part) -> Result<Vec<f32>, TrainerError> {
        // The network's weights are the ones that learn; they come back after the measurement.
        let learning = self.state.as_ref().map(|state| state.weights.f_detach_copy()).transpose()?;
        let output = self.batch.predict(weights, part);
        if let (Some(state), Some(learning)) = (&mut self.state, learning) {
            tch::no_grad(|| state.weights.f_copy_(&learning).map(drop))?;
        }
        output
    }
}
