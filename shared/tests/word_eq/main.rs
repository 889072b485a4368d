//! The word EQ as its users have it: a stream in, a stream out, and somebody who turns the knobs.

#[path = "../support/word_eq.rs"]
mod support;

mod blocks;
mod bursts;
mod level;
mod listening;
mod networks;
