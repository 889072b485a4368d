//! What both halves of Tonewright must agree on: the models ([`model`]), the engines that run
//! them ([`engine`]), the word EQ ([`word_eq`]) and its signal processing ([`dsp`]), the vector arithmetic
//! of the kernels ([`simd`]) and the audio files models are
//! made from and applied to ([`audio`]).
//!
//! The crate knows nothing of plugins and nothing of libtorch; both depend on it.

pub mod audio;
pub mod cabinets;
pub mod chain;
pub mod dsp;
pub mod engine;
pub mod factory;
pub mod fs;
#[cfg(feature = "live")]
pub mod live;
pub mod model;
pub mod out;
pub mod simd;
mod slots;
pub mod stream;
pub mod word_eq;
