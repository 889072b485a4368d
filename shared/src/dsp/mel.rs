//! Mel spectra: the power of short pieces of sound in 64 bands, which is what the encoder hears.

use super::spectrum::PowerSpectrum;

/// Number of bands.
pub const MEL_BANDS: usize = 64;
/// Upper end of the highest band in Hz; the lowest begins at 0.
pub const HIGHEST_HZ: f64 = 20_000.0;
/// Rate the lengths are given at, in Hz.
const RATE_HZ: f64 = 48_000.0;
/// Samples in a frame at that rate.
const FRAME: usize = 1024;

/// A length at 48 kHz brought to another rate, by the nearest power of two: frames of 1024 samples from 34 to
/// 67 kHz, of 2048 above.
pub fn scaled_samples(at_48_khz: usize, sample_rate_hz: f64) -> usize {
    let octaves = (sample_rate_hz / RATE_HZ).log2().round().clamp(-4.0, 4.0) as i32;
    if octaves < 0 { at_48_khz >> -octaves } else { at_48_khz << octaves }
}

/// Mel scale of O'Shaughnessy (1987) as the HTK Book has it: 2595 log10(1 + f / 700).
fn mel(hz: f64) -> f64 {
    2595.0 * (1.0 + hz / 700.0).log10()
}

fn hz(mel: f64) -> f64 {
    700.0 * (10f64.powf(mel / 2595.0) - 1.0)
}

/// Centres of the bands in Hz, evenly spaced in mel.
pub fn centres_hz() -> [f64; MEL_BANDS] {
    std::array::from_fn(|band| edge_hz(band + 1))
}

/// Where band `i` begins, band `i - 1` peaks and band `i - 2` ends.
fn edge_hz(i: usize) -> f64 {
    hz(mel(HIGHEST_HZ) * i as f64 / (MEL_BANDS + 1) as f64)
}

/// A band's share in the bins of a spectrum.
#[derive(Debug)]
struct Band {
    first: usize,
    weights: Vec<f32>,
}

/// Mel spectra of frames.
#[derive(Debug)]
pub struct Mel {
    spectrum: PowerSpectrum<f32>,
    bands: Vec<Band>,
}

impl Mel {
    /// Gets ready for a sample rate. Not for the audio thread: allocates.
    ///
    /// Bands are triangles from 0 through 1 to 0 between their neighbours' centres, not normalised by area.
    /// They are defined in Hz; what of them lies above half the sample rate holds no power.
    pub fn new(sample_rate_hz: f64) -> Self {
        let length = scaled_samples(FRAME, sample_rate_hz);
        // Twice as many samples of the same sound have four times the power: levels are those of 1024.
        let scale = (FRAME as f64 / length as f64).powi(2);
        let bands = (0..MEL_BANDS).map(|i| {
            let [low, centre, high] = [0, 1, 2].map(|k| edge_hz(i + k));
            let weight = |bin: usize| {
                let at = bin as f64 * sample_rate_hz / length as f64;
                ((at - low) / (centre - low)).min((high - at) / (high - centre)).max(0.0)
            };
            let mut bins = (0..=length / 2).skip_while(|bin| weight(*bin) == 0.0).peekable();
            let first = bins.peek().copied().unwrap_or(0);
            let weights = bins.map(weight).take_while(|w| *w > 0.0).map(|w| (w * scale) as f32);
            Band { first, weights: weights.collect() }
        });
        Self { spectrum: PowerSpectrum::new(length), bands: bands.collect() }
    }

    /// Samples in a frame: 1024 at 48 kHz.
    pub fn frame_samples(&self) -> usize {
        self.spectrum.length()
    }

    /// Samples from one frame to the next: 512 at 48 kHz.
    pub fn hop_samples(&self) -> usize {
        self.spectrum.length() / 2
    }

    /// Power in each band of a frame of [`frame_samples`](Self::frame_samples), under a Hann window. A sine of
    /// amplitude 1 has 98,304 in all bands together (half of 1024 times the sum of the window's squares), at
    /// any rate. For any thread: neither allocates nor waits.
    pub fn frame(&mut self, sound: impl IntoIterator<Item = f32>) -> [f32; MEL_BANDS] {
        let power = self.spectrum.of(sound);
        std::array::from_fn(|i| {
            let band = &self.bands[i];
            band.weights.iter().zip(&power[band.first..]).map(|(weight, power)| weight * power).sum()
        })
    }
}
