//! Models with knobs: one network whose weights follow the gear's settings.

use super::validate::within;
use super::{ModelError, Network, TensorSpec, WaveNet, WaveNetSpec, limits};
use serde::{Deserialize, Serialize};

/// A knob of the gear that was recorded at several of its positions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knob {
    /// What is written beside it, such as "Gain".
    pub name: String,
    /// The lowest setting that was recorded, in the knob's own figures.
    pub lowest: f32,
    /// The highest one.
    pub highest: f32,
    /// Where it stands until somebody turns it.
    pub default: f32,
}

/// Why a knob cannot be set.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum KnobError {
    /// The model has none of that name.
    #[error("the model has no knob called \"{name}\"; {}", known_knobs(.known))]
    Unknown {
        /// The name.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// It does not go that far.
    #[error("the knob \"{name}\" goes from {lowest} to {highest}, not to {setting}")]
    OutOfRange {
        /// The knob's name.
        name: String,
        /// What was asked for.
        setting: f32,
        /// Its lowest setting.
        lowest: f32,
        /// Its highest setting.
        highest: f32,
    },
}

fn known_knobs(known: &[String]) -> String {
    if known.is_empty() { "it has none at all".into() } else { format!("its knobs are {}", known.join(", ")) }
}

impl Knob {
    /// How far `setting` is from the default, as the network is told: the whole travel is 2. Settings beyond the ends are taken as the ends.
    pub fn turn(&self, setting: f32) -> f32 {
        2.0 * (setting.clamp(self.lowest, self.highest) - self.default) / (self.highest - self.lowest)
    }

    fn validate(&self) -> Result<(), ModelError> {
        let wrong = |problem: String| Err(ModelError::Architecture(problem));
        let Self { name, lowest, highest, default } = self;
        if name.trim().is_empty()
            || name.chars().count() > limits::KNOB_NAME
            || name.chars().any(char::is_control)
        {
            return wrong(format!(
                "a knob is called {:?}; its name must have 1 to {} characters that can be printed",
                name.chars().take(limits::KNOB_NAME).collect::<String>(),
                limits::KNOB_NAME
            ));
        }
        let travel = highest - lowest;
        if !(lowest.is_finite() && travel.is_finite() && travel > 0.0) {
            return wrong(format!("the knob \"{name}\" goes from {lowest} to {highest}, which is no travel"));
        }
        if !(*lowest..=*highest).contains(default) {
            return wrong(format!(
                "the knob \"{name}\" stands at {default}, outside of {lowest} to {highest}"
            ));
        }
        Ok(())
    }
}

/// The shape of a network with knobs.
///
/// The network's weights are `base + Σ_j tanh(A x + b)_j turned_j`, with `x` what [`Knob::turn`] gives for each knob: a hypernetwork with one
/// hidden layer (Ha, Dai and Le, "HyperNetworks", 2016). At any one setting it is a plain WaveNet, and costs what that costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParametricSpec {
    /// What plays at one setting.
    pub network: WaveNetSpec,
    /// The knobs, in the order in which they are shown.
    pub knobs: Vec<Knob>,
    /// Rows of the hidden layer: in how many ways the weights can follow the knobs.
    pub features: usize,
}

impl ParametricSpec {
    /// Every tensor, in the order of the weights: `knobs.weight` `[features, knobs]` (A), `knobs.bias` `[features]` (b), `base` `[1, n]`
    /// and `turned` `[features, n]`, where n is the network's number of weights.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        let weights = self.network.weight_count();
        let shapes = [
            ("knobs.weight", vec![self.features, self.knobs.len()]),
            ("knobs.bias", vec![self.features]),
            ("base", vec![1, weights]),
            ("turned", vec![self.features, weights]),
        ];
        let mut offset = 0;
        let tensors = shapes.into_iter().map(|(name, shape)| {
            let tensor = TensorSpec { name: name.into(), shape, offset };
            offset = tensor.range().end;
            tensor
        });
        tensors.collect()
    }

    /// Number of weights, those of all settings together.
    pub fn weight_count(&self) -> usize {
        self.features * (self.knobs.len() + 1) + (self.features + 1) * self.network.weight_count()
    }

    /// Checks every size against [`limits`].
    ///
    /// # Errors
    /// A size is 0 or beyond its limit, a knob has no name or no travel, two have the same name, or the network itself is impossible.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.network.validate()?;
        within("knobs", self.knobs.len(), 1, limits::KNOBS)?;
        within("rows that follow the knobs", self.features, 1, limits::KNOB_FEATURES)?;
        within("number of weights", self.weight_count(), 1, limits::WEIGHTS)?;
        self.knobs.iter().try_for_each(Knob::validate)?;
        for (i, knob) in self.knobs.iter().enumerate() {
            if self.knobs[..i].iter().any(|other| other.name == knob.name) {
                return Err(ModelError::Architecture(format!("two knobs are called \"{}\"", knob.name)));
            }
        }
        Ok(())
    }

    /// `tanh(A x + b)`: how much of each row of `turned` is added at these settings. `weights` are those of the whole network; settings
    /// that are missing stand at their defaults.
    pub fn rows(&self, weights: &[f32], settings: &[f32]) -> Vec<f32> {
        let turns: Vec<f32> = self.turns(settings).collect();
        let (a, b) = weights.split_at(self.features * self.knobs.len());
        let sum = |row: &[f32], bias: f32| row.iter().zip(&turns).fold(bias, |sum, (w, x)| sum + w * x);
        a.chunks_exact(self.knobs.len())
            .zip(b)
            .take(self.features)
            .map(|(row, &b)| sum(row, b).tanh())
            .collect()
    }

    /// What the hidden layer is told of each knob.
    pub fn turns(&self, settings: &[f32]) -> impl Iterator<Item = f32> {
        self.knobs.iter().enumerate().map(|(i, knob)| settings.get(i).map_or(0.0, |&s| knob.turn(s)))
    }

    /// The weights of the plain network at these settings.
    pub fn weights_at(&self, weights: &[f32], settings: &[f32]) -> Vec<f32> {
        let rows = self.rows(weights, settings);
        let (base, turned) = self.halves(weights);
        let mut plain = base.to_vec();
        for (row, &much) in turned.chunks_exact(base.len()).zip(&rows) {
            plain.iter_mut().zip(row).for_each(|(sum, w)| *sum += much * w);
        }
        plain
    }

    /// `base` and `turned`.
    fn halves<'a>(&self, weights: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        weights[self.features * (self.knobs.len() + 1)..].split_at(self.network.weight_count())
    }
}

/// A network with knobs: its shape and its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Parametric {
    spec: ParametricSpec,
    weights: Vec<f32>,
    /// What plays where nobody turns a knob.
    at_default: Box<Network>,
}

impl Parametric {
    /// Joins a shape and its weights, which are in the order of [`ParametricSpec::tensors`].
    ///
    /// # Errors
    /// The shape is impossible, the number of weights is wrong, or a weight is not finite, be it at some setting only.
    pub fn new(spec: ParametricSpec, weights: Vec<f32>) -> Result<Self, ModelError> {
        spec.validate()?;
        super::check_weights(&spec.tensors(), &weights)?;
        let (base, turned) = spec.halves(&weights);
        for (i, &w) in base.iter().enumerate() {
            let rows = turned.chunks_exact(base.len());
            let most = rows.fold(f64::from(w.abs()), |sum, row| sum + f64::from(row[i].abs()));
            if most > f64::from(f32::MAX) {
                return Err(ModelError::NotFinite {
                    tensor: format!("turned, at weight {i}"),
                    value: f32::INFINITY,
                });
            }
        }
        let plain = WaveNet::new(spec.network.clone(), spec.weights_at(&weights, &[]))?;
        Ok(Self { spec, weights, at_default: Box::new(Network::WaveNet(plain)) })
    }

    /// The shape.
    pub fn spec(&self) -> &ParametricSpec {
        &self.spec
    }

    /// The weights, in the order of [`ParametricSpec::tensors`].
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The knobs.
    pub fn knobs(&self) -> &[Knob] {
        &self.spec.knobs
    }

    /// The plain network with all knobs at their defaults.
    pub fn at_default(&self) -> &Network {
        &self.at_default
    }

    /// The plain network at these settings, one a knob in the knobs' own figures; those that are missing stand at their defaults.
    pub fn at(&self, settings: &[f32]) -> WaveNet {
        WaveNet { spec: self.spec.network.clone(), weights: self.spec.weights_at(&self.weights, settings) }
    }
}
