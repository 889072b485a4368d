//! Operations on one value after another.

use super::ops::{Add, Function, Gate, Map, Mix, Modulate};
use super::run::{Run, mirror};
use crate::simd::{Simd, abs, sigmoid, tanh};

/// # Safety
/// As for [`Simd`].
#[inline(always)]
pub unsafe fn leaky<S: Simd>(x: S::V, slope: S::V) -> S::V {
    // SAFETY: passed on.
    unsafe { S::select_positive(x, x, S::mul(x, slope)) }
}

/// # Safety
/// As for [`Simd`].
#[inline(always)]
unsafe fn value<S: Simd>(function: Function, x: S::V) -> S::V {
    // SAFETY: passed on.
    unsafe {
        match function {
            Function::Identity => x,
            Function::Tanh => tanh::<S>(x),
            Function::Sigmoid => sigmoid::<S>(x),
            Function::Leaky(slope) => leaky::<S>(x, S::splat(slope)),
            Function::Silu => S::mul(x, sigmoid::<S>(x)),
            Function::Hardtanh => clamp::<S>(x, -1.0, 1.0),
            Function::LeakyHardtanh { min, max, min_slope, max_slope } => {
                let inside = clamp::<S>(x, min, max);
                let below = S::min(S::add(x, S::splat(-min)), S::splat(0.0));
                let above = S::max(S::add(x, S::splat(-max)), S::splat(0.0));
                let bent = S::mul_add(below, S::splat(min_slope), inside);
                S::mul_add(above, S::splat(max_slope), bent)
            }
            Function::Hardswish => {
                let gate = clamp::<S>(S::add(x, S::splat(3.0)), 0.0, 6.0);
                S::mul(x, S::mul(gate, S::splat(1.0 / 6.0)))
            }
            Function::Softsign => {
                // 1 from there on, and further out nothing may be divided by.
                let x = clamp::<S>(x, -1e30, 1e30);
                S::divide(x, S::add(abs::<S>(x), S::splat(1.0)))
            }
        }
    }
}

/// # Safety
/// As for [`Simd`].
#[inline(always)]
unsafe fn clamp<S: Simd>(x: S::V, min: f32, max: f32) -> S::V {
    // SAFETY: passed on.
    unsafe { S::max(S::min(x, S::splat(max)), S::splat(min)) }
}

/// # Safety
/// The processor has the instructions of `S`; `Plan::check` proved the operation for an arena as
/// large as the one `run` points to.
#[inline(always)]
pub unsafe fn map<S: Simd>(op: &Map, run: Run<'_>) {
    for (row, &function) in op.functions.iter().enumerate() {
        let (from, to) = (run.tile(op.from.skip(row)), run.tile(op.to.skip(row)));
        for t in (0..run.columns).step_by(S::WIDTH) {
            // SAFETY: passed on.
            unsafe { S::store(to.wrapping_add(t), value::<S>(function, S::load(from.wrapping_add(t)))) };
        }
    }
    // SAFETY: passed on.
    unsafe { mirror::<S>(run, op.to, op.functions.len()) }
}

/// # Safety
/// The processor has the instructions of `S`; `Plan::check` proved the operation for an arena as
/// large as the one `run` points to.
#[inline(always)]
pub unsafe fn gate<S: Simd>(op: &Gate, run: Run<'_>) {
    for (row, (&function, &gate)) in op.functions.iter().zip(&op.gates).enumerate() {
        let (a, b) = (run.tile(op.a.skip(row)), run.tile(op.b.skip(row)));
        for t in (0..run.columns).step_by(S::WIDTH) {
            // SAFETY: passed on.
            unsafe {
                let straight = S::load(a.wrapping_add(t));
                let bent = value::<S>(function, straight);
                let gate = value::<S>(gate, S::load(b.wrapping_add(t)));
                let mixed = match op.mix {
                    Mix::Product => S::mul(bent, gate),
                    Mix::Blend => {
                        let difference = S::mul_add(straight, S::splat(-1.0), bent);
                        S::mul_add(gate, difference, straight)
                    }
                };
                S::store(a.wrapping_add(t), mixed);
            }
        }
    }
    // SAFETY: passed on.
    unsafe { mirror::<S>(run, op.a, op.functions.len()) }
}

/// # Safety
/// The processor has the instructions of `S`; `Plan::check` proved the operation for an arena as
/// large as the one `run` points to.
#[inline(always)]
pub unsafe fn modulate<S: Simd>(op: &Modulate, run: Run<'_>) {
    for row in 0..op.rows {
        let (from, to) = (run.tile(op.from.skip(row)), run.tile(op.to.skip(row)));
        let scale = run.tile(op.scale.skip(row));
        let shift = op.shift.map(|shift| run.tile(shift.skip(row)));
        for t in (0..run.columns).step_by(S::WIDTH) {
            // SAFETY: passed on.
            unsafe {
                let (x, scale) = (S::load(from.wrapping_add(t)), S::load(scale.wrapping_add(t)));
                let y = match shift {
                    Some(shift) => S::mul_add(x, scale, S::load(shift.wrapping_add(t))),
                    None => S::mul(x, scale),
                };
                S::store(to.wrapping_add(t), y);
            }
        }
    }
    // SAFETY: passed on.
    unsafe { mirror::<S>(run, op.to, op.rows) }
}

/// # Safety
/// The processor has the instructions of `S`; `Plan::check` proved the operation for an arena as
/// large as the one `run` points to.
#[inline(always)]
pub unsafe fn add<S: Simd>(op: &Add, run: Run<'_>) {
    for row in 0..op.rows {
        let from = run.past(op.from.skip(row), op.delay);
        let to = run.tile(op.sum.to.skip(row));
        let addend = op.sum.add.map(|add| run.past(add.skip(row), op.sum.delay));
        for t in (0..run.columns).step_by(S::WIDTH) {
            // SAFETY: passed on.
            unsafe {
                let mut x = S::load(from.wrapping_add(t));
                if let Some(addend) = addend {
                    x = S::add(x, S::load(addend.wrapping_add(t)));
                }
                S::store(to.wrapping_add(t), x);
            }
        }
    }
    // SAFETY: passed on.
    unsafe { mirror::<S>(run, op.sum.to, op.rows) }
}
