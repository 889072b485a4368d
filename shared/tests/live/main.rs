//! Chains that play live, on simulated devices and on those that need no hardware.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod choosing;
mod clocks;
mod common;
mod events;
mod lifetime;
mod real;
