//! The encoder as an ONNX file, and the proof that it computes what was trained.

use super::material::{MOMENTS, Material};
use super::network::{BLOCKS, Encoder, KERNEL, OUTPUT_SCALE, Trained, direct};
use crate::TrainerError;
use crate::word_eq::linear::{Linear, Precision};
use shared::dsp::mel::MEL_BANDS;
use shared::engine::onnxruntime::GraphFunction;
use shared::model::onnx::{Attribute, GraphBuilder};
use shared::word_eq::{FEATURE_ROWS, GRID, LATENT, LatentSpace, NOVELTY_ROW};

/// Name of the encoder's input: [`shared::word_eq::Features::values`], `[1, 14, 64]`.
pub const ENCODER_INPUT: &str = "features";
/// Name of its output: a latent, `[1, 32]`.
pub const ENCODER_OUTPUT: &str = "latent";
/// Largest difference between libtorch and ONNX Runtime that counts as the same, as a share of the largest
/// number that comes out.
pub const PARITY_TOLERANCE: f32 = 1e-5;

/// The bytes of the encoder's file. In eight bits the linear layers of the network are; the measurement, which
/// must be exact, and the convolutions, which are small, stay in floats.
pub fn encoder_onnx(
    trained: &Trained,
    space: &LatentSpace,
    precision: Precision,
    metadata: Vec<(String, String)>,
) -> Vec<u8> {
    let mut g = GraphBuilder::new("tonewright_word_eq_encoder");
    let features = g.input(ENCODER_INPUT, &[1, FEATURE_ROWS, MEL_BANDS]);
    let pick = |g: &mut GraphBuilder, row: usize, columns: usize| {
        let (from, to) = (g.integers(&[row as i64, 0]), g.integers(&[row as i64 + 1, columns as i64]));
        let axes = g.integers(&[1, 2]);
        let picked = g.node("Slice", &[&features, &from, &to, &axes], &[]);
        let shape = g.integers(&[1, columns as i64]);
        g.node("Reshape", &[&picked, &shape], &[])
    };
    let row = pick(&mut g, 0, GRID);
    let novelty = pick(&mut g, NOVELTY_ROW, 1);

    let shapes = trained.shape.shapes();
    let mut rest = trained.weights.as_slice();
    let tensors: Vec<&[f32]> = shapes
        .iter()
        .map(|shape| {
            let (own, others) = rest.split_at(shape.iter().product::<i64>() as usize);
            rest = others;
            own
        })
        .collect();
    let conv = |g: &mut GraphBuilder, x: &str, tensor: usize, stride: i64, groups: usize| {
        let shape: Vec<usize> = shapes[tensor].iter().map(|&d| d as usize).collect();
        let weights = g.floats(&shape, tensors[tensor]);
        let bias = g.floats(&[shape[0]], tensors[tensor + 1]);
        let pad = (shape[2] / 2) as i64;
        let attributes = [
            ("kernel_shape", Attribute::Integers(vec![shape[2] as i64])),
            ("strides", Attribute::Integers(vec![stride])),
            ("pads", Attribute::Integers(vec![pad, pad])),
            ("group", Attribute::Integer(groups as i64)),
        ];
        g.node("Conv", &[x, &weights, &bias], &attributes)
    };
    debug_assert_eq!(shapes[0][2] as usize, KERNEL);
    let x = conv(&mut g, &features, 0, 2, 1);
    let mut x = g.node("Relu", &[&x], &[]);
    for block in 0..BLOCKS {
        let y = conv(&mut g, &x, 2 + 4 * block, 1, trained.shape.channels);
        let y = conv(&mut g, &y, 4 + 4 * block, 1, 1);
        let y = g.node("Relu", &[&y], &[]);
        x = g.node("Add", &[&x, &y], &[]);
    }
    let x = g.node("Flatten", &[&x], &[("axis", Attribute::Integer(1))]);
    let first = 2 + 4 * BLOCKS;
    let layer = |i: usize| Linear { weights: tensors[i], bias: tensors[i + 1] };
    let x = layer(first).add_to(&mut g, &x, precision);
    let x = g.node("Relu", &[&x], &[]);
    let x = layer(first + 2).add_to(&mut g, &x, precision);
    let scale = g.floats(&[], &[OUTPUT_SCALE]);
    let network = g.node("Mul", &[&x, &scale], &[]);

    let linear = Linear { weights: &trained.linear, bias: &trained.linear_bias };
    let linear = linear.add_to(&mut g, &row, Precision::Float);
    let correction = g.node("Add", &[&network, &linear], &[]);
    let correction = g.node("Mul", &[&correction, &novelty], &[]);
    let (weights, bias) = direct(space, &trained.mean_balance_db);
    let measured = Linear { weights: &weights, bias: &bias }.add_to(&mut g, &row, Precision::Float);
    let latent = g.node("Add", &[&measured, &correction], &[]);
    g.output(&latent, ENCODER_OUTPUT, &[1, LATENT]);
    g.finish(metadata)
}

/// How far a file is from libtorch on what was heard, at most, as a share of the largest number.
///
/// # Errors
/// ONNX Runtime or libtorch fails.
pub fn difference(
    trained: &Trained,
    space: &LatentSpace,
    material: &Material,
    onnx: &[u8],
) -> Result<f32, TrainerError> {
    const CLIPS: usize = 40;
    let encoder = Encoder::new(trained, space)?;
    let mut function = GraphFunction::new("encoder", onnx)?;
    let (mut apart, mut largest) = (0.0f32, 1e-9f32);
    for clip in (0..material.clips.len()).step_by((material.clips.len() / CLIPS).max(1)) {
        for moment in 0..MOMENTS {
            let features = material.features(clip, moment);
            let expected = encoder.latents(features)?;
            let found = function.call(features)?;
            for (found, expected) in found.iter().zip(expected.as_flattened()) {
                largest = largest.max(expected.abs());
                let difference = (found - expected).abs();
                // `max` would lose what is no number.
                if difference.is_nan() || difference > apart {
                    apart = difference;
                }
            }
        }
    }
    Ok(apart / largest)
}
