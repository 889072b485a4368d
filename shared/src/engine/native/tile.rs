//! Convolutions: register tiles over rows and samples.

use super::ops::{Bend, COLUMNS, Conv, MAX_SUMS, Sum};
use super::pointwise::leaky;
use super::run::{Run, mirror};
use crate::simd::{Level, Simd, tanh, tanh_by_table, tanh_of_four};

/// The groups in which `rows` rows are computed, each at most [`MAX_HEIGHT`] high.
pub fn heights(level: Level, rows: usize) -> impl Iterator<Item = usize> {
    let largest = match level {
        Level::Portable => 4,
        // Four rows of two vectors are just as many sums as the multipliers have in flight; three
        // rows of four vectors leave them some air.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 if (7..=9).contains(&rows) => 3,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::Avx512 => MAX_HEIGHT,
    };
    // As few, as equal parts as possible.
    let parts = rows.div_ceil(largest).max(1);
    (0..parts).map(move |i| (i + 1) * rows / parts - i * rows / parts)
}

/// Rows in the largest group: more do not fit into the registers of any level.
pub const MAX_HEIGHT: usize = 6;

/// A [`Sum`] at one moment.
#[derive(Clone, Copy)]
struct Place {
    to: *mut f32,
    to_stride: usize,
    /// Null where nothing is added.
    add: *const f32,
    add_stride: usize,
}

impl Place {
    #[inline(always)]
    fn new(sum: &Sum, run: Run<'_>) -> Self {
        let (to, to_stride) = (run.tile(sum.to), sum.to.stride);
        match sum.add {
            None => Self { to, to_stride, add: std::ptr::null(), add_stride: 0 },
            Some(rows) => {
                let add = run.past(rows, sum.delay).cast_const();
                Self { to, to_stride, add, add_stride: rows.stride }
            }
        }
    }
}

/// Rows of a tile that are so few that all weights of a column stay in registers.
const LOW_ROWS: usize = 3;

/// Repeats `$body!(literal)` for the literals below `$n`: indices that are literals keep the
/// accumulators in registers.
macro_rules! unroll {
    ($n:expr, $body:ident) => {
        unroll!(@ $n, $body, 0 1 2 3 4 5)
    };
    (@ $n:expr, $body:ident, $($i:literal)*) => {
        $(if $n > $i {
            $body!($i);
        })*
    };
}

/// # Safety
/// The processor has the instructions of `S`; `Plan::check` proved the operation for an arena as
/// large as the one `run` points to.
#[inline(always)]
pub unsafe fn conv<S: Simd, const HIGH: usize, const LOW: usize>(conv: &Conv, run: Run<'_>) {
    let mut places =
        [Place { to: std::ptr::null_mut(), to_stride: 0, add: std::ptr::null(), add_stride: 0 }; MAX_SUMS];
    let count = conv.sums.len().min(MAX_SUMS);
    for (place, sum) in places.iter_mut().zip(&conv.sums) {
        *place = Place::new(sum, run);
    }
    let places = &places[..count];
    let mut packed = run.packed.wrapping_add(conv.packed);
    let each = conv.packed_for_each_row();
    let mut first = 0;
    for &height in &conv.heights {
        macro_rules! tiles {
            ($vectors:expr, $rows:literal) => {{
                let mut t = 0;
                while run.columns - t >= $vectors * S::WIDTH {
                    tile::<S, { $vectors }, $rows>(conv, places, run, t, first, packed);
                    t += $vectors * S::WIDTH;
                }
                // What is left is a multiple of 16 samples.
                if $vectors > 2 && run.columns - t >= 2 * S::WIDTH {
                    tile::<S, 2, $rows>(conv, places, run, t, first, packed);
                    t += 2 * S::WIDTH;
                }
                if $vectors > 1 && S::WIDTH >= COLUMNS && t < run.columns {
                    tile::<S, 1, $rows>(conv, places, run, t, first, packed);
                }
            }};
        }
        // SAFETY: passed on.
        unsafe {
            match height {
                1 => tiles!(LOW, 1),
                2 => tiles!(LOW, 2),
                3 => tiles!(LOW, 3),
                4 => tiles!(HIGH, 4),
                5 => tiles!(HIGH, 5),
                _ => tiles!(HIGH, 6),
            }
        }
        first += height;
        packed = packed.wrapping_add(height * each);
    }
    for sum in &conv.sums {
        // SAFETY: passed on.
        unsafe { mirror::<S>(run, sum.to, first) };
    }
    if let Some(follower) = &conv.follower {
        // SAFETY: passed on.
        unsafe { mirror::<S>(run, follower.sum.to, follower.rows) };
    }
}

/// `NR` rows of `NT` vectors of samples, from row `first` and sample `t` of the tile on.
///
/// # Safety
/// The processor has the instructions of `S`; `Plan::check` proved the operation for an arena as
/// large as the one `run` points to. `packed` holds the numbers of these rows.
#[inline(always)]
unsafe fn tile<S: Simd, const NT: usize, const NR: usize>(
    conv: &Conv,
    places: &[Place],
    run: Run<'_>,
    t: usize,
    first: usize,
    packed: *const f32,
) {
    let mut w = packed;
    // SAFETY: passed on.
    unsafe {
        let mut acc = [[S::splat(0.0); NT]; NR];
        macro_rules! bias {
            ($j:literal) => {
                acc[$j % NR] = [S::splat(*w.wrapping_add($j)); NT];
            };
        }
        unroll!(NR, bias);
        w = w.wrapping_add(NR);
        // One channel at one moment.
        macro_rules! columns {
            ($x:expr, $w:expr) => {{
                let (x, w) = ($x, $w);
                if NR <= LOW_ROWS {
                    let mut weights = [S::splat(0.0); NR];
                    macro_rules! weight {
                        ($j:literal) => {
                            weights[$j % NR] = S::splat(*w.wrapping_add($j));
                        };
                    }
                    unroll!(NR, weight);
                    macro_rules! column {
                        ($t:literal) => {
                            let sample = S::load(x.wrapping_add($t * S::WIDTH));
                            macro_rules! fma {
                                ($j:literal) => {
                                    acc[$j % NR][$t % NT] =
                                        S::mul_add(weights[$j % NR], sample, acc[$j % NR][$t % NT]);
                                };
                            }
                            unroll!(NR, fma);
                        };
                    }
                    unroll!(NT, column);
                } else {
                    let mut samples = [S::splat(0.0); NT];
                    macro_rules! load {
                        ($t:literal) => {
                            samples[$t % NT] = S::load(x.wrapping_add($t * S::WIDTH));
                        };
                    }
                    unroll!(NT, load);
                    macro_rules! row {
                        ($j:literal) => {
                            let weight = S::splat(*w.wrapping_add($j));
                            macro_rules! fma {
                                ($t:literal) => {
                                    acc[$j % NR][$t % NT] =
                                        S::mul_add(weight, samples[$t % NT], acc[$j % NR][$t % NT]);
                                };
                            }
                            unroll!(NT, fma);
                        };
                    }
                    unroll!(NR, row);
                }
            }};
        }
        for tap in &conv.taps {
            let mut x = run.past(tap.rows, tap.delay).cast_const().wrapping_add(t);
            let stride = tap.rows.stride;
            // Two at a time: the loop itself costs what a multiplication does.
            for _ in 0..tap.channels / 2 {
                columns!(x, w);
                columns!(x.wrapping_add(stride), w.wrapping_add(NR));
                w = w.wrapping_add(2 * NR);
                x = x.wrapping_add(2 * stride);
            }
            if tap.channels % 2 == 1 {
                columns!(x, w);
                w = w.wrapping_add(NR);
            }
        }
        match conv.bend {
            Bend::Straight => {}
            Bend::Tanh => {
                macro_rules! row {
                    ($j:literal) => {
                        if S::SPREADS && NT == 4 {
                            let row = &mut acc[$j % NR];
                            let four = [row[0], row[1 % NT], row[2 % NT], row[3 % NT]];
                            let [a, b, c, d] = tanh_of_four::<S>(four);
                            (row[0], row[1 % NT], row[2 % NT], row[3 % NT]) = (a, b, c, d);
                        } else {
                            macro_rules! bend {
                                ($t:literal) => {
                                    let x = acc[$j % NR][$t % NT];
                                    acc[$j % NR][$t % NT] = if S::SPREADS {
                                        tanh::<S>(x)
                                    } else {
                                        tanh_by_table::<S>(x, run.tanh)
                                    };
                                };
                            }
                            unroll!(NT, bend);
                        }
                    };
                }
                unroll!(NR, row);
            }
            Bend::Leaky => {
                macro_rules! row {
                    ($j:literal) => {
                        let slope = S::splat(*w.wrapping_add($j));
                        macro_rules! bend {
                            ($t:literal) => {
                                acc[$j % NR][$t % NT] = leaky::<S>(acc[$j % NR][$t % NT], slope);
                            };
                        }
                        unroll!(NT, bend);
                    };
                }
                unroll!(NR, row);
            }
        }
        for place in places {
            let to = place.to.wrapping_add(first * place.to_stride + t);
            let from = place.add.wrapping_add(first * place.add_stride + t);
            if place.add.is_null() {
                macro_rules! row {
                    ($j:literal) => {
                        macro_rules! store {
                            ($t:literal) => {
                                let at = to.wrapping_add($j * place.to_stride + $t * S::WIDTH);
                                S::store(at, acc[$j % NR][$t % NT]);
                            };
                        }
                        unroll!(NT, store);
                    };
                }
                unroll!(NR, row);
            } else {
                macro_rules! row {
                    ($j:literal) => {
                        macro_rules! store {
                            ($t:literal) => {
                                let x = S::load(from.wrapping_add($j * place.add_stride + $t * S::WIDTH));
                                let at = to.wrapping_add($j * place.to_stride + $t * S::WIDTH);
                                S::store(at, S::add(acc[$j % NR][$t % NT], x));
                            };
                        }
                        unroll!(NT, store);
                    };
                }
                unroll!(NR, row);
            }
        }
        let Some(follower) = &conv.follower else { return };
        let place = Place::new(&follower.sum, run);
        let mut w = run.packed.wrapping_add(follower.packed);
        for row in 0..follower.rows {
            let to = place.to.wrapping_add(row * place.to_stride + t);
            let from = place.add.wrapping_add(row * place.add_stride + t);
            let bias = S::splat(*w);
            // Two vectors at a time leave all of the layer in its registers.
            macro_rules! pair {
                ($a:literal, $b:literal) => {
                    if NT > $a {
                        let (mut a, mut b) = (bias, bias);
                        macro_rules! column {
                            ($j:literal) => {
                                let weight = S::splat(*w.wrapping_add(1 + $j));
                                a = S::mul_add(weight, acc[$j % NR][$a % NT], a);
                                if NT > $b {
                                    b = S::mul_add(weight, acc[$j % NR][$b % NT], b);
                                }
                            };
                        }
                        unroll!(NR, column);
                        if !place.add.is_null() {
                            a = S::add(a, S::load(from.wrapping_add($a * S::WIDTH)));
                            if NT > $b {
                                b = S::add(b, S::load(from.wrapping_add($b * S::WIDTH)));
                            }
                        }
                        S::store(to.wrapping_add($a * S::WIDTH), a);
                        if NT > $b {
                            S::store(to.wrapping_add($b * S::WIDTH), b);
                        }
                    }
                };
            }
            pair!(0, 1);
            pair!(2, 3);
            w = w.wrapping_add(1 + NR);
        }
    }
}
