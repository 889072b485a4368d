//! Training that begins with another model's weights.

use crate::TrainerError;
use crate::data::{Pair, power};
use crate::device::Device;
use crate::render::{MODEL_CHUNK_SAMPLES, Renderer};
use crate::shape::Shape;
use shared::model::{Model, Network, Parametric, ParametricSpec, WaveNet, WaveNetSpec};
use std::path::Path;

/// How much of the recording the levels are compared on, in seconds.
const COMPARED_SECONDS: usize = 30;
/// Smallest output power, relative to the target's, that a level can be taken from.
const SILENT: f64 = 1e-10;
/// Least gain, relative to the one that would make the model as loud as the target.
const LEAST_SHARE: f64 = 0.1;

/// The weights of the model in `path` for `shape`, which is scaled to the recording `train`; and a line on the level. Of a
/// slimmable model, the size that fits. Of one with knobs, all of it where `shape` has the same knobs, and otherwise what
/// plays at its defaults: then these are the weights of `shape`'s network alone.
///
/// The model's output is brought to the level of the recording's target, with the sign in which the two agree, by
/// its last layer: a model of the same amp stays what it was, and one of a louder amp does not have to be turned
/// down by training first.
///
/// # Errors
/// The file is refused, no network in it has this architecture, it was made for another sample rate, or it is
/// silent on the recording.
pub fn weights(path: &Path, shape: &Shape, train: &Pair) -> Result<(Vec<f32>, String), TrainerError> {
    let spec = shape.network();
    let model = Model::load(path)?;
    let refuse = |problem: String| TrainerError::recording(path, problem);
    let found = candidates(&model);
    if found.is_empty() {
        return Err(refuse(
            "it holds no WaveNet, which is what training can begin with; leave `train.from` out".into(),
        ));
    }
    let Some(net) = found.iter().find(|net| same_shape(net.spec(), spec)) else {
        let shapes: Vec<String> = found.iter().map(|net| in_words(net.spec())).collect();
        return Err(refuse(format!(
            "it has another architecture. It is {}; the config's `model` is {}. Write the same into the config, or leave `train.from` out",
            shapes.join("; or "),
            in_words(spec)
        )));
    };
    if (model.card.sample_rate_hz - f64::from(train.rate_hz)).abs() > 0.5 {
        return Err(refuse(format!(
            "it was made for {} Hz, the recording has {} Hz; convert the recording, or leave `train.from` out",
            model.card.sample_rate_hz, train.rate_hz
        )));
    }
    let samples = train.input.len().min(COMPARED_SECONDS * train.rate_hz as usize);
    let output = Renderer::new(net, Device::CPU, MODEL_CHUNK_SAMPLES)?.render(&train.input[..samples])?;
    let target = &train.target[..samples];
    let loudness = (power(target) / power(&output).max(1e-30)).sqrt();
    if power(&output) < SILENT * power(target) || !loudness.is_finite() {
        return Err(refuse("it is silent on this recording; leave `train.from` out".into()));
    }
    // The gain that leaves the least error. Of a model that has little in common with the recording it would leave
    // nothing, and nothing to learn from.
    let agreement: f64 = output.iter().zip(target).map(|(&y, &t)| f64::from(y) * f64::from(t)).sum();
    let best = agreement / (power(&output) * samples as f64);
    let gain = best.abs().max(LEAST_SHARE * loudness).copysign(best);
    let (weights, knobs) = match &model.network {
        Network::Parametric(whole) => of_knobs(whole, net, shape, gain),
        _ => (with_gain(net.weights(), net.spec(), spec, gain), String::new()),
    };
    let line = format!(
        "beginning with {}{knobs}, turned {} by {:.1} dB to this recording's level{}",
        path.display(),
        if gain.abs() >= 1.0 { "up" } else { "down" },
        (20.0 * gain.abs().log10()).abs(),
        if gain < 0.0 { " and inverted" } else { "" }
    );
    Ok((weights, line))
}

/// What training of `shape` begins with of a model with knobs, which plays `at_default` where nobody turns one; and words
/// on that.
fn of_knobs(whole: &Parametric, at_default: &WaveNet, shape: &Shape, gain: f64) -> (Vec<f32>, String) {
    let (from, spec) = (whole.spec(), shape.network());
    let names = |spec: &ParametricSpec| -> String {
        spec.knobs
            .iter()
            .map(|k| format!("{} {} to {}", k.name, k.lowest, k.highest))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let words = match shape.knobs() {
        Some(now) if now.knobs == from.knobs && now.features == from.features => {
            let weights = whole.weights();
            // The network's weights are sums of rows as long as they are, each of which the gain must reach.
            let (hidden, rows) = weights.split_at(from.features * (from.knobs.len() + 1));
            let rows = rows.chunks_exact(from.network.weight_count());
            let rows = rows.flat_map(|row| with_gain(row, &from.network, spec, gain));
            return (hidden.iter().copied().chain(rows).collect(), ", knobs and all".to_owned());
        }
        Some(now) => format!(
            " at its defaults (its knobs are {} with {} features, those trained now {} with {})",
            names(from),
            from.features,
            names(now),
            now.features
        ),
        None => " at its knobs' defaults".to_owned(),
    };
    (with_gain(at_default.weights(), &from.network, spec, gain), words)
}

/// The networks that a file holds.
fn candidates(model: &Model) -> Vec<&WaveNet> {
    fn wavenet(network: &Network) -> Option<&WaveNet> {
        match network {
            Network::WaveNet(net) => Some(net),
            Network::Parametric(parametric) => wavenet(parametric.at_default()),
            _ => None,
        }
    }
    match &model.network {
        Network::Slimmable(slimmable) => {
            slimmable.sizes().iter().filter_map(|s| wavenet(&s.network)).collect()
        }
        network => wavenet(network).into_iter().collect(),
    }
}

/// Whether two networks differ in nothing but the scale of their heads.
fn same_shape(a: &WaveNetSpec, b: &WaveNetSpec) -> bool {
    WaveNetSpec { head_scale: b.head_scale, ..a.clone() } == *b
}

/// The weights of a network of the shape `from` for `spec`'s head scale, with its output times `gain`. The last head is
/// what the output is made of, so that both go into its weights.
fn with_gain(weights: &[f32], from: &WaveNetSpec, spec: &WaveNetSpec, gain: f64) -> Vec<f32> {
    let factor = gain * f64::from(from.head_scale) / f64::from(spec.head_scale);
    let head = format!("array{}.head.", spec.arrays.len().saturating_sub(1));
    let mut weights = weights.to_vec();
    for tensor in spec.tensors().iter().filter(|tensor| tensor.name.starts_with(&head)) {
        for weight in &mut weights[tensor.range()] {
            *weight = (f64::from(*weight) * factor) as f32;
        }
    }
    weights
}

/// An architecture in one line, for people.
pub fn in_words(spec: &WaveNetSpec) -> String {
    let span = |values: Vec<usize>| {
        let (low, high) = (values.iter().min().unwrap_or(&0), values.iter().max().unwrap_or(&0));
        if low == high { low.to_string() } else { format!("{low} to {high}") }
    };
    let array = |array: &shared::model::LayerArray| {
        format!(
            "{} layers of {} channels, kernels {}, dilations {}, {}",
            array.layers.len(),
            array.channels,
            span(array.layers.iter().map(|l| l.kernel_size).collect()),
            span(array.layers.iter().map(|l| l.dilation).collect()),
            array.layers.first().map_or_else(String::new, |l| format!("{:?}", l.activation)),
        )
    };
    let arrays: Vec<String> = spec.arrays.iter().map(array).collect();
    let causal = if spec.causal { "" } else { ", looking ahead" };
    format!("a WaveNet of {} weights ({}{causal})", spec.weight_count(), arrays.join(" + "))
}
