//! The two networks: an encoder that hears, a decoder that sets the bands.

use super::features::FEATURES;
use super::latent::{LATENT, Latent, LatentSpace};
use super::settings::VALUES;
use super::{EqModel, WordEqError};
use crate::engine::onnxruntime::GraphFunction;

/// Largest file of a network, in bytes.
const MAX_BYTES: usize = 16 << 20;
/// What the files' `metadata_props` say they are; the network's name follows.
const KIND: &str = "tonewright word EQ";
/// The version of their format.
const VERSION: &str = "1";

/// Answers what the listening asks. Belongs to one thread at a time, never to the audio thread unless the
/// player chose so.
pub trait Networks: Send {
    /// The balance of what was heard, from the values of [`Features`](super::Features).
    ///
    /// # Errors
    /// The network cannot run, or gives what is no number.
    fn encode(&mut self, features: &[f32]) -> Result<Latent, WordEqError>;

    /// The thirteen values of a curve, in the order of
    /// [`EqSettings::from_values`](super::EqSettings::from_values).
    ///
    /// # Errors
    /// As for [`Networks::encode`].
    fn decode(&mut self, curve: &Latent) -> Result<[f32; VALUES], WordEqError>;
}

/// Both networks in ONNX Runtime: one thread, all memory made beforehand.
pub struct OnnxNetworks {
    encoder: Network,
    decoder: Network,
}

impl OnnxNetworks {
    /// Checks that a file is a decoder of this space, and that it runs. Loads ONNX Runtime if need be.
    ///
    /// # Errors
    /// As for [`OnnxNetworks::new`].
    pub fn check_decoder(onnx: &[u8], space: &LatentSpace) -> Result<(), WordEqError> {
        Self::decoder(onnx, space).map(|_| ())
    }

    fn decoder(onnx: &[u8], space: &LatentSpace) -> Result<Network, WordEqError> {
        let space = format!("{:016x}", space.fingerprint());
        Network::new("decoder", onnx, ("latent", LATENT), ("settings", VALUES), &space)
    }

    /// Loads both, checks that they are what they should be, and warms them up. Loads ONNX Runtime if need be.
    /// Takes some tens of milliseconds; not for the audio thread.
    ///
    /// # Errors
    /// ONNX Runtime is missing, or a network is damaged, of another kind or of another space.
    pub fn new(model: &EqModel) -> Result<Self, WordEqError> {
        let space = format!("{:016x}", model.table.space().fingerprint());
        let features = ("features", FEATURES);
        let encoder = Network::new("encoder", &model.encoder, features, ("latent", LATENT), &space)?;
        let decoder = Self::decoder(&model.decoder, model.table.space())?;
        Ok(Self { encoder, decoder })
    }
}

impl Networks for OnnxNetworks {
    fn encode(&mut self, features: &[f32]) -> Result<Latent, WordEqError> {
        self.encoder.run(features)
    }

    fn decode(&mut self, curve: &Latent) -> Result<[f32; VALUES], WordEqError> {
        self.decoder.run(curve)
    }
}

/// One network of one input and one output.
struct Network {
    name: &'static str,
    function: GraphFunction,
}

impl Network {
    fn new(
        name: &'static str,
        onnx: &[u8],
        input: (&str, usize),
        output: (&str, usize),
        space: &str,
    ) -> Result<Self, WordEqError> {
        let refuse = |problem| Err(WordEqError::Network { name, problem });
        if onnx.len() > MAX_BYTES {
            return refuse(format!("its file has {} bytes, more than {MAX_BYTES}", onnx.len()));
        }
        let function = GraphFunction::new(name, onnx)?;
        for (key, expected) in [("kind", &*format!("{KIND} {name}")), ("version", VERSION), ("space", space)]
        {
            let found = function.metadata(key).unwrap_or_default();
            if found != expected {
                return refuse(format!("its {key} is `{found}`, not `{expected}`"));
            }
        }
        let found =
            [(function.input_name(), function.input_len()), (function.output_name(), function.output_len())];
        for ((found, found_len), (expected, expected_len)) in found.into_iter().zip([input, output]) {
            if (found, found_len) != (expected, expected_len) {
                return refuse(format!(
                    "it has `{found}` of {found_len} values where `{expected}` of {expected_len} should be"
                ));
            }
        }
        Ok(Self { name, function })
    }

    fn run<const N: usize>(&mut self, values: &[f32]) -> Result<[f32; N], WordEqError> {
        let mut found = [0.0; N];
        found.copy_from_slice(self.function.call(values)?);
        match found.iter().position(|v| !v.is_finite()) {
            None => Ok(found),
            Some(at) => {
                let problem = format!("its value {at} is {}", found[at]);
                Err(WordEqError::Network { name: self.name, problem })
            }
        }
    }
}
