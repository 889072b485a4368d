use super::*;
use crate::engine::EngineKind;
use crate::engine::native::NativeEngine;
use crate::model::{Card, Linear, Model, Network};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::f64::consts::TAU;
use std::sync::{Arc, Mutex};

const RATE_HZ: f64 = 48_000.0;
const REAL: [usize; 3] = [2, 4, 8];

fn linear(response: &[f32], bias: f32) -> Model {
    let network = Network::Linear(Linear::new(response.to_vec(), bias).unwrap());
    Model { card: Card::default(), network }
}

fn engine(model: &Model) -> Box<dyn Engine> {
    Box::new(NativeEngine::new(model).unwrap())
}

fn oversampled(model: &Model, factor: usize, max_block: usize) -> Oversampled {
    let mut made = Oversampled::new((0..factor).map(|_| engine(model)).collect()).unwrap();
    made.prepare(RATE_HZ, max_block).unwrap();
    made
}

fn sine(hz: f64, samples: usize) -> Vec<f32> {
    (0..samples).map(|i| (TAU * hz * i as f64 / RATE_HZ).sin() as f32).collect()
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

fn db(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

fn rms(signal: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = signal.len() as f64;
    (signal.map(|s| s * s).sum::<f64>() / count).sqrt()
}

/// Says from sample `first` of `factor` times the rate on what a tone would be there, whatever it hears.
struct Tone {
    hz: f64,
    first: usize,
    at: usize,
    factor: usize,
}

/// Keeps what it hears.
struct Ear(Arc<Mutex<Vec<f32>>>);

macro_rules! plain_engine {
    () => {
        fn prepare(&mut self, _: f64, _: usize) -> Result<(), EngineError> {
            Ok(())
        }

        fn latency_samples(&self) -> usize {
            0
        }

        fn model_rate_hz(&self) -> f64 {
            RATE_HZ
        }

        fn kind(&self) -> EngineKind {
            EngineKind::Native
        }
    };
}

impl Engine for Tone {
    fn process(&mut self, _: &[f32], output: &mut [f32]) {
        for sample in output {
            *sample = (TAU * self.hz * self.at as f64 / (self.factor as f64 * RATE_HZ)).sin() as f32;
            self.at += self.factor;
        }
    }

    fn reset(&mut self) {
        self.at = self.first;
    }

    plain_engine!();
}

impl Engine for Ear {
    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        self.0.lock().unwrap().extend_from_slice(input);
        output.fill(0.0);
    }

    fn reset(&mut self) {}

    plain_engine!();
}

#[test]
fn a_sine_comes_through_flat_and_as_late_as_reported() {
    for factor in REAL {
        let mut engine = oversampled(&linear(&[1.0], 0.0), factor, 256);
        let delay = engine.latency_samples();
        for hz in [41.0, 1_000.0, 5_000.0, 10_000.0, 15_000.0, 18_000.0, 20_000.0] {
            engine.reset();
            let input = sine(hz, 6_000);
            let output = run(&mut engine, &input, || 256);
            // A delay that is wrong by a tenth of a sample would leave as much as the pass band allows at 500 Hz.
            let allowed = 10f64.powf(0.05 / 20.0) - 1.0;
            let (late, early) = (&output[1_000..], &input[1_000 - delay..6_000 - delay]);
            let left = rms(late.iter().zip(early).map(|(y, x)| f64::from(y - x))) * 2f64.sqrt();
            assert!(left < allowed, "{factor}x, {hz} Hz leaves {left:.5} at a delay of {delay}");
        }
    }
}

#[test]
fn the_delays_are_those_of_the_documentation() {
    let model = linear(&[1.0], 0.0);
    assert_eq!(REAL.map(|factor| oversampled(&model, factor, 64).latency_samples()), [26, 31, 33]);
}

#[test]
fn a_linear_model_sounds_as_it_does_alone() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let response: Vec<f32> =
        (0..300).map(|k| rng.random_range(-0.5..0.5) * (-(k as f32) / 60.0).exp()).collect();
    let model = linear(&response, 0.125);
    let tones: Vec<Vec<f32>> = (1..40).map(|n| sine(f64::from(n) * 500.0 + 3.0, 6_000)).collect();
    let input: Vec<f32> = (0..6_000).map(|i| tones.iter().map(|t| t[i]).sum::<f32>() / 40.0).collect();
    let mut alone = engine(&model);
    alone.prepare(RATE_HZ, 256).unwrap();
    let expected = run(&mut *alone, &input, || 256);
    for factor in REAL {
        let mut engine = oversampled(&model, factor, 256);
        let delay = engine.latency_samples();
        let output = run(&mut engine, &input, || 256);
        let pairs = || output[2_000..].iter().zip(&expected[2_000 - delay..]);
        let left = rms(pairs().map(|(y, x)| f64::from(y - x)).collect::<Vec<_>>().into_iter());
        let sound = rms(expected.iter().map(|&x| f64::from(x)));
        assert!(left < 0.004 * sound, "{factor}x leaves {:.1} dB", db(left / sound));
    }
}

#[test]
fn what_is_above_does_not_fold_back() {
    for factor in REAL {
        for hz in [28_000.0, 28_500.0, 33_000.0, 47_000.0, 68_500.0, 76_000.0, 95_000.0, 120_000.0, 163_000.0]
        {
            if hz > factor as f64 * RATE_HZ / 2.0 {
                continue;
            }
            let tone = |at: usize| Box::new(Tone { hz, first: at, at, factor }) as Box<dyn Engine>;
            let mut engine = Oversampled::new((0..factor).map(tone).collect()).unwrap();
            engine.prepare(RATE_HZ, 512).unwrap();
            let output = run(&mut engine, &vec![0.0; 6_000], || 512);
            let level = db(rms(output[500..].iter().map(|&y| f64::from(y))) * 2f64.sqrt());
            assert!(level < -90.0, "{factor}x: {hz} Hz comes back at {level:.1} dB");
        }
    }
}

#[test]
fn no_images_reach_the_model() {
    for factor in REAL {
        for hz in [997.0, 10_007.0, 20_000.0] {
            let heard: Vec<Arc<Mutex<Vec<f32>>>> = (0..factor).map(|_| Arc::default()).collect();
            let copies = heard.iter().map(|h| Box::new(Ear(h.clone())) as Box<dyn Engine>);
            let mut engine = Oversampled::new(copies.collect()).unwrap();
            engine.prepare(RATE_HZ, 512).unwrap();
            heard.iter().for_each(|h| h.lock().unwrap().clear());
            run(&mut engine, &sine(hz, 6_000), || 512);
            // What is left of each phase when the sine that all of them should hold is fitted and taken out.
            let phases: Vec<Vec<f32>> = heard.iter().map(|h| h.lock().unwrap()[500..].to_vec()).collect();
            let fast: Vec<f64> =
                (0..5_500 * factor).map(|i| f64::from(phases[i % factor][i / factor])).collect();
            let angle = |i: usize| TAU * hz * i as f64 / (RATE_HZ * factor as f64);
            let (mut ss, mut sc, mut cc, mut ys, mut yc) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (i, y) in fast.iter().enumerate() {
                let (s, c) = angle(i).sin_cos();
                (ss, sc, cc) = (ss + s * s, sc + s * c, cc + c * c);
                (ys, yc) = (ys + y * s, yc + y * c);
            }
            let determinant = ss * cc - sc * sc;
            let (a, b) = ((ys * cc - yc * sc) / determinant, (yc * ss - ys * sc) / determinant);
            let left = rms(fast.iter().enumerate().map(|(i, y)| {
                let (s, c) = angle(i).sin_cos();
                y - a * s - b * c
            }));
            let level = db(left * 2f64.sqrt());
            assert!(level < -90.0, "{factor}x: {hz} Hz has images of {level:.1} dB");
        }
    }
}

#[test]
fn the_output_does_not_depend_on_the_blocks() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let input: Vec<f32> = (0..3_000).map(|_| rng.random_range(-1.0..1.0)).collect();
    let model = linear(&[0.5, 0.2, -0.1], 0.01);
    for factor in REAL {
        let expected = run(&mut oversampled(&model, factor, 3_000), &input, || 3_000);
        for (max_block, block) in [(1, 1), (64, 17), (512, 512), (64, 1_027), (512, 0)] {
            let mut engine = oversampled(&model, factor, max_block);
            let next = || if block == 0 { rng.random_range(1..900) } else { block };
            assert!(run(&mut engine, &input, next) == expected, "{factor}x, blocks of {block}");
            engine.reset();
            assert!(run(&mut engine, &input, || 61) == expected, "{factor}x, after a reset");
        }
    }
}

#[test]
fn silence_is_what_it_was_before_the_first_sample() {
    for factor in REAL {
        for max_block in [1, 32, 500] {
            let mut engine = oversampled(&linear(&[1.0], 0.25), factor, max_block);
            let output = run(&mut engine, &[0.0; 500], || 50);
            let settled = output[499];
            assert!((settled - 0.25).abs() < 1e-3, "{factor}x rests at {settled}");
            let off = output.iter().map(|y| (y - settled).abs()).fold(0.0, f32::max);
            assert!(off < 1e-5, "{factor}x, prepared for {max_block}: {off}");
        }
    }
}

#[test]
fn there_are_only_these_factors() {
    let model = linear(&[1.0], 0.0);
    for factor in [0, 1, 3, 5, 16] {
        let refused = Oversampled::new((0..factor).map(|_| engine(&model)).collect()).err().unwrap();
        assert!(refused.to_string().contains(&factor.to_string()), "{refused}");
    }
}
