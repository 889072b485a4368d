//! What a block costs: each engine on the seed's and on NAM's networks, blocks of 16 to 512.
//!
//! Times depend on the machine; compare them only within one run. A block of 64 samples lasts
//! 1,333 microseconds at 48 kHz.

#[path = "../tests/support/mod.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use shared::engine::{self, EngineChoice};
use shared::model::WaveNetSpec;
use std::time::Duration;
use support::{random_model, signal};

const BLOCKS: [usize; 4] = [16, 64, 128, 512];

fn networks() -> [(&'static str, WaveNetSpec); 4] {
    [
        ("seed", WaveNetSpec::seed(16, 10, 3, true)),
        ("seed small", WaveNetSpec::seed(16, 6, 3, true)),
        ("NAM standard", WaveNetSpec::nam_standard()),
        ("NAM A2", WaveNetSpec::nam_a2(8)),
    ]
}

fn blocks(criterion: &mut Criterion) {
    for (name, spec) in networks() {
        let model = random_model(spec, 1);
        let mut group = criterion.benchmark_group(name);
        group
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1))
            .sample_size(20);
        for choice in [EngineChoice::Native, EngineChoice::OnnxRuntime] {
            let built = engine::build(&model, choice);
            let mut engine = match built {
                Ok(engine) => engine,
                Err(error) => {
                    eprintln!("{choice} is left out: {error}");
                    continue;
                }
            };
            if let Err(error) = engine.prepare(48_000.0, 512) {
                eprintln!("{choice} is left out: {error}");
                continue;
            }
            for block in BLOCKS {
                let (input, mut output) = (signal(block, 2), vec![0.0; block]);
                group.throughput(Throughput::Elements(block as u64));
                group.bench_function(BenchmarkId::new(choice.name(), block), |bencher| {
                    bencher.iter(|| engine.process(&input, &mut output));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, blocks);
criterion_main!(benches);
