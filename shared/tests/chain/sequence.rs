//! The chain itself: order, delay, width, bypass, limits.

use super::known::{Broken, Counting, Late, run, sine, stream};
use shared::chain::processors::{Function, Gain};
use shared::chain::{Chain, ChainError, Purpose};
use std::sync::atomic::Ordering;

#[test]
fn processors_run_in_their_order_and_delays_add_up() {
    let add = Function::new("add", 0, |block: &mut [f32]| block.iter_mut().for_each(|s| *s += 1.0));
    let chain = vec![Box::new(Late::new(5)) as _, Box::new(add) as _, Box::new(Gain::linear(3.0)) as _];
    let mut chain = Chain::new(chain).unwrap();
    assert_eq!(chain.kinds().collect::<Vec<_>>(), ["late", "add", "gain"]);
    chain.prepare(stream(1, 1, Purpose::File)).unwrap();
    assert_eq!(chain.latency_samples(), 5);
    let mut sound = vec![vec![2.0; 200]];
    run(&mut chain, &mut sound, 37);
    let expected: Vec<f32> = (0..200).map(|i| if i < 5 { 3.0 } else { 9.0 }).collect();
    assert_eq!(sound[0], expected);
}

#[test]
fn a_chain_of_nothing_and_one_without_a_stream_change_nothing() {
    let tone = sine(500, 440.0);
    let mut empty = Chain::new(vec![]).unwrap();
    empty.prepare(stream(2, 2, Purpose::File)).unwrap();
    let mut unprepared = Chain::new(vec![Box::new(Gain::linear(3.0))]).unwrap();
    for chain in [&mut empty, &mut unprepared] {
        let mut sound = vec![tone.clone(); 2];
        run(chain, &mut sound, 100);
        assert_eq!(sound, vec![tone.clone(); 2]);
    }
}

#[test]
fn bypassed_the_delayed_input_is_heard_to_the_bit_and_the_way_there_is_smooth() {
    let tone = sine(24_000, 110.0);
    for whole in [true, false] {
        let mut chain = Chain::new(vec![Box::new(Late::new(37)), Box::new(Gain::linear(0.25))]).unwrap();
        chain.prepare(stream(2, 2, Purpose::Live)).unwrap();
        let controls = chain.controls();
        let turn = |off: bool| {
            if whole {
                controls.set_bypassed(off);
            } else {
                controls.set("1.on", !off).unwrap();
            }
        };
        let mut heard: Vec<Vec<f32>> = vec![Vec::new(); 2];
        for (third, off) in [false, true, false].into_iter().enumerate() {
            turn(off);
            let part = &tone[third * 8000..(third + 1) * 8000];
            let mut sound = vec![part.to_vec(); 2];
            run(&mut chain, &mut sound, 64);
            heard.iter_mut().zip(&sound).for_each(|(heard, sound)| heard.extend(sound));
        }
        for channel in &heard {
            let apart = |from: usize, to: usize, factor: f32| {
                let pairs = channel[from..to].iter().zip(&tone[from - 37..to - 37]);
                pairs.map(|(heard, tone)| (heard - factor * tone).abs()).fold(0.0, f32::max)
            };
            assert_eq!(apart(10_000, 16_000, 1.0), 0.0);
            assert!(apart(4000, 8000, 0.25) < 1e-7 && apart(18_000, 24_000, 0.25) < 1e-7);
            // A jump between the two would be a step of up to 0.375.
            let steepest = channel.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max);
            assert!(steepest < 0.009, "{steepest}");
        }
    }
}

#[test]
fn a_processor_that_is_off_is_not_heard_even_if_it_gives_no_numbers() {
    let mut chain = Chain::new(vec![Box::new(Broken)]).unwrap();
    chain.set("0.on", false).unwrap();
    chain.prepare(stream(1, 1, Purpose::File)).unwrap();
    let tone = sine(300, 440.0);
    let mut sound = vec![tone.clone()];
    run(&mut chain, &mut sound, 64);
    assert_eq!(sound[0], tone);
    chain.set("0.on", true).unwrap();
    run(&mut chain, &mut sound, 64);
    assert!(sound[0].iter().any(|s| s.is_nan()));
}

#[test]
fn a_mono_sound_is_computed_once_up_to_what_spreads_it() {
    let ((before, first), (spreading, second), (after, third)) =
        (Counting::new(false), Counting::new(true), Counting::new(false));
    let chain: Vec<Box<dyn shared::chain::Processor>> =
        vec![Box::new(before), Box::new(spreading), Box::new(after)];
    let mut chain = Chain::new(chain).unwrap();
    for (channels_in, expected) in [(1, [1, 2, 2]), (2, [2, 2, 2])] {
        chain.prepare(stream(channels_in, 2, Purpose::File)).unwrap();
        let tone = sine(500, 300.0);
        // What lies in the channels without sound is to be overwritten.
        let mut sound = vec![tone.clone(), if channels_in == 1 { vec![9.0; 500] } else { tone.clone() }];
        run(&mut chain, &mut sound, 64);
        let counted = [&first, &second, &third].map(|c| c.load(Ordering::Relaxed));
        assert_eq!(counted, expected);
        let raised: Vec<f32> = tone.iter().map(|s| s + 1.0).collect();
        assert_eq!(sound, [tone, raised]);
    }
    // With nothing that spreads, all channels are one.
    let (only, count) = Counting::new(false);
    let mut chain = Chain::new(vec![Box::new(only)]).unwrap();
    chain.prepare(stream(1, 4, Purpose::File)).unwrap();
    let tone = sine(100, 300.0);
    let mut sound = vec![tone.clone(), vec![9.0; 100], vec![9.0; 100], vec![9.0; 100]];
    run(&mut chain, &mut sound, 64);
    assert_eq!((count.load(Ordering::Relaxed), sound), (1, vec![tone; 4]));
}

#[test]
fn live_nothing_breaks_the_chain_or_the_ears_and_files_are_left_alone() {
    let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -3000.0, 0.5];
    let hear = |purpose| {
        let mut chain = Chain::new(vec![Box::new(Gain::linear(10.0))]).unwrap();
        chain.prepare(stream(1, 1, purpose)).unwrap();
        let mut sound = vec![wild.to_vec()];
        run(&mut chain, &mut sound, 64);
        sound.remove(0)
    };
    assert_eq!(hear(Purpose::Live), [0.0, 16.0, -16.0, 16.0, -16.0, 5.0]);
    assert_eq!(hear(Purpose::File)[4..], [-30_000.0, 5.0]);
    let mut broken = Chain::new(vec![Box::new(Broken)]).unwrap();
    broken.prepare(stream(1, 1, Purpose::Live)).unwrap();
    let mut sound = vec![vec![0.5; 100]];
    run(&mut broken, &mut sound, 64);
    assert_eq!(sound[0], [0.0; 100]);
}

#[test]
fn streams_that_cannot_be_are_refused_with_their_figures() {
    let mut chain = Chain::new(vec![]).unwrap();
    let usual = stream(1, 2, Purpose::Live);
    for (format, word) in [
        (shared::chain::StreamFormat { sample_rate_hz: 0.0, ..usual }, "0 Hz"),
        (shared::chain::StreamFormat { sample_rate_hz: f64::NAN, ..usual }, "NaN"),
        (shared::chain::StreamFormat { max_block_samples: 0, ..usual }, "0 samples"),
        (shared::chain::StreamFormat { channels_in: 3, ..usual }, "3 channels in and 2 out"),
        (shared::chain::StreamFormat { channels_out: 0, ..usual }, "1 channels in and 0 out"),
    ] {
        let error = chain.prepare(format).unwrap_err();
        assert!(matches!(error, ChainError::Format(_)) && error.to_string().contains(word), "{error}");
        assert!(chain.format().is_none());
    }
}

#[test]
fn a_chain_with_one_more_behind_it_is_set_as_it_was() {
    let chain = Chain::new(vec![Box::new(Gain::linear(3.0))]).unwrap();
    chain.set("0.gain", 2.0).unwrap();
    chain.controls().set_bypassed(true);
    let mut longer = chain.followed_by(Box::new(Gain::linear(5.0))).unwrap();
    assert_eq!(longer.controls().get("0.gain").unwrap(), 2.0);
    assert!(longer.controls().is_bypassed());
    longer.prepare(stream(1, 1, Purpose::File)).unwrap();
    let mut sound = vec![vec![1.0; 10]];
    run(&mut longer, &mut sound, 64);
    assert_eq!(sound[0], [1.0; 10]);
}

#[test]
fn what_spreads_a_mono_sound_is_known_before_and_counts_while_it_is_on() {
    let ((plain, _), (spreading, _)) = (Counting::new(false), Counting::new(true));
    let chain = Chain::new(vec![Box::new(plain)]).unwrap();
    assert!(!chain.spreads());
    let chain = chain.followed_by(Box::new(spreading)).unwrap();
    assert!(chain.spreads());
    chain.set("1.on", false).unwrap();
    assert!(!chain.spreads());
}

/// What files need can be called with blocks of any length, and in places where there is nothing.
#[test]
fn what_stands_before_a_place_plays_as_in_the_whole_chain() {
    let make = || {
        let chain = vec![Box::new(Late::new(7)) as _, Box::new(Gain::linear(0.5)) as _];
        let mut chain = Chain::new(chain).unwrap();
        chain.prepare(stream(1, 2, Purpose::File)).unwrap();
        chain.set("0.factor", 3.0).unwrap();
        chain
    };
    let tone = sine(1_000, 300.0);
    let expect = |chain: &mut Chain, before: usize, factor: f32, delay: usize| {
        let mut sound = [tone.clone(), vec![9.0; 1_000]];
        let [left, right] = &mut sound;
        chain.process_before(before, &mut [left, right]);
        for channel in sound {
            let late = channel[delay..].iter().zip(&tone);
            assert!(late.clone().all(|(x, tone)| (x - factor * tone).abs() < 1e-6), "before {before}");
        }
    };
    expect(&mut make(), 0, 1.0, 0);
    expect(&mut make(), 1, 3.0, 7);
    for beyond in [2, 3, usize::MAX] {
        expect(&mut make(), beyond, 1.5, 7);
    }
    let mut chain = make();
    assert_eq!([0, 1, 2, usize::MAX].map(|place| chain.latency_before(place)), [0, 7, 7, 7]);
    // Too few channels stay as they are; and there is nobody to hear.
    let mut alone = tone.clone();
    chain.process_before(1, &mut [&mut alone]);
    assert_eq!(alone, tone);
    chain.measure(2, &[&mut alone]);
    assert!(chain.measured(2).is_ok());
}
