//! What a player wants to know of a model.

use shared::engine::EngineKind;
use shared::model::{Card, Model, Network};

/// Taken for the memory of a graph that does not tell it, in samples at the model's rate.
const UNKNOWN_MEMORY_SAMPLES: usize = 16_384;

/// What is shown of a model that plays.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// Its card.
    pub card: Card,
    /// Its architecture in one line.
    pub architecture: String,
    /// Number of weights, where known.
    pub weights: Option<usize>,
    /// Receptive field in samples at the model's rate, where known.
    pub receptive_field_samples: Option<usize>,
    /// The engine that runs it, once it runs.
    pub engine: Option<EngineKind>,
}

impl ModelInfo {
    pub(super) fn new(model: &Model, engine: Option<EngineKind>) -> Self {
        Self {
            card: model.card.clone(),
            architecture: architecture(model),
            weights: model.weight_count(),
            receptive_field_samples: model.receptive_field_samples(),
            engine,
        }
    }

    /// How long the model sounds on after its input has ended, in samples at its rate: the
    /// receptive field, or a third of a second at 48 kHz where that is not known.
    pub fn memory_samples(&self) -> usize {
        self.receptive_field_samples.unwrap_or(UNKNOWN_MEMORY_SAMPLES)
    }
}

/// The architecture of a model in one line.
pub fn architecture(model: &Model) -> String {
    match &model.network {
        Network::Graph(graph) => format!("ONNX graph with {} states", graph.states().len()),
        Network::Lstm(lstm) => {
            let spec = lstm.spec();
            format!("LSTM, layers × cells {} × {}", spec.layers, spec.hidden)
        }
        Network::Linear(linear) => {
            format!("impulse response of {} samples", linear.impulse_response().len())
        }
        Network::Slimmable(slimmable) => format!("{} sizes", slimmable.sizes().len()),
        Network::WaveNet(net) => {
            let spec = net.spec();
            let arrays: Vec<String> =
                spec.arrays.iter().map(|a| format!("{} × {}", a.layers.len(), a.channels)).collect();
            let mut kernels: Vec<usize> =
                spec.arrays.iter().flat_map(|a| a.layers.iter().map(|l| l.kernel_size)).collect();
            kernels.sort_unstable();
            let kernels = match (kernels.first(), kernels.last()) {
                (Some(a), Some(b)) if a == b => format!("kernel {a}"),
                (Some(a), Some(b)) => format!("kernels {a} to {b}"),
                _ => "no layers".into(),
            };
            let causal = if spec.causal { "" } else { ", looks ahead" };
            format!("WaveNet, layers × channels {}, {kernels}{causal}", arrays.join(" + "))
        }
    }
}
