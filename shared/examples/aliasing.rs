//! Prints how much each factory amp folds back of a sine of 5 kHz, with and without oversampling.
//!
//! `cargo run --release -p shared --example aliasing`

#![allow(clippy::unwrap_used, reason = "factory models load, which a test proves")]

#[path = "../tests/support/aliasing.rs"]
mod measure;

use measure::aliasing;
use shared::engine::FACTORS;
use shared::factory::MODELS;

fn main() {
    println!("| model | level, dBFS | 1x | 2x | 4x | 8x |");
    println!("|---|---|---|---|---|---|");
    for model in MODELS {
        let loaded = model.load().unwrap();
        for level_dbfs in [-18.0, -6.0, 0.0] {
            let cells = FACTORS.map(|factor| {
                let found = aliasing(&loaded, factor, level_dbfs);
                format!("{:.1} ({:.1})", found.audible_db, found.all_db)
            });
            println!("| {} | {level_dbfs:.0} | {} |", model.id, cells.join(" | "));
        }
    }
}
