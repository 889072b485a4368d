//! From which lag on the input matters: where a target begins to follow, which the phase of gear driven hard cannot
//! tell.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;
use std::f64::consts::PI;

/// How much of a recording is looked at, in seconds: its middle.
const MOST_SECONDS: f64 = 60.0;
/// Least that tells anything, in seconds.
const LEAST_SECONDS: f64 = 0.5;
/// Samples of the target's own past that it is foretold from first.
const PAST: usize = 64;
/// Lags that are looked at: from so many samples before the delay to so many after it.
const BEFORE: i64 = 16;
const AFTER: i64 = 40;
/// What the input at nearer lags adds is nothing below this share of the target's power, or of what is left of it.
const NOTHING: f64 = 4e-5;
const NOTHING_OF_REST: f64 = 8e-3;
/// Added to the power of each feature, as a share of it: the input at neighbouring lags is nearly the same.
const RIDGE: f64 = 1e-9;
/// Correlations are taken in blocks of so many samples, for lags of up to so many.
const BLOCK: usize = 4096;
const REACH: usize = PAST + (BEFORE + AFTER) as usize;
/// Both ends are faded over so much, in seconds.
const FADE_SECONDS: f64 = 0.02;

/// The latest lag, in samples and no later than `lag`, from which on the input tells all that it ever tells about
/// `target`: at nearer lags it adds nothing to what the target's own past and the input before foretell. `None` if
/// there is too little to tell by.
///
/// A test for causality (Granger, "Investigating causal relations by econometric models and cross-spectral methods",
/// 1969) on the input and on the input bent, as gear driven hard bends it. The phase of such gear is that of its best
/// linear description, whose answer may come later than the gear's first: a network that hears nothing before the
/// linear answer would lack the first for ever. What gear bends otherwise is foretold a little from neighbouring lags
/// too, so that its onset is found some samples early, which costs a network nothing.
pub(super) fn onset(input: &[f32], target: &[f32], lag: i64, rate_hz: u32) -> Option<i64> {
    let rests = rests(input, target, lag, rate_hz)?;
    let all = rests.last()?.1;
    let nothing = NOTHING.max(NOTHING_OF_REST * all);
    let (first, _) = rests.into_iter().find(|(_, rest)| rest - all < nothing)?;
    Some(first.min(lag))
}

/// Lags from far to near, and which share of the target's power is left once it is foretold from its own past and
/// from the input at that lag and all further ones.
fn rests(input: &[f32], target: &[f32], lag: i64, rate_hz: u32) -> Option<Vec<(i64, f64)>> {
    let lags: Vec<i64> = (-BEFORE..=AFTER).rev().collect();
    let signals = Signals::cut(input, target, lag, rate_hz)?;
    // Each is a signal and how much later it is heard.
    let mut features: Vec<(usize, i64)> = (1..=PAST as i64).map(|past| (TARGET, past)).collect();
    features.extend(lags.iter().flat_map(|&late| (INPUT..SIGNALS).map(move |signal| (signal, late))));
    features.push((TARGET, 0));
    let explained = explained(signals.gram(&features))?;
    let (own, heard) = explained.split_at(PAST);
    let mut rest = 1.0 - own.iter().sum::<f64>();
    let after = heard.chunks_exact(SIGNALS - INPUT).map(|heard| {
        rest -= heard.iter().sum::<f64>();
        rest
    });
    Some(lags.iter().map(|late| lag + late).zip(after).collect())
}

/// Places of the signals.
const TARGET: usize = 0;
const INPUT: usize = 1;
/// The input bent at so many times its level.
const BENDS: [f64; 2] = [1.0, 8.0];
const SIGNALS: usize = 2 + BENDS.len();
const PAIRS: usize = SIGNALS * (SIGNALS + 1) / 2;

/// The part of a pair that is looked at, the input moved by the delay, faded so that nothing is cut.
struct Signals(Vec<Vec<f64>>);

impl Signals {
    fn cut(input: &[f32], target: &[f32], lag: i64, rate_hz: u32) -> Option<Self> {
        let at = |seconds: f64| (seconds * f64::from(rate_hz)) as usize;
        let by = usize::try_from(lag.unsigned_abs()).ok()?;
        let (input, target) = match lag >= 0 {
            true => (input, target.get(by..)?),
            false => (input.get(by..)?, target),
        };
        let all = input.len().min(target.len());
        let samples = all.min(at(MOST_SECONDS));
        if samples < at(LEAST_SECONDS).max(4 * PAST) {
            return None;
        }
        let start = (all - samples) / 2;
        let fade = at(FADE_SECONDS);
        let faded = |signal: &[f32], bend: &dyn Fn(f64) -> f64| -> Vec<f64> {
            let end = |i: usize| i.min(samples - 1 - i);
            let gain = |i: usize| match end(i) < fade {
                true => 0.5 - 0.5 * (PI * (end(i) as f64 + 0.5) / fade as f64).cos(),
                false => 1.0,
            };
            let part = signal[start..start + samples].iter().enumerate();
            part.map(|(i, &s)| gain(i) * bend(f64::from(s))).collect()
        };
        let straight = faded(input, &|s| s);
        let rms = (straight.iter().map(|s| s * s).sum::<f64>() / samples as f64).sqrt();
        let bent = BENDS.map(|drive| faded(input, &|s| (drive * s / rms.max(1e-12)).tanh()));
        let target = faded(target, &|s| s);
        let sounds = rms > 0.0 && target.iter().any(|s| *s != 0.0);
        sounds.then(|| Self([target, straight].into_iter().chain(bent).collect()))
    }

    /// Products of all features with each other, each of unit power. Those of two features depend on the difference of
    /// their lags alone, as all signals begin and end in silence.
    fn gram(&self, features: &[(usize, i64)]) -> Vec<Vec<f64>> {
        let correlations = self.correlations();
        let powers: Vec<f64> = (0..SIGNALS).map(|a| correlations[pair(a, a)][0]).collect();
        let entry = |(a, lag_a): (usize, i64), (b, lag_b): (usize, i64)| {
            let (a, b, late) = if a <= b { (a, b, lag_a - lag_b) } else { (b, a, lag_b - lag_a) };
            correlations[pair(a, b)][late.rem_euclid(BLOCK as i64) as usize] / (powers[a] * powers[b]).sqrt()
        };
        let row = |(i, &feature): (usize, &(usize, i64))| -> Vec<f64> {
            let mut row: Vec<f64> = features[..=i].iter().map(|&other| entry(feature, other)).collect();
            row[i] += RIDGE;
            row
        };
        features.iter().enumerate().map(row).collect()
    }

    /// How the signals of each [`pair`] go together where the second one is heard later, up to [`REACH`] samples, and
    /// as much earlier from the end: block by block, each with its surroundings.
    fn correlations(&self) -> [Vec<f64>; PAIRS] {
        let mut planner = RealFftPlanner::<f64>::new();
        let (forward, inverse) = (planner.plan_fft_forward(BLOCK), planner.plan_fft_inverse(BLOCK));
        let spectra = || [(); SIGNALS].map(|()| forward.make_output_vec());
        let (mut alone, mut around) = (spectra(), spectra());
        let mut sums = [(); PAIRS].map(|()| forward.make_output_vec());
        let mut buffer = vec![0.0; BLOCK];
        let mut done = true;
        let fresh = BLOCK - 2 * REACH;
        let samples = self.0[TARGET].len();
        for start in (0..samples).step_by(fresh) {
            for (signal, (alone, around)) in self.0.iter().zip(alone.iter_mut().zip(&mut around)) {
                let mut transform = |before: usize, after: usize, spectrum: &mut [Complex64]| {
                    let from = start.saturating_sub(before);
                    let part = &signal[from..samples.min(start + fresh + after)];
                    buffer.fill(0.0);
                    let place = REACH - (start - from);
                    buffer[place..place + part.len()].copy_from_slice(part);
                    done &= forward.process(&mut buffer, spectrum).is_ok();
                };
                transform(0, 0, alone);
                transform(REACH, REACH, around);
            }
            for a in 0..SIGNALS {
                for b in a..SIGNALS {
                    let values = sums[pair(a, b)].iter_mut().zip(alone[a].iter().zip(&around[b]));
                    values.for_each(|(sum, (a, b))| *sum += a.conj() * b);
                }
            }
        }
        let correlations = sums.map(|mut sum| {
            let mut correlation = inverse.make_output_vec();
            // Real signals have these real; rounding may say otherwise.
            sum[0].im = 0.0;
            sum[BLOCK / 2].im = 0.0;
            done &= inverse.process(&mut sum, &mut correlation).is_ok();
            correlation
        });
        debug_assert!(done, "the buffers are the plans' own");
        correlations
    }
}

/// Where two of the signals, the first no later in order, have their place among all pairs.
fn pair(a: usize, b: usize) -> usize {
    a * (2 * SIGNALS - 1 - a) / 2 + b
}

/// Which share of the last feature's power each of the others explains that those before it do not: the squares of
/// the last row of Cholesky's factor. `None` where the features are not independent.
fn explained(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    for i in 0..rows.len() {
        let (above, rest) = rows.split_at_mut(i);
        let row = &mut rest[0];
        for j in 0..=i {
            let other = if j < i { &above[j][..j] } else { &row[..i] };
            let sum = row[j] - row[..j].iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
            row[j] = if j < i { sum / above[j][j] } else { Some(sum.sqrt()).filter(|root| *root > 0.0)? };
        }
    }
    let mut last = rows.pop()?;
    last.pop();
    Some(last.into_iter().map(|share| share * share).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::virtual_capture::guitar;

    #[test]
    fn a_delay_that_is_late_is_found_out() {
        let rate = 48_000;
        let x = guitar::play(8.0, f64::from(rate), 5);
        let y: Vec<f32> = x.iter().map(|x| 0.5 * (50.0 * x).tanh()).collect();
        let later = [&vec![0.0; 300], &y[..y.len() - 300]].concat();
        for (x, y, by) in [(&x, &y[..], 0), (&x, &later, 300), (&x, &y[300..], -300)] {
            // As if the phase had said five samples later than it is.
            let found = onset(x, y, by + 5, rate).expect("long enough");
            assert!((by - 4..=by).contains(&found), "{by} {found}");
            assert_eq!(onset(x, y, by - 7, rate), Some(by - 7), "a delay that is early already stays");
        }
    }

    #[test]
    fn what_is_too_short_or_silent_tells_nothing() {
        let x = vec![0.1f32; 48_000];
        assert_eq!(onset(&x[..10_000], &x, 0, 48_000), None);
        assert_eq!(onset(&x, &vec![0.0; 48_000], 0, 48_000), None);
        assert_eq!(onset(&x, &x, 60_000, 48_000), None);
    }
}
