//! Training the decoder through the equaliser's response.
//!
//! The loss is on curves, never on values: different values can make the same curve, and the mean of two
//! good answers is a bad one.

use super::curves::{Curve, level_removed};
use super::decoder::{Decoder, DecoderShape};
use super::random::{random_settings, varied_settings};
use super::response::{Response, curves};
use crate::Divergence;
use crate::TrainerError;
use crate::adam::Adam;
use crate::schedule::{Decay, Schedule};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::word_eq::{GRID, LatentSpace, VALUES};
use std::sync::atomic::{AtomicBool, Ordering};
use tch::{Kind, Tensor};

/// Added to the mean square of a curve's error before the root, in dB²: below a hundredth of a dB an
/// error no longer matters, and the root's slope must stay finite.
const LOSS_FLOOR: f64 = 1e-4;
/// Weight of the guess's own error: it is only a beginning.
const GUESS_WEIGHT: f64 = 0.2;
/// Largest length of a gradient.
const MAX_GRADIENT: f64 = 1.0;
/// Steps over which the learning rate first rises.
const WARM_UP_STEPS: u64 = 200;
/// Share of the curves whose level is removed: words are told by such curves.
const LEVEL_REMOVED: f64 = 0.25;

/// How a decoder is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct DecoderTraining {
    /// Size of the network.
    pub shape: DecoderShape,
    /// Steps to take.
    pub steps: u64,
    /// Curves of a step.
    pub batch: usize,
    /// Learning rate at the start.
    pub learning_rate: f64,
    /// Learning rate at the end of half a cosine.
    pub final_learning_rate: f64,
    /// Seed of weights and curves.
    pub seed: u64,
}

/// What a decoder learns from.
#[derive(Clone, Copy, Debug)]
pub struct Lessons<'a> {
    /// The latent space.
    pub space: &'a LatentSpace,
    /// People's settings; may be empty.
    pub people: &'a [([f32; VALUES], Curve)],
    /// Curves of words; may be empty.
    pub words: &'a [Curve],
}

/// A trained decoder.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedDecoder {
    /// Size of the network.
    pub shape: DecoderShape,
    /// Its weights, in the order of [`DecoderShape::weight_count`].
    pub weights: Vec<f32>,
    /// Steps taken.
    pub steps: u64,
}

/// Trains a decoder. `say` is told the mean error of the curves of the last steps now and then; `stop`
/// ends training early.
///
/// # Errors
/// libtorch fails, or training diverges.
pub fn train(
    training: &DecoderTraining,
    lessons: &Lessons<'_>,
    stop: &AtomicBool,
    say: &mut dyn FnMut(u64, f64),
) -> Result<TrainedDecoder, TrainerError> {
    let shape = training.shape;
    let mut weights = shape.initial_weights(training.seed);
    let mut decoder = Decoder::new(shape, &weights, lessons.space)?;
    let mut adam = Adam::new(weights.len());
    let schedule = Schedule {
        learning_rate: training.learning_rate,
        decay: Decay::Cosine(training.final_learning_rate),
        warm_up_steps: WARM_UP_STEPS.min(training.steps / 10),
    };
    let mut rng = ChaCha8Rng::seed_from_u64(training.seed.wrapping_add(1));
    let response = Response::new(Kind::Float);
    let basis = basis(lessons.space, Kind::Double)?;
    let every = (training.steps / 20).max(1);
    let (mut sum, mut steps) = (0.0, 0);
    while steps < training.steps && !stop.load(Ordering::Relaxed) {
        let batch = draw(lessons, training.batch, &mut rng)?;
        let target = Tensor::f_from_slice(batch.as_flattened())?.f_view([-1, GRID as i64])?;
        let latents = target.f_matmul(&basis)?.f_to_kind(Kind::Float)?;
        let target = target.f_to_kind(Kind::Float)?;
        let loss = |curve_db: &Tensor| -> Result<Tensor, TrainerError> {
            let square = curve_db.f_sub(&target)?.f_square()?.f_mean_dim(1, false, Kind::Float)?;
            Ok(square.f_add_scalar(LOSS_FLOOR)?.f_sqrt()?.f_mean(Kind::Float)?)
        };
        let decoded = decoder.forward(&latents)?;
        let (end, guess) = (loss(&response.db(&decoded.values))?, loss(&decoded.guessed_db)?);
        let value = f64::try_from(&end.f_detach()?)?;
        let loss = end.f_add(&guess.f_mul_scalar(GUESS_WEIGHT)?)?;
        let mut gradient = decoder.gradient(&loss)?;
        let length = gradient.iter().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt();
        for (what, value) in [("loss", value), ("gradient", length)] {
            if !value.is_finite() {
                return Err(TrainerError::Diverged(Divergence { step: steps + 1, what, value }));
            }
        }
        if length > MAX_GRADIENT {
            gradient.iter_mut().for_each(|g| *g *= (MAX_GRADIENT / length) as f32);
        }
        let rate = schedule.rate(steps, steps as f64 / training.steps as f64);
        adam.step(&mut weights, &gradient, rate);
        decoder.set_weights(&weights)?;
        steps += 1;
        sum += value;
        if steps % every == 0 {
            say(steps, sum / every as f64);
            sum = 0.0;
        }
    }
    Ok(TrainedDecoder { shape, weights, steps })
}

/// The space as a `[64, 32]` tensor: curves times it are latents.
///
/// # Errors
/// libtorch fails.
pub fn basis(space: &LatentSpace, kind: Kind) -> Result<Tensor, TrainerError> {
    let rows = Tensor::f_from_slice(space.basis().as_flattened())?.f_view([-1, GRID as i64])?;
    Ok(rows.f_to_kind(kind)?.f_tr()?.f_contiguous()?)
}

/// Curves to learn from. Without people's settings, random ones stand in for them.
fn draw(lessons: &Lessons<'_>, count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<Curve>, TrainerError> {
    let (random, blends, words) = (count / 6, count / 8, count / 12);
    let (varied, differences) = (count / 4, count / 4);
    // First the settings whose curves must be computed, all at once.
    let mut settings: Vec<_> = (0..random + blends).map(|_| random_settings(rng)).collect();
    for _ in 0..varied {
        settings.push(match lessons.people.choose(rng) {
            Some((values, _)) => varied_settings(values, rng),
            None => random_settings(rng),
        });
    }
    let mut batch = curves(&settings)?;
    let computed = batch.clone();
    let person = |rng: &mut ChaCha8Rng| match lessons.people.choose(rng) {
        Some((_, curve)) => *curve,
        None => *computed.choose(rng).unwrap_or(&[0.0; GRID]),
    };
    let mut more = Vec::with_capacity(count);
    // Differences of people's settings at any strength: what one lacks of the other.
    for _ in 0..differences {
        let strength = rng.random::<f64>().sqrt();
        more.push(sum(&person(rng), strength, &person(rng), -strength));
    }
    // What the plugin asks for: two words blended, at any strength, their mirrors too.
    for _ in 0..words {
        let word = |rng: &mut ChaCha8Rng| lessons.words.choose(rng).copied().unwrap_or_else(|| person(rng));
        let (strength, blend) = (rng.random_range(-3.0..=3.0), rng.random::<f64>());
        more.push(sum(&word(rng), strength * (1.0 - blend), &word(rng), strength * blend));
    }
    while batch.len() + more.len() < count {
        more.push(person(rng));
    }
    // Random ones blended with people's, either way round.
    for curve in &mut batch[random..random + blends] {
        let sign = if rng.random_bool(0.5) { 0.5 } else { -0.5 };
        *curve = sum(curve, 0.5, &person(rng), sign);
    }
    batch.extend(more);
    for curve in &mut batch {
        if rng.random_bool(LEVEL_REMOVED) {
            *curve = level_removed(curve);
        }
    }
    Ok(batch)
}

fn sum(a: &Curve, a_share: f64, b: &Curve, b_share: f64) -> Curve {
    std::array::from_fn(|i| a_share * a[i] + b_share * b[i])
}
