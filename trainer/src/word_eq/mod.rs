//! The word EQ: from people's settings and from sound to a word table and two networks.

pub mod config;
pub mod curves;
pub mod decoder;
pub mod encoder;
pub mod export;
pub mod folds;
pub mod linear;
pub mod mlp;
mod parallel;
pub mod random;
pub mod reference;
pub mod reference_file;
pub mod report;
pub mod response;
mod response_graph;
pub mod safe;
pub mod session;
pub mod sound;
pub mod space;
pub mod training;
pub mod words;
