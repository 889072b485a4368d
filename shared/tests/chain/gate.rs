//! The noise gate: when it opens, how it closes, and what it leaves alone.

use crate::support::{BLOCKS, RATES_HZ, chain, db, file, live, noise, play, sine};
use shared::chain::processors::{Gate, GateEntry};
use shared::chain::{Chain, Document, Entry};

fn gate(entry: GateEntry, rate_hz: f64) -> Chain {
    let mut chain = chain(Gate::new(entry));
    chain.prepare(live(rate_hz, 1, 64)).unwrap();
    assert_eq!(chain.latency_samples(), 0);
    chain
}

/// What the gate does to a constant of each level for each time in milliseconds, as gains.
fn gains(chain: &mut Chain, rate_hz: f64, levels: &[(f64, f64)]) -> Vec<f64> {
    let sound: Vec<f32> = levels
        .iter()
        .flat_map(|(level_db, ms)| {
            let samples = (ms * 1e-3 * rate_hz).round() as usize;
            vec![10f64.powf(level_db / 20.0) as f32; samples]
        })
        .collect();
    let out = play(chain, &vec![sound.clone()], 64);
    out[0].iter().zip(&sound).map(|(out, x)| f64::from(*out) / f64::from(*x)).collect()
}

/// Samples in so many milliseconds.
fn at(ms: f64, rate_hz: f64) -> usize {
    (ms * 1e-3 * rate_hz).round() as usize
}

#[test]
fn it_opens_holds_and_closes_in_its_times() {
    let entry = GateEntry {
        threshold_db: -40.0,
        attack_ms: 2.0,
        hold_ms: 30.0,
        release_ms: 100.0,
        range_db: -60.0,
        ..GateEntry::default()
    };
    for rate in RATES_HZ {
        let mut chain = gate(entry, rate);
        let gains = gains(&mut chain, rate, &[(-70.0, 50.0), (-30.0, 50.0), (-70.0, 400.0)]);
        let is = |ms: f64, low: f64, high: f64| {
            let gain_db = db(gains[at(ms, rate)]);
            assert!((low..=high).contains(&gain_db), "{gain_db} dB after {ms} ms at {rate} Hz");
        };
        is(0.0, -60.01, -59.99);
        is(49.9, -60.01, -59.99);
        // Half of the attack: half of the way.
        is(51.0, -6.3, -5.7);
        is(52.1, -0.001, 0.001);
        is(99.9, -0.001, 0.001);
        // Its looking back, 36 to 40 ms, and its hold.
        is(100.0 + 36.0 + 29.5, -0.001, 0.001);
        is(100.0 + 40.0 + 30.0 + 51.0, -33.1, -30.5);
        is(100.0 + 36.0 + 30.0 + 106.0, -60.01, -59.99);
        is(449.0, -60.01, -59.99);
    }
}

#[test]
fn between_both_levels_it_stays_as_it_is() {
    let entry = GateEntry { threshold_db: -40.0, hysteresis_db: 10.0, ..GateEntry::default() };
    let rate = 48_000.0;
    let mut chain = gate(entry, rate);
    let levels =
        [(-41.0, 500.0), (-39.0, 100.0), (-41.0, 500.0), (-49.0, 1_000.0), (-51.0, 500.0), (-41.0, 500.0)];
    let gains = gains(&mut chain, rate, &levels);
    let mut ms = 0.0;
    let expected = [-80.0, 0.0, 0.0, 0.0, -80.0, -80.0];
    for ((level_db, length), expected) in levels.iter().zip(expected) {
        ms += length;
        let gain_db = db(gains[at(ms, rate) - 1]);
        assert!((gain_db - expected).abs() < 0.01, "{gain_db} dB at the end of {level_db} dB");
    }
}

#[test]
fn it_closes_as_far_as_it_says() {
    for range_db in [-120.0, -80.0, -20.0, -6.0, 0.0] {
        let mut chain = gate(GateEntry { threshold_db: -20.0, range_db, ..GateEntry::default() }, 44_100.0);
        let sound = vec![sine(100.0, 0.01, 44_100.0, 4_410)];
        let out = play(&mut chain, &sound, 64);
        for (out, x) in out[0].iter().zip(&sound[0]).filter(|(_, x)| x.abs() > 1e-4) {
            let got = db(f64::from(*out) / f64::from(*x));
            assert!((got - range_db).abs() < 0.01, "{got} dB instead of {range_db}");
        }
    }
}

/// How often it turns from opening to closing or back.
fn turns(gains: &[f64]) -> usize {
    let mut turns = 0;
    let mut way = 0.0;
    for pair in gains.windows(2) {
        let now = pair[1] - pair[0];
        if now.abs() > 1e-7 && now.signum() != way {
            turns += 1;
            way = now.signum();
        }
    }
    turns
}

#[test]
fn a_dying_note_closes_it_once() {
    // Without hold and with little hysteresis, so that it has to hear well.
    let entry = GateEntry {
        threshold_db: -40.0,
        hysteresis_db: 3.0,
        hold_ms: 0.0,
        attack_ms: 1.0,
        release_ms: 20.0,
        ..GateEntry::default()
    };
    for rate in RATES_HZ {
        for pitch in [30.87, 41.2, 82.41, 110.0, 329.6] {
            // Of one crest a period, as the lowest strings have it: harmonics that are in step.
            let samples = (3.0 * rate) as usize;
            let harmonics: Vec<Vec<f32>> =
                (1..=6).map(|n| sine(pitch * f64::from(n), 0.1, rate, samples)).collect();
            let sound: Vec<f32> = (0..samples)
                .map(|i| {
                    let sum: f32 = harmonics.iter().map(|h| h[i]).sum();
                    sum * (-2.5 * i as f64 / rate).exp() as f32
                })
                .collect();
            // A constant tells the gain where the note itself is zero; it is far below the threshold.
            let biased: Vec<f32> = sound.iter().map(|x| x + 1e-5).collect();
            let mut chain = gate(entry, rate);
            let out = play(&mut chain, &vec![biased.clone()], 64);
            let gains: Vec<f64> = out[0]
                .iter()
                .zip(&biased)
                .filter(|(_, x)| x.abs() > 5e-6)
                .map(|(out, x)| f64::from(*out) / f64::from(*x))
                .collect();
            assert_eq!(turns(&gains), 2, "{pitch} Hz at {rate} Hz");
            assert!(gains[gains.len() - 1] < 1.1e-4);
            // It is not cut off while it is loud: half a second, at which it is at -23 dB, is all there.
            let kept = at(500.0, rate);
            let early = at(2.0, rate);
            for (out, x) in out[0][early..kept].iter().zip(&biased[early..kept]) {
                assert_eq!(out, x);
            }
        }
    }
}

#[test]
fn its_gain_takes_small_steps() {
    for (attack_ms, release_ms) in [(0.5, 5.0), (5.0, 50.0), (100.0, 1_000.0)] {
        let entry =
            GateEntry { threshold_db: -40.0, hold_ms: 0.0, attack_ms, release_ms, ..GateEntry::default() };
        for rate in RATES_HZ {
            let mut chain = gate(entry, rate);
            // Steady tones and rests, so short that it has not always arrived before it turns.
            let levels: Vec<(f64, f64)> = [10.0, 50.0, 45.0, 60.0, 300.0]
                .iter()
                .flat_map(|ms| [(-20.0, *ms), (-70.0, 2.0 * ms)])
                .collect();
            let gains = gains(&mut chain, rate, &levels);
            let largest_rise = gains.windows(2).map(|w| w[1] - w[0]).fold(0.0, f64::max);
            let largest_fall = gains.windows(2).map(|w| w[0] - w[1]).fold(0.0, f64::max);
            let rise = 1.0 / (attack_ms * 1e-3 * rate);
            let fall = 1.0 - 10f64.powf(-80.0 / 20.0 / (release_ms * 1e-3 * rate));
            assert!(largest_rise < 1.001 * rise + 1e-6, "{largest_rise} for {rise} at {rate} Hz");
            assert!(largest_fall < 1.001 * fall + 1e-6, "{largest_fall} for {fall} at {rate} Hz");
            assert!(largest_rise > 0.9 * rise && largest_fall > 0.9 * fall, "it never moved");
        }
    }
}

#[test]
fn parameters_move_without_a_step() {
    let rate = 48_000.0;
    let mut chain = gate(GateEntry { threshold_db: -30.0, ..GateEntry::default() }, rate);
    let mut all = Vec::new();
    for (path, value) in [
        ("0.range_db", -80.0),
        ("0.range_db", -20.0),
        ("0.range_db", 0.0),
        ("0.range_db", -100.0),
        ("0.threshold_db", -60.0),
        ("0.release_ms", 5.0),
        ("0.threshold_db", -20.0),
        ("0.attack_ms", 10.0),
    ] {
        chain.set(path, value).unwrap();
        all.extend(gains(&mut chain, rate, &[(-40.0, 301.0)]));
    }
    let largest = all.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max);
    // A millisecond of attack, and 100 dB in 5 ms.
    assert!(largest < 1.0 - 10f64.powf(-100.0 / 20.0 / 240.0) + 1e-6, "{largest}");
    let ends: Vec<f64> = (1..=8).map(|i| db(all[at(301.0 * f64::from(i), rate) - 1])).collect();
    for (got, expected) in ends.iter().zip([-80.0, -20.0, 0.0, -100.0, 0.0, 0.0, -100.0, -100.0]) {
        assert!((got - expected).abs() < 0.01, "{ends:?}");
    }
}

#[test]
fn all_channels_follow_the_loudest() {
    let mut chain = chain(Gate::new(GateEntry { threshold_db: -40.0, ..GateEntry::default() }));
    chain.prepare(file(48_000.0, 3, 64)).unwrap();
    let soft = noise(4_800, 1).iter().map(|x| x * 1e-4).collect::<Vec<f32>>();
    let sound = vec![soft.clone(), noise(4_800, 2), vec![0.0; 4_800]];
    let out = play(&mut chain, &sound, 64);
    for (out, sound) in out.iter().zip(&sound) {
        assert_eq!(out[200..], sound[200..]);
    }
    chain.reset();
    let alone = play(&mut chain, &vec![soft.clone(), vec![0.0; 4_800], vec![0.0; 4_800]], 64);
    assert!(alone[0].iter().all(|x| x.abs() < 1.1e-8));
}

/// Bursts of noise of all levels, with a threshold that is turned meanwhile.
fn bursts(block: usize) -> Vec<Vec<f32>> {
    let mut chain = chain(Gate::new(GateEntry { hold_ms: 10.0, release_ms: 30.0, ..GateEntry::default() }));
    chain.prepare(file(44_100.0, 2, block)).unwrap();
    let burst = |i: usize, x: f32| x * 10f32.powi(-(((i / 3_000) % 5) as i32));
    let sound: Vec<Vec<f32>> =
        [3, 4].map(|seed| noise(30_000, seed).iter().enumerate().map(|(i, x)| burst(i, *x)).collect()).into();
    let mut out = vec![Vec::new(); 2];
    for (from, to, threshold) in [(0, 11_111, -50.0), (11_111, 20_001, -30.0), (20_001, 30_000, -70.0)] {
        chain.set("0.threshold_db", threshold).unwrap();
        let part = sound.iter().map(|channel| channel[from..to].to_vec()).collect();
        let part = play(&mut chain, &part, block);
        out.iter_mut().zip(part).for_each(|(out, part)| out.extend(part));
    }
    out
}

#[test]
fn blocks_change_nothing() {
    let whole = bursts(1 << 20);
    for block in BLOCKS {
        assert_eq!(bursts(block), whole, "blocks of {block}");
    }
}

#[test]
fn a_reset_is_a_new_gate() {
    let sound = vec![noise(5_000, 6)];
    let mut used = gate(GateEntry::default(), 48_000.0);
    play(&mut used, &sound, 64);
    used.set("0.range_db", -20.0).unwrap();
    play(&mut used, &sound, 13);
    used.reset();
    let mut fresh = gate(GateEntry { range_db: -20.0, ..GateEntry::default() }, 48_000.0);
    assert_eq!(play(&mut used, &sound, 64), play(&mut fresh, &sound, 64));
}

#[test]
fn odd_rates_will_do() {
    for rate in [100.0, 8_000.0, 47_999.37, 1_000_000.0] {
        let mut chain = gate(GateEntry::default(), rate);
        let sound = vec![vec![0.5; rate as usize / 10]];
        let out = play(&mut chain, &sound, 64);
        assert_eq!(out[0].last(), sound[0].last(), "at {rate} Hz");
    }
}

#[test]
fn what_is_left_out_is_usual_and_what_cannot_be_is_refused() {
    let read = |text| serde_json::from_str::<GateEntry>(text);
    assert_eq!(read("{}").unwrap(), GateEntry::default());
    assert_eq!(
        read("{\"threshold_db\": -50}").unwrap(),
        GateEntry { threshold_db: -50.0, ..GateEntry::default() }
    );
    assert!(read("{\"treshold_db\": -50}").unwrap_err().to_string().contains("threshold_db"));
    let entry = GateEntry { release_ms: 0.0, ..GateEntry::default() };
    let said = Document::new(vec![Entry::Gate(entry)]).build().err().unwrap().to_string();
    assert!(said.contains("release_ms") && said.contains("5 to 5000 ms") && said.contains("gate"), "{said}");
}
