//! Reading WaveNets, in every form that the format has had.

use super::super::validate::within;
use super::super::{
    Activation, Film, FilmSlots, Gating, Head, Head1x1, HeadSource, Layer, LayerArray, ModelError, PostHead,
    Residual, WaveNetSpec, limits,
};
use super::activation;
use super::document::{Architecture, Document, Rate};
use super::net::Net;
use super::node::{Fields, Node};

/// Keys of a layer array.
const ARRAY_KEYS: [&str; 26] = [
    "input_size",
    "condition_size",
    "head",
    "head_size",
    "head_bias",
    "channels",
    "bottleneck",
    "kernel_size",
    "kernel_sizes",
    "dilations",
    "activation",
    "secondary_activation",
    "gated",
    "gating_mode",
    "groups_input",
    "groups_input_mixin",
    "layer1x1",
    "head1x1",
    "slimmable",
    FILM_KEYS[0],
    FILM_KEYS[1],
    FILM_KEYS[2],
    FILM_KEYS[3],
    FILM_KEYS[4],
    FILM_KEYS[5],
    FILM_KEYS[6],
];

/// Keys of the modulations, in the order of [`FilmSlots::all`], which is that of their weights.
pub const FILM_KEYS: [&str; 8] = [
    "conv_pre_film",
    "conv_post_film",
    "input_mixin_pre_film",
    "input_mixin_post_film",
    "activation_pre_film",
    "activation_post_film",
    "layer1x1_post_film",
    "head1x1_post_film",
];

/// A WaveNet as its file describes it.
pub struct Described<'a> {
    /// The largest size.
    pub net: Net,
    /// The arrays' objects, for what is said of their sizes.
    pub arrays: Vec<Fields<'a>>,
}

/// Reads a network and counts its weights; its modulations are not settled yet. `depth` is the
/// number of networks it is a condition in.
pub fn read<'a>(document: &Document<'a>, depth: usize, rate: &mut Rate) -> Result<Described<'a>, ModelError> {
    let mut config = document.config.clone();
    // Slimmable networks may come wrapped.
    if let Some(wrapped) = config.get("model") {
        config.only(&["model"])?;
        config = wrapped.fields()?;
    }
    config.only(&["layers", "head", "head_scale", "in_channels", "condition_dsp"])?;
    config.one_channel("in_channels")?;
    // The last weight stands in for it.
    config.required("head_scale")?.number()?;

    let condition = config.get("condition_dsp").map(|node| condition(&node, depth + 1, rate)).transpose()?;
    let condition_channels = condition.as_ref().map_or(1, |c| c.spec.output_channels());
    let arrays: Vec<Fields<'_>> = config
        .required("layers")?
        .list(limits::ARRAYS)?
        .iter()
        .map(Node::fields)
        .collect::<Result<_, _>>()?;
    let mut spec = WaveNetSpec {
        causal: true,
        arrays: Vec::with_capacity(arrays.len()),
        post_head: None,
        head_scale: 1.0,
        condition: None,
    };
    for fields in &arrays {
        let previous = spec.arrays.last();
        expect(fields, "input_size", previous.map_or(1, |a| a.channels), "the channels that it is given")?;
        expect(fields, "condition_size", condition_channels, "the channels of the condition")?;
        spec.arrays.push(array(fields)?);
    }
    let head_channels = spec.arrays.last().map_or(0, |a| a.head.channels);
    spec.post_head = config.get("head").map(|node| post_head(&node, head_channels)).transpose()?;
    let mut weights = Vec::new();
    if let Some(condition) = condition {
        weights = condition.weights;
        spec.condition = Some(Box::new(condition.spec));
    }
    spec.validate_at(depth)?;

    let expected = spec.weight_count() - weights.len() + 1;
    document.count_weights(expected)?;
    let (&head_scale, own) = document.weights.split_last().unwrap_or((&1.0, &[]));
    spec.head_scale = head_scale;
    weights.extend_from_slice(own);
    Ok(Described { net: Net { spec, weights }, arrays })
}

/// Reads the network that makes the condition.
fn condition(node: &Node<'_>, depth: usize, rate: &mut Rate) -> Result<Net, ModelError> {
    within("nesting of condition networks", depth, 0, limits::NESTING)?;
    let document = Document::read(node)?;
    rate.agree(&document)?;
    match document.architecture {
        Architecture::WaveNet => {
            let mut net = read(&document, depth, rate)?.net;
            settle_layer1x1_modulation(&mut net);
            Ok(net)
        }
        Architecture::ConvNet => super::convnet::read(&document),
        other => Err(node.refuse(format!(
            "the condition is made by an architecture of the kind {}; only WaveNets and ConvNets are played there",
            other.name()
        ))),
    }
}

/// Checks a size that follows from the rest of the file.
fn expect(fields: &Fields<'_>, key: &str, expected: usize, what: &str) -> Result<(), ModelError> {
    match fields.size(key)? {
        found if found == expected => Ok(()),
        found => Err(fields.refuse(key, format!("it is {found}, {what} are {expected}"))),
    }
}

fn array(fields: &Fields<'_>) -> Result<LayerArray, ModelError> {
    let mut known = ARRAY_KEYS.to_vec();
    known.push(FILM_KEYS[7]);
    fields.only(&known)?;
    let channels = fields.size("channels")?;
    let layer1x1_groups = match fields.get("layer1x1") {
        None => Some(1),
        Some(node) => {
            let fields = node.fields()?;
            fields.only(&["active", "groups"])?;
            let groups = fields.size_or("groups", 1)?;
            fields.required("active")?.flag()?.then_some(groups)
        }
    };
    let head1x1 = match fields.get("head1x1") {
        None => None,
        Some(node) => {
            let fields = node.fields()?;
            fields.only(&["active", "out_channels", "groups"])?;
            let head =
                Head1x1 { channels: fields.size("out_channels")?, groups: fields.size_or("groups", 1)? };
            fields.required("active")?.flag()?.then_some(head)
        }
    };
    Ok(LayerArray {
        channels,
        bottleneck: fields.size_or("bottleneck", channels)?,
        input_bias: false,
        conv_groups: fields.size_or("groups_input", 1)?,
        mixin_groups: Some(fields.size_or("groups_input_mixin", 1)?),
        layer1x1_groups,
        residual: if layer1x1_groups.is_some() { Residual::Add } else { Residual::Keep },
        head1x1,
        films: films(fields)?,
        layers: layers(fields)?,
        head: head(fields)?,
    })
}

fn layers(fields: &Fields<'_>) -> Result<Vec<Layer>, ModelError> {
    let dilations = fields.required("dilations")?.sizes(limits::LAYERS)?;
    let n = dilations.len();
    let kernel_sizes = match (fields.get("kernel_size"), fields.get("kernel_sizes")) {
        (Some(_), Some(_)) => {
            return Err(
                fields.refuse("kernel_sizes", "there is a kernel_size as well; only one of them may be")
            );
        }
        (None, Some(sizes)) => {
            let found = sizes.sizes(limits::LAYERS)?;
            same_length(&sizes, found.len(), n)?;
            found
        }
        (single, None) => vec![single.map_or_else(|| fields.size("kernel_size"), |k| k.size())?; n],
    };
    let activations = each(&fields.required("activation")?, n, activation::read)?;
    let gatings = gatings(fields, n)?;
    let parts = dilations.into_iter().zip(kernel_sizes).zip(activations).zip(gatings);
    Ok(parts
        .map(|(((dilation, kernel_size), activation), gating)| Layer {
            kernel_size,
            dilation,
            activation,
            gating,
        })
        .collect())
}

/// One value for all layers, or a list with one for each.
fn each<'a, T: Clone>(
    node: &Node<'a>,
    layers: usize,
    read: impl Fn(&Node<'a>) -> Result<T, ModelError>,
) -> Result<Vec<T>, ModelError> {
    if !node.is_list() {
        return Ok(vec![read(node)?; layers]);
    }
    let list = node.list(limits::LAYERS)?;
    same_length(node, list.len(), layers)?;
    list.iter().map(read).collect()
}

fn same_length(node: &Node<'_>, found: usize, layers: usize) -> Result<(), ModelError> {
    if found == layers {
        return Ok(());
    }
    Err(node.refuse(format!(
        "it holds {found} values, `dilations` holds {layers}; there must be one for each layer"
    )))
}

/// Gating of every layer: by `gating_mode`, or by the older `gated`.
fn gatings(fields: &Fields<'_>, layers: usize) -> Result<Vec<Gating>, ModelError> {
    let Some(modes) = fields.get("gating_mode") else {
        let gated = fields.flag_or("gated", false)?;
        let gating = if gated { Gating::Gated { gate: Activation::Sigmoid } } else { Gating::None };
        return Ok(vec![gating; layers]);
    };
    let names = each(&modes, layers, |node| match node.text()? {
        mode @ ("none" | "gated" | "blended") => Ok(mode),
        other => {
            let other: String = other.chars().take(64).collect();
            Err(node.refuse(format!("the mode `{other}` is not known; known are none, gated and blended")))
        }
    })?;
    // What stands beside a layer that is not gated is often empty, and never read.
    let secondary = fields.get("secondary_activation");
    let seconds = match &secondary {
        Some(node) if node.is_list() => {
            let list = node.list(limits::LAYERS)?;
            same_length(node, list.len(), layers)?;
            list.into_iter().map(Some).collect()
        }
        single => vec![single.clone(); layers],
    };
    names
        .into_iter()
        .zip(seconds)
        .map(|(mode, second)| {
            if mode == "none" {
                return Ok(Gating::None);
            }
            let second = second.map_or(Ok(Activation::Sigmoid), |node| activation::read(&node))?;
            Ok(if mode == "gated" {
                Gating::Gated { gate: second }
            } else {
                Gating::Blended { blend: second }
            })
        })
        .collect()
}

fn films(fields: &Fields<'_>) -> Result<FilmSlots, ModelError> {
    let film = |i: usize| -> Result<Option<Film>, ModelError> {
        let Some(node) = fields.get(FILM_KEYS[i]) else { return Ok(None) };
        if !node.is_object() {
            return if node.flag()? {
                Err(node.refuse("it is true, expected an object or false"))
            } else {
                Ok(None)
            };
        }
        let fields = node.fields()?;
        fields.only(&["active", "shift", "groups"])?;
        let film = Film { shift: fields.flag_or("shift", true)?, groups: fields.size_or("groups", 1)? };
        Ok(fields.flag_or("active", true)?.then_some(film))
    };
    Ok(FilmSlots {
        conv_pre: film(0)?,
        conv_post: film(1)?,
        mixin_pre: film(2)?,
        mixin_post: film(3)?,
        activation_pre: film(4)?,
        activation_post: film(5)?,
        layer1x1_post: film(6)?,
        head1x1_post: film(7)?,
    })
}

/// The convolution that ends an array: an object, or the older pair of keys with one tap.
fn head(fields: &Fields<'_>) -> Result<Head, ModelError> {
    let (channels, kernel_size, dilation, bias) = match fields.get("head") {
        Some(node) => {
            let head = node.fields()?;
            head.only(&["out_channels", "kernel_size", "bias", "head_dilation"])?;
            (
                head.size("out_channels")?,
                head.size("kernel_size")?,
                head.size_or("head_dilation", 1)?,
                head.required("bias")?.flag()?,
            )
        }
        None if fields.get("head_size").is_some() => {
            (fields.size("head_size")?, 1, 1, fields.required("head_bias")?.flag()?)
        }
        None => {
            let problem = "it is missing, and so is the older pair of head_size and head_bias";
            return Err(fields.refuse("head", problem));
        }
    };
    Ok(Head { source: HeadSource::SkipSum, channels, kernel_size, dilation, bias })
}

fn post_head(node: &Node<'_>, in_channels: usize) -> Result<PostHead, ModelError> {
    let head = node.fields()?;
    head.only(&["in_channels", "channels", "out_channels", "kernel_sizes", "activation"])?;
    if head.get("in_channels").is_some() {
        expect(&head, "in_channels", in_channels, "the channels that the last array gives")?;
    }
    Ok(PostHead {
        activation: activation::read(&head.required("activation")?)?,
        channels: head.size("channels")?,
        out_channels: head.size("out_channels")?,
        kernel_sizes: head.required("kernel_sizes")?.sizes(limits::LAYERS)?,
    })
}

/// NeuralAmpModelerCore applies the modulation after a layer's 1x1 in blended layers only, though
/// every layer carries its weights. In the others it becomes one that changes nothing; an array
/// without any blended layer loses it.
pub fn settle_layer1x1_modulation(net: &mut Net) {
    let spec = &net.spec;
    let blended = |i: usize, j: usize| matches!(spec.arrays[i].layers[j].gating, Gating::Blended { .. });
    let mut dropped = Vec::new();
    let tensors = net.own_tensors();
    for (i, array) in spec.arrays.iter().enumerate() {
        if array.films.layer1x1_post.is_none() {
            continue;
        }
        let used = (0..array.layers.len()).any(|j| blended(i, j));
        for j in (0..array.layers.len()).filter(|&j| !blended(i, j)) {
            let [weight, bias] = ["weight", "bias"]
                .map(|part| tensors[&format!("array{i}.layer{j}.layer1x1_post_film.{part}")].clone());
            if used {
                net.weights[weight].fill(0.0);
                let (scale, shift) = net.weights[bias].split_at_mut(array.channels);
                scale.fill(1.0);
                shift.fill(0.0);
            } else {
                dropped.extend([weight, bias]);
            }
        }
    }
    if dropped.is_empty() {
        return;
    }
    for array in &mut net.spec.arrays {
        if !array.layers.iter().any(|l| matches!(l.gating, Gating::Blended { .. })) {
            array.films.layer1x1_post = None;
        }
    }
    // The ranges ascend, as the layers do.
    let mut kept = Vec::with_capacity(net.weights.len());
    let mut at = 0;
    for range in dropped {
        kept.extend_from_slice(&net.weights[at..range.start]);
        at = range.end;
    }
    kept.extend_from_slice(&net.weights[at..]);
    net.weights = kept;
}
