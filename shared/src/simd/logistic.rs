//! The sigmoid and tanh as fractions, as exact as single precision can say them.
//!
//! Where values are fed back for thousands of samples, small errors grow: a cell of an LSTM that
//! forgets a thousandth a sample multiplies what is wrong with its sigmoid by a thousand.

use super::Simd;
#[cfg(any(test, not(target_arch = "x86_64")))]
use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512, Sse2};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// What exponentials need beside [`Simd`].
///
/// # Safety
/// As for [`Simd`].
pub trait Exponent: Simd {
    /// The bits of each value moved 23 to the left: the lowest nine become sign and exponent.
    ///
    /// # Safety
    /// As for [`Simd`].
    unsafe fn low_bits_to_exponent(x: Self::V) -> Self::V;

    /// `a / b`, rounded as IEEE 754 has it.
    ///
    /// # Safety
    /// As for [`Simd`].
    unsafe fn quotient(a: Self::V, b: Self::V) -> Self::V;
}

#[cfg(any(test, not(target_arch = "x86_64")))]
impl Exponent for Portable {
    #[inline(always)]
    unsafe fn low_bits_to_exponent(x: [f32; 4]) -> [f32; 4] {
        x.map(|x| f32::from_bits(x.to_bits() << 23))
    }
    #[inline(always)]
    unsafe fn quotient(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] / b[i])
    }
}

// SAFETY of every block below: the trait's callers vouch for the instructions.

#[cfg(target_arch = "x86_64")]
impl Exponent for Sse2 {
    #[inline(always)]
    unsafe fn low_bits_to_exponent(x: __m128) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_castsi128_ps(_mm_slli_epi32::<23>(_mm_castps_si128(x))) }
    }
    #[inline(always)]
    unsafe fn quotient(a: __m128, b: __m128) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_div_ps(a, b) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Exponent for Avx2 {
    #[inline(always)]
    unsafe fn low_bits_to_exponent(x: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(x))) }
    }
    #[inline(always)]
    unsafe fn quotient(a: __m256, b: __m256) -> __m256 {
        // SAFETY: see above.
        unsafe { _mm256_div_ps(a, b) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Exponent for Avx512 {
    #[inline(always)]
    unsafe fn low_bits_to_exponent(x: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(x))) }
    }
    #[inline(always)]
    unsafe fn quotient(a: __m512, b: __m512) -> __m512 {
        // SAFETY: see above.
        unsafe { _mm512_div_ps(a, b) }
    }
}

/// `1 + exp(x)` for `x` up to 60, and the same for all beyond; what is not a number counts as 60.
/// `exp` is good to 2e-7 of itself, and its sigmoid is `1 / one_plus_exp(-x)`.
///
/// `exp(x) = 2^n exp(r)` with `n` whole and `|r| <= ln 2 / 2`; the polynomial for `exp(r)` is the
/// one of degree 5 that begins with `1 + r` and has the smallest relative error.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub unsafe fn one_plus_exp<S: Exponent>(x: S::V) -> S::V {
    /// Adding this leaves the nearest whole number, plus 127, in the lowest bits.
    const ROUND: f32 = 12_582_912.0 + 127.0;
    /// ln 2 in two parts, of which the first times a whole number is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    const P: [f32; 4] = [0.499_992_3, 0.166_671_14, 0.041_890_156, 0.008_312_521];
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let x = S::max(S::min(x, S::splat(60.0)), S::splat(-60.0));
        let rounded = S::mul_add(x, S::splat(std::f32::consts::LOG2_E), S::splat(ROUND));
        let n = S::add(rounded, S::splat(-ROUND));
        let r = S::mul_add(n, S::splat(-LN_2[1]), S::mul_add(n, S::splat(-LN_2[0]), x));
        let r2 = S::mul(r, r);
        let low = S::mul_add(S::splat(P[1]), r, S::splat(P[0]));
        let high = S::mul_add(S::splat(P[3]), r, S::splat(P[2]));
        let p = S::mul_add(S::mul_add(high, r2, low), r2, S::add(r, S::splat(1.0)));
        S::mul_add(p, S::low_bits_to_exponent(rounded), S::splat(1.0))
    }
}

/// `tanh(x)` as numerator and denominator, to 3e-7: `x P(x²) / Q(x²)` with the smallest relative
/// error for `|x| <= 9`, 2e-8 but for rounding. The denominator is from 1 to 1,000.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub unsafe fn tanh_fraction<S: Simd>(x: S::V) -> (S::V, S::V) {
    const P: [f32; 5] = [1.0, 0.133_810_25, 0.003_495_587, 2.060_906_4e-5, 1.335_463_9e-8];
    const Q: [f32; 5] = [1.0, 0.467_143_4, 0.025_876_978, 3.285_633e-4, 7.776_549e-7];
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let x = S::max(S::min(x, S::splat(9.0)), S::splat(-9.0));
        let y = S::mul(x, x);
        let y2 = S::mul(y, y);
        let p = S::mul_add(S::mul_add(S::splat(P[4]), y, S::splat(P[3])), y, S::splat(P[2]));
        let p = S::mul_add(p, y2, S::mul_add(S::splat(P[1]), y, S::splat(P[0])));
        let q = S::mul_add(S::mul_add(S::splat(Q[4]), y, S::splat(Q[3])), y, S::splat(Q[2]));
        let q = S::mul_add(q, y2, S::mul_add(S::splat(Q[1]), y, S::splat(Q[0])));
        (S::mul(x, p), q)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    /// What the functions make of some values: `1 + exp`, and the quotient of the fraction for tanh.
    struct Found {
        one_plus_exp: Vec<f32>,
        tanh: Vec<f32>,
    }

    /// # Safety
    /// As for [`Simd`].
    #[inline(always)]
    unsafe fn each<S: Exponent>(x: &[f32]) -> Found {
        let mut found = Found { one_plus_exp: vec![0.0; x.len()], tanh: vec![0.0; x.len()] };
        let results =
            found.one_plus_exp.chunks_exact_mut(S::WIDTH).zip(found.tanh.chunks_exact_mut(S::WIDTH));
        for (x, (exp, tanh)) in x.chunks_exact(S::WIDTH).zip(results) {
            // SAFETY: passed on; all three are a vector long.
            unsafe {
                let x = S::load(x.as_ptr());
                S::store(exp.as_mut_ptr(), one_plus_exp::<S>(x));
                let (a, b) = tanh_fraction::<S>(x);
                S::store(tanh.as_mut_ptr(), S::quotient(a, b));
            }
        }
        found
    }

    /// The functions with the instructions of `level`, of as many values as fill all vectors.
    fn found(level: Level, x: &[f32]) -> Found {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        unsafe fn avx2(x: &[f32]) -> Found {
            // SAFETY: passed on.
            unsafe { each::<Avx2>(x) }
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
        unsafe fn avx512(x: &[f32]) -> Found {
            // SAFETY: passed on.
            unsafe { each::<Avx512>(x) }
        }
        // SAFETY: only levels the processor has are tested.
        unsafe {
            match level {
                Level::Portable => each::<super::super::Portable>(x),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => avx2(x),
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => avx512(x),
            }
        }
    }

    /// With the instructions of every level, and with plain arithmetic, which other processors do.
    fn for_each_level(x: &[f32], check: impl Fn(&str, Found)) {
        // SAFETY: plain arithmetic.
        check("plain", unsafe { each::<Portable>(x) });
        Level::available().into_iter().for_each(|level| check(level.name(), found(level, x)));
    }

    #[test]
    fn the_sigmoid_and_tanh_are_as_exact_as_they_say() {
        /// The larger; a NaN is larger than any.
        fn worse(a: f64, b: f64) -> f64 {
            if b.abs() <= a { a } else { b.abs() }
        }
        let xs: Vec<f32> = (-2_000_000..2_000_000).map(|i| i as f32 * 1e-5).collect();
        let exact: Vec<_> = xs.iter().map(|&x| f64::from(x)).map(|x| (1.0 + x.exp(), x.tanh())).collect();
        for_each_level(&xs, |level, found| {
            let exp = found.one_plus_exp.iter().zip(&exact).map(|(x, exact)| f64::from(*x) / exact.0 - 1.0);
            let exp = exp.fold(0.0, worse);
            assert!(exp < 2.5e-7, "{level}: {exp:e}");
            let tanh = found.tanh.iter().zip(&exact).map(|(x, exact)| f64::from(*x) - exact.1);
            let tanh = tanh.fold(0.0, worse);
            assert!(tanh < 4e-7, "{level}: {tanh:e}");
        });
    }

    #[test]
    fn nothing_is_too_large_and_what_is_no_number_is_large() {
        let x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN].repeat(4);
        for_each_level(&x, |level, Found { one_plus_exp, tanh }| {
            for (sums, tanh) in one_plus_exp.chunks_exact(4).zip(tanh.chunks_exact(4)) {
                assert!(sums[0] > 1e25 && sums[1] == sums[0] && sums[0].is_finite(), "{level}: {sums:?}");
                assert_eq!(sums[2..], [1.0, 1.0], "{level}");
                for (found, expected) in tanh.iter().zip([1.0, 1.0, -1.0, -1.0]) {
                    assert!((found - expected).abs() < 4e-7, "{level}: {tanh:?}");
                }
            }
        });
    }
}
