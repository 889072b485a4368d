//! The decoder: from a latent to the thirteen values, by a guess and one look at what it missed.
//!
//! ```text
//! latent ─► guess ─► logits ─────────────────────────────────────────────────► + ─► values
//!    │                 └─► values ─► response ─► latent ─► what is missing ─┐   ▲
//!    └──────────────────────────────────────────────────── refinement ◄─────┘ ──┘
//! ```
//!
//! Both are residual networks ([`Mlp`]). Which values make a curve is a question with many nearly right
//! answers; the second network sees how far the first one's answer is from what was asked for, so that it
//! has to learn only how to correct, and does so on curves unlike those it was trained on.
//!
//! Each logit is squashed into the fixed range of its value: gains linearly, frequencies and Q in the
//! logarithm. From the gains' logits those at latent 0 are subtracted, so that 0 decodes to flat
//! whatever the weights are.

use super::mlp::{Mlp, MlpShape};
use super::response::Response;
use super::training::basis;
use crate::TrainerError;
use crate::torch_net::to_vec;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use shared::dsp::cookbook::Shape;
use shared::word_eq::{BAND_RANGES, LATENT, LatentSpace, MAX_GAIN_DB, MAX_Q, MIN_Q, VALUES};
use tch::{Device, Kind, Tensor};

/// Latents of people's settings are some tens of dB long; what the networks see is about 1.
pub const INPUT_SCALE: f32 = 0.1;
/// What is missing, as the refinement sees it, is `MISSING_HEIGHT * softsign(MISSING_SLOPE * dB)`: fine
/// where little is missing, bounded where much is.
pub const MISSING_SLOPE: f32 = 0.25;
/// See [`MISSING_SLOPE`].
pub const MISSING_HEIGHT: f32 = 2.0;
/// The refinement sees the guess's logits up to here: beyond, the values hardly change.
pub const LOGIT_LIMIT: f32 = 3.0;
/// How far the squashed logits reach beyond their range before they are clipped to it. People set
/// values to the very end of a range, which a sigmoid alone never reaches.
pub const OVERREACH: f32 = 0.03;
/// How much quieter than usual the guess's output layer starts, so that training begins in mid-range.
const QUIET_GUESS: f32 = 0.3;
/// How much quieter than usual the refinement's output layer starts: it corrects nothing at first.
const QUIET_REFINEMENT: f32 = 0.03;

/// Size of both networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecoderShape {
    /// Hidden values of the guess.
    pub width: usize,
    /// Its residual blocks.
    pub blocks: usize,
    /// Hidden values of the refinement.
    pub refinement_width: usize,
    /// Its residual blocks.
    pub refinement_blocks: usize,
}

impl DecoderShape {
    /// The network that guesses: from a latent to logits.
    pub fn guess(&self) -> MlpShape {
        MlpShape { inputs: LATENT, width: self.width, blocks: self.blocks, outputs: VALUES }
    }

    /// The network that refines: from the latent, what is missing, and logits to what is added to them.
    pub fn refinement(&self) -> MlpShape {
        let (width, blocks) = (self.refinement_width, self.refinement_blocks);
        MlpShape { inputs: 2 * LATENT + VALUES, width, blocks, outputs: VALUES }
    }

    /// Number of weights: the guess's, then the refinement's.
    pub fn weight_count(&self) -> usize {
        self.guess().weight_count() + self.refinement().weight_count()
    }

    /// Weights to start from.
    pub fn initial_weights(&self, seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut weights = self.guess().initial_weights(QUIET_GUESS, &mut rng);
        weights.extend(self.refinement().initial_weights(QUIET_REFINEMENT, &mut rng));
        weights
    }
}

/// What a logit means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ValueRange {
    /// Lowest value: dB, or the logarithm of a frequency in Hz or of a Q.
    pub lowest: f32,
    /// Highest value, likewise.
    pub highest: f32,
    /// Whether it is the logarithm of the value.
    pub logarithmic: bool,
}

impl ValueRange {
    /// The ranges, in the order of the settings' values.
    pub fn all() -> [Self; VALUES] {
        let gain = Self { lowest: -MAX_GAIN_DB, highest: MAX_GAIN_DB, logarithmic: false };
        let logarithmic = |lowest: f32, highest: f32| Self {
            lowest: lowest.ln(),
            highest: highest.ln(),
            logarithmic: true,
        };
        let mut ranges = Vec::with_capacity(VALUES);
        for band in &BAND_RANGES {
            ranges.push(gain);
            ranges.push(logarithmic(band.lowest_hz, band.highest_hz));
            if band.shape == Shape::Peak {
                ranges.push(logarithmic(MIN_Q, MAX_Q));
            }
        }
        std::array::from_fn(|i| ranges[i])
    }
}

/// The ranges as tensors.
#[derive(Debug)]
pub(super) struct Ranges {
    lowest: Tensor,
    extent: Tensor,
    /// 1 for gains, 0 for the rest.
    is_gain: Tensor,
}

impl Ranges {
    /// As [`ValueRange::all`].
    pub fn new() -> Result<Self, TrainerError> {
        let ranges = ValueRange::all();
        let tensor = |of: fn(&ValueRange) -> f32| Tensor::f_from_slice(&ranges.map(|r| of(&r)));
        Ok(Self {
            lowest: tensor(|r| r.lowest)?,
            extent: tensor(|r| r.highest - r.lowest)?,
            is_gain: tensor(|r| f32::from(u8::from(!r.logarithmic)))?,
        })
    }

    /// Values `[n, 13]` of logits `[n, 13]`.
    pub fn values(&self, logits: &Tensor) -> Result<Tensor, TrainerError> {
        let reach = f64::from(1.0 + 2.0 * OVERREACH);
        let share = logits.f_sigmoid()?.f_mul_scalar(reach)?.f_sub_scalar(f64::from(OVERREACH))?;
        let value = share.f_clamp(0.0, 1.0)?.f_mul(&self.extent)?.f_add(&self.lowest)?;
        Ok(value.f_exp()?.f_where_self(&self.is_gain.f_eq(0.0)?, &value)?)
    }
}

/// The networks in libtorch.
#[derive(Debug)]
pub struct Decoder {
    guess: Mlp,
    refinement: Mlp,
    ranges: Ranges,
    response: Response,
    /// `[64, 32]`: curves times it are latents.
    basis: Tensor,
}

/// What a decoder makes of latents.
#[derive(Debug)]
pub struct Decoded {
    /// Values `[n, 13]`.
    pub values: Tensor,
    /// Curves `[n, 64]` of the guess, in dB.
    pub guessed_db: Tensor,
}

/// Logits at latent 0, which are what the gains' are measured from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtZero {
    /// Of the guess.
    pub guess: [f32; VALUES],
    /// What the refinement adds.
    pub refinement: [f32; VALUES],
}

impl Decoder {
    /// A decoder of these weights, in the order of [`DecoderShape::weight_count`], for a space.
    ///
    /// # Errors
    /// libtorch fails.
    ///
    /// # Panics
    /// The number of weights is not the shape's.
    pub fn new(shape: DecoderShape, weights: &[f32], space: &LatentSpace) -> Result<Self, TrainerError> {
        let mut decoder = Self {
            guess: Mlp::new(shape.guess())?,
            refinement: Mlp::new(shape.refinement())?,
            ranges: Ranges::new()?,
            response: Response::new(Kind::Float),
            basis: basis(space, Kind::Float)?,
        };
        decoder.set_weights(weights)?;
        Ok(decoder)
    }

    /// Replaces all weights.
    ///
    /// # Errors
    /// libtorch fails.
    ///
    /// # Panics
    /// The number of weights is not the shape's.
    pub fn set_weights(&mut self, weights: &[f32]) -> Result<(), TrainerError> {
        let (guess, refinement) = weights.split_at(self.guess.shape().weight_count());
        self.guess.set_weights(guess)?;
        self.refinement.set_weights(refinement)
    }

    /// Decodes `[n, 32]` latents; differentiable in the weights. All tensors are of f32.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn forward(&self, latents: &Tensor) -> Result<Decoded, TrainerError> {
        let rows = latents.size()[0];
        // One row more, for what 0 gives.
        let zero = Tensor::f_zeros([1, LATENT as i64], (Kind::Float, Device::Cpu))?;
        let latents = Tensor::f_cat(&[latents, &zero], 0)?;
        let scaled = latents.f_mul_scalar(f64::from(INPUT_SCALE))?;
        let logits = self.measured_from_zero(&self.guess.forward(&scaled)?)?;
        let guessed_db = self.response.db(&self.ranges.values(&logits)?);
        let missing = latents.f_sub(&guessed_db.f_matmul(&self.basis)?)?;
        let slope = missing.f_mul_scalar(f64::from(MISSING_SLOPE))?;
        let missing = slope.f_div(&slope.f_abs()?.f_add_scalar(1.0)?)?;
        let missing = missing.f_mul_scalar(f64::from(MISSING_HEIGHT))?;
        let limit = f64::from(LOGIT_LIMIT);
        let seen = Tensor::f_cat(&[&scaled, &missing, &logits.f_clamp(-limit, limit)?], 1)?;
        let logits = logits.f_add(&self.measured_from_zero(&self.refinement.forward(&seen)?)?)?;
        let values = self.ranges.values(&logits.f_narrow(0, 0, rows)?)?;
        Ok(Decoded { values, guessed_db: guessed_db.f_narrow(0, 0, rows)? })
    }

    /// Gains' logits less those of the last row, which is latent 0.
    fn measured_from_zero(&self, logits: &Tensor) -> Result<Tensor, TrainerError> {
        let last = logits.f_narrow(0, logits.size()[0] - 1, 1)?;
        Ok(logits.f_sub(&last.f_mul(&self.ranges.is_gain)?)?)
    }

    /// The gradient of a scalar with respect to all weights.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn gradient(&self, loss: &Tensor) -> Result<Vec<f32>, TrainerError> {
        let leaves: Vec<&Tensor> = self.guess.leaves().iter().chain(self.refinement.leaves()).collect();
        let gradients = Tensor::f_run_backward(&[loss], &leaves, false, false)?;
        let flat: Vec<Tensor> = gradients.iter().map(|g| g.f_reshape([-1])).collect::<Result<_, _>>()?;
        to_vec(&Tensor::f_cat(&flat, 0)?)
    }

    /// The values of some latents, one after the other.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn settings(&self, latents: &[[f32; LATENT]]) -> Result<Vec<[f32; VALUES]>, TrainerError> {
        let input = Tensor::f_from_slice(latents.as_flattened())?.f_view([-1, LATENT as i64])?;
        let values = tch::no_grad(|| self.forward(&input).and_then(|decoded| to_vec(&decoded.values)))?;
        Ok(values.as_chunks::<VALUES>().0.to_vec())
    }

    /// What latent 0 gives before it is subtracted.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn at_zero(&self) -> Result<AtZero, TrainerError> {
        tch::no_grad(|| {
            let zeros = |count: usize| Tensor::f_zeros([1, count as i64], (Kind::Float, Device::Cpu));
            let guess = self.guess.forward(&zeros(LATENT)?)?;
            let limit = f64::from(LOGIT_LIMIT);
            let logits = self.measured_from_zero(&guess)?.f_clamp(-limit, limit)?;
            let refinement = self.refinement.forward(&Tensor::f_cat(&[&zeros(2 * LATENT)?, &logits], 1)?)?;
            let [guess, refinement] = [to_vec(&guess)?, to_vec(&refinement)?];
            Ok(AtZero {
                guess: std::array::from_fn(|i| guess[i]),
                refinement: std::array::from_fn(|i| refinement[i]),
            })
        })
    }
}
