//! What the parts of the word EQ cost, as criterion judges it: `cargo bench -p shared --bench word_eq`.

use criterion::{Criterion, criterion_group, criterion_main};
use shared::dsp::balance::Balance;
use shared::dsp::mel::Mel;
use shared::dsp::spectrum::PowerSpectrum;
use shared::dsp::svf::{Coefficients, Series};
use shared::word_eq::{BAND_RANGES, BANDS};
use std::hint::black_box;
use std::time::Duration;

/// Samples in a block.
const BLOCK: usize = 64;
const RATE_HZ: f64 = 48_000.0;

/// All bands, turned up and down by `gain_db`.
fn bands(gain_db: f64) -> [Coefficients; BANDS] {
    std::array::from_fn(|i| {
        let range = &BAND_RANGES[i];
        let frequency_hz = f64::from(range.lowest_hz * range.highest_hz).sqrt();
        let gain_db = if i % 2 == 0 { gain_db } else { -gain_db };
        Coefficients::new(range.shape, black_box(gain_db), black_box(frequency_hz), 0.8, RATE_HZ)
    })
}

fn noise(length: usize, seed: u32) -> Vec<f32> {
    let mut x = seed;
    let mut next = || {
        x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (x >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..length).map(|_| next()).collect()
}

fn filters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("filters");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    // Fresh sound each time: what is filtered in place again and again does not stay a sound.
    let (left, right) = (noise(BLOCK, 1), noise(BLOCK, 2));
    let mut out = (vec![0.0; BLOCK], vec![0.0; BLOCK]);
    let mut block = |series: &mut Series<BANDS>, next: &mut dyn FnMut() -> Option<[Coefficients; BANDS]>| {
        out.0.copy_from_slice(&left);
        out.1.copy_from_slice(&right);
        series.process(&mut [&mut out.0, &mut out.1], next);
    };
    let mut series = Series::new(2);
    series.jump_to(bands(6.0));
    group.bench_function("steady", |bencher| bencher.iter(|| block(&mut series, &mut || None)));
    let mut gain_db = 0.0;
    group.bench_function("gliding", |bencher| {
        bencher.iter(|| {
            block(&mut series, &mut || {
                gain_db = if gain_db > 6.0 { -6.0 } else { gain_db + 0.01 };
                Some(bands(gain_db))
            })
        });
    });
    group.bench_function("coefficients", |bencher| bencher.iter(|| bands(black_box(3.0))));
    group.finish();
}

fn measures(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("measures");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    let sound = noise(RATE_HZ as usize, 3);
    let mut mel = Mel::new(RATE_HZ);
    group.bench_function("mel frame", |bencher| {
        bencher.iter(|| mel.frame(black_box(&sound[..]).iter().copied()));
    });
    let mut spectrum = PowerSpectrum::<f32>::new(4096);
    group.bench_function("spectrum of 4096", |bencher| {
        bencher.iter(|| spectrum.of(black_box(&sound[..]).iter().copied())[1]);
    });
    let mut balance = Balance::new(RATE_HZ);
    group.bench_function("balance of a second", |bencher| bencher.iter(|| balance.push(&sound)));
    group.finish();
}

criterion_group!(benches, filters, measures);
criterion_main!(benches);
