//! The little vector arithmetic the kernel needs, for AVX-512, AVX2 with FMA, and everything else.

/// A set of vector instructions on `f32`.
///
/// All operations are inlined into functions that enable the instructions; nothing here checks
/// that the processor has them.
///
/// # Safety
/// Calling anything is only allowed where the processor has the instructions, which
/// [`Isa::available`](super::Isa::available) found out. Loads and stores need `WIDTH` valid values
/// at the pointer, in any alignment.
pub(super) trait Simd: Copy {
    /// A vector of [`Simd::WIDTH`] values.
    type V: Copy;
    /// Values in a vector.
    const WIDTH: usize;

    unsafe fn load(from: *const f32) -> Self::V;
    unsafe fn store(to: *mut f32, v: Self::V);
    unsafe fn splat(x: f32) -> Self::V;
    /// `a * b + c`
    unsafe fn mul_add(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// `a / b` to about one unit in the last place; `b` neither 0 nor huge.
    unsafe fn divide(a: Self::V, b: Self::V) -> Self::V;
    /// `yes` where `x > 0`, `no` elsewhere.
    unsafe fn select_positive(x: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// The sums of four vectors.
    unsafe fn sums(a: Self::V, b: Self::V, c: Self::V, d: Self::V) -> [f32; 4];
}

/// Plain arithmetic on four lanes; compilers turn it into whatever the target has.
#[derive(Clone, Copy)]
pub(super) struct Portable;

#[inline(always)]
fn zip4(a: [f32; 4], b: [f32; 4], f: impl Fn(f32, f32) -> f32) -> [f32; 4] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

impl Simd for Portable {
    type V = [f32; 4];
    const WIDTH: usize = 4;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 4] {
        // SAFETY: four values are readable, says the caller; arrays of f32 are read unaligned.
        unsafe { from.cast::<[f32; 4]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: [f32; 4]) {
        // SAFETY: four values are writable, says the caller.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(v) }
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> [f32; 4] {
        [x; 4]
    }
    // Not `f32::mul_add`: without the instruction that is a function call for each value.
    #[inline(always)]
    unsafe fn mul_add(a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        zip4(zip4(a, b, |x, y| x * y), c, |x, y| x + y)
    }
    #[inline(always)]
    unsafe fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip4(a, b, |x, y| x + y)
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip4(a, b, |x, y| x * y)
    }
    #[inline(always)]
    unsafe fn min(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip4(a, b, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    unsafe fn max(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip4(a, b, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    unsafe fn divide(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        zip4(a, b, |x, y| x / y)
    }
    #[inline(always)]
    unsafe fn select_positive(x: [f32; 4], yes: [f32; 4], no: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| if x[i] > 0.0 { yes[i] } else { no[i] })
    }
    #[inline(always)]
    unsafe fn sums(a: [f32; 4], b: [f32; 4], c: [f32; 4], d: [f32; 4]) -> [f32; 4] {
        [a, b, c, d].map(|v| (v[0] + v[2]) + (v[1] + v[3]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Simd;
    use std::arch::x86_64::*;

    /// AVX2 and FMA: eight lanes.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2;

    /// AVX-512F: sixteen lanes.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512;

    // SAFETY of every block below: the trait's callers vouch for the instructions and pointers.

    impl Simd for Avx2 {
        type V = __m256;
        const WIDTH: usize = 8;

        #[inline(always)]
        unsafe fn load(from: *const f32) -> __m256 {
            // SAFETY: see above.
            unsafe { _mm256_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn store(to: *mut f32, v: __m256) {
            // SAFETY: see above.
            unsafe { _mm256_storeu_ps(to, v) }
        }
        #[inline(always)]
        unsafe fn splat(x: f32) -> __m256 {
            // SAFETY: see above.
            unsafe { _mm256_set1_ps(x) }
        }
        #[inline(always)]
        unsafe fn mul_add(a: __m256, b: __m256, c: __m256) -> __m256 {
            // SAFETY: see above.
            unsafe { _mm256_fmadd_ps(a, b, c) }
        }
        #[inline(always)]
        unsafe fn add(a: __m256, b: __m256) -> __m256 {
            // SAFETY: see above.
            unsafe { _mm256_add_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn mul(a: __m256, b: __m256) -> __m256 {
            // SAFETY: see above.
            unsafe { _mm256_mul_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn min(a: __m256, b: __m256) -> __m256 {
            // SAFETY: see above.
            unsafe { _mm256_min_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn max(a: __m256, b: __m256) -> __m256 {
            // SAFETY: see above.
            unsafe { _mm256_max_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn divide(a: __m256, b: __m256) -> __m256 {
            // SAFETY: see above. An estimate of 12 bits and one Newton step.
            unsafe {
                let r = _mm256_rcp_ps(b);
                let correction = _mm256_fnmadd_ps(b, r, _mm256_set1_ps(2.0));
                _mm256_mul_ps(a, _mm256_mul_ps(r, correction))
            }
        }
        #[inline(always)]
        unsafe fn select_positive(x: __m256, yes: __m256, no: __m256) -> __m256 {
            // SAFETY: see above.
            unsafe { _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_setzero_ps())) }
        }
        #[inline(always)]
        unsafe fn sums(a: __m256, b: __m256, c: __m256, d: __m256) -> [f32; 4] {
            // SAFETY: see above. Every step halves the number of values a sum is spread over.
            unsafe {
                let ab = _mm256_add_ps(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let cd = _mm256_add_ps(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                let (ab, cd) = (_mm256_castps_pd(ab), _mm256_castps_pd(cd));
                let low = _mm256_castpd_ps(_mm256_unpacklo_pd(ab, cd));
                let high = _mm256_castpd_ps(_mm256_unpackhi_pd(ab, cd));
                let abcd = _mm256_add_ps(low, high);
                let sum = _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps::<1>(abcd));
                let mut out = [0.0; 4];
                _mm_storeu_ps(out.as_mut_ptr(), sum);
                out
            }
        }
    }

    impl Simd for Avx512 {
        type V = __m512;
        const WIDTH: usize = 16;

        #[inline(always)]
        unsafe fn load(from: *const f32) -> __m512 {
            // SAFETY: see above.
            unsafe { _mm512_loadu_ps(from) }
        }
        #[inline(always)]
        unsafe fn store(to: *mut f32, v: __m512) {
            // SAFETY: see above.
            unsafe { _mm512_storeu_ps(to, v) }
        }
        #[inline(always)]
        unsafe fn splat(x: f32) -> __m512 {
            // SAFETY: see above.
            unsafe { _mm512_set1_ps(x) }
        }
        #[inline(always)]
        unsafe fn mul_add(a: __m512, b: __m512, c: __m512) -> __m512 {
            // SAFETY: see above.
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }
        #[inline(always)]
        unsafe fn add(a: __m512, b: __m512) -> __m512 {
            // SAFETY: see above.
            unsafe { _mm512_add_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn mul(a: __m512, b: __m512) -> __m512 {
            // SAFETY: see above.
            unsafe { _mm512_mul_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn min(a: __m512, b: __m512) -> __m512 {
            // SAFETY: see above.
            unsafe { _mm512_min_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn max(a: __m512, b: __m512) -> __m512 {
            // SAFETY: see above.
            unsafe { _mm512_max_ps(a, b) }
        }
        #[inline(always)]
        unsafe fn divide(a: __m512, b: __m512) -> __m512 {
            // SAFETY: see above. An estimate of 14 bits and one Newton step.
            unsafe {
                let r = _mm512_rcp14_ps(b);
                let correction = _mm512_fnmadd_ps(b, r, _mm512_set1_ps(2.0));
                _mm512_mul_ps(a, _mm512_mul_ps(r, correction))
            }
        }
        #[inline(always)]
        unsafe fn select_positive(x: __m512, yes: __m512, no: __m512) -> __m512 {
            // SAFETY: see above.
            unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_setzero_ps()), no, yes) }
        }
        #[inline(always)]
        unsafe fn sums(a: __m512, b: __m512, c: __m512, d: __m512) -> [f32; 4] {
            // SAFETY: see above. Every step halves the number of values a sum is spread over.
            unsafe {
                let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
                let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
                let (ab, cd) = (_mm512_castps_pd(ab), _mm512_castps_pd(cd));
                let low = _mm512_castpd_ps(_mm512_unpacklo_pd(ab, cd));
                let high = _mm512_castpd_ps(_mm512_unpackhi_pd(ab, cd));
                let abcd = _mm512_add_ps(low, high);
                let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(abcd)));
                let abcd = _mm256_add_ps(_mm512_castps512_ps256(abcd), upper);
                let sum = _mm_add_ps(_mm256_castps256_ps128(abcd), _mm256_extractf128_ps::<1>(abcd));
                let mut out = [0.0; 4];
                _mm_storeu_ps(out.as_mut_ptr(), sum);
                out
            }
        }
    }
}

/// `tanh(x)` to 6e-7: a rational approximation of degree 7 over 8.
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn tanh<S: Simd>(x: S::V) -> S::V {
    const P: [f32; 4] = [0.999_999_17, 0.128_681_4, 0.002_890_493_7, 1.080_057_7e-5];
    const Q: [f32; 5] = [1.0, 0.462_011_28, 0.023_564_645, 0.000_230_269_71, 2.263_608e-7];
    // SAFETY: the caller vouches for the instructions.
    unsafe {
        let x = S::max(S::min(x, S::splat(8.5)), S::splat(-8.5));
        let y = S::mul(x, x);
        let p = S::mul_add(S::splat(P[3]), y, S::splat(P[2]));
        let p = S::mul_add(p, y, S::splat(P[1]));
        let p = S::mul_add(p, y, S::splat(P[0]));
        let q = S::mul_add(S::splat(Q[4]), y, S::splat(Q[3]));
        let q = S::mul_add(q, y, S::splat(Q[2]));
        let q = S::mul_add(q, y, S::splat(Q[1]));
        let q = S::mul_add(q, y, S::splat(Q[0]));
        S::divide(S::mul(x, p), q)
    }
}

/// `1 / (1 + exp(-x))`, through [`tanh`].
///
/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub(super) unsafe fn sigmoid<S: Simd>(x: S::V) -> S::V {
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
pub(super) unsafe fn abs<S: Simd>(x: S::V) -> S::V {
    // SAFETY: the caller vouches for the instructions.
    unsafe { S::max(x, S::mul(x, S::splat(-1.0))) }
}
