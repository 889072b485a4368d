//! What is trained: a network alone, or one whose weights follow the gear's knobs.

use serde::{Deserialize, Serialize};
use shared::model::{ModelError, ParametricSpec, WaveNetSpec};

/// The shape of what is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A network alone.
    Plain(WaveNetSpec),
    /// A network with the gear's knobs in front of it.
    Knobs(ParametricSpec),
}

impl Shape {
    /// What plays at one setting.
    pub fn network(&self) -> &WaveNetSpec {
        match self {
            Self::Plain(spec) => spec,
            Self::Knobs(spec) => &spec.network,
        }
    }

    /// The knobs in front of it, if there are any.
    pub fn knobs(&self) -> Option<&ParametricSpec> {
        match self {
            Self::Plain(_) => None,
            Self::Knobs(spec) => Some(spec),
        }
    }

    /// Number of weights that are learned.
    pub fn weight_count(&self) -> usize {
        match self {
            Self::Plain(spec) => spec.weight_count(),
            Self::Knobs(spec) => spec.weight_count(),
        }
    }

    /// Checks every size against [`shared::model::limits`].
    ///
    /// # Errors
    /// A size is impossible, or a knob is.
    pub fn validate(&self) -> Result<(), ModelError> {
        match self {
            Self::Plain(spec) => spec.validate(),
            Self::Knobs(spec) => spec.validate(),
        }
    }
}
