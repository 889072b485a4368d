//! Activation functions as the format names them.

use super::super::{Activation, ModelError, limits};
use super::node::Node;
use serde_json::{Value, json};

/// Slope that the format's LeakyReLU and PReLU have when nothing is said.
const DEFAULT_SLOPE: f32 = 0.01;

/// Reads a name, or an object of a name and its parameters.
pub fn read(node: &Node<'_>) -> Result<Activation, ModelError> {
    if !node.is_object() {
        return named(node);
    }
    let fields = node.fields()?;
    let plain = named(&fields.required("type")?)?;
    let float_or = |key: &str, default: f32| fields.get(key).map_or(Ok(default), |n| n.float());
    Ok(match plain {
        Activation::LeakyRelu { .. } => {
            fields.only(&["type", "negative_slope"])?;
            Activation::LeakyRelu { negative_slope: float_or("negative_slope", DEFAULT_SLOPE)? }
        }
        Activation::Prelu { .. } => {
            fields.only(&["type", "negative_slope", "negative_slopes"])?;
            // A single slope comes before a list, as in the reference.
            let negative_slopes = match (fields.get("negative_slope"), fields.get("negative_slopes")) {
                (None, Some(list)) => {
                    list.list(limits::CHANNELS)?.iter().map(Node::float).collect::<Result<_, _>>()?
                }
                (single, _) => vec![single.map_or(Ok(DEFAULT_SLOPE), |n| n.float())?],
            };
            Activation::Prelu { negative_slopes }
        }
        Activation::LeakyHardtanh { min, max, min_slope, max_slope } => {
            fields.only(&["type", "min_val", "max_val", "min_slope", "max_slope"])?;
            Activation::LeakyHardtanh {
                min: float_or("min_val", min)?,
                max: float_or("max_val", max)?,
                min_slope: float_or("min_slope", min_slope)?,
                max_slope: float_or("max_slope", max_slope)?,
            }
        }
        Activation::Hardtanh => {
            fields.only(&["type", "min_val", "max_val"])?;
            for (key, bound) in [("min_val", -1.0), ("max_val", 1.0)] {
                let found = float_or(key, bound)?;
                if found != bound {
                    return Err(fields.refuse(
                        key,
                        format!("it is {found}; a Hardtanh is played from -1 to 1 only, and one of other bounds as a LeakyHardtanh whose slopes are 0"),
                    ));
                }
            }
            Activation::Hardtanh
        }
        plain => {
            fields.only(&["type"])?;
            plain
        }
    })
}

fn named(node: &Node<'_>) -> Result<Activation, ModelError> {
    Ok(match node.text()? {
        "Tanh" => Activation::Tanh,
        "Sigmoid" => Activation::Sigmoid,
        "ReLU" => Activation::Relu,
        "LeakyReLU" => Activation::LeakyRelu { negative_slope: DEFAULT_SLOPE },
        "PReLU" => Activation::Prelu { negative_slopes: vec![DEFAULT_SLOPE] },
        "SiLU" => Activation::Silu,
        "Hardtanh" => Activation::Hardtanh,
        "Hardswish" => Activation::Hardswish,
        "Softsign" => Activation::Softsign,
        "LeakyHardtanh" | "LeakyHardTanh" => Activation::LeakyHardtanh {
            min: -1.0,
            max: 1.0,
            min_slope: DEFAULT_SLOPE,
            max_slope: DEFAULT_SLOPE,
        },
        "Fasttanh" => {
            return Err(node.refuse(
                "`Fasttanh` is a player's approximation of Tanh and is not played; export the model with Tanh",
            ));
        }
        other => {
            let other: String = other.chars().take(64).collect();
            return Err(node.refuse(format!(
                "the activation `{other}` is not known; known are Tanh, Sigmoid, ReLU, LeakyReLU, PReLU, SiLU, Hardtanh, LeakyHardtanh, Hardswish and Softsign"
            )));
        }
    })
}

/// The format's name of it, without its parameters, for messages.
pub fn label(activation: &Activation) -> &'static str {
    match activation {
        Activation::Identity => "identity",
        Activation::Tanh => "Tanh",
        Activation::Sigmoid => "Sigmoid",
        Activation::Relu => "ReLU",
        Activation::LeakyRelu { .. } => "LeakyReLU",
        Activation::Prelu { .. } => "PReLU",
        Activation::Silu => "SiLU",
        Activation::Hardtanh => "Hardtanh",
        Activation::LeakyHardtanh { .. } => "LeakyHardtanh",
        Activation::Hardswish => "Hardswish",
        Activation::Softsign => "Softsign",
    }
}

/// As version 0.7.0 writes it. `rows` is the number of channels it works on in a layer; `None` in a
/// head after the arrays.
pub fn object(activation: &Activation, rows: Option<usize>) -> Value {
    let simple = |name: &str| json!({ "type": name });
    match activation {
        // The format has no identity of its own.
        Activation::Identity => json!({ "type": "LeakyReLU", "negative_slope": 1.0 }),
        Activation::Tanh => simple("Tanh"),
        Activation::Sigmoid => simple("Sigmoid"),
        Activation::Relu => simple("ReLU"),
        Activation::LeakyRelu { negative_slope } => {
            json!({ "type": "LeakyReLU", "negative_slope": negative_slope })
        }
        Activation::Prelu { negative_slopes } => match (&negative_slopes[..], rows) {
            // NeuralAmpModelerCore wants a slope for every channel of a layer that is gated.
            ([slope], Some(rows)) => json!({ "type": "PReLU", "negative_slopes": vec![slope; rows] }),
            ([slope], None) => json!({ "type": "PReLU", "negative_slope": slope }),
            (slopes, _) => json!({ "type": "PReLU", "negative_slopes": slopes }),
        },
        Activation::Silu => simple("SiLU"),
        Activation::Hardtanh => simple("Hardtanh"),
        Activation::LeakyHardtanh { min, max, min_slope, max_slope } => json!({
            "type": "LeakyHardtanh",
            "min_val": min, "max_val": max, "min_slope": min_slope, "max_slope": max_slope,
        }),
        Activation::Hardswish => simple("Hardswish"),
        Activation::Softsign => simple("Softsign"),
    }
}

/// As players of version 0.5.4 know it: a name without parameters, of a shorter list.
pub fn name(activation: &Activation) -> Option<&'static str> {
    match activation {
        Activation::Tanh => Some("Tanh"),
        Activation::Sigmoid => Some("Sigmoid"),
        Activation::Relu => Some("ReLU"),
        Activation::LeakyRelu { negative_slope } if *negative_slope == DEFAULT_SLOPE => Some("LeakyReLU"),
        Activation::Hardtanh => Some("Hardtanh"),
        _ => None,
    }
}
