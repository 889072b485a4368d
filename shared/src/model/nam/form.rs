//! Rewriting a network into the form that the format's WaveNets have, with equal output.
//!
//! Those have a mixin and a 1x1 in every layer, no bias on their input, and heads that sum the
//! activations. What a network lacks of it is added with weights that change nothing. The seed
//! network's head reads the hidden signal `h = h₀ + Σ z`, where NAM's sums the activations `Σ z`: one
//! more layer in front, whose activation is `h₀` itself, closes the gap.

use super::super::{Activation, Gating, Head, HeadSource, Layer, LayerArray, Residual, WaveNetSpec, limits};
use super::net::Net;
use super::version::Version;
use std::collections::HashMap;
use std::ops::Range;

/// Rewrites a network.
///
/// # Errors
/// What keeps it from being expressed, in words.
pub fn nam_shaped(net: &Net, version: Version) -> Result<Net, String> {
    if !net.spec.causal {
        return Err("its kernels are centred, and no .nam network sees the future; keep it as .onnx".into());
    }
    for (i, pair) in net.spec.arrays.windows(2).enumerate() {
        if pair[1].channels != pair[0].head.channels {
            return Err(format!(
                "array {} has {} channels where the head before it gives {}, which players refuse; keep it as .onnx",
                i + 1,
                pair[1].channels,
                pair[0].head.channels
            ));
        }
    }
    let hidden = net.spec.arrays.iter().any(|a| a.head.source == HeadSource::Hidden);
    if hidden {
        return match version {
            Version::V0_7_0 => with_identity_layer(net),
            Version::V0_5_4 => with_rectifier_array(net),
        };
    }
    if let Some(i) = net.spec.arrays.iter().position(|a| a.input_bias) {
        return Err(format!("array {i} has a bias on its input; keep it as .onnx"));
    }
    let mut spec = net.spec.clone();
    spec.arrays.iter_mut().try_for_each(complete)?;
    Ok(filled(net, spec, 0, None))
}

/// Gives an array the mixin and the 1x1 that it lacks.
fn complete(array: &mut LayerArray) -> Result<(), String> {
    array.mixin_groups.get_or_insert(1);
    if array.layer1x1_groups.is_none() && array.residual == Residual::Replace {
        return Err("its layers replace the hidden signal, but it is no ConvNet; keep it as .onnx".into());
    }
    // Players disagree on what a layer without a 1x1 does, so there always is one.
    array.layer1x1_groups.get_or_insert(1);
    Ok(())
}

/// The parts of the seed network that both ways of writing it need.
struct Seed<'a> {
    array: &'a LayerArray,
    input: Vec<f32>,
    bias: Vec<f32>,
}

fn seed(net: &Net) -> Result<Seed<'_>, String> {
    let [array] = &net.spec.arrays[..] else {
        return Err("several arrays whose heads read the hidden signal; keep it as .onnx".into());
    };
    if array.residual != Residual::Add || array.layer1x1_groups.is_some() || !array.films.is_empty() {
        return Err(
            "its head reads a hidden signal that is more than the sum of the layers; keep it as .onnx".into(),
        );
    }
    let tensors = net.own_tensors();
    let values = |name: &str| tensors.get(name).map(|range| net.weights[range.clone()].to_vec());
    let input = values("array0.input.weight").unwrap_or_default();
    let bias = values("array0.input.bias").unwrap_or_else(|| vec![0.0; array.channels]);
    Ok(Seed { array, input, bias })
}

/// Version 0.7.0: a first layer of one tap with the identity for a function. Its activation is
/// `h₀ = W x + b`, and its 1x1 adds the bias alone, so that the hidden signal is `h₀` too.
fn with_identity_layer(net: &Net) -> Result<Net, String> {
    let seed = seed(net)?;
    let mut spec = net.spec.clone();
    let array = &mut spec.arrays[0];
    complete(array)?;
    array.input_bias = false;
    array.head.source = HeadSource::SkipSum;
    array.layers.insert(
        0,
        Layer { kernel_size: 1, dilation: 1, activation: Activation::Identity, gating: Gating::None },
    );
    if array.layers.len() > limits::LAYERS {
        return Err(format!(
            "it would need {} layers, at most {} are possible",
            array.layers.len(),
            limits::LAYERS
        ));
    }
    let first = First {
        conv: eye(array.channels, array.conv_groups),
        bias: seed.bias.clone(),
        layer1x1: vec![0.0; array.channels * array.channels],
        layer1x1_bias: seed.bias,
    };
    Ok(filled(net, spec, 1, Some(first)))
}

/// Version 0.5.4: an array before it, of twice the channels. It carries `h₀` and `-h₀` through
/// ReLUs, and its head gives `relu(h₀) - relu(-h₀) = h₀` to the sum of the next.
fn with_rectifier_array(net: &Net) -> Result<Net, String> {
    let seed = seed(net)?;
    if seed.array.conv_groups != 1 || net.spec.condition.is_some() {
        return Err("grouped or conditioned networks came later; write it as 0.7.0".into());
    }
    let n = seed.array.channels;
    if 2 * n > limits::CHANNELS {
        return Err(format!("it would need {} channels; write it as 0.7.0", 2 * n));
    }
    let layer = Layer { kernel_size: 1, dilation: 1, activation: Activation::Relu, gating: Gating::None };
    let mut front = LayerArray::nam(2 * n, vec![layer], n, 1, false);
    let mut body = seed.array.clone();
    complete(&mut body)?;
    body.input_bias = false;
    body.head.source = HeadSource::SkipSum;

    let both =
        |values: &[f32]| -> Vec<f32> { values.iter().copied().chain(values.iter().map(|v| -v)).collect() };
    front.head = Head { source: HeadSource::SkipSum, ..front.head };
    let mut weights = both(&seed.input);
    weights.extend(eye(2 * n, 1));
    weights.extend(both(&seed.bias));
    weights.extend(vec![0.0; 2 * n]); // mixin
    weights.extend(vec![0.0; 4 * n * n]); // 1x1
    weights.extend(seed.bias.iter().copied().chain(vec![0.0; n]));
    for row in 0..n {
        weights.extend((0..2 * n).map(|i| f32::from(i == row) - f32::from(i == row + n)));
    }
    // The next array takes the hidden signal's first half.
    for row in 0..n {
        weights.extend((0..2 * n).map(|i| f32::from(i == row)));
    }
    let mut spec = net.spec.clone();
    spec.arrays = vec![body];
    let body = filled(net, spec.clone(), 0, None);
    weights.extend_from_slice(&body.weights[n..]);
    spec.arrays.insert(0, front);
    Ok(Net { spec, weights })
}

/// Weights of a layer that is put in front.
struct First {
    conv: Vec<f32>,
    bias: Vec<f32>,
    layer1x1: Vec<f32>,
    layer1x1_bias: Vec<f32>,
}

/// The network of another description, with the weights of `net` where it has them and weights
/// that change nothing elsewhere. Layers are `shift` further back than in `net`.
fn filled(net: &Net, spec: WaveNetSpec, shift: usize, first: Option<First>) -> Net {
    let from = net.own_tensors();
    let target = Net { weights: Vec::new(), spec };
    let inner = net.condition_weights();
    let mut weights = net.weights[..inner].to_vec();
    for tensor in target.spec.tensors().into_iter().skip_while(|t| t.offset < inner) {
        let source = match (array_layer(&tensor.name), &first) {
            (Some((_, 0, part)), Some(first)) => {
                match part {
                    "conv.weight" => weights.extend_from_slice(&first.conv),
                    "conv.bias" => weights.extend_from_slice(&first.bias),
                    "layer1x1.weight" => weights.extend_from_slice(&first.layer1x1),
                    "layer1x1.bias" => weights.extend_from_slice(&first.layer1x1_bias),
                    _ => weights.resize(weights.len() + tensor.len(), 0.0),
                }
                continue;
            }
            (Some((array, layer, part)), _) => find(&from, &format!("{array}.layer{}.{part}", layer - shift)),
            (None, _) => find(&from, &tensor.name),
        };
        match source {
            Some(range) => weights.extend_from_slice(&net.weights[range]),
            None if tensor.name.ends_with("layer1x1.weight") => {
                let add = array_of(&net.spec, &tensor.name).residual == Residual::Add;
                let n = tensor.len();
                weights.extend(if add { eye(tensor.shape[0], 1) } else { vec![0.0; n] });
            }
            None => weights.resize(weights.len() + tensor.len(), 0.0),
        }
    }
    Net { weights, ..target }
}

fn find(tensors: &HashMap<String, Range<usize>>, name: &str) -> Option<Range<usize>> {
    tensors.get(name).cloned()
}

/// The array's name, the layer's index and the rest, of the name of a layer's tensor.
fn array_layer(name: &str) -> Option<(&str, usize, &str)> {
    let (array, rest) = name.split_once(".layer")?;
    let (layer, part) = rest.split_once('.')?;
    Some((array, layer.parse().ok()?, part))
}

fn array_of<'a>(spec: &'a WaveNetSpec, name: &str) -> &'a LayerArray {
    let index = name.strip_prefix("array").and_then(|n| n.split('.').next()).and_then(|n| n.parse().ok());
    &spec.arrays[index.unwrap_or(0)]
}

/// A 1x1 convolution that changes nothing.
fn eye(channels: usize, groups: usize) -> Vec<f32> {
    let inputs = channels / groups;
    (0..channels).flat_map(|row| (0..inputs).map(move |i| f32::from(i == row % inputs))).collect()
}
