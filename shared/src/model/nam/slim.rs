//! Slimmable WaveNets: one set of weights whose first channels are networks of their own.
//!
//! The quality `q` from 0 to 1 takes the `floor(q n)`-th of the `n` widths that an array allows. A
//! narrower network is the first rows and columns of every tensor, as NeuralAmpModelerCore cuts it.

use super::super::validate::within;
use super::super::{
    Activation, Gating, LayerArray, ModelError, Network, Size, Slimmable, WaveNet, WaveNetSpec, limits,
};
use super::net::Net;
use super::node::Fields;
use super::wavenet::{Described, settle_layer1x1_modulation};

/// The one way of slimming that there is.
const METHOD: &str = "slice_channels_uniform";

/// The network with all its sizes, or the largest alone. Alone it is, too, where a part of it cannot
/// be cut: NeuralAmpModelerCore plays such a network at its full size.
pub fn network(described: Described<'_>, all_sizes: bool) -> Result<Network, ModelError> {
    let Described { net, arrays } = described;
    let mut widths = Vec::with_capacity(arrays.len());
    for (fields, array) in arrays.iter().zip(&net.spec.arrays) {
        widths.push(allowed(fields, array.channels)?);
    }
    let breakpoints = breakpoints(&widths);
    if breakpoints.is_empty()
        || !all_sizes
        || !net.spec.arrays.iter().all(|array| can_be_cut(&net.spec, array))
    {
        return Ok(Network::WaveNet(whole(net)?));
    }
    within("number of sizes", breakpoints.len() + 1, 1, limits::SIZES)?;
    let mut sizes = Vec::with_capacity(breakpoints.len() + 1);
    let mut total = 0usize;
    let mut lower = 0.0;
    for below in breakpoints.into_iter().chain([1.0]) {
        let channels: Vec<usize> = widths
            .iter()
            .zip(&net.spec.arrays)
            .map(|(w, array)| width_at(w, (lower + below) / 2.0).unwrap_or(array.channels))
            .collect();
        let spec = narrowed(&net.spec, &channels);
        spec.validate()?;
        total = total.saturating_add(spec.weight_count());
        within("number of weights of all sizes together", total, 1, limits::WEIGHTS)?;
        let weights = cut(&net, &spec);
        let network = Network::WaveNet(whole(Net { spec, weights })?);
        sizes.push(Size { below, network, loudness_dbfs: None });
        lower = below;
    }
    Ok(Network::Slimmable(Slimmable::new(sizes)?))
}

/// A network of one size. Only now are its modulations settled: what settles the full size's stands
/// in rows that a narrower one does not have.
fn whole(mut net: Net) -> Result<WaveNet, ModelError> {
    settle_layer1x1_modulation(&mut net);
    WaveNet::new(net.spec, net.weights)
}

/// The widths that an array may have, ascending; none if it is not slimmable.
fn allowed(fields: &Fields<'_>, channels: usize) -> Result<Vec<usize>, ModelError> {
    let Some(node) = fields.get("slimmable") else { return Ok(Vec::new()) };
    let slimmable = node.fields()?;
    slimmable.only(&["method", "kwargs"])?;
    let method = slimmable.required("method")?;
    if method.text()? != METHOD {
        let found: String = method.text()?.chars().take(64).collect();
        return Err(method.refuse(format!("the method `{found}` is not known; known is {METHOD}")));
    }
    let kwargs = slimmable.get("kwargs").map(|n| n.fields()).transpose()?;
    if let Some(kwargs) = &kwargs {
        kwargs.only(&["allowed_channels"])?;
    }
    let Some(list) = kwargs.and_then(|k| k.get("allowed_channels")) else {
        return Ok((1..=channels).collect());
    };
    let widths = list.sizes(limits::CHANNELS)?;
    if widths[0] == 0 || widths.windows(2).any(|w| w[0] >= w[1]) || widths.last() != Some(&channels) {
        return Err(list.refuse(format!(
            "it is {widths:?}; widths must ascend from 1 or more to the array's {channels} channels"
        )));
    }
    Ok(widths)
}

/// Qualities at which some array changes its width.
fn breakpoints(widths: &[Vec<usize>]) -> Vec<f64> {
    let mut points: Vec<f64> =
        widths.iter().flat_map(|w| (1..w.len()).map(|i| i as f64 / w.len() as f64)).collect();
    points.sort_by(f64::total_cmp);
    points.dedup();
    points
}

fn width_at(widths: &[usize], quality: f64) -> Option<usize> {
    let at = (quality * widths.len() as f64).floor() as usize;
    widths.get(at.min(widths.len().checked_sub(1)?)).copied()
}

/// Whether the first channels are a network: without groups, a slope for every channel, or a head
/// after the last array.
fn can_be_cut(spec: &WaveNetSpec, array: &LayerArray) -> bool {
    let groups =
        [Some(array.conv_groups), array.mixin_groups, array.layer1x1_groups, array.head1x1.map(|h| h.groups)];
    let film_groups = array.films.all().into_iter().flatten().map(|f| f.groups);
    let slopes =
        |a: &Activation| matches!(a, Activation::Prelu { negative_slopes } if negative_slopes.len() > 1);
    groups.into_iter().flatten().chain(film_groups).all(|g| g == 1)
        && spec.post_head.is_none()
        && !array.layers.iter().any(|l| slopes(&l.activation) || second(&l.gating).is_some_and(slopes))
}

/// The function of a layer's second half.
fn second(gating: &Gating) -> Option<&Activation> {
    match gating {
        Gating::None => None,
        Gating::Gated { gate: activation } | Gating::Blended { blend: activation } => Some(activation),
    }
}

/// The description with other widths.
fn narrowed(full: &WaveNetSpec, channels: &[usize]) -> WaveNetSpec {
    let mut spec = full.clone();
    for (i, array) in spec.arrays.iter_mut().enumerate() {
        // Without a 1x1 the layers add what they give to what they get.
        array.bottleneck = match array.layer1x1_groups {
            Some(_) => (array.bottleneck * channels[i] / array.channels).max(1),
            None => channels[i],
        };
        array.channels = channels[i];
        if let Some(&next) = channels.get(i + 1) {
            array.head.channels = next;
        }
    }
    spec
}

/// The first rows and columns of every tensor.
fn cut(net: &Net, spec: &WaveNetSpec) -> Vec<f32> {
    let mut weights = Vec::with_capacity(spec.weight_count());
    for (full, slim) in net.spec.tensors().iter().zip(spec.tensors()) {
        let source = &net.weights[full.range()];
        let row_length = |shape: &[usize]| shape[1..].iter().product::<usize>();
        let (stride, length) = (row_length(&full.shape), row_length(&slim.shape));
        for row in source.chunks_exact(stride).take(slim.shape[0]) {
            weights.extend_from_slice(&row[..length]);
        }
    }
    weights
}
