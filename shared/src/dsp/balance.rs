//! The tonal balance of a sound: its long-term spectrum in dB, as wide as the ear hears it, without its
//! level.

use super::spectrum::PowerSpectrum;

/// Length of a piece in seconds, about.
const PIECE_SECONDS: f64 = 0.34;
/// A piece begins this many times within the length of one.
const OVERLAP: usize = 4;
/// Power that is added everywhere, as a share of the strongest: a soft floor 40 dB below.
const FLOOR: f64 = 1e-4;
/// What no sound falls below, so that silence is flat.
const SILENCE: f64 = 1e-30;

/// Measures the balance of a sound as it comes. In `f64`, and for no audio thread.
#[derive(Debug)]
pub struct Balance {
    sample_rate_hz: f64,
    spectrum: PowerSpectrum<f64>,
    /// Samples that wait for their piece to be whole.
    rest: Vec<f64>,
    /// Sum of the pieces' spectra.
    power: Vec<f64>,
    has_whole_pieces: bool,
}

impl Balance {
    /// Nothing heard yet.
    pub fn new(sample_rate_hz: f64) -> Self {
        let octaves = (sample_rate_hz * PIECE_SECONDS).log2().round() as u32;
        let spectrum = PowerSpectrum::new(1 << octaves.clamp(4, 20));
        let power = vec![0.0; spectrum.length() / 2 + 1];
        Self { sample_rate_hz, spectrum, rest: Vec::new(), power, has_whole_pieces: false }
    }

    /// Hears what comes next of a channel. Pieces of about a third of a second overlap by three quarters; what is
    /// left behind the last whole one does not count.
    pub fn push(&mut self, sound: &[f32]) {
        let (length, hop) = (self.spectrum.length(), self.spectrum.length() / OVERLAP);
        // In pieces, so that a long recording is not copied whole.
        for part in sound.chunks(length) {
            self.rest.extend(part.iter().copied().map(f64::from));
            let mut start = 0;
            while self.rest.len() - start >= length {
                let piece = self.rest[start..start + length].iter().copied();
                add(&mut self.power, self.spectrum.of(piece));
                self.has_whole_pieces = true;
                start += hop;
            }
            self.rest.drain(..start);
        }
    }

    /// Adds what another has heard, as that of another channel: powers add.
    ///
    /// # Panics
    /// The other's sample rate is a different one.
    pub fn merge(&mut self, other: &mut Self) {
        assert_eq!(self.sample_rate_hz, other.sample_rate_hz, "channels of one sound have one rate");
        self.power = self.finish();
        add(&mut self.power, &other.finish());
        self.rest.clear();
        self.has_whole_pieces = true;
    }

    /// The power spectrum of all so far. A sound that is shorter than one piece is followed by silence.
    fn finish(&mut self) -> Vec<f64> {
        if self.has_whole_pieces {
            return self.power.clone();
        }
        self.spectrum.of(self.rest.iter().copied()).to_vec()
    }

    /// The balance at these frequencies in Hz: the power within a third of an octave around each, softly no
    /// further than 40 dB below the strongest, in dB, less the mean of all. Silence is flat.
    pub fn curve_db<const N: usize>(&mut self, at_hz: &[f64; N]) -> [f64; N] {
        let power = self.finish();
        let bin_hz = self.sample_rate_hz / self.spectrum.length() as f64;
        // Bin i holds what lies between i - 1/2 and i + 1/2.
        let mut sums = Vec::with_capacity(power.len() + 1);
        sums.push(0.0);
        for power in &power {
            sums.push(sums[sums.len() - 1] + power);
        }
        let below = |hz: f64| {
            let at = (hz / bin_hz + 0.5).clamp(0.0, power.len() as f64);
            let i = (at as usize).min(power.len() - 1);
            sums[i] + (at - i as f64) * power[i]
        };
        let sixth = 2f64.powf(1.0 / 6.0);
        let thirds = at_hz.map(|hz| below(hz * sixth) - below(hz / sixth));
        let floor = thirds.iter().fold(0.0, |most: f64, power| most.max(*power)) * FLOOR + SILENCE;
        let db = thirds.map(|power| 10.0 * (power + floor).log10());
        let mean = db.iter().sum::<f64>() / N as f64;
        db.map(|db| db - mean)
    }

    /// Spectral centroid in Hz: the mean of the frequencies, each weighted with its power (Peeters 2004, "A
    /// large set of audio features for sound description", 6.1.1). `None` in silence.
    pub fn centroid_hz(&mut self) -> Option<f64> {
        let power = self.finish();
        let bin_hz = self.sample_rate_hz / self.spectrum.length() as f64;
        let sum: f64 = power.iter().sum();
        let moment: f64 = power.iter().enumerate().map(|(i, power)| i as f64 * bin_hz * power).sum();
        (sum > 0.0).then(|| moment / sum)
    }
}

fn add(sum: &mut [f64], more: &[f64]) {
    for (sum, more) in sum.iter_mut().zip(more) {
        *sum += more;
    }
}
