//! Rooms and loudspeakers: convolution against plain sums, responses at other rates, and the reverb against
//! its parameters.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod convolve;
mod decay;
mod measure;
mod response;
mod reverb;
mod shape;
mod storm;
