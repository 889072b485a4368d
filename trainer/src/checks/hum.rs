//! Hum: the mains and its harmonics.

use super::noise::Silence;
use super::{Facts, clock, dbfs, finding, fine, median};
use crate::data::power;
use crate::finding::{Finding, Verdict};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;
use std::f64::consts::TAU;
use std::ops::Range;

/// Hum that is this much weaker than the target, as a share of its power, is nothing: -50 dB.
const HUM: f64 = 1e-5;
/// The mains of the world.
const MAINS_HZ: [f64; 2] = [50.0, 60.0];
/// Harmonics that are looked at.
const HARMONICS: usize = 12;
/// Shortest silence in which 50 and 60 Hz can be told apart, in seconds.
const HUM_SECONDS: f64 = 0.2;
/// What is more than this many times the level around it is a line.
const LINE: f64 = 6.0;
/// Under the playing: at most and at least so many windows are looked at, and so many of their bins and harmonics.
const WINDOWS: usize = 240;
const LEAST_WINDOWS: usize = 12;
const LOWEST_BINS: usize = 400;
const STEADY_HARMONICS: usize = 6;
/// How steady the phase of a line is at least, and that of the input at most, which has no line then.
const STEADY: f64 = 0.7;
const STRAY: f64 = 0.5;

/// Looks for the mains and its harmonics: in silence, else under the playing. Gives its mean square too, 0 if it is
/// nothing to speak of.
pub(super) fn hum(facts: &Facts, silence: Option<&Silence>) -> (Finding, f64) {
    let signal = power(facts.target);
    let rate = f64::from(facts.rate_hz);
    let found = [in_silence(facts, silence), under_playing(facts)];
    let loudest = found.iter().flatten().max_by(|a, b| a.power.total_cmp(&b.power));
    let Some(hum) = loudest else {
        return (fine("hum", "not measured: the input has no silence, and is too short to tell"), 0.0);
    };
    if hum.power <= HUM * signal {
        return (fine("hum", "none to speak of"), 0.0);
    }
    let figure = format!(
        "{:.0} Hz and its harmonics at {:.0} dBFS rms, {:.0} dB below the target, heard {}",
        hum.mains_hz,
        dbfs(hum.power),
        dbfs(signal) - dbfs(hum.power),
        hum.silence.map_or("under the playing".into(), |at| format!(
            "in the silence at {}",
            clock(at as f64 / rate)
        ))
    );
    let advice = "break the ground loop (one mains outlet, a DI box or isolating transformer), move away from transformers, and record again";
    (finding("hum", Verdict::Warning, figure, advice), hum.power)
}

struct Hum {
    mains_hz: f64,
    /// Mean square of the lines.
    power: f64,
    /// Where it is heard alone, in samples.
    silence: Option<usize>,
}

fn in_silence(facts: &Facts, silence: Option<&Silence>) -> Option<Hum> {
    let least = (HUM_SECONDS * f64::from(facts.rate_hz)) as usize;
    let ranges: Vec<&Range<usize>> = silence?.ranges.iter().filter(|range| range.len() >= least).collect();
    let longest = ranges.iter().max_by_key(|range| range.len())?.start;
    let samples: usize = ranges.iter().map(|range| range.len()).sum();
    let measure = |mains: f64| -> f64 {
        let parts = ranges.iter().map(|range| {
            let part = &facts.target[(*range).clone()];
            lines(part, mains, f64::from(facts.rate_hz)) * part.len() as f64
        });
        parts.sum::<f64>() / samples as f64
    };
    MAINS_HZ
        .map(|mains_hz| Hum { mains_hz, power: measure(mains_hz), silence: Some(longest) })
        .into_iter()
        .max_by(|a, b| a.power.total_cmp(&b.power))
}

/// Looks for lines that go on from second to second at the same phase, as the mains does and playing does not, and that
/// the input lacks.
fn under_playing(facts: &Facts) -> Option<Hum> {
    // A second, so that a bin is a hertz, every half second.
    let window = facts.rate_hz as usize;
    let hop = window / 2;
    let count = (facts.input.len().min(facts.target.len()).checked_sub(window)? / hop + 1).min(WINDOWS);
    if count < LEAST_WINDOWS {
        return None;
    }
    let forward = RealFftPlanner::<f64>::new().plan_fft_forward(window);
    let shape: Vec<f64> =
        (0..window).map(|i| 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / window as f64).cos()).collect();
    let mut spectrum = forward.make_output_vec();
    let mut buffer = vec![0.0; window];
    // For each window the lowest bins.
    let mut look = |signal: &[f32]| -> Vec<Vec<Complex64>> {
        let windows = (0..count).map(|i| {
            let part = &signal[i * hop..i * hop + window];
            buffer.iter_mut().zip(part).zip(&shape).for_each(|((b, s), w)| *b = f64::from(*s) * w);
            let done = forward.process(&mut buffer, &mut spectrum);
            debug_assert!(done.is_ok(), "the buffers are the plan's own");
            spectrum[..spectrum.len().min(LOWEST_BINS)].to_vec()
        });
        windows.collect()
    };
    let (input, target) = (look(facts.input), look(facts.target));
    let line = |mains_hz: usize, harmonic: usize| -> f64 {
        let bin = mains_hz * harmonic;
        if bin >= target[0].len() || steadiness(&input, bin) > STRAY {
            return 0.0;
        }
        if steadiness(&target, bin) < STEADY {
            return 0.0;
        }
        // In the quieter windows it stands alone; a sine of amplitude a sums to a/4 of the window.
        let mut sizes: Vec<f64> = target.iter().map(|bins| bins[bin].norm_sqr()).collect();
        sizes.sort_by(f64::total_cmp);
        8.0 * sizes[sizes.len() / 4] / (window as f64).powi(2)
    };
    MAINS_HZ
        .map(|mains_hz| {
            let lines: Vec<f64> = (1..=STEADY_HARMONICS).map(|h| line(mains_hz as usize, h)).collect();
            Hum { mains_hz, power: lines.iter().sum(), silence: None }
        })
        .into_iter()
        .max_by(|a, b| a.power.total_cmp(&b.power))
}

/// How alike the phase at a bin is to that of a second later, from 0 to 1.
fn steadiness(windows: &[Vec<Complex64>], bin: usize) -> f64 {
    // Windows side by side, which share no sample.
    let turns = windows.iter().zip(&windows[2..]).map(|(now, later)| {
        let turn = later[bin] * now[bin].conj();
        if turn.norm() > 0.0 { turn / turn.norm() } else { Complex64::default() }
    });
    turns.sum::<Complex64>().norm() / (windows.len() - 2) as f64
}

/// Power of the lines at the multiples of `mains`, above what is around them.
fn lines(part: &[f32], mains: f64, rate_hz: f64) -> f64 {
    let mean = part.iter().map(|&s| f64::from(s)).sum::<f64>() / part.len() as f64;
    let at = |hz: f64| {
        let step = TAU * hz / rate_hz;
        let (mut re, mut im, mut weights) = (0.0, 0.0, 0.0);
        for (i, &sample) in part.iter().enumerate() {
            let w = 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / part.len() as f64).cos();
            let (sin, cos) = (step * i as f64).sin_cos();
            re += w * (f64::from(sample) - mean) * cos;
            im += w * (f64::from(sample) - mean) * sin;
            weights += w;
        }
        // A sine of amplitude a has the power a²/2.
        2.0 * (re * re + im * im) / (weights * weights)
    };
    let mut sum = 0.0;
    for harmonic in 1..=HARMONICS {
        let hz = mains * harmonic as f64;
        if hz > 0.45 * rate_hz {
            break;
        }
        // Between the multiples of both mains frequencies.
        let around = median([-0.45, -0.3, 0.3, 0.45].map(|off| at(hz + off * mains)).to_vec());
        let here = at(hz);
        if here > LINE * around {
            sum += here - around;
        }
    }
    sum
}
