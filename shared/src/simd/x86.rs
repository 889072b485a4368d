//! Vector instructions of x86-64.

use super::Simd;
use std::arch::x86_64::*;

/// SSE2, which every x86-64 has: four lanes.
#[derive(Clone, Copy)]
pub struct Sse2;

/// AVX2 and FMA: eight lanes.
#[derive(Clone, Copy)]
pub struct Avx2;

/// AVX-512F and DQ: sixteen lanes.
#[derive(Clone, Copy)]
pub struct Avx512;

// SAFETY of every block below: the trait's callers vouch for the instructions and pointers.

impl Simd for Sse2 {
    type V = __m128;
    const WIDTH: usize = 4;
    const SPREADS: bool = false;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_loadu_ps(from) }
    }
    #[inline(always)]
    unsafe fn store(to: *mut f32, v: __m128) {
        // SAFETY: see above.
        unsafe { _mm_storeu_ps(to, v) }
    }
    #[inline(always)]
    unsafe fn splat(x: f32) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_set1_ps(x) }
    }
    #[inline(always)]
    unsafe fn mul_add(a: __m128, b: __m128, c: __m128) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_add_ps(_mm_mul_ps(a, b), c) }
    }
    #[inline(always)]
    unsafe fn add(a: __m128, b: __m128) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_add_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn mul(a: __m128, b: __m128) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_mul_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn min(a: __m128, b: __m128) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_min_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn max(a: __m128, b: __m128) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_max_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn divide(a: __m128, b: __m128) -> __m128 {
        // SAFETY: see above.
        unsafe { _mm_div_ps(a, b) }
    }
    #[inline(always)]
    unsafe fn select_positive(x: __m128, yes: __m128, no: __m128) -> __m128 {
        // SAFETY: see above.
        unsafe {
            let positive = _mm_cmpgt_ps(x, _mm_setzero_ps());
            _mm_or_ps(_mm_and_ps(positive, yes), _mm_andnot_ps(positive, no))
        }
    }
    #[inline(always)]
    unsafe fn sums(a: __m128, b: __m128, c: __m128, d: __m128) -> [f32; 4] {
        // SAFETY: see above. Every step halves the number of values a sum is spread over.
        unsafe {
            let ab = _mm_add_ps(_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
            let cd = _mm_add_ps(_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
            let sum = _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab));
            let mut out = [0.0; 4];
            _mm_storeu_ps(out.as_mut_ptr(), sum);
            out
        }
    }
}

impl Simd for Avx2 {
    type V = __m256;
    const WIDTH: usize = 8;
    const SPREADS: bool = false;

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
        // SAFETY: see above. One instruction on one port, where an estimate and a Newton step are
        // four.
        unsafe { _mm256_div_ps(a, b) }
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
    const SPREADS: bool = true;

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
    unsafe fn within(x: __m512, most: __m512, _: __m512) -> __m512 {
        // SAFETY: see above. The smaller magnitude, with the sign of `x`: one instruction for two.
        unsafe { _mm512_range_ps::<0b0010>(x, most) }
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
