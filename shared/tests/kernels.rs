//! The native engine's kernels: every level of instructions, every width, every kind of layer.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod support;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::engine::Engine;
use shared::engine::native::NativeEngine;
use shared::engine::onnxruntime::OnnxEngine;
use shared::model::{
    Activation, Film, FilmSlots, Gating, Head, Head1x1, HeadSource, Layer, LayerArray, Model, Network,
    PostHead, Residual, WaveNet, WaveNetSpec,
};
use shared::simd::Level;
use support::{blocks, model_of, random_model, run, signal, zoo};

/// Largest difference two engines may show, relative to the peak where that is above 1.
const TOLERANCE: f32 = 1e-5;

fn assert_close(a: &[f32], b: &[f32], what: &str) {
    let peak = b.iter().fold(1.0f32, |m, x| m.max(x.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= TOLERANCE * peak, "{what}, sample {i}: {a} {b}");
    }
}

fn native(model: &Model, level: Level) -> NativeEngine {
    let mut engine = NativeEngine::with_level(model, level).unwrap();
    engine.prepare(48_000.0, 64).unwrap();
    engine
}

/// What the graph of standard operators makes of it: nothing of that is ours.
fn reference(model: &Model, input: &[f32]) -> Vec<f32> {
    let mut onnx = OnnxEngine::standard(model).unwrap();
    onnx.prepare(48_000.0, input.len()).unwrap();
    run(&mut onnx, input, &[input.len()])
}

#[test]
fn every_level_agrees_at_every_block_size() {
    for (i, (name, spec)) in zoo().into_iter().enumerate() {
        let model = random_model(spec, i as u64);
        let input = signal(5_000, 11);
        let portable = run(&mut native(&model, Level::Portable), &input, &[input.len()]);
        for level in Level::available() {
            let mut engine = native(&model, level);
            for block in [Some(1), Some(16), Some(17), Some(64), Some(480), Some(512), Some(2_027), None] {
                engine.reset();
                let output = run(&mut engine, &input, &blocks(input.len(), block, 5));
                assert_close(&output, &portable, &format!("{name}, {} in {block:?}", level.name()));
            }
        }
    }
}

#[test]
fn every_width_is_right() {
    let input = signal(700, 3);
    for channels in 1..=33usize {
        let narrow = channels.div_ceil(2);
        let specs = [
            WaveNetSpec::seed(channels, 4, 3, true),
            WaveNetSpec::seed(channels, 3, 5, false),
            WaveNetSpec::nam_a1(channels, narrow, &[vec![1, 64, 3], vec![2, 80]]),
        ];
        for spec in specs {
            let model = random_model(spec, channels as u64);
            let wanted = reference(&model, &input);
            for level in Level::available() {
                let output = run(&mut native(&model, level), &input, &blocks(input.len(), Some(75), 0));
                assert_close(&output, &wanted, &format!("{channels} channels, {}", level.name()));
            }
        }
    }
}

/// One of few.
fn pick<T: Clone>(rng: &mut ChaCha8Rng, choices: &[T]) -> T {
    choices[rng.random_range(0..choices.len())].clone()
}

/// A number of groups that divides all of these.
fn divisor(rng: &mut ChaCha8Rng, of: &[usize]) -> usize {
    let groups: Vec<_> = (1..=40).filter(|g| of.iter().all(|n| n % g == 0)).collect();
    pick(rng, &groups)
}

fn random_activation(rng: &mut ChaCha8Rng, rows: usize) -> Activation {
    let slopes = (0..rows).map(|i| 0.1 * (i % 5) as f32 - 0.2).collect();
    pick(
        rng,
        &[
            Activation::Tanh,
            Activation::LeakyRelu { negative_slope: 0.2 },
            Activation::Prelu { negative_slopes: slopes },
            Activation::Prelu { negative_slopes: vec![0.3] },
            Activation::Sigmoid,
            Activation::Silu,
            Activation::Hardswish,
            Activation::Softsign,
            Activation::Hardtanh,
            Activation::LeakyHardtanh { min: -0.3, max: 0.4, min_slope: 0.1, max_slope: 0.2 },
            Activation::Relu,
            Activation::Identity,
        ],
    )
}

/// An array whose skip sum begins with `head_inputs` rows, if another came before it. A centred one
/// has nothing but its one path.
fn random_array(
    rng: &mut ChaCha8Rng,
    head_inputs: Option<usize>,
    head_channels: usize,
    condition: usize,
    centred: bool,
) -> LayerArray {
    let channels = pick(rng, &[1, 2, 3, 4, 6, 7, 8, 9, 12, 16, 17, 24, 32, 33]);
    let has_head1x1 = !centred && rng.random_bool(0.3);
    let head1x1_channels = head_inputs.unwrap_or_else(|| pick(rng, &[channels, 3, 7]));
    let bottleneck = match head_inputs {
        Some(n) if !has_head1x1 => n,
        _ => pick(rng, &[channels, channels, 1, 2, 10]),
    };
    let factor_two = rng.random_bool(0.3);
    let inner = bottleneck * if factor_two { 2 } else { 1 };
    let conv_groups = divisor(rng, &[channels, inner]);
    let mixin_groups = (!centred && rng.random_bool(0.8)).then(|| divisor(rng, &[condition, inner]));
    let layer1x1_groups = rng.random_bool(0.6).then(|| divisor(rng, &[bottleneck, channels]));
    let residual = if bottleneck == channels {
        pick(rng, &[Residual::Add, Residual::Keep, Residual::Replace])
    } else {
        Residual::Keep
    };
    let head1x1 = has_head1x1.then(|| Head1x1 {
        channels: head1x1_channels,
        groups: divisor(rng, &[bottleneck, head1x1_channels]),
    });
    let mut film = |possible: bool, rows: usize| {
        (possible && !centred && rng.random_bool(0.15))
            .then(|| Film { shift: rng.random_bool(0.5), groups: divisor(rng, &[condition, rows]) })
    };
    let films = FilmSlots {
        conv_pre: film(true, channels),
        conv_post: film(true, inner),
        mixin_pre: film(mixin_groups.is_some(), condition),
        mixin_post: film(mixin_groups.is_some(), inner),
        activation_pre: film(true, inner),
        activation_post: film(true, bottleneck),
        layer1x1_post: film(layer1x1_groups.is_some(), channels),
        head1x1_post: film(has_head1x1, head1x1_channels),
    };
    let kernel_sizes: &[usize] = if centred { &[1, 3, 5, 9] } else { &[3, 1, 2, 6, 15, 40] };
    let layers = (0..rng.random_range(1..=4))
        .map(|_| {
            let gate = random_activation(rng, bottleneck);
            let gating = match (factor_two, rng.random_bool(0.5)) {
                (false, _) => Gating::None,
                (true, false) => Gating::Gated { gate },
                (true, true) => Gating::Blended { blend: gate },
            };
            Layer {
                kernel_size: pick(rng, kernel_sizes),
                dilation: pick(rng, &[1, 2, 4, 7, 31, 64, 96, 100, 193]),
                activation: random_activation(rng, bottleneck),
                gating,
            }
        })
        .collect();
    LayerArray {
        channels,
        bottleneck,
        input_bias: rng.random_bool(0.5),
        conv_groups,
        mixin_groups,
        layer1x1_groups,
        residual,
        head1x1,
        films,
        layers,
        head: Head {
            source: if centred { HeadSource::Hidden } else { HeadSource::SkipSum },
            channels: head_channels,
            kernel_size: if centred { 1 } else { pick(rng, &[1, 2, 4, 16, 33]) },
            dilation: pick(rng, &[1, 3, 64]),
            bias: rng.random_bool(0.5),
        },
    }
}

fn random_spec(rng: &mut ChaCha8Rng, depth: usize, outputs: usize) -> WaveNetSpec {
    if depth == 0 && rng.random_bool(0.15) {
        let arrays = vec![random_array(rng, None, 1, 1, true)];
        return WaveNetSpec { causal: false, arrays, post_head: None, head_scale: 0.7, condition: None };
    }
    let is_conditioned = depth < 2 && rng.random_bool(0.3);
    let condition_channels = if is_conditioned { pick(rng, &[1, 2, 4]) } else { 1 };
    let condition = is_conditioned.then(|| Box::new(random_spec(rng, depth + 1, condition_channels)));
    let slopes = Activation::Prelu { negative_slopes: vec![0.2] };
    let post_head = rng.random_bool(0.3).then(|| PostHead {
        activation: pick(rng, &[Activation::Tanh, slopes, Activation::Silu]),
        channels: pick(rng, &[1, 3, 8]),
        out_channels: outputs,
        kernel_sizes: pick(rng, &[vec![1], vec![2, 1], vec![9, 65, 3]]),
    });
    let last = if post_head.is_some() { pick(rng, &[1, 4, 9]) } else { outputs };
    let count = rng.random_range(1..=3);
    let mut arrays: Vec<LayerArray> = Vec::new();
    for i in 1..=count {
        let head_channels = if i == count { last } else { pick(rng, &[1, 2, 5, 8]) };
        let head_inputs = arrays.last().map(|array| array.head.channels);
        arrays.push(random_array(rng, head_inputs, head_channels, condition_channels, false));
    }
    if count == 1 && arrays[0].head1x1.is_none() && rng.random_bool(0.4) {
        arrays[0].head.source = HeadSource::Hidden;
    }
    WaveNetSpec { causal: true, arrays, post_head, head_scale: 0.7, condition }
}

#[test]
fn whatever_the_description_allows_is_right() {
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let input = signal(900, 8);
    let mut heard = 0;
    for i in 0..150 {
        let spec = random_spec(&mut rng, 0, 1);
        spec.validate().unwrap_or_else(|e| panic!("{e}: {spec:?}"));
        let model = random_model(spec.clone(), i);
        let wanted = reference(&model, &input);
        heard += usize::from(wanted.iter().any(|x| (x - wanted[0]).abs() > 1e-3));
        let lengths = blocks(input.len(), Some(1 + 13 * i as usize % 200), 1);
        for level in Level::available() {
            let what = format!("network {i}, {} {spec:?}", level.name());
            let mut engine = native(&model, level);
            let whole = run(&mut engine, &input, &[input.len()]);
            assert_close(&whole, &wanted, &what);
            // Nor is anything left of what came before a reset, whatever it was.
            run(&mut engine, &[f32::NAN, f32::INFINITY, 1.0], &[3]);
            engine.reset();
            assert!(run(&mut engine, &input, &lengths) == whole, "in blocks, {what}");
        }
    }
    assert!(heard > 100, "{heard} of 150 networks do something");
}

/// A network whose tensors are filled with what `value` says of their names.
fn filled(spec: WaveNetSpec, value: impl Fn(&str) -> f32) -> Model {
    let mut weights = vec![0.0; spec.weight_count()];
    spec.tensors().iter().for_each(|tensor| weights[tensor.range()].fill(value(&tensor.name)));
    model_of(Network::WaveNet(WaveNet::new(spec, weights).unwrap()))
}

#[test]
fn softsign_is_right_for_every_number() {
    let mut spec = WaveNetSpec::seed(1, 1, 1, true);
    spec.arrays[0].layers[0].activation = Activation::Softsign;
    spec.arrays[0].residual = Residual::Replace;
    for gain in [0.5, 3.0, 1e20, 6e37, 1e38, f32::MAX] {
        let model = filled(spec.clone(), |name| match name {
            name if name.ends_with("bias") => 0.0,
            name if name.contains("conv") => gain,
            _ => 1.0,
        });
        let wanted = gain / (1.0 + gain);
        for level in Level::available() {
            let output = run(&mut native(&model, level), &[1.0, -1.0], &[2]);
            assert_close(&output, &[wanted, -wanted], &format!("{gain:e}, {}", level.name()));
        }
    }
}

#[test]
fn weights_whose_product_is_no_number_do_not_spoil_silence() {
    let mut spec = WaveNetSpec::seed(2, 1, 1, true);
    spec.arrays[0].layers[0].activation = Activation::LeakyRelu { negative_slope: 0.1 };
    let large_layer = filled(spec.clone(), |name| match name {
        name if name.ends_with("bias") => 0.0,
        name if name.contains("head") => 1e-30,
        _ => 1e20,
    });
    spec.head_scale = 1e20;
    let large_head = filled(spec, |name| match name {
        name if name.ends_with("bias") => 0.0,
        name if name.contains("head") => 1e20,
        _ => 1e-20,
    });
    for (name, model) in [("layer", large_layer), ("head", large_head)] {
        let input = [0.0, 1e-10, -1e-10, 0.0, 0.0];
        let wanted = reference(&model, &input);
        assert!(wanted.iter().all(|x| x.is_finite()) && wanted[0] == 0.0 && wanted[1] > 1e-9, "{wanted:?}");
        for level in Level::available() {
            let output = run(&mut native(&model, level), &input, &[5]);
            assert_close(&output, &wanted, &format!("{name}, {}", level.name()));
        }
    }
}

#[test]
fn what_comes_later_changes_no_bit_of_what_was_before() {
    for (name, spec) in zoo().into_iter().filter(|(_, spec)| spec.causal) {
        let model = random_model(spec, 7);
        let input = signal(1_000, 9);
        for at in [1, 500, 527, 991] {
            let mut other = input.clone();
            other[at..].fill(0.3);
            other[at] = f32::NAN;
            for level in Level::available() {
                let a = run(&mut native(&model, level), &input, &blocks(input.len(), Some(480), 0));
                let b = run(&mut native(&model, level), &other, &blocks(input.len(), Some(480), 0));
                assert!(a[..at] == b[..at], "{name}, {}, {at}", level.name());
            }
        }
    }
}

#[test]
fn broken_input_is_forgotten() {
    for (name, spec) in zoo() {
        let model = random_model(spec, 6);
        let field = model.receptive_field_samples().unwrap();
        for level in Level::available() {
            let mut engine = native(&model, level);
            let mut broken = signal(300, 1);
            (broken[20], broken[150], broken[151]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
            run(&mut engine, &broken, &[300]);
            run(&mut engine, &vec![0.0; field], &[field]);
            let input = signal(500, 2);
            let output = run(&mut engine, &input, &[500]);
            let mut other = native(&model, level);
            assert_close(&output, &run(&mut other, &input, &[500]), &format!("{name}, {}", level.name()));
        }
    }
}
