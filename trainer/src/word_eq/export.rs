//! The decoder as an ONNX file, and the proof that it computes what was trained.

use super::curves::largest;
use super::decoder::{
    AtZero, Decoder, INPUT_SCALE, LOGIT_LIMIT, MISSING_HEIGHT, MISSING_SLOPE, OVERREACH, ValueRange,
};
use super::linear::{Linear, Precision};
use super::mlp::MlpShape;
use super::response::curves;
use super::response_graph;
use super::training::TrainedDecoder;
use crate::TrainerError;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::engine::onnxruntime::GraphFunction;
use shared::model::onnx::{Attribute, GraphBuilder};
use shared::word_eq::{LATENT, Latent, LatentSpace, VALUES};
use std::time::Instant;

/// Name of the decoder's input: a latent, `[1, 32]`.
pub const DECODER_INPUT: &str = "latent";
/// Name of its output: the thirteen values, `[1, 13]`.
pub const DECODER_OUTPUT: &str = "settings";
/// Largest difference between libtorch and ONNX Runtime that counts as the same, as a share of a value's
/// range: 24 dB, or what lies between the ends of a frequency or Q in the logarithm.
pub const PARITY_TOLERANCE: f32 = 1e-5;

/// Runs that are timed.
const TIMED_RUNS: usize = 1_001;

/// What a network's file says about itself.
pub fn metadata(kind: &str, space: &LatentSpace, sources: &[String]) -> Vec<(String, String)> {
    let entry = |key: &str, value: String| (key.to_owned(), value);
    vec![
        entry("kind", format!("tonewright word EQ {kind}")),
        entry("version", "1".into()),
        entry("space", format!("{:016x}", space.fingerprint())),
        entry("sources", sources.join("; ")),
        entry("licence", "MIT OR Apache-2.0".into()),
    ]
}

/// The bytes of the decoder's file.
///
/// # Errors
/// libtorch fails.
pub fn decoder_onnx(
    trained: &TrainedDecoder,
    space: &LatentSpace,
    precision: Precision,
    metadata: Vec<(String, String)>,
) -> Result<Vec<u8>, TrainerError> {
    let at_zero = Decoder::new(trained.shape, &trained.weights, space)?.at_zero()?;
    Ok(graph(trained, &at_zero, space, precision).finish(metadata))
}

fn graph(
    trained: &TrainedDecoder,
    at_zero: &AtZero,
    space: &LatentSpace,
    precision: Precision,
) -> GraphBuilder {
    let shape = trained.shape;
    let (guess, refinement) = trained.weights.split_at(shape.guess().weight_count());
    let mut g = GraphBuilder::new("tonewright_word_eq_decoder");
    let latent = g.input(DECODER_INPUT, &[1, LATENT]);
    let scale = g.floats(&[], &[INPUT_SCALE]);
    let scaled = g.node("Mul", &[&latent, &scale], &[]);
    let guessed = mlp(&mut g, &scaled, shape.guess(), guess, &at_zero.guess, precision);

    let values_seen = values(&mut g, &guessed, false);
    let reached = response_graph::latent(&mut g, &values_seen, space);
    let missing = g.node("Sub", &[&latent, &reached], &[]);
    let slope = g.floats(&[], &[MISSING_SLOPE]);
    let missing = g.node("Mul", &[&missing, &slope], &[]);
    let missing = g.node("Softsign", &[&missing], &[]);
    let height = g.floats(&[], &[MISSING_HEIGHT]);
    let missing = g.node("Mul", &[&missing, &height], &[]);
    let [low, high] = [-LOGIT_LIMIT, LOGIT_LIMIT].map(|limit| g.floats(&[], &[limit]));
    let limited = g.node("Clip", &[&guessed, &low, &high], &[]);
    let seen = g.node("Concat", &[&scaled, &missing, &limited], &[("axis", Attribute::Integer(1))]);
    let more = mlp(&mut g, &seen, shape.refinement(), refinement, &at_zero.refinement, precision);
    let logits = g.node("Add", &[&guessed, &more], &[]);

    let settings = values(&mut g, &logits, true);
    g.output(&settings, DECODER_OUTPUT, &[1, VALUES]);
    g
}

/// A network whose gains' logits are measured from `at_zero`, which goes into the last bias.
fn mlp(
    g: &mut GraphBuilder,
    x: &str,
    shape: MlpShape,
    weights: &[f32],
    at_zero: &[f32; VALUES],
    precision: Precision,
) -> String {
    let layers = shape.split(weights);
    let linear = |g: &mut GraphBuilder, x: &str, layer: usize| {
        let (weights, bias) = layers[layer];
        let mut bias = bias.to_vec();
        if layer + 1 == layers.len() {
            for ((bias, zero), range) in bias.iter_mut().zip(at_zero).zip(ValueRange::all()) {
                *bias -= if range.logarithmic { 0.0 } else { *zero };
            }
        }
        Linear { weights, bias: &bias }.add_to(g, x, precision)
    };
    let x = linear(g, x, 0);
    let mut hidden = silu(g, &x);
    for block in 0..shape.blocks {
        let inner = linear(g, &hidden, 1 + 2 * block);
        let inner = silu(g, &inner);
        let inner = linear(g, &inner, 2 + 2 * block);
        hidden = g.node("Add", &[&hidden, &inner], &[]);
    }
    let hidden = silu(g, &hidden);
    linear(g, &hidden, 1 + 2 * shape.blocks)
}

fn silu(g: &mut GraphBuilder, x: &str) -> String {
    let sigmoid = g.node("Sigmoid", &[x], &[]);
    g.node("Mul", &[x, &sigmoid], &[])
}

/// The values of logits, as [`Decoder::forward`] squashes them: gains in dB, and frequencies and Q, or
/// their logarithms unless `finished`.
fn values(g: &mut GraphBuilder, logits: &str, finished: bool) -> String {
    let ranges = ValueRange::all();
    let single = |g: &mut GraphBuilder, value: f32| g.floats(&[], &[value]);
    let share = g.node("Sigmoid", &[logits], &[]);
    let reach = single(g, 1.0 + 2.0 * OVERREACH);
    let share = g.node("Mul", &[&share, &reach], &[]);
    let beyond = single(g, OVERREACH);
    let share = g.node("Sub", &[&share, &beyond], &[]);
    let (zero, one) = (single(g, 0.0), single(g, 1.0));
    let share = g.node("Clip", &[&share, &zero, &one], &[]);
    let extent = g.floats(&[VALUES], &ranges.map(|r| r.highest - r.lowest));
    let value = g.node("Mul", &[&share, &extent], &[]);
    let lowest = g.floats(&[VALUES], &ranges.map(|r| r.lowest));
    let value = g.node("Add", &[&value, &lowest], &[]);
    if !finished {
        return value;
    }
    let exponential = g.node("Exp", &[&value], &[]);
    // The exponential of a gain is of no use, but it is finite, and masked out.
    let logarithmic = g.floats(&[VALUES], &ranges.map(|r| f32::from(u8::from(r.logarithmic))));
    let half = single(g, 0.5);
    let logarithmic = g.node("Greater", &[&logarithmic, &half], &[]);
    g.node("Where", &[&logarithmic, &exponential, &value], &[])
}

/// How far the file is from libtorch, at most, over random latents of all sizes: as a share of the
/// values' ranges, those of frequencies and Q in the logarithm.
///
/// # Errors
/// ONNX Runtime or libtorch fails.
pub fn difference(trained: &TrainedDecoder, space: &LatentSpace, onnx: &[u8]) -> Result<f32, TrainerError> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut latent = |size: f32| -> Latent { std::array::from_fn(|_| size * rng.random_range(-1.0..=1.0)) };
    let mut latents = vec![[0.0; LATENT]];
    latents.extend((0..200).map(|i| latent(0.1 * 1.04f32.powi(i))));
    let expected = Decoder::new(trained.shape, &trained.weights, space)?.settings(&latents)?;
    let mut function = GraphFunction::new("decoder", onnx)?;
    let mut largest = 0.0f32;
    for (latent, expected) in latents.iter().zip(&expected) {
        let found = function.call(latent)?;
        for ((found, expected), range) in found.iter().zip(expected).zip(ValueRange::all()) {
            let apart = match range.logarithmic {
                true => (found / expected).ln().abs(),
                false => (found - expected).abs(),
            };
            let apart = apart / (range.highest - range.lowest);
            // A NaN must not get lost among the others.
            largest = if apart.is_nan() { f32::INFINITY } else { largest.max(apart) };
        }
    }
    Ok(largest)
}

/// How far from flat the file is at latent 0, at most, in dB.
///
/// # Errors
/// ONNX Runtime or libtorch fails.
pub fn flatness_db(onnx: &[u8]) -> Result<f64, TrainerError> {
    let mut function = GraphFunction::new("decoder", onnx)?;
    let values = function.call(&[0.0; LATENT])?;
    let values: [f32; VALUES] = values.try_into().map_err(|_| {
        TrainerError::Setting(format!("the decoder gives {} values, not {VALUES}", values.len()))
    })?;
    Ok(largest(curves(&[values])?.as_flattened()))
}

/// How long a run takes in ONNX Runtime on this machine, in microseconds: the median of some.
///
/// # Errors
/// ONNX Runtime fails.
pub fn microseconds(onnx: &[u8]) -> Result<f64, TrainerError> {
    let mut function = GraphFunction::new("network", onnx)?;
    let input = vec![0.5; function.input_len()];
    let mut times = Vec::with_capacity(TIMED_RUNS);
    for _ in 0..TIMED_RUNS {
        let begun = Instant::now();
        function.call(&input)?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[TIMED_RUNS / 2])
}
