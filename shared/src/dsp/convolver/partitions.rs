//! Convolution in the frequency domain, in partitions of one length.
//!
//! Time is cut into blocks of `block` samples. The spectrum of a block is that of itself behind the
//! block before it (overlap-save). What is added to a block is the second half of the inverse
//! transform of `Σ_p spectrum[block - 2 - p] · response[p]`, where `response[p]` are the taps from
//! `(2 + p) * block` on. It is computed during the block before, in steps spread evenly over its
//! samples: the transform of the last whole block, a product for each partition, the inverse
//! transform.

use super::fir::Fir;
use crate::simd::{Aligned, Level, Portable, Simd};
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::fmt;
use std::iter::StepBy;
use std::ops::Range;
use std::sync::Arc;

/// Most lanes of any level: of so many frequencies a spectrum has a multiple.
const MAX_LANES: usize = 16;

/// The taps behind the head of a long response.
#[derive(Debug)]
pub struct Partitions {
    level: Level,
    block: usize,
    count: usize,
    /// The spectra of the taps, one behind the other.
    responses: Spectra,
    /// The spectra of the last blocks: the newest at `newest`, older ones cyclically behind it.
    spectra: Spectra,
    newest: usize,
    sum: Spectra,
    /// What is added to the current block.
    addition: Vec<f32>,
    /// Samples of the current block that have passed, and steps taken in it.
    position: usize,
    steps_done: usize,
    transform: Transform,
}

/// Spectra of two blocks, one behind the other.
///
/// The ends, at 0 Hz and at half the rate, are real and lie apart: what is left is as many frequencies as a block has
/// samples, and so whole vectors.
#[derive(Debug)]
struct Spectra {
    /// Of each, the real parts and then the imaginary parts. The first of both are 0, in place of the ends.
    inner: Aligned,
    ends: Vec<[f32; 2]>,
}

/// Transforms of two blocks.
struct Transform {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    time: Vec<f32>,
    frequency: Vec<Complex32>,
    scratch: Vec<Complex32>,
}

impl Partitions {
    /// Transforms the taps behind a head of `2 * block`; there is at least one. A block is a multiple of 16 samples.
    pub fn new(taps: &[f32], block: usize, level: Level) -> Self {
        debug_assert!(block.is_multiple_of(MAX_LANES), "spectra of whole vectors");
        let mut transform = Transform::new(2 * block);
        let count = taps.len().div_ceil(block);
        let mut responses = Spectra::silent(count, block);
        // The inverse transform leaves its length as a factor.
        let scale = 0.5 / block as f32;
        for (at, taps) in taps.chunks(block).enumerate() {
            transform.time.fill(0.0);
            for (time, tap) in transform.time.iter_mut().zip(taps) {
                *time = scale * tap;
            }
            transform.forward(&mut responses, at);
        }
        Self {
            level,
            block,
            count,
            responses,
            spectra: Spectra::silent(count, block),
            newest: 0,
            sum: Spectra::silent(1, block),
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
            self.transform.forward(&mut self.spectra, self.newest);
            self.sum.silence();
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
        self.spectra.silence();
        self.addition.fill(0.0);
        (self.newest, self.position, self.steps_done) = (0, 0, 0);
    }

    /// Adds the products of these partitions to the sum.
    fn multiply(&mut self, partitions: Range<usize>) {
        if partitions.is_empty() {
            return;
        }
        // The newest spectra first, from where they lie in the ring to its end, and on from its beginning.
        let first = (self.newest + partitions.start) % self.count;
        let unbroken = partitions.len().min(self.count - first);
        let (head, tail) =
            (partitions.start..partitions.start + unbroken, partitions.start + unbroken..partitions.end);
        for (partitions, age) in [(head, first), (tail, 0)] {
            if !partitions.is_empty() {
                let ages = age..age + partitions.len();
                let (x, h) = (self.spectra.part(ages.clone()), self.responses.part(partitions.clone()));
                add_products(self.level, self.sum.inner.values_mut(), x, h);
                let [[low, high]] = &mut self.sum.ends[..] else { return };
                for (x, h) in self.spectra.ends[ages].iter().zip(&self.responses.ends[partitions]) {
                    *low += x[0] * h[0];
                    *high += x[1] * h[1];
                }
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
            unsafe { products::<Avx512, 4>(sum, x, h) }
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2(sum: &mut [f32], x: &[f32], h: &[f32]) {
            // SAFETY: the instructions are enabled here.
            unsafe { products::<Avx2, 4>(sum, x, h) }
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
    unsafe { products::<Portable, 2>(sum, x, h) }
}

/// As [`add_products`], `N` vectors side by side: one alone is a chain of sums that wait for each other. They stay in registers
/// from spectrum to spectrum.
///
/// # Safety
/// The processor has the instructions of `S`.
#[inline(always)]
unsafe fn products<S: Simd, const N: usize>(sum: &mut [f32], x: &[f32], h: &[f32]) {
    let (spectrum, width) = (sum.len(), sum.len() / 2);
    let (sum_re, sum_im) = sum.split_at_mut(width);
    assert!(width.is_multiple_of(MAX_LANES) && x.len() == h.len() && x.len().is_multiple_of(spectrum));
    let (len, mut at) = (x.len(), 0);
    while at < width {
        // SAFETY: both halves of the sum and of every spectrum have `width` values, a multiple of every level's lanes, and there
        // are as many spectra as fit into `x` and `h`.
        unsafe {
            let (re, im) = (sum_re.as_mut_ptr().add(at), sum_im.as_mut_ptr().add(at));
            let (x, h) = (x.as_ptr().add(at), h.as_ptr().add(at));
            let spectra = (0..len).step_by(spectrum);
            if width - at >= N * S::WIDTH {
                accumulate::<S, N>(re, im, x, h, spectra, width);
                at += N * S::WIDTH;
            } else {
                accumulate::<S, 1>(re, im, x, h, spectra, width);
                at += S::WIDTH;
            }
        }
    }
}

/// `N` vectors of products.
///
/// # Safety
/// The processor has the instructions of `S`; there are `N` vectors at all four places, and at the last two of them in each of the
/// spectra and `width` behind that.
#[inline(always)]
unsafe fn accumulate<S: Simd, const N: usize>(
    re: *mut f32,
    im: *mut f32,
    x: *const f32,
    h: *const f32,
    spectra: StepBy<Range<usize>>,
    width: usize,
) {
    // SAFETY: passed on.
    unsafe {
        let mut sums: [_; N] =
            std::array::from_fn(|i| (S::load(re.add(i * S::WIDTH)), S::load(im.add(i * S::WIDTH))));
        for from in spectra {
            for (i, (re, im)) in sums.iter_mut().enumerate() {
                let (x, h) = (x.add(from + i * S::WIDTH), h.add(from + i * S::WIDTH));
                let (a, b) = (S::load(x), S::load(x.add(width)));
                let (c, d) = (S::load(h), S::load(h.add(width)));
                let minus_d = S::mul(d, S::splat(-1.0));
                *re = S::mul_add(b, minus_d, S::mul_add(a, c, *re));
                *im = S::mul_add(b, c, S::mul_add(a, d, *im));
            }
        }
        for (i, (sum_re, sum_im)) in sums.into_iter().enumerate() {
            S::store(re.add(i * S::WIDTH), sum_re);
            S::store(im.add(i * S::WIDTH), sum_im);
        }
    }
}

impl Spectra {
    /// So many spectra of two blocks of silence.
    fn silent(count: usize, block: usize) -> Self {
        Self { inner: Aligned::new(2 * block * count), ends: vec![[0.0; 2]; count] }
    }

    fn silence(&mut self) {
        self.inner.values_mut().fill(0.0);
        self.ends.fill([0.0; 2]);
    }

    /// What one of them takes.
    fn size(&self) -> usize {
        self.inner.len() / self.ends.len()
    }

    /// The inner frequencies of some of them.
    fn part(&self, which: Range<usize>) -> &[f32] {
        &self.inner.values()[which.start * self.size()..which.end * self.size()]
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
            forward,
            inverse,
        }
    }

    /// Transforms `time`, which is overwritten, into one of the spectra.
    fn forward(&mut self, spectra: &mut Spectra, at: usize) {
        let done = self.forward.process_with_scratch(&mut self.time, &mut self.frequency, &mut self.scratch);
        debug_assert!(done.is_ok(), "its only errors are wrong lengths, and these are its own");
        let [low, inner @ .., high] = &self.frequency[..] else { return };
        spectra.ends[at] = [low.re, high.re];
        let size = spectra.size();
        let (re, im) = spectra.inner.values_mut()[at * size..][..size].split_at_mut(size / 2);
        for ((x, re), im) in inner.iter().zip(&mut re[1..]).zip(&mut im[1..]) {
            (*re, *im) = (x.re, x.im);
        }
    }

    /// Transforms one spectrum back into `time`, times its length.
    fn inverse(&mut self, spectrum: &Spectra) {
        let (re, im) = spectrum.inner.values().split_at(spectrum.size() / 2);
        let [low, inner @ .., high] = &mut self.frequency[..] else { return };
        for ((x, re), im) in inner.iter_mut().zip(&re[1..]).zip(&im[1..]) {
            *x = Complex32::new(*re, *im);
        }
        let [[first, last]] = spectrum.ends[..] else { return };
        (*low, *high) = (first.into(), last.into());
        // Its errors are wrong lengths, and these are its own.
        let _ = self.inverse.process_with_scratch(&mut self.frequency, &mut self.time, &mut self.scratch);
    }
}

impl fmt::Debug for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transform of {} samples", self.time.len())
    }
}
