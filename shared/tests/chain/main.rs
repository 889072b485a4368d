//! Chains and what stands in them, as callers have them.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

mod controls;
mod document;
mod entries;
mod filters;
mod functions;
mod gains;
mod gate;
mod known;
mod matrix;
mod normalisers;
mod sequence;
mod support;
mod tone_stack;
