//! Arithmetic that filter formulas are written in, so that plain numbers and a trainer's differentiable
//! tensors share one definition.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// What a formula of [`cookbook`](super::cookbook) needs of a number: `f64`, or a tensor of `f64`s.
pub trait Number:
    Clone
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    /// e to the power of this.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Sine of an angle in radians.
    fn sin(self) -> Self;
    /// Cosine of an angle in radians.
    fn cos(self) -> Self;
    /// The smaller of this and `limit`.
    fn at_most(self, limit: f64) -> Self;
}

impl Number for f64 {
    fn exp(self) -> Self {
        self.exp()
    }
    fn ln(self) -> Self {
        self.ln()
    }
    fn sin(self) -> Self {
        self.sin()
    }
    fn cos(self) -> Self {
        self.cos()
    }
    fn at_most(self, limit: f64) -> Self {
        self.min(limit)
    }
}
