//! From an architecture to a list of operations on an arena.
//!
//! # Time
//! All signals share one clock that ends with the input. A convolution of `k` taps and dilation
//! `d` reads the present and `(k - 1) * d` samples of the past, whether the network is causal or
//! not: a centred kernel is a causal one whose *residual path* is `(k - 1) * d / 2` samples late.
//! That is exactly the centred crop of a "valid" convolution. A signal begins where the past of
//! everything before it is complete, and all signals end together.
//!
//! # Gradients in place
//! Backward, time runs in reverse from chunk to chunk. Once a chunk of a layer's activations has
//! been used, the gradient of what the convolution gave takes its place, and the gradient of the
//! hidden signal takes the place of the hidden signal. What lies before a signal's beginning or
//! after the end is 0 and stays 0, so the transposed convolutions need no special cases. The few
//! samples that a tile computes before a signal's beginning are finite, and no gradient ever
//! reaches them.

use super::Unsupported;
use super::check::check_spec;
use super::function::Function;
use super::ops::{Addend, Column, Conv, Op, Outer, Rows, Sum, TILE, Then, groups};
use shared::model::{HeadSource, LayerArray, Residual, TensorSpec, WaveNetSpec};

/// Values of one signal in a chunk. Measured: large enough for long scalar products, small enough
/// for a layer's chunk to stay in the second-level cache.
const CHUNK_VALUES: usize = 8192;

/// Operations in the order of their execution, and where their packed weights come from.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    pub ops: Vec<Op>,
    pub gather: Vec<u32>,
}

/// Everything there is to know about one architecture and length.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub forward: Program,
    pub backward: Program,
    /// Values in the arena.
    pub arena: usize,
    /// Where the row of ones lies; it is one chunk long.
    pub ones: usize,
    /// Where the first sample of the input lies.
    pub input: usize,
    pub input_len: usize,
    /// Where the first sample of the output and of its gradient lies.
    pub output: usize,
    pub output_len: usize,
    /// Values before the output that a tile may have spoilt and that must be 0 for the gradient.
    pub spoilt: usize,
    pub head_scale: f32,
    pub weights: usize,
    /// Samples in a chunk, a multiple of [`TILE`].
    pub chunk: usize,
    /// First time at which anything happens and the end of time, multiples of [`TILE`].
    pub from: usize,
    pub end: usize,
}

fn floor(time: usize) -> usize {
    time / TILE * TILE
}

fn reach(kernel_size: usize, dilation: usize) -> usize {
    (kernel_size - 1) * dilation
}

/// Where the forward pass put the signals of an array.
struct ArrayRows {
    /// Rows that the input convolution reads and when it begins.
    input: Rows,
    input_channels: usize,
    input_from: usize,
    layers: Vec<LayerRows>,
    /// Hidden signal after the last layer, if anything reads it.
    last: Option<Rows>,
    /// What the head reads and when it begins.
    source: Rows,
    source_from: usize,
    head: Rows,
    head_from: usize,
}

struct LayerRows {
    function: Function,
    hidden: Rows,
    hidden_from: usize,
    values: Rows,
    slopes: Option<Rows>,
    from: usize,
    reach: usize,
    /// How late the residual path is.
    lag: usize,
}

struct Builder<'a> {
    spec: &'a WaveNetSpec,
    tensors: Vec<TensorSpec>,
    arena: usize,
    end: usize,
    audio: Rows,
    ones: usize,
    scratch: Rows,
}

impl Plan {
    pub fn new(spec: &WaveNetSpec, output_len: usize) -> Result<Self, Unsupported> {
        check_spec(spec)?;
        if output_len == 0 {
            return Err(Unsupported::new("segments of 0 output samples"));
        }
        let input_len = output_len + spec.receptive_field_samples() - 1;
        let widest = spec.arrays.iter().map(|a| a.channels).max().unwrap_or(1);
        let chunk = floor(CHUNK_VALUES / widest).clamp(2 * TILE, 32 * TILE);
        let end = TILE + input_len.div_ceil(TILE) * TILE;
        let input_from = end - input_len;
        let nowhere = Rows { offset: 0, stride: 0 };
        let mut builder = Builder {
            spec,
            tensors: spec.tensors(),
            arena: 0,
            end,
            audio: nowhere,
            ones: 0,
            scratch: nowhere,
        };
        builder.ones = builder.reserve(chunk);
        builder.scratch = Rows { offset: 0, stride: TILE as isize + 16 };
        builder.scratch.offset = builder.reserve(widest * (TILE + 16)) as isize;
        builder.audio = builder.signal(1, input_from, 0, 0);

        let mut forward = Program::default();
        let mut arrays: Vec<ArrayRows> = Vec::new();
        for index in 0..spec.arrays.len() {
            let rows = builder.forward(&mut forward, index, input_from, arrays.last());
            arrays.push(rows);
        }
        let mut backward = Program::default();
        for index in (0..arrays.len()).rev() {
            builder.backward(&mut backward, index, &arrays);
        }
        let (audio, arena, ones) = (builder.audio, builder.arena, builder.ones);
        let last = &arrays[arrays.len() - 1];
        let at = |rows: Rows, time: usize| (rows.offset + time as isize) as usize;
        let plan = Self {
            forward,
            backward,
            arena,
            ones,
            input: at(audio, input_from),
            input_len,
            output: at(last.head, last.head_from),
            output_len,
            spoilt: last.head_from - floor(last.head_from),
            head_scale: spec.head_scale,
            weights: spec.weight_count(),
            chunk,
            from: floor(input_from),
            end,
        };
        plan.check();
        Ok(plan)
    }
}

impl Builder<'_> {
    fn reserve(&mut self, values: usize) -> usize {
        let at = self.arena;
        self.arena += values.next_multiple_of(16);
        at
    }

    /// Rows for times from `from` to the end, with as many zeros as asked for before and after.
    fn signal(&mut self, count: usize, from: usize, before: usize, after: usize) -> Rows {
        let begin = floor(from) as isize - before.next_multiple_of(16) as isize - TILE as isize;
        let lines = (self.end as isize + after as isize - begin).unsigned_abs().div_ceil(16);
        // An odd number of cache lines spreads the rows over all sets of the cache.
        let stride = 16 * (lines | 1);
        let at = self.reserve(count * stride);
        Rows { offset: at as isize - begin, stride: stride as isize }
    }

    /// Begin of a tensor in the weights.
    fn tensor(&self, name: &str) -> Option<usize> {
        self.tensors.iter().find(|t| t.name == name).map(|t| t.offset)
    }

    /// Begin of a tensor that the architecture certainly has.
    fn weight(&self, name: &str) -> usize {
        let offset = self.tensor(name);
        assert!(offset.is_some(), "no tensor `{name}`");
        offset.unwrap_or_default()
    }

    fn array(&self, index: usize) -> &LayerArray {
        &self.spec.arrays[index]
    }

    /// Adds the operations that compute one array.
    fn forward(
        &mut self,
        program: &mut Program,
        index: usize,
        input_from: usize,
        previous: Option<&ArrayRows>,
    ) -> ArrayRows {
        let array = self.array(index).clone();
        let channels = array.channels;
        let is_last = index + 1 == self.spec.arrays.len();
        let skips = array.head.source == HeadSource::SkipSum;
        let (input, input_channels, first_from) = match previous {
            None => (self.audio, 1, input_from),
            Some(p) => (p.last.unwrap_or(p.head), self.array(index - 1).channels, p.head_from),
        };
        // The zeros that the gradient of the previous array's last hidden signal reads.
        let before = previous.map_or(0, |p| p.head_from - p.source_from);
        let mut hidden = self.signal(channels, first_from, before, 0);
        let name = format!("array{index}.input");
        let weight = self.weight(&format!("{name}.weight"));
        push_conv(
            program,
            Conv {
                from: floor(first_from),
                rows: channels,
                columns: (0..input_channels).map(|c| input.row(c)).collect(),
                packed: 0,
                bias: self.tensor(&format!("{name}.bias")),
                addends: [None; 2],
                out: hidden,
                then: Then::Nothing,
            },
            |row, column| weight + row * input_channels + column,
        );

        let total: usize = array.layers.iter().map(|l| reach(l.kernel_size, l.dilation)).sum();
        let source_from = first_from + total;
        let head_reach = reach(array.head.kernel_size, array.head.dilation);
        let head_from = source_from + head_reach;
        let skip = skips.then(|| {
            let (before, after) =
                previous.map_or((0, 0), |p| (source_from - p.source_from, p.head_from - p.source_from));
            self.signal(channels, source_from, before, after)
        });

        let mut layers = Vec::new();
        let mut from = first_from;
        let mut last = Some(hidden);
        for (j, layer) in array.layers.iter().enumerate() {
            let name = format!("array{index}.layer{j}");
            let past = reach(layer.kernel_size, layer.dilation);
            let lag = if self.spec.causal { 0 } else { past / 2 };
            let function = Function::new(&layer.activation).unwrap_or(Function::Identity);
            let hidden_from = from;
            from += past;
            let values = self.signal(channels, from, past, past);
            let slopes = function.keeps_slope().then(|| self.signal(channels, from, 0, 0));
            // Nothing reads the hidden signal after the very last layer of a skip-sum network.
            let goes_on = j + 1 < array.layers.len() || !is_last || !skips;
            let next = goes_on.then(|| self.signal(channels, from, past, lag));

            let mut sums = Vec::new();
            if let Some(skip) = skip {
                let add = if j > 0 { Some(skip) } else { previous.map(|p| p.head) };
                sums.push(Sum { add, to: skip, from: floor(source_from) });
            }
            let adds_values = array.layer1x1_groups.is_none() && array.residual == Residual::Add;
            if let Some(next) = next
                && adds_values
            {
                sums.push(Sum { add: Some(hidden.earlier(lag)), to: next, from: floor(from) });
            }
            let taps = layer.kernel_size;
            let mut columns = Vec::new();
            for c in 0..channels {
                columns.extend((0..taps).map(|k| hidden.row(c) - ((taps - 1 - k) * layer.dilation) as isize));
            }
            let mixin = self.tensor(&format!("{name}.mixin.weight"));
            columns.extend(mixin.map(|_| self.audio.offset));
            let weight = self.weight(&format!("{name}.conv.weight"));
            push_conv(
                program,
                Conv {
                    from: floor(from),
                    rows: channels,
                    columns,
                    packed: 0,
                    bias: self.tensor(&format!("{name}.conv.bias")),
                    addends: [None; 2],
                    out: values,
                    then: Then::Activate { function, slopes, sums },
                },
                |row, column| match mixin {
                    Some(mixin) if column == channels * taps => mixin + row,
                    _ => weight + row * channels * taps + column,
                },
            );
            if let Some(next) = next
                && !adds_values
            {
                // Without a 1x1 and without a residual the hidden signal passes on as it is.
                let weight = self.tensor(&format!("{name}.layer1x1.weight"));
                push_conv(
                    program,
                    Conv {
                        from: floor(from),
                        rows: channels,
                        columns: weight.iter().flat_map(|_| (0..channels).map(|c| values.row(c))).collect(),
                        packed: 0,
                        bias: self.tensor(&format!("{name}.layer1x1.bias")),
                        addends: [Some(Addend { rows: hidden.earlier(lag), from: floor(from) }), None],
                        out: next,
                        then: Then::Nothing,
                    },
                    |row, column| weight.unwrap_or_default() + row * channels + column,
                );
            }
            layers.push(LayerRows { function, hidden, hidden_from, values, slopes, from, reach: past, lag });
            last = next;
            hidden = next.unwrap_or(hidden);
        }

        let source = skip.unwrap_or(hidden);
        let (before, after) = if is_last { (head_reach, head_reach) } else { (0, 0) };
        let head = self.signal(array.head.channels, head_from, before, after);
        let name = format!("array{index}.head");
        let weight = self.weight(&format!("{name}.weight"));
        let taps = array.head.kernel_size;
        push_conv(
            program,
            Conv {
                from: floor(head_from),
                rows: array.head.channels,
                columns: taps_of(source, channels, taps, array.head.dilation),
                packed: 0,
                bias: self.tensor(&format!("{name}.bias")),
                addends: [None; 2],
                out: head,
                then: Then::Nothing,
            },
            |row, column| weight + row * channels * taps + column,
        );
        ArrayRows {
            input,
            input_channels,
            input_from: first_from,
            layers,
            last,
            source,
            source_from,
            head,
            head_from,
        }
    }

    /// Adds the operations that compute the gradients of one array, given those of the next one.
    fn backward(&mut self, program: &mut Program, index: usize, arrays: &[ArrayRows]) {
        let array = self.array(index).clone();
        let rows = &arrays[index];
        let channels = array.channels;
        let skips = array.head.source == HeadSource::SkipSum;

        // The head. The gradient of an inner array's head is that of the next one's skip sum.
        let next = arrays.get(index + 1);
        let (head, head_from) = next.map_or((rows.head, rows.head_from), |n| (n.source, n.source_from));
        let name = format!("array{index}.head");
        let weight = self.weight(&format!("{name}.weight"));
        let taps = array.head.kernel_size;
        let mut columns = columns_to(&taps_of(rows.source, channels, taps, array.head.dilation), weight);
        columns.extend(self.bias_column(&format!("{name}.bias")));
        program.ops.push(Op::Outer(Outer {
            from: floor(head_from),
            count: array.head.channels,
            rows: head,
            columns,
        }));
        push_conv(
            program,
            Conv {
                from: floor(rows.source_from),
                rows: channels,
                columns: taps_after(head, array.head.channels, taps, array.head.dilation),
                packed: 0,
                bias: None,
                addends: [None; 2],
                out: rows.source,
                then: Then::Nothing,
            },
            transposed(weight, channels, taps),
        );

        // The hidden signal that the next array reads.
        if let (Some(last), Some(next)) = (rows.last, next) {
            let weight = self.weight(&format!("array{}.input.weight", index + 1));
            push_conv(
                program,
                Conv {
                    from: floor(rows.source_from),
                    rows: channels,
                    columns: (0..self.array(index + 1).channels)
                        .map(|o| next.layers[0].hidden.row(o))
                        .collect(),
                    packed: 0,
                    bias: None,
                    addends: [None; 2],
                    out: last,
                    then: Then::Nothing,
                },
                transposed(weight, channels, 1),
            );
        }

        for (j, layer) in rows.layers.iter().enumerate().rev() {
            let after = rows.layers.get(j + 1).map_or(rows.last, |l| Some(l.hidden));
            self.layer_backward(
                program,
                index,
                j,
                layer,
                after,
                skips.then_some((rows.source, rows.source_from)),
            );
        }

        let name = format!("array{index}.input");
        let weight = self.weight(&format!("{name}.weight"));
        let inputs: Vec<isize> = (0..rows.input_channels).map(|c| rows.input.row(c)).collect();
        let mut columns = columns_to(&inputs, weight);
        columns.extend(self.bias_column(&format!("{name}.bias")));
        // An inner array's input is still there: the previous array, which puts a gradient in its
        // place, has its turn after this one.
        program.ops.push(Op::Outer(Outer {
            from: floor(rows.input_from),
            count: channels,
            rows: rows.layers[0].hidden,
            columns,
        }));
    }

    fn layer_backward(
        &self,
        program: &mut Program,
        index: usize,
        j: usize,
        layer: &LayerRows,
        after: Option<Rows>,
        skip: Option<(Rows, usize)>,
    ) {
        let array = self.array(index);
        let channels = array.channels;
        let from = floor(layer.from);
        let name = format!("array{index}.layer{j}");
        let skip = skip.map(|(rows, from)| Addend { rows, from: floor(from) });

        // The 1x1, and the gradient of the activations; times their slopes it takes their place.
        let one_by_one = self.tensor(&format!("{name}.layer1x1.weight")).zip(after);
        let mut columns = Vec::new();
        if let Some((weight, after)) = one_by_one {
            columns = (0..channels).map(|o| after.row(o)).collect();
            let values: Vec<isize> = (0..channels).map(|c| layer.values.row(c)).collect();
            let mut to = columns_to(&values, weight);
            to.extend(self.bias_column(&format!("{name}.layer1x1.bias")));
            program.ops.push(Op::Outer(Outer { from, count: channels, rows: after, columns: to }));
        }
        let adds_values = array.layer1x1_groups.is_none() && array.residual == Residual::Add;
        let direct = after.filter(|_| adds_values).map(|rows| Addend { rows, from });
        push_conv(
            program,
            Conv {
                from,
                rows: channels,
                columns,
                packed: 0,
                bias: None,
                addends: [skip, direct],
                out: self.scratch,
                then: Then::Derive { function: layer.function, slopes: layer.slopes, values: layer.values },
            },
            transposed(one_by_one.map_or(0, |o| o.0), channels, 1),
        );

        // The dilated convolution, the mixin and their bias.
        let (taps, dilation) = (array.layers[j].kernel_size, array.layers[j].dilation);
        let weight = self.weight(&format!("{name}.conv.weight"));
        let mut columns = columns_to(&taps_of(layer.hidden, channels, taps, dilation), weight);
        if let Some(to) = self.tensor(&format!("{name}.mixin.weight")) {
            columns.push(Column { offset: self.audio.offset, moves: true, to, step: 1 });
        }
        columns.extend(self.bias_column(&format!("{name}.conv.bias")));
        program.ops.push(Op::Outer(Outer { from, count: channels, rows: layer.values, columns }));
        debug_assert_eq!(layer.reach, reach(taps, dilation));
        push_conv(
            program,
            Conv {
                from: floor(layer.hidden_from),
                rows: channels,
                columns: taps_after(layer.values, channels, taps, dilation),
                packed: 0,
                bias: None,
                addends: [
                    after.map(|a| Addend { rows: a.later(layer.lag), from: floor(layer.hidden_from) }),
                    None,
                ],
                out: layer.hidden,
                then: Then::Nothing,
            },
            transposed(weight, channels, taps),
        );
    }

    /// The gradient of a bias is a product with ones.
    fn bias_column(&self, name: &str) -> Option<Column> {
        self.tensor(name).map(|to| Column { offset: self.ones as isize, moves: false, to, step: 1 })
    }
}

/// Appends a convolution and the origin of its packed weights, given the index of the weight of a
/// row and a column.
fn push_conv(program: &mut Program, mut conv: Conv, weight: impl Fn(usize, usize) -> usize) {
    conv.packed = program.gather.len();
    for (first, count) in groups(conv.rows) {
        for column in 0..conv.columns.len() {
            program.gather.extend((first..first + count).map(|row| weight(row, column) as u32));
        }
    }
    program.ops.push(Op::Conv(conv));
}

/// What a convolution reads, in the order of its weights: channel, tap.
fn taps_of(rows: Rows, channels: usize, taps: usize, dilation: usize) -> Vec<isize> {
    let row = |c: usize| (0..taps).map(move |k| rows.earlier((taps - 1 - k) * dilation).row(c));
    (0..channels).flat_map(row).collect()
}

/// What a transposed convolution reads.
fn taps_after(rows: Rows, channels: usize, taps: usize, dilation: usize) -> Vec<isize> {
    let row = |o: usize| (0..taps).map(move |k| rows.later((taps - 1 - k) * dilation).row(o));
    (0..channels).flat_map(row).collect()
}

/// Index of the weight between input `row` and (output, tap) `column` of a convolution.
fn transposed(weight: usize, inputs: usize, taps: usize) -> impl Fn(usize, usize) -> usize {
    move |row, column| weight + (column / taps * inputs + row) * taps + column % taps
}

/// Columns of an outer product whose gradients lie side by side.
fn columns_to(offsets: &[isize], weight: usize) -> Vec<Column> {
    let column =
        |(i, &offset): (usize, &isize)| Column { offset, moves: true, to: weight + i, step: offsets.len() };
    offsets.iter().enumerate().map(column).collect()
}
