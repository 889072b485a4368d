//! The three back ends compute the same loss and the same gradient, and the gradient is right.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use shared::model::WaveNetSpec;
use std::sync::Arc;
use support::{noise, presets, random_weights};
use trainer::data::{Pair, Part};
use trainer::device::Device;
use trainer::gradient::{Gradient, KernelSegment, Pool, Setup, TorchBatch, TorchSegment};
use trainer::loss::{Loss, LossWeights};
use trainer::shape::Shape;

const SEGMENT: usize = 700;

fn weights_of(mrstft: f64) -> LossWeights {
    LossWeights { esr: 0.7, pre_emphasis: 0.85, plain_esr: 1.0, dc: 0.5, mrstft, mrstft_ffts: vec![256, 64] }
}

fn setup<'a>(shape: &'a Shape, loss: &LossWeights, workers: usize) -> Setup<'a> {
    let input = noise(6_000, 0.5, 1);
    let target: Vec<f32> =
        input.iter().zip(noise(6_000, 0.1, 2)).map(|(x, n)| (2.0 * x).tanh() * 0.3 + n).collect();
    let pair = Pair { input, target, rate_hz: 48_000 };
    let spec = shape.network();
    let part = Part::new(&pair, 0, spec.receptive_field_samples(), spec.lookahead_samples());
    let loss = Loss::new(loss, &pair.target);
    Setup { shape, part: Arc::new(part), loss, segment_samples: SEGMENT, batch: 5, workers }
}

const STARTS: [usize; 5] = [0, 5_300, 17, 2_600, 17];

fn kernel(setup: &Setup<'_>) -> Pool<KernelSegment> {
    Pool::new(setup, "kernel", || KernelSegment::new(setup.shape.network(), SEGMENT)).unwrap()
}

fn torch(setup: &Setup<'_>) -> Pool<TorchSegment> {
    Pool::new(setup, "libtorch", || TorchSegment::new(setup.shape.network())).unwrap()
}

fn run(backend: &mut dyn Gradient, weights: &[f32]) -> (f64, f64, Vec<f32>) {
    let mut gradient = vec![f32::NAN; weights.len()];
    let loss = backend.gradient(weights, &STARTS, &mut gradient).unwrap();
    (loss.loss, loss.esr, gradient)
}

/// Compares each tensor on its own scale, so that a small tensor cannot hide behind a large one.
fn assert_same(name: &str, spec: &WaveNetSpec, a: &(f64, f64, Vec<f32>), b: &(f64, f64, Vec<f32>)) {
    assert!((a.0 - b.0).abs() < 2e-5 * a.0, "{name}: loss {} {}", a.0, b.0);
    assert!((a.1 - b.1).abs() < 2e-5 * a.1, "{name}: ESR {} {}", a.1, b.1);
    let overall = a.2.iter().fold(0.0f32, |m, g| m.max(g.abs()));
    assert!(overall > 1e-4, "{name}: no gradient");
    for tensor in spec.tensors() {
        let (x, y) = (&a.2[tensor.range()], &b.2[tensor.range()]);
        let scale = x.iter().fold(1e-3 * overall, |m, g| m.max(g.abs()));
        let difference = support::largest_difference(x, y);
        assert!(difference < 1e-3 * scale, "{name}, {}: {difference:e} of {scale:e}", tensor.name);
    }
}

#[test]
fn kernel_threads_and_batch_agree_on_every_preset() {
    support::round_alike();
    for (name, spec) in presets() {
        for mrstft in [0.0, 0.3] {
            let loss = weights_of(mrstft);
            let shape = Shape::Plain(spec.clone());
            let setup = setup(&shape, &loss, 2);
            let weights = random_weights(&spec, 5);
            let reference = run(&mut torch(&setup), &weights);
            assert!(KernelSegment::supports(&spec), "{name}");
            assert_same(&format!("{name}, kernel"), &spec, &reference, &run(&mut kernel(&setup), &weights));
            let mut batch = TorchBatch::new(&setup, Device::CPU).unwrap();
            assert_same(&format!("{name}, batch"), &spec, &reference, &run(&mut batch, &weights));
        }
    }
}

#[test]
fn the_number_of_workers_changes_not_a_bit() {
    support::round_alike();
    let spec = WaveNetSpec::nam_a1(6, 4, &[vec![1, 2, 4], vec![1, 8]]);
    let weights = random_weights(&spec, 5);
    let loss = weights_of(0.0);
    let shape = Shape::Plain(spec.clone());
    let (one, three) = (setup(&shape, &loss, 1), setup(&shape, &loss, 3));
    let first = run(&mut kernel(&one), &weights);
    assert_eq!(first, run(&mut kernel(&three), &weights));
    assert_eq!(first, run(&mut kernel(&three), &weights));
    assert_eq!(run(&mut torch(&one), &weights), run(&mut torch(&three), &weights));
}

#[test]
fn back_ends_predict_alike_up_to_the_last_sample() {
    support::round_alike();
    for (name, spec) in presets() {
        let loss = weights_of(0.0);
        let shape = Shape::Plain(spec.clone());
        let setup = setup(&shape, &loss, 2);
        let weights = random_weights(&spec, 6);
        let a = torch(&setup).predict(&weights, &setup.part).unwrap();
        let b = kernel(&setup).predict(&weights, &setup.part).unwrap();
        let c = TorchBatch::new(&setup, Device::CPU).unwrap().predict(&weights, &setup.part).unwrap();
        assert_eq!(a.len(), 6_000);
        assert!(support::largest_difference(&a, &b) < 1e-5, "{name}");
        assert!(support::largest_difference(&a, &c) < 1e-5, "{name}");
    }
}

#[test]
fn the_losss_gradient_is_its_slope() {
    support::round_alike();
    let target = noise(300, 0.4, 1);
    let output: Vec<f32> = noise(300, 0.4, 2);
    for mrstft in [0.0, 0.2] {
        let loss = Loss::new(&weights_of(mrstft), &target);
        let mut slope = vec![0.0; 300];
        loss.segment(&output, &target, 3, &mut slope).unwrap();
        for at in [0, 1, 57, 298, 299] {
            let value = |change: f32| {
                let mut moved = output.clone();
                moved[at] += change;
                loss.segment(&moved, &target, 3, &mut vec![0.0; 300]).unwrap().loss
            };
            let step = 2e-3;
            let expected = (value(step) - value(-step)) / f64::from(2.0 * step);
            let found = f64::from(slope[at]);
            assert!(
                (found - expected).abs() < 0.02 * expected.abs() + 2e-5,
                "{mrstft} {at}: {found} {expected}"
            );
        }
    }
}

#[test]
fn the_loss_is_the_esr_where_it_says_so() {
    support::round_alike();
    let target = noise(1_000, 0.4, 1);
    let output: Vec<f32> = target.iter().map(|t| t * 0.9).collect();
    let plain = LossWeights {
        esr: 0.0,
        pre_emphasis: 0.85,
        plain_esr: 1.0,
        dc: 0.0,
        mrstft: 0.0,
        mrstft_ffts: vec![64],
    };
    let whole = Loss::new(&plain, &target).segment(&output, &target, 1, &mut vec![0.0; 1_000]).unwrap();
    assert!((whole.loss - 0.01).abs() < 1e-5, "{whole:?}");
    let emphasised = LossWeights { esr: 1.0, plain_esr: 0.0, ..plain };
    let whole = Loss::new(&emphasised, &target).segment(&output, &target, 1, &mut vec![0.0; 1_000]).unwrap();
    assert!((whole.loss - 0.01).abs() < 1e-5, "{whole:?}");
    assert!((trainer::evaluate::esr(&output, &target) - 0.01).abs() < 1e-5);
}
