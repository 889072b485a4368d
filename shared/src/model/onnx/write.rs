//! WaveNets as streaming ONNX graphs.
//!
//! Standard operators of opset 17. `audio` and `audio_out` are `[1, 1, T]`; every convolution with
//! more than one tap keeps its past in `state_NAME` `[1, channels, (kernel - 1) * dilation]` and
//! gives the new past as `state_NAME_out`. Priming the states by running `receptive_field - 1`
//! samples of silence gives the state of endless silence.

use super::proto::{GraphProto, float, int, ints, tensor_value};
use crate::model::layout::FILM_NAMES;
use crate::model::{
    Activation, FilmSlots, Gating, HeadSource, Layer, LayerArray, Parametric, PostHead, Residual, TensorSpec,
    WaveNet, WaveNetSpec,
};
use std::collections::HashMap;

/// Name of the audio input.
pub const AUDIO_IN: &str = "audio";
/// Name of the audio output.
pub const AUDIO_OUT: &str = "audio_out";
/// What a state's output is called, after the name of its input.
pub const STATE_OUT_SUFFIX: &str = "_out";
/// Beginning of a state's name.
const STATE_PREFIX: &str = "state_";

/// A graph with the contract's audio, and nothing between its input and output yet.
pub fn streaming(name: &str) -> GraphProto {
    let audio = |name| tensor_value(name, &[Some(1), Some(1), None]);
    GraphProto {
        name: Some(name.into()),
        input: vec![audio(AUDIO_IN)],
        output: vec![audio(AUDIO_OUT)],
        ..GraphProto::default()
    }
}

impl GraphProto {
    /// Adds a state; gives the names of its input and its output.
    pub fn add_state(&mut self, name: &str, shape: &[usize]) -> (String, String) {
        let state = format!("{STATE_PREFIX}{name}");
        let state_out = format!("{state}{STATE_OUT_SUFFIX}");
        let shape: Vec<_> = shape.iter().map(|&d| Some(d)).collect();
        self.input.push(tensor_value(&state, &shape));
        self.output.push(tensor_value(&state_out, &shape));
        (state, state_out)
    }
}

/// The streaming graph of a network.
pub fn graph(net: &WaveNet) -> GraphProto {
    emitted(streaming("tonewright_wavenet"), net.spec(), Some(net.weights()))
}

/// The streaming graph of a network with knobs: its weights are computed from the state `state_knobs` `[1, knobs]`, in units of
/// [`Knob::turn`](crate::model::Knob::turn), which it gives back as it is.
pub fn parametric_graph(net: &Parametric) -> GraphProto {
    let mut graph = streaming("tonewright_parametric_wavenet");
    let spec = net.spec();
    for tensor in spec.tensors() {
        graph.add_floats(&tensor.name, &tensor.shape, &net.weights()[tensor.range()]);
    }
    let (state, state_out) = graph.add_state("knobs", &[1, spec.knobs.len()]);
    graph.add_node("Identity", &[&state], &state_out, vec![]);
    graph.add_node("Gemm", &[&state, "knobs.weight", "knobs.bias"], "knobs.sum", vec![int("transB", 1)]);
    graph.add_node("Tanh", &["knobs.sum"], "knobs.rows", vec![]);
    graph.add_node("MatMul", &["knobs.rows", "turned"], "knobs.turned", vec![]);
    graph.add_node("Add", &["base", "knobs.turned"], "weights", vec![]);
    graph.add_integers("weight_axis", &[1]);
    for tensor in spec.network.tensors() {
        let part = |what: &str| format!("{}.{what}", tensor.name);
        let shape: Vec<i64> = tensor.shape.iter().map(|&d| d as i64).collect();
        graph.add_integers(&part("start"), &[tensor.range().start as i64]);
        graph.add_integers(&part("end"), &[tensor.range().end as i64]);
        graph.add_integers(&part("shape"), &shape);
        let slice = ["weights", &part("start"), &part("end"), "weight_axis"];
        graph.add_node("Slice", &slice, &part("values"), vec![]);
        graph.add_node("Reshape", &[&part("values"), &part("shape")], &tensor.name, vec![]);
    }
    emitted(graph, &spec.network, None)
}

/// A graph with the nodes of a network behind those it has.
fn emitted(graph: GraphProto, spec: &WaveNetSpec, values: Option<&[f32]>) -> GraphProto {
    let weights = spec.tensors().into_iter().map(|t| (t.name.clone(), t)).collect();
    let mut emitter = Emitter { graph, weights, values, channels: HashMap::new() };
    emitter.graph.add_integers("time_axis", &[2]);
    emitter.graph.add_integers("time_end", &[i64::MAX]);
    let out = emitter.network(spec, "");
    emitter.graph.add_node("Identity", &[&out], AUDIO_OUT, vec![]);
    emitter.graph
}

struct Emitter<'a> {
    graph: GraphProto,
    weights: HashMap<String, TensorSpec>,
    /// The weights, where the graph does not compute them.
    values: Option<&'a [f32]>,
    /// Split sizes that are already initialisers, by row count.
    channels: HashMap<usize, String>,
}

/// A convolution as the graph needs it.
#[derive(Clone, Copy)]
struct Conv {
    inputs: usize,
    kernel_size: usize,
    dilation: usize,
    groups: usize,
}

impl Conv {
    fn pointwise(inputs: usize, groups: usize) -> Self {
        Self { inputs, kernel_size: 1, dilation: 1, groups }
    }

    fn history(&self) -> usize {
        (self.kernel_size - 1) * self.dilation
    }
}

impl Emitter<'_> {
    fn network(&mut self, spec: &WaveNetSpec, prefix: &str) -> String {
        let condition = match &spec.condition {
            Some(inner) => self.network(inner, &format!("{prefix}condition.")),
            None => AUDIO_IN.to_owned(),
        };
        let condition_channels = spec.condition_channels();
        let (mut hidden, mut head): (String, Option<String>) = (AUDIO_IN.to_owned(), None);
        let mut inputs = 1;
        for (i, array) in spec.arrays.iter().enumerate() {
            let name = format!("{prefix}array{i}");
            let context =
                ArrayContext { name, array, condition: &condition, condition_channels, causal: spec.causal };
            let (next, out) = self.array(&context, &hidden, inputs, head.take());
            hidden = next;
            head = Some(out);
            inputs = array.channels;
        }
        let mut out = head.unwrap_or(hidden);
        if spec.head_scale != 1.0 {
            let scale = format!("{prefix}head_scale");
            self.graph.add_floats(&scale, &[1], &[spec.head_scale]);
            out = self.node("Mul", &[&out, &scale], format!("{prefix}scaled"));
        }
        if let (Some(post), Some(array)) = (&spec.post_head, spec.arrays.last()) {
            out = self.post_head(post, array.head.channels, out, prefix);
        }
        out
    }

    fn array(
        &mut self,
        context: &ArrayContext<'_>,
        input: &str,
        inputs: usize,
        previous_head: Option<String>,
    ) -> (String, String) {
        let (array, name) = (context.array, &context.name);
        let mut hidden = self.conv(&format!("{name}.input"), input, Conv::pointwise(inputs, 1)).0;
        let mut skip = previous_head;
        for (j, layer) in array.layers.iter().enumerate() {
            let (next, activations) = self.layer(context, j, layer, &hidden);
            hidden = next;
            if array.head.source == HeadSource::SkipSum {
                skip = Some(match skip {
                    Some(sum) => self.node("Add", &[&sum, &activations], format!("{name}.layer{j}.skip")),
                    None => activations,
                });
            }
        }
        let source = skip.unwrap_or_else(|| hidden.clone());
        let head = Conv {
            inputs: array.head_input_channels(),
            kernel_size: array.head.kernel_size,
            dilation: array.head.dilation,
            groups: 1,
        };
        let out = self.conv(&format!("{name}.head"), &source, head).0;
        (hidden, out)
    }

    /// One layer: the next hidden signal, and what the head sums.
    fn layer(
        &mut self,
        context: &ArrayContext<'_>,
        index: usize,
        layer: &Layer,
        hidden: &str,
    ) -> (String, String) {
        let array = context.array;
        let name = format!("{}.layer{index}", context.name);
        let rows = array.film_rows(layer.gating.factor(), context.condition_channels);
        let film = |emitter: &mut Self, slot: usize, x: String| {
            emitter.film(&array.films, slot, &name, x, context.condition, rows[slot])
        };

        let x = film(self, 0, hidden.to_owned());
        let conv = Conv {
            inputs: array.channels,
            kernel_size: layer.kernel_size,
            dilation: layer.dilation,
            groups: array.conv_groups,
        };
        let (z, past) = self.conv(&format!("{name}.conv"), &x, conv);
        let mut z = film(self, 1, z);
        if let Some(groups) = array.mixin_groups {
            let c = film(self, 2, context.condition.to_owned());
            let mixin = self
                .conv(&format!("{name}.mixin"), &c, Conv::pointwise(context.condition_channels, groups))
                .0;
            let mixin = film(self, 3, mixin);
            z = self.node("Add", &[&z, &mixin], format!("{name}.mixed"));
        }
        let z = film(self, 4, z);
        let a = self.gated(layer, array.bottleneck, &name, z);
        let a = film(self, 5, a);

        let step = match (array.layer1x1_groups, array.residual) {
            (Some(groups), _) => {
                let r =
                    self.conv(&format!("{name}.layer1x1"), &a, Conv::pointwise(array.bottleneck, groups)).0;
                Some(film(self, 6, r))
            }
            (None, Residual::Keep) => None,
            (None, Residual::Add | Residual::Replace) => Some(a.clone()),
        };
        let replaces = array.layer1x1_groups.is_none() && array.residual == Residual::Replace;
        // A centred kernel's output belongs to the sample in its middle: so does the hidden signal
        // that it is added to.
        let delay = if context.causal { 0 } else { conv.history() / 2 };
        let base = match (delay, past) {
            (0, _) | (_, None) => hidden.to_owned(),
            (delay, Some(past)) => self.delayed(&past, conv.history(), delay, &name),
        };
        let next = match step {
            Some(step) if replaces => step,
            Some(step) => self.node("Add", &[&base, &step], format!("{name}.out")),
            None => base,
        };
        let activations = match array.head1x1 {
            Some(head) => {
                let h = self
                    .conv(&format!("{name}.head1x1"), &a, Conv::pointwise(array.bottleneck, head.groups))
                    .0;
                film(self, 7, h)
            }
            None => a,
        };
        (next, activations)
    }

    fn gated(&mut self, layer: &Layer, rows: usize, name: &str, z: String) -> String {
        let (second, blended) = match &layer.gating {
            Gating::None => return self.activation(&layer.activation, &z, format!("{name}.activation")),
            Gating::Gated { gate } => (gate, false),
            Gating::Blended { blend } => (blend, true),
        };
        let (a, b) = self.split(&z, rows, &format!("{name}.halves"));
        let activated = self.activation(&layer.activation, &a, format!("{name}.activation"));
        let g = self.activation(second, &b, format!("{name}.gate"));
        if !blended {
            return self.node("Mul", &[&activated, &g], format!("{name}.gated"));
        }
        // g * activated + (1 - g) * a = a + g * (activated - a)
        let difference = self.node("Sub", &[&activated, &a], format!("{name}.difference"));
        let part = self.node("Mul", &[&g, &difference], format!("{name}.part"));
        self.node("Add", &[&a, &part], format!("{name}.blended"))
    }

    fn post_head(&mut self, post: &PostHead, inputs: usize, mut x: String, prefix: &str) -> String {
        let mut inputs = inputs;
        for (i, &kernel_size) in post.kernel_sizes.iter().enumerate() {
            let name = format!("{prefix}post_head{i}");
            let a = self.activation(&post.activation, &x, format!("{name}.activation"));
            x = self.conv(&name, &a, Conv { inputs, kernel_size, dilation: 1, groups: 1 }).0;
            inputs = post.channels;
        }
        x
    }

    fn film(
        &mut self,
        films: &FilmSlots,
        slot: usize,
        layer: &str,
        x: String,
        condition: &str,
        rows: usize,
    ) -> String {
        let Some(film) = films.all()[slot] else { return x };
        let name = format!("{layer}.{}", FILM_NAMES[slot]);
        let inputs = self.weights[&format!("{name}.weight")].shape[1] * film.groups;
        let both = self.conv(&name, condition, Conv::pointwise(inputs, film.groups)).0;
        if !film.shift {
            return self.node("Mul", &[&x, &both], format!("{name}.modulated"));
        }
        let (scale, shift) = self.split(&both, rows, &format!("{name}.halves"));
        let scaled = self.node("Mul", &[&x, &scale], format!("{name}.scaled"));
        self.node("Add", &[&scaled, &shift], format!("{name}.modulated"))
    }

    /// A convolution without padding; gives its output and, where it has a past, the past followed
    /// by the input.
    fn conv(&mut self, name: &str, x: &str, conv: Conv) -> (String, Option<String>) {
        let past = (conv.history() > 0).then(|| self.with_past(name, x, conv.inputs, conv.history()));
        let weight = format!("{name}.weight");
        let bias = format!("{name}.bias");
        let mut inputs = vec![past.as_deref().unwrap_or(x), weight.as_str()];
        let has_bias = self.weights.contains_key(&bias);
        if has_bias {
            inputs.push(&bias);
        }
        let attributes = vec![
            ints("dilations", &[conv.dilation as i64]),
            int("group", conv.groups as i64),
            ints("kernel_shape", &[conv.kernel_size as i64]),
            ints("pads", &[0, 0]),
            ints("strides", &[1]),
        ];
        self.graph.add_node("Conv", &inputs, &format!("{name}.out"), attributes);
        self.initializer(&weight);
        if has_bias {
            self.initializer(&bias);
        }
        (format!("{name}.out"), past)
    }

    fn with_past(&mut self, name: &str, x: &str, channels: usize, history: usize) -> String {
        let (state, state_out) = self.graph.add_state(name, &[1, channels, history]);
        let past = format!("{name}.past");
        self.graph.add_node("Concat", &[&state, x], &past, vec![int("axis", 2)]);
        let start = format!("{name}.state_start");
        self.graph.add_integers(&start, &[-(history as i64)]);
        self.graph.add_node("Slice", &[&past, &start, "time_end", "time_axis"], &state_out, vec![]);
        past
    }

    /// The input `delay` samples ago, out of `past` (`history` samples, then the input).
    fn delayed(&mut self, past: &str, history: usize, delay: usize, name: &str) -> String {
        let (start, end) = (format!("{name}.delay_start"), format!("{name}.delay_end"));
        self.graph.add_integers(&start, &[(history - delay) as i64]);
        self.graph.add_integers(&end, &[-(delay as i64)]);
        self.node("Slice", &[past, &start, &end, "time_axis"], format!("{name}.delayed"))
    }

    /// The first `rows` rows and the rest.
    fn split(&mut self, x: &str, rows: usize, name: &str) -> (String, String) {
        let graph = &mut self.graph;
        let sizes = self.channels.entry(rows).or_insert_with(|| {
            let sizes = format!("halves_of_{}", 2 * rows);
            graph.add_integers(&sizes, &[rows as i64, rows as i64]);
            sizes
        });
        let (first, second) = (format!("{name}.first"), format!("{name}.second"));
        graph.add_node("Split", &[x, sizes], &first, vec![int("axis", 1)]);
        if let Some(node) = graph.node.last_mut() {
            node.output.push(second.clone());
        }
        (first, second)
    }

    fn activation(&mut self, activation: &Activation, x: &str, name: String) -> String {
        match activation {
            Activation::Identity => x.to_owned(),
            Activation::Tanh => self.node("Tanh", &[x], name),
            Activation::Sigmoid => self.node("Sigmoid", &[x], name),
            Activation::Relu => self.node("Relu", &[x], name),
            Activation::Softsign => self.node("Softsign", &[x], name),
            Activation::Hardswish => self.node("HardSwish", &[x], name),
            Activation::LeakyRelu { negative_slope } => {
                self.graph.add_node("LeakyRelu", &[x], &name, vec![float("alpha", *negative_slope)]);
                name
            }
            Activation::Prelu { negative_slopes } => {
                let slopes = format!("{name}.slopes");
                self.graph.add_floats(&slopes, &[negative_slopes.len(), 1], negative_slopes);
                self.node("PRelu", &[x, &slopes], name)
            }
            Activation::Silu => {
                let s = self.node("Sigmoid", &[x], format!("{name}.sigmoid"));
                self.node("Mul", &[x, &s], name)
            }
            Activation::Hardtanh => self.clip(x, -1.0, 1.0, name),
            Activation::LeakyHardtanh { min, max, min_slope, max_slope } => {
                // clip(x) + min_slope * min(x - min, 0) + max_slope * max(x - max, 0)
                let middle = self.clip(x, *min, *max, format!("{name}.middle"));
                let below = self.tail(x, *min, *min_slope, "Min", format!("{name}.below"));
                let above = self.tail(x, *max, *max_slope, "Max", format!("{name}.above"));
                let sum = self.node("Add", &[&middle, &below], format!("{name}.sum"));
                self.node("Add", &[&sum, &above], name)
            }
        }
    }

    fn clip(&mut self, x: &str, min: f32, max: f32, name: String) -> String {
        let (low, high) = (format!("{name}.min"), format!("{name}.max"));
        self.graph.add_floats(&low, &[], &[min]);
        self.graph.add_floats(&high, &[], &[max]);
        self.node("Clip", &[x, &low, &high], name)
    }

    fn tail(&mut self, x: &str, knee: f32, slope: f32, op: &str, name: String) -> String {
        let constant = |suffix: &str| format!("{name}.{suffix}");
        self.graph.add_floats(&constant("knee"), &[], &[knee]);
        self.graph.add_floats(&constant("slope"), &[], &[slope]);
        self.graph.add_floats(&constant("zero"), &[], &[0.0]);
        let beyond = self.node("Sub", &[x, &constant("knee")], constant("beyond"));
        let clipped = self.node(op, &[&beyond, &constant("zero")], constant("clipped"));
        self.node("Mul", &[&clipped, &constant("slope")], name)
    }

    fn node(&mut self, op: &str, inputs: &[&str], output: String) -> String {
        self.graph.add_node(op, inputs, &output, vec![]);
        output
    }

    fn initializer(&mut self, name: &str) {
        if let Some(values) = self.values {
            let tensor = &self.weights[name];
            self.graph.add_floats(name, &tensor.shape, &values[tensor.range()]);
        }
    }
}

/// What all layers of an array share.
struct ArrayContext<'a> {
    name: String,
    array: &'a LayerArray,
    condition: &'a str,
    condition_channels: usize,
    causal: bool,
}
