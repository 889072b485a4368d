//! The FastAudioEncoder that Tonewright began with, for comparison: the same sound, its own network.
//!
//! ```text
//! spectrogram [7, 64] ─► depthwise 3x3 ─► relu ─► 32 ─► relu ─► mean of 2x2
//!                     ─► depthwise 3x3 ─► relu ─► 64 ─► relu ─► means of 4x4 cells ─► linear ─► relu ─► linear
//! ```
//!
//! It hears one window of 85 ms. After a longer time its answers to the windows so far are averaged.

use super::fit::{self, Leaves, Network, initial};
use super::material::{Material, WINDOW, WINDOWS};
use super::network::{OUTPUT_SCALE, squares};
use crate::TrainerError;
use crate::torch_net::to_vec;
use crate::word_eq::sound::rng_of;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use shared::dsp::mel::MEL_BANDS;
use shared::word_eq::{GRID, LATENT, Latent, LatentSpace, RECENT_FRAMES};
use std::sync::atomic::AtomicBool;
use tch::{Kind, Tensor};

/// Windows of a step.
const BATCH: usize = 256;
/// Squares of this size are usual in the loss, in dB².
const USUAL_SQUARE: f64 = 40.0;

fn shapes() -> Vec<Vec<i64>> {
    vec![
        vec![1, 1, 3, 3],
        vec![1],
        vec![32, 1, 1, 1],
        vec![32],
        vec![32, 1, 3, 3],
        vec![32],
        vec![64, 32, 1, 1],
        vec![64],
        vec![128, 1024],
        vec![128],
        vec![LATENT as i64, 128],
        vec![LATENT as i64],
    ]
}

/// The network, and what it learns from.
pub struct SeedNetwork<'a> {
    leaves: Leaves,
    material: &'a Material,
    clips: Vec<usize>,
    latents: Vec<Latent>,
}

impl<'a> SeedNetwork<'a> {
    /// Trains one on all clips but those of a fold, towards latents relative to `mean`.
    ///
    /// # Errors
    /// libtorch fails, or training diverges.
    pub fn train(
        material: &'a Material,
        space: &LatentSpace,
        mean: &[f32; GRID],
        left_out: Option<usize>,
        steps: u64,
        seed: u64,
        stop: &AtomicBool,
    ) -> Result<Self, TrainerError> {
        let clips = material.training(left_out);
        let latent = |c: &usize| {
            let balance = &material.clips[*c].balance_db;
            space.latent(&std::array::from_fn(|i| f64::from(balance[i] - mean[i])))
        };
        let latents = clips.iter().map(latent).collect();
        let mut rng = rng_of(&format!("FastAudioEncoder {left_out:?}"), seed);
        let weights = initial(&shapes(), 0, &mut rng);
        let mut network = Self { leaves: Leaves::new(&shapes())?, material, clips, latents };
        fit::fit(&mut network, weights, steps, 2e-3, &mut rng, stop)?;
        Ok(network)
    }

    /// `[n, 32]` of `[n, 7, 64]`.
    fn forward(&self, windows: &Tensor) -> Result<Tensor, TrainerError> {
        let w = self.leaves.tensors();
        let level = windows.f_mean_dim([1i64, 2].as_slice(), true, Kind::Float)?;
        let x = windows.f_sub(&level)?.f_unsqueeze(1)?;
        let conv = |x: &Tensor, layer: usize, pad: i64, groups: i64| {
            x.f_conv2d(&w[2 * layer], Some(&w[2 * layer + 1]), [1, 1], [pad, pad], [1, 1], groups)
                .and_then(|y| y.f_relu())
        };
        let x = conv(&conv(&x, 0, 1, 1)?, 1, 0, 1)?;
        let x = x.f_avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None)?;
        let x = conv(&conv(&x, 2, 1, 32)?, 3, 0, 1)?;
        let x = x.f_adaptive_avg_pool2d([4, 4])?.f_flatten(1, -1)?;
        let x = x.f_linear(&w[8], Some(&w[9]))?.f_relu()?.f_linear(&w[10], Some(&w[11]))?;
        Ok(x.f_mul_scalar(f64::from(OUTPUT_SCALE))?)
    }

    /// The mean of the answers to the first `count` windows of a clip.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn latent(&self, clip: usize, count: usize) -> Result<Latent, TrainerError> {
        let windows: Vec<f32> =
            (0..count).flat_map(|i| self.material.window(clip, i).iter().copied()).collect();
        let x = Tensor::f_from_slice(&windows)?;
        let x = x.f_view([count as i64, RECENT_FRAMES as i64, MEL_BANDS as i64])?;
        let answers = tch::no_grad(|| self.forward(&x).and_then(|latents| to_vec(&latents)))?;
        let answers = answers.as_chunks::<LATENT>().0;
        Ok(std::array::from_fn(|k| answers.iter().map(|a| a[k]).sum::<f32>() / count as f32))
    }
}

impl Network for SeedNetwork<'_> {
    fn leaves(&mut self) -> &mut Leaves {
        &mut self.leaves
    }

    fn loss(&self, rng: &mut ChaCha8Rng) -> Result<Tensor, TrainerError> {
        let (mut windows, mut latents) = (Vec::with_capacity(BATCH * WINDOW), Vec::new());
        for _ in 0..BATCH {
            let i = rng.random_range(0..self.clips.len());
            windows.extend_from_slice(self.material.window(self.clips[i], rng.random_range(0..WINDOWS)));
            latents.extend_from_slice(&self.latents[i]);
        }
        let x = Tensor::f_from_slice(&windows)?;
        let x = x.f_view([BATCH as i64, RECENT_FRAMES as i64, MEL_BANDS as i64])?;
        let y = Tensor::f_from_slice(&latents)?.f_view([BATCH as i64, LATENT as i64])?;
        let loss = squares(&self.forward(&x)?.f_sub(&y)?)?.f_mean(Kind::Float)?;
        Ok(loss.f_div_scalar(GRID as f64 * USUAL_SQUARE)?)
    }
}
