//! The thirteen values of the equaliser.

use crate::dsp::cookbook::{Shape, response_db};
use std::f32::consts::FRAC_1_SQRT_2;

/// Number of bands.
pub const BANDS: usize = 5;
/// Number of values: a gain and a frequency a band, and a Q for each of the three peaks.
pub const VALUES: usize = 13;
/// Furthest a band turns either way, in dB.
pub const MAX_GAIN_DB: f32 = 12.0;
/// Widest peak.
pub const MIN_Q: f32 = 0.1;
/// Narrowest peak.
pub const MAX_Q: f32 = 10.0;

/// What a band is, and where it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandRange {
    /// Name shown to the player.
    pub name: &'static str,
    /// What it does.
    pub shape: Shape,
    /// Lowest frequency in Hz.
    pub lowest_hz: f32,
    /// Highest frequency in Hz.
    pub highest_hz: f32,
}

/// The bands from low to high. The ranges are those of the SAFE equaliser, whose users' settings
/// the words come from; fixed, so that no data can move them.
pub const BAND_RANGES: [BandRange; BANDS] = [
    BandRange { name: "Low shelf", shape: Shape::LowShelf, lowest_hz: 22.0, highest_hz: 1_000.0 },
    BandRange { name: "Low peak", shape: Shape::Peak, lowest_hz: 82.0, highest_hz: 3_900.0 },
    BandRange { name: "Mid peak", shape: Shape::Peak, lowest_hz: 180.0, highest_hz: 4_700.0 },
    BandRange { name: "High peak", shape: Shape::Peak, lowest_hz: 220.0, highest_hz: 10_000.0 },
    BandRange { name: "High shelf", shape: Shape::HighShelf, lowest_hz: 580.0, highest_hz: 20_000.0 },
];

/// One band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandSettings {
    /// Gain in dB, within ±[`MAX_GAIN_DB`].
    pub gain_db: f32,
    /// Corner or centre in Hz, within the band's [`BandRange`].
    pub frequency_hz: f32,
    /// Quality, [`MIN_Q`] to [`MAX_Q`]; of a shelf always 1/√2 (slope 1).
    pub q: f32,
}

/// All five bands, from low to high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EqSettings {
    /// The bands.
    pub bands: [BandSettings; BANDS],
}

impl EqSettings {
    /// No gain anywhere; frequencies in the (geometric) middle of their ranges.
    pub fn flat() -> Self {
        let bands = BAND_RANGES.map(|range| BandSettings {
            gain_db: 0.0,
            frequency_hz: (range.lowest_hz * range.highest_hz).sqrt(),
            q: FRAC_1_SQRT_2,
        });
        Self { bands }
    }

    /// From thirteen values: gain (dB) and frequency (Hz) of the low shelf; gain, frequency and Q of each
    /// peak; gain and frequency of the high shelf. What is out of range is brought into it, what is no
    /// number becomes flat.
    pub fn from_values(values: &[f32; VALUES]) -> Self {
        let mut settings = Self::flat();
        let mut values = values.iter().copied();
        let mut next = |fallback: f32| values.next().filter(|v| v.is_finite()).unwrap_or(fallback);
        for (band, range) in settings.bands.iter_mut().zip(&BAND_RANGES) {
            band.gain_db = next(0.0).clamp(-MAX_GAIN_DB, MAX_GAIN_DB);
            band.frequency_hz = next(band.frequency_hz).clamp(range.lowest_hz, range.highest_hz);
            if range.shape == Shape::Peak {
                band.q = next(band.q).clamp(MIN_Q, MAX_Q);
            }
        }
        settings
    }

    /// The thirteen values, in the order of [`EqSettings::from_values`].
    pub fn to_values(&self) -> [f32; VALUES] {
        let mut values = [0.0; VALUES];
        let mut at = values.iter_mut();
        let mut put = |value: f32| {
            if let Some(slot) = at.next() {
                *slot = value;
            }
        };
        for (band, range) in self.bands.iter().zip(&BAND_RANGES) {
            put(band.gain_db);
            put(band.frequency_hz);
            if range.shape == Shape::Peak {
                put(band.q);
            }
        }
        values
    }

    /// Magnitude of all bands in series, in dB, at a frequency in Hz.
    pub fn response_db(&self, at_hz: f64, sample_rate_hz: f64) -> f64 {
        let bands = self.bands.iter().zip(&BAND_RANGES);
        bands
            .map(|(b, range)| {
                let [gain, frequency, q] = [b.gain_db, b.frequency_hz, b.q].map(f64::from);
                response_db(range.shape, gain, frequency, q, at_hz, sample_rate_hz)
            })
            .sum()
    }
}
