//! Curves in dB over the grid, and what is done with them.

use shared::word_eq::GRID;

/// A magnitude response in dB over [`shared::word_eq::grid_hz`].
pub type Curve = [f64; GRID];

/// The curve without its level: its mean over the grid is 0.
pub fn level_removed(curve: &Curve) -> Curve {
    let mean = curve.iter().sum::<f64>() / GRID as f64;
    curve.map(|v| v - mean)
}

/// Root mean square over the grid, in dB.
pub fn rms(curve: &Curve) -> f64 {
    (curve.iter().map(|v| v * v).sum::<f64>() / GRID as f64).sqrt()
}

/// The largest magnitude of some numbers; infinity if one is none.
pub fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().fold(0.0, |most, v| if v.is_nan() { f64::INFINITY } else { most.max(v.abs()) })
}

/// One curve minus another.
pub fn difference(a: &Curve, b: &Curve) -> Curve {
    std::array::from_fn(|i| a[i] - b[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_not_lost_among_others() {
        assert_eq!(largest(&[0.5, -2.0, 1.0]), 2.0);
        assert_eq!(largest(&[0.5, f64::NAN, 1.0]), f64::INFINITY);
        assert_eq!(largest(&[]), 0.0);
    }
}
