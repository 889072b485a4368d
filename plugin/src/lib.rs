//! Tonewright: a guitar plugin with neural amps, as VST3 and CLAP, as a program with a window of
//! its own, and as a command line.
//!
//! [`rack`] is the sound and knows nothing of plugins; [`amp`] is what it is filled with, [`library`] where a player
//! finds that, and [`session`] what a saved session carries of it. [`params`] is what hosts see, [`factory`] the
//! models that come along, [`plugin`](Tonewright) the glue to the framework and `editor` the window.

// The framework's derive macros name the crate `::nice_plug`, the name it is published under; the
// rest of the code calls it by the name of the project it continues.
extern crate nih_plug as nice_plug;

pub mod amp;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compare;
mod editor;
pub mod library;
pub mod params;
mod plugin;
pub mod presets;
pub mod rack;
mod remote;
pub mod session;
pub mod words;

pub use plugin::Tonewright;
pub use shared::factory;
