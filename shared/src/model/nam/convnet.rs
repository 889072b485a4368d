//! NAM's ConvNets, which are WaveNets without residual connections.
//!
//! Blocks of a dilated convolution of two taps, a batch normalisation or a bias, and an activation;
//! then a 1x1. Here the first block's single input is the first of its channels: the convolution
//! that brings the audio to `channels` rows is `[1, 0, 0, …]`.

use super::super::{
    Activation, FilmSlots, Gating, Head, HeadSource, Layer, LayerArray, ModelError, Residual, WaveNetSpec,
    limits,
};
use super::activation;
use super::document::Document;
use super::net::Net;

/// Taps of each convolution.
const KERNEL_SIZE: usize = 2;

fn spec(channels: usize, dilations: &[usize], activation: &Activation) -> WaveNetSpec {
    let layer = |&dilation: &usize| Layer {
        kernel_size: KERNEL_SIZE,
        dilation,
        activation: activation.clone(),
        gating: Gating::None,
    };
    let array = LayerArray {
        channels,
        bottleneck: channels,
        input_bias: false,
        conv_groups: 1,
        mixin_groups: None,
        layer1x1_groups: None,
        residual: Residual::Replace,
        head1x1: None,
        films: FilmSlots::default(),
        layers: dilations.iter().map(layer).collect(),
        head: Head { source: HeadSource::Hidden, channels: 1, kernel_size: 1, dilation: 1, bias: true },
    };
    WaveNetSpec { causal: true, arrays: vec![array], post_head: None, head_scale: 1.0, condition: None }
}

/// Reads a network and counts its weights.
pub fn read(document: &Document<'_>) -> Result<Net, ModelError> {
    let config = &document.config;
    config.only(&[
        "channels",
        "dilations",
        "batchnorm",
        "activation",
        "groups",
        "in_channels",
        "out_channels",
    ])?;
    config.one_channel("in_channels")?;
    config.one_channel("out_channels")?;
    if config.size_or("groups", 1)? != 1 {
        return Err(
            config.refuse("groups", "groups cannot divide a single channel of audio; only 1 is possible")
        );
    }
    let channels = config.size("channels")?;
    let dilations = config.required("dilations")?.sizes(limits::LAYERS)?;
    let activation = activation::read(&config.required("activation")?)?;
    let normalised = config.required("batchnorm")?.flag()?;
    let spec = spec(channels, &dilations, &activation);
    spec.validate()?;

    // Four numbers a channel and one more in place of a bias.
    let after_conv = if normalised { 4 * channels + 1 } else { channels };
    let first_conv = channels * KERNEL_SIZE;
    let expected = first_conv
        + (dilations.len() - 1) * first_conv * channels
        + dilations.len() * after_conv
        + channels
        + 1;
    document.count_weights(expected)?;

    let mut rest = document.weights;
    let mut take = |n: usize| {
        let (taken, left) = rest.split_at(n);
        rest = left;
        taken
    };
    let mut weights = Vec::with_capacity(spec.weight_count());
    weights.extend((0..channels).map(|i| if i == 0 { 1.0 } else { 0.0 }));
    for block in 0..dilations.len() {
        let inputs = if block == 0 { 1 } else { channels };
        let conv = take(channels * inputs * KERNEL_SIZE);
        let (scales, biases) = if normalised {
            normalisation(block, take(channels), take(channels), take(channels), take(channels), take(1)[0])?
        } else {
            (vec![1.0; channels], take(channels).to_vec())
        };
        for (row, scale) in conv.chunks_exact(inputs * KERNEL_SIZE).zip(scales) {
            weights.extend(row.iter().map(|w| (f64::from(*w) * scale) as f32));
            weights.resize(weights.len() + (channels - inputs) * KERNEL_SIZE, 0.0);
        }
        weights.extend(biases);
    }
    weights.extend_from_slice(take(channels + 1));
    Ok(Net { spec, weights })
}

/// A batch normalisation as factors on what the convolution gives, and biases.
fn normalisation(
    block: usize,
    mean: &[f32],
    variance: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
) -> Result<(Vec<f64>, Vec<f32>), ModelError> {
    let mut scales = Vec::with_capacity(mean.len());
    let mut biases = Vec::with_capacity(mean.len());
    for (i, &variance) in variance.iter().enumerate() {
        let spread = f64::from(variance) + f64::from(epsilon);
        if spread.is_nan() || spread <= 0.0 {
            return Err(ModelError::Tensor {
                tensor: format!("batch normalisation of block {block}"),
                problem: format!(
                    "the variance of channel {i} is {spread}, which has no square root to divide by"
                ),
            });
        }
        let scale = f64::from(weight[i]) / spread.sqrt();
        scales.push(scale);
        biases.push((f64::from(bias[i]) - scale * f64::from(mean[i])) as f32);
    }
    Ok((scales, biases))
}

/// A ConvNet ready to be written.
pub struct Written<'a> {
    pub channels: usize,
    pub dilations: Vec<usize>,
    pub activation: &'a Activation,
    pub weights: Vec<f32>,
}

/// A network as a ConvNet; `None` if it is none.
pub fn from_net(net: &Net) -> Option<Written<'_>> {
    let [array] = &net.spec.arrays[..] else { return None };
    let activation = &array.layers[0].activation;
    let dilations: Vec<usize> = array.layers.iter().map(|l| l.dilation).collect();
    let mut plain = spec(array.channels, &dilations, activation);
    plain.head_scale = net.spec.head_scale;
    if plain != net.spec {
        return None;
    }
    let n = array.channels;
    let mut rest = &net.weights[..];
    let mut take = |n: usize| {
        let (taken, left) = rest.split_at(n);
        rest = left;
        taken
    };
    let input = take(n);
    let mut weights = Vec::with_capacity(net.weights.len());
    for block in 0..dilations.len() {
        let conv = take(n * n * KERNEL_SIZE);
        if block == 0 {
            // The first convolution reads the audio itself: both steps in one.
            for row in conv.chunks_exact(n * KERNEL_SIZE) {
                weights.extend((0..KERNEL_SIZE).map(|tap| {
                    let product =
                        |(i, w): (usize, &f32)| f64::from(*w) * f64::from(row[i * KERNEL_SIZE + tap]);
                    input.iter().enumerate().map(product).sum::<f64>() as f32
                }));
            }
        } else {
            weights.extend_from_slice(conv);
        }
        weights.extend_from_slice(take(n));
    }
    weights.extend(take(n + 1).iter().map(|w| w * net.spec.head_scale));
    Some(Written { channels: n, dilations, activation, weights })
}
