//! How a network becomes operations.

use super::ops::{Add, Bend, Conv, Follower, Function, Gate, Map, Modulate, Op, Rows, Sum, Tap};
use super::tile::heights;
use crate::model::{Activation, Gating, HeadSource, Layer, LayerArray, Residual, WaveNet, WaveNetSpec};
use crate::simd::Level;

/// How much of the audio itself is kept: as much as first layers read of it.
fn audio_history(spec: &WaveNetSpec) -> usize {
    let first = &spec.arrays[0];
    let own = if is_folded(first) { (first.layers[0].kernel_size - 1) * first.layers[0].dilation } else { 0 };
    own.max(spec.condition.as_ref().map_or(0, |inner| audio_history(inner)))
}

/// Whether the first layer of a network's first array reads the audio itself: what it would read,
/// `input weight * audio + input bias`, is known for all times.
fn is_folded(array: &LayerArray) -> bool {
    array.films.conv_pre.is_none() && is_joined(array)
}

/// Whether convolution and mixin are one operation: nothing comes between them.
fn is_joined(array: &LayerArray) -> bool {
    let films = &array.films;
    array.conv_groups == 1
        && array.mixin_groups.is_none_or(|groups| groups == 1)
        && [films.conv_post, films.mixin_pre, films.mixin_post].iter().all(Option::is_none)
}

/// A first layer's convolution of the audio itself: weights `[rows][1][kernel_size]`, and biases.
struct Folded {
    audio: Rows,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// What a network becomes.
#[derive(Debug)]
pub struct Parts {
    pub ops: Vec<Op>,
    pub packed: Vec<f32>,
    pub arena_len: usize,
    pub input: Rows,
    pub output: Rows,
}

/// Lays a network out for the register tiles of `level`.
pub fn build(net: &WaveNet, level: Level) -> Parts {
    let mut builder =
        Builder { rest: net.weights(), level, ops: Vec::new(), packed: Vec::new(), arena_len: 0 };
    let input = builder.rows(1, audio_history(net.spec()));
    let output = builder.network(net.spec(), input);
    let Builder { ops, packed, arena_len, .. } = builder;
    Parts { ops, packed, arena_len, input, output }
}

struct Builder<'a> {
    /// Weights that are not yet used, in the order of [`WaveNetSpec::tensors`].
    rest: &'a [f32],
    level: Level,
    ops: Vec<Op>,
    packed: Vec<f32>,
    arena_len: usize,
}

/// What a convolution reads: `channels` rows at `kernel_size` moments.
#[derive(Clone, Copy)]
struct Source {
    rows: Rows,
    channels: usize,
    kernel_size: usize,
    dilation: usize,
}

impl Source {
    /// Rows read at the present only.
    fn present(rows: Rows, channels: usize) -> Self {
        Self { rows, channels, kernel_size: 1, dilation: 1 }
    }

    /// How far back it reads, in samples.
    fn reach(&self) -> usize {
        (self.kernel_size - 1) * self.dilation
    }

    fn taps(self) -> impl Iterator<Item = Tap> {
        let Self { rows, channels, kernel_size, dilation } = self;
        (0..kernel_size).rev().map(move |back| Tap { rows, channels, delay: back * dilation })
    }
}

/// Weights of one convolution: `[rows][channels / groups][kernel_size]`, and its biases.
#[derive(Clone, Copy)]
struct Tensors<'a> {
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    groups: usize,
}

/// A source and its weights, `[rows][channels][kernel_size]`.
struct Term<'a> {
    source: Source,
    weight: &'a [f32],
}

/// Memory that the layers of an array share.
#[derive(Clone, Copy)]
struct Scratch {
    z: Rows,
    step: Rows,
    condition: Rows,
    modulation: Rows,
    skip: Rows,
}

/// What the layers of an array have in common.
struct Shared<'a> {
    array: &'a LayerArray,
    /// The condition and its width.
    condition: (Rows, usize),
    scratch: Scratch,
}

/// Where a layer finds what it needs and leaves what it makes.
struct Place {
    index: usize,
    /// What the layer passes on with its own contribution, read `delay` samples ago.
    hidden: Rows,
    delay: usize,
    /// Where the next layer's hidden signal goes, if anything reads it.
    next: Option<Rows>,
    /// What the skip sum was and where it goes, if the head reads it.
    skip: Option<(Option<Rows>, Rows)>,
}

impl<'a> Builder<'a> {
    fn take(&mut self, n: usize) -> &'a [f32] {
        let (head, tail) = self.rest.split_at(n);
        self.rest = tail;
        head
    }

    fn tensors(
        &mut self,
        rows: usize,
        channels: usize,
        kernel_size: usize,
        groups: usize,
        bias: bool,
    ) -> Tensors<'a> {
        let weight = self.take(rows * (channels / groups) * kernel_size);
        Tensors { weight, bias: bias.then(|| self.take(rows)), groups }
    }

    /// Memory for a signal.
    fn rows(&mut self, count: usize, history: usize) -> Rows {
        let rows = Rows::new(self.arena_len, history);
        self.arena_len += count * rows.stride;
        rows
    }

    /// A convolution of `rows` rows; `slopes` of a leaky one.
    fn conv(
        &mut self,
        rows: usize,
        bias: Option<&[f32]>,
        terms: &[Term<'_>],
        bend: (Bend, &[f32]),
        sums: Vec<Sum>,
    ) {
        let packed = self.packed.len();
        let mut first = 0;
        let heights: Vec<usize> = heights(self.level, rows).collect();
        for height in &heights {
            let group = first..first + height;
            self.packed.extend(group.clone().map(|row| bias.map_or(0.0, |b| b[row])));
            for Term { source, weight } in terms {
                let Source { channels, kernel_size, .. } = *source;
                for tap in 0..kernel_size {
                    for channel in 0..channels {
                        let at = |row: usize| weight[(row * channels + channel) * kernel_size + tap];
                        self.packed.extend(group.clone().map(at));
                    }
                }
            }
            if bend.0 == Bend::Leaky {
                let slope = |row: usize| bend.1[if bend.1.len() == 1 { 0 } else { row }];
                self.packed.extend(group.map(slope));
            }
            first += height;
        }
        let taps = terms.iter().flat_map(|t| t.source.taps()).collect();
        self.ops.push(Op::Conv(Conv { taps, heights, packed, bend: bend.0, sums, follower: None }));
    }

    /// Lets a 1x1 convolution of `rows` rows follow the convolution just made.
    fn follow(&mut self, rows: usize, tensors: Tensors<'_>, sum: Sum) {
        let packed = self.packed.len();
        let Some(Op::Conv(conv)) = self.ops.last_mut() else { return };
        conv.follower = Some(Follower { rows, packed, sum });
        for (row, weights) in tensors.weight.chunks_exact(conv.rows()).enumerate() {
            self.packed.push(tensors.bias.map_or(0.0, |b| b[row]));
            self.packed.extend(weights);
        }
    }

    /// A convolution in groups of channels, without a bend.
    fn grouped(&mut self, source: Source, rows: usize, tensors: Tensors<'_>, sum: Sum) {
        let Tensors { weight, bias, groups } = tensors;
        let (channels, each) = (source.channels / groups, rows / groups);
        for group in 0..groups {
            let source = Source { rows: source.rows.skip(group * channels), channels, ..source };
            let size = each * channels * source.kernel_size;
            let weight = &weight[group * size..][..size];
            let bias = bias.map(|b| &b[group * each..][..each]);
            let sum = sum.skip(group * each);
            self.conv(each, bias, &[Term { source, weight }], (Bend::Straight, &[]), vec![sum]);
        }
    }

    /// A network; gives its result.
    fn network(&mut self, spec: &WaveNetSpec, audio: Rows) -> Rows {
        let condition = match &spec.condition {
            Some(inner) => self.network(inner, audio),
            None => audio,
        };
        let condition = (condition, spec.condition_channels());
        let mut input = Source::present(audio, 1);
        let mut head = None;
        for (i, array) in spec.arrays.iter().enumerate() {
            let last = i + 1 == spec.arrays.len();
            let scale = if last { spec.head_scale } else { 1.0 };
            let (hidden, result) = self.array(spec, i, input, condition, head, scale);
            input = Source::present(hidden, array.channels);
            head = Some(result);
        }
        // A valid network has an array.
        let mut out = head.unwrap_or(audio);
        let Some(post) = &spec.post_head else { return out };
        let mut channels = spec.arrays.last().map_or(1, |a| a.head.channels);
        for (i, &kernel_size) in post.kernel_sizes.iter().enumerate() {
            let last = i + 1 == post.kernel_sizes.len();
            let rows = if last { post.out_channels } else { post.channels };
            let bent = self.rows(channels, kernel_size - 1);
            let functions = Function::of_rows(&post.activation, channels);
            self.ops.push(Op::Map(Map { functions, from: out, to: bent }));
            let source = Source { rows: bent, channels, kernel_size, dilation: 1 };
            let tensors = self.tensors(rows, channels, kernel_size, 1, true);
            out = self.rows(rows, 0);
            self.grouped(source, rows, tensors, Sum::store(out));
            channels = rows;
        }
        out
    }

    /// An array; gives its hidden signal and what its head makes.
    fn array(
        &mut self,
        spec: &WaveNetSpec,
        index: usize,
        input: Source,
        condition: (Rows, usize),
        previous: Option<Rows>,
        scale: f32,
    ) -> (Rows, Rows) {
        let array = &spec.arrays[index];
        let (last, layers) = (index + 1 == spec.arrays.len(), array.layers.len());
        let head_channels = array.head_input_channels();
        let head_reach = (array.head.kernel_size - 1) * array.head.dilation;
        let skips = array.head.source == HeadSource::SkipSum;
        let scratch = self.scratch(array, condition.1, head_channels);
        let entrance = self.tensors(array.channels, input.channels, 1, 1, array.input_bias);

        // What each layer finds as its hidden signal, and what the array ends with.
        let mut folded = None;
        if index == 0 && is_folded(array) {
            folded = self.fold(&array.layers[0], array, entrance, input.rows);
        }
        let delay = |i: usize| match (spec.causal, &array.layers[i]) {
            (true, _) => 0,
            (false, layer) => (layer.kernel_size - 1) * layer.dilation / 2,
        };
        let mut hidden = Vec::with_capacity(layers + 1);
        for (i, layer) in array.layers.iter().enumerate() {
            let reach = (layer.kernel_size - 1) * layer.dilation;
            let read_elsewhere = folded.is_some() && i == 0 || array.films.conv_pre.is_some();
            let history = if read_elsewhere { delay(i) } else { reach };
            hidden.push(self.rows(array.channels, history));
        }
        hidden.push(self.rows(array.channels, if skips { 0 } else { head_reach }));
        let head_source = if skips { self.rows(head_channels, head_reach) } else { hidden[layers] };
        let wanted = |i: usize| i < layers || !last || !skips;

        let replaced = array.layer1x1_groups.is_none() && array.residual == Residual::Replace;
        if folded.is_none() || !replaced && wanted(1) {
            self.grouped(input, array.channels, entrance, Sum::store(hidden[0]));
        }
        let shared = Shared { array, condition, scratch };
        for i in 0..layers {
            let skip_before = if i == 0 { previous } else { Some(scratch.skip) };
            let skip_after = if i + 1 == layers { head_source } else { scratch.skip };
            let place = Place {
                index: i,
                hidden: hidden[i],
                delay: delay(i),
                next: wanted(i + 1).then(|| hidden[i + 1]),
                skip: skips.then_some((skip_before, skip_after)),
            };
            self.layer(&shared, &place, folded.take());
        }

        let head = &array.head;
        let tensors = self.tensors(head.channels, head_channels, head.kernel_size, 1, head.bias);
        let source = Source {
            rows: head_source,
            channels: head_channels,
            kernel_size: head.kernel_size,
            dilation: head.dilation,
        };
        let mut out = self.rows(head.channels, 0);
        let scaled = |values: &[f32]| -> Vec<f32> { values.iter().map(|value| value * scale).collect() };
        let (weight, bias) = (scaled(tensors.weight), tensors.bias.map(scaled));
        if weight.iter().chain(bias.iter().flatten()).all(|value| value.is_finite()) {
            let scaled = Tensors { weight: &weight, bias: bias.as_deref(), groups: 1 };
            self.grouped(source, head.channels, scaled, Sum::store(out));
        } else {
            self.grouped(source, head.channels, tensors, Sum::store(out));
            let source = Source::present(out, head.channels);
            let scales = Tensors { weight: &vec![scale; head.channels], bias: None, groups: head.channels };
            out = self.rows(head.channels, 0);
            self.grouped(source, head.channels, scales, Sum::store(out));
        }
        (hidden[layers], out)
    }

    /// The convolution of a network's first layer over the audio, by way of `entrance`,
    /// which brings the audio to the array's width. `None` where a number of it would be too large:
    /// infinite weights make silence no number, and for ever.
    fn fold(&self, layer: &Layer, array: &LayerArray, entrance: Tensors<'_>, audio: Rows) -> Option<Folded> {
        let (channels, taps) = (array.channels, layer.kernel_size);
        let rows = array.bottleneck * layer.gating.factor();
        // The convolution's tensors come next.
        let (weight, rest) = self.rest.split_at(rows * channels * taps);
        let conv = Tensors { weight, bias: Some(&rest[..rows]), groups: 1 };
        let (weight, bias) = fold(conv, entrance, channels, taps);
        let is_finite = weight.iter().chain(&bias).all(|value| value.is_finite());
        is_finite.then_some(Folded { audio, weight, bias })
    }

    fn scratch(&mut self, array: &LayerArray, condition_channels: usize, head_channels: usize) -> Scratch {
        let inner = array.bottleneck * array.layers.iter().map(|l| l.gating.factor()).max().unwrap_or(1);
        let widest = inner.max(array.channels).max(condition_channels).max(head_channels);
        Scratch {
            z: self.rows(inner, 0),
            step: self.rows(widest, 0),
            condition: self.rows(condition_channels, 0),
            modulation: self.rows(2 * widest, 0),
            skip: self.rows(head_channels, 0),
        }
    }

    /// A layer. `folded` is given to the first one where it reads the audio itself.
    fn layer(&mut self, shared: &Shared<'_>, place: &Place, folded: Option<Folded>) {
        let &Shared { array, condition: (condition, condition_channels), scratch } = shared;
        let layer = &array.layers[place.index];
        let inner = array.bottleneck * layer.gating.factor();
        let conv = self.tensors(inner, array.channels, layer.kernel_size, array.conv_groups, true);
        let mixin = array.mixin_groups.map(|g| self.tensors(inner, condition_channels, 1, g, false));
        let layer1x1 =
            array.layer1x1_groups.map(|g| self.tensors(array.channels, array.bottleneck, 1, g, true));
        let head1x1 = array
            .head1x1
            .map(|h| (h.channels, self.tensors(h.channels, array.bottleneck, 1, h.groups, true)));
        let film_rows = array.film_rows(layer.gating.factor(), condition_channels);
        let slots = array.films.all();
        let films: [Option<(bool, Tensors<'a>)>; 8] = std::array::from_fn(|i| {
            slots[i].map(|film| {
                let rows = if film.shift { 2 * film_rows[i] } else { film_rows[i] };
                (film.shift, self.tensors(rows, condition_channels, 1, film.groups, true))
            })
        });
        let modulated = |builder: &mut Self, slot: usize, from: Rows, to: Rows| {
            if let Some((shift, tensors)) = films[slot] {
                builder.modulate(shared, film_rows[slot], shift, tensors, from, to);
            }
        };

        // What becomes of the activations.
        let mut sums = Vec::new();
        if let (Some((add, to)), None) = (place.skip, head1x1) {
            sums.push(Sum { add, delay: 0, to });
        }
        if let (Some(to), None) = (place.next, layer1x1) {
            match array.residual {
                Residual::Keep => {}
                Residual::Add => sums.push(Sum { add: Some(place.hidden), delay: place.delay, to }),
                Residual::Replace => sums.push(Sum::store(to)),
            }
        }

        // The convolution, the mixin and the activation, in one go where nothing comes between.
        let taps = Source {
            rows: place.hidden,
            channels: array.channels,
            kernel_size: layer.kernel_size,
            dilation: layer.dilation,
        };
        let taps = if films[0].is_some() {
            let rows = self.rows(array.channels, taps.reach());
            modulated(self, 0, place.hidden, rows);
            Source { rows, ..taps }
        } else {
            taps
        };
        let joined = is_joined(array);
        let bend = bend(&layer.activation)
            .filter(|_| joined && films[4].is_none() && films[5].is_none() && layer.gating == Gating::None);
        // A 1x1 can follow in registers where all of its input is there at once.
        let back = layer1x1
            .zip(place.next)
            .map(|(tensors, to)| (tensors, Sum { add: Some(place.hidden), delay: place.delay, to }));
        let follows = bend.is_some() && heights(self.level, inner).count() == 1 && films[6].is_none();
        let (following, back) = match back {
            Some((tensors, sum)) if follows && tensors.groups == 1 => (Some((tensors, sum)), None),
            back => (None, back),
        };
        if back.is_some() || head1x1.is_some() || bend.is_none() {
            sums.insert(0, Sum::store(scratch.z));
        }
        if joined {
            let (source, weight, bias) = match folded {
                None => (taps, conv.weight.to_vec(), conv.bias.map_or_else(Vec::new, <[f32]>::to_vec)),
                Some(Folded { audio, weight, bias }) => {
                    (Source { rows: audio, channels: 1, ..taps }, weight, bias)
                }
            };
            let mut terms = vec![Term { source, weight: &weight }];
            if let Some(mixin) = mixin {
                let source = Source::present(condition, condition_channels);
                terms.push(Term { source, weight: mixin.weight });
            }
            match &bend {
                // Without a sum nobody reads what the layer does.
                Some(_) if sums.is_empty() && following.is_none() => {}
                Some((bend, slopes)) => self.conv(inner, Some(&bias), &terms, (*bend, slopes), sums.clone()),
                None => self.conv(inner, Some(&bias), &terms, (Bend::Straight, &[]), sums[..1].to_vec()),
            }
            if let Some((tensors, sum)) = following {
                self.follow(array.channels, tensors, sum);
            }
        } else {
            self.grouped(taps, inner, conv, Sum::store(scratch.z));
            modulated(self, 1, scratch.z, scratch.z);
            if let Some(mixin) = mixin {
                let source = if films[2].is_some() { scratch.condition } else { condition };
                modulated(self, 2, condition, scratch.condition);
                let to = if films[3].is_some() { scratch.step } else { scratch.z };
                let add = films[3].is_none().then_some(scratch.z);
                let sum = Sum { add, delay: 0, to };
                self.grouped(Source::present(source, condition_channels), inner, mixin, sum);
                if films[3].is_some() {
                    modulated(self, 3, scratch.step, scratch.step);
                    let sum = Sum { add: Some(scratch.z), delay: 0, to: scratch.z };
                    self.ops.push(Op::Add(Add { rows: inner, from: scratch.step, delay: 0, sum }));
                }
            }
        }
        if bend.is_none() {
            modulated(self, 4, scratch.z, scratch.z);
            match Gate::new(&layer.gating, &layer.activation, scratch.z, array.bottleneck) {
                Some(gate) => self.ops.push(Op::Gate(gate)),
                None => {
                    let functions = Function::of_rows(&layer.activation, array.bottleneck);
                    self.ops.push(Op::Map(Map { functions, from: scratch.z, to: scratch.z }));
                }
            }
            modulated(self, 5, scratch.z, scratch.z);
            for &sum in &sums[1..] {
                self.ops.push(Op::Add(Add { rows: array.bottleneck, from: scratch.z, delay: 0, sum }));
            }
        }

        // The way back to the hidden signal, and the way to the head.
        let z = Source::present(scratch.z, array.bottleneck);
        if let Some((tensors, sum)) = back {
            self.pointwise(z, array.channels, tensors, films[6].is_some(), sum, scratch, |b| {
                modulated(b, 6, scratch.step, scratch.step);
            });
        }
        if let (Some(to), None, Residual::Keep) = (place.next, layer1x1, array.residual) {
            let (from, delay) = (place.hidden, place.delay);
            self.ops.push(Op::Add(Add { rows: array.channels, from, delay, sum: Sum::store(to) }));
        }
        if let (Some((rows, tensors)), Some((add, to))) = (head1x1, place.skip) {
            let sum = Sum { add, delay: 0, to };
            self.pointwise(z, rows, tensors, films[7].is_some(), sum, scratch, |b| {
                modulated(b, 7, scratch.step, scratch.step);
            });
        }
    }

    /// A 1x1 convolution into `sum`, by way of a modulation if there is one.
    #[expect(clippy::too_many_arguments, reason = "two callers, right above")]
    fn pointwise(
        &mut self,
        z: Source,
        rows: usize,
        tensors: Tensors<'_>,
        is_modulated: bool,
        sum: Sum,
        scratch: Scratch,
        modulate: impl FnOnce(&mut Self),
    ) {
        if !is_modulated {
            return self.grouped(z, rows, tensors, sum);
        }
        self.grouped(z, rows, tensors, Sum::store(scratch.step));
        modulate(self);
        self.ops.push(Op::Add(Add { rows, from: scratch.step, delay: 0, sum }));
    }

    fn modulate(
        &mut self,
        shared: &Shared<'_>,
        rows: usize,
        shift: bool,
        tensors: Tensors<'_>,
        from: Rows,
        to: Rows,
    ) {
        let scale = shared.scratch.modulation;
        let source = Source::present(shared.condition.0, shared.condition.1);
        self.grouped(source, if shift { 2 * rows } else { rows }, tensors, Sum::store(scale));
        let shift = shift.then(|| scale.skip(rows));
        self.ops.push(Op::Modulate(Modulate { rows, from, scale, shift, to }));
    }
}

/// The bend and slopes of activations that a convolution can apply itself.
fn bend(activation: &Activation) -> Option<(Bend, Vec<f32>)> {
    match activation {
        Activation::Identity => Some((Bend::Straight, Vec::new())),
        Activation::Tanh => Some((Bend::Tanh, Vec::new())),
        Activation::Relu => Some((Bend::Leaky, vec![0.0])),
        Activation::LeakyRelu { negative_slope } => Some((Bend::Leaky, vec![*negative_slope])),
        Activation::Prelu { negative_slopes } => Some((Bend::Leaky, negative_slopes.clone())),
        _ => None,
    }
}

/// Weights and biases of `conv` over `entrance`, for each tap of the one channel `entrance` reads.
/// What `entrance` adds is the same at all times, so it belongs to the bias.
fn fold(conv: Tensors<'_>, entrance: Tensors<'_>, channels: usize, taps: usize) -> (Vec<f32>, Vec<f32>) {
    let rows = conv.weight.chunks_exact(channels * taps);
    let mut weight = Vec::with_capacity(rows.len() * taps);
    let mut biases = Vec::with_capacity(rows.len());
    for (row, weights) in rows.enumerate() {
        let mut bias = conv.bias.map_or(0.0, |b| f64::from(b[row]));
        let mut sums = vec![0.0f64; taps];
        for (channel, weights) in weights.chunks_exact(taps).enumerate() {
            for (sum, &w) in sums.iter_mut().zip(weights) {
                *sum += f64::from(w) * f64::from(entrance.weight[channel]);
                bias += f64::from(w) * entrance.bias.map_or(0.0, |b| f64::from(b[channel]));
            }
        }
        weight.extend(sums.into_iter().map(|s| s as f32));
        biases.push(bias as f32);
    }
    (weight, biases)
}
