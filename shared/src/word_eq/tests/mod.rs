//! Tests of the table and of the rule, on a small table whose space is made of cosines.

mod features;
mod gliding;
mod table;
mod target;

use super::*;
use std::f64::consts::PI;

/// Cosines over the grid: orthonormal, and the first is a constant.
pub fn space() -> LatentSpace {
    let direction = |k: usize| -> [f32; GRID] {
        let scale = if k == 0 { 1.0 } else { 2.0f64 } / GRID as f64;
        std::array::from_fn(|i| {
            (scale.sqrt() * (PI * (i as f64 + 0.5) * k as f64 / GRID as f64).cos()) as f32
        })
    };
    LatentSpace::new((0..LATENT).map(direction).collect()).expect("cosines are orthonormal")
}

/// A latent of some of its numbers.
pub fn latent(numbers: &[(usize, f32)]) -> Latent {
    let mut latent = [0.0; LATENT];
    numbers.iter().for_each(|&(k, v)| latent[k] = v);
    latent
}

pub fn word(slot: usize, name: &str, latent: Latent) -> Word {
    Word {
        slot,
        name: name.into(),
        language: "en".into(),
        latent,
        agreement: vec![0.5; GRID],
        count: 10,
        spread_db: 3.0,
        experimental: false,
        place: [0.5, 0.5],
        sources: vec!["test".into()],
    }
}

/// Dark and bright along the first cosine, scooped along the second.
pub fn words() -> Vec<Word> {
    vec![
        word(0, "dark", latent(&[(1, 20.0)])),
        word(1, "bright", latent(&[(1, -20.0)])),
        word(5, "scooped", latent(&[(2, 15.0)])),
    ]
}

pub fn table_of(neutrals: Vec<Neutral>) -> WordTable {
    WordTable::new(words(), neutrals, [0.0; GRID], space(), vec!["test".into()]).expect("a sound table")
}
