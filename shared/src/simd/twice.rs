//! Vectors side by side.

use super::{Exponent, Simd};
use std::marker::PhantomData;

/// Two vectors of `S` as one: twice the lanes, for kernels that would otherwise wait for each
/// other's results, and constants that are loaded once for both.
#[derive(Clone, Copy)]
pub struct Twice<S>(PhantomData<S>);

// SAFETY of every block below: the trait's callers vouch for the instructions, and for twice the
// width at every pointer.

impl<S: Simd> Simd for Twice<S> {
    type V = [S::V; 2];
    const WIDTH: usize = 2 * S::WIDTH;
    const SPREADS: bool = S::SPREADS;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::load(from), S::load(from.add(S::WIDTH))] }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: Self::V) {
        // SAFETY: see above.
        unsafe {
            S::store(to, v[0]);
            S::store(to.add(S::WIDTH), v[1]);
        }
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::splat(x); 2] }
    }
    #[inline(always)]
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::mul_add(a[0], b[0], c[0]), S::mul_add(a[1], b[1], c[1])] }
    }
    #[inline(always)]
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::add(a[0], b[0]), S::add(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::mul(a[0], b[0]), S::mul(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::min(a[0], b[0]), S::min(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::max(a[0], b[0]), S::max(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn divide(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::divide(a[0], b[0]), S::divide(a[1], b[1])] }
    }
    #[inline(always)]
    unsafe fn select_positive(x: Self::V, yes: Self::V, no: Self::V) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::select_positive(x[0], yes[0], no[0]), S::select_positive(x[1], yes[1], no[1])] }
    }
    #[inline(always)]
    unsafe fn sums(a: Self::V, b: Self::V, c: Self::V, d: Self::V) -> [f32; 4] {
        // SAFETY: see above.
        unsafe { S::sums(S::add(a[0], a[1]), S::add(b[0], b[1]), S::add(c[0], c[1]), S::add(d[0], d[1])) }
    }
}

impl<S: Exponent> Exponent for Twice<S> {
    #[inline(always)]
    unsafe fn low_bits_to_exponent(x: Self::V) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::low_bits_to_exponent(x[0]), S::low_bits_to_exponent(x[1])] }
    }
    #[inline(always)]
    unsafe fn quotient(a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: see above.
        unsafe { [S::quotient(a[0], b[0]), S::quotient(a[1], b[1])] }
    }
}
