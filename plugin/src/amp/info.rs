//! What a player wants to know of a model.

use super::Quality;
use shared::engine::{EngineKind, Probe};
use shared::model::{Card, Knob, Model, Network, Slimmable, UNKNOWN_MEMORY_SAMPLES};

/// What is shown of a model that plays.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// Its card.
    pub card: Card,
    /// Its sizes, if it has several. What follows is told of the one that was chosen.
    pub sizes: Option<Sizes>,
    /// Its knobs, if it has some.
    pub knobs: Vec<Knob>,
    /// Its architecture in one line.
    pub architecture: String,
    /// Number of weights, where known.
    pub weights: Option<usize>,
    /// Receptive field in samples at the model's rate, where known.
    pub receptive_field_samples: Option<usize>,
    /// Whether it feeds back on itself, so that there is no end to what it remembers.
    pub is_recurrent: bool,
    /// The engine that runs it, once it runs.
    pub engine: Option<EngineKind>,
    /// Its polarity and delay, once it was probed.
    pub probe: Option<Probe>,
}

/// The sizes of a slimmable model, and which of them was chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sizes {
    /// How many there are, at least one.
    pub count: usize,
    /// Place of the chosen one, from 0; the last is the largest.
    pub chosen: usize,
    /// First and last quality that choose it.
    pub qualities: [Quality; 2],
    /// Qualities from 0 to 1 at which the next larger size begins.
    pub notches: Vec<f64>,
}

impl Sizes {
    fn new(slimmable: &Slimmable, quality: Quality) -> Self {
        let chosen = slimmable.size_at(quality.value());
        let mut same = Quality::all().filter(|q| slimmable.size_at(q.value()) == chosen);
        let first = same.next().unwrap_or(quality);
        let last = same.next_back().unwrap_or(first);
        let (_, smaller) = slimmable.sizes().split_last().unzip();
        let notches = smaller.unwrap_or_default().iter().map(|s| s.below).collect();
        Self { count: slimmable.sizes().len(), chosen, qualities: [first, last], notches }
    }
}

impl ModelInfo {
    pub(crate) fn new(model: &Model, quality: Quality, engine: Option<EngineKind>) -> Self {
        let sizes = match &model.network {
            Network::Slimmable(slimmable) => Some(Sizes::new(slimmable, quality)),
            _ => None,
        };
        let chosen = model.at_quality(quality.value());
        Self {
            card: chosen.card.clone(),
            sizes,
            knobs: model.knobs().to_vec(),
            architecture: architecture(if model.knobs().is_empty() {
                &chosen.network
            } else {
                &model.network
            }),
            weights: chosen.weight_count(),
            receptive_field_samples: chosen.receptive_field_samples(),
            is_recurrent: matches!(chosen.network, Network::Lstm(_)),
            engine,
            probe: None,
        }
    }

    /// First and last quality that choose what plays.
    pub(super) fn qualities(&self) -> [Quality; 2] {
        self.sizes.as_ref().map_or([Quality::LEAST, Quality::FULL], |s| s.qualities)
    }

    /// How long the model sounds on after its input has ended, in samples at its rate.
    pub fn memory_samples(&self) -> usize {
        self.receptive_field_samples.unwrap_or(UNKNOWN_MEMORY_SAMPLES)
    }
}

/// The architecture of a network in one line.
pub fn architecture(network: &Network) -> String {
    match network {
        Network::Graph(graph) => format!("ONNX graph with {} states", graph.states().len()),
        Network::Lstm(lstm) => {
            let spec = lstm.spec();
            format!("LSTM, layers × cells {} × {}", spec.layers, spec.hidden)
        }
        Network::Linear(linear) => {
            format!("impulse response of {} samples", linear.impulse_response().len())
        }
        Network::Slimmable(slimmable) => {
            let sizes: Vec<String> = slimmable.sizes().iter().map(|s| architecture(&s.network)).collect();
            format!("{} sizes: {}", sizes.len(), sizes.join("; "))
        }
        Network::Parametric(parametric) => {
            let knobs: Vec<&str> = parametric.knobs().iter().map(|knob| knob.name.as_str()).collect();
            format!("{}, knobs {}", architecture(parametric.at_default()), knobs.join(", "))
        }
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
