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
mod linear;
mod lstm;
pub mod nam;
pub mod onnx;
mod parametric;
mod slimmable;
mod spec;
mod validate;

pub use activation::Activation;
pub use card::{Card, MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
pub use error::ModelError;
pub use graph::{Graph, StateSpec};
pub use layout::TensorSpec;
pub use linear::Linear;
pub use lstm::{Lstm, LstmSpec};
pub use parametric::{Knob, KnobError, Parametric, ParametricSpec};
pub use slimmable::{Size, Slimmable};
pub use spec::{
    Film, FilmSlots, Gating, Head, Head1x1, HeadSource, Layer, LayerArray, PostHead, Residual, WaveNetSpec,
    limits,
};

use std::path::Path;

/// Taken for the memory of a network that does not tell it, in samples at the model's rate: a third of a second at
/// 48 kHz.
pub const UNKNOWN_MEMORY_SAMPLES: usize = 16_384;

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
        check_weights(&spec.tensors(), &weights)?;
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

/// Checks that there is a finite weight for every value of `tensors`.
fn check_weights(tensors: &[TensorSpec], weights: &[f32]) -> Result<(), ModelError> {
    let expected = tensors.last().map_or(0, |t| t.range().end);
    if weights.len() != expected {
        return Err(ModelError::WeightCount { expected, found: weights.len() });
    }
    let Some(at) = weights.iter().position(|w| !w.is_finite()) else { return Ok(()) };
    let tensor = tensors.iter().find(|t| t.range().contains(&at));
    let tensor = tensor.map_or_else(|| format!("weight {at}"), |t| t.name.clone());
    Err(ModelError::NotFinite { tensor, value: weights[at] })
}

/// What a model computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Network {
    /// A WaveNet that every engine understands.
    WaveNet(WaveNet),
    /// An LSTM.
    Lstm(Lstm),
    /// An impulse response.
    Linear(Linear),
    /// Several sizes of one amp.
    Slimmable(Slimmable),
    /// A WaveNet with knobs.
    Parametric(Parametric),
    /// Some other ONNX graph that follows the streaming contract; only ONNX Runtime runs it.
    Graph(Graph),
}

impl Network {
    /// The plain network for a quality from 0 to 1: itself, unless it is slimmable, or has knobs, which stand at their defaults then.
    pub fn at_quality(&self, quality: f64) -> &Self {
        match self {
            Self::Slimmable(slimmable) => slimmable.at_quality(quality),
            Self::Parametric(parametric) => parametric.at_default(),
            plain => plain,
        }
    }

    /// The largest plain network: itself, unless it is slimmable, or has knobs, which stand at their defaults then.
    pub fn full(&self) -> &Self {
        self.at_quality(f64::INFINITY)
    }
}

/// Kinds of model files.
#[derive(Clone, Copy)]
enum Format {
    Onnx,
    Nam,
}

impl Format {
    /// What a file is: JSON begins with a brace, which no ONNX file does. The name only decides
    /// which of the two an error speaks of when the content is neither.
    fn of(bytes: &[u8], path: &Path) -> Self {
        if nam::is_json(bytes) { Self::Nam } else { Self::by_extension(path).unwrap_or(Self::Onnx) }
    }

    fn by_extension(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        let is = |name| extension.eq_ignore_ascii_case(name);
        if is("onnx") { Some(Self::Onnx) } else { is("nam").then_some(Self::Nam) }
    }
}

/// What a file is that people take for a model, or save as one by mistake; `None` if it may be one.
fn other_kind(bytes: &[u8]) -> Option<&'static str> {
    let is_wav = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE");
    let starts = |mark: &[u8]| bytes.starts_with(mark);
    if is_wav {
        Some("a WAV file")
    } else if starts(b"PK\x03\x04") {
        Some("a ZIP archive, which must be unpacked first")
    } else if bytes.trim_ascii_start().first() == Some(&b'<') {
        Some("a web page or other markup, as a download that failed leaves it")
    } else if starts(b"\xff\xfe") || starts(b"\xfe\xff") {
        Some("text in UTF-16, which must be saved as UTF-8 first")
    } else {
        None
    }
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
    /// Reads a model from an ONNX or a `.nam` file; its content tells which it is.
    ///
    /// # Errors
    /// The file cannot be read, or its content is refused; see [`ModelError`].
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let bytes = crate::fs::read_limited(path, limits::FILE_BYTES)
            .map_err(|source| ModelError::File { path: path.to_owned(), source })?;
        Self::from_file(&bytes, path).map_err(|e| e.in_file(path))
    }

    /// Reads a model from the bytes of an ONNX or a `.nam` file. `path` is what the file is called: the model's name
    /// where its card has none. Its errors do not name the file.
    ///
    /// # Errors
    /// The content is refused; see [`ModelError`].
    pub fn from_file(bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        if let Some(found) = other_kind(bytes) {
            return Err(ModelError::OtherFile { found });
        }
        let stem = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
        match Format::of(bytes, path) {
            Format::Onnx => Self::from_onnx(bytes, &stem),
            Format::Nam => Self::from_nam(bytes, &stem),
        }
    }

    /// Reads a model from the bytes of an ONNX file. `name` is used when the file's card has none.
    ///
    /// # Errors
    /// The content is refused; see [`ModelError`].
    pub fn from_onnx(bytes: &[u8], name: &str) -> Result<Self, ModelError> {
        onnx::read(bytes, name).map_err(ModelError::printable)
    }

    /// The model as the bytes of an ONNX file that follows the streaming contract.
    pub fn to_onnx(&self) -> Vec<u8> {
        onnx::write(self)
    }

    /// Reads a model from the bytes of a Neural Amp Modeler file, of any version from 0.5.0 to
    /// 0.7. `name` is used when the file's metadata have none.
    ///
    /// # Errors
    /// The content is refused: what cannot be played as it was meant is not played at all. See
    /// [`ModelError`].
    pub fn from_nam(bytes: &[u8], name: &str) -> Result<Self, ModelError> {
        nam::read(bytes, name).map_err(ModelError::printable)
    }

    /// The model as the bytes of a Neural Amp Modeler file.
    ///
    /// # Errors
    /// The format, or that version of it, cannot express the network.
    pub fn to_nam(&self, version: nam::Version) -> Result<Vec<u8>, ModelError> {
        nam::write(self, version)
    }

    /// Writes the model as an ONNX file, or a `.nam` file of version 0.7.0, by the name's
    /// extension; an existing file is replaced only once all is written.
    ///
    /// # Errors
    /// The extension is neither, the format cannot express the network, the file cannot be
    /// written, or its card could not be read again.
    pub fn save(&self, path: &Path) -> Result<(), ModelError> {
        let bytes = || {
            self.card.validate()?;
            match Format::by_extension(path) {
                Some(Format::Onnx) => Ok(self.to_onnx()),
                Some(Format::Nam) => self.to_nam(nam::Version::V0_7_0),
                None => Err(ModelError::Extension(path.extension().unwrap_or_default().to_owned())),
            }
        };
        let bytes = bytes().map_err(|e| e.in_file(path))?;
        crate::fs::write_atomic(path, &bytes)
            .map_err(|source| ModelError::File { path: path.to_owned(), source })
    }

    /// Samples of the past that one output sample depends on, itself included. Memory, not delay.
    /// `None` for a recurrent network, which has no end to it, and for a graph whose card does not
    /// say.
    pub fn receptive_field_samples(&self) -> Option<usize> {
        match self.network.full() {
            Network::WaveNet(net) => Some(net.spec().receptive_field_samples()),
            Network::Linear(linear) => Some(linear.impulse_response().len()),
            Network::Graph(graph) => graph.receptive_field_samples(),
            Network::Lstm(_) | Network::Slimmable(_) | Network::Parametric(_) => None,
        }
    }

    /// How long the model sounds on after its input has ended, in samples at its rate: the receptive field, or
    /// [`UNKNOWN_MEMORY_SAMPLES`].
    pub fn memory_samples(&self) -> usize {
        self.receptive_field_samples().unwrap_or(UNKNOWN_MEMORY_SAMPLES)
    }

    /// Samples of silence a network runs from its initial state before it is heard. `None` for a
    /// graph whose card does not say.
    pub fn warm_up_samples(&self) -> Option<usize> {
        match self.network.full() {
            Network::Lstm(lstm) => Some(lstm.spec().warm_up_samples),
            // A past of zeros is silence already.
            Network::Linear(_) => Some(0),
            _ => self.receptive_field_samples().map(|n| n - 1),
        }
    }

    /// The model at a quality from 0 to 1, with a plain network: knobs stand at their defaults. Its card has the size's own
    /// loudness; what was measured of the largest size only, a smaller one does not claim.
    pub fn at_quality(&self, quality: f64) -> Self {
        let Network::Slimmable(slimmable) = &self.network else {
            return Self { card: self.card.clone(), network: self.network.at_quality(quality).clone() };
        };
        let index = slimmable.size_at(quality);
        let size = &slimmable.sizes()[index];
        let mut card = self.card.clone();
        if index + 1 == slimmable.sizes().len() {
            card.loudness_dbfs = size.loudness_dbfs.or(card.loudness_dbfs);
        } else {
            card.loudness_dbfs = size.loudness_dbfs;
            card.esr = None;
        }
        Self { card, network: size.network.clone() }
    }

    /// The knobs of the gear; none for most models.
    pub fn knobs(&self) -> &[Knob] {
        match &self.network {
            Network::Parametric(parametric) => parametric.knobs(),
            _ => &[],
        }
    }

    /// The settings of all knobs, where some are chosen by their names, whatever their case; the others stand at their defaults.
    ///
    /// # Errors
    /// There is no such knob, or it does not go that far.
    pub fn settings<'a>(
        &self,
        chosen: impl IntoIterator<Item = (&'a str, f32)>,
    ) -> Result<Vec<f32>, KnobError> {
        let knobs = self.knobs();
        let mut settings: Vec<f32> = knobs.iter().map(|knob| knob.default).collect();
        for (name, setting) in chosen {
            let Some(at) = knobs.iter().position(|knob| knob.name.eq_ignore_ascii_case(name)) else {
                let known = knobs.iter().map(|knob| knob.name.clone()).collect();
                return Err(KnobError::Unknown { name: name.to_owned(), known });
            };
            let Knob { name, lowest, highest, .. } = &knobs[at];
            if !(*lowest..=*highest).contains(&setting) {
                let (name, lowest, highest) = (name.clone(), *lowest, *highest);
                return Err(KnobError::OutOfRange { name, setting, lowest, highest });
            }
            settings[at] = setting;
        }
        Ok(settings)
    }

    /// The model with its knobs at these settings, in the knobs' own figures, and without knobs from then on. Settings that are missing
    /// stand at their defaults; a model without knobs stays as it is.
    pub fn at_settings(&self, settings: &[f32]) -> Self {
        let Network::Parametric(parametric) = &self.network else { return self.clone() };
        Self { card: self.card.clone(), network: Network::WaveNet(parametric.at(settings)) }
    }

    /// Samples of the future that one output sample depends on: the delay of the network when it
    /// is streamed. 0 for a causal network.
    pub fn lookahead_samples(&self) -> usize {
        match self.network.full() {
            Network::WaveNet(net) => net.spec().lookahead_samples(),
            Network::Graph(graph) => graph.lookahead_samples(),
            Network::Lstm(_) | Network::Linear(_) | Network::Slimmable(_) | Network::Parametric(_) => 0,
        }
    }

    /// Number of weights; `None` for a graph of unknown architecture.
    pub fn weight_count(&self) -> Option<usize> {
        match self.network.full() {
            Network::WaveNet(net) => Some(net.weights().len()),
            Network::Lstm(lstm) => Some(lstm.weights().len()),
            Network::Linear(linear) => Some(linear.impulse_response().len() + 1),
            Network::Graph(_) | Network::Slimmable(_) | Network::Parametric(_) => None,
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
