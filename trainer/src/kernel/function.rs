//! Activation functions on vectors, with slopes computed from what the function gave.

use shared::model::Activation;
use shared::simd::{Simd, abs, sigmoid, tanh};

/// An activation whose slope follows from its value, or is kept by the forward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Identity,
    Tanh,
    Sigmoid,
    /// Slope below 0, which is not negative.
    Leaky(f32),
    Silu,
    Hardtanh,
    Softsign,
}

impl Function {
    /// `None`: the kernel does not know how to.
    pub(super) fn new(activation: &Activation) -> Option<Self> {
        Some(match activation {
            Activation::Identity => Self::Identity,
            Activation::Tanh => Self::Tanh,
            Activation::Sigmoid => Self::Sigmoid,
            Activation::Relu => Self::Leaky(0.0),
            Activation::LeakyRelu { negative_slope } if *negative_slope >= 0.0 => {
                Self::Leaky(*negative_slope)
            }
            Activation::Silu => Self::Silu,
            Activation::Hardtanh => Self::Hardtanh,
            Activation::Softsign => Self::Softsign,
            _ => return None,
        })
    }

    /// Whether the forward pass must keep the slopes.
    pub(super) fn keeps_slope(self) -> bool {
        self == Self::Silu
    }
}

/// One activation on vectors.
///
/// # Safety
/// As for [`Simd`].
pub(super) trait Pointwise<S: Simd>: Copy {
    unsafe fn value(self, x: S::V) -> S::V;
    /// The slope where the value is `y`.
    unsafe fn slope(self, y: S::V) -> S::V;
    /// The slope at `x`, for functions that keep it.
    #[inline(always)]
    unsafe fn slope_at(self, x: S::V) -> S::V {
        // SAFETY: passed on.
        unsafe { self.slope(self.value(x)) }
    }
}

#[derive(Clone, Copy)]
pub(super) struct Identity;
#[derive(Clone, Copy)]
pub(super) struct Tanh;
#[derive(Clone, Copy)]
pub(super) struct Sigmoid;
#[derive(Clone, Copy)]
pub(super) struct Leaky(pub(super) f32);
#[derive(Clone, Copy)]
pub(super) struct Silu;
#[derive(Clone, Copy)]
pub(super) struct Hardtanh;
#[derive(Clone, Copy)]
pub(super) struct Softsign;

// SAFETY of every block below: the trait's callers vouch for the instructions.

impl<S: Simd> Pointwise<S> for Identity {
    #[inline(always)]
    unsafe fn value(self, x: S::V) -> S::V {
        x
    }
    #[inline(always)]
    unsafe fn slope(self, _: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { S::splat(1.0) }
    }
}

impl<S: Simd> Pointwise<S> for Tanh {
    #[inline(always)]
    unsafe fn value(self, x: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { tanh::<S>(x) }
    }
    #[inline(always)]
    unsafe fn slope(self, y: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { S::mul_add(S::mul(y, S::splat(-1.0)), y, S::splat(1.0)) }
    }
}

impl<S: Simd> Pointwise<S> for Sigmoid {
    #[inline(always)]
    unsafe fn value(self, x: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { sigmoid::<S>(x) }
    }
    #[inline(always)]
    unsafe fn slope(self, y: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { S::mul_add(S::mul(y, S::splat(-1.0)), y, y) }
    }
}

impl<S: Simd> Pointwise<S> for Leaky {
    #[inline(always)]
    unsafe fn value(self, x: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { S::select_positive(x, x, S::mul(x, S::splat(self.0))) }
    }
    #[inline(always)]
    unsafe fn slope(self, y: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { S::select_positive(y, S::splat(1.0), S::splat(self.0)) }
    }
}

impl<S: Simd> Pointwise<S> for Silu {
    #[inline(always)]
    unsafe fn value(self, x: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { S::mul(x, sigmoid::<S>(x)) }
    }
    #[inline(always)]
    unsafe fn slope(self, y: S::V) -> S::V {
        // Never asked for: the slopes are kept, because two arguments share a value.
        y
    }
    #[inline(always)]
    unsafe fn slope_at(self, x: S::V) -> S::V {
        // SAFETY: see above. s + x s (1 - s)
        unsafe {
            let s = sigmoid::<S>(x);
            let falling = S::mul_add(S::mul(s, S::splat(-1.0)), s, s);
            S::mul_add(x, falling, s)
        }
    }
}

impl<S: Simd> Pointwise<S> for Hardtanh {
    #[inline(always)]
    unsafe fn value(self, x: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { S::max(S::min(x, S::splat(1.0)), S::splat(-1.0)) }
    }
    #[inline(always)]
    unsafe fn slope(self, y: S::V) -> S::V {
        // SAFETY: see above.
        unsafe {
            let inside = S::mul_add(abs::<S>(y), S::splat(-1.0), S::splat(1.0));
            S::select_positive(inside, S::splat(1.0), S::splat(0.0))
        }
    }
}

impl<S: Simd> Pointwise<S> for Softsign {
    #[inline(always)]
    unsafe fn value(self, x: S::V) -> S::V {
        // SAFETY: see above.
        unsafe { S::divide(x, S::add(abs::<S>(x), S::splat(1.0))) }
    }
    #[inline(always)]
    unsafe fn slope(self, y: S::V) -> S::V {
        // SAFETY: see above. 1 - |y| = 1 / (1 + |x|)
        unsafe {
            let root = S::mul_add(abs::<S>(y), S::splat(-1.0), S::splat(1.0));
            S::mul(root, root)
        }
    }
}
