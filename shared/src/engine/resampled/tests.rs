use super::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;

const HOST_RATES: [f64; 12] = [
    22_050.0, 32_000.0, 44_100.0, 47_999.0, 48_000.0, 50_000.5, 88_200.0, 96_000.0, 176_400.0, 192_000.0,
    352_800.0, 384_000.0,
];

/// Says what it hears, `latency` samples later.
struct Echo {
    rate_hz: f64,
    line: Vec<f32>,
    at: usize,
}

impl Echo {
    fn at(rate_hz: f64) -> Box<Self> {
        Self::late(rate_hz, 0)
    }

    fn late(rate_hz: f64, latency: usize) -> Box<Self> {
        Box::new(Self { rate_hz, line: vec![0.0; latency], at: 0 })
    }
}

impl Engine for Echo {
    fn prepare(&mut self, sample_rate_hz: f64, _: usize) -> Result<(), EngineError> {
        assert_eq!(sample_rate_hz, self.rate_hz);
        Ok(())
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        output.copy_from_slice(input);
        if self.line.is_empty() {
            return;
        }
        for sample in output {
            std::mem::swap(sample, &mut self.line[self.at]);
            self.at = (self.at + 1) % self.line.len();
        }
    }

    fn reset(&mut self) {
        self.line.fill(0.0);
        self.at = 0;
    }

    fn latency_samples(&self) -> usize {
        self.line.len()
    }

    fn model_rate_hz(&self) -> f64 {
        self.rate_hz
    }

    fn kind(&self) -> EngineKind {
        EngineKind::Native
    }
}

fn prepared(engine: Box<dyn Engine>, host_hz: f64, max_block: usize) -> Resampled {
    let mut engine = Resampled::new(engine);
    engine.prepare(host_hz, max_block).unwrap();
    engine
}

fn sine(frequency_hz: f64, rate_hz: f64, samples: usize) -> Vec<f32> {
    (0..samples).map(|i| (TAU * frequency_hz * i as f64 / rate_hz).sin() as f32).collect()
}

fn noise(samples: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..samples).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn run(engine: &mut dyn Engine, input: &[f32], mut blocks: impl FnMut() -> usize) -> Vec<f32> {
    let mut output = vec![f32::NAN; input.len()];
    let mut at = 0;
    while at < input.len() {
        let to = (at + blocks()).min(input.len());
        engine.process(&input[at..to], &mut output[at..to]);
        at = to;
    }
    output
}

/// Amplitude and phase of the sine that fits best, and the rms of what it leaves over.
fn fit(signal: &[f32], frequency_hz: f64, rate_hz: f64, first: usize) -> (f64, f64, f64) {
    // Least squares for a*sin + b*cos; the normal equations, since the window holds no whole
    // number of periods.
    let (mut ss, mut sc, mut cc, mut ys, mut yc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let angle = |i: usize| TAU * frequency_hz * (first + i) as f64 / rate_hz;
    for (i, &y) in signal.iter().enumerate() {
        let (s, c) = angle(i).sin_cos();
        ss += s * s;
        sc += s * c;
        cc += c * c;
        ys += f64::from(y) * s;
        yc += f64::from(y) * c;
    }
    let det = ss * cc - sc * sc;
    let (a, b) = ((ys * cc - yc * sc) / det, (yc * ss - ys * sc) / det);
    let left: f64 = signal
        .iter()
        .enumerate()
        .map(|(i, &y)| {
            let (s, c) = angle(i).sin_cos();
            (f64::from(y) - a * s - b * c).powi(2)
        })
        .sum();
    (a.hypot(b), b.atan2(a), (left / signal.len() as f64).sqrt())
}

fn db(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

#[test]
fn the_delay_is_the_reported_one_within_half_a_sample() {
    for model_hz in [44_100.0, 48_000.0, 96_000.0] {
        for host_hz in HOST_RATES {
            for late in [0, 37] {
                let mut engine = prepared(Echo::late(model_hz, late), host_hz, 512);
                let frequency_hz = 60.0;
                let latency = engine.latency_samples();
                let length = host_hz as usize / 5;
                let input = sine(frequency_hz, host_hz, length);
                let output = run(&mut engine, &input, || 512);
                let skip = length / 2;
                let (amplitude, phase, _) = fit(&output[skip..], frequency_hz, host_hz, skip);
                let delay = -phase / (TAU * frequency_hz) * host_hz;
                let off = (delay - latency as f64).abs();
                assert!(
                    off <= 0.505,
                    "{host_hz} Hz, model {model_hz} Hz: delay {delay:.3}, reported {latency}"
                );
                assert!((amplitude - 1.0).abs() < 1e-4, "{host_hz} Hz: level {amplitude}");
            }
        }
    }
}

#[test]
fn the_delay_is_short_and_none_at_the_models_rate() {
    let milliseconds = |host_hz: f64| {
        let engine = prepared(Echo::at(48_000.0), host_hz, 512);
        engine.latency_samples() as f64 / host_hz * 1e3
    };
    assert_eq!(milliseconds(48_000.0), 0.0);
    assert!(milliseconds(44_100.0) < 2.3, "{}", milliseconds(44_100.0));
    for host_hz in [88_200.0, 96_000.0, 176_400.0, 192_000.0, 384_000.0] {
        assert!(milliseconds(host_hz) < 1.25, "{host_hz}: {}", milliseconds(host_hz));
    }
}

#[test]
fn the_output_does_not_depend_on_the_blocks() {
    for host_hz in HOST_RATES {
        let input = noise(6000, 1);
        let mut whole = prepared(Echo::at(48_000.0), host_hz, 6000);
        let expected = run(&mut whole, &input, || 6000);
        assert_eq!(expected.iter().filter(|s| s.is_nan()).count(), 0);
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for (max_block, block) in [(1, 1), (16, 16), (64, 17), (512, 512), (64, 2027), (512, 0)] {
            let mut engine = prepared(Echo::at(48_000.0), host_hz, max_block);
            let next = || if block == 0 { rng.random_range(1..900) } else { block };
            let output = run(&mut engine, &input, next);
            assert!(output == expected, "{host_hz} Hz, blocks of {block} prepared for {max_block}");
        }
    }
}

#[test]
fn reset_leads_back_to_the_first_state() {
    for host_hz in HOST_RATES {
        let input = noise(3000, 3);
        let mut engine = prepared(Echo::late(48_000.0, 5), host_hz, 64);
        let first = run(&mut engine, &input, || 61);
        engine.reset();
        let second = run(&mut engine, &input, || 64);
        assert!(first == second, "{host_hz} Hz");
    }
}

#[test]
fn tones_come_through_clean() {
    for host_hz in HOST_RATES {
        let top_hz = (0.91 * host_hz.min(48_000.0) / 2.0).min(PASS_BAND_HZ);
        for share in [0.02, 0.3, 0.6, 0.8, 0.95, 1.0] {
            let frequency_hz = share * top_hz;
            let mut engine = prepared(Echo::at(48_000.0), host_hz, 512);
            let input = sine(frequency_hz, host_hz, 12_000);
            let output = run(&mut engine, &input, || 512);
            let skip = 6000;
            let (amplitude, _, left) = fit(&output[skip..], frequency_hz, host_hz, skip);
            let clean = db(left * 2f64.sqrt());
            assert!(clean < -90.0, "{host_hz} Hz: {frequency_hz:.0} Hz leaves {clean:.1} dB");
            if host_hz != 48_000.0 {
                let level = db(amplitude);
                assert!(level.abs() < 0.1, "{host_hz} Hz: {frequency_hz:.0} Hz at {level:.3} dB");
            }
        }
    }
}

#[test]
fn what_the_model_cannot_hear_does_not_come_back_as_something_else() {
    for host_hz in [88_200.0, 96_000.0, 176_400.0, 192_000.0, 384_000.0] {
        for frequency_hz in [28_100.0, 33_000.0, 40_000.0] {
            let mut engine = prepared(Echo::at(48_000.0), host_hz, 512);
            let input = sine(frequency_hz, host_hz, 12_000);
            let output = run(&mut engine, &input, || 512);
            let power: f64 = output[6000..].iter().map(|&s| f64::from(s).powi(2)).sum();
            let level = db((power / 6000.0 * 2.0).sqrt());
            assert!(level < -90.0, "{host_hz} Hz: {frequency_hz} Hz comes back at {level:.1} dB");
        }
    }
}

#[test]
fn never_runs_dry_over_a_long_time_in_single_samples() {
    // `Fifo::pop` asserts it in debug builds; a dry queue would also break this comparison.
    for host_hz in [44_100.0, 47_999.0, 50_000.5, 96_000.0] {
        let input = noise(host_hz as usize * 2, 4);
        let mut engine = prepared(Echo::at(48_000.0), host_hz, 4096);
        let expected = run(&mut engine, &input, || 4096);
        engine.reset();
        assert!(run(&mut engine, &input, || 1) == expected, "{host_hz} Hz");
    }
}

#[test]
fn impossible_rates_are_refused_with_both_values() {
    for host_hz in [0.0, -48_000.0, f64::NAN, f64::INFINITY, 7999.0, 1e9] {
        let mut engine = Resampled::new(Echo::at(48_000.0));
        let error = engine.prepare(host_hz, 64).unwrap_err().to_string();
        assert!(error.contains("48000 Hz") && error.contains(&host_hz.to_string()), "{error}");
    }
}
