//! The metadata that say which network a graph is.

use super::super::{LstmSpec, ModelError, ParametricSpec, WaveNetSpec};
use super::ARCHITECTURE;
use serde::{Deserialize, Serialize};

/// A network without its weights. In JSON a WaveNet is its [`WaveNetSpec`]; the others are an
/// object of one key, `{"lstm": …}`, `{"linear": …}` or `{"parametric": …}`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// An LSTM.
    Lstm(LstmSpec),
    /// An impulse response.
    Linear(LinearSpec),
    /// A WaveNet with knobs.
    Parametric(ParametricSpec),
    /// A WaveNet.
    #[serde(untagged)]
    WaveNet(WaveNetSpec),
}

/// The shape of an impulse response.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearSpec {
    /// Its length in samples.
    pub taps: usize,
}

/// The key that tells networks other than WaveNets.
#[derive(Deserialize)]
struct Key {
    lstm: Option<LstmSpec>,
    linear: Option<LinearSpec>,
    parametric: Option<ParametricSpec>,
}

impl Architecture {
    /// The text in the metadata.
    pub fn to_json(&self) -> String {
        // A description of plain numbers and names: serialising it cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the text in the metadata. Sizes are not checked yet.
    ///
    /// # Errors
    /// It describes none of the networks.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        let unknown = |e: serde_json::Error| ModelError::Card {
            field: ARCHITECTURE,
            found: text.chars().take(64).collect(),
            expected: format!(
                "the description of a WaveNet, with knobs or without, an LSTM or a linear model ({e})"
            ),
        };
        let key: Key = serde_json::from_str(text).map_err(unknown)?;
        match key {
            Key { lstm: Some(spec), linear: None, parametric: None } => Ok(Self::Lstm(spec)),
            Key { lstm: None, linear: Some(spec), parametric: None } => Ok(Self::Linear(spec)),
            Key { lstm: None, linear: None, parametric: Some(spec) } => Ok(Self::Parametric(spec)),
            _ => serde_json::from_str(text).map(Self::WaveNet).map_err(unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Residual;

    #[test]
    fn descriptions_of_the_first_files_keep_their_meaning() {
        const FIRST: &str = r#"{"causal":true,"arrays":[{"channels":2,"bottleneck":2,"input_bias":true,
            "conv_groups":1,"mixin_groups":null,"layer1x1_groups":null,"residual":true,
            "layers":[{"kernel_size":3,"dilation":1,"activation":{"type":"tanh"}}],
            "head":{"source":"hidden","channels":1,"kernel_size":1,"dilation":1,"bias":true}}],"head_scale":1.0}"#;
        let cases = [("true", Residual::Add), ("false", Residual::Keep), (r#""replace""#, Residual::Replace)];
        for (written, meant) in cases {
            let text = FIRST.replace(r#""residual":true"#, &format!(r#""residual":{written}"#));
            let Architecture::WaveNet(spec) = Architecture::from_json(&text).unwrap() else { panic!() };
            assert_eq!(spec.arrays[0].residual, meant);
            let again = Architecture::WaveNet(spec.clone()).to_json();
            assert!(again.contains(&format!(r#""residual":{written}"#)), "{again}");
        }
        let wrong = FIRST.replace(r#""residual":true"#, r#""residual":"twice""#);
        assert!(Architecture::from_json(&wrong).is_err());
    }
}
