//! The error over frequency.

use shared::dsp::spectrum::PowerSpectrum;

/// Long-term spectra of a target, of an output's error and of whatever else is laid beside them: mean power in
/// the bins of a transform (Welch, "The use of fast Fourier transform for the estimation of power spectra", 1967:
/// Hann window, pieces overlapping by a half).
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Mean square per bin, from 0 Hz up; they add up to the signal's mean square.
    power: Vec<f64>,
    /// Distance of two bins, in Hz.
    bin_hz: f64,
}

/// Length of the pieces, in seconds: bins of about 6 Hz, so that the lowest octave has some.
const PIECE_SECONDS: f64 = 0.17;

impl Spectrum {
    /// Of a signal at `rate_hz`. What a signal lacks of a whole piece is silence.
    pub fn of(signal: &[f32], rate_hz: f64) -> Self {
        let length = ((PIECE_SECONDS * rate_hz) as usize).next_power_of_two().max(64);
        let hop = length / 2;
        let mut transform = PowerSpectrum::<f64>::new(length);
        let mut power = vec![0.0; length / 2 + 1];
        let samples = signal.len();
        // Begun half a piece early and ended half a piece late, every sample counts the same.
        let pieces = samples.div_ceil(hop) + 1;
        for piece in 0..pieces {
            let (lead, skip) = if piece == 0 { (hop, 0) } else { (0, (piece - 1) * hop) };
            let sound = signal[skip.min(samples)..].iter().take(length - lead).copied().map(f64::from);
            let bins = transform.of(std::iter::repeat_n(0.0, lead).chain(sound));
            power.iter_mut().zip(bins).for_each(|(sum, bin)| *sum += bin);
        }
        // Two overlapping Hann windows add up to 1; their squares, on average over time, to 3/4. Parseval's theorem
        // for one side of the spectrum, whose inner bins stand for two.
        let scale = 1.0 / (0.75 * length as f64 * samples.max(1) as f64);
        let last = power.len() - 1;
        for (bin, power) in power.iter_mut().enumerate() {
            *power *= if bin == 0 || bin == last { scale } else { 2.0 * scale };
        }
        Self { power, bin_hz: rate_hz / length as f64 }
    }

    /// Mean square between two frequencies. Bins on the edge count with the part that is inside.
    pub fn between(&self, from_hz: f64, to_hz: f64) -> f64 {
        let part = |bin: usize| {
            let low = (bin as f64 - 0.5) * self.bin_hz;
            let inside = to_hz.min(low + self.bin_hz) - from_hz.max(low);
            (inside / self.bin_hz).clamp(0.0, 1.0)
        };
        let first = (from_hz / self.bin_hz).floor().max(0.0) as usize;
        let last = ((to_hz / self.bin_hz).ceil() as usize).min(self.power.len() - 1);
        (first..=last.max(first)).map(|bin| part(bin) * self.power.get(bin).copied().unwrap_or(0.0)).sum()
    }

    /// Half the sample rate.
    pub fn highest_hz(&self) -> f64 {
        self.bin_hz * (self.power.len() - 1) as f64
    }
}

/// The error of an octave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandError {
    /// Nominal centre.
    pub centre_hz: f64,
    /// Lower edge.
    pub from_hz: f64,
    /// Upper edge; half the sample rate for a band that the rate cuts.
    pub to_hz: f64,
    /// Energy of the error over that of the target, both within the band; `None` if the target has nothing there.
    pub esr: Option<f64>,
    /// Share of the whole error's energy, 0 to 1.
    pub share: f64,
    /// Level of the target within the band, in dBFS rms.
    pub target_dbfs: f64,
}

/// Nominal centres of the octaves that are heard, in Hz (IEC 61260-1:2014, table E.1).
const CENTRES_HZ: [f64; 10] = [31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0];

/// The error in octaves, the lowest first, with the exact edges of IEC 61260-1:2014 (base ten: `10^0.3` apart). Bands beyond
/// half the sample rate are left out.
pub fn by_band(target: &Spectrum, error: &Spectrum) -> Vec<BandError> {
    let total = error.between(0.0, error.highest_hz()).max(1e-30);
    let bands = CENTRES_HZ.iter().enumerate().filter_map(|(index, &centre_hz)| {
        let exact_hz = 1000.0 * 10f64.powf(0.3 * (index as f64 - 5.0));
        let (from_hz, to_hz) = (exact_hz * 10f64.powf(-0.15), exact_hz * 10f64.powf(0.15));
        let to_hz = to_hz.min(target.highest_hz());
        (from_hz < to_hz).then(|| {
            let (signal, missed) = (target.between(from_hz, to_hz), error.between(from_hz, to_hz));
            BandError {
                centre_hz,
                from_hz,
                to_hz,
                esr: (signal > 1e-16).then(|| missed / signal),
                share: missed / total,
                target_dbfs: super::levels::dbfs(signal),
            }
        })
    });
    bands.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn sine(hz: f64, level: f64, samples: usize) -> Vec<f32> {
        (0..samples).map(|i| (level * (TAU * hz * i as f64 / 48_000.0).sin()) as f32).collect()
    }

    fn spectrum(signal: &[f32]) -> Spectrum {
        Spectrum::of(signal, 48_000.0)
    }

    #[test]
    fn the_bins_add_up_to_the_mean_square() {
        let mut state = 1u32;
        let noise: Vec<f32> = (0..50_001)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / 8_388_608.0 - 1.0
            })
            .collect();
        let s = spectrum(&noise);
        let (all, power) = (s.between(0.0, s.highest_hz()), crate::data::power(&noise));
        assert!((all / power - 1.0).abs() < 0.01, "{all} {power}");
        // White noise has half of its power below half of the highest frequency.
        let half = s.between(0.0, s.highest_hz() / 2.0);
        assert!((half / power - 0.5).abs() < 0.02, "{half} {power}");
        assert_eq!(spectrum(&[]).between(0.0, 24_000.0), 0.0);
    }

    #[test]
    fn an_error_is_found_in_its_octave() {
        let target: Vec<f32> =
            sine(100.0, 0.5, 96_000).iter().zip(sine(3000.0, 0.1, 96_000)).map(|(a, b)| a + b).collect();
        let error = sine(3000.0, 0.01, 96_000);
        let bands = by_band(&spectrum(&target), &spectrum(&error));
        assert_eq!(bands.len(), 10);
        let band = |hz: f64| bands.iter().find(|b| b.centre_hz == hz).copied().unwrap();
        assert!((band(4000.0).esr.unwrap() - 0.01).abs() < 1e-4, "{:?}", band(4000.0));
        assert!(band(4000.0).share > 0.999 && band(125.0).esr.unwrap() < 1e-6, "{bands:?}");
        assert!((band(125.0).target_dbfs + 9.03).abs() < 0.05, "{:?}", band(125.0));
    }

    #[test]
    fn a_low_rate_has_fewer_octaves() {
        let s = Spectrum::of(&sine(7500.0, 0.5, 9600), 48_000.0 / 3.0);
        let bands = by_band(&s, &s);
        let last = bands.last().copied().unwrap();
        assert_eq!((last.centre_hz, last.to_hz, bands.len()), (8000.0, 8000.0, 9));
    }
}
