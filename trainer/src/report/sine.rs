//! What a model makes of a sine: the harmonics an amp has, and the aliases that none has.

use super::play::Player;
use realfft::RealFftPlanner;
use std::f64::consts::TAU;

/// Peak of the sine, in dBFS: a guitar played hard.
pub const SINE_DBFS: f64 = -12.0;
/// Highest harmonic that is given alone.
pub const HARMONICS: usize = 5;
/// Fundamentals: thirds of an octave from 40 Hz, up to where a second harmonic is still heard.
const FIRST_HZ: f64 = 40.0;
const LAST_HZ: f64 = 10_500.0;
/// Length of the piece that is taken apart, in seconds.
const PIECE_SECONDS: f64 = 0.17;
/// Length of the sweep, in seconds.
const SWEEP_SECONDS: f64 = 6.0;
/// Where the sweep begins.
pub const SWEEP_FIRST_HZ: f64 = 20.0;

/// The answer to one sine. Amplitudes are relative to the fundamental's.
#[derive(Clone, Debug, PartialEq)]
pub struct SineAnswer {
    /// The sine's frequency.
    pub hz: f64,
    /// Level of the fundamental in the output, in dBFS peak.
    pub fundamental_dbfs: f64,
    /// The second to the [`HARMONICS`]-th harmonic; 0 for those beyond half the sample rate.
    pub harmonics: [f64; HARMONICS - 1],
    /// Total harmonic distortion: the root of the summed powers of all harmonics below half the
    /// sample rate over the fundamental's (IEC 60268-3, relative to the fundamental).
    pub thd: f64,
    /// The same of all else that is there, but a constant: harmonics beyond half the sample rate, which the
    /// network folds back down.
    pub aliasing: f64,
}

fn peak() -> f64 {
    10f64.powf(SINE_DBFS / 20.0)
}

/// Plays sines through a model. Each has a whole and odd number of periods in a piece whose length is a power of
/// two: then no folded harmonic can fall on a true one, and no window is needed.
pub fn answers(player: &mut Player, rate_hz: f64) -> Vec<SineAnswer> {
    let length = ((PIECE_SECONDS * rate_hz) as usize).next_power_of_two();
    let transform = RealFftPlanner::<f64>::new().plan_fft_forward(length);
    let (mut time, mut bins) = (transform.make_input_vec(), transform.make_output_vec());
    let mut answers = Vec::new();
    let mut last = 0;
    for third in 0.. {
        let wanted_hz = FIRST_HZ * 2f64.powf(f64::from(third) / 3.0);
        if wanted_hz > LAST_HZ.min(rate_hz / 4.5) {
            break;
        }
        let periods = ((wanted_hz * length as f64 / rate_hz) as usize) | 1;
        if periods == last {
            continue;
        }
        last = periods;
        let before = player.memory_samples();
        // The phase is taken of a whole number, so that a period is the same each time, to the bit.
        let input: Vec<f32> = (0..before + length)
            .map(|i| (peak() * (TAU * ((i * periods) % length) as f64 / length as f64).sin()) as f32)
            .collect();
        let output = player.play(&input, before..before + length);
        time.iter_mut().zip(&output).for_each(|(t, &y)| *t = f64::from(y));
        if transform.process(&mut time, &mut bins).is_err() {
            // Lengths come from one plan; this cannot be, and would only leave a point out.
            continue;
        }
        let power: Vec<f64> = bins.iter().map(|x| x.norm_sqr()).collect();
        answers.push(answer(&power, periods, rate_hz / length as f64, length));
    }
    answers
}

fn answer(power: &[f64], periods: usize, bin_hz: f64, length: usize) -> SineAnswer {
    let fundamental = power[periods].max(1e-30);
    let relative = |p: f64| (p / fundamental).sqrt();
    let harmonic = |order: usize| power.get(order * periods).copied().unwrap_or(0.0);
    let (mut harmonic_power, mut other) = (0.0, 0.0);
    for (bin, p) in power.iter().enumerate().skip(1) {
        match bin.is_multiple_of(periods) {
            true if bin > periods => harmonic_power += p,
            true => {}
            false => other += p,
        }
    }
    SineAnswer {
        hz: periods as f64 * bin_hz,
        fundamental_dbfs: 20.0 * (2.0 * fundamental.sqrt() / length as f64).log10(),
        harmonics: std::array::from_fn(|i| relative(harmonic(i + 2))),
        thd: relative(harmonic_power),
        aliasing: relative(other),
    }
}

/// What a model makes of a sine that rises exponentially (Farina, "Simultaneous measurement of impulse response and
/// distortion with a swept-sine technique", 2000, eq. 11) to `last_hz`.
pub fn sweep(player: &mut Player, rate_hz: f64, last_hz: f64) -> Vec<f32> {
    let samples = (SWEEP_SECONDS * rate_hz) as usize;
    let slope = SWEEP_SECONDS / (last_hz / SWEEP_FIRST_HZ).ln();
    let input: Vec<f32> = (0..samples)
        .map(|i| {
            let seconds = i as f64 / rate_hz;
            let phase = TAU * SWEEP_FIRST_HZ * slope * ((seconds / slope).exp() - 1.0);
            (peak() * phase.sin()) as f32
        })
        .collect();
    player.play(&input, 0..samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Power of the bins of a signal that is given as amplitudes of bins.
    fn bins(length: usize, amplitudes: &[(usize, f64)]) -> Vec<f64> {
        let mut power = vec![0.0; length / 2 + 1];
        for &(bin, amplitude) in amplitudes {
            power[bin] += (amplitude * length as f64 / 2.0).powi(2);
        }
        power
    }

    #[test]
    fn harmonics_are_told_from_what_is_folded() {
        // A second harmonic of a tenth, a third of a hundredth, a constant, and something in between.
        let power = bins(1024, &[(0, 9.0), (101, 0.5), (202, 0.05), (303, 0.005), (500, 0.0005)]);
        let a = answer(&power, 101, 10.0, 1024);
        assert!((a.hz - 1010.0).abs() < 1e-9 && (a.fundamental_dbfs + 6.0206).abs() < 1e-3, "{a:?}");
        assert!((a.harmonics[0] - 0.1).abs() < 1e-9 && (a.harmonics[1] - 0.01).abs() < 1e-9, "{a:?}");
        assert_eq!(a.harmonics[2..], [0.0, 0.0]);
        assert!((a.thd - 0.0101f64.sqrt()).abs() < 1e-9, "{a:?}");
        assert!((a.aliasing - 0.001).abs() < 1e-9, "{a:?}");
    }
}
