//! Long files through libtorch, in pieces and flat memory.

use crate::TrainerError;
use crate::device::Device;
use crate::torch_net::TorchNet;
use shared::audio::{Reader, Writer};
use shared::model::{Model, Network, WaveNet};
use std::path::Path;

/// Outputs computed at once.
pub const MODEL_CHUNK_SAMPLES: usize = 1 << 16;

/// Runs a network over a signal piece by piece. Outputs are aligned with the input: what a network
/// that looks ahead still owes comes with [`Renderer::finish`].
#[derive(Debug)]
pub struct Renderer {
    net: TorchNet,
    /// The context of the next piece, then the samples that wait to be run.
    buffer: Vec<f32>,
    context_samples: usize,
    lookahead_samples: usize,
    chunk_samples: usize,
}

impl Renderer {
    /// A renderer whose past is silence.
    ///
    /// # Errors
    /// libtorch cannot run the architecture, or the device fails.
    pub fn new(model: &WaveNet, device: Device, chunk_samples: usize) -> Result<Self, TrainerError> {
        let mut net = TorchNet::new(model.spec(), device.torch())?;
        net.set_weights(model.weights())?;
        let context_samples = model.spec().receptive_field_samples() - 1;
        let lookahead_samples = model.spec().lookahead_samples();
        // A network that looks ahead answers the first sample once it has seen what follows it.
        let buffer = vec![0.0; context_samples - lookahead_samples];
        Ok(Self { net, buffer, context_samples, lookahead_samples, chunk_samples })
    }

    /// Takes more input and gives the outputs that it completes.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn push(&mut self, input: &[f32]) -> Result<Vec<f32>, TrainerError> {
        let mut output = Vec::with_capacity(input.len());
        for piece in input.chunks(self.chunk_samples) {
            self.buffer.extend_from_slice(piece);
            if self.buffer.len() > self.context_samples {
                output.extend(self.net.run(&self.buffer)?);
                self.buffer.drain(..self.buffer.len() - self.context_samples);
            }
        }
        Ok(output)
    }

    /// The outputs of the last samples, with silence behind them.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn finish(&mut self) -> Result<Vec<f32>, TrainerError> {
        self.push(&vec![0.0; self.lookahead_samples])
    }

    /// A whole signal at once.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn render(&mut self, input: &[f32]) -> Result<Vec<f32>, TrainerError> {
        let mut output = self.push(input)?;
        output.extend(self.finish()?);
        Ok(output)
    }
}

/// The WaveNet in a model; of one with knobs, what plays with all of them at their defaults.
///
/// # Errors
/// The model is no WaveNet, which libtorch cannot run.
pub fn wavenet<'a>(model: &'a Model, path: &Path) -> Result<&'a WaveNet, TrainerError> {
    let network = match &model.network {
        Network::Parametric(parametric) => parametric.at_default(),
        other => other,
    };
    match network {
        Network::WaveNet(net) => Ok(net),
        Network::Lstm(_) | Network::Linear(_) | Network::Slimmable(_) | Network::Parametric(_) => {
            Err(TrainerError::recording(
                path,
                "a model that is no WaveNet of one size, which is all that the trainer runs; use `tonewright render`",
            ))
        }
        Network::Graph(_) => Err(TrainerError::recording(
            path,
            "an ONNX graph of unknown architecture, which libtorch cannot run; use `tonewright render` with the engine `onnxruntime`",
        )),
    }
}

/// Refuses audio at another rate than the model's.
///
/// # Errors
/// The rates differ.
pub fn check_rate(model: &Model, path: &Path, rate_hz: u32) -> Result<(), TrainerError> {
    if f64::from(rate_hz) == model.card.sample_rate_hz {
        return Ok(());
    }
    Err(TrainerError::recording(
        path,
        format!(
            "{rate_hz} Hz, but \"{}\" was trained at {} Hz; convert the file, or use `tonewright render`, which resamples",
            model.card.name, model.card.sample_rate_hz
        ),
    ))
}

/// Whether two paths lead to the same file; a file that is not there is no other's.
pub fn same_file(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Makes sure that an output takes the place of none of the files that it is made of.
///
/// # Errors
/// It would.
pub fn check_replaces_none(output: &Path, made_of: &[(&str, &Path)]) -> Result<(), TrainerError> {
    match made_of.iter().find(|(_, path)| same_file(path, output)) {
        Some((what, _)) => {
            let problem = format!("the output would replace the {what}; choose another name");
            Err(TrainerError::recording(output, problem))
        }
        None => Ok(()),
    }
}

/// Runs every channel of a WAV file through a model file and writes the result, aligned with the
/// input and as long. Memory does not grow with the file; the output appears once it is complete.
///
/// # Errors
/// A file is unusable, the output would replace the input or the model, the rates differ, or
/// libtorch fails.
pub fn render_file(
    model_path: &Path,
    input_path: &Path,
    output_path: &Path,
    device: Device,
) -> Result<u64, TrainerError> {
    check_replaces_none(output_path, &[("input", input_path), ("model", model_path)])?;
    let model = Model::load(model_path)?;
    let net = wavenet(&model, model_path)?;
    let mut reader = Reader::open(input_path)?;
    check_rate(&model, input_path, reader.sample_rate_hz())?;
    let mut renderers = Vec::new();
    for _ in 0..reader.channels() {
        renderers.push(Renderer::new(net, device, MODEL_CHUNK_SAMPLES)?);
    }
    let mut writer = Writer::create(output_path, reader.channels(), reader.sample_rate_hz())?;
    let mut block = vec![vec![0.0; MODEL_CHUNK_SAMPLES]; reader.channels()];
    loop {
        let frames = reader.read(&mut block)?;
        let mut outputs = Vec::new();
        for (renderer, channel) in renderers.iter_mut().zip(&block) {
            outputs.push(match frames {
                0 => renderer.finish()?,
                _ => renderer.push(&channel[..frames])?,
            });
        }
        writer.write(&outputs, outputs.first().map_or(0, Vec::len))?;
        if frames == 0 {
            break;
        }
    }
    writer.finish()?;
    Ok(reader.position())
}
