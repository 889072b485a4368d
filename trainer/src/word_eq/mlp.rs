//! Residual networks of linear layers.
//!
//! ```text
//! x ─► linear ─► silu ─► [ + linear(silu(linear)) ] x blocks ─► silu ─► linear ─► y
//! ```

use crate::TrainerError;
use rand::Rng;
use tch::{Device, Kind, Tensor};

/// Size of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MlpShape {
    /// Values in.
    pub inputs: usize,
    /// Hidden values.
    pub width: usize,
    /// Residual blocks of two layers each.
    pub blocks: usize,
    /// Values out.
    pub outputs: usize,
}

impl MlpShape {
    /// Outputs and inputs of each layer, from first to last.
    pub fn layers(&self) -> Vec<(usize, usize)> {
        let mut layers = vec![(self.width, self.inputs)];
        layers.extend(vec![(self.width, self.width); 2 * self.blocks]);
        layers.push((self.outputs, self.width));
        layers
    }

    /// Number of weights: of each layer `[outputs, inputs]` row by row, then its biases.
    pub fn weight_count(&self) -> usize {
        self.layers().iter().map(|(outputs, inputs)| outputs * (inputs + 1)).sum()
    }

    /// Weights to start from: uniform within 1 / sqrt(inputs), PyTorch's default; of the last layer, `quiet`
    /// times that.
    pub fn initial_weights(&self, quiet: f32, rng: &mut impl Rng) -> Vec<f32> {
        let (layers, mut weights) = (self.layers(), Vec::with_capacity(self.weight_count()));
        for (i, (outputs, inputs)) in layers.iter().enumerate() {
            let factor = if i + 1 == layers.len() { quiet } else { 1.0 };
            let bound = factor / (*inputs as f32).sqrt();
            weights.extend((0..outputs * (inputs + 1)).map(|_| rng.random_range(-bound..=bound)));
        }
        weights
    }

    /// Weights and biases of each layer, out of all weights.
    ///
    /// # Panics
    /// The number of weights is not the shape's.
    pub fn split<'a>(&self, weights: &'a [f32]) -> Vec<(&'a [f32], &'a [f32])> {
        assert_eq!(weights.len(), self.weight_count(), "number of weights");
        let mut rest = weights;
        let layers = self.layers().into_iter().map(|(outputs, inputs)| {
            let (weights, others) = rest.split_at(outputs * inputs);
            let (bias, others) = others.split_at(outputs);
            rest = others;
            (weights, bias)
        });
        layers.collect()
    }
}

/// A network in libtorch.
#[derive(Debug)]
pub struct Mlp {
    shape: MlpShape,
    /// Weight and bias of each layer, leaves of the automatic differentiation.
    leaves: Vec<Tensor>,
}

impl Mlp {
    /// A network with all weights 0.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn new(shape: MlpShape) -> Result<Self, TrainerError> {
        let mut leaves = Vec::new();
        for (outputs, inputs) in shape.layers() {
            for size in [vec![outputs as i64, inputs as i64], vec![outputs as i64]] {
                let leaf = Tensor::f_zeros(size, (Kind::Float, Device::Cpu))?;
                leaves.push(leaf.f_set_requires_grad(true)?);
            }
        }
        Ok(Self { shape, leaves })
    }

    /// The size.
    pub fn shape(&self) -> MlpShape {
        self.shape
    }

    /// Weight and bias of each layer.
    pub fn leaves(&self) -> &[Tensor] {
        &self.leaves
    }

    /// Replaces all weights.
    ///
    /// # Errors
    /// libtorch fails.
    ///
    /// # Panics
    /// The number of weights is not the shape's.
    pub fn set_weights(&mut self, weights: &[f32]) -> Result<(), TrainerError> {
        let layers = self.shape.split(weights);
        let parts = layers.into_iter().flat_map(|(weights, bias)| [weights, bias]);
        tch::no_grad(|| {
            for (leaf, part) in self.leaves.iter_mut().zip(parts) {
                leaf.f_copy_(&Tensor::f_from_slice(part)?.f_view_as(leaf)?)?;
            }
            Ok(())
        })
    }

    /// Runs `[n, inputs]` and gives `[n, outputs]`; differentiable in the weights.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, TrainerError> {
        let linear =
            |x: &Tensor, layer: usize| x.f_linear(&self.leaves[2 * layer], Some(&self.leaves[2 * layer + 1]));
        let mut hidden = linear(x, 0)?.f_silu()?;
        for block in 0..self.shape.blocks {
            let inner = linear(&hidden, 1 + 2 * block)?.f_silu()?;
            hidden = hidden.f_add(&linear(&inner, 2 + 2 * block)?)?;
        }
        Ok(linear(&hidden.f_silu()?, 1 + 2 * self.shape.blocks)?)
    }
}
