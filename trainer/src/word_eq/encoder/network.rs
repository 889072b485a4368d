//! The encoder's network.
//!
//! What was heard is measured first ([`shared::word_eq::Features`], row 0): the longer the listening, the less
//! is left to learn. So the latent is that measurement's, and a correction that fades as more is heard:
//!
//! ```text
//! latent = basis (row 0 - mean) + novelty * (linear(row 0) + network(all rows))
//!
//! network: convolution over frequency, 5 bands wide, every other band ─► relu
//!          ─► [ + relu(pointwise(depthwise, 5 wide)) ] x 2 ─► linear ─► relu ─► linear
//! ```
//!
//! The separable convolutions are those of the seed's FastAudioEncoder; unlike it, this keeps 32 places along
//! the frequency axis to the end, because the answer is a curve over frequency.

use super::fit::Leaves;
use crate::TrainerError;
use crate::torch_net::to_vec;
use shared::dsp::mel::MEL_BANDS;
use shared::word_eq::{FEATURE_ROWS, FEATURES, GRID, LATENT, Latent, LatentSpace, NOVELTY_ROW};
use tch::{Kind, Tensor};

/// What row 0 is to be multiplied with to be in dB.
pub const ROW_DB: f32 = 20.0;
/// What the network's outputs are multiplied with: latents are some tens of dB long.
pub const OUTPUT_SCALE: f32 = 10.0;
/// Bands a convolution reaches over.
pub const KERNEL: usize = 5;
/// Separable blocks.
pub const BLOCKS: usize = 2;
/// Places along the frequency axis after the first convolution.
pub const PLACES: usize = MEL_BANDS / 2;
/// Share of the values left out while learning.
pub const DROPOUT: f64 = 0.1;

/// Size of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderShape {
    /// Channels of the convolutions.
    pub channels: usize,
    /// Values between the two linear layers.
    pub hidden: usize,
}

impl EncoderShape {
    /// Shapes of the weights, from first to last.
    pub fn shapes(&self) -> Vec<Vec<i64>> {
        let (c, h, k) = (self.channels as i64, self.hidden as i64, KERNEL as i64);
        let mut shapes = vec![vec![c, FEATURE_ROWS as i64, k], vec![c]];
        for _ in 0..BLOCKS {
            shapes.extend([vec![c, 1, k], vec![c], vec![c, c, 1], vec![c]]);
        }
        shapes.extend([vec![h, c * PLACES as i64], vec![h], vec![LATENT as i64, h], vec![LATENT as i64]]);
        shapes
    }

    /// Number of weights.
    pub fn weight_count(&self) -> usize {
        self.shapes().iter().map(|s| s.iter().product::<i64>() as usize).sum()
    }
}

/// A trained encoder.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// Size.
    pub shape: EncoderShape,
    /// The mean balance: where the latent is 0.
    pub mean_balance_db: [f32; GRID],
    /// The linear correction, a row of 64 weights for each number of the latent.
    pub linear: Vec<f32>,
    /// Its biases.
    pub linear_bias: [f32; LATENT],
    /// The network's weights, in the order of [`EncoderShape::shapes`].
    pub weights: Vec<f32>,
}

impl Trained {
    /// One that gives zeros whatever it hears.
    pub fn deaf(shape: EncoderShape) -> Self {
        Self {
            shape,
            mean_balance_db: [0.0; GRID],
            linear: vec![0.0; LATENT * GRID],
            linear_bias: [0.0; LATENT],
            weights: vec![0.0; shape.weight_count()],
        }
    }
}

/// The encoder in libtorch.
#[derive(Debug)]
pub struct Encoder {
    pub(super) leaves: Leaves,
    direct: (Tensor, Tensor),
    linear: (Tensor, Tensor),
}

/// The direct part as a linear layer: weights `[32, 64]` of row 0, and biases.
pub fn direct(space: &LatentSpace, mean_balance_db: &[f32; GRID]) -> (Vec<f32>, [f32; LATENT]) {
    let weights = space.basis().iter().flatten().map(|b| ROW_DB * b).collect();
    let at_mean = space.latent(&mean_balance_db.map(f64::from));
    (weights, at_mean.map(|v| -v))
}

impl Encoder {
    /// The network of some weights.
    ///
    /// # Errors
    /// libtorch fails.
    ///
    /// # Panics
    /// The number of weights is not that of the shape.
    pub fn new(trained: &Trained, space: &LatentSpace) -> Result<Self, TrainerError> {
        let mut leaves = Leaves::new(&trained.shape.shapes())?;
        leaves.set(&trained.weights)?;
        let layer = |weights: &[f32], bias: &[f32]| -> Result<(Tensor, Tensor), TrainerError> {
            let weights = Tensor::f_from_slice(weights)?.f_view([LATENT as i64, GRID as i64])?;
            Ok((weights, Tensor::f_from_slice(bias)?))
        };
        let (weights, bias) = direct(space, &trained.mean_balance_db);
        let direct = layer(&weights, &bias)?;
        Ok(Self { leaves, direct, linear: layer(&trained.linear, &trained.linear_bias)? })
    }

    /// Latents `[n, 32]` of features `[n, 14, 64]`; `dropped` `[n, channels * 32]` is what the values before the
    /// linear layers are multiplied with while learning.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn forward(&self, features: &Tensor, dropped: Option<&Tensor>) -> Result<Tensor, TrainerError> {
        let row = features.f_select(1, 0)?;
        let novelty = features.f_select(1, NOVELTY_ROW as i64)?.f_narrow(1, 0, 1)?;
        let linear = |x: &Tensor, (weights, bias): &(Tensor, Tensor)| x.f_linear(weights, Some(bias));
        let w = self.leaves.tensors();
        let pad = (KERNEL / 2) as i64;
        let mut x = features.f_conv1d(&w[0], Some(&w[1]), 2, pad, 1, 1)?.f_relu()?;
        let channels = w[1].size()[0];
        for block in 0..BLOCKS {
            let w = &w[2 + 4 * block..];
            let y = x.f_conv1d(&w[0], Some(&w[1]), 1, pad, 1, channels)?;
            let y = y.f_conv1d(&w[2], Some(&w[3]), 1, 0, 1, 1)?.f_relu()?;
            x = x.f_add(&y)?;
        }
        let w = &w[2 + 4 * BLOCKS..];
        let mut x = x.f_flatten(1, -1)?;
        if let Some(dropped) = dropped {
            x = x.f_mul(dropped)?;
        }
        let x = x.f_linear(&w[0], Some(&w[1]))?.f_relu()?.f_linear(&w[2], Some(&w[3]))?;
        let correction = x.f_mul_scalar(f64::from(OUTPUT_SCALE))?.f_add(&linear(&row, &self.linear)?)?;
        Ok(linear(&row, &self.direct)?.f_add(&correction.f_mul(&novelty)?)?)
    }

    /// Latents of some features, [`FEATURES`] values each.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn latents(&self, features: &[f32]) -> Result<Vec<Latent>, TrainerError> {
        let input = Tensor::f_from_slice(features)?;
        let input =
            input.f_view([(features.len() / FEATURES) as i64, FEATURE_ROWS as i64, MEL_BANDS as i64])?;
        let output = tch::no_grad(|| self.forward(&input, None).and_then(|latents| to_vec(&latents)))?;
        Ok(output.as_chunks::<LATENT>().0.to_vec())
    }
}

/// A mean of squares over the last dimension, for losses.
///
/// # Errors
/// libtorch fails.
pub fn squares(apart: &Tensor) -> Result<Tensor, TrainerError> {
    Ok(apart.f_square()?.f_sum_dim_intlist(-1, false, Kind::Float)?)
}
