//! Signal processing: formulas, filters that move cleanly, and ways to measure sound.

pub mod approach;
pub mod balance;
pub mod butterworth;
pub mod convolver;
pub mod cookbook;
pub mod delay;
pub mod fading_delay;
pub mod gate;
pub mod mel;
pub mod number;
mod pair;
pub mod pitch;
pub mod ramp;
pub mod resample;
pub mod response;
pub mod reverb;
pub mod spectrum;
pub mod svf;
