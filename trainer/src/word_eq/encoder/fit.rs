//! Gradient descent on small networks in libtorch, the same whatever the network.

use crate::adam::Adam;
use crate::schedule::{Decay, Schedule};
use crate::torch_net::to_vec;
use crate::{Divergence, TrainerError};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::{AtomicBool, Ordering};
use tch::{Device, Kind, Tensor};

/// Largest length of a gradient.
const MAX_GRADIENT: f64 = 1.0;
/// Steps over which the learning rate first rises.
const WARM_UP_STEPS: u64 = 100;
/// Share of the newest weights in their running mean, which is what comes out.
const AVERAGE: f32 = 0.01;

/// The weights of a network as leaves of the automatic differentiation.
#[derive(Debug)]
pub struct Leaves {
    tensors: Vec<Tensor>,
}

impl Leaves {
    /// Zeros of these shapes.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn new(shapes: &[Vec<i64>]) -> Result<Self, TrainerError> {
        let leaf = |shape: &Vec<i64>| {
            Ok(Tensor::f_zeros(shape.as_slice(), (Kind::Float, Device::Cpu))?.f_set_requires_grad(true)?)
        };
        Ok(Self { tensors: shapes.iter().map(leaf).collect::<Result<_, TrainerError>>()? })
    }

    /// The tensors, in the order of their shapes.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Replaces all weights, given one after the other.
    ///
    /// # Errors
    /// libtorch fails.
    ///
    /// # Panics
    /// Their number is another.
    pub fn set(&mut self, weights: &[f32]) -> Result<(), TrainerError> {
        let count: usize = self.tensors.iter().map(Tensor::numel).sum();
        assert_eq!(weights.len(), count, "number of weights");
        let mut rest = weights;
        for leaf in &mut self.tensors {
            let (own, others) = rest.split_at(leaf.numel());
            rest = others;
            let new = Tensor::f_from_slice(own)?.f_view_as(leaf)?;
            tch::no_grad(|| leaf.f_copy_(&new))?;
        }
        Ok(())
    }

    fn gradient(&self, loss: &Tensor) -> Result<Vec<f32>, TrainerError> {
        let gradients = Tensor::f_run_backward(&[loss], &self.tensors, false, false)?;
        let flat: Vec<Tensor> = gradients.iter().map(|g| g.f_reshape([-1])).collect::<Result<_, _>>()?;
        to_vec(&Tensor::f_cat(&flat, 0)?)
    }
}

/// Weights to start from: uniform within 1 / sqrt(fan-in) as PyTorch has it, for weights and biases in turn. The
/// last `zeros` tensors are 0.
pub fn initial(shapes: &[Vec<i64>], zeros: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut weights = Vec::new();
    let mut bound = 1.0;
    for (i, shape) in shapes.iter().enumerate() {
        // A bias has the bound of the weights before it.
        if shape.len() > 1 {
            bound = 1.0 / (shape[1..].iter().product::<i64>() as f32).sqrt();
        }
        let size = shape.iter().product::<i64>();
        let zero = i + zeros >= shapes.len();
        weights.extend((0..size).map(|_| if zero { 0.0 } else { rng.random_range(-bound..=bound) }));
    }
    weights
}

/// A network that can be fitted.
pub trait Network {
    /// What is learned.
    fn leaves(&mut self) -> &mut Leaves;

    /// The loss of a batch drawn with `rng`.
    ///
    /// # Errors
    /// libtorch fails.
    fn loss(&self, rng: &mut ChaCha8Rng) -> Result<Tensor, TrainerError>;
}

/// Fits a network from `weights` on and gives the running mean of its weights, which it keeps. `stop` ends it
/// early.
///
/// # Errors
/// libtorch fails, or training diverges.
pub fn fit(
    network: &mut impl Network,
    mut weights: Vec<f32>,
    steps: u64,
    learning_rate: f64,
    rng: &mut ChaCha8Rng,
    stop: &AtomicBool,
) -> Result<Vec<f32>, TrainerError> {
    let schedule =
        Schedule { learning_rate, decay: Decay::Cosine(0.0), warm_up_steps: WARM_UP_STEPS.min(steps / 5) };
    let mut adam = Adam::new(weights.len());
    let mut mean = weights.clone();
    for step in 0..steps {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        network.leaves().set(&weights)?;
        let loss = network.loss(rng)?;
        let value = f64::try_from(&loss.f_detach()?)?;
        let mut gradient = network.leaves().gradient(&loss)?;
        let length = gradient.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
        for (what, value) in [("loss", value), ("gradient", length)] {
            if !value.is_finite() {
                return Err(TrainerError::Diverged(Divergence { step: step + 1, what, value }));
            }
        }
        if length > MAX_GRADIENT {
            gradient.iter_mut().for_each(|g| *g *= (MAX_GRADIENT / length) as f32);
        }
        adam.step(&mut weights, &gradient, schedule.rate(step, step as f64 / steps as f64));
        // All alike at first, so that the start is soon forgotten.
        let share = AVERAGE.max(1.0 / (step + 1) as f32);
        mean.iter_mut().zip(&weights).for_each(|(mean, w)| *mean += share * (w - *mean));
    }
    network.leaves().set(&mean)?;
    Ok(mean)
}
