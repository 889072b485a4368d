//! The little vector arithmetic the kernels need, for AVX-512, AVX2 with FMA, and everything else.
//!
//! [`Level`] says what the processor has; [`Simd`] is what kernels are written over. A kernel is an
//! `#[inline(always)]` function generic over [`Simd`], instantiated once inside a function with the
//! `#[target_feature]`s of each level.

mod aligned;
mod denormals;
mod level;
mod logistic;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;
#[cfg(test)]
mod tests;
mod twice;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use aligned::Aligned;
pub use denormals::FlushDenormals;
pub use level::Level;
pub use logistic::{Exponent, one_plus_exp, tanh_fraction};
#[cfg(not(target_arch = "x86_64"))]
pub use portable::Portable;
pub use twice::Twice;
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512, Sse2 as Portable};

/// A set of vector instructions on `f32`.
///
/// All operations are inlined into functions that enable the instructions; nothing here checks
/// that the processor has them.
///
/// # Safety
/// Calling anything is only allowed where the processor has the instructions, which
/// [`Level::available`] found out. Loads and stores need `WIDTH` valid values
/// at the pointer, in any alignment.
#[expect(clippy::missing_safety_doc, reason = "what the trait says holds for each of its functions")]
pub trait Simd: Copy {
    /// A vector of [`Simd::WIDTH`] values.
    type V: Copy;
    /// Values in a vector.
    const WIDTH: usize;
    /// Whether an instruction can spread one number in memory over its whole operand.
    const SPREADS: bool;

    /// [`Simd::WIDTH`] values at `from`.
    unsafe fn load(from: *const f32) -> Self::V;
    /// Writes all values to `to`.
    unsafe fn store(to: *mut f32, v: Self::V);
    /// `x` in every lane.
    unsafe fn splat(x: f32) -> Self::V;
    /// `a * b + c`
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a + b`
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    /// `a * b`
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; `b` where they do not compare.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// The larger; `b` where they do not compare.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// `x` held between `most` and `least`, which is `-most`; one of them where `x` is no number.
    #[inline(always)]
    unsafe fn within(x: Self::V, most: Self::V, least: Self::V) -> Self::V {
        // SAFETY: passed on.
        unsafe { Self::max(Self::min(x, most), least) }
    }
    /// `a / b` to about one unit in the last place; `|b|` neither below 1e-37 nor above 1e37.
    unsafe fn divide(a: Self::V, b: Self::V) -> Self::V;
    /// `yes` where `x > 0`, `no` elsewhere.
    unsafe fn select_positive(x: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// The sums of four vectors.
    unsafe fn sums(a: Self::V, b: Self::V, c: Self::V, d: Self::V) -> [f32; 4];
}

/// The numbers of [`tanh`]: the numerator's coefficients from the lowest power on, the
/// denominator's, and the bounds of its argument.
const TANH: [f32; 11] = [
    0.999_998_57,
    0.128_879_44,
    0.002_912_079,
    1.103_670_55e-5,
    1.0,
    0.462_208_7,
    0.023_652_246,
    0.000_233_343_32,
    2.339_146_2e-7,
    7.9,
    -7.9,
];

/// The numbers of [`tanh`] as whole vectors. Where registers are few, an instruction can read one
/// from there, instead of a second one spreading it over a register each time.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct TanhTable([[f32; 16]; TANH.len()]);

impl TanhTable {
    /// The table.
    pub const fn new() -> Self {
        let mut table = [[0.0; 16]; TANH.len()];
        let mut i = 0;
        while i < TANH.len() {
            table[i] = [TANH[i]; 16];
            i += 1;
        }
        Self(table)
    }
}

impl Default for TanhTable {
    fn default() -> Self {
        Self::new()
    }
}

/// `tanh(x)` to 5e-7: a rational approximation of degree 7 over 8. It is a minimax fit over ±7.9
/// that ends between tanh(7.9) and 1, closer where the result is large and rounded more coarsely.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub unsafe fn tanh<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let [(p, q), ..] = quotients::<S>([x; 4], |i| S::splat(TANH[i]));
        S::divide(p, q)
    }
}

/// Four times [`tanh`]. One alone is a long chain of instructions that wait for each other; four at
/// once keep the processor busy.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub unsafe fn tanh_of_four<S: Simd>(x: [S::V; 4]) -> [S::V; 4] {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let [a, b, c, d] = quotients::<S>(x, |i| S::splat(TANH[i]));
        [S::divide(a.0, a.1), S::divide(b.0, b.1), S::divide(c.0, c.1), S::divide(d.0, d.1)]
    }
}

/// [`tanh`] with its numbers out of a table, for levels that do not [spread](Simd::SPREADS).
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub unsafe fn tanh_by_table<S: Simd>(x: S::V, table: &TanhTable) -> S::V {
    const { assert!(S::WIDTH <= 16) };
    let table = hide(table);
    // SAFETY: the caller vouches for the instructions; no vector is wider than an entry.
    unsafe {
        let [(p, q), ..] = quotients::<S>([x; 4], |i| S::load(table.0[i].as_ptr()));
        S::divide(p, q)
    }
}

/// The same table, but the compiler does not know that: it would move the loads out of loops, and
/// what then finds no register into unaligned memory.
#[inline(always)]
fn hide(table: &TanhTable) -> &TanhTable {
    #[cfg(target_arch = "x86_64")]
    {
        let mut table: *const TanhTable = table;
        // SAFETY: does nothing at all; the pointer is that of a reference.
        unsafe {
            std::arch::asm!("/* {} */", inout(reg) table, options(readonly, nostack, preserves_flags));
            &*table
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    table
}

/// Numerators and denominators of [`tanh`], step by step for all four. Of equal or unused
/// arguments the compiler computes one or none.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
unsafe fn quotients<S: Simd>(x: [S::V; 4], number: impl Fn(usize) -> S::V) -> [(S::V, S::V); 4] {
    macro_rules! each {
        ($i:ident => $value:expr) => {
            [
                {
                    const $i: usize = 0;
                    $value
                },
                {
                    const $i: usize = 1;
                    $value
                },
                {
                    const $i: usize = 2;
                    $value
                },
                {
                    const $i: usize = 3;
                    $value
                },
            ]
        };
    }
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let x = each!(I => S::within(x[I], number(9), number(10)));
        let y = each!(I => S::mul(x[I], x[I]));
        let p = each!(I => S::mul_add(number(3), y[I], number(2)));
        let q = each!(I => S::mul_add(number(8), y[I], number(7)));
        let p = each!(I => S::mul_add(p[I], y[I], number(1)));
        let q = each!(I => S::mul_add(q[I], y[I], number(6)));
        let p = each!(I => S::mul_add(p[I], y[I], number(0)));
        let q = each!(I => S::mul_add(q[I], y[I], number(5)));
        let q = each!(I => S::mul_add(q[I], y[I], number(4)));
        each!(I => (S::mul(x[I], p[I]), q[I]))
    }
}

/// `1 / (1 + exp(-x))`, through [`tanh`].
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub unsafe fn sigmoid<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let half = S::splat(0.5);
        S::mul_add(half, tanh::<S>(S::mul(half, x)), half)
    }
}

/// `|x|`
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub unsafe fn abs<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller vouches for the instructions.
    unsafe { S::max(x, S::mul(x, S::splat(-1.0))) }
}
