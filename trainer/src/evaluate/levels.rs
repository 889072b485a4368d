//! The error by how loud the playing is.

/// Length of the pieces whose level is taken, in seconds: shorter than a picked note, longer than the period of
/// the lowest string of a bass.
pub const PIECE_SECONDS: f64 = 0.05;
/// Height of a step of level, in dB.
pub const STEP_DB: f64 = 6.0;
/// Level below which all is one step, in dBFS rms: the noise between notes.
pub const LOWEST_DBFS: f64 = -66.0;

/// The error while the input was within one step of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelError {
    /// Lower end of the step, in dBFS rms of the input; minus infinity for the lowest.
    pub from_dbfs: f64,
    /// Its upper end.
    pub to_dbfs: f64,
    /// How long the input was there, in seconds.
    pub seconds: f64,
    /// Energy of the error over that of the target; `None` if the target is silent there.
    pub esr: Option<f64>,
    /// Level of the target, in dBFS rms.
    pub target_dbfs: f64,
    /// Level of the error, in dBFS rms.
    pub error_dbfs: f64,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    samples: usize,
    error: f64,
    target: f64,
}

/// Power in dBFS rms; silence is -200.
pub fn dbfs(power: f64) -> f64 {
    10.0 * power.max(1e-20).log10()
}

/// Sorts pieces of [`PIECE_SECONDS`] by the level of the input and gives each level's error, the quietest first.
/// Levels that the input never has are left out. The three signals are aligned; what the longest
/// has beyond the shortest is ignored.
pub fn by_level(input: &[f32], output: &[f32], target: &[f32], rate_hz: f64) -> Vec<LevelError> {
    let piece = ((PIECE_SECONDS * rate_hz) as usize).max(1);
    let steps = (-LOWEST_DBFS / STEP_DB) as usize;
    // Step 0 is all that is quieter than the lowest level; what is above full scale counts as the highest.
    let mut sums = vec![Sums::default(); steps + 1];
    let energy = |signal: &[f32]| signal.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    for ((x, y), t) in input.chunks(piece).zip(output.chunks(piece)).zip(target.chunks(piece)) {
        let samples = x.len().min(y.len()).min(t.len());
        let (x, y, t) = (&x[..samples], &y[..samples], &t[..samples]);
        let level = dbfs(energy(x) / samples.max(1) as f64);
        let step = ((level - LOWEST_DBFS) / STEP_DB + 1.0).floor().clamp(0.0, steps as f64) as usize;
        let sum = &mut sums[step];
        sum.samples += samples;
        sum.error += y.iter().zip(t).map(|(&y, &t)| (f64::from(y) - f64::from(t)).powi(2)).sum::<f64>();
        sum.target += energy(t);
    }
    let all = sums.into_iter().enumerate().filter(|(_, sum)| sum.samples > 0);
    all.map(|(step, sum)| {
        let to_dbfs = LOWEST_DBFS + STEP_DB * step as f64;
        LevelError {
            from_dbfs: if step == 0 { f64::NEG_INFINITY } else { to_dbfs - STEP_DB },
            to_dbfs,
            seconds: sum.samples as f64 / rate_hz,
            esr: (sum.target > 0.0).then(|| sum.error / sum.target),
            target_dbfs: dbfs(sum.target / sum.samples as f64),
            error_dbfs: dbfs(sum.error / sum.samples as f64),
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_has_the_error_that_was_made_at_it() {
        // A second at -20 dBFS with a tenth of error, one at -40 dBFS with a hundredth, one of silence.
        let second = |level: f32| vec![level; 1000];
        let input = [second(0.1), second(0.01), second(0.0)].concat();
        let target = [second(0.5), second(0.2), second(0.0)].concat();
        let output = [second(0.45), second(0.198), second(0.0)].concat();
        let levels = by_level(&input, &output, &target, 1000.0);
        let found: Vec<_> = levels.iter().map(|l| (l.from_dbfs, l.to_dbfs, l.seconds.round())).collect();
        assert_eq!(found, [(f64::NEG_INFINITY, -66.0, 1.0), (-42.0, -36.0, 1.0), (-24.0, -18.0, 1.0)]);
        assert_eq!(levels[0].esr, None);
        assert!((levels[1].esr.unwrap() - 1e-4).abs() < 1e-6, "{levels:?}");
        assert!((levels[2].esr.unwrap() - 1e-2).abs() < 1e-6, "{levels:?}");
        assert!((levels[2].target_dbfs + 6.02).abs() < 0.01 && (levels[2].error_dbfs + 26.02).abs() < 0.01);
    }

    #[test]
    fn what_is_beyond_full_scale_is_the_highest_level() {
        let levels = by_level(&[4.0; 100], &[1.0; 100], &[1.0; 100], 1000.0);
        assert_eq!((levels.len(), levels[0].to_dbfs, levels[0].esr), (1, 0.0, Some(0.0)));
        assert!(by_level(&[], &[], &[], 48_000.0).is_empty());
    }
}
