//! From the means of short spectra to a sound's balance, by geometry alone.
//!
//! [`Balance`](crate::dsp::balance::Balance) sums power over third octaves of spectra a third of a second
//! long. Mel bands and some low bins, averaged over time, hold nearly the same power spread over wider or
//! narrower pieces of the frequency axis. Taken as densities and integrated over the third octaves they give
//! the balance up to what short windows smear, and that depends on the sound little enough that a network
//! need only learn the rest.

use super::latent::{GRID, grid_hz};
use crate::dsp::mel::{HIGHEST_HZ, MEL_BANDS, centres_hz, scaled_samples};

/// Lowest bins of the fine spectrum that are used.
pub const LOW_BINS: usize = 32;
/// Samples in a mel frame at 48 kHz.
const MEL_FRAME: usize = 1024;
/// Where the mel bands take over from the fine spectrum, in Hz.
const CROSSOVER_HZ: f64 = 300.0;
/// Pieces a third octave is integrated in.
const PIECES: usize = 32;
/// Power that is added everywhere, as a share of the strongest third octave, as in a balance.
const FLOOR: f64 = 1e-4;

/// What a mel band or a bin adds to a third octave: its number, bins after the bands, and its weight.
type Share = (usize, f64);

/// The weights from bands and bins to third octaves at a rate.
#[derive(Clone, Debug)]
pub struct BalanceEstimate {
    thirds: Vec<Vec<Share>>,
}

impl BalanceEstimate {
    /// For sound at a rate, with a fine spectrum of `fine_length` samples whose power is scaled to that of the
    /// mel frames. Allocates.
    pub fn new(sample_rate_hz: f64, fine_length: usize) -> Self {
        let fine_hz = sample_rate_hz / fine_length as f64;
        let frame_length = scaled_samples(MEL_FRAME, sample_rate_hz);
        let frame_hz = sample_rate_hz / frame_length as f64;
        // Bins of the longer window are narrower, and hold the less of a noise for that.
        let fine_density = (fine_length / frame_length) as f64;
        let centres = centres_hz();
        let widths = widths_hz(&centres, frame_hz, frame_length / 2);
        let sixth = 2f64.powf(1.0 / 6.0);
        let thirds = grid_hz().map(|hz| {
            let mut weights = [0.0; MEL_BANDS + LOW_BINS];
            let (low, high) = (hz / sixth, hz * sixth);
            let width = (high - low) / PIECES as f64;
            for piece in 0..PIECES {
                let at = low + (piece as f64 + 0.5) * width;
                if at < CROSSOVER_HZ {
                    let bin = ((at / fine_hz + 0.5) as usize).min(LOW_BINS - 1);
                    weights[MEL_BANDS + bin] += fine_density * width / frame_hz;
                } else {
                    let above = centres.partition_point(|c| *c < at).clamp(1, MEL_BANDS - 1);
                    let [left, right] = [above - 1, above];
                    let share = ((at - centres[left]) / (centres[right] - centres[left])).clamp(0.0, 1.0);
                    for (band, share) in [(left, 1.0 - share), (right, share)] {
                        // What lies above half the rate has no width and holds nothing.
                        weights[band] += if widths[band] > 0.0 { share * width / widths[band] } else { 0.0 };
                    }
                }
            }
            let used = weights.into_iter().enumerate().filter(|(_, weight)| *weight > 0.0);
            used.collect()
        });
        Self { thirds: thirds.into() }
    }

    /// The balance in dB over the grid, level removed, of the mean powers of mel bands and low bins.
    pub fn curve_db(&self, bands: &[f64; MEL_BANDS], low: &[f64; LOW_BINS]) -> [f64; GRID] {
        let power = |&(i, weight): &Share| weight * if i < MEL_BANDS { bands[i] } else { low[i - MEL_BANDS] };
        let thirds: [f64; GRID] = std::array::from_fn(|i| self.thirds[i].iter().map(power).sum());
        let floor = thirds.iter().fold(0.0, |most: f64, p| most.max(*p)) * FLOOR + 1e-30;
        let db = thirds.map(|power| 10.0 * (power + floor).log10());
        let mean = db.iter().sum::<f64>() / GRID as f64;
        db.map(|db| db - mean)
    }
}

/// What each mel band holds of a noise of density 1, in Hz: the sum of its weights times the width of a
/// bin. Narrow bands reach so few bins that this is not the triangle's area.
fn widths_hz(centres: &[f64; MEL_BANDS], bin_hz: f64, highest_bin: usize) -> [f64; MEL_BANDS] {
    std::array::from_fn(|i| {
        let low = if i == 0 { 0.0 } else { centres[i - 1] };
        let high = if i + 1 == MEL_BANDS { HIGHEST_HZ } else { centres[i + 1] };
        let weight = |bin: usize| {
            let at = bin as f64 * bin_hz;
            ((at - low) / (centres[i] - low)).min((high - at) / (high - centres[i])).max(0.0)
        };
        bin_hz * (0..=highest_bin).map(weight).sum::<f64>()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_noise_rises_by_its_bandwidth() {
        for rate in [44_100.0, 48_000.0, 96_000.0] {
            let frame = scaled_samples(MEL_FRAME, rate);
            let frame_hz = rate / frame as f64;
            let estimate = BalanceEstimate::new(rate, 4 * frame);
            let bands = widths_hz(&centres_hz(), frame_hz, frame / 2).map(|w| w / frame_hz);
            // A fine bin of a noise holds a quarter, where windows four times as long are scaled alike.
            let curve = estimate.curve_db(&bands, &[0.25; LOW_BINS]);
            let grid = grid_hz();
            let mean = grid.iter().map(|hz| 10.0 * hz.log10()).sum::<f64>() / GRID as f64;
            for (hz, db) in grid.iter().zip(curve) {
                let expected = 10.0 * hz.log10() - mean;
                // The floor lifts the lowest, which hold a thousandth.
                assert!((db - expected).abs() < 0.6, "{rate} Hz, {hz} Hz: {db:.2}, not {expected:.2}");
            }
        }
    }
}
