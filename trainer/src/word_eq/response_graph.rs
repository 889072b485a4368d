//! The equaliser's response in an ONNX graph: all five filters at once, in few operators.
//!
//! With x = (tan(pi f / rate) / tan(pi f0 / rate))², A and Q as in [`shared::dsp::cookbook`], each filter's power is
//! a quotient of two terms (c0 - c1 x)² + c2 x, where every c is A^n or A^n / Q²:
//!
//! | | above: c0, c1, c2 | below: c0, c1, c2 |
//! |---|---|---|
//! | low shelf | A², A, A³/Q² | 1, A, A/Q² |
//! | peak | 1, 1, A²/Q² | 1, 1, A⁻²/Q² |
//! | high shelf | A, A², A³/Q² | A, 1, A/Q² |
//!
//! So they are exponentials of a product of ln A and ln Q with a constant table. That the graph answers as
//! the formula does is measured at every export ([`super::export::difference`]).

use shared::dsp::cookbook::{Shape, warp_squared};
use shared::model::onnx::{Attribute, GraphBuilder};
use shared::word_eq::{BAND_RANGES, BANDS, GRID, LATENT, LatentSpace, SPACE_RATE_HZ, VALUES, grid_hz};
use std::f64::consts::{LN_2, LN_10, PI};

/// Terms of a filter: above and below the line, three coefficients each.
const TERMS: usize = 6;

/// Powers of A of a filter's coefficients, above and below the line.
fn powers(shape: Shape) -> [f64; TERMS] {
    match shape {
        Shape::LowShelf => [2.0, 1.0, 3.0, 0.0, 1.0, 1.0],
        Shape::Peak => [0.0, 0.0, 2.0, 0.0, 0.0, -2.0],
        Shape::HighShelf => [1.0, 2.0, 3.0, 1.0, 0.0, 1.0],
    }
}

/// Adds the latent `[1, 32]` of the response of `values` `[1, 13]`: gains in dB, logarithms of frequencies and Q.
pub fn latent(g: &mut GraphBuilder, values: &str, space: &LatentSpace) -> String {
    // The logarithms of all coefficients: [1, 13] x [13, 6 * 5], the bands side by side in each term.
    let mut table = vec![0.0f32; VALUES * TERMS * BANDS];
    let mut shelf_q = vec![0.0f32; TERMS * BANDS];
    let mut frequencies = Vec::with_capacity(BANDS);
    let mut at = 0;
    for (band, range) in BAND_RANGES.iter().enumerate() {
        let (gain, q) = (at, at + 2);
        frequencies.push(at as i64 + 1);
        at += 2 + usize::from(range.shape == Shape::Peak);
        for (term, power) in powers(range.shape).into_iter().enumerate() {
            let column = term * BANDS + band;
            table[gain * TERMS * BANDS + column] = (power * LN_10 / 40.0) as f32;
            match (term % 3 == 2, range.shape) {
                (false, _) => {}
                (true, Shape::Peak) => table[q * TERMS * BANDS + column] = -2.0,
                // Q is 1/sqrt(2).
                (true, _) => shelf_q[column] = LN_2 as f32,
            }
        }
    }
    let table = g.floats(&[VALUES, TERMS * BANDS], &table);
    let shelf_q = g.floats(&[TERMS * BANDS], &shelf_q);
    let c = g.node("MatMul", &[values, &table], &[]);
    let c = g.node("Add", &[&c, &shelf_q], &[]);
    let c = g.node("Exp", &[&c], &[]);
    let shape = g.integers(&[2, 3, BANDS as i64, 1]);
    let c = g.node("Reshape", &[&c, &shape], &[]);
    let part = |g: &mut GraphBuilder, i: i64| {
        let index = g.integers(&[i]);
        g.node("Gather", &[&c, &index], &[("axis", Attribute::Integer(1))])
    };
    let [c0, c1, c2] = [0, 1, 2].map(|i| part(g, i));

    // x: [5, 64].
    let which = g.integers(&frequencies);
    let frequency = g.node("Gather", &[values, &which], &[("axis", Attribute::Integer(1))]);
    let frequency = g.node("Exp", &[&frequency], &[]);
    let to_angle = g.floats(&[], &[(PI / SPACE_RATE_HZ) as f32]);
    let angle = g.node("Mul", &[&frequency, &to_angle], &[]);
    let (cosine, sine) = (g.node("Cos", &[&angle], &[]), g.node("Sin", &[&angle], &[]));
    let cotangent = g.node("Div", &[&cosine, &sine], &[]);
    let cotangent = g.node("Mul", &[&cotangent, &cotangent], &[]);
    let column = g.integers(&[BANDS as i64, 1]);
    let cotangent = g.node("Reshape", &[&cotangent, &column], &[]);
    let grid = g.floats(&[GRID], &grid_hz().map(|hz| warp_squared(hz, SPACE_RATE_HZ) as f32));
    let x = g.node("Mul", &[&cotangent, &grid], &[]);

    // Logarithms of the quotients' terms, [2, 1, 5, 64]; then the sum over bands, below the line less.
    let product = g.node("Mul", &[&c1, &x], &[]);
    let distance = g.node("Sub", &[&c0, &product], &[]);
    let distance = g.node("Mul", &[&distance, &distance], &[]);
    let damping = g.node("Mul", &[&c2, &x], &[]);
    let term = g.node("Add", &[&distance, &damping], &[]);
    let term = g.node("Log", &[&term], &[]);
    let flat = g.integers(&[2 * BANDS as i64, GRID as i64]);
    let term = g.node("Reshape", &[&term, &flat], &[]);
    let mut signs = [(10.0 / LN_10) as f32; 2 * BANDS];
    signs[BANDS..].iter_mut().for_each(|sign| *sign = -*sign);
    let signs = g.floats(&[1, 2 * BANDS], &signs);
    let curve = g.node("MatMul", &[&signs, &term], &[]);
    let basis: Vec<f32> = (0..GRID).flat_map(|i| space.basis().iter().map(move |row| row[i])).collect();
    let basis = g.floats(&[GRID, LATENT], &basis);
    g.node("MatMul", &[&curve, &basis], &[])
}
