//! What is heard, when it counts, and what happens where nothing is heard.

use crate::support::{Linear, busy, equaliser, equaliser_with, noise, run};
use shared::word_eq::{
    Controls, EqSettings, Hearing, LATENT, Latent, Mode, Networks, VALUES, WordEq, WordEqError,
    analysis_samples,
};
use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const HOP: usize = 2048;

fn word() -> Controls {
    Controls { word: 1, amount: 1.0, ..Controls::NEUTRAL }
}

#[test]
fn analyses_last_alike_at_every_rate() {
    for (rate_hz, samples) in [
        (44_100.0, 2048),
        (48_000.0, 2048),
        (88_200.0, 4096),
        (96_000.0, 4096),
        (176_400.0, 8192),
        (192_000.0, 8192),
        (22_050.0, 1024),
    ] {
        assert_eq!(analysis_samples(rate_hz), samples, "{rate_hz}");
    }
}

#[test]
fn an_analysis_counts_at_the_next_boundary() {
    let (mut eq, monitor) = equaliser(48_000.0, 1, Mode::InLine);
    let signal = vec![noise(3 * HOP, 0.5, 1)];
    let output = run(&mut eq, &signal, &[1; 2 * HOP], |_| word());
    assert!(output[0][..2 * HOP] == signal[0][..2 * HOP]);
    assert_eq!(monitor.read().proposed, EqSettings::flat());
    let mut next = [0.5; 16];
    eq.process(&mut [&mut next], &word());
    assert_ne!(monitor.read().proposed, EqSettings::flat());
    assert_eq!(monitor.read().hearing, Hearing::Listening);
    assert!((monitor.read().listened_seconds - HOP as f32 / 48_000.0).abs() < 1e-6);
}

#[test]
fn what_was_heard_is_held_in_silence() {
    let (mut eq, monitor) = equaliser(48_000.0, 1, Mode::InLine);
    run(&mut eq, &[noise(20 * HOP + 1, 0.5, 1)], &[20 * HOP + 1], |_| word());
    let before = monitor.read();
    // Silence, and the hum of an amplifier 60 dB below what was played.
    for level in [0.0, 0.000_5] {
        run(&mut eq, &[noise(40 * HOP, level, 2)], &[40 * HOP], |_| word());
        let held = monitor.read();
        assert_eq!(held.hearing, Hearing::Holding, "{level}");
        assert!((held.listened_seconds - before.listened_seconds).abs() < 0.1, "{level}");
        let moved = held.heard.iter().zip(&before.heard).map(|(a, b)| (a - b).abs());
        assert!(moved.fold(0.0, f32::max) < 0.05, "{level}: {:?} {:?}", held.heard, before.heard);
    }
    run(&mut eq, &[noise(20 * HOP, 0.3, 3)], &[20 * HOP], |_| word());
    assert_eq!(monitor.read().hearing, Hearing::Listening);
}

#[test]
fn silence_from_the_beginning_is_waited_through() {
    let (mut eq, monitor) = equaliser(48_000.0, 1, Mode::InLine);
    run(&mut eq, &[vec![0.0; 10 * HOP]], &[10 * HOP], |_| word());
    assert_eq!(monitor.read().hearing, Hearing::Waiting);
    assert_eq!(monitor.read().listened_seconds, 0.0);
}

#[test]
fn frozen_nothing_heard_changes_while_words_do() {
    let (mut eq, monitor) = equaliser(48_000.0, 1, Mode::InLine);
    run(&mut eq, &[noise(20 * HOP + 1, 0.5, 1)], &[20 * HOP + 1], |_| word());
    let frozen = Controls { freeze: true, ..word() };
    let white: Vec<f32> = noise(20 * HOP, 0.5, 9).iter().rev().map(|x| x.signum() * 0.5).collect();
    run(&mut eq, from_ref(&white), &[20 * HOP], |_| frozen);
    let before = monitor.read();
    assert_eq!(before.hearing, Hearing::Frozen);
    let dark = Controls { word: 0, ..frozen };
    run(&mut eq, from_ref(&white), &[20 * HOP], |_| dark);
    let after = monitor.read();
    assert_eq!(after.heard, before.heard);
    assert_ne!(after.proposed, before.proposed);
    run(&mut eq, &[white], &[20 * HOP], |_| word());
    assert_ne!(monitor.read().heard, before.heard);
}

#[test]
fn dark_and_bright_are_heard_apart() {
    let [dark, bright] = [false, true].map(|bright| {
        let (mut eq, monitor) = equaliser(48_000.0, 1, Mode::InLine);
        let mut signal = noise(10 * HOP + 1, 0.5, 1);
        if bright {
            // The difference from sample to sample takes the lows away.
            for i in (1..signal.len()).rev() {
                signal[i] -= signal[i - 1];
            }
        }
        run(&mut eq, &[signal], &[10 * HOP + 1], |_| word());
        monitor.read().heard[1]
    });
    assert!(dark - bright > 1.0, "{dark} {bright}");
}

#[test]
fn what_is_frozen_plays_alike_from_the_first_sample_on() {
    let mut heard = [0.0; LATENT];
    (heard[1], heard[2]) = (3.0, -2.0);
    let frozen = Controls { freeze: true, frozen: Some(heard), ..busy() };
    let signal = vec![noise(8 * HOP, 0.2, 4)];
    let mut all = Vec::new();
    for mode in [Mode::InLine, Mode::Listener] {
        let (mut eq, monitor) = equaliser(48_000.0, 1, mode);
        eq.foresee(&frozen);
        let play = |eq: &mut WordEq| {
            let mut output = Vec::new();
            for part in signal[0].chunks(HOP) {
                output.extend(run(eq, &[part.to_vec()], &[HOP], |_| frozen).remove(0));
                eq.wait_for_listener();
            }
            output
        };
        all.push(play(&mut eq));
        let at_rest = monitor.read();
        assert!(at_rest.proposed.bands.iter().any(|b| b.gain_db.abs() > 1.0));
        eq.reset();
        all.push(play(&mut eq));
        eq.reset();
        run(&mut eq, &[vec![0.0; 1]], &[1], |_| frozen);
        assert_eq!(monitor.read().applied, at_rest.applied, "{mode:?}: it glides there");
    }
    // Nobody foresaw anything, but in line it is found out at once.
    let (mut eq, _) = equaliser(48_000.0, 1, Mode::InLine);
    all.push(run(&mut eq, &signal, &[100; 8 * HOP / 100], |_| frozen).remove(0));
    for (i, output) in all.iter().enumerate() {
        let same = output.iter().zip(&all[0]).take(8 * HOP / 100 * 100).all(|(a, b)| a == b);
        assert!(same, "{i}");
    }
}

#[test]
fn one_broken_burst_does_not_deafen() {
    let (mut eq, monitor) = equaliser(48_000.0, 1, Mode::InLine);
    let burst: Vec<f32> = noise(HOP, 1.0, 5).iter().map(|x| 1e5 * x).collect();
    run(&mut eq, &[burst], &[HOP], |_| word());
    run(&mut eq, &[noise(6 * HOP, 0.3, 6)], &[6 * HOP], |_| word());
    let reading = monitor.read();
    assert_eq!(reading.hearing, Hearing::Listening);
    assert!(reading.listened_seconds > 4.0 * HOP as f32 / 48_000.0, "{}", reading.listened_seconds);
}

#[test]
fn a_channel_that_is_gone_is_heard_no_more() {
    let (mut eq, monitor) = equaliser(48_000.0, 2, Mode::InLine);
    let stereo = [vec![0.0; 10 * HOP], noise(10 * HOP, 0.5, 7)];
    run(&mut eq, &stereo, &[10 * HOP], |_| word());
    assert_eq!(monitor.read().hearing, Hearing::Listening);
    run(&mut eq, &[vec![0.0; 10 * HOP]], &[10 * HOP], |_| word());
    assert_eq!(monitor.read().hearing, Hearing::Holding);
}

#[test]
fn a_slow_ear_remembers_what_a_quick_one_forgets() {
    let heard_after = |speed_seconds: f32| {
        let (mut eq, monitor) = equaliser(48_000.0, 1, Mode::InLine);
        let controls = Controls { speed_seconds, ..word() };
        run(&mut eq, &[noise(100 * HOP, 0.5, 1)], &[100 * HOP], |_| controls);
        let first = monitor.read().heard;
        let white: Vec<f32> = noise(30 * HOP, 0.5, 9).iter().map(|x| x.signum() * 0.5).collect();
        run(&mut eq, &[white], &[10 * HOP], |_| controls);
        (monitor.read().heard[1] - first[1]).abs()
    };
    assert!(heard_after(0.3) > 1.5 * heard_after(10.0), "{} {}", heard_after(0.3), heard_after(10.0));
}

/// Networks that do nothing until a gate is opened.
struct Gated {
    open: Arc<AtomicBool>,
}

impl Networks for Gated {
    fn encode(&mut self, features: &[f32]) -> Result<Latent, WordEqError> {
        while !self.open.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        Linear.encode(features)
    }

    fn decode(&mut self, curve: &Latent) -> Result<[f32; VALUES], WordEqError> {
        Linear.decode(curve)
    }
}

#[test]
fn what_comes_late_is_counted_and_counts_when_it_is_there() {
    let open = Arc::new(AtomicBool::new(false));
    let networks = Gated { open: Arc::clone(&open) };
    let (mut eq, monitor) = equaliser_with(Box::new(networks), 48_000.0, 1, Mode::Listener);
    // Long enough for all memory of the listener to be full: nothing waits for anything.
    let signal = noise(30 * HOP, 0.5, 1);
    let output = run(&mut eq, from_ref(&signal), &[HOP; 30], |_| word());
    assert!(output[0] == signal, "nothing was found yet");
    assert_eq!(monitor.read().proposed, EqSettings::flat());
    let late = monitor.read().late;
    assert!((26..=29).contains(&late), "{late}");
    open.store(true, Ordering::Release);
    eq.wait_for_listener();
    let output = run(&mut eq, from_ref(&signal), &[HOP], |_| word());
    assert_ne!(monitor.read().proposed, EqSettings::flat());
    assert!(output[0][..HOP] != signal[..HOP]);
    // From now on it keeps up.
    for _ in 0..12 {
        eq.wait_for_listener();
        run(&mut eq, from_ref(&signal), &[HOP], |_| word());
    }
    let settled = monitor.read().late;
    for _ in 0..10 {
        eq.wait_for_listener();
        run(&mut eq, from_ref(&signal), &[HOP], |_| word());
    }
    assert_eq!(monitor.read().late, settled);
    assert!(settled <= late + 2, "{settled} {late}");
}

/// Networks that give nonsense.
struct Nonsense(f32);

impl Networks for Nonsense {
    fn encode(&mut self, _: &[f32]) -> Result<Latent, WordEqError> {
        Ok([self.0; 32])
    }

    fn decode(&mut self, _: &Latent) -> Result<[f32; VALUES], WordEqError> {
        Ok([self.0; VALUES])
    }
}

#[test]
fn no_network_can_do_harm() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, -1e30, 0.0, 1e-45] {
        let (mut eq, monitor) = equaliser_with(Box::new(Nonsense(value)), 48_000.0, 1, Mode::InLine);
        let signal = vec![noise(48_000, 1.0, 1)];
        let output = run(&mut eq, &signal, &[512; 90], |_| busy());
        assert!(output[0].iter().all(|x| x.is_finite() && x.abs() < 8.0), "{value}");
        assert!(monitor.read().applied.bands.iter().all(|b| b.gain_db.abs() <= 12.0));
    }
}

/// Networks that count how often they are asked.
struct Counting(Arc<[AtomicUsize; 2]>);

impl Networks for Counting {
    fn encode(&mut self, features: &[f32]) -> Result<Latent, WordEqError> {
        self.0[0].fetch_add(1, Ordering::Relaxed);
        Linear.encode(features)
    }

    fn decode(&mut self, curve: &Latent) -> Result<[f32; VALUES], WordEqError> {
        self.0[1].fetch_add(1, Ordering::Relaxed);
        Linear.decode(curve)
    }
}

#[test]
fn networks_are_asked_when_there_is_something_to_ask() {
    let asked: Arc<[AtomicUsize; 2]> = Arc::default();
    let (mut eq, _) = equaliser_with(Box::new(Counting(Arc::clone(&asked))), 48_000.0, 1, Mode::InLine);
    let mut ask = |sound: Vec<f32>, controls: Controls| {
        let before = asked.each_ref().map(|a| a.load(Ordering::Relaxed));
        run(&mut eq, &[sound], &[10 * HOP], |_| controls);
        let after = asked.each_ref().map(|a| a.load(Ordering::Relaxed));
        [after[0] - before[0], after[1] - before[1]]
    };
    let amount_0 = Controls { amount: 0.0, ..word() };
    assert_eq!(ask(vec![0.0; 10 * HOP], amount_0), [0, 0]);
    assert_eq!(ask(noise(10 * HOP, 0.5, 1), amount_0)[1], 0);
    assert!(ask(noise(10 * HOP, 0.5, 2), word()) >= [9, 3]);
    // In silence the same word is asked for once at most.
    ask(vec![0.0; 10 * HOP], word());
    assert_eq!(ask(vec![0.0; 10 * HOP], word()), [0, 0]);
}

/// Networks that fail.
struct Failing;

impl Networks for Failing {
    fn encode(&mut self, _: &[f32]) -> Result<Latent, WordEqError> {
        Err(WordEqError::Network { name: "encoder", problem: "it fails".into() })
    }

    fn decode(&mut self, _: &Latent) -> Result<[f32; VALUES], WordEqError> {
        Err(WordEqError::Network { name: "decoder", problem: "it fails".into() })
    }
}

#[test]
fn where_networks_fail_the_sound_goes_on() {
    let (mut eq, monitor) = equaliser_with(Box::new(Failing), 48_000.0, 1, Mode::InLine);
    let signal = vec![noise(10 * HOP, 1.0, 1)];
    assert!(run(&mut eq, &signal, &[10 * HOP], |_| word()) == signal);
    assert_eq!(monitor.read().hearing, Hearing::Unavailable);
}
