//! The level match, against the `ebur128` crate; and solo.

use crate::support::{busy, equaliser, level_db, noise, run, sine};
use ebur128::{EbuR128, Mode as Measure};
use shared::word_eq::{BANDS, Controls, Mode};

/// Integrated loudness in LUFS.
fn loudness(channels: &[Vec<f32>], rate_hz: f64) -> f64 {
    let meter = EbuR128::new(channels.len() as u32, rate_hz as u32, Measure::I);
    let mut meter = meter.expect("the meter knows the format");
    let planes: Vec<&[f32]> = channels.iter().map(|c| &c[..]).collect();
    meter.add_frames_planar_f32(&planes).expect("the channels are of one length");
    meter.loudness_global().expect("the meter measures what it was made for")
}

/// Noise that comes and goes like notes.
fn notes(samples: usize, rate_hz: f64, seed: u64) -> Vec<f32> {
    let mut signal = noise(samples, 0.7, seed);
    let note = rate_hz / 3.0;
    for (i, x) in signal.iter_mut().enumerate() {
        *x *= (-3.0 * (i as f64 % note) / note).exp() as f32;
    }
    signal
}

#[test]
fn the_output_is_as_loud_as_the_input() {
    let mut furthest = 0.0f64;
    for rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        let total = (8.0 * rate_hz) as usize;
        for (word, amount) in [(0, 1.0), (1, 1.0), (2, -1.0), (1, -0.7)] {
            let input = vec![notes(total, rate_hz, 1), notes(total, rate_hz, 2)];
            let (mut eq, monitor) = equaliser(rate_hz, 2, Mode::InLine);
            let mut controls = Controls { word, amount, ..Controls::NEUTRAL };
            controls.bands[1].gain_offset_db = 4.0;
            let mut off_by = |controls: Controls| {
                eq.reset();
                let output = run(&mut eq, &input, &[total], |_| controls);
                // After three seconds.
                let late = |s: &[Vec<f32>]| -> Vec<Vec<f32>> {
                    s.iter().map(|c| c[(3.0 * rate_hz) as usize..].to_vec()).collect()
                };
                loudness(&late(&output), rate_hz) - loudness(&late(&input), rate_hz)
            };
            let (without, with) = (off_by(controls), off_by(Controls { level_match: true, ..controls }));
            assert!(with.abs() < 0.5 && with.abs() < without.abs(), "{word} {amount}: {without}, {with}");
            // What was louder or softer was made up for, and by the match.
            if without.abs() > 1.0 {
                assert!(monitor.read().match_gain_db.abs() > 0.5, "{word} {amount}");
            }
            furthest = without.abs().max(furthest);
        }
    }
    assert!(furthest > 1.0, "there was something to match");
}

#[test]
fn the_match_holds_in_silence_and_goes_when_switched_off() {
    let (mut eq, monitor) = equaliser(48_000.0, 1, Mode::InLine);
    run(&mut eq, &[notes(48_000 * 5, 48_000.0, 1)], &[48_000 * 5], |_| busy());
    let before = monitor.read().match_gain_db;
    assert!(before.abs() > 0.5, "{before}");
    run(&mut eq, &[vec![0.0; 48_000 * 5]], &[48_000 * 5], |_| busy());
    let held = monitor.read().match_gain_db;
    assert!((held - before).abs() < 0.3, "{before} {held}");
    let off = Controls { level_match: false, ..busy() };
    run(&mut eq, &[notes(48_000 * 5, 48_000.0, 1)], &[48_000 * 5], |_| off);
    assert_eq!(monitor.read().match_gain_db, 0.0);
}

#[test]
fn a_solo_lets_its_region_through_and_little_else() {
    for (band, inside_hz, outside_hz) in
        [(0, 40.0, 6_000.0), (1, 566.0, 12_000.0), (2, 920.0, 40.0), (3, 1_483.0, 40.0), (4, 14_000.0, 100.0)]
    {
        let mut controls = Controls::NEUTRAL;
        controls.bands[band].solo = true;
        controls.bands[band].q_offset_octaves = 3.0;
        let level = |hz| {
            let (mut eq, _) = equaliser(48_000.0, 1, Mode::InLine);
            let signal = sine(48_000, hz, 48_000.0);
            let output = run(&mut eq, &[signal], &[48_000], |_| controls);
            level_db(&output[0][24_000..]) + 3.01
        };
        let (inside, outside) = (level(inside_hz), level(outside_hz));
        assert!(inside.abs() < 1.5 && outside < -20.0, "{band}: {inside} {outside}");
    }
}

#[test]
fn solos_add_and_are_never_louder_than_all() {
    let mut controls = Controls::NEUTRAL;
    controls.bands[0].solo = true;
    controls.bands[4].solo = true;
    let level = |controls: &Controls, hz| {
        let (mut eq, _) = equaliser(48_000.0, 1, Mode::InLine);
        let output = run(&mut eq, &[sine(48_000, hz, 48_000.0)], &[48_000], |_| *controls);
        level_db(&output[0][24_000..]) + 3.01
    };
    assert!(level(&controls, 40.0).abs() < 1.0);
    assert!(level(&controls, 14_000.0).abs() < 1.0);
    assert!(level(&controls, 900.0) < -6.0, "{}", level(&controls, 900.0));
    for band in 0..BANDS {
        controls.bands[band].solo = true;
        controls.bands[band].q_offset_octaves = -3.0;
    }
    for hz in [50.0, 300.0, 600.0, 1_000.0, 3_000.0, 9_000.0] {
        assert!(level(&controls, hz) < 0.1, "{hz}: {}", level(&controls, hz));
    }
}
