//! Normalisers against their definitions.

use crate::support::{BLOCKS, RATES_HZ, Sound, chain, db, file, live, measure, noise, play, sine};
use shared::chain::processors::{
    Butterworth, Gain, Level, Measure, Normalise, NormaliseEntry, NormaliseMode,
};
use shared::chain::{Chain, ChainError, Document, Entry, Processor};
use shared::stream::{Options, StreamProcessor};

const MEASURES: [Measure; 5] = [
    Measure::Peak,
    Measure::Rms,
    Measure::Percentile(50.0),
    Measure::Percentile(99.0),
    Measure::Percentile(100.0),
];

/// By the definition, of all samples at once: the magnitudes in their order.
fn defined(measure: Measure, samples: impl Iterator<Item = f32>) -> f64 {
    let mut all: Vec<f64> = samples.map(|x| f64::from(x).abs()).collect();
    all.sort_by(f64::total_cmp);
    match measure {
        Measure::Peak => all[all.len() - 1],
        Measure::Rms => (all.iter().map(|x| x * x).sum::<f64>() / all.len() as f64).sqrt(),
        Measure::Percentile(percentile) => {
            let place = percentile / 100.0 * (all.len() - 1) as f64;
            let (below, above) = (all[place as usize], all[place.ceil() as usize]);
            below + place.fract() * (above - below)
        }
    }
}

/// How far a normaliser may be from its definition, in dB.
fn tolerance_db(measure: Measure) -> f64 {
    match measure {
        Measure::Peak | Measure::Rms => 1e-5,
        Measure::Percentile(_) => 0.01,
    }
}

fn normalised(normalise: Normalise, sound: &Sound, rate_hz: f64, block: usize) -> Sound {
    let mut chain = chain(normalise);
    chain.prepare(file(rate_hz, sound.len(), block)).unwrap();
    assert_eq!(chain.measuring(), [0]);
    measure(&mut chain, sound, block);
    chain.reset();
    play(&mut chain, sound, block)
}

fn scaled(channel: &[f32], by: f64) -> Vec<f32> {
    channel.iter().map(|x| (f64::from(*x) * by) as f32).collect()
}

/// Sounds of two channels that differ in level by 20 dB.
fn sounds(rate_hz: f64) -> Vec<(&'static str, Sound)> {
    let pair = |channel: Vec<f32>| vec![scaled(&channel, 0.1), channel];
    let mut sparse = vec![0.0; 20_000];
    noise(12_000, 1).iter().enumerate().for_each(|(i, x)| sparse[i] = x * x * x);
    let plucked: Vec<f32> =
        noise(20_000, 2).iter().zip(0..).map(|(x, i)| x * (-1e-3 * i as f32).exp()).collect();
    vec![
        ("noise", pair(noise(9_999, 3))),
        ("sine", pair(sine(997.0, 0.7, rate_hz, 10_000))),
        ("beyond full scale", pair(scaled(&noise(5_000, 4), 40.0))),
        ("mostly silence", pair(sparse)),
        ("dying away", pair(plucked)),
        ("constant", pair(vec![-0.3; 1_000])),
        ("two samples", vec![vec![0.5], vec![0.1]]),
    ]
}

#[test]
fn what_comes_out_has_the_level() {
    let mut worst: f64 = 0.0;
    for rate in RATES_HZ {
        for (name, sound) in sounds(rate) {
            for measure in MEASURES {
                for (level, level_db) in [(Level::Factor(0.95), db(0.95)), (Level::Db(-18.0), -18.0)] {
                    let what = format!("{name}, {measure:?} to {level:?}");
                    let tolerance = tolerance_db(measure);
                    let linked = normalised(Normalise::new(measure, level), &sound, rate, 512);
                    let got = db(defined(measure, linked.iter().flatten().copied()));
                    assert!((got - level_db).abs() < tolerance, "{got} dB: {what}");
                    worst = worst.max((got - level_db).abs());
                    // By one gain.
                    let by = f64::from(linked[0][0]) / f64::from(sound[0][0]);
                    if by.is_finite() {
                        for (out, sound) in linked.iter().flatten().zip(sound.iter().flatten()) {
                            let (out, expected) = (f64::from(*out), by * f64::from(*sound));
                            assert!((out - expected).abs() <= 1e-6 * out.abs(), "{what}");
                        }
                    }
                    let apart = normalised(Normalise::new(measure, level).per_channel(), &sound, rate, 512);
                    for channel in apart {
                        let got = db(defined(measure, channel.into_iter()));
                        assert!((got - level_db).abs() < tolerance, "{got} dB: {what}, per channel");
                    }
                }
            }
        }
    }
    println!("largest error {worst:.2e} dB");
}

#[test]
fn blocks_change_nothing() {
    for measure in MEASURES {
        for per_channel in [false, true] {
            let make = || {
                let normalise = Normalise::new(measure, Level::Db(-3.0));
                if per_channel { normalise.per_channel() } else { normalise }
            };
            let sound = vec![noise(3_001, 5), scaled(&noise(3_001, 6), 0.2)];
            let whole = normalised(make(), &sound, 48_000.0, 1 << 20);
            for block in BLOCKS {
                let cut = normalised(make(), &sound, 48_000.0, block);
                assert_eq!(cut, whole, "{measure:?}, blocks of {block}");
            }
        }
    }
}

#[test]
fn silence_stays_silence() {
    let silence = vec![0.0; 500];
    let faint = scaled(&noise(500, 7), 0.9e-6);
    for measure in MEASURES {
        for sound in [vec![silence.clone(); 2], vec![faint.clone(), silence.clone()]] {
            let make = || Normalise::new(measure, Level::Factor(1.0));
            assert_eq!(normalised(make(), &sound, 48_000.0, 64), sound);
            assert_eq!(normalised(make().per_channel(), &sound, 48_000.0, 64), sound);
        }
        let sound = vec![noise(500, 8), silence.clone(), faint.clone()];
        let out =
            normalised(Normalise::new(measure, Level::Factor(0.25)).per_channel(), &sound, 48_000.0, 64);
        assert_eq!(out[1..], sound[1..]);
        assert!(out[0] != sound[0] && out[0].iter().all(|x| x.is_finite()));
    }
    // No sound at all.
    let mut chain = chain(Normalise::peak(0.5));
    chain.prepare(file(48_000.0, 1, 64)).unwrap();
    chain.measured(0).unwrap();
}

#[test]
fn a_percentile_that_is_silence_is_an_error_that_says_so() {
    let mut sound = vec![vec![0.0; 1_000]; 2];
    sound[1][..20].fill(0.5);
    let mut chain = chain(Normalise::new(Measure::Percentile(90.0), Level::Factor(1.0)).per_channel());
    chain.prepare(file(48_000.0, 2, 1_000)).unwrap();
    let mut heard = sound.clone();
    crate::support::blocks(&mut heard, 1_000, |views| chain.measure(0, views));
    let said = chain.measured(0).unwrap_err().to_string();
    for expected in ["normalise", "90th percentile", "channel 2", "-6.0 dBFS", "higher percentile"] {
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(play(&mut chain, &sound, 1_000), sound);
}

#[test]
fn what_is_no_number_is_not_measured() {
    let mut sound = vec![scaled(&noise(1_000, 9), 0.25)];
    for measure in MEASURES {
        let expected = defined(measure, sound[0].iter().copied());
        let with = |bad: [f32; 3]| [&sound[0][..], &bad].concat();
        let heard = vec![with([f32::NAN, f32::INFINITY, f32::NEG_INFINITY])];
        let out = normalised(Normalise::new(measure, Level::Factor(1.0)), &heard, 48_000.0, 64);
        let got = db(f64::from(out[0][0]) / f64::from(sound[0][0]) * expected);
        assert!(got.abs() < tolerance_db(measure), "{measure:?}: {got} dB off");
    }
    sound[0].fill(f32::NAN);
    let out = normalised(Normalise::peak(1.0), &sound, 48_000.0, 64);
    assert!(out[0].iter().all(|x| x.is_nan()));
}

#[test]
fn before_it_has_heard_anything_it_changes_nothing() {
    let sound = vec![noise(1_000, 10)];
    let mut chain = chain(Normalise::peak(0.1));
    chain.prepare(file(48_000.0, 1, 64)).unwrap();
    assert_eq!(play(&mut chain, &sound, 64), sound);
}

#[test]
fn the_next_sound_is_measured_by_itself() {
    for what in MEASURES {
        let (loud, soft) = (vec![noise(1_000, 11)], vec![scaled(&noise(1_000, 12), 0.01)]);
        let mut chain = chain(Normalise::new(what, Level::Factor(0.5)));
        chain.prepare(file(48_000.0, 1, 64)).unwrap();
        measure(&mut chain, &loud, 64);
        measure(&mut chain, &soft, 64);
        let level = defined(what, play(&mut chain, &soft, 64)[0].iter().copied());
        assert!(db(level / 0.5).abs() < tolerance_db(what), "{what:?}: {level}");
    }
}

#[test]
fn long_sounds_lose_nothing() {
    for measure in [Measure::Rms, Measure::Percentile(75.0)] {
        let block = noise(10_000, 13);
        let mut chain = chain(Normalise::new(measure, Level::Factor(1.0)));
        chain.prepare(file(48_000.0, 1, 10_000)).unwrap();
        // Seven minutes.
        for _ in 0..2_000 {
            chain.measure(0, &[&mut block.clone()]);
        }
        chain.measured(0).unwrap();
        let out = play(&mut chain, &vec![block.clone()], 10_000);
        let level = defined(measure, out[0].iter().copied());
        assert!(db(level).abs() < tolerance_db(measure), "{measure:?}: {level}");
    }
}

#[test]
fn streams_measure_what_comes_to_it_and_then_play() {
    for chunk in [1_000, 1 << 16] {
        let processors: Vec<Box<dyn Processor>> = vec![
            Box::new(Butterworth::high_pass(300.0, 3)),
            Box::new(Normalise::new(Measure::Rms, Level::Db(-30.0))),
            Box::new(Gain::linear(0.8)),
            Box::new(Normalise::peak(0.95)),
        ];
        let options = Options { chunk_samples: Some(chunk), ..Options::default() };
        let mut processor = StreamProcessor::new(Chain::new(processors).unwrap(), options);
        // One sound after the other, the second much softer.
        for (seed, by) in [(15, 1.0), (16, 0.003)] {
            let sound = vec![scaled(&noise(20_000, seed), by), scaled(&noise(20_000, seed + 9), 0.5 * by)];
            let out = processor.process_samples(&sound, 44_100).unwrap();
            let peak = defined(Measure::Peak, out.iter().flatten().copied());
            assert!(db(peak / 0.95).abs() < 1e-5, "a peak of {peak}, chunks of {chunk}");
            // What stands before it has filtered, and linked channels keep their balance.
            let mut filter = chain(Butterworth::high_pass(300.0, 3));
            filter.prepare(file(44_100.0, 2, 512)).unwrap();
            let filtered = play(&mut filter, &sound, 512);
            let by = peak / defined(Measure::Peak, filtered.iter().flatten().copied());
            for (out, filtered) in out.iter().flatten().zip(filtered.iter().flatten()) {
                assert!((f64::from(*out) - by * f64::from(*filtered)).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn its_level_can_be_set() {
    let sound = vec![noise(4_000, 14)];
    let mut chain = chain(Normalise::new(Measure::Peak, Level::Db(-20.0)));
    chain.set("0.level_db", -6.0).unwrap();
    chain.prepare(file(48_000.0, 1, 64)).unwrap();
    measure(&mut chain, &sound, 64);
    let peak_db = |out: &[f32]| db(defined(Measure::Peak, out.iter().copied()));
    assert!((peak_db(&play(&mut chain, &sound, 64)[0]) + 6.0).abs() < 1e-5);
    chain.set("0.level_db", 3.0).unwrap();
    let out = play(&mut chain, &sound, 64);
    let gain = f64::from(out[0][3_999]) / f64::from(sound[0][3_999]);
    let (first, last) = (peak_db(&out[0][..1]) - peak_db(&sound[0][..1]), db(gain));
    assert!((last - first - 9.0).abs() < 0.05, "from {first} to {last} dB");
}

#[test]
fn nobody_can_play_it_live() {
    let said = chain(Normalise::peak(0.9)).prepare(live(48_000.0, 2, 64)).unwrap_err().to_string();
    for expected in ["normalise", "cannot be played live", "`gain`"] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn entries_that_mean_nothing_are_refused() {
    let entry = NormaliseEntry {
        mode: NormaliseMode::Peak,
        percentile: None,
        level: Some(0.95),
        level_db: None,
        per_channel: false,
    };
    assert_eq!(serde_json::from_str::<NormaliseEntry>("{\"level\": 0.95}").unwrap(), entry);
    let build = |entry| Document::new(vec![Entry::Normalise(entry)]).build();
    assert!(build(entry).is_ok());
    let percentile = NormaliseEntry { mode: NormaliseMode::Percentile, ..entry };
    assert!(build(percentile).is_ok());
    for (wrong, expected) in [
        (NormaliseEntry { level: None, ..entry }, "`level_db`"),
        (NormaliseEntry { level_db: Some(-1.0), ..entry }, "not both"),
        (NormaliseEntry { level: Some(0.0), ..entry }, "0.0001 to 10"),
        (NormaliseEntry { level: Some(f64::NAN), ..entry }, "0.0001 to 10"),
        (NormaliseEntry { percentile: Some(90.0), ..entry }, "`mode: percentile`"),
        (NormaliseEntry { percentile: Some(0.5), ..percentile }, "1 to 100"),
        (NormaliseEntry { percentile: Some(f64::NAN), ..percentile }, "1 to 100"),
    ] {
        let said = build(wrong).err().unwrap().to_string();
        assert!(said.contains(expected) && said.contains("normalise"), "{said}");
    }
    let refused = |percentile| -> Result<(), ChainError> {
        let normalise = Normalise::new(Measure::Percentile(percentile), Level::Factor(1.0));
        Chain::new(vec![Box::new(normalise)])?.prepare(file(48_000.0, 1, 64))
    };
    assert!(refused(100.0).is_ok() && refused(100.1).is_err());
}

/// What would be refused if it were measured is left alone while it is off.
#[test]
fn one_that_is_off_is_not_measured() {
    let mut sound = vec![vec![0.0; 5_000]; 2];
    sound[1][..20].fill(0.5);
    let percentile = || Normalise::new(Measure::Percentile(90.0), Level::Factor(1.0));
    let chain = Chain::new(vec![Box::new(percentile()), Box::new(Normalise::peak(0.25))]).unwrap();
    assert_eq!(chain.measuring(), [0, 1]);
    let mut processor = StreamProcessor::new(chain, Options::default());
    assert!(processor.process_samples(&sound, 48_000).is_err());
    processor.chain().set("0.on", false).unwrap();
    assert_eq!(processor.chain().measuring(), [1]);
    let out = processor.process_samples(&sound, 48_000).unwrap();
    assert_eq!(defined(Measure::Peak, out.iter().flatten().copied()), 0.25);
    processor.chain().set("0.on", true).unwrap();
    assert!(processor.process_samples(&sound, 48_000).is_err());
}

#[test]
fn one_that_is_not_prepared_or_gets_too_few_channels_hears_nothing() {
    let mut chain = chain(Normalise::peak(0.5));
    chain.measure(0, &[&mut [1.0]]);
    chain.prepare(file(48_000.0, 2, 64)).unwrap();
    chain.measure(0, &[&mut [1.0]]);
    chain.measured(0).unwrap();
    let sound = vec![vec![0.125; 100]; 2];
    assert_eq!(play(&mut chain, &sound, 64), sound);
}
