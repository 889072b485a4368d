//! LSTMs.
//!
//! A sample cannot begin before the one before it has ended, so what counts is the length of the
//! chain from one hidden state to the next: a product with a matrix, the gates, the cells' tanh.
//!
//! All layers run at once, each a sample behind the one that feeds it: at a tick, every cell of
//! every layer reads nothing but the hidden states of the tick before. So a network is one layer
//! whose matrix has blocks, and several layers cost little more time than one. At the beginning
//! and the end of a block some layers wait, and keep their states.
//!
//! Lanes are cells: a cell's four gates lie in the same lane of four vectors, and the matrix is
//! added column by column, in two sums. What does not depend on the last tick comes first in the
//! chain; the head is done for a whole tile afterwards.
//!
//! A cell that forgets a thousandth a sample keeps every error for a thousand samples. So the
//! sigmoid is rounded as `1 / (1 + exp(-x))` is, and the cell as `f c + i g` without fusing.

use super::Kernel;
use crate::model::Lstm;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Exponent, Level, Portable, Simd, Twice, one_plus_exp, tanh_fraction};

/// Samples between two runs of the head.
const TILE: usize = 64;
/// The gates that renew a cell, f, i and g: where each is among the weights, and what its rows are
/// scaled by, as the sigmoid is `1 / (1 + exp(-x))`.
const UPDATE: [(usize, f32); 3] = [(1, -1.0), (0, -1.0), (2, 1.0)];
/// The gate that lets it out, o. It is needed later, and computed while the others are squashed.
const OUTPUT: [(usize, f32); 1] = [(3, -1.0)];
/// What an input that is no number, or too large for one, counts as.
const LOUDEST: f32 = 1e30;

/// An LSTM.
#[derive(Clone, Debug)]
pub struct LstmKernel {
    vectors: Vectors,
    layers: usize,
    blocks: Vec<Block>,
    /// Values in a row of states: the cells of all layers, rounded up to whole vectors. The cells
    /// added stay 0.
    stride: usize,
    /// For each cell, the number of its layer.
    layer_of: Vec<f32>,
    /// Hidden states, a row for each tick of a tile, behind the row of the tick before it.
    hidden: Vec<f32>,
    cells: Vec<f32>,
    /// As long as a row; 0 but for the last layer.
    head: Vec<f32>,
    head_bias: f32,
    /// What it remembers of endless silence: a row of hidden states, and the cells.
    silence: (Vec<f32>, Vec<f32>),
}

/// The gates of a vector of cells.
#[derive(Clone, Debug)]
struct Block {
    /// Of the gates in [`UPDATE`] and in [`OUTPUT`]: the bias, the column of the audio, and pairs
    /// of columns of the hidden states; of each, one gate of all these cells after the other.
    update: Vec<f32>,
    output: Vec<f32>,
    /// The first hidden state that these cells read, and how many pairs.
    from: usize,
    pairs: usize,
    /// The first and the last layer that they belong to.
    layers: [f32; 2],
}

/// Which layers are at work in a tick: those between two numbers.
#[derive(Clone, Copy)]
struct Awake {
    above: f32,
    below: f32,
}

impl LstmKernel {
    /// Packs and settles a network.
    pub fn new(net: &Lstm, level: Level) -> Self {
        let spec = net.spec();
        let cells = spec.layers * spec.hidden;
        let vectors = Vectors::for_cells(cells, level);
        let lanes = vectors.lanes();
        let stride = cells.next_multiple_of(lanes);
        let tensors = spec.tensors();
        let values: Vec<&[f32]> = tensors.iter().map(|t| &net.weights()[t.range()]).collect();
        let mut hidden = vec![0.0; (TILE + spec.layers) * stride];
        let mut state = vec![0.0; stride];
        for layer in 0..spec.layers {
            let at = layer * spec.hidden..(layer + 1) * spec.hidden;
            hidden[at.clone()].copy_from_slice(values[4 * layer + 2]);
            state[at].copy_from_slice(values[4 * layer + 3]);
        }
        let mut head = vec![0.0; stride];
        head[cells - spec.hidden..cells].copy_from_slice(values[4 * spec.layers]);
        let mut kernel = Self {
            vectors,
            layers: spec.layers,
            blocks: (0..stride).step_by(lanes).map(|at| Block::new(net, &values, at, lanes)).collect(),
            stride,
            layer_of: (0..stride).map(|cell| (cell / spec.hidden) as f32).collect(),
            hidden,
            cells: state,
            head,
            head_bias: values[4 * spec.layers + 1][0],
            silence: (Vec::new(), Vec::new()),
        };
        let mut rest = spec.warm_up_samples;
        let mut out = [0.0; TILE];
        while rest > 0 {
            let n = rest.min(TILE);
            kernel.process(&[0.0; TILE][..n], &mut out[..n]);
            rest -= n;
        }
        kernel.silence = (kernel.hidden[..stride].to_vec(), kernel.cells.clone());
        kernel
    }

    /// Runs any number of samples with the instructions of `S`.
    ///
    /// # Safety
    /// The processor has the instructions, and the weights were packed for `S::WIDTH`.
    #[inline(always)]
    unsafe fn run<S: Exponent>(&mut self, input: &[f32], output: &mut [f32]) {
        for (input, output) in input.chunks(TILE).zip(output.chunks_mut(TILE)) {
            let ticks = input.len() + self.layers - 1;
            for t in 0..ticks {
                // The audio reaches every row of the matrix, if only to be multiplied by 0.
                let x = match input.get(t) {
                    Some(&x) if x.abs() <= LOUDEST => x,
                    Some(x) => LOUDEST.copysign(*x),
                    None => 0.0,
                };
                // SAFETY: the caller vouches for the instructions and the packing, and there are
                // rows for TILE samples and the ticks that later layers need.
                unsafe {
                    if t + 1 >= self.layers && t < input.len() {
                        self.tick::<S, false>(x, t, Awake { above: 0.0, below: 0.0 });
                    } else {
                        let above = (t + 1).saturating_sub(input.len()) as f32 - 0.5;
                        self.tick::<S, true>(x, t, Awake { above, below: t as f32 + 0.5 });
                    }
                }
            }
            // SAFETY: the caller vouches for both.
            unsafe { self.read_out::<S>(output) };
            self.hidden.copy_within(ticks * self.stride..(ticks + 1) * self.stride, 0);
        }
    }

    /// Computes row `t + 1` of the hidden states from row `t`; `EDGE` if not all layers are awake.
    ///
    /// # Safety
    /// As for [`LstmKernel::run`]; rows `t` and `t + 1` are there.
    #[inline(always)]
    unsafe fn tick<S: Exponent, const EDGE: bool>(&mut self, x: f32, t: usize, awake: Awake) {
        // SAFETY: rows t and t + 1 lie in `hidden`. A block's matrix holds its bias, the column of
        // the audio and its pairs, and is read in that order; its pairs lie within a row.
        unsafe {
            let rows = self.hidden.as_mut_ptr();
            let (before, after) = (rows.add(t * self.stride), rows.add((t + 1) * self.stride));
            let x = S::splat(x);
            let one = S::splat(1.0);
            for (index, block) in self.blocks.iter().enumerate() {
                let at = index * S::WIDTH;
                if EDGE && (block.layers[1] < awake.above || block.layers[0] > awake.below) {
                    S::store(after.add(at), S::load(before.add(at)));
                    continue;
                }
                let [f, i, g] = block.product::<S, 3>(&block.update, x, before);
                let [o] = block.product::<S, 1>(&block.output, x, before);
                let f = S::quotient(one, one_plus_exp::<S>(f));
                let (g, g_by) = tanh_fraction::<S>(g);
                let input = S::quotient(g, S::mul(g_by, one_plus_exp::<S>(i)));
                let old = S::load(self.cells.as_ptr().add(at));
                let mut c = S::add(S::mul(f, old), input);
                let (h, h_by) = tanh_fraction::<S>(c);
                let mut h = S::quotient(h, S::mul(h_by, one_plus_exp::<S>(o)));
                if EDGE {
                    let layer = S::load(self.layer_of.as_ptr().add(at));
                    let behind = S::mul_add(layer, S::splat(-1.0), S::splat(awake.below));
                    let inside = S::mul(S::add(layer, S::splat(-awake.above)), behind);
                    c = S::select_positive(inside, c, old);
                    h = S::select_positive(inside, h, S::load(before.add(at)));
                }
                S::store(self.cells.as_mut_ptr().add(at), c);
                S::store(after.add(at), h);
            }
        }
    }

    /// The head: what the last layer's hidden states of a tile are worth.
    ///
    /// # Safety
    /// As for [`LstmKernel::run`].
    #[inline(always)]
    unsafe fn read_out<S: Exponent>(&self, output: &mut [f32]) {
        let (stride, last) = (self.stride, output.len() - 1);
        for (group, out) in output.chunks_mut(4).enumerate() {
            // For samples behind the last, that one stands in: there are no other rows.
            let row = |i: usize| &self.hidden[((4 * group + i).min(last) + self.layers) * stride..][..stride];
            let rows: [&[f32]; 4] = [row(0), row(1), row(2), row(3)];
            // SAFETY: the caller vouches for the instructions; rows and head have `stride` values,
            // a multiple of the width.
            unsafe {
                let mut sums = [S::splat(0.0); 4];
                for at in (0..stride).step_by(S::WIDTH) {
                    let head = S::load(self.head.as_ptr().add(at));
                    for i in 0..4 {
                        sums[i] = S::mul_add(head, S::load(rows[i].as_ptr().add(at)), sums[i]);
                    }
                }
                let sums = S::sums(sums[0], sums[1], sums[2], sums[3]);
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out = sum + self.head_bias;
                }
            }
        }
    }
}

impl Block {
    /// Packs the cells from `at` on, counted over all layers. `values` are the tensors.
    fn new(net: &Lstm, values: &[&[f32]], at: usize, lanes: usize) -> Self {
        let (layers, hidden) = (net.spec().layers, net.spec().hidden);
        // A layer reads the one below and itself: neighbours in a row of states.
        let last = (at + lanes - 1).min(layers * hidden - 1) / hidden;
        let from = (at / hidden).saturating_sub(1) * hidden / 2 * 2;
        let pairs = ((last + 1) * hidden - from).div_ceil(2);
        // What a gate's row has for a hidden state, 0 for those that its layer does not read.
        let weight = |layer: usize, row: usize, column: usize| {
            let (first, inputs) = if layer == 0 { (0, 1) } else { ((layer - 1) * hidden, hidden) };
            // The first layer's input, the audio, has its own column.
            let own = if layer == 0 { Some(column + 1) } else { column.checked_sub(first) };
            let columns = inputs + hidden;
            own.filter(|&own| own < columns).map_or(0.0, |own| values[4 * layer][row * columns + own])
        };
        let pack = |gates: &[(usize, f32)]| {
            let mut matrix = Vec::with_capacity((2 + 2 * pairs) * gates.len() * lanes);
            let mut push = |value: &dyn Fn(usize, usize) -> f32| {
                for &(gate, scale) in gates {
                    matrix.extend((at..at + lanes).map(|cell| {
                        let row = gate * hidden + cell % hidden;
                        if cell < layers * hidden { scale * value(cell / hidden, row) } else { 0.0 }
                    }));
                }
            };
            push(&|layer, row| values[4 * layer + 1][row]);
            push(&|layer, row| if layer == 0 { values[0][row * (1 + hidden)] } else { 0.0 });
            for column in from..from + 2 * pairs {
                push(&|layer, row| weight(layer, row, column));
            }
            matrix
        };
        let layers = [(at / hidden) as f32, last as f32];
        Self { update: pack(&UPDATE), output: pack(&OUTPUT), from, pairs, layers }
    }

    /// What the `N` gates of a matrix are before they are squashed.
    ///
    /// # Safety
    /// The processor has the instructions, `matrix` is one of this block's, with `N` gates, packed
    /// for `S::WIDTH`, and `before` is a row of hidden states.
    #[inline(always)]
    unsafe fn product<S: Simd, const N: usize>(
        &self,
        matrix: &[f32],
        x: S::V,
        before: *const f32,
    ) -> [S::V; N] {
        // SAFETY: the matrix holds a bias, the column of the audio and the pairs, and is read in
        // that order; the pairs lie within a row.
        unsafe {
            let column = N * S::WIDTH;
            let mut weights = matrix.as_ptr();
            let mut even = [S::splat(0.0); N];
            let mut odd = [S::splat(0.0); N];
            for (gate, even) in even.iter_mut().enumerate() {
                let weight = weights.add(gate * S::WIDTH);
                *even = S::mul_add(S::load(weight.add(column)), x, S::load(weight));
            }
            weights = weights.add(2 * column);
            let mut h = before.add(self.from);
            for _ in 0..self.pairs {
                let (a, b) = (S::splat(*h), S::splat(*h.add(1)));
                for gate in 0..N {
                    let weight = weights.add(gate * S::WIDTH);
                    even[gate] = S::mul_add(S::load(weight), a, even[gate]);
                    odd[gate] = S::mul_add(S::load(weight.add(column)), b, odd[gate]);
                }
                h = h.add(2);
                weights = weights.add(2 * column);
            }
            for (even, odd) in even.iter_mut().zip(odd) {
                *even = S::add(*even, odd);
            }
            even
        }
    }
}

impl Kernel for LstmKernel {
    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        {
            /// # Safety
            /// As for [`LstmKernel::run`], and `S` is [`Avx512`] or made of it.
            #[target_feature(enable = "avx512f,avx512dq,fma")]
            unsafe fn avx512<S: Exponent>(kernel: &mut LstmKernel, input: &[f32], output: &mut [f32]) {
                // SAFETY: the instructions are enabled here, and the caller vouches for the rest.
                unsafe { kernel.run::<S>(input, output) }
            }
            /// # Safety
            /// As for [`LstmKernel::run`], and `S` is [`Avx2`] or made of it.
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2<S: Exponent>(kernel: &mut LstmKernel, input: &[f32], output: &mut [f32]) {
                // SAFETY: the instructions are enabled here, and the caller vouches for the rest.
                unsafe { kernel.run::<S>(input, output) }
            }
            match self.vectors {
                // SAFETY: the processor has the level, and `new` packed for the vectors.
                Vectors { level: Level::Avx512, twice: false } => unsafe {
                    return avx512::<Avx512>(self, input, output);
                },
                // SAFETY: as above.
                Vectors { level: Level::Avx512, twice: true } => unsafe {
                    return avx512::<Twice<Avx512>>(self, input, output);
                },
                // SAFETY: as above.
                Vectors { level: Level::Avx2, twice: false } => unsafe {
                    return avx2::<Avx2>(self, input, output);
                },
                // SAFETY: as above.
                Vectors { level: Level::Avx2, twice: true } => unsafe {
                    return avx2::<Twice<Avx2>>(self, input, output);
                },
                Vectors { level: Level::Portable, .. } => {}
            }
        }
        if self.vectors.twice {
            // SAFETY: plain arithmetic needs no instructions, and `new` packed for the vectors.
            unsafe { self.run::<Twice<Portable>>(input, output) }
        } else {
            // SAFETY: as above.
            unsafe { self.run::<Portable>(input, output) }
        }
    }

    fn reset(&mut self) {
        self.hidden[..self.stride].copy_from_slice(&self.silence.0);
        self.cells.copy_from_slice(&self.silence.1);
    }
}

/// What runs a network: vectors of a level, or two of them side by side.
#[derive(Clone, Copy, Debug)]
struct Vectors {
    level: Level,
    twice: bool,
}

impl Vectors {
    /// The best for a number of cells. Where eight lanes hold all cells, sixteen would be half
    /// empty and no faster; a processor that has these has those.
    fn for_cells(cells: usize, level: Level) -> Self {
        #[cfg(target_arch = "x86_64")]
        if level == Level::Avx512 && cells <= Avx2::WIDTH {
            return Self { level: Level::Avx2, twice: false };
        }
        let single = Self { level, twice: false };
        Self { level, twice: cells > single.lanes() }
    }

    fn lanes(self) -> usize {
        let lanes = match self.level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Avx512::WIDTH,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Avx2::WIDTH,
            Level::Portable => Portable::WIDTH,
        };
        if self.twice { 2 * lanes } else { lanes }
    }
}
