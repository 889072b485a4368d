//! Silence in, after the tail silence out, and nothing computed.

use super::bench::*;
use super::*;
use crate::words;
use shared::word_eq::{Kind, Reference};

const SECOND: usize = 48_000;

/// As busy, without a gate that would make silence of what the amp answers silence with.
fn open() -> Controls {
    let mut controls = busy();
    controls.gate.on = false;
    controls
}

/// Sound for half a second, then silence for some seconds, then sound again.
fn pause(silent_seconds: usize) -> Vec<f32> {
    // What lies near half the rate comes through a resampler differently at each of its phases.
    let strings = [110.0, 165.0, 277.0].map(|hz| sine(hz, 0.15, SECOND / 2, SECOND as f64));
    let sound: Vec<f32> = (0..SECOND / 2).map(|i| 1e-6 + strings.iter().map(|s| s[i]).sum::<f32>()).collect();
    let mut all = sound.clone();
    all.extend(vec![0.0; silent_seconds * SECOND + 77]);
    all.extend(&sound);
    all
}

/// A second rack that never sleeps: it hears a whisper that no part can tell from silence but by name.
fn never_sleeping(input: &[f32], from: usize) -> Vec<f32> {
    let mut whispering = input.to_vec();
    for sample in &mut whispering[from..] {
        if *sample == 0.0 {
            *sample = 1e-30;
        }
    }
    whispering
}

/// What a rest value takes to fade, in samples.
const FADE: usize = 2_400;

#[test]
fn after_the_tail_it_sleeps_and_wakes_as_if_it_had_not() {
    for (sample_rate_hz, close) in [(48_000.0, 1e-6), (44_100.0, 1e-4)] {
        let format = RackFormat { sample_rate_hz, ..FORMAT };
        let input = pause(3);
        let (sound_ends, sound_begins) = (SECOND / 2, input.len() - SECOND / 2);
        let mut sleeper = Bench::new(format);
        let mut waker = Bench::new(format);
        let tired = waker.run(&never_sleeping(&input, 0), &[480], open());
        assert!(!waker.rack.is_asleep());
        let slept = sleeper.run(&input[..sound_begins], &[480], open());
        assert!(sleeper.rack.is_asleep(), "{sample_rate_hz} Hz");
        let tail = sleeper.rack.tail_samples();
        let woke = sleeper.run(&input[sound_begins..], &[480], open());
        assert!(!sleeper.rack.is_asleep());
        for c in 0..2 {
            let rest = tired[c][sound_begins - 1];
            assert!(rest.abs() > 1e-4, "the amp's answer to silence is no silence: {rest}");
            // Sounds alike until it sleeps, and after it woke.
            let asleep_from = sound_ends + tail;
            assert!(difference(&slept[c][..asleep_from], &tired[c][..asleep_from]) < 1e-6);
            assert!(slept[c][sound_begins - 1] == 0.0, "silence");
            let apart = difference(&woke[c][FADE..], &tired[c][sound_begins + FADE..]);
            assert!(apart < close, "{sample_rate_hz} Hz: {apart:e}");
            // Before that it differs by what is not back yet of the rest value.
            for i in 0..FADE - 200 {
                let lacking = tired[c][sound_begins + i] - woke[c][i];
                let expected = rest * (1.0 - (i + 1) as f32 / FADE as f32);
                let bound = close.max(rest.abs() * 0.1);
                assert!((lacking - expected).abs() < bound, "{i}: {lacking} {expected}");
            }
            // Neither way is a step.
            let going = &slept[c][asleep_from..];
            assert!(largest_step(going) <= rest.abs() / 1_000.0 + 1e-6, "{}", largest_step(going));
        }
    }
}

#[test]
fn sleep_does_not_depend_on_the_blocks() {
    let input = pause(2);
    let mut bench = Bench::new(FORMAT);
    let expected = bench.run(&input, &[4096], open());
    for blocks in [&[1][..], &[64], &[511, 3, 700]] {
        bench.rack.reset();
        let output = bench.run(&input, blocks, open());
        for (output, expected) in output.iter().zip(&expected) {
            let apart = output.iter().zip(expected).map(|(a, b)| (a - b).abs()).enumerate();
            let (at, apart) = apart.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            assert!(apart <= 1e-6, "{blocks:?}: {apart:e} at {at}");
        }
    }
}

/// What is heard of the loudspeakers changes after the sound has ended: then less is left to wait for, and that must not be
/// noticed at the end of a block.
#[test]
fn a_cabinet_changed_in_silence_falls_asleep_at_the_same_sample_in_all_blocks() {
    let input = pause(2);
    let (before, after) = input.split_at(SECOND / 2 + 1_000);
    let changes: [Change; 2] = [|c| c.cab.on = false, |c| c.cab.blend = 1.0];
    for change in changes {
        let mut changed = open();
        change(&mut changed);
        let mut expected = None;
        for blocks in [&[4096][..], &[1], &[64], &[511, 3, 700]] {
            let mut bench = Bench::new(FORMAT);
            bench.run(before, blocks, open());
            let output = bench.run(after, blocks, changed).swap_remove(0);
            let silent = output[output.len() - SECOND / 2 - 100];
            assert_eq!(silent, 0.0, "it slept");
            let expected = expected.get_or_insert_with(|| output.clone());
            let apart = difference(&output, expected);
            assert!(apart <= 1e-6, "{blocks:?}: {apart:e}");
        }
    }
}

#[test]
fn a_change_or_an_arrival_wakes_it() {
    let mut bench = Bench::new(FORMAT);
    let silence = vec![0.0; 4 * SECOND];
    let sleep = |bench: &mut Bench| {
        bench.run(&silence, &[480], open());
        assert!(bench.rack.is_asleep());
    };
    bench.run(&noise(1, 4_800, 81)[0], &[480], open());
    sleep(&mut bench);
    bench.run(&silence[..480], &[480], Controls { bypass: true, ..open() });
    assert!(!bench.rack.is_asleep(), "a switch");
    sleep(&mut bench);
    bench.send_voice(&light_amp(7), FORMAT);
    let arrival = bench.run(&silence[..4_800], &[480], open()).swap_remove(0);
    assert!(!bench.rack.is_asleep(), "an amp");
    assert!(largest_step(&arrival) < 1e-3);
    sleep(&mut bench);
    bench.send_speaker(1, 9, FORMAT);
    bench.run(&silence[..480], &[480], open());
    assert!(!bench.rack.is_asleep(), "a loudspeaker");
    sleep(&mut bench);
    bench.rack.reset();
    assert!(!bench.rack.is_asleep());
}

#[test]
fn a_whisper_keeps_it_awake_and_one_channel_is_enough() {
    let mut bench = Bench::new(FORMAT);
    let mut memory = [vec![0.0; SECOND], vec![0.0; SECOND]];
    for _ in 0..5 {
        memory[0].fill(0.0);
        memory[1].fill(1e-20);
        let [left, right] = &mut memory;
        bench.rack.process(&mut [left, right], open());
    }
    assert!(!bench.rack.is_asleep());
}

#[test]
fn after_the_reported_tail_only_the_rest_value_is_left() {
    for sample_rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        for model in [wire(), light_amp(1)] {
            let format = RackFormat { sample_rate_hz, channels_in: 1, channels_out: 1, ..FORMAT };
            let mut bench = Bench::playing(&model, format);
            bench.send_speaker(0, 2, format);
            bench.rack.prepare(format);
            let mut controls = open();
            controls.cab.blend = 0.0;
            let input = sine(110.0, 0.5, SECOND, sample_rate_hz);
            bench.run(&input, &[512], controls);
            let tail = bench.rack.tail_samples();
            let whisper = vec![1e-30; 4 * SECOND];
            let rest = bench.run(&whisper, &[512], controls).swap_remove(0);
            let value = rest[rest.len() - 1];
            let left = rest[tail..].iter().map(|s| (s - value).abs()).fold(0.0, f32::max);
            assert!(left <= 1e-6, "{sample_rate_hz} Hz: {left:e} after {tail} samples");
        }
    }
}

#[test]
fn the_equaliser_hears_silence_while_the_rack_sleeps() {
    let mut controls = open();
    controls.eq.amount = 0.8;
    controls.eq.speed_seconds = 0.5;
    controls.eq.reference = Reference::Kind(Kind::Any);
    let input = pause(4);
    let listening = || {
        let mut bench = Bench::new(FORMAT);
        bench.rack = Rack::with_eq(bench.link.clone(), Arc::default(), words::model().cloned());
        bench.rack.listen(Mode::InLine);
        bench.send_voice(&light_amp(1), FORMAT);
        bench.send_speaker(0, 2, FORMAT);
        bench.send_speaker(1, 3, FORMAT);
        bench.rack.prepare(FORMAT);
        bench
    };
    let (mut sleeper, mut waker) = (listening(), listening());
    let tired = waker.run(&never_sleeping(&input, SECOND / 2), &[480], controls);
    let (before, after) = input.split_at(input.len() - SECOND / 2);
    sleeper.run(before, &[480], controls);
    assert!(sleeper.rack.is_asleep());
    let woke = sleeper.run(after, &[480], controls);
    let apart = difference(&woke[0][FADE..], &tired[0][before.len() + FADE..]);
    assert!(apart < 1e-6, "{apart:e}");
    let (slept, awake) = (sleeper.rack.eq_monitor().read(), waker.rack.eq_monitor().read());
    let apart = difference(&slept.heard, &awake.heard);
    assert!(apart < 1e-3, "{apart:e}");
    assert_eq!((slept.listened_seconds, slept.late), (awake.listened_seconds, awake.late));
    assert!(slept.share > 0.0 || words::model().is_none(), "it heard something");
}
