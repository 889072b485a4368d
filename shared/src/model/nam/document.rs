//! The outer form of a file, which networks inside of others share.

use super::super::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, ModelError};
use super::node::{Fields, Node};
use super::version;

/// What a network can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    WaveNet,
    ConvNet,
    Lstm,
    Linear,
    SlimmableContainer,
}

impl Architecture {
    /// As the file says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::WaveNet => "WaveNet",
            Self::ConvNet => "ConvNet",
            Self::Lstm => "LSTM",
            Self::Linear => "Linear",
            Self::SlimmableContainer => "SlimmableContainer",
        }
    }

    fn read(node: &Node<'_>) -> Result<Self, ModelError> {
        Ok(match node.text()? {
            "WaveNet" => Self::WaveNet,
            "ConvNet" => Self::ConvNet,
            "LSTM" => Self::Lstm,
            "Linear" => Self::Linear,
            "SlimmableContainer" => Self::SlimmableContainer,
            other => {
                let other: String = other.chars().take(64).collect();
                return Err(node.refuse(format!(
                    "`{other}` is not known; known are WaveNet, ConvNet, LSTM, Linear and SlimmableContainer"
                )));
            }
        })
    }
}

/// The sample rate that the networks of a file agree on, if any of them says one.
#[derive(Debug, Default)]
pub struct Rate(Option<f64>);

impl Rate {
    /// Takes a network's rate, or checks that it is the one of the networks before.
    pub fn agree(&mut self, document: &Document<'_>) -> Result<(), ModelError> {
        match (self.0, document.sample_rate_hz) {
            (Some(others), Some(rate_hz)) if rate_hz != others => Err(document.refuse(
                "sample_rate",
                format!("it is {rate_hz}, another network of the file has {others}; all of them must run at one rate"),
            )),
            (known, says) => {
                self.0 = known.or(says);
                Ok(())
            }
        }
    }

    /// In Hz.
    pub fn hz(&self) -> Option<f64> {
        self.0
    }
}

/// What every network in a file says.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    fields: Fields<'a>,
    /// What it is.
    pub architecture: Architecture,
    /// Its configuration.
    pub config: Fields<'a>,
    /// Its weights.
    pub weights: &'a [f32],
    /// The rate it was trained at, if it says.
    pub sample_rate_hz: Option<f64>,
}

impl<'a> Document<'a> {
    /// Reads what all architectures have in common.
    pub fn read(node: &Node<'a>) -> Result<Self, ModelError> {
        let fields = node.fields()?;
        version::check(&fields.required("version")?)?;
        let architecture = Architecture::read(&fields.required("architecture")?)?;
        let config = fields.required("config")?.fields()?;
        let weights = fields.required("weights")?.weights()?;
        let sample_rate_hz = match fields.get("sample_rate") {
            None => None,
            // NeuralAmpModelerCore's own mark for a rate that is not known is -1.
            Some(node) if node.number()? <= 0.0 => None,
            Some(node) => {
                let rate_hz = node.number()?;
                if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&rate_hz) {
                    let problem = format!(
                        "it is {rate_hz}, expected a rate from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz"
                    );
                    return Err(node.refuse(problem));
                }
                Some(rate_hz)
            }
        };
        Ok(Self { fields, architecture, config, weights, sample_rate_hz })
    }

    /// What is known about the model.
    pub fn metadata(&self) -> Option<Node<'a>> {
        self.fields.get("metadata")
    }

    /// Checks that there are as many weights as the architecture asks for.
    pub fn count_weights(&self, expected: usize) -> Result<(), ModelError> {
        match self.weights.len() {
            found if found == expected => Ok(()),
            found => Err(self.fields.refuse(
                "weights",
                format!(
                    "the architecture has {expected} weights, the file holds {found}; it is damaged, or describes another network than it holds"
                ),
            )),
        }
    }

    /// A refusal of one of the keys.
    pub fn refuse(&self, key: &str, problem: impl Into<String>) -> ModelError {
        self.fields.refuse(key, problem)
    }
}
