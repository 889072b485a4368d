//! The one order of a WaveNet's weights.
//!
//! The trainer's parameter vector, the ONNX initialisers, `.nam` files and the kernels all walk
//! this list. It is NAM's order, with the seed network's input bias after its input weights.

use super::{FilmSlots, WaveNetSpec};
use std::ops::Range;

/// One tensor in a network's flat weight vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Dotted name, such as `array0.layer3.conv.weight`.
    pub name: String,
    /// Shape; convolutions are `[out, in / groups, kernel]`, biases `[out]`.
    pub shape: Vec<usize>,
    /// Where it begins in the flat vector.
    pub offset: usize,
}

impl TensorSpec {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its place in the flat vector.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.len()
    }

    /// Number of inputs that one output value sums, for initialisation.
    pub fn fan_in(&self) -> usize {
        self.shape[1..].iter().product()
    }
}

/// Names of the modulations, in the order of [`FilmSlots::all`].
pub(crate) const FILM_NAMES: [&str; 8] = [
    "conv_pre_film",
    "conv_post_film",
    "mixin_pre_film",
    "mixin_post_film",
    "activation_pre_film",
    "activation_post_film",
    "layer1x1_post_film",
    "head1x1_post_film",
];

struct Walk {
    tensors: Vec<TensorSpec>,
    offset: usize,
}

impl Walk {
    fn conv(&mut self, name: &str, out: usize, inp: usize, groups: usize, kernel: usize, bias: bool) {
        self.push(format!("{name}.weight"), vec![out, inp / groups.max(1), kernel]);
        if bias {
            self.push(format!("{name}.bias"), vec![out]);
        }
    }

    fn push(&mut self, name: String, shape: Vec<usize>) {
        let len = shape.iter().fold(1usize, |n, &d| n.saturating_mul(d));
        self.tensors.push(TensorSpec { name, shape, offset: self.offset });
        self.offset = self.offset.saturating_add(len);
    }

    fn network(&mut self, spec: &WaveNetSpec, prefix: &str) {
        if let Some(condition) = &spec.condition {
            self.network(condition, &format!("{prefix}condition."));
        }
        let condition_channels = spec.condition_channels();
        let mut input = 1;
        for (i, array) in spec.arrays.iter().enumerate() {
            let a = format!("{prefix}array{i}");
            self.conv(&format!("{a}.input"), array.channels, input, 1, 1, array.input_bias);
            for (j, layer) in array.layers.iter().enumerate() {
                let l = format!("{a}.layer{j}");
                let rows = array.bottleneck * layer.gating.factor();
                self.conv(
                    &format!("{l}.conv"),
                    rows,
                    array.channels,
                    array.conv_groups,
                    layer.kernel_size,
                    true,
                );
                if let Some(groups) = array.mixin_groups {
                    self.conv(&format!("{l}.mixin"), rows, condition_channels, groups, 1, false);
                }
                if let Some(groups) = array.layer1x1_groups {
                    self.conv(&format!("{l}.layer1x1"), array.channels, array.bottleneck, groups, 1, true);
                }
                if let Some(head) = array.head1x1 {
                    self.conv(&format!("{l}.head1x1"), head.channels, array.bottleneck, head.groups, 1, true);
                }
                let rows = array.film_rows(layer.gating.factor(), condition_channels);
                self.films(&l, &array.films, rows, condition_channels);
            }
            let head = &array.head;
            self.conv(
                &format!("{a}.head"),
                head.channels,
                array.head_input_channels(),
                1,
                head.kernel_size,
                head.bias,
            );
            input = array.channels;
        }
        if let (Some(post), Some(array)) = (&spec.post_head, spec.arrays.last()) {
            let mut rows = array.head.channels;
            for (i, &kernel) in post.kernel_sizes.iter().enumerate() {
                let last = i + 1 == post.kernel_sizes.len();
                let out = if last { post.out_channels } else { post.channels };
                self.conv(&format!("{prefix}post_head{i}"), out, rows, 1, kernel, true);
                rows = out;
            }
        }
    }

    fn films(&mut self, layer: &str, films: &FilmSlots, rows: [usize; 8], condition_channels: usize) {
        for ((film, name), rows) in films.all().into_iter().zip(FILM_NAMES).zip(rows) {
            if let Some(film) = film {
                let out = if film.shift { 2 * rows } else { rows };
                self.conv(&format!("{layer}.{name}"), out, condition_channels, film.groups, 1, true);
            }
        }
    }
}

impl WaveNetSpec {
    /// Every tensor of the network, in the order of its weights.
    pub fn tensors(&self) -> Vec<TensorSpec> {
        self.walk().tensors
    }

    /// Number of weights. [`WaveNetSpec::head_scale`] is not one of them.
    pub fn weight_count(&self) -> usize {
        self.walk().offset
    }

    fn walk(&self) -> Walk {
        let mut walk = Walk { tensors: Vec::new(), offset: 0 };
        walk.network(self, "");
        walk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_receptive_fields_are_the_published_ones() {
        let cases = [
            (WaveNetSpec::seed(16, 10, 3, true), 7_889, 2_047),
            (WaveNetSpec::seed(16, 6, 3, true), 4_753, 127),
            (WaveNetSpec::seed(16, 10, 3, false), 7_889, 2_047),
            (WaveNetSpec::nam_standard(), 13_801, 4_093),
            (WaveNetSpec::nam_a2(8), 12_145, 6_347),
            (WaveNetSpec::nam_a2(3), 1_870, 6_347),
        ];
        for (spec, weights, field) in cases {
            spec.validate().unwrap();
            assert_eq!(spec.weight_count(), weights);
            assert_eq!(spec.receptive_field_samples(), field);
        }
        assert_eq!(WaveNetSpec::seed(16, 10, 3, false).lookahead_samples(), 1_023);
    }

    #[test]
    fn tensors_tile_the_weight_vector() {
        let mut at = 0;
        for tensor in WaveNetSpec::nam_standard().tensors() {
            assert_eq!(tensor.offset, at, "{}", tensor.name);
            at = tensor.range().end;
        }
        assert_eq!(at, WaveNetSpec::nam_standard().weight_count());
    }
}
