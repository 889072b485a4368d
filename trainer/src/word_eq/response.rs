//! The equaliser's response, differentiable in its thirteen values.
//!
//! The formula is [`shared::dsp::cookbook`]'s, the one that the plugin draws and filters by; here its
//! numbers are tensors.

use super::curves::Curve;
use crate::TrainerError;
use shared::dsp::cookbook::{Shape, warp_squared, warped_response_db};
use shared::dsp::number::Number;
use shared::word_eq::{GRID, SPACE_RATE_HZ, VALUES, grid_hz};
use std::f32::consts::FRAC_1_SQRT_2;
use std::ops::{Add, Div, Mul, Neg, Sub};
use tch::{Kind, Tensor};

/// A tensor as a [`Number`]. Shapes broadcast as libtorch's do.
///
/// # Panics
/// Arithmetic panics where libtorch fails: shapes that do not go together, or no memory left.
#[derive(Debug)]
pub struct Differentiable(pub Tensor);

impl Clone for Differentiable {
    fn clone(&self) -> Self {
        Self(self.0.shallow_clone())
    }
}

macro_rules! operators {
    ($($operator:ident, $name:ident;)*) => {$(
        impl $operator for Differentiable {
            type Output = Self;
            fn $name(self, other: Self) -> Self {
                Self($operator::$name(self.0, other.0))
            }
        }
    )*};
}

operators! {
    Add, add;
    Sub, sub;
    Mul, mul;
    Div, div;
}

impl Neg for Differentiable {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Add<f64> for Differentiable {
    type Output = Self;
    fn add(self, other: f64) -> Self {
        Self(self.0 + other)
    }
}

impl Mul<f64> for Differentiable {
    type Output = Self;
    fn mul(self, other: f64) -> Self {
        Self(self.0 * other)
    }
}

/// By a grid of frequencies, for example.
impl Mul<&Tensor> for Differentiable {
    type Output = Self;
    fn mul(self, other: &Tensor) -> Self {
        Self(self.0 * other)
    }
}

impl Number for Differentiable {
    fn exp(self) -> Self {
        Self(self.0.exp())
    }
    fn ln(self) -> Self {
        Self(self.0.log())
    }
    fn sin(self) -> Self {
        Self(self.0.sin())
    }
    fn cos(self) -> Self {
        Self(self.0.cos())
    }
    fn at_most(self, limit: f64) -> Self {
        Self(self.0.clamp_max(limit))
    }
}

/// Responses over the grid of the latent space, at its sample rate.
#[derive(Debug)]
pub struct Response {
    /// The grid, as the formula wants it: `[64]`.
    grid: Tensor,
}

impl Response {
    /// Responses computed in `kind`: `Double` to measure, `Float` to train, which is exact to 1e-4 dB.
    pub fn new(kind: Kind) -> Self {
        let grid = grid_hz().map(|hz| warp_squared(hz, SPACE_RATE_HZ));
        Self { grid: Tensor::from_slice(&grid).to_kind(kind) }
    }

    /// Curves in dB, `[n, 64]`, of `[n, 13]` values in the order of
    /// [`EqSettings::from_values`](shared::word_eq::EqSettings::from_values).
    ///
    /// # Panics
    /// Another shape, or no memory left.
    pub fn db(&self, settings: &Tensor) -> Tensor {
        let (rows, kind) = (settings.size()[0], self.grid.kind());
        let settings = settings.to_kind(kind);
        let of = |shape, values: [&Tensor; 3]| {
            // A row of its own for each filter, a column for each frequency.
            let [gain, frequency, q] = values.map(|v| Differentiable(v.unsqueeze(-1)));
            warped_response_db(shape, gain, frequency, q, &self.grid, SPACE_RATE_HZ).0
        };
        let column = |i: i64| settings.select(1, i);
        let shelf_q = Tensor::full([rows], f64::from(FRAC_1_SQRT_2), (kind, settings.device()));
        let low = of(Shape::LowShelf, [&column(0), &column(1), &shelf_q]);
        let high = of(Shape::HighShelf, [&column(11), &column(12), &shelf_q]);
        // The three peaks at once: gain, frequency and Q of each lie side by side.
        let peaks = settings.narrow(1, 2, 9).view([rows, 3, 3]);
        let part = |i: i64| peaks.select(2, i);
        let peaks = of(Shape::Peak, [&part(0), &part(1), &part(2)]);
        low + peaks.sum_dim_intlist(1, false, kind) + high
    }
}

/// The curves of settings, as plain numbers.
///
/// # Errors
/// libtorch fails.
pub fn curves(settings: &[[f32; VALUES]]) -> Result<Vec<Curve>, TrainerError> {
    if settings.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Tensor::f_from_slice(settings.as_flattened())?.f_view([-1, VALUES as i64])?;
    let curves = tch::no_grad(|| Response::new(Kind::Double).db(&rows));
    let values = Vec::<f64>::try_from(&curves.f_contiguous()?.f_view([-1])?)?;
    Ok(values.as_chunks::<GRID>().0.to_vec())
}

#[cfg(test)]
mod tests {
    use super::super::random::random_settings;
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use shared::word_eq::EqSettings;

    fn settings(count: usize) -> Vec<[f32; VALUES]> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        (0..count).map(|_| random_settings(&mut rng)).collect()
    }

    #[test]
    fn is_what_the_plugin_draws() {
        let settings = settings(20);
        for (values, curve) in settings.iter().zip(curves(&settings).unwrap()) {
            let plugin = EqSettings::from_values(values);
            for (hz, db) in grid_hz().iter().zip(curve) {
                let expected = plugin.response_db(*hz, SPACE_RATE_HZ);
                assert!((db - expected).abs() < 1e-9, "{hz} Hz: {db} dB, {expected} dB");
            }
        }
        let rows = Tensor::from_slice(settings.as_flattened()).view([-1, VALUES as i64]);
        let [fine, coarse] = [Kind::Double, Kind::Float].map(|kind| Response::new(kind).db(&rows));
        assert!((fine - coarse).abs().max().double_value(&[]) < 1e-4);
    }

    #[test]
    fn gradients_are_finite_differences() {
        let response = Response::new(Kind::Double);
        let grid = Tensor::linspace(-1.0, 1.0, GRID as i64, (Kind::Double, tch::Device::Cpu));
        for values in settings(5) {
            let rows = Tensor::from_slice(&values).to_kind(Kind::Double).view([1, VALUES as i64]);
            let rows = rows.set_requires_grad(true);
            // Any weighted sum of the curve will do.
            let sum = |rows: &Tensor| (response.db(rows) * &grid).sum(Kind::Double);
            let gradient = &Tensor::run_backward(&[sum(&rows)], &[&rows], false, false)[0];
            for (i, value) in values.iter().enumerate() {
                let step = 1e-5 * f64::from(*value).abs().max(1.0);
                let at = |by: f64| {
                    let moved = rows.detach().copy();
                    let _ = moved.select(1, i as i64).g_add_scalar_(by);
                    sum(&moved).double_value(&[])
                };
                let expected = (at(step) - at(-step)) / (2.0 * step);
                let found = gradient.double_value(&[0, i as i64]);
                assert!(
                    (found - expected).abs() < 1e-6 * expected.abs().max(1.0),
                    "{i}: {found}, {expected}"
                );
            }
        }
    }
}
