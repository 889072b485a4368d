//! The latent space: 32 numbers that stand for a curve in dB over frequency.

use super::WordEqError;

/// Numbers in a latent.
pub const LATENT: usize = 32;
/// Points of the frequency grid.
pub const GRID: usize = 64;
/// Lowest point of the grid in Hz.
pub const GRID_LOWEST_HZ: f64 = 25.0;
/// Highest point of the grid in Hz.
pub const GRID_HIGHEST_HZ: f64 = 18_000.0;
/// Sample rate the curves of the space are defined at, in Hz.
pub const SPACE_RATE_HZ: f64 = 48_000.0;

/// A curve as 32 numbers. Zero is flat; the sum of two is one curve after the other.
pub type Latent = [f32; LATENT];

/// The grid: 64 frequencies in Hz, evenly spaced in the logarithm.
pub fn grid_hz() -> [f64; GRID] {
    let ratio = (GRID_HIGHEST_HZ / GRID_LOWEST_HZ).ln();
    std::array::from_fn(|i| GRID_LOWEST_HZ * (ratio * i as f64 / (GRID - 1) as f64).exp())
}

/// The linear map between curves and latents: orthonormal directions of curves.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentSpace {
    /// Directions, each a curve of unit length over the grid.
    basis: Vec<[f32; GRID]>,
}

impl LatentSpace {
    /// A space of these directions.
    ///
    /// # Errors
    /// There are not 32 of them, or they are not orthonormal to 1e-4.
    pub fn new(basis: Vec<[f32; GRID]>) -> Result<Self, WordEqError> {
        if basis.len() != LATENT {
            return Err(WordEqError::table(format!(
                "the space has {} directions, not {LATENT}",
                basis.len()
            )));
        }
        for (i, a) in basis.iter().enumerate() {
            for (j, b) in basis.iter().enumerate().skip(i) {
                let product: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                let expected = f64::from(u8::from(i == j));
                let apart = (product - expected).abs();
                if apart.is_nan() || apart >= 1e-4 {
                    let problem = format!(
                        "directions {i} and {j} of the space have the product {product}, not {expected}"
                    );
                    return Err(WordEqError::table(problem));
                }
            }
        }
        Ok(Self { basis })
    }

    /// The directions.
    pub fn basis(&self) -> &[[f32; GRID]] {
        &self.basis
    }

    /// A number that tells this space from others: the networks' files name the one they were trained for.
    /// FNV-1a over the bits of the directions.
    pub fn fingerprint(&self) -> u64 {
        self.basis.as_flattened().iter().fold(0xCBF2_9CE4_8422_2325, |hash, value| {
            (hash ^ u64::from(value.to_bits())).wrapping_mul(0x0000_0100_0000_01B3)
        })
    }

    /// The latent of a curve in dB over the grid.
    pub fn latent(&self, curve_db: &[f64; GRID]) -> Latent {
        std::array::from_fn(|k| {
            self.basis[k].iter().zip(curve_db).map(|(b, c)| f64::from(*b) * c).sum::<f64>() as f32
        })
    }

    /// The curve in dB over the grid of a latent.
    pub fn curve_db(&self, latent: &Latent) -> [f64; GRID] {
        std::array::from_fn(|i| {
            self.basis.iter().zip(latent).map(|(b, z)| f64::from(b[i]) * f64::from(*z)).sum()
        })
    }
}
