//! The power of a piece of sound over frequency.

use realfft::num_complex::Complex;
use realfft::{FftNum, RealFftPlanner, RealToComplex};
use std::f64::consts::TAU;
use std::fmt;
use std::sync::Arc;

/// Power spectra of pieces of one length under a Hann window, in `f32` or `f64`.
pub struct PowerSpectrum<T: FftNum> {
    forward: Arc<dyn RealToComplex<T>>,
    window: Vec<T>,
    time: Vec<T>,
    frequency: Vec<Complex<T>>,
    scratch: Vec<Complex<T>>,
    power: Vec<T>,
}

impl<T: FftNum> PowerSpectrum<T> {
    /// For pieces of `length` samples, at least 2. Not for the audio thread: allocates and plans.
    pub fn new(length: usize) -> Self {
        let forward = RealFftPlanner::new().plan_fft_forward(length);
        let frequency = forward.make_output_vec();
        Self {
            // Periodic: the sample after the last would be the first again (Harris 1978, "On the use of
            // windows for harmonic analysis", eq. 27b for DFTs).
            window: (0..length).map(|i| number(0.5 - 0.5 * (TAU * i as f64 / length as f64).cos())).collect(),
            time: forward.make_input_vec(),
            power: vec![T::zero(); frequency.len()],
            scratch: forward.make_scratch_vec(),
            frequency,
            forward,
        }
    }

    /// Samples in a piece.
    pub fn length(&self) -> usize {
        self.window.len()
    }

    /// |X|² of a piece of [`length`](Self::length) samples, not normalised, at 0 to `length / 2` cycles a piece.
    /// For any thread: neither allocates nor waits. What a shorter piece lacks is silence; of a longer one
    /// the beginning counts.
    pub fn of(&mut self, sound: impl IntoIterator<Item = T>) -> &[T] {
        let mut sound = sound.into_iter();
        for (time, window) in self.time.iter_mut().zip(&self.window) {
            *time = sound.next().unwrap_or_else(T::zero) * *window;
        }
        let done = self.forward.process_with_scratch(&mut self.time, &mut self.frequency, &mut self.scratch);
        debug_assert!(done.is_ok(), "all lengths come from one plan");
        for (power, x) in self.power.iter_mut().zip(&self.frequency) {
            *power = x.norm_sqr();
        }
        &self.power
    }
}

/// The nearest number of a type. `f32` and `f64`, the only ones transforms are used with, have one for each.
fn number<T: FftNum>(x: f64) -> T {
    T::from_f64(x).unwrap_or_else(T::zero)
}

impl<T: FftNum> fmt::Debug for PowerSpectrum<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PowerSpectrum").field("length", &self.length()).finish_non_exhaustive()
    }
}
