//! Convolution in the frequency domain, in partitions of one length.
//!
//! Time is cut into blocks of `block` samples. The spectrum of a block is that of itself behind the
//! block before it (overlap-save). What is added to a block is the second half of the inverse
//! transform of `Σ_p spectrum[block - 2 - p] · response[p]`, where `response[p]` are the taps from
//! `(2 + p) * block` on. It is computed during the block before, in steps spread evenly over its
//! samples: the transform of the last whole block, a product for each partition, the inverse
//! transform.

use super::fir::Fir;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Level, Portable, Simd};
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::fmt;
use std::sync::Arc;

/// Most lanes of any level: what spectra are rounded up to.
const MAX_LANES: usize = 16;

/// The taps behind the head of a long response.
#[derive(Debug)]
pub struct Partitions {
    level: Level,
    block: usize,
    count: usize,
    /// The spectra of the taps, one behind the other.
    responses: Vec<f32>,
    /// The spectra of the last blocks: the newest at `newest`, older ones cyclically behind it.
    spectra: Vec<f32>,
    newest: usize,
    sum: Vec<f32>,
    /// What is added to the current block.
    addition: Vec<f32>,
    /// Samples of the current block that have passed, and steps taken in it.
    position: usize,
    steps_done: usize,
    transform: Transform,
}

/// Transforms of two blocks. A spectrum is its real parts and then its imaginary parts, each
/// rounded up to whole vectors.
struct Transform {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    time: Vec<f32>,
    frequency: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Real parts, or imaginary parts, of a spectrum.
    width: usize,
}

impl Partitions {
    /// Transforms the taps behind a head of `2 * block`; there is at least one.
    pub fn new(taps: &[f32], block: usize, level: Level) -> Self {
        let mut transform = Transform::new(2 * block);
        let count = taps.len().div_ceil(block);
        let spectrum = 2 * transform.width;
        let mut responses = vec![0.0; count * spectrum];
        // The inverse transform leaves its length as a factor.
        let scale = 0.5 / block as f32;
        for (taps, response) in taps.chunks(block).zip(responses.chunks_exact_mut(spectrum)) {
            transform.time.fill(0.0);
            for (time, tap) in transform.time.iter_mut().zip(taps) {
                *time = scale * tap;
            }
            transform.forward(response);
        }
        Self {
            level,
            block,
            count,
            responses,
            spectra: vec![0.0; count * spectrum],
            newest: 0,
            sum: vec![0.0; spectrum],
            addition: vec![0.0; block],
            position: 0,
            steps_done: 0,
            transform,
        }
    }

    /// Longest run that may follow, in samples: what is left of the block; never 0.
    pub fn room(&self) -> usize {
        self.block - self.position
    }

    /// Adds to a run of samples that `head` has just taken, no longer than [`Partitions::room`].
    pub fn run(&mut self, head: &Fir, output: &mut [f32]) {
        for (out, addition) in output.iter_mut().zip(&self.addition[self.position..]) {
            *out += addition;
        }
        self.position += output.len();
        let due = self.position * (self.count + 2) / self.block;
        if self.steps_done == 0 && due > 0 {
            self.newest = if self.newest == 0 { self.count - 1 } else { self.newest - 1 };
            self.transform.time.copy_from_slice(head.past(self.position, 2 * self.block));
            let spectrum = 2 * self.transform.width;
            self.transform.forward(&mut self.spectra[self.newest * spectrum..][..spectrum]);
            self.sum.fill(0.0);
        }
        self.multiply(self.steps_done.max(1) - 1..due.clamp(1, self.count + 1) - 1);
        self.steps_done = due;
        if self.position == self.block {
            self.transform.inverse(&self.sum);
            self.addition.copy_from_slice(&self.transform.time[self.block..]);
            (self.position, self.steps_done) = (0, 0);
        }
    }

    /// Forgets everything: endless silence before.
    pub fn reset(&mut self) {
        self.spectra.fill(0.0);
        self.addition.fill(0.0);
        (self.newest, self.position, self.steps_done) = (0, 0, 0);
    }

    /// Adds the products of these partitions to the sum.
    fn multiply(&mut self, partitions: std::ops::Range<usize>) {
        if partitions.is_empty() {
            return;
        }
        let spectrum = 2 * self.transform.width;
        // The newest spectra first, from where they lie in the ring to its end, and on from its beginning.
        let first = (self.newest + partitions.start) % self.count;
        let unbroken = partitions.len().min(self.count - first);
        let (head, tail) =
            (partitions.start..partitions.start + unbroken, partitions.start + unbroken..partitions.end);
        for (partitions, age) in [(head, first), (tail, 0)] {
            if !partitions.is_empty() {
                let length = partitions.len() * spectrum;
                let x = &self.spectra[age * spectrum..][..length];
                let h = &self.responses[partitions.start * spectrum..][..length];
                add_products(self.level, &mut self.sum, x, h);
            }
        }
    }
}

/// `sum += Σ x * h`, for spectra one behind the other, each as long as the sum.
fn add_products(level: Level, sum: &mut [f32], x: &[f32], h: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,fma")]
        fn avx512(sum: &mut [f32], x: &[f32], h: &[f32]) {
            // SAFETY: the instructions are enabled here.
            unsafe { products::<Avx512>(sum, x, h) }
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2(sum: &mut [f32], x: &[f32], h: &[f32]) {
            // SAFETY: the instructions are enabled here.
            unsafe { products::<Avx2>(sum, x, h) }
        }
        match level {
            // SAFETY: the level is one that the processor has.
            Level::Avx512 => return unsafe { avx512(sum, x, h) },
            // SAFETY: as above.
            Level::Avx2 => return unsafe { avx2(sum, x, h) },
            Level::Portable => {}
        }
    }
    let _ = level;
    // SAFETY: plain arithmetic needs no instructions.
    unsafe { products::<Portable>(sum, x, h) }
}

/// As [`add_products`]. The sum stays in registers from spectrum to spectrum.
///
/// # Safety
/// The processor has the instructions of `S`.
#[inline(always)]
unsafe fn products<S: Simd>(sum: &mut [f32], x: &[f32], h: &[f32]) {
    let (spectrum, width) = (sum.len(), sum.len() / 2);
    let (sum_re, sum_im) = sum.split_at_mut(width);
    assert!(width.is_multiple_of(MAX_LANES) && x.len() == h.len() && x.len().is_multiple_of(spectrum));
    for at in (0..width).step_by(S::WIDTH) {
        // SAFETY: both halves of the sum and of every spectrum have `width` values, a multiple of every level's lanes, and there
        // are as many spectra as fit into `x` and `h`.
        unsafe {
            let (mut re, mut im) = (S::load(sum_re.as_ptr().add(at)), S::load(sum_im.as_ptr().add(at)));
            for from in (0..x.len()).step_by(spectrum) {
                let (x, h) = (x.as_ptr().add(from + at), h.as_ptr().add(from + at));
                let (a, b) = (S::load(x), S::load(x.add(width)));
                let (c, d) = (S::load(h), S::load(h.add(width)));
                let minus_d = S::mul(d, S::splat(-1.0));
                re = S::mul_add(b, minus_d, S::mul_add(a, c, re));
                im = S::mul_add(b, c, S::mul_add(a, d, im));
            }
            S::store(sum_re.as_mut_ptr().add(at), re);
            S::store(sum_im.as_mut_ptr().add(at), im);
        }
    }
}

impl Transform {
    fn new(samples: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(samples), planner.plan_fft_inverse(samples));
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            time: forward.make_input_vec(),
            frequency: forward.make_output_vec(),
            scratch: vec![Complex32::default(); scratch],
            width: forward.complex_len().next_multiple_of(MAX_LANES),
            forward,
            inverse,
        }
    }

    /// Transforms `time`, which is overwritten.
    fn forward(&mut self, spectrum: &mut [f32]) {
        let done = self.forward.process_with_scratch(&mut self.time, &mut self.frequency, &mut self.scratch);
        debug_assert!(done.is_ok(), "its only errors are wrong lengths, and these are its own");
        let (re, im) = spectrum.split_at_mut(self.width);
        for ((x, re), im) in self.frequency.iter().zip(re).zip(im) {
            (*re, *im) = (x.re, x.im);
        }
    }

    /// Transforms back into `time`, times its length.
    fn inverse(&mut self, spectrum: &[f32]) {
        let (re, im) = spectrum.split_at(self.width);
        for ((x, re), im) in self.frequency.iter_mut().zip(re).zip(im) {
            *x = Complex32::new(*re, *im);
        }
        // Its errors are wrong lengths, and these are its own; and ends that are not real, which is
        // what becomes of them where the audio is NaN: that must come out as NaN, and pass.
        let _ = self.inverse.process_with_scratch(&mut self.frequency, &mut self.time, &mut self.scratch);
    }
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transform of {} samples", self.time.len())
    }
}
