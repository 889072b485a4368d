//! Training the encoder: first its linear part in closed form, then the network for what that leaves.

use super::fit::{self, Leaves, Network, initial};
use super::material::{MOMENTS, Material};
use super::network::{DROPOUT, Encoder, EncoderShape, PLACES, ROW_DB, Trained, direct, squares};
use super::ridge::Ridge;
use crate::TrainerError;
use crate::word_eq::sound::rng_of;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use shared::dsp::mel::MEL_BANDS;
use shared::word_eq::{FEATURE_ROWS, GRID, LATENT, LatentSpace, NOVELTY_ROW};
use std::sync::atomic::AtomicBool;
use tch::{Kind, Tensor};

/// Clips of a step.
const BATCH: usize = 256;
/// Strength of the linear part's regularisation.
const RIDGE: f64 = 3e-3;
/// A moment's weight is 1 / (this + novelty): late ones can be known better, so they count more.
const LATE: f32 = 0.25;
/// Squares of this size are usual in the loss, in dB².
const USUAL_SQUARE: f64 = 20.0;

/// How an encoder is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EncoderTraining {
    /// Size of the network.
    pub shape: EncoderShape,
    /// Steps to take.
    pub steps: u64,
    /// Learning rate at the start; falls to 0 in half a cosine.
    pub learning_rate: f64,
    /// Seed of weights and batches.
    pub seed: u64,
}

/// A moment that can be learned from: sound was heard, and what is the truth.
struct Lesson {
    clip: usize,
    moment: usize,
    latent: [f32; LATENT],
}

fn novelty(features: &[f32]) -> f32 {
    features[NOVELTY_ROW * MEL_BANDS]
}

fn weight(features: &[f32]) -> f32 {
    1.0 / (LATE + novelty(features))
}

fn lessons(material: &Material, clips: &[usize], space: &LatentSpace, mean: &[f32; GRID]) -> Vec<Lesson> {
    let mut lessons = Vec::with_capacity(clips.len() * MOMENTS);
    for &clip in clips {
        let balance = &material.clips[clip].balance_db;
        let latent = space.latent(&std::array::from_fn(|i| f64::from(balance[i] - mean[i])));
        // Without novelty nothing was heard.
        let heard = (0..MOMENTS).filter(|m| novelty(material.features(clip, *m)) > 0.0);
        lessons.extend(heard.map(|moment| Lesson { clip, moment, latent }));
    }
    lessons
}

/// The linear correction in closed form: of what the direct part leaves, on row 0 and a constant, both times
/// the novelty.
fn linear(
    material: &Material,
    lessons: &[Lesson],
    space: &LatentSpace,
    mean: &[f32; GRID],
) -> Result<(Vec<f32>, [f32; LATENT]), TrainerError> {
    const INPUTS: usize = GRID + 1;
    let (direct, bias) = direct(space, mean);
    let (mut x, mut y, mut w) = (Vec::new(), Vec::new(), Vec::new());
    for lesson in lessons {
        let features = material.features(lesson.clip, lesson.moment);
        let (row, g) = (&features[..GRID], novelty(features));
        x.extend(row.iter().chain(&[1.0]).map(|v| f64::from(v * g)));
        for (k, weights) in direct.as_chunks::<GRID>().0.iter().enumerate() {
            let measured: f32 = row.iter().zip(weights).map(|(v, w)| v * w).sum();
            y.push(f64::from(lesson.latent[k] - measured - bias[k]));
        }
        w.push(f64::from(weight(features)));
    }
    let matrix = |values: &[f64], columns: usize| -> Result<Tensor, TrainerError> {
        Ok(Tensor::f_from_slice(values)?.f_view([-1, columns as i64])?)
    };
    // Far from its constant there is nothing to correct, so both are brought back to 0 alike.
    let (x, y, w) = (matrix(&x, INPUTS)?, matrix(&y, LATENT)?, Tensor::f_from_slice(&w)?);
    let (weights, _) = Ridge::fit_through_zero(&x, &y, &w, RIDGE)?.to_vecs()?;
    let at = |input: usize, output: usize| weights[input * LATENT + output] as f32;
    let rows = (0..LATENT).flat_map(|k| (0..GRID).map(move |i| (i, k))).map(|(i, k)| at(i, k)).collect();
    Ok((rows, std::array::from_fn(|k| at(GRID, k))))
}

struct Course<'a> {
    encoder: Encoder,
    material: &'a Material,
    lessons: &'a [Lesson],
    kept: usize,
}

impl Network for Course<'_> {
    fn leaves(&mut self) -> &mut Leaves {
        &mut self.encoder.leaves
    }

    fn loss(&self, rng: &mut ChaCha8Rng) -> Result<Tensor, TrainerError> {
        let (mut features, mut latents, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..BATCH {
            let lesson = &self.lessons[rng.random_range(0..self.lessons.len())];
            let values = self.material.features(lesson.clip, lesson.moment);
            features.extend_from_slice(values);
            latents.extend_from_slice(&lesson.latent);
            weights.push(weight(values));
        }
        let rows = BATCH as i64;
        let x = Tensor::f_from_slice(&features)?.f_view([rows, FEATURE_ROWS as i64, MEL_BANDS as i64])?;
        let y = Tensor::f_from_slice(&latents)?.f_view([rows, LATENT as i64])?;
        let left = (1.0 / (1.0 - DROPOUT)) as f32;
        let dropped: Vec<f32> =
            (0..BATCH * self.kept).map(|_| if rng.random_bool(DROPOUT) { 0.0 } else { left }).collect();
        let dropped = Tensor::f_from_slice(&dropped)?.f_view([rows, self.kept as i64])?;
        let apart = self.encoder.forward(&x, Some(&dropped))?.f_sub(&y)?;
        let loss = squares(&apart)?.f_mul(&Tensor::f_from_slice(&weights)?)?.f_mean(Kind::Float)?;
        Ok(loss.f_div_scalar(GRID as f64 * USUAL_SQUARE)?)
    }
}

/// Trains an encoder on all clips but those of `left_out`. `stop` ends it early.
///
/// # Errors
/// libtorch fails, training diverges, or there is nothing to learn from.
pub fn train(
    how: &EncoderTraining,
    material: &Material,
    space: &LatentSpace,
    left_out: Option<usize>,
    stop: &AtomicBool,
) -> Result<Trained, TrainerError> {
    let clips = material.training(left_out);
    let mean_balance_db = material.mean_balance_db(&clips);
    let lessons = lessons(material, &clips, space, &mean_balance_db);
    if lessons.is_empty() {
        return Err(TrainerError::Setting("`audio`: there is no sound to learn from".into()));
    }
    let (linear, linear_bias) = linear(material, &lessons, space, &mean_balance_db)?;
    let mut rng = rng_of(&format!("encoder {left_out:?}"), how.seed);
    let shapes = how.shape.shapes();
    // The last layer and its bias start at 0: the linear part alone.
    let weights = initial(&shapes, 2, &mut rng);
    let mut trained =
        Trained { shape: how.shape, mean_balance_db, linear, linear_bias, weights: weights.clone() };
    let encoder = Encoder::new(&trained, space)?;
    let kept = how.shape.channels * PLACES;
    let mut course = Course { encoder, material, lessons: &lessons, kept };
    trained.weights = fit::fit(&mut course, weights, how.steps, how.learning_rate, &mut rng, stop)?;
    Ok(trained)
}

/// The curve of a latent, and the mean it is relative to.
pub fn curve_db(space: &LatentSpace, mean: &[f32; GRID], latent: &[f32; LATENT]) -> [f32; GRID] {
    let curve = space.curve_db(latent);
    std::array::from_fn(|i| curve[i] as f32 + mean[i])
}

/// What row 0 of some features says of the balance, in dB: measured, not learned.
pub fn measured_db(features: &[f32]) -> [f32; GRID] {
    std::array::from_fn(|i| ROW_DB * features[i])
}
