//! What is heard before and after the equaliser: levels of narrow bands that move as the ear follows.

use super::graph::{HIGHEST_HZ, LOWEST_HZ};
use crate::rack::SCOPE_SAMPLES;
use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};
use std::f32::consts::TAU;
use std::sync::Arc;

/// Levels in a spectrum, evenly spaced in the logarithm from 20 Hz to 20 kHz.
pub const POINTS: usize = 241;

/// The softest level that is told, in dBFS.
pub const SILENCE_DBFS: f32 = -120.0;

/// Length of the window, in seconds: resolves a semitone from 220 Hz upwards.
const WINDOW_SECONDS: f64 = 0.17;

/// Time constants of rising and falling levels, in seconds.
const RISE_SECONDS: f32 = 0.06;
const FALL_SECONDS: f32 = 0.35;

/// Half the width of a band, in octaves. Two passes of a sixth of an octave make a triangle a third of
/// an octave wide at its foot, without the edges that a single pass would draw around a tone.
const HALF_BAND: f32 = 1.0 / 12.0;

/// Samples in a window at a rate: a power of two, as far as can be looked back.
pub fn window_samples(sample_rate_hz: f64) -> usize {
    ((sample_rate_hz * WINDOW_SECONDS) as usize).next_power_of_two().clamp(1024, SCOPE_SAMPLES)
}

/// The frequency in Hz of a point.
pub fn point_hz(point: usize) -> f32 {
    LOWEST_HZ * (HIGHEST_HZ / LOWEST_HZ).powf(point as f32 / (POINTS - 1) as f32)
}

/// A spectrum that is shown.
#[derive(Debug)]
pub struct Spectrum {
    levels: Vec<f32>,
}

impl Default for Spectrum {
    fn default() -> Self {
        Self { levels: vec![SILENCE_DBFS; POINTS] }
    }
}

impl Spectrum {
    /// The levels in dBFS, [`POINTS`] of them.
    pub fn levels(&self) -> &[f32] {
        &self.levels
    }

    /// Moves towards `measured`, the levels after the last frame, which lasted `seconds`.
    pub fn follow(&mut self, measured: &[f32], seconds: f32) {
        let step = |time: f32| 1.0 - (-seconds.max(0.0) / time).exp();
        let (rise, fall) = (step(RISE_SECONDS), step(FALL_SECONDS));
        for (level, &now) in self.levels.iter_mut().zip(measured) {
            *level += (now - *level) * if now > *level { rise } else { fall };
        }
    }
}

/// Measures windows of sound.
pub struct Analyser {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    input: Vec<f32>,
    bins: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
    /// Power below each bin's lower edge.
    below: Vec<f64>,
    levels: Vec<f32>,
    passed: Vec<f64>,
    bin_hz: f32,
}

impl Analyser {
    /// An analyser for windows of [`window_samples`] at this rate.
    pub fn new(sample_rate_hz: f64) -> Self {
        let length = window_samples(sample_rate_hz);
        let transform = RealFftPlanner::new().plan_fft_forward(length);
        let window: Vec<f32> =
            (0..length).map(|i| 0.5 - 0.5 * (TAU * i as f32 / length as f32).cos()).collect();
        Self {
            input: transform.make_input_vec(),
            bins: transform.make_output_vec(),
            scratch: transform.make_scratch_vec(),
            below: vec![0.0; length / 2 + 2],
            levels: vec![SILENCE_DBFS; POINTS],
            passed: vec![0.0; POINTS],
            bin_hz: (sample_rate_hz / length as f64) as f32,
            window,
            transform,
        }
    }

    /// Samples it wants.
    pub fn length(&self) -> usize {
        self.window.len()
    }

    /// Levels in dBFS of bands a sixth of an octave wide around every point; a sine of full scale has
    /// 0 dBFS. What is missing of a window counts as silence before `samples`.
    pub fn measure(&mut self, samples: &[f32]) -> &[f32] {
        let length = self.window.len();
        let samples = &samples[samples.len().saturating_sub(length)..];
        let missing = length - samples.len();
        self.input[..missing].fill(0.0);
        for ((to, sample), weight) in
            self.input[missing..].iter_mut().zip(samples).zip(&self.window[missing..])
        {
            *to = if sample.is_finite() { sample * weight } else { 0.0 };
        }
        // Lengths are those the transform itself asked for, so it cannot fail.
        if self.transform.process_with_scratch(&mut self.input, &mut self.bins, &mut self.scratch).is_err() {
            return &self.levels;
        }
        // Parseval: twice for both signs of frequency, the Hann window's mean square of 3/8, and twice
        // again because a sine of full scale, of power one half, is told as 0 dBFS.
        let scale = 4.0 / (length as f64 * length as f64 * 0.375);
        let mut sum = 0.0;
        for (bin, below) in self.bins.iter().zip(&mut self.below) {
            *below = sum;
            sum += f64::from(bin.norm_sqr()) * scale;
        }
        if let Some(last) = self.below.last_mut() {
            *last = sum;
        }
        for point in 0..POINTS {
            let hz = point_hz(point);
            let (low, high) = (hz * (-HALF_BAND).exp2(), hz * HALF_BAND.exp2());
            self.passed[point] = self.power_below(high) - self.power_below(low);
        }
        let octaves = (HIGHEST_HZ / LOWEST_HZ).log2();
        let reach = (HALF_BAND / octaves * (POINTS - 1) as f32).round() as usize;
        for (point, level) in self.levels.iter_mut().enumerate() {
            let near = &self.passed[point.saturating_sub(reach)..(point + reach + 1).min(POINTS)];
            let power = near.iter().sum::<f64>() / near.len() as f64;
            *level = (10.0 * power.max(1e-12).log10()) as f32;
        }
        &self.levels
    }

    /// Power below a frequency; within a bin it is spread evenly.
    fn power_below(&self, hz: f32) -> f64 {
        // A bin holds half its width on either side of its frequency.
        let place = (hz / self.bin_hz + 0.5).clamp(0.0, (self.below.len() - 1) as f32);
        let bin = (place as usize).min(self.below.len() - 2);
        let share = f64::from(place - bin as f32);
        self.below[bin] + share * (self.below[bin + 1] - self.below[bin])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(hz: f32) -> usize {
        (0..POINTS).min_by_key(|&p| ((point_hz(p) / hz).ln().abs() * 1e6) as u64).unwrap()
    }

    fn sine(hz: f32, rate: f64) -> Vec<f32> {
        (0..window_samples(rate)).map(|i| (TAU * hz * (i as f64 / rate) as f32).sin()).collect()
    }

    #[test]
    fn a_tone_of_full_scale_reads_zero_where_it_is_and_nothing_far_away() {
        for rate in [44_100.0, 48_000.0, 192_000.0] {
            let mut analyser = Analyser::new(rate);
            let levels = analyser.measure(&sine(1_000.0, rate)).to_vec();
            let peak = levels[nearest(1_000.0)];
            // Bands are told at points, so a tone may lie a little outside of one.
            assert!((-1.2..0.3).contains(&peak), "{rate}: {peak}");
            let highest = (0..POINTS).max_by(|&a, &b| levels[a].total_cmp(&levels[b])).unwrap();
            assert!((point_hz(highest) / 1_000.0).log2().abs() < 0.1, "{rate}: {}", point_hz(highest));
            assert!(levels[nearest(4_000.0)] < -60.0 && levels[nearest(250.0)] < -60.0);
        }
    }

    #[test]
    fn noise_of_equal_power_an_octave_is_level() {
        // A sum of tones, as many in each sixth of an octave.
        let rate = 48_000.0;
        let mut samples = vec![0.0; window_samples(rate)];
        let mut hz = 60.0;
        let mut phase = 0.0;
        while hz < 16_000.0 {
            for (i, sample) in samples.iter_mut().enumerate() {
                *sample += 0.01 * (phase + TAU * hz * i as f32 / rate as f32).sin();
            }
            hz *= 2.0_f32.powf(1.0 / 36.0);
            phase += 2.4;
        }
        let mut analyser = Analyser::new(rate);
        let levels = analyser.measure(&samples).to_vec();
        // Six tones of -40 dBFS are in a sixth of an octave.
        let expected = -40.0 + 10.0 * 6.0_f32.log10();
        for hz in [1_000.0, 3_000.0, 9_000.0] {
            let level = levels[nearest(hz)];
            assert!((level - expected).abs() < 1.5, "{hz}: {level}, not {expected}");
        }
    }

    #[test]
    fn movement_does_not_depend_on_the_frames() {
        let end = |frames: usize| {
            let mut spectrum = Spectrum::default();
            for _ in 0..frames {
                spectrum.follow(&[-20.0; POINTS], 0.3 / frames as f32);
            }
            for _ in 0..frames {
                spectrum.follow(&[-80.0; POINTS], 0.3 / frames as f32);
            }
            spectrum.levels()[100]
        };
        assert!((end(3) - end(60)).abs() < 0.01, "{} and {}", end(3), end(60));
        assert!(end(10) < -40.0 && end(10) > -70.0, "{}", end(10));
    }

    #[test]
    fn survives_what_is_no_sound() {
        let mut analyser = Analyser::new(48_000.0);
        let levels = analyser.measure(&[f32::NAN, f32::INFINITY, 0.0]).to_vec();
        assert!(levels.iter().all(|l| (l - SILENCE_DBFS).abs() < 1e-3), "{:?}", &levels[..3]);
        assert_eq!(analyser.measure(&[]).len(), POINTS);
    }
}
