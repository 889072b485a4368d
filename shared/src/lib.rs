//! What both halves of Tonewright must agree on: the models ([`model`]), the engines that run
//! them ([`engine`]) and the audio files they are made from and applied to ([`audio`]).
//!
//! The crate knows nothing of plugins and nothing of libtorch; both depend on it.

pub mod audio;
pub mod engine;
pub mod fs;
pub mod model;
