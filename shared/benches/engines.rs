//! Whether the native engine became faster or slower since this was run last, as criterion judges it:
//! `cargo xtask bench --changes`. What a block costs, and how that compares with other engines, is
//! the business of `measure`.

#[path = "../tests/support/amps.rs"]
mod amps;
#[path = "../tests/support/mod.rs"]
mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shared::engine::Engine;
use shared::engine::native::NativeEngine;
use std::time::Duration;
use support::signal;

/// Samples in a block.
const BLOCK: usize = 64;

fn blocks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("native");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(BLOCK as u64));
    let (input, mut output) = (signal(BLOCK, 2), [0.0; BLOCK]);
    for amp in amps::amps(None) {
        let mut engine = match NativeEngine::new(&amp.model) {
            Ok(engine) => engine,
            Err(error) => {
                eprintln!("{} is left out: {error}", amp.name);
                continue;
            }
        };
        group.bench_function(amp.name, |bencher| bencher.iter(|| engine.process(&input, &mut output)));
    }
    group.finish();
}

criterion_group!(benches, blocks);
criterion_main!(benches);
