//! The WaveNet description: one form for the seed networks and every NAM WaveNet.

use super::Activation;
use serde::{Deserialize, Serialize};

/// Largest sizes a file may ask for. Far above any real capture, far below what would hurt.
pub mod limits {
    /// Bytes of a model file.
    pub const FILE_BYTES: u64 = 32 << 20;
    /// Layer arrays in a network.
    pub const ARRAYS: usize = 16;
    /// Layers in an array.
    pub const LAYERS: usize = 128;
    /// Channels anywhere.
    pub const CHANNELS: usize = 512;
    /// Taps of a convolution.
    pub const KERNEL_SIZE: usize = 4096;
    /// Dilation of a convolution, in samples.
    pub const DILATION: usize = 65_536;
    /// Receptive field of a whole network, in samples.
    pub const RECEPTIVE_FIELD: usize = 1 << 20;
    /// Values of all signals that a network keeps, past and present.
    pub const HISTORY: usize = 1 << 24;
    /// Rows of all tensors of a network. Where a convolution is in groups, an engine may make an
    /// operation of each row, which takes some hundred bytes. NAM's standard network has 1,700.
    pub const ROWS: usize = 1 << 17;
    /// Weights of a network.
    pub const WEIGHTS: usize = 4 << 20;
    /// Multiplications, or what takes as long, that settle a network before it is heard: about two
    /// seconds of one core. NAM's standard network takes a hundredth of it.
    pub const SETTLING: usize = 6 << 30;
    /// Layers of an LSTM.
    pub const LSTM_LAYERS: usize = 32;
    /// Samples of a linear model's impulse response.
    pub const IMPULSE_RESPONSE: usize = 1 << 20;
    /// Networks inside networks, as conditions, and containers inside containers.
    pub const NESTING: usize = 2;
    /// Sizes of a slimmable model.
    pub const SIZES: usize = 32;
    /// Knobs of a model.
    pub const KNOBS: usize = 8;
    /// Rows of the hidden layer that follows the knobs.
    pub const KNOB_FEATURES: usize = 64;
    /// Characters of a knob's name.
    pub const KNOB_NAME: usize = 32;
}

/// A WaveNet: stacks of dilated convolutions with residual connections.
///
/// Every network takes one channel of audio and gives one. With `x` the audio and `c` the
/// condition (the audio itself, or what [`WaveNetSpec::condition`] makes of it), an array maps its
/// input to `channels` rows, sends them through its layers and sums what its head reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaveNetSpec {
    /// `false`: kernels are centred, and the network needs samples of the future.
    pub causal: bool,
    /// The arrays, each fed by the one before it; their heads are summed.
    pub arrays: Vec<LayerArray>,
    /// Convolutions after the last array's head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_head: Option<PostHead>,
    /// Factor on the last array's head output.
    pub head_scale: f32,
    /// A network that turns the audio into the condition of all arrays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Box<WaveNetSpec>>,
}

/// A stack of layers of one width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerArray {
    /// Rows of the hidden signal.
    pub channels: usize,
    /// Rows inside a layer, after its convolution and activation.
    pub bottleneck: usize,
    /// Whether the convolution that brings the input to `channels` rows has a bias.
    pub input_bias: bool,
    /// Groups of the dilated convolutions.
    pub conv_groups: usize,
    /// Whether every layer adds a 1x1 convolution of the condition, and in how many groups.
    pub mixin_groups: Option<usize>,
    /// Whether a 1x1 convolution leads back to the hidden signal, and in how many groups. What it
    /// gives is added; without one [`LayerArray::residual`] says what becomes of the hidden signal.
    pub layer1x1_groups: Option<usize>,
    /// What becomes of the hidden signal in a layer without a 1x1.
    pub residual: Residual,
    /// A 1x1 convolution of the activations before they reach the head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head1x1: Option<Head1x1>,
    /// Feature-wise modulations by the condition.
    #[serde(default, skip_serializing_if = "FilmSlots::is_empty")]
    pub films: FilmSlots,
    /// The layers, in order.
    pub layers: Vec<Layer>,
    /// What the array gives.
    pub head: Head,
}

/// One dilated convolution with what follows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Taps.
    pub kernel_size: usize,
    /// Distance between taps, in samples.
    pub dilation: usize,
    /// Function after the convolution.
    pub activation: Activation,
    /// How a second half of the rows steers the first.
    #[serde(default, skip_serializing_if = "Gating::is_none")]
    pub gating: Gating,
}

/// Gating of a layer: its convolution gives twice `bottleneck` rows, `a` above `b`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum Gating {
    /// No second half.
    #[default]
    None,
    /// `activation(a) * gate(b)`
    Gated {
        /// Function of the gate.
        gate: Activation,
    },
    /// `blend(b) * activation(a) + (1 - blend(b)) * a`
    Blended {
        /// Function of the blend.
        blend: Activation,
    },
}

impl Gating {
    fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// Rows the convolution gives for each row of the bottleneck.
    pub(crate) fn factor(&self) -> usize {
        if self.is_none() { 1 } else { 2 }
    }
}

/// What a layer without a 1x1 does to the hidden signal. In files, `false`, `true` and `"replace"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenResidual", into = "WrittenResidual")]
pub enum Residual {
    /// Passes it on unchanged (NAM's WaveNets).
    Keep,
    /// Adds the activations to it (the seed network).
    Add,
    /// Puts the activations in its place (NAM's ConvNets).
    Replace,
}

/// [`Residual`] in files, where it began as a yes or no.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum WrittenResidual {
    Adds(bool),
    Named(ResidualName),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ResidualName {
    Replace,
}

impl From<WrittenResidual> for Residual {
    fn from(written: WrittenResidual) -> Self {
        match written {
            WrittenResidual::Adds(false) => Self::Keep,
            WrittenResidual::Adds(true) => Self::Add,
            WrittenResidual::Named(ResidualName::Replace) => Self::Replace,
        }
    }
}

impl From<Residual> for WrittenResidual {
    fn from(residual: Residual) -> Self {
        match residual {
            Residual::Keep => Self::Adds(false),
            Residual::Add => Self::Adds(true),
            Residual::Replace => Self::Named(ResidualName::Replace),
        }
    }
}

/// The 1x1 convolution between activations and head.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head1x1 {
    /// Rows it gives.
    pub channels: usize,
    /// Groups.
    pub groups: usize,
}

/// Where an array's head reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadSource {
    /// The hidden signal after the last layer (the seed network).
    Hidden,
    /// The sum of all layers' activations and the previous array's head (NAM).
    SkipSum,
}

/// The convolution that ends an array.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// What it reads.
    pub source: HeadSource,
    /// Rows it gives.
    pub channels: usize,
    /// Taps.
    pub kernel_size: usize,
    /// Distance between taps, in samples.
    pub dilation: usize,
    /// Whether it has a bias.
    pub bias: bool,
}

/// Convolutions after the last array, each preceded by the activation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostHead {
    /// Function before each convolution.
    pub activation: Activation,
    /// Rows between the convolutions.
    pub channels: usize,
    /// Rows of the last one.
    pub out_channels: usize,
    /// Taps of each convolution.
    pub kernel_sizes: Vec<usize>,
}

/// A feature-wise linear modulation (FiLM, arXiv:1709.07871): `y = x * scale(c) + shift(c)`, both
/// from one 1x1 convolution of the condition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Film {
    /// Whether there is a shift.
    pub shift: bool,
    /// Groups of the convolution.
    pub groups: usize,
}

/// The places in a layer where a [`Film`] may stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilmSlots {
    /// On what the dilated convolution reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conv_pre: Option<Film>,
    /// On what it gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conv_post: Option<Film>,
    /// On the condition before the mixin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixin_pre: Option<Film>,
    /// On what the mixin gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mixin_post: Option<Film>,
    /// Before the activation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation_pre: Option<Film>,
    /// After the activation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation_post: Option<Film>,
    /// On what the layer's 1x1 gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer1x1_post: Option<Film>,
    /// On what the head's 1x1 gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head1x1_post: Option<Film>,
}

impl FilmSlots {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn all(&self) -> [Option<Film>; 8] {
        [
            self.conv_pre,
            self.conv_post,
            self.mixin_pre,
            self.mixin_post,
            self.activation_pre,
            self.activation_post,
            self.layer1x1_post,
            self.head1x1_post,
        ]
    }
}

impl LayerArray {
    /// Rows each modulation works on, in the order of [`FilmSlots::all`].
    pub(crate) fn film_rows(&self, gating_factor: usize, condition_channels: usize) -> [usize; 8] {
        let inner = self.bottleneck * gating_factor;
        let head = self.head1x1.map_or(0, |h| h.channels);
        [self.channels, inner, condition_channels, inner, inner, self.bottleneck, self.channels, head]
    }

    /// Rows that the head's source has.
    pub(crate) fn head_input_channels(&self) -> usize {
        match self.head.source {
            HeadSource::Hidden => self.channels,
            HeadSource::SkipSum => self.head1x1.map_or(self.bottleneck, |h| h.channels),
        }
    }
}

impl WaveNetSpec {
    /// The seed network: `blocks` residual blocks `h += tanh(conv(h))` with dilations 1, 2, 4, …,
    /// a 1x1 convolution before and one after.
    pub fn seed(channels: usize, blocks: usize, kernel_size: usize, causal: bool) -> Self {
        let layer = |i| Layer {
            kernel_size,
            dilation: 1usize << i,
            activation: Activation::Tanh,
            gating: Gating::None,
        };
        let array = LayerArray {
            channels,
            bottleneck: channels,
            input_bias: true,
            conv_groups: 1,
            mixin_groups: None,
            layer1x1_groups: None,
            residual: Residual::Add,
            head1x1: None,
            films: FilmSlots::default(),
            layers: (0..blocks.min(usize::BITS as usize - 1)).map(layer).collect(),
            head: Head { source: HeadSource::Hidden, channels: 1, kernel_size: 1, dilation: 1, bias: true },
        };
        Self { causal, arrays: vec![array], post_head: None, head_scale: 1.0, condition: None }
    }

    /// Neural Amp Modeler's first architecture: two arrays of ten tanh layers. `(16, 8)` is
    /// "standard", `(12, 6)` "lite", `(8, 4)` "feather", `(4, 2)` "nano".
    pub fn nam_a1(first_channels: usize, second_channels: usize, dilations: &[Vec<usize>; 2]) -> Self {
        let array = |channels, head_channels, bias, dilations: &[usize]| {
            let layers = dilations.iter().map(|&dilation| Layer {
                kernel_size: 3,
                dilation,
                activation: Activation::Tanh,
                gating: Gating::None,
            });
            LayerArray::nam(channels, layers.collect(), head_channels, 1, bias)
        };
        Self {
            causal: true,
            arrays: vec![
                array(first_channels, second_channels, false, &dilations[0]),
                array(second_channels, 1, true, &dilations[1]),
            ],
            post_head: None,
            head_scale: 0.02,
            condition: None,
        }
    }

    /// Neural Amp Modeler's standard architecture: [`WaveNetSpec::nam_a1`] with 16 and 8 channels
    /// and dilations 1 to 512 twice.
    pub fn nam_standard() -> Self {
        let dilations: Vec<usize> = (0..10).map(|i| 1 << i).collect();
        Self::nam_a1(16, 8, &[dilations.clone(), dilations])
    }

    /// Neural Amp Modeler's second architecture: one array of 23 leaky ReLU layers with kernels of
    /// 6 and 15 taps and a head of 16 taps. 8 channels is "full", 3 "lite".
    pub fn nam_a2(channels: usize) -> Self {
        const LADDER: [usize; 7] = [1, 3, 7, 17, 41, 101, 239];
        let dilations = LADDER.into_iter().chain(LADDER).chain([1, 13]).chain(LADDER);
        let layers = dilations.enumerate().map(|(i, dilation)| Layer {
            kernel_size: if i == 14 || i == 15 { 15 } else { 6 },
            dilation,
            activation: Activation::LeakyRelu { negative_slope: 0.01 },
            gating: Gating::None,
        });
        Self {
            causal: true,
            arrays: vec![LayerArray::nam(channels, layers.collect(), 1, 16, true)],
            post_head: None,
            head_scale: 0.01,
            condition: None,
        }
    }

    /// Rows the network gives: 1 for a whole network, the condition's width for an inner one.
    pub(crate) fn output_channels(&self) -> usize {
        match (&self.post_head, self.arrays.last()) {
            (Some(post), _) => post.out_channels,
            (None, Some(array)) => array.head.channels,
            (None, None) => 0,
        }
    }

    /// Rows of the condition that arrays see.
    pub(crate) fn condition_channels(&self) -> usize {
        self.condition.as_ref().map_or(1, |c| c.output_channels())
    }

    /// Samples of input that one output sample depends on, itself included. This is memory, not
    /// delay: `1 + Σ (kernel_size - 1) * dilation` over all convolutions.
    pub fn receptive_field_samples(&self) -> usize {
        let reach =
            |kernel_size: usize, dilation: usize| kernel_size.saturating_sub(1).saturating_mul(dilation);
        let mut total = 0usize;
        for array in &self.arrays {
            for layer in &array.layers {
                total = total.saturating_add(reach(layer.kernel_size, layer.dilation));
            }
            total = total.saturating_add(reach(array.head.kernel_size, array.head.dilation));
        }
        for &kernel_size in self.post_head.iter().flat_map(|p| &p.kernel_sizes) {
            total = total.saturating_add(reach(kernel_size, 1));
        }
        let condition = self.condition.as_ref().map_or(0, |c| c.receptive_field_samples() - 1);
        total.saturating_add(condition).saturating_add(1)
    }

    /// Samples of the future that one output sample depends on: 0 for a causal network, half the
    /// receptive field for one with centred kernels.
    pub fn lookahead_samples(&self) -> usize {
        if self.causal { 0 } else { (self.receptive_field_samples() - 1) / 2 }
    }
}

impl LayerArray {
    /// An array in NAM's shape: mixin, 1x1, skip-sum head, nothing grouped, nothing modulated.
    pub fn nam(
        channels: usize,
        layers: Vec<Layer>,
        head_channels: usize,
        head_kernel_size: usize,
        head_bias: bool,
    ) -> Self {
        Self {
            channels,
            bottleneck: channels,
            input_bias: false,
            conv_groups: 1,
            mixin_groups: Some(1),
            layer1x1_groups: Some(1),
            residual: Residual::Add,
            head1x1: None,
            films: FilmSlots::default(),
            layers,
            head: Head {
                source: HeadSource::SkipSum,
                channels: head_channels,
                kernel_size: head_kernel_size,
                dilation: 1,
                bias: head_bias,
            },
        }
    }
}
