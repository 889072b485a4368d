use super::SegmentKernel;
use super::reference::Reference;
use shared::model::{Activation, Gating, HeadSource, Layer, LayerArray, Residual, WaveNetSpec};
use shared::simd::Level;

/// Numbers in -1..1 that look random (a linear congruential generator, Numerical Recipes).
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    }

    fn take(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next()).collect()
    }
}

/// Weights as large as an initialisation by fan-in makes them.
fn weights(spec: &WaveNetSpec, noise: &mut Noise) -> Vec<f32> {
    let mut weights = Vec::new();
    let mut scale = 1.0;
    for tensor in spec.tensors() {
        if tensor.name.ends_with("weight") {
            scale = 1.0 / (tensor.fan_in() as f32).sqrt();
        }
        weights.extend(noise.take(tensor.len()).into_iter().map(|w| w * scale));
    }
    weights
}

fn double(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

fn norm(x: impl Iterator<Item = f64>) -> f64 {
    x.map(|x| x * x).sum::<f64>().sqrt()
}

/// Compares all instruction sets with the reference, twice with one kernel so that what one
/// segment leaves behind is seen to be harmless.
fn compare(name: &str, spec: &WaveNetSpec, output_len: usize) {
    let mut noise = Noise(7);
    let weights = weights(spec, &mut noise);
    let mut kernels: Vec<_> = Level::available()
        .into_iter()
        .map(|level| SegmentKernel::with_level(spec, output_len, level).unwrap())
        .collect();
    for _ in 0..2 {
        let input = noise.take(kernels[0].input_len());
        let d_output = noise.take(output_len);
        let exact_weights = double(&weights);
        let reference = Reference { spec, weights: &exact_weights };
        let (expected, gradient) = reference.run(&double(&input), &double(&d_output));
        assert_eq!(expected.len(), output_len);
        for kernel in &mut kernels {
            let level = kernel.level();
            let mut output = vec![0.0; output_len];
            kernel.forward(&weights, &input, &mut output);
            let loudest = expected.iter().fold(1.0f64, |m, y| m.max(y.abs()));
            let error =
                output.iter().zip(&expected).fold(0.0f64, |m, (a, b)| m.max((f64::from(*a) - b).abs()));
            assert!(error <= 3e-6 * loudest, "{name} {output_len} {level:?}: output differs by {error:e}");
            // The gradient is added to what is there.
            let mut found = vec![1.0f32; weights.len()];
            kernel.backward(&weights, &d_output, &mut found);
            for tensor in spec.tensors() {
                let (found, exact) = (&found[tensor.range()], &gradient[tensor.range()]);
                let size = norm(exact.iter().copied());
                let error = norm(found.iter().zip(exact).map(|(a, b)| f64::from(*a) - 1.0 - b));
                let allowed = 3e-5 * norm(gradient.iter().copied()) / (spec.tensors().len() as f64).sqrt()
                    + 3e-5 * size;
                let what = &tensor.name;
                assert!(
                    error <= allowed,
                    "{name} {output_len} {level:?}: {what} differs by {error:e} of {size:e}"
                );
            }
        }
    }
}

fn layers(shapes: &[(usize, usize)], activation: &Activation) -> Vec<Layer> {
    let layer = |&(kernel_size, dilation): &(usize, usize)| Layer {
        kernel_size,
        dilation,
        activation: activation.clone(),
        gating: Gating::None,
    };
    shapes.iter().map(layer).collect()
}

fn network(arrays: Vec<LayerArray>, causal: bool) -> WaveNetSpec {
    WaveNetSpec { causal, arrays, post_head: None, head_scale: 0.7, condition: None }
}

#[test]
fn seed_networks_of_all_widths() {
    for channels in [1, 2, 3, 5, 7, 8, 12, 13, 16] {
        for causal in [true, false] {
            for output_len in [1, 100, 777] {
                compare(&format!("seed {channels}"), &WaveNetSpec::seed(channels, 6, 3, causal), output_len);
            }
        }
    }
    compare("seed 16", &WaveNetSpec::seed(16, 10, 3, true), 1_500);
    compare("seed 16 centred", &WaveNetSpec::seed(16, 10, 3, false), 1_500);
    compare("seed of 5 taps", &WaveNetSpec::seed(4, 5, 5, false), 300);
    compare("seed of 2 taps", &WaveNetSpec::seed(6, 5, 2, true), 300);
    compare("seed of 1 tap", &WaveNetSpec::seed(6, 3, 1, true), 70);
}

#[test]
fn nam_standard_and_its_smaller_sisters() {
    compare("standard", &WaveNetSpec::nam_standard(), 1_000);
    let short = [vec![1, 2, 4, 8, 16], vec![1, 3, 50]];
    for (first, second) in [(12, 6), (8, 4), (4, 2), (3, 5), (1, 1), (2, 9)] {
        compare(&format!("A1 {first} {second}"), &WaveNetSpec::nam_a1(first, second, &short), 333);
    }
}

#[test]
fn nam_a2_of_all_widths() {
    for channels in [1, 2, 3, 4, 6, 8, 11] {
        compare(&format!("A2 {channels}"), &WaveNetSpec::nam_a2(channels), 400);
    }
}

#[test]
fn every_activation() {
    let activations = [
        Activation::Identity,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Relu,
        Activation::LeakyRelu { negative_slope: 0.3 },
        Activation::LeakyRelu { negative_slope: 1.5 },
        Activation::Silu,
        Activation::Hardtanh,
        Activation::Softsign,
    ];
    for activation in activations {
        let layers = layers(&[(3, 1), (2, 5), (4, 3)], &activation);
        let array = LayerArray::nam(5, layers, 1, 1, true);
        compare(&format!("{activation:?}"), &network(vec![array], true), 500);
    }
}

#[test]
fn heads_of_many_taps_between_arrays() {
    let tanh = Activation::Tanh;
    let mut first = LayerArray::nam(4, layers(&[(3, 1), (3, 9)], &tanh), 6, 5, true);
    first.head.dilation = 7;
    let mut second = LayerArray::nam(6, layers(&[(2, 3), (1, 1), (6, 30)], &tanh), 3, 2, false);
    second.head.dilation = 70;
    let mut third = LayerArray::nam(3, layers(&[(4, 2)], &tanh), 1, 16, true);
    third.head.dilation = 3;
    compare("three arrays", &network(vec![first, second, third], true), 450);
}

#[test]
fn parts_in_other_combinations() {
    let tanh = Activation::Tanh;
    let shapes = [(3, 1), (3, 2), (3, 4), (3, 60)];
    for source in [HeadSource::Hidden, HeadSource::SkipSum] {
        for (residual, one_by_one, mixin) in [
            (Residual::Add, None, Some(1)),
            (Residual::Keep, None, Some(1)),
            (Residual::Add, Some(1), None),
            (Residual::Keep, Some(1), None),
            (Residual::Add, None, None),
        ] {
            let mut array = LayerArray::nam(6, layers(&shapes, &tanh), 1, 3, true);
            (array.residual, array.layer1x1_groups, array.mixin_groups) = (residual, one_by_one, mixin);
            array.head.source = source;
            array.input_bias = true;
            compare(&format!("{array:?}"), &network(vec![array], true), 260);
        }
    }
    let mut array = LayerArray::nam(5, layers(&shapes, &tanh), 1, 1, true);
    (array.mixin_groups, array.head.source) = (None, HeadSource::Hidden);
    compare("centred with 1x1", &network(vec![array], false), 260);
}

#[test]
fn the_reference_agrees_with_finite_differences() {
    let mut first = LayerArray::nam(2, layers(&[(3, 1), (2, 2)], &Activation::Tanh), 3, 2, true);
    first.head.dilation = 2;
    let second = LayerArray::nam(3, layers(&[(2, 3)], &Activation::Silu), 1, 2, true);
    for spec in [network(vec![first, second], true), WaveNetSpec::seed(3, 3, 3, false)] {
        let mut noise = Noise(3);
        let mut weights = double(&weights(&spec, &mut noise));
        let input = double(&noise.take(20 + spec.receptive_field_samples() - 1));
        let d_output = double(&noise.take(20));
        let (_, gradient) = Reference { spec: &spec, weights: &weights }.run(&input, &d_output);
        for at in 0..weights.len() {
            let mut loss = |step: f64| {
                weights[at] += step;
                let (output, _) = Reference { spec: &spec, weights: &weights }.run(&input, &d_output);
                weights[at] -= step;
                output.iter().zip(&d_output).map(|(y, d)| y * d).sum::<f64>()
            };
            let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
            assert!((slope - gradient[at]).abs() < 1e-7, "weight {at}: {slope} and {}", gradient[at]);
        }
    }
}

#[test]
fn what_it_does_not_do_is_refused_with_the_reason() {
    let refusal = |change: fn(&mut WaveNetSpec)| {
        let mut spec = WaveNetSpec::nam_a2(8);
        change(&mut spec);
        SegmentKernel::new(&spec, 64).unwrap_err().to_string()
    };
    assert!(refusal(|s| s.arrays[0].bottleneck = 4).contains("bottleneck"));
    assert!(refusal(|s| s.arrays[0].conv_groups = 2).contains("grouped"));
    assert!(
        refusal(|s| s.arrays[0].layers[3].gating = Gating::Gated { gate: Activation::Sigmoid })
            .contains("gating")
    );
    assert!(refusal(|s| s.arrays[0].layers[2].activation = Activation::Hardswish).contains("layer 2"));
    assert!(
        refusal(|s| s.arrays[0].layers[2].activation = Activation::LeakyRelu { negative_slope: -0.1 })
            .contains("activation")
    );
    assert!(SegmentKernel::new(&WaveNetSpec::nam_a2(8), 0).is_err());
}

#[test]
#[should_panic(expected = "forward pass of its own")]
fn a_second_backward_pass_is_refused() {
    let spec = WaveNetSpec::seed(4, 2, 3, true);
    let mut kernel = SegmentKernel::new(&spec, 64).unwrap();
    let weights = vec![0.1; spec.weight_count()];
    let mut gradient = vec![0.0; weights.len()];
    kernel.forward(&weights, &vec![0.5; kernel.input_len()], &mut [0.0; 64]);
    kernel.backward(&weights, &[1.0; 64], &mut gradient);
    kernel.backward(&weights, &[1.0; 64], &mut gradient);
}
