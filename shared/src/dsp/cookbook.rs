//! Magnitude responses of peaking and shelving filters, in closed form.
//!
//! The filters are those of Robert Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter
//! coefficients": analogue prototypes brought to a sample rate by the bilinear transform. That transform
//! only bends the frequency axis, so the digital filter has at f what its prototype has at
//! tan(pi f / rate) / tan(pi f0 / rate). Evaluated there, nothing cancels: the usual sums of biquad
//! coefficients and cosines lose all their digits at 20 Hz and 192 kHz.

use super::number::Number;
use std::f64::consts::{LN_10, PI};
use std::ops::Mul;

/// What a band does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Raises or lowers all below its frequency.
    LowShelf,
    /// Raises or lowers what is around its frequency.
    Peak,
    /// Raises or lowers all above its frequency.
    HighShelf,
}

/// Highest frequency of a filter, as a share of the sample rate. The transform has a pole at one half;
/// up to here it is well-behaved, and 20 kHz at 44.1 kHz stays what it is.
pub const HIGHEST_SHARE: f64 = 0.49;

/// Magnitude of a filter in dB at `at_hz`. Frequencies and the sample rate in Hz, gain in dB.
///
/// The filter's frequency is limited to [`HIGHEST_SHARE`] of the rate, as that of
/// [`svf::Coefficients`](super::svf::Coefficients) is. 0 dB of gain answer exactly 0.
pub fn response_db<T: Number>(
    shape: Shape,
    gain_db: T,
    frequency_hz: T,
    q: T,
    at_hz: f64,
    sample_rate_hz: f64,
) -> T {
    warped_response_db(shape, gain_db, frequency_hz, q, warp_squared(at_hz, sample_rate_hz), sample_rate_hz)
}

/// What [`warped_response_db`] needs of a frequency at which a response is wanted: tan²(pi f / rate).
/// It depends on no filter, so a grid of frequencies is computed once. From half the sample rate on it is
/// very large, and finite.
pub fn warp_squared(at_hz: f64, sample_rate_hz: f64) -> f64 {
    (PI * (at_hz / sample_rate_hz).clamp(0.0, 0.5)).tan().powi(2)
}

/// As [`response_db`], at a frequency given as its [`warp_squared`]: one number, or, where `T` is a
/// tensor, a tensor of a whole grid that multiplies with the filters' by broadcasting.
pub fn warped_response_db<T, W>(
    shape: Shape,
    gain_db: T,
    frequency_hz: T,
    q: T,
    warp_squared: W,
    sample_rate_hz: f64,
) -> T
where
    T: Number + Mul<W, Output = T>,
{
    Prototype::new(shape, gain_db, frequency_hz, q, sample_rate_hz).response_db(warp_squared)
}

/// What a filter's response has in common at all frequencies.
#[derive(Clone, Debug)]
pub struct Prototype<T> {
    shape: Shape,
    /// The cookbook's A: the fourth root of the gain as a power.
    a: T,
    cotangent_squared: T,
    q_squared: T,
}

impl<T: Number> Prototype<T> {
    /// Of a filter as [`response_db`] takes it.
    pub fn new(shape: Shape, gain_db: T, frequency_hz: T, q: T, sample_rate_hz: f64) -> Self {
        let a = (gain_db * (LN_10 / 40.0)).exp();
        let angle = frequency_hz.at_most(HIGHEST_SHARE * sample_rate_hz) * (PI / sample_rate_hz);
        let cotangent = angle.clone().cos() / angle.sin();
        Self { shape, a, cotangent_squared: square(cotangent), q_squared: square(q) }
    }

    /// Magnitude in dB, where the frequency is as for [`warped_response_db`].
    pub fn response_db<W>(&self, warp_squared: W) -> T
    where
        T: Mul<W, Output = T>,
    {
        let a = self.a.clone();
        // The square of the prototype's frequency.
        let x = self.cotangent_squared.clone() * warp_squared;
        let damping = x.clone() / self.q_squared.clone();
        let power = match self.shape {
            // (s² + s A/Q + 1) / (s² + s/(A Q) + 1)
            Shape::Peak => {
                let (rest, a2) = (square(-x + 1.0), square(a));
                (rest.clone() + damping.clone() * a2.clone()) / (rest + damping / a2)
            }
            // A (s² + s √A/Q + A) / (A s² + s √A/Q + 1)
            Shape::LowShelf => {
                let damping = damping * a.clone();
                let below = square(a.clone() - x.clone()) + damping.clone();
                square(a.clone()) * below / (square(-(a * x) + 1.0) + damping)
            }
            // A (A s² + s √A/Q + 1) / (s² + s √A/Q + A)
            Shape::HighShelf => {
                let damping = damping * a.clone();
                let above = square(-(a.clone() * x.clone()) + 1.0) + damping.clone();
                square(a.clone()) * above / (square(a - x) + damping)
            }
        };
        power.ln() * (10.0 / LN_10)
    }
}

fn square<T: Number>(x: T) -> T {
    x.clone() * x
}
