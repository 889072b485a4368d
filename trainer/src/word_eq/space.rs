//! The latent space: which 32 directions of curves are kept.
//!
//! They are the strongest of a singular value decomposition without the mean, so that flat is 0 and the
//! latent of one curve after another is the sum of theirs.

use super::curves::{Curve, level_removed};
use super::random::random_settings;
use super::response::curves;
use crate::TrainerError;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use shared::word_eq::{GRID, LATENT, LatentSpace};
use tch::{Kind, Tensor};

/// Random equalisers that the space is made from, beside people's settings.
const RANDOM_CURVES: usize = 6_000;
/// Seed of those: the space is the same for every training.
const SEED: u64 = 32;

/// A space and how much of the curves' energy it holds.
#[derive(Clone, Debug)]
pub struct FittedSpace {
    /// The space.
    pub space: LatentSpace,
    /// Share of the energy of all curves it was made from, 0 to 1.
    pub energy_share: f64,
}

/// The space of random equalisers and of people's settings (`people`, curves in dB, may be empty): the
/// curves, the same without their level, and differences.
///
/// # Errors
/// libtorch fails.
pub fn fit(people: &[Curve]) -> Result<FittedSpace, TrainerError> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let settings: Vec<_> = (0..RANDOM_CURVES).map(|_| random_settings(&mut rng)).collect();
    let mut all = curves(&settings)?;
    all.extend_from_slice(people);
    let count = all.len();
    let (half, mut more) = (count / 2, Vec::with_capacity(2 * count));
    more.extend(all.iter().map(level_removed));
    more.extend((0..half).map(|i| std::array::from_fn(|k| all[i][k] - all[i + half][k])));
    all.extend(more);
    strongest(&all)
}

/// The 32 strongest directions of some curves.
fn strongest(curves: &[Curve]) -> Result<FittedSpace, TrainerError> {
    let rows = Tensor::f_from_slice(curves.as_flattened())?.f_view([-1, GRID as i64])?;
    // The eigenvectors of the 64 x 64 products are the right singular vectors of the curves.
    let (values, vectors) = rows.f_tr()?.f_matmul(&rows)?.f_linalg_eigh("U")?;
    let values = Vec::<f64>::try_from(&values)?;
    let vectors = vectors.f_tr()?.f_contiguous()?.f_to_kind(Kind::Double)?.f_view([-1])?;
    let vectors = Vec::<f64>::try_from(&vectors)?;
    let strongest = vectors.as_chunks::<GRID>().0.iter().rev().take(LATENT);
    // Which sign an eigenvector has is the library's whim.
    let basis = strongest.map(|v| {
        let sign = v.iter().sum::<f64>().signum();
        v.map(|x| (sign * x) as f32)
    });
    let total: f64 = values.iter().sum();
    let kept: f64 = values.iter().rev().take(LATENT).sum();
    Ok(FittedSpace { space: LatentSpace::new(basis.collect())?, energy_share: kept / total })
}

/// How much of the energy of some curves a space holds, 0 to 1.
pub fn energy_share(space: &LatentSpace, curves: &[Curve]) -> f64 {
    let energy = |curve: &Curve| curve.iter().map(|v| v * v).sum::<f64>();
    let total: f64 = curves.iter().map(energy).sum();
    let kept: f64 = curves.iter().map(|c| energy(&space.curve_db(&space.latent(c)))).sum();
    if total > 0.0 { kept / total } else { 1.0 }
}
