//! Writing files.

use super::super::{Activation, Card, Gating, LayerArray, Model, ModelError, Network, Size, WaveNet};
use super::net::Net;
use super::version::Version;
use super::wavenet::FILM_KEYS;
use super::{activation, convnet, form, lstm, metadata};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A file, or a network inside of one.
#[derive(Serialize)]
struct Document {
    version: &'static str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Value>,
    architecture: &'static str,
    config: Config,
    weights: Vec<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_rate: Option<f64>,
}

/// Configurations; those that hold other networks are not turned into values first, because their
/// weights are long.
#[derive(Serialize)]
#[serde(untagged)]
enum Config {
    Plain(Value),
    WaveNet {
        #[serde(skip_serializing_if = "Option::is_none")]
        condition_dsp: Option<Box<Document>>,
        layers: Vec<Value>,
        head: Value,
        head_scale: f32,
    },
    Container {
        submodels: Vec<Submodel>,
    },
}

#[derive(Serialize)]
struct Submodel {
    max_value: f64,
    model: Document,
}

/// What all networks of a file share.
struct Writer<'a> {
    version: Version,
    card: &'a Card,
}

/// Writes a model; see [`Model::to_nam`].
pub fn write(model: &Model, version: Version) -> Result<Vec<u8>, ModelError> {
    model.card.validate()?;
    let writer = Writer { version, card: &model.card };
    let refuse = |problem: String| ModelError::NotExpressible { version, problem };
    let mut document = writer.network(&model.network).map_err(refuse)?;
    document.metadata = metadata::write(&model.card);
    serde_json::to_vec(&document).map_err(|e| refuse(e.to_string()))
}

impl Writer<'_> {
    fn document(&self, architecture: &'static str, config: Config, weights: Vec<f32>) -> Document {
        Document {
            version: self.version.name(),
            metadata: Map::new(),
            architecture,
            config,
            weights,
            sample_rate: Some(self.card.sample_rate_hz),
        }
    }

    fn plain(&self, architecture: &'static str, config: Value, weights: Vec<f32>) -> Document {
        self.document(architecture, Config::Plain(config), weights)
    }

    fn network(&self, network: &Network) -> Result<Document, String> {
        match network {
            Network::WaveNet(net) => self.wavenet(net),
            Network::Lstm(lstm) => {
                let spec = lstm.spec();
                let config =
                    json!({ "input_size": 1, "hidden_size": spec.hidden, "num_layers": spec.layers });
                let mut document = self.plain("LSTM", config, lstm.weights().to_vec());
                document.sample_rate = self.lstm_rate(spec.warm_up_samples)?;
                Ok(document)
            }
            Network::Linear(linear) => {
                let response = linear.impulse_response();
                let biased = linear.bias() != 0.0;
                let config = json!({ "receptive_field": response.len(), "bias": biased });
                let bias = biased.then_some(linear.bias());
                Ok(self.plain("Linear", config, response.iter().copied().chain(bias).collect()))
            }
            Network::Slimmable(slimmable) => {
                if self.version != Version::V0_7_0 {
                    return Err("slimmable models came later; write it as 0.7.0, or choose one size".into());
                }
                let submodel = |size: &Size| {
                    // JSON has no infinity.
                    let max_value = size.below.min(f64::MAX);
                    let metadata = metadata::write_size(size);
                    Ok(Submodel { max_value, model: Document { metadata, ..self.network(&size.network)? } })
                };
                let submodels = slimmable.sizes().iter().map(submodel).collect::<Result<_, String>>()?;
                Ok(self.document("SlimmableContainer", Config::Container { submodels }, Vec::new()))
            }
            Network::Parametric(_) => {
                Err("it has knobs, for which the format has no words; fix each at a setting, as with `tonewright convert --knob NAME=SETTING`".into())
            }
            Network::Graph(_) => Err("it is a graph of an unknown architecture; keep it as .onnx".into()),
        }
    }

    /// Players take an LSTM's warm-up from the sample rate: half a second, or one block where the
    /// rate is not known.
    fn lstm_rate(&self, warm_up_samples: usize) -> Result<Option<f64>, String> {
        let rate_hz = self.card.sample_rate_hz;
        if warm_up_samples == lstm::warm_up_samples(Some(rate_hz)) {
            return Ok(Some(rate_hz));
        }
        if warm_up_samples == lstm::warm_up_samples(None) && rate_hz == Card::default().sample_rate_hz {
            return Ok(None);
        }
        Err(format!(
            "it settles for {warm_up_samples} samples before it is heard, players do so for half a second; keep it as .onnx"
        ))
    }

    fn wavenet(&self, net: &WaveNet) -> Result<Document, String> {
        let net = Net { spec: net.spec().clone(), weights: net.weights().to_vec() };
        self.net(&net)
    }

    fn net(&self, net: &Net) -> Result<Document, String> {
        if let Some(written) = convnet::from_net(net) {
            return self.convnet(written);
        }
        let shaped = form::nam_shaped(net, self.version)?;
        let spec = &shaped.spec;
        let mut layers = Vec::with_capacity(spec.arrays.len());
        let mut input_size = 1;
        for (i, array) in spec.arrays.iter().enumerate() {
            let sizes = (input_size, spec.condition_channels());
            layers.push(match self.version {
                Version::V0_7_0 => array_0_7(array, sizes),
                Version::V0_5_4 => array_0_5(array, sizes).map_err(|what| {
                    format!("array {i} has {what}; write it as 0.7.0, or keep it as .onnx")
                })?,
            });
            check_layer1x1_modulation(&shaped, i)?;
            input_size = array.channels;
        }
        let old = self.version == Version::V0_5_4;
        if old && (spec.post_head.is_some() || spec.condition.is_some()) {
            return Err("heads after the arrays and condition networks came later; write it as 0.7.0".into());
        }
        let condition_dsp = shaped.condition().map(|c| self.net(&c).map(Box::new)).transpose()?;
        let head = spec.post_head.as_ref().map(|head| {
            json!({
                "channels": head.channels,
                "out_channels": head.out_channels,
                "kernel_sizes": head.kernel_sizes,
                "activation": activation::object(&head.activation, None),
            })
        });
        let mut weights = shaped.weights[shaped.condition_weights()..].to_vec();
        weights.push(spec.head_scale);
        let config =
            Config::WaveNet { condition_dsp, layers, head: head.into(), head_scale: spec.head_scale };
        Ok(self.document("WaveNet", config, weights))
    }

    fn convnet(&self, net: convnet::Written<'_>) -> Result<Document, String> {
        let activation = match (activation::name(net.activation), self.version) {
            (Some(name), _) => json!(name),
            (None, Version::V0_7_0) => activation::object(net.activation, Some(net.channels)),
            (None, Version::V0_5_4) => {
                return Err(format!("{}; write it as 0.7.0", unknown_to_0_5(net.activation)));
            }
        };
        let config = json!({
            "channels": net.channels,
            "dilations": net.dilations,
            "batchnorm": false,
            "activation": activation,
        });
        Ok(self.plain("ConvNet", config, net.weights))
    }
}

fn unknown_to_0_5(activation: &Activation) -> String {
    let how =
        if matches!(activation, Activation::LeakyRelu { .. }) { " of another slope than 0.01" } else { "" };
    format!("the activation {}{how}, which older players do not know", activation::label(activation))
}

/// An array as NAM's trainer writes it today.
fn array_0_7(array: &LayerArray, (input_size, condition_size): (usize, usize)) -> Value {
    let rows = Some(array.bottleneck);
    let mut head = json!({
        "out_channels": array.head.channels,
        "kernel_size": array.head.kernel_size,
        "bias": array.head.bias,
    });
    if array.head.dilation != 1 {
        head["head_dilation"] = json!(array.head.dilation);
    }
    let (modes, seconds): (Vec<&str>, Vec<Value>) = array
        .layers
        .iter()
        .map(|layer| match &layer.gating {
            Gating::None => ("none", Value::Null),
            Gating::Gated { gate } => ("gated", activation::object(gate, rows)),
            Gating::Blended { blend } => ("blended", activation::object(blend, rows)),
        })
        .unzip();
    let head1x1 = array.head1x1;
    let mut value = json!({
        "input_size": input_size,
        "condition_size": condition_size,
        "head": head,
        "channels": array.channels,
        "kernel_sizes": array.layers.iter().map(|l| l.kernel_size).collect::<Vec<_>>(),
        "dilations": array.layers.iter().map(|l| l.dilation).collect::<Vec<_>>(),
        "activation": array.layers.iter().map(|l| activation::object(&l.activation, rows)).collect::<Vec<_>>(),
        "bottleneck": array.bottleneck,
        "head1x1": {
            "active": head1x1.is_some(),
            "out_channels": head1x1.map_or(1, |h| h.channels),
            "groups": head1x1.map_or(1, |h| h.groups),
        },
        "layer1x1": { "active": true, "groups": array.layer1x1_groups },
        "groups_input": array.conv_groups,
        "groups_input_mixin": array.mixin_groups,
        "gating_mode": modes,
        "secondary_activation": seconds,
        "slimmable": null,
    });
    for (key, film) in FILM_KEYS.into_iter().zip(array.films.all()) {
        value[key] = json!({
            "active": film.is_some(),
            "shift": film.is_none_or(|f| f.shift),
            "groups": film.map_or(1, |f| f.groups),
        });
    }
    value
}

/// An array as it was written before 2025; what stands in the way where it cannot be.
fn array_0_5(array: &LayerArray, (input_size, condition_size): (usize, usize)) -> Result<Value, String> {
    let first = &array.layers[0];
    let groups = [Some(array.conv_groups), array.mixin_groups, array.layer1x1_groups];
    if groups != [Some(1); 3] {
        return Err("grouped convolutions".into());
    }
    if array.bottleneck != array.channels {
        return Err("a bottleneck".into());
    }
    if array.head1x1.is_some() {
        return Err("a 1x1 before its head".into());
    }
    if !array.films.is_empty() {
        return Err("feature-wise modulations".into());
    }
    if array.head.kernel_size != 1 {
        return Err(format!("a head of {} taps", array.head.kernel_size));
    }
    if let Some(layer) = array.layers.iter().find(|l| l.kernel_size != first.kernel_size) {
        return Err(format!("layers of {} and of {} taps", first.kernel_size, layer.kernel_size));
    }
    if array.layers.iter().any(|l| l.activation != first.activation || l.gating != first.gating) {
        return Err("layers of different functions".into());
    }
    let gated = match &first.gating {
        Gating::None => false,
        Gating::Gated { gate: Activation::Sigmoid } => true,
        Gating::Gated { gate } => {
            return Err(format!(
                "gates of {}, of which older players know Sigmoid only",
                activation::label(gate)
            ));
        }
        Gating::Blended { .. } => return Err("blended layers, which older players do not know".into()),
    };
    let activation = activation::name(&first.activation).ok_or_else(|| unknown_to_0_5(&first.activation))?;
    Ok(json!({
        "input_size": input_size,
        "condition_size": condition_size,
        "head_size": array.head.channels,
        "channels": array.channels,
        "kernel_size": first.kernel_size,
        "dilations": array.layers.iter().map(|l| l.dilation).collect::<Vec<_>>(),
        "activation": activation,
        "gated": gated,
        "head_bias": array.head.bias,
    }))
}

/// Players apply the modulation after a layer's 1x1 in blended layers only; elsewhere it must be
/// one that changes nothing.
fn check_layer1x1_modulation(net: &Net, index: usize) -> Result<(), String> {
    let array = &net.spec.arrays[index];
    if array.films.layer1x1_post.is_none() {
        return Ok(());
    }
    let tensors = net.own_tensors();
    for (j, layer) in array.layers.iter().enumerate() {
        if matches!(layer.gating, Gating::Blended { .. }) {
            continue;
        }
        let [weight, bias] = ["weight", "bias"].map(|part| {
            &net.weights[tensors[&format!("array{index}.layer{j}.layer1x1_post_film.{part}")].clone()]
        });
        let (scale, shift) = bias.split_at(array.channels);
        let idle = weight.iter().chain(shift).all(|&w| w == 0.0) && scale.iter().all(|&w| w == 1.0);
        if !idle {
            return Err(format!(
                "layer {j} of array {index} modulates what its 1x1 gives, which players do in blended layers only; keep it as .onnx"
            ));
        }
    }
    Ok(())
}
