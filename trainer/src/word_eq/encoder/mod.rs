//! The encoder: from features of what was heard so far to the sound's long-term tonal balance.

pub mod baselines;
pub mod closed_loop;
pub mod fit;
pub mod graph;
pub mod material;
pub mod network;
pub mod report;
pub mod ridge;
pub mod score;
pub mod seed_network;
pub mod session;
pub mod training;

#[cfg(test)]
mod tests;
