//! Gradients of the loss, by whichever means is fastest on this machine.
//!
//! Three back ends give the same numbers: our own kernel on CPU threads, libtorch on CPU threads
//! (one segment at a time on each, because libtorch's own threads get in each other's way), and
//! libtorch with the whole batch at once on a GPU.

mod batch;
mod device;
mod host;
mod kernel;
mod pool;
mod torch;

pub use batch::TorchBatch;
pub use device::OnDevice;
pub use host::OnHost;
pub use kernel::KernelSegment;
pub use pool::Pool;
pub use torch::TorchSegment;

use crate::TrainerError;
use crate::checkpoint::Learned;
use crate::data::Part;
use crate::device::{Device, no_knobs_on_gpu};
use crate::knobs::KnobSegment;
use crate::loss::Loss;
use crate::shape::Shape;
use shared::model::WaveNetSpec;
use std::sync::Arc;

/// What a batch gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchLoss {
    /// The weighted loss.
    pub loss: f64,
    /// Mean squared error over mean target power: the batch's estimate of the ESR.
    pub esr: f64,
}

/// Computes gradients of the loss and runs networks, on weights in the order of
/// [`WaveNetSpec::tensors`].
pub trait Gradient: Send {
    /// What computes where, for the player to read.
    fn description(&self) -> String;

    /// The loss of the segments of the training part that begin at `starts`, and its gradient.
    ///
    /// # Errors
    /// libtorch fails.
    fn gradient(
        &mut self,
        weights: &[f32],
        starts: &[usize],
        gradient: &mut [f32],
    ) -> Result<BatchLoss, TrainerError>;

    /// The network's output over all of `part`.
    ///
    /// # Errors
    /// libtorch fails.
    fn predict(&mut self, weights: &[f32], part: &Part) -> Result<Vec<f32>, TrainerError>;
}

/// One step of training.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Its number, from 0.
    pub number: u64,
    /// Where the segments of its batch begin.
    pub starts: &'a [usize],
    /// Its learning rate.
    pub learning_rate: f64,
    /// The share that the running average of the weights keeps, if there is one.
    pub average: Option<f64>,
}

impl Step<'_> {
    /// The share that the average keeps at this step: the first ones count for more, so that it forgets the
    /// start.
    pub fn average_keeps(&self) -> Option<f32> {
        let number = self.number as f64;
        self.average.map(|share| share.min((number + 1.0) / (number + 10.0)) as f32)
    }
}

/// Takes steps: gradients, optimiser and average, wherever they are kept. Between [`Learner::bring`]s it may be
/// ahead of what the caller sees.
pub trait Learner: Send {
    /// What computes where, for the player to read.
    fn description(&self) -> String;

    /// Takes over what was learned so far. Comes before the first step.
    ///
    /// # Errors
    /// libtorch fails.
    fn begin(&mut self, learned: &Learned) -> Result<(), TrainerError>;

    /// Takes a step. What the batch gave comes back where it is known without waiting for it.
    ///
    /// # Errors
    /// libtorch fails, or the loss or its gradient is no number; then nothing was learned.
    fn step(&mut self, learned: &mut Learned, step: &Step<'_>) -> Result<Option<BatchLoss>, TrainerError>;

    /// Brings `learned` up to date after `steps` steps.
    ///
    /// # Errors
    /// libtorch fails, or the numbers were left since the last call; then `learned` is as it was.
    fn bring(&mut self, learned: &mut Learned, steps: u64) -> Result<(), TrainerError>;

    /// The output over all of `part` of a network with these weights.
    ///
    /// # Errors
    /// libtorch fails.
    fn predict(&mut self, weights: &[f32], part: &Part) -> Result<Vec<f32>, TrainerError>;
}

/// A network that runs on one thread, on segments of one length.
pub trait SegmentNetwork: Send {
    /// Runs `input`, which is longer than `output` by the context, with the gear's knobs at `settings`, and remembers what
    /// [`backward`](SegmentNetwork::backward) needs.
    ///
    /// # Errors
    /// libtorch fails.
    fn forward(
        &mut self,
        weights: &[f32],
        settings: &[f32],
        input: &[f32],
        output: &mut [f32],
    ) -> Result<(), TrainerError>;

    /// Adds the gradient of the last [`forward`](SegmentNetwork::forward) to `gradient`.
    ///
    /// # Errors
    /// libtorch fails.
    fn backward(
        &mut self,
        weights: &[f32],
        settings: &[f32],
        d_output: &[f32],
        gradient: &mut [f32],
    ) -> Result<(), TrainerError>;
}

/// The means of computing gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendChoice {
    /// The kernel where it knows the architecture and the device is the CPU, libtorch otherwise.
    #[default]
    Auto,
    /// Our own kernel.
    Kernel,
    /// libtorch.
    Libtorch,
}

/// Everything a back end is made from.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// What is trained.
    pub shape: &'a Shape,
    /// The part to train from.
    pub part: Arc<Part>,
    /// The loss.
    pub loss: Loss,
    /// Outputs of one segment.
    pub segment_samples: usize,
    /// Segments of a batch.
    pub batch: usize,
    /// Worker threads on the CPU.
    pub workers: usize,
}

/// Makes the back end that was asked for.
///
/// # Errors
/// The kernel was asked for and does not know the architecture or the device, or libtorch fails.
pub fn build(
    setup: &Setup<'_>,
    choice: BackendChoice,
    device: Device,
) -> Result<Box<dyn Gradient>, TrainerError> {
    let on_gpu = device.is_gpu();
    let network = setup.shape.network();
    let kernel = KernelSegment::supports(network);
    match choice {
        _ if on_gpu && setup.shape.knobs().is_some() => Err(no_knobs_on_gpu()),
        BackendChoice::Kernel if on_gpu => Err(TrainerError::Device(
            "`train.backend: kernel` runs on the CPU; write `device: cpu`, or `backend: libtorch` for the GPU".into(),
        )),
        BackendChoice::Kernel if !kernel => Err(TrainerError::Device(
            "`train.backend: kernel` does not know this architecture; write `backend: auto`".into(),
        )),
        BackendChoice::Kernel | BackendChoice::Auto if kernel && !on_gpu => {
            pool(setup, "our own kernel", || KernelSegment::new(network, setup.segment_samples))
        }
        _ if on_gpu => Ok(Box::new(TorchBatch::new(setup, device)?)),
        _ => pool(setup, "libtorch", || TorchSegment::new(network)),
    }
}

/// A pool of networks, with the knobs in front of each where there are any.
fn pool<N: SegmentNetwork + 'static>(
    setup: &Setup<'_>,
    name: &str,
    network: impl Fn() -> Result<N, TrainerError>,
) -> Result<Box<dyn Gradient>, TrainerError> {
    match setup.shape.knobs() {
        None => Ok(Box::new(Pool::new(setup, name, network)?)),
        Some(spec) => {
            Ok(Box::new(Pool::new(setup, name, || Ok(KnobSegment::new(spec.clone(), network()?)))?))
        }
    }
}

/// What computes the gradients of `network` where `choice` is asked for, in words. Two means round differently, so that
/// a run that changes from one to another is another run.
pub fn means(network: &WaveNetSpec, choice: BackendChoice, device: Device) -> &'static str {
    match choice {
        _ if device.is_gpu() => "libtorch on a GPU",
        BackendChoice::Kernel | BackendChoice::Auto if KernelSegment::supports(network) => "our own kernel",
        _ => "libtorch",
    }
}

/// Makes the learner that suits what was asked for: on a GPU everything stays there.
///
/// # Errors
/// As for [`build`].
pub fn learner(
    setup: &Setup<'_>,
    choice: BackendChoice,
    device: Device,
) -> Result<Box<dyn Learner>, TrainerError> {
    let has_knobs = setup.shape.knobs().is_some();
    if device.is_gpu() && choice != BackendChoice::Kernel && !has_knobs {
        return Ok(Box::new(OnDevice::new(setup, device)?));
    }
    Ok(Box::new(OnHost::new(build(setup, choice, device)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LossConfig;
    use crate::data::Pair;
    use shared::model::{Knob, ParametricSpec};

    #[test]
    fn knobs_on_a_gpu_are_refused_before_anything_is_put_there() {
        let network = WaveNetSpec::seed(2, 2, 3, true);
        let pair = Pair { input: vec![0.1; 100], target: vec![0.1; 100], rate_hz: 48_000 };
        let part = Arc::new(Part::new(&pair, 0, network.receptive_field_samples(), 0));
        let knob = Knob { name: "Gain".into(), lowest: 0.0, highest: 10.0, default: 5.0 };
        let shape = Shape::Knobs(ParametricSpec { network, knobs: vec![knob], features: 2 });
        let loss = Loss::new(&LossConfig::default().weights(), part.target());
        let setup = Setup { shape: &shape, part, loss, segment_samples: 10, batch: 1, workers: 1 };
        for choice in [BackendChoice::Auto, BackendChoice::Kernel, BackendChoice::Libtorch] {
            let error = learner(&setup, choice, Device::GPU).err().expect("refused").to_string();
            assert!(error.contains("a model with knobs is trained on the CPU"), "{choice:?}: {error}");
        }
    }
}
