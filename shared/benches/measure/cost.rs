//! What a model asks for.

use shared::model::{HeadSource, Model, Network, WaveNetSpec};

/// Multiplications with additions that a sample cannot do without: one for every weight that
/// multiplies a signal.
///
/// A WaveNet's first convolution reads rows that are one signal times constants, so it can be folded
/// into a convolution of that one signal, and counts as such. The 1x1 of its last layer makes a
/// hidden signal that nothing reads, unless the head does, and does not count. Activations are not
/// counted, so no engine can reach the whole of the peak.
pub fn multiply_adds(model: &Model) -> usize {
    let (tensors, spared) = match model.network.full() {
        Network::WaveNet(net) => (net.spec().tensors(), folded(net.spec()) + unread(net.spec())),
        Network::Lstm(lstm) => (lstm.spec().tensors(), 0),
        Network::Linear(linear) => return linear.impulse_response().len(),
        Network::Slimmable(_) | Network::Parametric(_) | Network::Graph(_) => return 0,
    };
    let weights = tensors.iter().filter(|t| t.name.ends_with(".weight"));
    weights.map(|t| t.len()).sum::<usize>() - spared
}

fn folded(spec: &WaveNetSpec) -> usize {
    let array = &spec.arrays[0];
    let foldable = array.conv_groups == 1 && array.films.conv_pre.is_none();
    match array.layers.first() {
        Some(layer) if foldable => array.bottleneck * layer.kernel_size * (array.channels - 1),
        _ => 0,
    }
}

fn unread(spec: &WaveNetSpec) -> usize {
    let array = &spec.arrays[spec.arrays.len() - 1];
    match array.layer1x1_groups {
        Some(groups) if array.head.source == HeadSource::SkipSum => {
            array.channels * array.bottleneck / groups
        }
        _ => 0,
    }
}
