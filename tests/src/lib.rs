//! What the tests of the product from outside stand on: a CLAP host, a little of a VST3 host, the places of the bundles, the
//! `tonewright` program, the Python hosts, and audio to play.
//!
//! Nothing in here uses the code of the plugin, so that the tests see what a player's host sees.

pub mod child;
pub mod host;
pub mod product;
pub mod rack;
pub mod scan;
pub mod sound;
#[cfg(target_os = "linux")]
pub mod vst3;
