//! What the word EQ costs: a block on the audio thread, and an analysis beside it, as criterion judges it:
//! `cargo bench -p shared --bench equaliser`.

#[path = "../tests/support/word_eq.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use shared::word_eq::{
    Controls, EqModel, EqSettings, Features, Mode, Networks, OnnxNetworks, Polish, analysis_samples, wanted,
};
use std::time::Duration;
use support::{equaliser, noise};

/// Samples in a block.
const BLOCK: usize = 64;
const RATE_HZ: f64 = 48_000.0;

/// All that happens on the audio thread for 64 samples of stereo.
fn blocks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("block");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    let (left, right) = (noise(BLOCK, 0.5, 1), noise(BLOCK, 0.5, 2));
    // Frozen, so that what is proposed comes to rest.
    let word = Controls { word: 1, amount: 0.7, freeze: true, ..Controls::NEUTRAL };
    let mut soloed = word;
    soloed.bands[2].solo = true;
    let mut two_soloed = soloed;
    two_soloed.bands[4].solo = true;
    let mut crowded = word;
    crowded.bands.iter_mut().for_each(|b| b.gain_offset_db = 12.0);
    for (name, controls, turns) in [
        ("neutral", Controls::NEUTRAL, false),
        ("steady", word, false),
        ("gliding", word, true),
        ("gliding, held at +12 dB", crowded, true),
        ("steady, level match", Controls { level_match: true, ..word }, false),
        ("steady, solo", soloed, false),
        ("steady, two solos", two_soloed, false),
    ] {
        let (mut eq, _) = equaliser(RATE_HZ, 2, Mode::Listener);
        let (mut left_out, mut right_out) = (left.clone(), right.clone());
        let mut count = 0;
        let mut block = || {
            count += 1;
            let mut controls = controls;
            if turns {
                // To and fro before anything arrives.
                let sign = if (count / 32u32).is_multiple_of(2) { 1.0 } else { -1.0 };
                controls.bands[1].gain_offset_db += 4.0 * sign;
                controls.bands[3].frequency_offset_octaves = 0.3 * sign;
            }
            left_out.copy_from_slice(&left);
            right_out.copy_from_slice(&right);
            eq.process(&mut [&mut left_out, &mut right_out], &controls);
        };
        // Until what glides at the beginning has arrived.
        (0..5_000).for_each(|_| block());
        group.bench_function(name, |bencher| bencher.iter(&mut block));
    }
    group.finish();
}

/// The parts of an analysis of stereo, which the listener makes every 2048 samples: 42.7 ms.
fn analysis(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("analysis");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    let sound = noise(2 * analysis_samples(RATE_HZ), 0.5, 3);
    let mut features = Features::new(RATE_HZ, 2);
    group.bench_function("features", |bencher| {
        bencher.iter(|| {
            features.hear(&sound, 3.0, false);
            features.values()
        });
    });
    match EqModel::factory().and_then(|model| Ok((OnnxNetworks::new(&model)?, model))) {
        Ok((mut networks, model)) => {
            let controls = Controls { word: 1, amount: 0.7, ..Controls::NEUTRAL };
            let values = features.values();
            let answered = "the factory networks answer";
            let heard = networks.encode(&values).expect(answered);
            let curve = wanted(&model.table, &controls, Some(&heard));
            group.bench_function("encoder", |b| b.iter(|| networks.encode(&values).expect(answered)));
            group.bench_function("word", |b| b.iter(|| wanted(&model.table, &controls, Some(&heard))));
            group.bench_function("decoder", |b| b.iter(|| networks.decode(&curve).expect(answered)));
            let guess = EqSettings::from_values(&networks.decode(&curve).expect(answered));
            let (polish, target) = (Polish::default(), model.table.space().curve_db(&curve));
            group.bench_function("polish", |b| b.iter(|| polish.polish(&guess, &target)));
        }
        Err(problem) => eprintln!("the networks are left out: {problem}"),
    }
    group.finish();
}

criterion_group!(benches, blocks, analysis);
criterion_main!(benches);
