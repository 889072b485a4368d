//! What any encoder must beat: a ridge regression on a mean spectrum, for each length of listening.

use super::material::{Material, TIMES};
use super::ridge::Ridge;
use super::score::Curve;
use crate::TrainerError;
use shared::dsp::mel::MEL_BANDS;
use shared::word_eq::GRID;
use tch::{Kind, Tensor};

/// Row of the features that holds the mean of the logarithms.
pub const MEAN_LOG_ROW: usize = 2;
/// Row that holds the logarithm of the mean power.
pub const LOG_MEAN_ROW: usize = 1;
/// Strengths that are tried.
const STRENGTHS: [f64; 5] = [0.003, 0.03, 0.3, 3.0, 30.0];

fn spectra(material: &Material, clips: &[usize], time: usize, row: usize) -> Result<Tensor, TrainerError> {
    let rows = clips.iter().flat_map(|&c| &material.features(c, time)[row * MEL_BANDS..][..MEL_BANDS]);
    let values: Vec<f64> = rows.map(|v| f64::from(*v)).collect();
    Ok(Tensor::f_from_slice(&values)?.f_view([-1, MEL_BANDS as i64])?)
}

fn balances(material: &Material, clips: &[usize]) -> Result<Tensor, TrainerError> {
    let rows = clips.iter().flat_map(|&c| &material.clips[c].balance_db);
    let values: Vec<f64> = rows.map(|v| f64::from(*v)).collect();
    Ok(Tensor::f_from_slice(&values)?.f_view([-1, GRID as i64])?)
}

fn fit(
    material: &Material,
    clips: &[usize],
    time: usize,
    row: usize,
    strength: f64,
) -> Result<Ridge, TrainerError> {
    let even = Tensor::f_ones([clips.len() as i64], (Kind::Double, tch::Device::Cpu))?;
    Ridge::fit(&spectra(material, clips, time, row)?, &balances(material, clips)?, &even, strength)
}

/// Estimates of the balance of the clips of a fold after one of [`TIMES`]. The strength is the one that does best
/// on another fold, left out for that among the training clips; then all of them are learned from.
///
/// # Errors
/// libtorch fails.
///
/// # Panics
/// `time` is none of [`TIMES`].
pub fn ridge(
    material: &Material,
    fold: usize,
    folds: usize,
    time: usize,
    row: usize,
) -> Result<Vec<Curve>, TrainerError> {
    assert!(time < TIMES.len(), "a time of the table");
    let training = material.training(Some(fold));
    let inner = (fold + 1) % folds.max(1);
    let (held, kept): (Vec<usize>, Vec<usize>) =
        training.iter().partition(|&&c| material.clips[c].fold == Some(inner));
    let mut best = (f64::INFINITY, STRENGTHS[0]);
    if !held.is_empty() && !kept.is_empty() {
        let (x, y) = (spectra(material, &held, time, row)?, balances(material, &held)?);
        for strength in STRENGTHS {
            let apart = fit(material, &kept, time, row, strength)?.predict(&x)?.f_sub(&y)?;
            let error = f64::try_from(&apart.f_square()?.f_sum(Kind::Double)?)?;
            if error < best.0 {
                best = (error, strength);
            }
        }
    }
    let ridge = fit(material, &training, time, row, best.1)?;
    let found = ridge.predict(&spectra(material, &material.testing(fold), time, row)?)?;
    let flat = Vec::<f64>::try_from(&found.f_contiguous()?.f_view([-1])?)?;
    Ok(flat.as_chunks::<GRID>().0.iter().map(|curve| curve.map(|v| v as f32)).collect())
}
