//! Never more than +12 dB, however many bands add up.
//!
//! Squared magnitudes of the cookbook's analogue prototypes (Robert Bristow-Johnson, "Audio EQ Cookbook")
//! at x = (tan(w/2) / tan(w0/2))², which is what the bilinear transform makes of them.

use super::latent::GRID_LOWEST_HZ;
use super::settings::{BAND_RANGES, BANDS, BandSettings, EqSettings, MAX_GAIN_DB};
use crate::dsp::cookbook::{HIGHEST_SHARE, Shape};
use std::f64::consts::{LN_10, PI};

/// Frequencies that are always looked at.
const GRID: usize = 64;
/// Frequencies that are looked at around each band, in widths of the band.
const AROUND: [f64; 11] = [-1.3, -0.8, -0.5, -0.28, -0.13, 0.0, 0.13, 0.28, 0.5, 0.8, 1.3];
/// All of them, with one between each two bands.
const POINTS: usize = GRID + AROUND.len() * BANDS + BANDS * (BANDS - 1) / 2;
/// How often the scale is corrected at most; once is the rule while things move.
const ROUNDS: usize = 8;
/// How near to the limit is near enough, in dB.
const NEAR_DB: f64 = 0.02;
/// What a sum may rise between the points, in dB: a scaled one stays this far below the limit.
const MARGIN_DB: f64 = 0.05;
/// Share of the sample rate that stands for one half, where the axis is bent to infinity.
const END_SHARE: f64 = 0.4999;

/// Watches over the sum of the bands at one sample rate.
#[derive(Clone, Debug)]
pub struct Headroom {
    sample_rate_hz: f64,
    /// tan²(w/2) of all points; those of the bands are put in as they move.
    points: [f64; POINTS],
    /// Products of the filters' numerators and denominators there.
    above: [f64; POINTS],
    below: [f64; POINTS],
    /// The scale of the last time, from which the next is not far.
    last: f64,
}

/// A complex number, for sums of filters side by side.
type Complex = (f64, f64);

impl Headroom {
    /// For a sample rate.
    pub fn new(sample_rate_hz: f64) -> Self {
        let mut headroom = Self {
            sample_rate_hz,
            points: [0.0; POINTS],
            above: [1.0; POINTS],
            below: [1.0; POINTS],
            last: 1.0,
        };
        // Shelves go on beyond what is heard, so both ends of the axis are among the points.
        let (lowest_hz, highest_hz) = (GRID_LOWEST_HZ / 8.0, HIGHEST_SHARE * sample_rate_hz);
        let [first, inner @ .., last] = &mut headroom.points[..GRID] else { return headroom };
        *last = warped(END_SHARE * sample_rate_hz, sample_rate_hz);
        *first = 0.0;
        let steps = (inner.len() - 1) as f64;
        for (i, point) in inner.iter_mut().enumerate() {
            let at_hz = lowest_hz * (highest_hz / lowest_hz).powf(i as f64 / steps);
            *point = warped(at_hz, sample_rate_hz);
        }
        headroom
    }

    /// The factor, at most 1, for all gains that keeps the bands together at +12 dB at most.
    pub fn scale(&mut self, settings: &EqSettings) -> f32 {
        let limit_db = f64::from(MAX_GAIN_DB);
        let most: f64 = settings.bands.iter().map(|b| f64::from(b.gain_db.max(0.0))).sum();
        // No band exceeds its own gain anywhere.
        if most <= limit_db {
            self.last = 1.0;
            return 1.0;
        }
        let warped = self.place(settings);
        let safe = limit_db / most;
        let (mut scale, mut found) = (self.last, safe);
        let goal_db = limit_db - MARGIN_DB;
        for _ in 0..ROUNDS {
            let peak_db = self.peak_scaled_db(settings, &warped, scale);
            let enough = scale == 1.0 || peak_db > goal_db - NEAR_DB;
            if peak_db <= goal_db + 1e-3 {
                found = scale;
                if enough {
                    break;
                }
            }
            // In dB a filter's response is nearly proportional to its gain.
            scale = (scale * (goal_db - 0.5 * NEAR_DB) / peak_db.max(1.0)).min(1.0);
        }
        // So far all are safe in any case: where bands begin to exceed the limit, nothing jumps.
        self.last = found.max(safe);
        self.last as f32
    }

    /// What the bands together leave free up to +12 dB, in dB.
    pub fn room_db(&mut self, settings: &EqSettings) -> f64 {
        let most: f64 = settings.bands.iter().map(|b| f64::from(b.gain_db.max(0.0))).sum();
        let warped = self.place(settings);
        let peak_db = self.peak_scaled_db(settings, &warped, 1.0);
        (f64::from(MAX_GAIN_DB) - most.min(peak_db + MARGIN_DB)).max(0.0)
    }

    /// The highest magnitude of the sum of the bands' regions, each by its weight; see [`region`].
    pub fn regions_peak(&mut self, settings: &EqSettings, weights: &[f64; BANDS]) -> f64 {
        let warped = self.place(settings);
        let magnitudes = self.points.iter().map(|&t| {
            let mut sum = (0.0, 0.0);
            for (band, weight) in weights.iter().enumerate() {
                let (re, im) = region(band, f64::from(settings.bands[band].q), t / warped[band]);
                sum = (sum.0 + weight * re, sum.1 + weight * im);
            }
            sum.0 * sum.0 + sum.1 * sum.1
        });
        magnitudes.fold(0.0, f64::max).sqrt()
    }

    /// Puts the bands' own frequencies among the points, and gives them.
    fn place(&mut self, settings: &EqSettings) -> [f64; BANDS] {
        let highest_hz = HIGHEST_SHARE * self.sample_rate_hz;
        let bands =
            settings.bands.map(|b| warped(f64::from(b.frequency_hz).min(highest_hz), self.sample_rate_hz));
        let (_, own) = self.points.split_at_mut(GRID);
        let mut own = own.iter_mut();
        let mut put = |value: f64| {
            if let Some(point) = own.next() {
                *point = value;
            }
        };
        for (i, &a) in bands.iter().enumerate() {
            let width = 1.0 / f64::from(settings.bands[i].q);
            AROUND.iter().for_each(|at| put(a * (at * width).exp()));
            bands[..i].iter().for_each(|&b| put((a * b).sqrt()));
        }
        bands
    }

    fn peak_scaled_db(&mut self, settings: &EqSettings, warped: &[f64; BANDS], scale: f64) -> f64 {
        self.above.fill(1.0);
        self.below.fill(1.0);
        for ((band, range), t0) in settings.bands.iter().zip(&BAND_RANGES).zip(warped) {
            if band.gain_db != 0.0 {
                let products = self.above.iter_mut().zip(&mut self.below);
                multiply(range.shape, band, scale, 1.0 / t0, self.points.iter().zip(products));
            }
        }
        let gains = self.above.iter().zip(&self.below).map(|(above, below)| above / below);
        let peak = gains.fold(1.0, f64::max);
        10.0 * peak.log10()
    }
}

/// tan²(w/2) of a frequency.
fn warped(frequency_hz: f64, sample_rate_hz: f64) -> f64 {
    (PI * frequency_hz / sample_rate_hz).tan().powi(2)
}

/// Multiplies numerators and denominators of squared magnitudes by those of a band.
fn multiply<'a>(
    shape: Shape,
    band: &BandSettings,
    scale: f64,
    per: f64,
    points: impl Iterator<Item = (&'a f64, (&'a mut f64, &'a mut f64))>,
) {
    let a = (scale * f64::from(band.gain_db) * LN_10 / 40.0).exp();
    let per_q2 = 1.0 / (f64::from(band.q) * f64::from(band.q));
    match shape {
        Shape::Peak => {
            let (up, down) = (a * a * per_q2, per_q2 / (a * a));
            points.for_each(|(t, (above, below))| {
                let x = t * per;
                let square = (1.0 - x) * (1.0 - x);
                *above *= square + x * up;
                *below *= square + x * down;
            });
        }
        Shape::LowShelf => points.for_each(|(t, (above, below))| {
            let x = t * per;
            let middle = x * a * per_q2;
            *above *= a * a * ((a - x) * (a - x) + middle);
            *below *= (1.0 - a * x) * (1.0 - a * x) + middle;
        }),
        Shape::HighShelf => points.for_each(|(t, (above, below))| {
            let x = t * per;
            let middle = x * a * per_q2;
            *above *= a * a * ((1.0 - a * x) * (1.0 - a * x) + middle);
            *below *= (a - x) * (a - x) + middle;
        }),
    }
}

/// Response at x of what a solo lets through: all below the low shelf's corner, what is around a peak's
/// centre, all above the high shelf's corner; second order, 0 dB at most.
fn region(band: usize, q: f64, x: f64) -> Complex {
    // H(s) = numerator / (s² + s/Q + 1) at s = j sqrt(x).
    let (re, im) = (1.0 - x, x.sqrt() / q);
    let (top_re, top_im) = match BAND_RANGES[band].shape {
        Shape::LowShelf => (1.0, 0.0),
        Shape::Peak => (0.0, im),
        Shape::HighShelf => (-x, 0.0),
    };
    let square = re * re + im * im;
    ((top_re * re + top_im * im) / square, (top_im * re - top_re * im) / square)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn random(rng: &mut ChaCha8Rng) -> EqSettings {
        let mut settings = EqSettings::flat();
        let crowd: bool = rng.random();
        for (band, range) in settings.bands.iter_mut().zip(&BAND_RANGES) {
            let ratio = range.highest_hz / range.lowest_hz;
            let share: f32 = if crowd { 0.7 } else { rng.random() };
            band.frequency_hz = range.lowest_hz * ratio.powf(share);
            if crowd && range.shape == Shape::Peak {
                band.frequency_hz = 1_000.0 * rng.random_range(0.9..1.1f32);
            }
            band.gain_db = rng.random_range(-12.0..12.0);
            if rng.random() {
                band.gain_db = band.gain_db.abs();
            }
            if range.shape == Shape::Peak {
                band.q = 0.1 * 100f32.powf(rng.random());
            }
        }
        settings
    }

    fn scaled(settings: &EqSettings, scale: f32) -> EqSettings {
        let mut scaled = *settings;
        scaled.bands.iter_mut().for_each(|b| b.gain_db *= scale);
        scaled
    }

    #[test]
    fn bands_together_stay_below_the_limit_between_the_points_as_well() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut limited = 0;
        for rate in [44_100.0, 48_000.0, 192_000.0] {
            let mut headroom = Headroom::new(rate);
            for _ in 0..300 {
                let settings = random(&mut rng);
                let scale = headroom.scale(&settings);
                let now = scaled(&settings, scale);
                let dense = (0..4_000).map(|i| 1.0 * (22_000f64).powf(f64::from(i) / 4_000.0));
                let peak = dense.map(|f| now.response_db(f, rate)).fold(f64::MIN, f64::max);
                assert!(peak < 12.001, "{peak} dB, {now:?}");
                // Nothing is taken that need not be.
                if scale < 1.0 {
                    limited += 1;
                    assert!(peak > 11.7, "{peak} dB, {now:?}");
                }
            }
        }
        assert!(limited > 100, "{limited}");
    }

    #[test]
    fn the_peak_is_that_of_the_closed_form() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut headroom = Headroom::new(48_000.0);
        for _ in 0..100 {
            let settings = random(&mut rng);
            let warped = headroom.place(&settings);
            let peak = headroom.peak_scaled_db(&settings, &warped, 1.0);
            let points = headroom.points.map(|t| t.sqrt().atan() / PI * 48_000.0);
            let expected = points.map(|f| settings.response_db(f, 48_000.0)).into_iter().fold(0.0, f64::max);
            assert!((peak - expected).abs() < 1e-6, "{peak} {expected}");
        }
    }

    #[test]
    fn nothing_jumps_where_bands_begin_to_exceed_the_limit() {
        let mut headroom = Headroom::new(48_000.0);
        let mut settings = EqSettings::flat();
        let mut before = 1.0;
        for i in 0..2_000 {
            for band in 1..4 {
                settings.bands[band] =
                    BandSettings { gain_db: 12.0 * i as f32 / 2_000.0, frequency_hz: 1_000.0, q: 2.0 };
            }
            let scale = headroom.scale(&settings);
            assert!(scale <= 1.0 && before - scale < 0.0025, "{i}: {before} {scale}");
            before = scale;
        }
        assert!(before < 0.4, "{before}");
    }

    #[test]
    fn one_region_alone_reaches_all_and_no_more() {
        let mut headroom = Headroom::new(48_000.0);
        for band in 0..BANDS {
            let mut weights = [0.0; BANDS];
            weights[band] = 1.0;
            let peak = headroom.regions_peak(&EqSettings::flat(), &weights);
            assert!((0.99..1.0 + 1e-9).contains(&peak), "{band}: {peak}");
        }
    }
}
