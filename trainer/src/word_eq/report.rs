//! How good a decoder is, on people it never saw, beside what any thirteen values could reach.

use super::curves::{Curve, difference, rms};
use super::decoder::{Decoder, Ranges};
use super::response::{Response, curves};
use super::training::TrainedDecoder;
use crate::TrainerError;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::word_eq::{EqSettings, GRID, LatentSpace, Polish, VALUES};
use tch::{Kind, Tensor};

/// Errors of some curves: root mean square over the grid, in dB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    /// Mean.
    pub mean_db: f64,
    /// Median.
    pub median_db: f64,
    /// Nine of ten are smaller.
    pub ninety_db: f64,
}

impl std::fmt::Display for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (db, before) in [(self.mean_db, ""), (self.median_db, " "), (self.ninety_db, " ")] {
            match db.is_nan() {
                true => write!(f, "{before}{:>8}", '-')?,
                false => write!(f, "{before}{db:>8.3}")?,
            }
        }
        Ok(())
    }
}

impl Errors {
    /// What stands above errors and their floor, in dB.
    pub const HEADER: &str =
        " network   median     90 % polished   median     90 %    floor   median     90 %";

    /// Of errors in any order; NaN if there are none, so that nothing does not read as perfect.
    pub fn of(errors_db: &[f64]) -> Self {
        let mut errors_db = errors_db.to_vec();
        errors_db.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = ((errors_db.len() as f64 * share) as usize).min(errors_db.len().saturating_sub(1));
            errors_db.get(index).copied().unwrap_or(f64::NAN)
        };
        let mean_db = errors_db.iter().sum::<f64>() / errors_db.len() as f64;
        Self { mean_db, median_db: at(0.5), ninety_db: at(0.9) }
    }
}

/// What a decoder makes of curves: errors of its network alone, and after [`Polish`], as the plugin has them.
///
/// # Errors
/// libtorch fails.
pub fn decoder_errors(
    trained: &TrainedDecoder,
    space: &LatentSpace,
    targets: &[Curve],
) -> Result<[Vec<f64>; 2], TrainerError> {
    let latents: Vec<_> = targets.iter().map(|curve| space.latent(curve)).collect();
    let settings = Decoder::new(trained.shape, &trained.weights, space)?.settings(&latents)?;
    let polish = Polish::default();
    let polished = settings.iter().zip(&latents).map(|(values, latent)| {
        polish.polish(&EqSettings::from_values(values), &space.curve_db(latent)).to_values()
    });
    let errors = |settings: &[[f32; VALUES]]| -> Result<Vec<f64>, TrainerError> {
        let reached = curves(settings)?;
        Ok(reached.iter().zip(targets).map(|(reached, target)| rms(&difference(reached, target))).collect())
    };
    Ok([errors(&settings)?, errors(&polished.collect::<Vec<_>>())?])
}

/// Curves minus others of them: each with one of another user, if there is any.
pub fn differences(of: &[(&str, Curve)], seed: u64) -> Vec<Curve> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let pair = |(user, curve): &(&str, Curve)| {
        let others: Vec<&Curve> = of.iter().filter(|(other, _)| other != user).map(|(_, c)| c).collect();
        others.choose(&mut rng).map(|other| difference(curve, other))
    };
    of.iter().filter_map(pair).collect()
}

/// Values for a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fit {
    /// The values, in the order of [`EqSettings::from_values`](shared::word_eq::EqSettings::from_values).
    pub values: [f32; VALUES],
    /// How far their response is from the curve, root mean square in dB.
    pub error_db: f64,
}

/// How hard a direct optimisation tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Random starts for each curve; the best end counts.
    pub starts: usize,
    /// Steps from each.
    pub steps: u32,
}

impl Effort {
    /// For the floor: seconds a curve.
    pub const THOROUGH: Self = Self { starts: 10, steps: 1_200 };
    /// To fit many curves.
    pub const QUICK: Self = Self { starts: 4, steps: 500 };
}

/// Learning rate of the direct optimisation at the start.
const RATE: f64 = 0.1;

/// The thirteen values that come closest to each curve, by direct optimisation from random starts.
///
/// # Errors
/// libtorch fails.
pub fn fit(targets: &[Curve], effort: Effort, seed: u64) -> Result<Vec<Fit>, TrainerError> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let Effort { starts, steps } = effort;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let rows = targets.len() * starts;
    let start: Vec<f32> = (0..rows * VALUES).map(|_| rng.random_range(-1.2..1.2)).collect();
    let mut logits = Tensor::f_from_slice(&start)?.f_view([-1, VALUES as i64])?.f_set_requires_grad(true)?;
    let repeated: Vec<Curve> = targets.iter().flat_map(|t| vec![*t; starts]).collect();
    let target = Tensor::f_from_slice(repeated.as_flattened())?.f_view([-1, GRID as i64])?;
    let target = target.f_to_kind(Kind::Float)?;
    let (response, squash) = (Response::new(Kind::Float), Ranges::new()?);
    let [mut mean, mut square] = [logits.f_zeros_like()?, logits.f_zeros_like()?];
    for step in 1..=steps {
        let curve = response.db(&squash.values(&logits)?);
        let error = curve.f_sub(&target)?.f_square()?.f_mean_dim(1, false, Kind::Float)?;
        let loss = error.f_add_scalar(1e-6)?.f_sqrt()?.f_sum(Kind::Float)?;
        let gradient = Tensor::f_run_backward(&[loss], &[&logits], false, false)?.remove(0);
        // Adam, for each curve and start on its own.
        let progress = f64::from(step) / f64::from(steps);
        let rate = RATE * (0.01 + 0.495 * (1.0 + (std::f64::consts::PI * progress).cos()));
        tch::no_grad(|| -> Result<(), TrainerError> {
            mean = mean.f_lerp(&gradient, 0.1)?;
            square = square.f_lerp(&gradient.f_square()?, 0.01)?;
            let unbiased = square.f_div_scalar(1.0 - 0.99f64.powi(step as i32))?.f_sqrt()?;
            let by = mean.f_div(&unbiased.f_add_scalar(1e-8)?)?;
            let _ = logits.f_sub_(&by.f_mul_scalar(rate / (1.0 - 0.9f64.powi(step as i32)))?)?;
            Ok(())
        })?;
    }
    let values = crate::torch_net::to_vec(&squash.values(&logits.detach())?)?;
    let values = values.as_chunks::<VALUES>().0;
    let reached = curves(values)?;
    let fits = targets.iter().enumerate().map(|(i, target)| {
        let ends = i * starts..(i + 1) * starts;
        let fits = ends.map(|k| Fit { values: values[k], error_db: rms(&difference(&reached[k], target)) });
        fits.min_by(|a, b| a.error_db.total_cmp(&b.error_db)).unwrap_or_default()
    });
    Ok(fits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_errors_are_not_small_ones() {
        assert!(Errors::of(&[]).mean_db.is_nan());
        assert!(!Errors::of(&[]).to_string().contains('0'));
        let errors = Errors::of(&[3.0, 1.0, 2.0]);
        assert_eq!((errors.mean_db, errors.median_db, errors.ninety_db), (2.0, 2.0, 3.0));
    }

    #[test]
    fn differences_are_between_people() {
        // The curve tells the user, and no two are alike.
        let of: Vec<(&str, Curve)> =
            (0..20).map(|i| (if i < 10 { "a" } else { "b" }, [f64::from(i); GRID])).collect();
        let found = differences(&of, 1);
        assert_eq!(found.len(), 20);
        for (i, curve) in found.iter().enumerate() {
            let other = of[i].1[0] - curve[0];
            assert_ne!(i < 10, other < 10.0, "{i} and {other}");
        }
        assert!(differences(&of[..10], 1).is_empty(), "one user differs from nobody");
    }
}
