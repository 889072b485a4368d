//! Networks for high sample rates: the same layers over the same time.

use shared::model::WaveNetSpec;

/// The rate that networks by name are made for, in Hz.
const HOME_HZ: f64 = 48_000.0;

/// `spec` with its dilations stretched, so that at `rate_hz` its receptive field is as long in time as it was at
/// 48 kHz; and a line that says so. `None` at 48 kHz and below, where the field is long enough as it is, and other
/// players know the network by its dilations.
///
/// A dilation `d` becomes `d` to a power above 1 that is the same for all. Multiplying all of them would make a
/// network at twice the rate two networks that take turns, each blind to every other sample; so the shortest stays 1
/// and what lies between keeps a steady ratio. Kernels, channels and weights are as they were.
pub fn stretched(spec: &WaveNetSpec, rate_hz: u32) -> Option<(WaveNetSpec, String)> {
    let factor = f64::from(rate_hz) / HOME_HZ;
    let home = spec.receptive_field_samples();
    let longest = longest_dilation(spec);
    if factor <= 1.0 || longest < 2 {
        return None;
    }
    let wanted = home as f64 * factor;
    // The field grows with the power, so that halving the interval finds it; 20 of them are below a sample.
    let (mut low, mut high) = (1.0, 1.0 + 2.0 * factor.ln() / (longest as f64).ln());
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        let field = with_power(spec, middle).receptive_field_samples() as f64;
        if field < wanted { low = middle } else { high = middle }
    }
    let [shorter, longer] = [low, high].map(|power| with_power(spec, power));
    let off = |spec: &WaveNetSpec| (spec.receptive_field_samples() as f64 - wanted).abs();
    let best = if off(&shorter) <= off(&longer) { shorter } else { longer };
    let ms = |samples: usize, rate: f64| samples as f64 / rate * 1e3;
    let line = format!(
        "dilations up to {} in place of {longest} for {rate_hz} Hz, so that the receptive field is {:.1} ms ({:.1} ms at 48000 Hz); `scale_dilations: false` leaves them",
        longest_dilation(&best),
        ms(best.receptive_field_samples(), f64::from(rate_hz)),
        ms(home, HOME_HZ),
    );
    Some((best, line))
}

fn longest_dilation(spec: &WaveNetSpec) -> usize {
    spec.arrays.iter().flat_map(|array| &array.layers).map(|layer| layer.dilation).max().unwrap_or(1)
}

fn with_power(spec: &WaveNetSpec, power: f64) -> WaveNetSpec {
    let mut spec = spec.clone();
    for layer in spec.arrays.iter_mut().flat_map(|array| &mut array.layers) {
        layer.dilation = (layer.dilation as f64).powf(power).round() as usize;
    }
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presets() -> [(WaveNetSpec, usize); 3] {
        // The largest step between taps that leaves no sample unseen is the taps' number.
        [
            (WaveNetSpec::seed(16, 10, 3, true), 3),
            (WaveNetSpec::nam_standard(), 3),
            (WaveNetSpec::nam_a2(8), 6),
        ]
    }

    #[test]
    fn the_field_stays_as_long_in_time() {
        for (spec, _) in presets() {
            let home_ms = spec.receptive_field_samples() as f64 / 48.0;
            for rate_hz in [88_200, 96_000, 176_400, 192_000] {
                let (stretched, line) = stretched(&spec, rate_hz).unwrap();
                let ms = stretched.receptive_field_samples() as f64 / f64::from(rate_hz) * 1e3;
                assert!((ms / home_ms - 1.0).abs() < 0.01, "{rate_hz}: {ms} ms, {home_ms} ms");
                assert_eq!(stretched.weight_count(), spec.weight_count());
                assert!(line.contains(&rate_hz.to_string()) && line.contains("scale_dilations"), "{line}");
            }
        }
    }

    #[test]
    fn no_sample_is_left_unseen() {
        for (spec, taps) in presets() {
            let (stretched, _) = stretched(&spec, 192_000).unwrap();
            for array in &stretched.arrays {
                let mut dilations: Vec<usize> = array.layers.iter().map(|l| l.dilation).collect();
                assert_eq!(dilations[0], 1);
                dilations.sort_unstable();
                assert!(dilations.windows(2).all(|d| d[1] <= d[0] * taps), "{dilations:?}");
            }
        }
    }

    #[test]
    fn networks_are_left_alone_at_home_and_below() {
        for rate_hz in [8_000, 44_100, 48_000] {
            assert!(stretched(&WaveNetSpec::nam_standard(), rate_hz).is_none());
        }
        assert!(stretched(&WaveNetSpec::seed(4, 1, 3, true), 96_000).is_none(), "nothing to stretch");
    }
}
