//! What is printed.

use crate::subject::RATE_HZ;
use serde::Serialize;

/// One line of the report. CONTRIBUTING.md describes it, because other programs write such lines too.
#[derive(Serialize)]
pub struct Figure<'a> {
    engine: String,
    model: &'a str,
    block: usize,
    mode: &'a str,
    blocks: usize,
    median_us: f64,
    p99_us: f64,
    p999_us: f64,
    realtime_factor: f64,
    #[serde(flatten)]
    pub calls: Option<CallsPerBlock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fma_share: Option<f64>,
}

/// What a block calls at the C library.
#[derive(Serialize)]
pub struct CallsPerBlock {
    pub heap_calls: f64,
    pub frees: f64,
    pub locks: f64,
}

impl<'a> Figure<'a> {
    /// Sorts out what blocks took.
    pub fn new(engine: String, model: &'a str, block: usize, mode: &'a str, times_us: &mut [f64]) -> Self {
        times_us.sort_by(f64::total_cmp);
        let part = |share: f64| {
            let last = times_us.len().saturating_sub(1);
            times_us.get((share * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
        };
        let median_us = part(0.5);
        Self {
            engine,
            model,
            block,
            mode,
            blocks: times_us.len(),
            median_us,
            p99_us: part(0.99),
            p999_us: part(0.999),
            realtime_factor: block_us(block) / median_us,
            calls: None,
            fma_share: None,
        }
    }

    /// Prints it.
    pub fn print(&self) {
        match serde_json::to_string(self) {
            Ok(line) => println!("{line}"),
            Err(error) => eprintln!("a figure is lost: {error}"),
        }
    }
}

/// How long a block lasts, in microseconds.
pub fn block_us(block: usize) -> f64 {
    block as f64 / RATE_HZ * 1e6
}

/// The middle one.
pub fn median(times_us: &mut [f64]) -> f64 {
    times_us.sort_by(f64::total_cmp);
    times_us.get(times_us.len() / 2).copied().unwrap_or(f64::NAN)
}
