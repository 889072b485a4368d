//! Tonewright: a guitar plugin with neural amps, as VST3 and CLAP, as a program with a window of
//! its own, and as a command line.
//!
//! [`amp`] is the sound: it knows nothing of plugins, and the plugin, the window and
//! `tonewright render` run the very same code. [`params`] is what hosts see, [`factory`] the
//! models that come along, [`plugin`](Tonewright) the glue to the framework and `editor` the window.

// The framework's derive macros name the crate `::nice_plug`, the name it is published under; the
// rest of the code calls it by the name of the project it continues.
extern crate nih_plug as nice_plug;

pub mod amp;
#[cfg(feature = "cli")]
pub mod cli;
mod editor;
pub mod params;
mod plugin;
pub mod words;

pub use plugin::Tonewright;
pub use shared::factory;
