//! A FIR filter: lanes are samples.

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Level, Portable, Simd};

/// Most lanes of any level: what is read behind the present, and thrown away.
const MAX_LANES: usize = 16;
/// Vectors of samples computed side by side.
const VECTORS: usize = 4;
/// Samples in a run, so that what it overwrites is never what it reads.
const MAX_RUN: usize = 256;

/// A filter and the past it needs.
#[derive(Debug)]
pub struct Fir {
    /// The response, last tap first, with an even number of taps: an empty one may come before.
    taps: Vec<f32>,
    bias: f32,
    /// Every sample lies at its time modulo `size`, and `size` behind that, so that any stretch of
    /// the past is in one piece.
    ring: Vec<f32>,
    size: usize,
    /// Where the next sample goes, below `size`.
    position: usize,
}

impl Fir {
    /// A filter that remembers `past` samples, or more.
    pub fn new(response: &[f32], bias: f32, past: usize) -> Self {
        let mut taps = Vec::with_capacity(response.len() + 1);
        if response.len() % 2 == 1 {
            taps.push(0.0);
        }
        taps.extend(response.iter().rev());
        let size = (taps.len().max(past) + MAX_RUN).next_power_of_two();
        Self { taps, bias, ring: vec![0.0; 2 * size + MAX_LANES * VECTORS], size, position: 0 }
    }

    /// Longest run that may follow, in samples; never 0.
    pub fn room(&self) -> usize {
        (self.size - self.position).min(MAX_RUN)
    }

    /// The `n` samples that end `ago` samples before the next one; together at most the past that
    /// was asked for.
    pub fn past(&self, ago: usize, n: usize) -> &[f32] {
        let end = self.position + self.size - ago;
        &self.ring[end - n..end]
    }

    /// Forgets everything: endless silence before.
    pub fn reset(&mut self) {
        self.ring.fill(0.0);
        self.position = 0;
    }

    /// Takes a run of samples, no longer than [`Fir::room`], and filters it.
    pub fn run(&mut self, level: Level, input: &[f32], output: &mut [f32]) {
        let (at, n) = (self.position, input.len());
        self.ring[at..at + n].copy_from_slice(input);
        self.ring[self.size + at..self.size + at + n].copy_from_slice(input);
        let _ = level;
        #[cfg(target_arch = "x86_64")]
        {
            /// # Safety
            /// As for [`Fir::filter`].
            #[target_feature(enable = "avx512f,fma")]
            unsafe fn avx512(fir: &Fir, output: &mut [f32]) {
                // SAFETY: the instructions are enabled here.
                unsafe { fir.filter::<Avx512>(output) }
            }
            /// # Safety
            /// As for [`Fir::filter`].
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2(fir: &Fir, output: &mut [f32]) {
                // SAFETY: the instructions are enabled here.
                unsafe { fir.filter::<Avx2>(output) }
            }
            match level {
                // SAFETY: the level is one that the processor has.
                Level::Avx512 => unsafe { avx512(self, output) },
                // SAFETY: as above.
                Level::Avx2 => unsafe { avx2(self, output) },
                // SAFETY: plain arithmetic needs no instructions.
                Level::Portable => unsafe { self.filter::<Portable>(output) },
            }
        }
        // SAFETY: plain arithmetic needs no instructions.
        #[cfg(not(target_arch = "x86_64"))]
        unsafe {
            self.filter::<Portable>(output)
        }
        self.position = (at + n) % self.size;
    }

    /// Filters the samples from `position` on, as many as `output` has.
    ///
    /// # Safety
    /// The processor has the instructions of `S`.
    #[inline(always)]
    unsafe fn filter<S: Simd>(&self, output: &mut [f32]) {
        let tile = VECTORS * S::WIDTH;
        let start = self.size + self.position + 1 - self.taps.len();
        let mut out = [0.0; VECTORS * MAX_LANES];
        let mut at = 0;
        while at < output.len() {
            let n = output.len() - at;
            // SAFETY: a run ends below 2 * size, and what is read behind it is room that the ring
            // has beyond its end; the taps before its first sample reach back less than `size`.
            unsafe {
                let window = self.ring.as_ptr().add(start + at);
                if n > S::WIDTH {
                    self.sums::<S, VECTORS>(window, &mut out);
                } else {
                    self.sums::<S, 1>(window, &mut out);
                }
            }
            let n = n.min(tile);
            output[at..at + n].copy_from_slice(&out[..n]);
            at += n;
        }
    }

    /// The answers to `N` vectors of samples. Even and odd taps are summed apart, in the same order
    /// for every sample whichever `N` computes it.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; at `window` there are the samples of the first
    /// answer, and `N` vectors' worth of others behind.
    #[inline(always)]
    unsafe fn sums<S: Simd, const N: usize>(&self, window: *const f32, out: &mut [f32; VECTORS * MAX_LANES]) {
        // SAFETY: the caller vouches for both; `out` has room for the widest vectors.
        unsafe {
            let mut even = [S::splat(self.bias); N];
            let mut odd = [S::splat(0.0); N];
            for k in (0..self.taps.len()).step_by(2) {
                let (a, b) = (S::splat(*self.taps.as_ptr().add(k)), S::splat(*self.taps.as_ptr().add(k + 1)));
                let x = window.add(k);
                for v in 0..N {
                    even[v] = S::mul_add(a, S::load(x.add(v * S::WIDTH)), even[v]);
                    odd[v] = S::mul_add(b, S::load(x.add(v * S::WIDTH + 1)), odd[v]);
                }
            }
            for v in 0..N {
                S::store(out.as_mut_ptr().add(v * S::WIDTH), S::add(even[v], odd[v]));
            }
        }
    }
}
