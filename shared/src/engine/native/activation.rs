//! Activations over rows, without calls into the C library.

use super::simd::{dispatched, multiply_add};
use crate::model::Activation;

/// Applies `activation` to a row of channel `channel`.
pub fn apply(level: super::simd::Level, activation: &Activation, channel: usize, row: &mut [f32]) {
    match activation {
        Activation::Identity => {}
        Activation::Tanh => tanh_row(level, row),
        Activation::Sigmoid => sigmoid_row(level, row),
        Activation::Silu => silu_row(level, row),
        other => {
            for x in row {
                *x = other.apply(*x, channel);
            }
        }
    }
}

/// tanh as a quotient of polynomials of degrees 7 and 8, off by at most 5.2e-7.
///
/// The coefficients are a minimax fit over ±8.5, where tanh differs from ±1 by less than half a
/// unit in the last place.
#[inline(always)]
pub fn tanh<const FUSED: bool>(x: f32) -> f32 {
    let x = x.clamp(-8.5, 8.5);
    let y = x * x;
    let p = multiply_add::<FUSED>(1.080_057_7e-5, y, 2.890_493_7e-3);
    let p = multiply_add::<FUSED>(p, y, 0.128_681_4);
    let p = multiply_add::<FUSED>(p, y, 0.999_999_17);
    let q = multiply_add::<FUSED>(2.263_608e-7, y, 2.302_697_1e-4);
    let q = multiply_add::<FUSED>(q, y, 2.356_464_4e-2);
    let q = multiply_add::<FUSED>(q, y, 0.462_011_28);
    let q = multiply_add::<FUSED>(q, y, 1.0);
    x * p / q
}

#[inline(always)]
fn sigmoid<const FUSED: bool>(x: f32) -> f32 {
    multiply_add::<FUSED>(tanh::<FUSED>(0.5 * x), 0.5, 0.5)
}

dispatched! {
    fn tanh_row(row: &mut [f32]) = tanh_body
}
dispatched! {
    fn sigmoid_row(row: &mut [f32]) = sigmoid_body
}
dispatched! {
    fn silu_row(row: &mut [f32]) = silu_body
}

#[inline(always)]
fn tanh_body<const FUSED: bool>(row: &mut [f32]) {
    for x in row {
        *x = tanh::<FUSED>(*x);
    }
}

#[inline(always)]
fn sigmoid_body<const FUSED: bool>(row: &mut [f32]) {
    for x in row {
        *x = sigmoid::<FUSED>(*x);
    }
}

#[inline(always)]
fn silu_body<const FUSED: bool>(row: &mut [f32]) {
    for x in row {
        *x *= sigmoid::<FUSED>(*x);
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::Level;
    use super::*;

    #[test]
    fn stays_close_to_the_definition_on_every_level() {
        for level in Level::available() {
            for activation in [Activation::Tanh, Activation::Sigmoid, Activation::Silu] {
                let inputs: Vec<f32> = (-120_000..=120_000).map(|i| i as f32 * 1e-4).collect();
                let mut row = inputs.clone();
                apply(level, &activation, 0, &mut row);
                for (x, y) in inputs.iter().zip(&row) {
                    let x64 = f64::from(*x);
                    let sigmoid = 1.0 / (1.0 + (-x64).exp());
                    let want = match activation {
                        Activation::Tanh => x64.tanh(),
                        Activation::Sigmoid => sigmoid,
                        _ => x64 * sigmoid,
                    };
                    let allowed = 6e-7 * (1.0 + x64.abs());
                    assert!(
                        (f64::from(*y) - want).abs() < allowed,
                        "{level:?} {activation:?} {x}: {y} {want}"
                    );
                }
            }
        }
    }
}
