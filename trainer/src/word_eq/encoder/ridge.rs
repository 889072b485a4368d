//! Ridge regression: A. Hoerl and R. Kennard, "Ridge Regression", Technometrics 12(1), 1970. In f64.

use crate::TrainerError;
use tch::{Device, Kind, Tensor};

/// A linear map with a constant.
#[derive(Debug)]
pub struct Ridge {
    /// `[inputs, outputs]`
    weights: Tensor,
    /// `[outputs]`
    bias: Tensor,
}

impl Ridge {
    /// The map from rows of `x` `[n, inputs]` to rows of `y` `[n, outputs]`, both of f64, that is best on weights
    /// `[n]` with `strength` times the weights' sum on the diagonal. The constant is not shrunk.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn fit(x: &Tensor, y: &Tensor, weights: &Tensor, strength: f64) -> Result<Self, TrainerError> {
        let w = weights.f_view([-1, 1])?;
        let total = w.f_sum(Kind::Double)?;
        let mean = |t: &Tensor| -> Result<Tensor, TrainerError> {
            Ok(t.f_mul(&w)?.f_sum_dim_intlist(0, false, Kind::Double)?.f_div(&total)?)
        };
        let (mean_x, mean_y) = (mean(x)?, mean(y)?);
        let (x, y) = (x.f_sub(&mean_x)?, y.f_sub(&mean_y)?);
        let weights = Self::solve(&x, &y, weights, strength)?;
        let bias = mean_y.f_sub(&mean_x.f_view([1, -1])?.f_matmul(&weights)?.f_view([-1])?)?;
        Ok(Self { weights, bias })
    }

    /// As [`Ridge::fit`], without a constant.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn fit_through_zero(
        x: &Tensor,
        y: &Tensor,
        weights: &Tensor,
        strength: f64,
    ) -> Result<Self, TrainerError> {
        let weights = Self::solve(x, y, weights, strength)?;
        let bias = Tensor::f_zeros([y.size()[1]], (Kind::Double, Device::Cpu))?;
        Ok(Self { weights, bias })
    }

    fn solve(x: &Tensor, y: &Tensor, weights: &Tensor, strength: f64) -> Result<Tensor, TrainerError> {
        let weighted = x.f_mul(&weights.f_view([-1, 1])?)?.f_tr()?;
        let diagonal = Tensor::f_eye(x.size()[1], (Kind::Double, Device::Cpu))?;
        let diagonal = diagonal.f_mul(&weights.f_sum(Kind::Double)?)?.f_mul_scalar(strength)?;
        let covariance = weighted.f_matmul(x)?.f_add(&diagonal)?;
        Ok(Tensor::f_linalg_solve(&covariance, &weighted.f_matmul(y)?, true)?)
    }

    /// Predictions `[n, outputs]` for rows `[n, inputs]`.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn predict(&self, x: &Tensor) -> Result<Tensor, TrainerError> {
        Ok(x.f_matmul(&self.weights)?.f_add(&self.bias)?)
    }

    /// Weights, row by row of the inputs, and biases.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn to_vecs(&self) -> Result<(Vec<f64>, Vec<f64>), TrainerError> {
        let flat = |t: &Tensor| -> Result<Vec<f64>, TrainerError> {
            Ok(Vec::<f64>::try_from(&t.f_contiguous()?.f_view([-1])?)?)
        };
        Ok((flat(&self.weights)?, flat(&self.bias)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_line_and_shrinks() {
        let x = Tensor::from_slice(&[0.0f64, 1.0, 2.0, 3.0]).view([4, 1]);
        let y = Tensor::from_slice(&[1.0f64, 3.0, 5.0, 7.0]).view([4, 1]);
        let even = Tensor::from_slice(&[1.0f64; 4]);
        let exact = Ridge::fit(&x, &y, &even, 0.0).unwrap().to_vecs().unwrap();
        assert!((exact.0[0] - 2.0).abs() < 1e-12 && (exact.1[0] - 1.0).abs() < 1e-12, "{exact:?}");
        // Sum of squares 5 around the mean, and 4 times 1.25 on the diagonal: half the slope.
        let half = Ridge::fit(&x, &y, &even, 1.25).unwrap().to_vecs().unwrap();
        assert!((half.0[0] - 1.0).abs() < 1e-12 && (half.1[0] - 2.5).abs() < 1e-12, "{half:?}");
        // A row that does not count may say what it likes.
        let wrong = Tensor::from_slice(&[1.0f64, 3.0, 5.0, -70.0]).view([4, 1]);
        let without = Tensor::from_slice(&[1.0f64, 1.0, 1.0, 0.0]);
        let exact = Ridge::fit(&x, &wrong, &without, 0.0).unwrap().to_vecs().unwrap();
        assert!((exact.0[0] - 2.0).abs() < 1e-12, "{exact:?}");
    }
}
