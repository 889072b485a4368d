//! Signal processing of the equaliser: formulas, filters that move cleanly, and ways to measure sound.

pub mod balance;
pub mod cookbook;
pub mod mel;
pub mod number;
mod pair;
pub mod spectrum;
pub mod svf;
