//! Files through chains, from outside.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod alignment;
mod chunks;
#[path = "../support/mod.rs"]
mod common;
mod convert;
mod failures;
mod formats;
mod hostile;
mod measuring;
#[path = "../hostile/memory.rs"]
mod memory;
mod parallel;
mod support;
mod writing;
