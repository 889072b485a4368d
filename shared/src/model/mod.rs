//! Models: an architecture, its weights and a card that says what they are.
//!
//! A model is read from an ONNX file ([`Model::load`]) or made by the trainer, and is run by an
//! [engine](crate::engine). Everything in here is hostile-proof: a file may be empty, truncated,
//! huge or lying about its own sizes, and the worst that happens is a [`ModelError`].

mod activation;
mod card;
mod error;
mod graph;
mod layout;
pub mod onnx;
mod spec;
mod validate;

pub use activation::Activation;
pub use card::{Card, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
pub use error::ModelError;
pub use graph::{Graph, StateSpec};
pub use layout::TensorSpec;
pub use spec::{
    Film, FilmSlots, Gating, Head, Head1x1, HeadSource, Layer, LayerArray, PostHead, WaveNetSpec, limits,
};

use std::path::Path;

/// A causal or look-ahead WaveNet: its description and its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct WaveNet {
    spec: WaveNetSpec,
    weights: Vec<f32>,
}

impl WaveNet {
    /// Joins a description and its weights, which are in the order of [`WaveNetSpec::tensors`].
    ///
    /// # Errors
    /// The description is impossible, the number of weights is not the one it asks for, or a
    /// weight is not finite.
    pub fn new(spec: WaveNetSpec, weights: Vec<f32>) -> Result<Self, ModelError> {
        spec.validate()?;
        let expected = spec.weight_count();
        if weights.len() != expected {
            return Err(ModelError::WeightCount { expected, found: weights.len() });
        }
        if let Some(at) = weights.iter().position(|w| !w.is_finite()) {
            let tensor = spec.tensors().into_iter().find(|t| t.range().contains(&at));
            let tensor = tensor.map_or_else(|| format!("weight {at}"), |t| t.name);
            return Err(ModelError::NotFinite { tensor, value: weights[at] });
        }
        Ok(Self { spec, weights })
    }

    /// The architecture.
    pub fn spec(&self) -> &WaveNetSpec {
        &self.spec
    }

    /// The weights, in the order of [`WaveNetSpec::tensors`].
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }
}

/// What a model computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// A WaveNet that every engine understands.
    WaveNet(WaveNet),
    /// Some other ONNX graph that follows the streaming contract; only ONNX Runtime runs it.
    Graph(Graph),
}

/// A network and its card.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What the network is and where it comes from.
    pub card: Card,
    /// The network.
    pub network: Network,
}

impl Model {
    /// Reads a model from an ONNX file.
    ///
    /// # Errors
    /// The file cannot be read, or its content is refused; see [`ModelError`].
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let bytes = crate::fs::read_limited(path, limits::FILE_BYTES)
            .map_err(|source| ModelError::File { path: path.to_owned(), source })?;
        let stem = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        Self::from_onnx(&bytes, &stem).map_err(|e| e.in_file(path))
    }

    /// Reads a model from the bytes of an ONNX file. `name` is used when the file's card has none.
    ///
    /// # Errors
    /// The content is refused; see [`ModelError`].
    pub fn from_onnx(bytes: &[u8], name: &str) -> Result<Self, ModelError> {
        onnx::read(bytes, name)
    }

    /// The model as the bytes of an ONNX file that follows the streaming contract.
    pub fn to_onnx(&self) -> Vec<u8> {
        onnx::write(self)
    }

    /// Writes the model as an ONNX file; an existing file is replaced only once all is written.
    ///
    /// # Errors
    /// The file cannot be written, or its card could not be read again.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        self.card.validate().map_err(|e| e.in_file(path))?;
        crate::fs::write_atomic(path, &self.to_onnx())
            .map_err(|source| ModelError::File { path: path.to_owned(), source })
    }

    /// Samples of the past that one output sample depends on, itself included. Memory, not delay.
    /// `None` for a graph whose card does not say.
    pub fn receptive_field_samples(&self) -> Option<usize> {
        match &self.network {
            Network::WaveNet(net) => Some(net.spec().receptive_field_samples()),
            Network::Graph(graph) => graph.receptive_field_samples(),
        }
    }

    /// Samples of the future that one output sample depends on: the delay of the network when it
    /// is streamed. 0 for a causal network.
    pub fn lookahead_samples(&self) -> usize {
        match &self.network {
            Network::WaveNet(net) => net.spec().lookahead_samples(),
            Network::Graph(graph) => graph.lookahead_samples(),
        }
    }

    /// Number of weights; `None` for a graph of unknown architecture.
    pub fn weight_count(&self) -> Option<usize> {
        match &self.network {
            Network::WaveNet(net) => Some(net.weights().len()),
            Network::Graph(_) => None,
        }
    }

    /// Says whether the model can be played live.
    ///
    /// # Errors
    /// The network looks ahead: the error carries by how much.
    pub fn check_live(&self) -> Result<(), ModelError> {
        match self.lookahead_samples() {
            0 => Ok(()),
            samples => Err(ModelError::LooksAhead {
                name: self.card.name.clone(),
                samples,
                milliseconds: samples as f64 / self.card.sample_rate_hz * 1e3,
            }),
        }
    }
}
