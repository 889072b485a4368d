//! A WaveNet made ready to run: its convolutions packed, its buffers in place.

use super::activation;
use super::conv::{Conv, LANES, Shape};
use super::rows::{Past, Rows, TILE};
use super::simd::{Level, multiply_add};
use crate::model::{Activation, Film, Gating, HeadSource, LayerArray, WaveNet, WaveNetSpec};

/// The moment a network runs at: how fast, when, how many samples.
#[derive(Clone, Copy)]
struct Tick {
    level: Level,
    position: usize,
    n: usize,
    /// `n` rounded up to whole vectors.
    columns: usize,
}

/// A network with its state.
#[derive(Clone, Debug)]
pub struct Network {
    condition: Option<Box<Network>>,
    arrays: Vec<Array>,
    post_head: Vec<(Activation, Conv)>,
    head_scale: f32,
    audio: Rows,
    condition_rows: Rows,
    out: Rows,
    post_in: Rows,
}

#[derive(Clone, Debug)]
struct Array {
    input: Conv,
    layers: Vec<Layer>,
    head: Conv,
    source: HeadSource,
    hidden: Rows,
    skip: Rows,
    out: Rows,
    scratch: Scratch,
}

/// What one layer after another works in.
#[derive(Clone, Debug)]
struct Scratch {
    x: Rows,
    z: Rows,
    mixin: Rows,
    step: Rows,
    condition: Rows,
    modulation: Rows,
}

#[derive(Clone, Debug)]
struct Layer {
    conv: Conv,
    mixin: Option<Conv>,
    layer1x1: Option<Conv>,
    head1x1: Option<Conv>,
    films: [Option<FilmConv>; 8],
    activation: Activation,
    gating: Gating,
    bottleneck: usize,
    residual: bool,
    /// How late the hidden signal is added, in samples: 0 for a causal network.
    delay: usize,
}

#[derive(Clone, Debug)]
struct FilmConv {
    conv: Conv,
    shift: bool,
}

/// Walks the flat weight vector in the order of [`WaveNetSpec::tensors`].
struct Weights<'a> {
    rest: &'a [f32],
}

impl<'a> Weights<'a> {
    fn take(&mut self, n: usize) -> &'a [f32] {
        let (head, tail) = self.rest.split_at(n);
        self.rest = tail;
        head
    }

    fn conv(&mut self, shape: Shape, bias: bool) -> Conv {
        let weight = self.take(shape.outputs * (shape.inputs / shape.groups) * shape.kernel_size);
        let bias = bias.then(|| self.take(shape.outputs));
        Conv::new(shape, weight, bias)
    }

    fn pointwise(&mut self, inputs: usize, outputs: usize, groups: usize, bias: bool) -> Conv {
        self.conv(Shape { inputs, outputs, kernel_size: 1, dilation: 1, groups }, bias)
    }
}

impl Network {
    /// Packs a model's weights.
    pub fn new(net: &WaveNet) -> Self {
        let mut weights = Weights { rest: net.weights() };
        Self::build(net.spec(), &mut weights)
    }

    fn build(spec: &WaveNetSpec, weights: &mut Weights<'_>) -> Self {
        let condition = spec.condition.as_ref().map(|inner| Box::new(Self::build(inner, weights)));
        let condition_channels = spec.condition_channels();
        let mut inputs = 1;
        let mut arrays = Vec::with_capacity(spec.arrays.len());
        for array in &spec.arrays {
            arrays.push(Array::build(array, inputs, condition_channels, spec.causal, weights));
            inputs = array.channels;
        }
        let mut post_head = Vec::new();
        let mut rows = spec.arrays.last().map_or(0, |a| a.head.channels);
        let mut widest = rows;
        if let Some(post) = &spec.post_head {
            for (i, &kernel_size) in post.kernel_sizes.iter().enumerate() {
                let last = i + 1 == post.kernel_sizes.len();
                let outputs = if last { post.out_channels } else { post.channels };
                let shape = Shape { inputs: rows, outputs, kernel_size, dilation: 1, groups: 1 };
                post_head.push((post.activation.clone(), weights.conv(shape, true)));
                rows = outputs;
                widest = widest.max(rows);
            }
        }
        Self {
            condition,
            arrays,
            post_head,
            head_scale: spec.head_scale,
            audio: Rows::new(1),
            condition_rows: Rows::new(condition_channels),
            out: Rows::new(widest),
            post_in: Rows::new(widest),
        }
    }

    /// Runs the first `input.len()` samples (at most a tile) at time `position`.
    pub fn run(&mut self, level: Level, position: usize, input: &[f32], output: &mut [f32]) {
        let n = input.len();
        let tick = Tick { level, position, n, columns: n.next_multiple_of(LANES) };
        self.audio.row_mut(0)[..input.len()].copy_from_slice(input);
        self.tick(tick);
        output.copy_from_slice(&self.out.row(0)[..input.len()]);
    }

    fn tick(&mut self, tick: Tick) {
        match &mut self.condition {
            Some(condition) => {
                condition.audio.copy_from(&self.audio, tick.columns);
                condition.tick(tick);
                self.condition_rows.copy_from(&condition.out, tick.columns);
            }
            None => self.condition_rows.copy_from(&self.audio, tick.columns),
        }
        for i in 0..self.arrays.len() {
            let (before, rest) = self.arrays.split_at_mut(i);
            let array = &mut rest[0];
            let previous = before.last();
            array.run(tick, previous, &self.audio, &self.condition_rows);
        }
        if let Some(last) = self.arrays.last() {
            self.out.copy_from(&last.out, tick.columns);
        }
        if self.head_scale != 1.0 {
            for channel in 0..self.out.channels() {
                for value in &mut self.out.row_mut(channel)[..tick.columns] {
                    *value *= self.head_scale;
                }
            }
        }
        for (function, conv) in &mut self.post_head {
            self.post_in.copy_from(&self.out, tick.columns);
            for channel in 0..conv.inputs() {
                let row = &mut self.post_in.row_mut(channel)[..tick.columns];
                activation::apply(tick.level, function, channel, row);
            }
            conv.run(tick.level, tick.position, tick.n, &self.post_in, &mut self.out);
        }
    }

    /// Visits every past in the network, always in the same order.
    fn visit_pasts(&mut self, visit: &mut dyn FnMut(&mut Past)) {
        if let Some(condition) = &mut self.condition {
            condition.visit_pasts(visit);
        }
        for array in &mut self.arrays {
            array.layers.iter_mut().filter_map(|l| l.conv.past_mut()).for_each(&mut *visit);
            array.head.past_mut().into_iter().for_each(&mut *visit);
        }
        self.post_head.iter_mut().filter_map(|(_, c)| c.past_mut()).for_each(visit);
    }

    /// A copy of everything the network remembers.
    pub fn remember(&mut self) -> Vec<Past> {
        let mut memory = Vec::new();
        self.visit_pasts(&mut |past| memory.push(past.clone()));
        memory
    }

    /// Goes back to what [`Network::remember`] gave. Neither allocates nor frees.
    pub fn recall(&mut self, memory: &[Past]) {
        let mut memory = memory.iter();
        self.visit_pasts(&mut |past| {
            if let Some(saved) = memory.next() {
                past.copy_from(saved);
            }
        });
    }
}

impl Array {
    fn build(
        spec: &LayerArray,
        inputs: usize,
        condition_channels: usize,
        causal: bool,
        weights: &mut Weights<'_>,
    ) -> Self {
        let input = weights.pointwise(inputs, spec.channels, 1, spec.input_bias);
        let layers: Vec<Layer> = (0..spec.layers.len())
            .map(|i| Layer::build(spec, i, condition_channels, causal, weights))
            .collect();
        let shape = Shape {
            inputs: spec.head_input_channels(),
            outputs: spec.head.channels,
            kernel_size: spec.head.kernel_size,
            dilation: spec.head.dilation,
            groups: 1,
        };
        let head = weights.conv(shape, spec.head.bias);
        let inner = spec.bottleneck * spec.layers.iter().map(|l| l.gating.factor()).max().unwrap_or(1);
        let widest = inner.max(spec.channels).max(condition_channels).max(spec.head_input_channels());
        Self {
            input,
            layers,
            head,
            source: spec.head.source,
            hidden: Rows::new(spec.channels),
            skip: Rows::new(spec.head_input_channels()),
            out: Rows::new(spec.head.channels),
            scratch: Scratch {
                x: Rows::new(spec.channels),
                z: Rows::new(inner),
                mixin: Rows::new(inner),
                step: Rows::new(spec.channels.max(spec.head_input_channels())),
                condition: Rows::new(condition_channels),
                modulation: Rows::new(2 * widest),
            },
        }
    }

    fn run(&mut self, tick: Tick, previous: Option<&Array>, audio: &Rows, condition: &Rows) {
        let x = previous.map_or(audio, |p| &p.hidden);
        self.input.run(tick.level, tick.position, tick.n, x, &mut self.hidden);
        match previous {
            Some(previous) => self.skip.copy_from(&previous.out, tick.columns),
            None => self.skip.data_mut().fill(0.0),
        }
        for layer in &mut self.layers {
            let skip = (self.source == HeadSource::SkipSum).then_some(&mut self.skip);
            layer.run(tick, condition, &mut self.hidden, skip, &mut self.scratch);
        }
        let source = match self.source {
            HeadSource::Hidden => &self.hidden,
            HeadSource::SkipSum => &self.skip,
        };
        self.head.run(tick.level, tick.position, tick.n, source, &mut self.out);
    }
}

impl Layer {
    fn build(
        array: &LayerArray,
        index: usize,
        condition_channels: usize,
        causal: bool,
        weights: &mut Weights<'_>,
    ) -> Self {
        let layer = &array.layers[index];
        let inner = array.bottleneck * layer.gating.factor();
        let shape = Shape {
            inputs: array.channels,
            outputs: inner,
            kernel_size: layer.kernel_size,
            dilation: layer.dilation,
            groups: array.conv_groups,
        };
        let conv = weights.conv(shape, true);
        let mixin = array.mixin_groups.map(|g| weights.pointwise(condition_channels, inner, g, false));
        let layer1x1 =
            array.layer1x1_groups.map(|g| weights.pointwise(array.bottleneck, array.channels, g, true));
        let head1x1 = array.head1x1.map(|h| weights.pointwise(array.bottleneck, h.channels, h.groups, true));
        let rows = array.film_rows(layer.gating.factor(), condition_channels);
        let slots = array.films.all();
        let films = std::array::from_fn(|i| {
            slots[i].map(|Film { shift, groups }| {
                let outputs = if shift { 2 * rows[i] } else { rows[i] };
                FilmConv { conv: weights.pointwise(condition_channels, outputs, groups, true), shift }
            })
        });
        Self {
            conv,
            mixin,
            layer1x1,
            head1x1,
            films,
            activation: layer.activation.clone(),
            gating: layer.gating.clone(),
            bottleneck: array.bottleneck,
            residual: array.residual,
            delay: if causal { 0 } else { (layer.kernel_size - 1) * layer.dilation / 2 },
        }
    }

    fn run(
        &mut self,
        tick: Tick,
        condition: &Rows,
        hidden: &mut Rows,
        skip: Option<&mut Rows>,
        scratch: &mut Scratch,
    ) {
        let Tick { level, position, n, columns } = tick;
        let Scratch { x, z, mixin, step, condition: modulated, modulation } = scratch;
        x.copy_from(hidden, columns);
        self.modulate(0, tick, condition, x, modulation);
        self.conv.run(level, position, n, x, z);
        self.modulate(1, tick, condition, z, modulation);
        if self.mixin.is_some() {
            modulated.copy_from(condition, columns);
            self.modulate(2, tick, condition, modulated, modulation);
            if let Some(conv) = &mut self.mixin {
                conv.run(level, position, n, modulated, mixin);
            }
            self.modulate(3, tick, condition, mixin, modulation);
            z.add(mixin, columns);
        }
        self.modulate(4, tick, condition, z, modulation);
        self.activate(tick, z);
        self.modulate(5, tick, condition, z, modulation);

        if self.delay > 0 {
            for channel in 0..hidden.channels() {
                if let Some(past) = self.conv.delayed(channel, position, self.delay) {
                    hidden.row_mut(channel)[..columns].copy_from_slice(&past[..columns]);
                }
            }
        }
        if let Some(conv) = &mut self.layer1x1 {
            conv.run(level, position, n, z, step);
            self.modulate(6, tick, condition, step, modulation);
            hidden.add(step, columns);
        } else if self.residual {
            hidden.add(z, columns);
        }
        let Some(skip) = skip else { return };
        if let Some(conv) = &mut self.head1x1 {
            conv.run(level, position, n, z, step);
            self.modulate(7, tick, condition, step, modulation);
            skip.add(step, columns);
        } else {
            skip.add(z, columns);
        }
    }

    fn modulate(&mut self, slot: usize, tick: Tick, condition: &Rows, x: &mut Rows, modulation: &mut Rows) {
        let Some(film) = &mut self.films[slot] else { return };
        film.conv.run(tick.level, tick.position, tick.n, condition, modulation);
        let rows = if film.shift { film.conv.outputs() / 2 } else { film.conv.outputs() };
        for channel in 0..rows {
            let scale = &modulation.row(channel)[..tick.columns];
            for (x, s) in x.row_mut(channel).iter_mut().zip(scale) {
                *x *= s;
            }
            if film.shift {
                let shift = &modulation.row(rows + channel)[..tick.columns];
                for (x, s) in x.row_mut(channel).iter_mut().zip(shift) {
                    *x += s;
                }
            }
        }
    }

    /// The activation, and the gate where there is one; leaves the result in the first rows.
    fn activate(&self, tick: Tick, z: &mut Rows) {
        let Tick { level, columns, .. } = tick;
        let rows = self.bottleneck;
        match &self.gating {
            Gating::None => {
                for channel in 0..rows {
                    activation::apply(level, &self.activation, channel, &mut z.row_mut(channel)[..columns]);
                }
            }
            Gating::Gated { gate } => {
                for channel in 0..rows {
                    let (a, b) = halves(z, channel, rows, columns);
                    activation::apply(level, &self.activation, channel, a);
                    activation::apply(level, gate, channel, b);
                    for (a, b) in a.iter_mut().zip(b) {
                        *a *= *b;
                    }
                }
            }
            Gating::Blended { blend } => {
                for channel in 0..rows {
                    let (a, b) = halves(z, channel, rows, columns);
                    activation::apply(level, blend, channel, b);
                    for (a, b) in a.iter_mut().zip(b) {
                        let activated = self.activation.apply(*a, channel);
                        *a = multiply_add::<false>(*b, activated - *a, *a);
                    }
                }
            }
        }
    }
}

/// Row `channel` of the first and of the second `rows` rows.
fn halves(z: &mut Rows, channel: usize, rows: usize, columns: usize) -> (&mut [f32], &mut [f32]) {
    let (first, second) = z.data_mut().split_at_mut(rows * TILE);
    (&mut first[channel * TILE..][..columns], &mut second[channel * TILE..][..columns])
}
