//! Trains Tonewright's amp models: from a paired recording, or a virtual one, to an ONNX file that
//! every engine plays alike. And the word EQ, in [`word_eq`]: its latent space, networks and words.
//!
//! This is the only crate that sees libtorch. A training session is [`session::run`]; the parts it
//! is made of are public, so that tests can take them apart.

pub mod adam;
pub mod batch;
pub mod checkpoint;
pub mod checks;
pub mod config;
pub mod course;
pub mod csv;
pub mod data;
pub mod device;
mod earlier;
mod error;
pub mod evaluate;
pub mod export;
pub mod finding;
pub mod folder;
pub mod gradient;
pub mod history;
pub mod initialise;
pub mod kernel;
pub mod knobs;
pub mod loss;
pub mod material;
pub mod out;
pub mod preview;
pub mod progress;
pub mod recording;
pub mod render;
pub mod report;
pub mod schedule;
pub mod session;
pub mod shape;
pub mod signal;
pub mod stretch;
pub mod tensorboard;
pub mod torch_net;
pub mod train;
pub mod virtual_capture;
pub mod warm_start;
pub mod word_eq;

pub use error::{Divergence, TrainerError};
