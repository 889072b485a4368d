//! The two operations everything is made of, and how they run.
//!
//! [`Conv`] makes rows out of weighted sums of rows read at some distance in time, [`Outer`] makes
//! weight gradients out of scalar products of rows. Both work on one arena of `f32` that holds
//! every signal as rows over time, and on tiles of [`TILE`] samples that are aligned in time, so
//! there are no remainders.

use super::function::{Function, Hardtanh, Identity, Leaky, Pointwise, Sigmoid, Silu, Softsign, Tanh};
use shared::simd::Simd;

/// Samples in a tile.
pub(super) const TILE: usize = 64;
/// Rows a convolution computes at once: with `NT` vectors each they fill the registers.
const CONV_ROWS: usize = 6;
/// Rows of an outer product computed at once.
const OUTER_ROWS: usize = 4;

/// Rows of a signal: sample `t` of row `r` lies in the arena at `offset + r * stride + t`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub offset: isize,
    pub stride: isize,
}

impl Rows {
    pub fn row(self, r: usize) -> isize {
        self.offset + r as isize * self.stride
    }

    /// The same rows read `samples` later.
    pub fn later(self, samples: usize) -> Self {
        Self { offset: self.offset + samples as isize, ..self }
    }

    /// The same rows read `samples` earlier.
    pub fn earlier(self, samples: usize) -> Self {
        Self { offset: self.offset - samples as isize, ..self }
    }
}

/// Rows that are added from time `from` on, a multiple of [`TILE`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Addend {
    pub rows: Rows,
    pub from: usize,
}

/// `to = values + add`, from time `from` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    pub add: Option<Rows>,
    pub to: Rows,
    pub from: usize,
}

/// What happens to a tile that a convolution has just made.
#[derive(Clone, Debug)]
pub(super) enum Then {
    Nothing,
    /// Applies the function in place, keeps its slopes where asked to, and adds the values up.
    Activate {
        function: Function,
        slopes: Option<Rows>,
        sums: Vec<Sum>,
    },
    /// Multiplies the tile by the slopes and puts it in the place of the values. The tile itself
    /// is at a fixed place.
    Derive {
        function: Function,
        slopes: Option<Rows>,
        values: Rows,
    },
}

/// `out[r][t] = bias[r] + addends[r][t] + Σ_q weight[r][q] * arena[columns[q] + t]`
#[derive(Clone, Debug)]
pub(super) struct Conv {
    /// Time of the first tile.
    pub from: usize,
    /// Rows of the result.
    pub rows: usize,
    /// Where each column lies at time 0.
    pub columns: Vec<isize>,
    /// Where its weights begin among the packed ones, which are ordered by [`groups`], column, row.
    pub packed: usize,
    /// Where its bias begins among the weights.
    pub bias: Option<usize>,
    pub addends: [Option<Addend>; 2],
    /// Where the result goes; for [`Then::Derive`] a place that does not move with time.
    pub out: Rows,
    pub then: Then,
}

impl Conv {
    pub fn moves(&self) -> bool {
        !matches!(self.then, Then::Derive { .. })
    }
}

/// A column of an outer product: `gradient[to + r * step] += Σ_t rows[r][t] * column[t]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub offset: isize,
    /// `false` for the row of ones, which is the same at all times.
    pub moves: bool,
    pub to: usize,
    pub step: usize,
}

/// Scalar products of every row with every column.
#[derive(Clone, Debug)]
pub(super) struct Outer {
    pub from: usize,
    pub count: usize,
    pub rows: Rows,
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Conv(Conv),
    Outer(Outer),
}

/// Splits `count` into as few, as equal parts of at most `largest` as possible: first and length.
pub(super) fn split(count: usize, largest: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = count.div_ceil(largest).max(1);
    (0..parts)
        .map(move |i| (i * count / parts, (i + 1) * count / parts - i * count / parts))
        .filter(|p| p.1 > 0)
}

/// Groups of rows a convolution computes together.
pub(super) fn groups(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    split(rows, CONV_ROWS)
}

/// Memory and weights of one run.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub arena: *mut f32,
    pub weights: &'a [f32],
    pub packed: &'a [f32],
    /// Time range of the chunk, multiples of [`TILE`].
    pub from: usize,
    pub to: usize,
}

impl Run<'_> {
    fn at(&self, offset: isize, time: usize) -> *mut f32 {
        self.arena.wrapping_offset(offset + time as isize)
    }
}

/// Repeats `$body!(literal)` for the literals below `$n`: indices that are literals keep the
/// accumulators in registers.
macro_rules! unroll {
    ($n:expr, $body:ident) => {
        if $n > 0 {
            $body!(0);
        }
        if $n > 1 {
            $body!(1);
        }
        if $n > 2 {
            $body!(2);
        }
        if $n > 3 {
            $body!(3);
        }
        if $n > 4 {
            $body!(4);
        }
        if $n > 5 {
            $body!(5);
        }
    };
}

/// Runs operations over the chunk. `NT` are the vectors of a convolution's register tile in time,
/// `NC` the columns of an outer product's.
///
/// # Safety
/// The processor has the instructions of `S`; the operations were checked against the arena, the
/// packed weights, the weights and the gradient (`Plan::check`).
#[inline(always)]
pub(super) unsafe fn run<S: Simd, const NT: usize, const NC: usize>(
    ops: &[Op],
    run: Run<'_>,
    gradient: &mut [f32],
) {
    for op in ops {
        // SAFETY: passed on.
        unsafe {
            match op {
                Op::Conv(conv) => conv_run::<S, NT>(conv, run),
                Op::Outer(outer) => outer_run::<S, NC>(outer, run, gradient),
            }
        }
    }
}

/// # Safety
/// See [`run`].
#[inline(always)]
unsafe fn conv_run<S: Simd, const NT: usize>(conv: &Conv, run: Run<'_>) {
    for time in (run.from.max(conv.from)..run.to).step_by(TILE) {
        let mut weights = run.packed[conv.packed..].as_ptr();
        for (first, count) in groups(conv.rows) {
            // SAFETY: passed on; the weights of the groups follow each other.
            unsafe {
                match count {
                    1 => conv_group::<S, NT, 1>(conv, run, time, first, weights),
                    2 => conv_group::<S, NT, 2>(conv, run, time, first, weights),
                    3 => conv_group::<S, NT, 3>(conv, run, time, first, weights),
                    4 => conv_group::<S, NT, 4>(conv, run, time, first, weights),
                    5 => conv_group::<S, NT, 5>(conv, run, time, first, weights),
                    _ => conv_group::<S, NT, 6>(conv, run, time, first, weights),
                }
                weights = weights.add(count * conv.columns.len());
            }
        }
        // SAFETY: passed on.
        unsafe { then_run::<S>(conv, run, time) }
    }
}

/// One group of rows of one tile.
///
/// # Safety
/// See [`run`]; `weights` holds `NO` values for each column.
#[inline(always)]
unsafe fn conv_group<S: Simd, const NT: usize, const NO: usize>(
    conv: &Conv,
    run: Run<'_>,
    tile: usize,
    first: usize,
    weights: *const f32,
) {
    let out_time = if conv.moves() { tile } else { 0 };
    for step in (0..TILE).step_by(NT * S::WIDTH) {
        let time = tile + step;
        // SAFETY: passed on.
        unsafe {
            let mut acc = [[S::splat(0.0); NT]; NO];
            if let Some(bias) = conv.bias {
                macro_rules! start {
                    ($j:literal) => {
                        acc[$j % NO] = [S::splat(*run.weights.as_ptr().add(bias + first + $j)); NT];
                    };
                }
                unroll!(NO, start);
            }
            for addend in conv.addends.iter().flatten() {
                if tile >= addend.from {
                    macro_rules! start {
                        ($j:literal) => {
                            let from = run.at(addend.rows.row(first + $j), time);
                            macro_rules! add {
                                ($t:literal) => {
                                    let v = S::load(from.wrapping_add($t * S::WIDTH));
                                    acc[$j % NO][$t % NT] = S::add(acc[$j % NO][$t % NT], v);
                                };
                            }
                            unroll!(NT, add);
                        };
                    }
                    unroll!(NO, start);
                }
            }
            let base = run.arena.wrapping_add(time);
            let mut w = weights;
            for &column in &conv.columns {
                let from = base.wrapping_offset(column);
                let mut x = [S::splat(0.0); NT];
                macro_rules! load {
                    ($t:literal) => {
                        x[$t % NT] = S::load(from.wrapping_add($t * S::WIDTH));
                    };
                }
                unroll!(NT, load);
                macro_rules! row {
                    ($j:literal) => {
                        let weight = S::splat(*w.wrapping_add($j));
                        macro_rules! fma {
                            ($t:literal) => {
                                acc[$j % NO][$t % NT] = S::mul_add(weight, x[$t % NT], acc[$j % NO][$t % NT]);
                            };
                        }
                        unroll!(NT, fma);
                    };
                }
                unroll!(NO, row);
                w = w.wrapping_add(NO);
            }
            macro_rules! end {
                ($j:literal) => {
                    let to = run.at(conv.out.row(first + $j), out_time + step);
                    macro_rules! store {
                        ($t:literal) => {
                            S::store(to.wrapping_add($t * S::WIDTH), acc[$j % NO][$t % NT]);
                        };
                    }
                    unroll!(NT, store);
                };
            }
            unroll!(NO, end);
        }
    }
}

/// # Safety
/// See [`run`].
#[inline(always)]
unsafe fn then_run<S: Simd>(conv: &Conv, run: Run<'_>, time: usize) {
    macro_rules! with {
        ($function:expr, $f:ident => $body:expr) => {
            match $function {
                Function::Identity => {
                    let $f = Identity;
                    $body
                }
                Function::Tanh => {
                    let $f = Tanh;
                    $body
                }
                Function::Sigmoid => {
                    let $f = Sigmoid;
                    $body
                }
                Function::Leaky(slope) => {
                    let $f = Leaky(slope);
                    $body
                }
                Function::Silu => {
                    let $f = Silu;
                    $body
                }
                Function::Hardtanh => {
                    let $f = Hardtanh;
                    $body
                }
                Function::Softsign => {
                    let $f = Softsign;
                    $body
                }
            }
        };
    }
    // SAFETY: passed on.
    unsafe {
        match &conv.then {
            Then::Nothing => {}
            Then::Activate { function, slopes, sums } => {
                with!(*function, f => activate::<S, _>(f, conv, run, time, *slopes, sums));
            }
            Then::Derive { function, slopes, values } => {
                with!(*function, f => derive::<S, _>(f, conv, run, time, *slopes, *values));
            }
        }
    }
}

/// # Safety
/// See [`run`].
#[inline(always)]
unsafe fn activate<S: Simd, F: Pointwise<S>>(
    f: F,
    conv: &Conv,
    run: Run<'_>,
    time: usize,
    slopes: Option<Rows>,
    sums: &[Sum],
) {
    for r in 0..conv.rows {
        let row = run.at(conv.out.row(r), time);
        // SAFETY: passed on.
        unsafe {
            if let Some(slopes) = slopes {
                let to = run.at(slopes.row(r), time);
                for t in (0..TILE).step_by(S::WIDTH) {
                    S::store(to.wrapping_add(t), f.slope_at(S::load(row.wrapping_add(t))));
                }
            }
            for t in (0..TILE).step_by(S::WIDTH) {
                let at = row.wrapping_add(t);
                S::store(at, f.value(S::load(at)));
            }
            for sum in sums {
                if time < sum.from {
                    continue;
                }
                let to = run.at(sum.to.row(r), time);
                let add = sum.add.map(|rows| run.at(rows.row(r), time));
                for t in (0..TILE).step_by(S::WIDTH) {
                    let mut v = S::load(row.wrapping_add(t));
                    if let Some(add) = add {
                        v = S::add(v, S::load(add.wrapping_add(t)));
                    }
                    S::store(to.wrapping_add(t), v);
                }
            }
        }
    }
}

/// # Safety
/// See [`run`].
#[inline(always)]
unsafe fn derive<S: Simd, F: Pointwise<S>>(
    f: F,
    conv: &Conv,
    run: Run<'_>,
    time: usize,
    slopes: Option<Rows>,
    values: Rows,
) {
    for r in 0..conv.rows {
        let gradient = run.at(conv.out.row(r), 0);
        let value = run.at(values.row(r), time);
        let slope = slopes.map(|rows| run.at(rows.row(r), time));
        for t in (0..TILE).step_by(S::WIDTH) {
            // SAFETY: passed on.
            unsafe {
                let slope = match slope {
                    Some(slope) => S::load(slope.wrapping_add(t)),
                    None => f.slope(S::load(value.wrapping_add(t))),
                };
                S::store(value.wrapping_add(t), S::mul(slope, S::load(gradient.wrapping_add(t))));
            }
        }
    }
}

/// # Safety
/// See [`run`].
#[inline(always)]
unsafe fn outer_run<S: Simd, const NC: usize>(outer: &Outer, run: Run<'_>, gradient: &mut [f32]) {
    let from = run.from.max(outer.from);
    if from >= run.to {
        return;
    }
    for (first, count) in split(outer.columns.len(), NC) {
        let columns = &outer.columns[first..first + count];
        for (row, rows) in split(outer.count, OUTER_ROWS) {
            macro_rules! tile {
                ($rows:literal) => {
                    match count {
                        1 => outer_group::<S, $rows, 1>(outer, columns, row, run, from, gradient),
                        2 => outer_group::<S, $rows, 2>(outer, columns, row, run, from, gradient),
                        _ if NC == 2 => {}
                        3 => outer_group::<S, $rows, 3>(outer, columns, row, run, from, gradient),
                        4 => outer_group::<S, $rows, 4>(outer, columns, row, run, from, gradient),
                        5 => outer_group::<S, $rows, 5>(outer, columns, row, run, from, gradient),
                        _ => outer_group::<S, $rows, 6>(outer, columns, row, run, from, gradient),
                    }
                };
            }
            // SAFETY: passed on.
            unsafe {
                match rows {
                    1 => tile!(1),
                    2 => tile!(2),
                    3 => tile!(3),
                    _ => tile!(4),
                }
            }
        }
    }
}

/// The scalar products of `NR` rows and `NC` columns over the chunk.
///
/// # Safety
/// See [`run`].
#[inline(always)]
unsafe fn outer_group<S: Simd, const NR: usize, const NC: usize>(
    outer: &Outer,
    columns: &[Column],
    first: usize,
    run: Run<'_>,
    from: usize,
    gradient: &mut [f32],
) {
    let row = run.at(outer.rows.row(first), from);
    let stride = outer.rows.stride;
    let mut at = [run.arena.cast_const(); NC];
    for (at, column) in at.iter_mut().zip(columns) {
        *at = run.at(column.offset, if column.moves { from } else { 0 });
    }
    // SAFETY: passed on; the gradient is indexed with checks.
    unsafe {
        let mut acc = [[S::splat(0.0); NC]; NR];
        for t in (0..run.to - from).step_by(S::WIDTH) {
            let mut y = [S::splat(0.0); NR];
            macro_rules! load {
                ($j:literal) => {
                    y[$j % NR] = S::load(row.wrapping_offset($j * stride).wrapping_add(t));
                };
            }
            unroll!(NR, load);
            macro_rules! column {
                ($q:literal) => {
                    let x = S::load(at[$q % NC].wrapping_add(t));
                    macro_rules! fma {
                        ($j:literal) => {
                            acc[$j % NR][$q % NC] = S::mul_add(y[$j % NR], x, acc[$j % NR][$q % NC]);
                        };
                    }
                    unroll!(NR, fma);
                };
            }
            unroll!(NC, column);
        }
        let zero = S::splat(0.0);
        macro_rules! end {
            ($j:literal) => {
                let a = &acc[$j % NR];
                macro_rules! pick {
                    ($q:literal) => {
                        if NC > $q { a[$q % NC] } else { zero }
                    };
                }
                let low = S::sums(pick!(0), pick!(1), pick!(2), pick!(3));
                for (column, sum) in columns.iter().zip(low) {
                    gradient[column.to + (first + $j) * column.step] += sum;
                }
                if NC > 4 {
                    let high = S::sums(pick!(4), pick!(5), zero, zero);
                    for (column, sum) in columns.iter().skip(4).zip(high) {
                        gradient[column.to + (first + $j) * column.step] += sum;
                    }
                }
            };
        }
        unroll!(NR, end);
    }
}
