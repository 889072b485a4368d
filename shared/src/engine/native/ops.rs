//! The operations a network is made of, and the memory they work on.
//!
//! All signals lie in one arena as rows over time: row `r` of a signal begins `r * stride` values
//! behind its first. A row either holds only the samples of the present tile, or is a ring that
//! also holds the past.

use crate::model::{Activation, Gating};

/// Samples a network runs at a time. Longer blocks are cut; what a tile works on stays in the
/// first cache.
pub const TILE: usize = 64;
/// Blocks are filled up to a multiple of this many samples; what is computed for the rest is
/// overwritten before it is read.
pub const COLUMNS: usize = 16;

/// Rows of a signal.
///
/// A ring's size is a power of two. Its first [`TILE`] samples are repeated behind its end, so any
/// tile can be read in one go, and behind these is room to write a tile in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Where the first row begins in the arena.
    pub offset: usize,
    /// Distance between rows.
    pub stride: usize,
    /// The size of the ring less one; 0 for rows without a past.
    pub mask: usize,
}

impl Rows {
    /// The shape of rows that remember `history` samples before the present tile, at `offset`.
    pub fn new(offset: usize, history: usize) -> Self {
        let mask = if history == 0 { 0 } else { (history + TILE).next_power_of_two().max(4 * TILE) - 1 };
        let rows = Self { offset, stride: 0, mask };
        // An odd number of cache lines spreads the rows over all sets of the cache.
        Self { stride: ((rows.extent() / 16) | 1) * 16, ..rows }
    }

    /// Values a row takes.
    pub fn extent(self) -> usize {
        if self.mask == 0 { TILE } else { self.mask + 1 + 2 * TILE }
    }

    /// The rows from `first` on.
    pub fn skip(self, first: usize) -> Self {
        Self { offset: self.offset + first * self.stride, ..self }
    }

    /// Where the tile at time `position` begins in the arena.
    #[inline(always)]
    pub fn at(self, position: usize) -> usize {
        self.offset + (position & self.mask)
    }
}

/// What a convolution reads at one moment: `channels` rows, `delay` samples ago.
#[derive(Clone, Copy, Debug)]
pub struct Tap {
    pub rows: Rows,
    pub channels: usize,
    pub delay: usize,
}

/// `to = values + add`, where `add` is read `delay` samples ago.
#[derive(Clone, Copy, Debug)]
pub struct Sum {
    pub add: Option<Rows>,
    pub delay: usize,
    pub to: Rows,
}

impl Sum {
    pub fn store(to: Rows) -> Self {
        Self { add: None, delay: 0, to }
    }

    /// The rows from `first` on.
    pub fn skip(self, first: usize) -> Self {
        Self { add: self.add.map(|rows| rows.skip(first)), to: self.to.skip(first), ..self }
    }
}

/// What a convolution does to its results while they are still in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bend {
    Straight,
    Tanh,
    /// A slope below 0 for each row, packed behind the weights.
    Leaky,
}

/// A 1x1 convolution of results that are still in registers.
#[derive(Clone, Copy, Debug)]
pub struct Follower {
    pub rows: usize,
    /// Where its numbers begin among the packed ones: for each row its bias and its weights.
    pub packed: usize,
    pub sum: Sum,
}

/// `sums(bend(bias + Σ weight * tap))`
#[derive(Clone, Debug)]
pub struct Conv {
    pub taps: Vec<Tap>,
    /// Rows of the result, in the groups that are computed together.
    pub heights: Vec<usize>,
    /// Where its numbers begin among the packed ones: for each group of rows the biases, the
    /// weights by tap, channel and row, and the slopes if there are any.
    pub packed: usize,
    pub bend: Bend,
    /// At most [`MAX_SUMS`].
    pub sums: Vec<Sum>,
    /// Only where all rows are one group.
    pub follower: Option<Follower>,
}

/// Places a convolution's result goes to: a layer's activations, its hidden signal, the skip sum.
pub const MAX_SUMS: usize = 3;

impl Conv {
    pub fn rows(&self) -> usize {
        self.heights.iter().sum()
    }

    /// Numbers it reads for each of its rows.
    pub fn packed_for_each_row(&self) -> usize {
        let weights: usize = self.taps.iter().map(|tap| tap.channels).sum();
        1 + weights + usize::from(self.bend == Bend::Leaky)
    }
}

/// A function of one value.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    Identity,
    Tanh,
    Sigmoid,
    Leaky(f32),
    Silu,
    Hardtanh,
    LeakyHardtanh { min: f32, max: f32, min_slope: f32, max_slope: f32 },
    Hardswish,
    Softsign,
}

impl Function {
    /// What `activation` is in row `row`.
    pub fn new(activation: &Activation, row: usize) -> Self {
        match activation {
            Activation::Identity => Self::Identity,
            Activation::Tanh => Self::Tanh,
            Activation::Sigmoid => Self::Sigmoid,
            Activation::Relu => Self::Leaky(0.0),
            Activation::LeakyRelu { negative_slope } => Self::Leaky(*negative_slope),
            Activation::Prelu { negative_slopes } => {
                Self::Leaky(negative_slopes[if negative_slopes.len() == 1 { 0 } else { row }])
            }
            Activation::Silu => Self::Silu,
            Activation::Hardtanh => Self::Hardtanh,
            &Activation::LeakyHardtanh { min, max, min_slope, max_slope } => {
                Self::LeakyHardtanh { min, max, min_slope, max_slope }
            }
            Activation::Hardswish => Self::Hardswish,
            Activation::Softsign => Self::Softsign,
        }
    }

    /// The functions of `rows` rows.
    pub fn of_rows(activation: &Activation, rows: usize) -> Vec<Self> {
        (0..rows).map(|row| Self::new(activation, row)).collect()
    }
}

/// `to[r] = functions[r](from[r])`
#[derive(Clone, Debug)]
pub struct Map {
    pub functions: Vec<Function>,
    pub from: Rows,
    pub to: Rows,
}

/// How the second half of a layer's rows steers the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// `a * b`
    Product,
    /// `straight + b * (a - straight)`, where `straight` is `a` before its function.
    Blend,
}

/// `a[r] = mix(functions[r](a[r]), gates[r](b[r]))`
#[derive(Clone, Debug)]
pub struct Gate {
    pub mix: Mix,
    pub functions: Vec<Function>,
    pub gates: Vec<Function>,
    pub a: Rows,
    pub b: Rows,
}

impl Gate {
    /// `None` where there is no second half.
    pub fn new(gating: &Gating, activation: &Activation, z: Rows, rows: usize) -> Option<Self> {
        let (mix, gate) = match gating {
            Gating::None => return None,
            Gating::Gated { gate } => (Mix::Product, gate),
            Gating::Blended { blend } => (Mix::Blend, blend),
        };
        let functions = Function::of_rows(activation, rows);
        Some(Self { mix, functions, gates: Function::of_rows(gate, rows), a: z, b: z.skip(rows) })
    }
}

/// `to = from * scale + shift`
#[derive(Clone, Copy, Debug)]
pub struct Modulate {
    pub rows: usize,
    pub from: Rows,
    pub scale: Rows,
    pub shift: Option<Rows>,
    pub to: Rows,
}

/// `sum` of the values in `from`, or of none where it is only a copy.
#[derive(Clone, Copy, Debug)]
pub struct Add {
    pub rows: usize,
    pub from: Rows,
    pub delay: usize,
    pub sum: Sum,
}

/// One step of a network.
#[derive(Clone, Debug)]
pub enum Op {
    Conv(Conv),
    Map(Map),
    Gate(Gate),
    Modulate(Modulate),
    Add(Add),
}

impl Op {
    /// Visits everything the operation writes: rows and how many. Takes no memory, so that a network
    /// may settle on the audio thread.
    pub fn written(&self, mut visit: impl FnMut(Rows, usize)) {
        match self {
            Self::Conv(conv) => {
                conv.sums.iter().for_each(|sum| visit(sum.to, conv.rows()));
                conv.follower.iter().for_each(|f| visit(f.sum.to, f.rows));
            }
            Self::Map(map) => visit(map.to, map.functions.len()),
            Self::Gate(gate) => visit(gate.a, gate.functions.len()),
            Self::Modulate(modulate) => visit(modulate.to, modulate.rows),
            Self::Add(add) => visit(add.sum.to, add.rows),
        }
    }

    /// Everything the operation reads: rows, how many, and how many samples ago at most.
    pub fn read(&self) -> Vec<(Rows, usize, usize)> {
        let addend = |sum: &Sum, rows| sum.add.map(|add| (add, rows, sum.delay));
        match self {
            Self::Conv(conv) => {
                let taps = conv.taps.iter().map(|tap| (tap.rows, tap.channels, tap.delay));
                let sums = conv.sums.iter().filter_map(|sum| addend(sum, conv.rows()));
                let follower = conv.follower.iter().filter_map(|f| addend(&f.sum, f.rows));
                taps.chain(sums).chain(follower).collect()
            }
            Self::Map(map) => vec![(map.from, map.functions.len(), 0)],
            Self::Gate(gate) => vec![(gate.a, gate.functions.len(), 0), (gate.b, gate.gates.len(), 0)],
            Self::Modulate(Modulate { rows, from, scale, shift, .. }) => {
                [Some(from), Some(scale), shift.as_ref()]
                    .into_iter()
                    .flatten()
                    .map(|r| (*r, *rows, 0))
                    .collect()
            }
            Self::Add(add) => {
                let from = (add.from, add.rows, add.delay);
                addend(&add.sum, add.rows).into_iter().chain([from]).collect()
            }
        }
    }
}
