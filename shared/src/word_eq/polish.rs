//! The last digits of the settings: a few steps of least squares from where the decoder ends.
//!
//! The decoder knows which bands make a curve; where exactly they belong is a smooth problem of thirteen values,
//! and its derivatives are those of the closed form. Levenberg's and Marquardt's method: K. Levenberg,
//! "A method for the solution of certain non-linear problems in least squares", 1944; D. Marquardt, "An algorithm
//! for least-squares estimation of nonlinear parameters", 1963.

use super::latent::{GRID, SPACE_RATE_HZ, grid_hz};
use super::settings::{BAND_RANGES, BANDS, BandSettings, EqSettings, MAX_GAIN_DB, MAX_Q, MIN_Q, VALUES};
use crate::dsp::cookbook::{Prototype, Shape, warp_squared};

/// Steps that are tried.
const STEPS: usize = 5;
/// A root mean square error that needs no polish, in dB.
const GOOD_DB: f64 = 0.02;
/// A step that leaves more than this share of the squared error is the last.
const ENOUGH: f64 = 0.8;
/// Damping of the first step, relative to the curvature, and how it changes when a step fails or succeeds.
const DAMPING: f64 = 0.02;
const FAILED: f64 = 10.0;
const SUCCEEDED: f64 = 0.2;
/// Damping of values that hardly matter, such as the Q of a band without gain, in dB² over the grid.
const LEAST_CURVATURE: f64 = 1.0;
/// Distance for derivatives: dB, or logarithms of frequency and Q.
const NUDGE: f64 = 1e-4;

/// A curve over the grid.
type Curve = [f64; GRID];

/// Polishes settings towards curves. Allocates nothing after it was made.
#[derive(Clone, Debug)]
pub struct Polish {
    warp: Curve,
}

impl Default for Polish {
    fn default() -> Self {
        Self { warp: grid_hz().map(|hz| warp_squared(hz, SPACE_RATE_HZ)) }
    }
}

/// Which value of which band.
#[derive(Clone, Copy)]
enum Value {
    Gain,
    Frequency,
    Q,
}

impl Polish {
    /// Settings whose response is at least as close to `target_db`, root mean square over the grid at 48 kHz.
    pub fn polish(&self, settings: &EqSettings, target_db: &Curve) -> EqSettings {
        let mut best = Fit::new(self, *settings, target_db);
        let mut damping = DAMPING;
        for _ in 0..STEPS {
            if best.error <= GOOD_DB * GOOD_DB * GRID as f64 {
                break;
            }
            let next = Fit::new(self, best.step(self, damping), target_db);
            if next.error < best.error {
                let enough = next.error > ENOUGH * best.error;
                (best, damping) = (next, damping * SUCCEEDED);
                if enough {
                    break;
                }
            } else {
                damping *= FAILED;
            }
        }
        best.settings
    }

    fn band_db(&self, band: usize, settings: &BandSettings) -> Curve {
        let [gain, frequency, q] = [settings.gain_db, settings.frequency_hz, settings.q].map(f64::from);
        self.response_db(band, gain, frequency, q)
    }

    fn response_db(&self, band: usize, gain_db: f64, frequency_hz: f64, q: f64) -> Curve {
        let shape = BAND_RANGES[band].shape;
        let prototype = Prototype::new(shape, gain_db, frequency_hz, q, SPACE_RATE_HZ);
        self.warp.map(|warp| prototype.response_db(warp))
    }
}

/// Settings, and how far they are from the target.
struct Fit {
    settings: EqSettings,
    bands: [Curve; BANDS],
    missing: Curve,
    /// Sum of the squares.
    error: f64,
}

impl Fit {
    fn new(polish: &Polish, settings: EqSettings, target_db: &Curve) -> Self {
        let bands: [Curve; BANDS] = std::array::from_fn(|b| polish.band_db(b, &settings.bands[b]));
        let missing: Curve = std::array::from_fn(|i| target_db[i] - bands.iter().map(|c| c[i]).sum::<f64>());
        let error = missing.iter().map(|e| e * e).sum();
        Self { settings, bands, missing, error }
    }

    fn step(&self, polish: &Polish, damping: f64) -> EqSettings {
        let values = values();
        let slopes: [Curve; VALUES] = std::array::from_fn(|k| {
            let (band, value) = values[k];
            let nudged = nudged(polish, band, &self.settings.bands[band], value);
            std::array::from_fn(|i| (nudged[i] - self.bands[band][i]) / NUDGE)
        });
        let mut matrix = [[0.0; VALUES]; VALUES];
        let mut aim: [f64; VALUES] = std::array::from_fn(|k| product(&slopes[k], &self.missing));
        for k in 0..VALUES {
            for l in 0..=k {
                matrix[k][l] = product(&slopes[k], &slopes[l]);
                matrix[l][k] = matrix[k][l];
            }
        }
        for k in 0..VALUES {
            // What stands at the end of its range and wants beyond stays there, and the others make do.
            if self.is_at_end(values[k], aim[k]) {
                aim[k] = 0.0;
                matrix[k] = [0.0; VALUES];
                matrix.iter_mut().for_each(|row| row[k] = 0.0);
            }
            matrix[k][k] += damping * (matrix[k][k] + LEAST_CURVATURE);
        }
        let Some(step) = solve(matrix, aim) else { return self.settings };
        let mut settings = self.settings;
        for ((band, value), step) in values.into_iter().zip(step) {
            let (band, range) = (&mut settings.bands[band], &BAND_RANGES[band]);
            let scaled = |v: f32| (f64::from(v) * step.clamp(-1.0, 1.0).exp()) as f32;
            match value {
                Value::Gain => {
                    band.gain_db = ((f64::from(band.gain_db) + step) as f32).clamp(-MAX_GAIN_DB, MAX_GAIN_DB);
                }
                Value::Frequency => {
                    band.frequency_hz = scaled(band.frequency_hz).clamp(range.lowest_hz, range.highest_hz);
                }
                Value::Q => band.q = scaled(band.q).clamp(MIN_Q, MAX_Q),
            }
        }
        settings
    }

    fn is_at_end(&self, (band, value): (usize, Value), aim: f64) -> bool {
        let (settings, range) = (&self.settings.bands[band], &BAND_RANGES[band]);
        let (now, lowest, highest) = match value {
            Value::Gain => (settings.gain_db, -MAX_GAIN_DB, MAX_GAIN_DB),
            Value::Frequency => (settings.frequency_hz, range.lowest_hz, range.highest_hz),
            Value::Q => (settings.q, MIN_Q, MAX_Q),
        };
        (now <= lowest && aim < 0.0) || (now >= highest && aim > 0.0)
    }
}

/// All values, in the order of the settings.
fn values() -> [(usize, Value); VALUES] {
    let mut values = [(0, Value::Gain); VALUES];
    let mut at = 0;
    for (band, range) in BAND_RANGES.iter().enumerate() {
        let kinds: &[Value] = match range.shape {
            Shape::Peak => &[Value::Gain, Value::Frequency, Value::Q],
            _ => &[Value::Gain, Value::Frequency],
        };
        for value in kinds {
            values[at] = (band, *value);
            at += 1;
        }
    }
    values
}

fn nudged(polish: &Polish, band: usize, settings: &BandSettings, value: Value) -> Curve {
    let [mut gain, mut frequency, mut q] =
        [settings.gain_db, settings.frequency_hz, settings.q].map(f64::from);
    match value {
        Value::Gain => gain += NUDGE,
        Value::Frequency => frequency *= NUDGE.exp(),
        Value::Q => q *= NUDGE.exp(),
    }
    polish.response_db(band, gain, frequency, q)
}

fn product(a: &Curve, b: &Curve) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Cholesky's decomposition and both substitutions; nothing where the matrix is not positive definite.
fn solve(mut m: [[f64; VALUES]; VALUES], mut b: [f64; VALUES]) -> Option<[f64; VALUES]> {
    for k in 0..VALUES {
        for l in 0..=k {
            let sum: f64 = m[k][l] - (0..l).map(|j| m[k][j] * m[l][j]).sum::<f64>();
            m[k][l] = if k == l { Some(sum.sqrt()).filter(|root| *root > 0.0)? } else { sum / m[l][l] };
        }
    }
    for k in 0..VALUES {
        b[k] = (b[k] - (0..k).map(|j| m[k][j] * b[j]).sum::<f64>()) / m[k][k];
    }
    for k in (0..VALUES).rev() {
        b[k] = (b[k] - (k + 1..VALUES).map(|j| m[j][k] * b[j]).sum::<f64>()) / m[k][k];
    }
    b.iter().all(|v| v.is_finite()).then_some(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn random(rng: &mut ChaCha8Rng) -> EqSettings {
        let mut settings = EqSettings::flat();
        for (band, range) in settings.bands.iter_mut().zip(&BAND_RANGES) {
            band.gain_db = rng.random_range(-12.0..=12.0);
            let octaves = (range.highest_hz / range.lowest_hz).log2();
            band.frequency_hz = range.lowest_hz * (octaves * rng.random_range(0.0f32..=1.0)).exp2();
            if range.shape == Shape::Peak {
                band.q = rng.random_range(-1.5f32..=1.5).exp2();
            }
        }
        EqSettings::from_values(&settings.to_values())
    }

    fn curve(settings: &EqSettings) -> Curve {
        grid_hz().map(|hz| settings.response_db(hz, SPACE_RATE_HZ))
    }

    fn rms(a: &Curve, b: &Curve) -> f64 {
        (a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / GRID as f64).sqrt()
    }

    #[test]
    fn a_near_guess_becomes_much_nearer() {
        let (polish, mut rng) = (Polish::default(), ChaCha8Rng::seed_from_u64(7));
        let mut ratios = Vec::new();
        for _ in 0..200 {
            let settings = random(&mut rng);
            let mut guess = settings;
            for band in &mut guess.bands {
                band.gain_db += rng.random_range(-0.7..=0.7);
                band.frequency_hz *= rng.random_range(0.9..=1.1);
                band.q *= rng.random_range(0.85..=1.15);
            }
            let guess = EqSettings::from_values(&guess.to_values());
            let target = curve(&settings);
            let polished = polish.polish(&guess, &target);
            assert_eq!(EqSettings::from_values(&polished.to_values()), polished, "within the ranges");
            let (before, after) = (rms(&curve(&guess), &target), rms(&curve(&polished), &target));
            assert!(after <= before, "{after} after {before}");
            ratios.push(after / before);
        }
        ratios.sort_by(f64::total_cmp);
        assert!(ratios[100] < 0.1, "median {}", ratios[100]);
    }

    #[test]
    fn a_curve_no_settings_have_is_approached_and_nothing_leaves_its_range() {
        let (polish, mut rng) = (Polish::default(), ChaCha8Rng::seed_from_u64(8));
        for _ in 0..50 {
            let guess = random(&mut rng);
            let target: Curve = std::array::from_fn(|i| 30.0 * (i as f64 / 7.0).sin());
            let polished = polish.polish(&guess, &target);
            assert_eq!(EqSettings::from_values(&polished.to_values()), polished);
            assert!(rms(&curve(&polished), &target) <= rms(&curve(&guess), &target));
        }
    }

    #[test]
    fn flat_stays_flat() {
        assert_eq!(Polish::default().polish(&EqSettings::flat(), &[0.0; GRID]), EqSettings::flat());
    }
}
