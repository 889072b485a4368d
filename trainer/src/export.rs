//! The finished model: its card, and the proof that every engine plays what was trained.

use crate::TrainerError;
use crate::data::power;
use crate::device::Device;
use crate::evaluate::peak_difference;
use crate::render::{MODEL_CHUNK_SAMPLES, Renderer, wavenet};
use crate::virtual_capture::guitar;
use shared::engine::onnxruntime::OnnxEngine;
use shared::engine::{self, Engine, EngineChoice};
use shared::model::Model;
use std::path::Path;

/// Largest difference between libtorch and an engine that counts as the same.
pub const PARITY_TOLERANCE: f32 = 1e-5;
/// Length of the loudness signal, in seconds.
const LOUDNESS_SECONDS: f64 = 10.0;
/// Seed of the loudness signal: another one would make loudness figures incomparable.
const LOUDNESS_SEED: u64 = 2026;
/// Blocks the engines are fed with while they are compared.
const PARITY_BLOCKS: [usize; 5] = [512, 1, 480, 17, 64];

/// Level of the model's output on a fixed piece of synthesised playing, in dBFS rms.
///
/// # Errors
/// libtorch fails.
pub fn loudness_dbfs(model: &Model, path: &Path) -> Result<f32, TrainerError> {
    let rate_hz = model.card.sample_rate_hz;
    let playing = guitar::play(LOUDNESS_SECONDS, rate_hz, LOUDNESS_SEED);
    let mut renderer = Renderer::new(wavenet(model, path)?, Device::CPU, MODEL_CHUNK_SAMPLES)?;
    let output = renderer.render(&playing)?;
    Ok((10.0 * power(&output).max(1e-20).log10()) as f32)
}

/// How far an engine is from libtorch.
#[derive(Debug)]
pub struct Parity {
    /// Which engine.
    pub engine: EngineChoice,
    /// Largest difference of one sample, or why the engine did not run.
    pub difference: Result<f32, engine::EngineError>,
}

/// Runs two seconds of playing through libtorch and both engines and compares, from the first
/// sample on.
///
/// # Errors
/// libtorch fails. An engine that fails is part of the result.
pub fn parity(model: &Model, path: &Path) -> Result<Vec<Parity>, TrainerError> {
    let playing = guitar::play(2.0, model.card.sample_rate_hz, LOUDNESS_SEED);
    let mut renderer = Renderer::new(wavenet(model, path)?, Device::CPU, MODEL_CHUNK_SAMPLES)?;
    let reference = renderer.render(&playing)?;
    let compare = |choice| {
        let mut engine: Box<dyn Engine> = match choice {
            // The graph as it stands in the file: fused, it would be our own kernel once more.
            EngineChoice::OnnxRuntime => Box::new(OnnxEngine::standard(model)?),
            choice => engine::build(model, choice)?,
        };
        engine.prepare(model.card.sample_rate_hz, 512)?;
        let latency = engine.latency_samples();
        let mut input = playing.clone();
        input.resize(playing.len() + latency, 0.0);
        let mut output = vec![0.0; input.len()];
        let mut at = 0;
        for block in PARITY_BLOCKS.into_iter().cycle() {
            let end = (at + block).min(input.len());
            engine.process(&input[at..end], &mut output[at..end]);
            at = end;
            if at == input.len() {
                break;
            }
        }
        Ok(peak_difference(&output[latency..], &reference))
    };
    let choices = [EngineChoice::OnnxRuntime, EngineChoice::Native];
    Ok(choices.into_iter().map(|engine| Parity { engine, difference: compare(engine) }).collect())
}
