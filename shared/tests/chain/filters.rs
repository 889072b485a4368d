//! Butterworth filters against their closed form, and while they move.

use crate::support::{BLOCKS, RATES_HZ, chain, file, kink, noise, play, sine};
use shared::chain::processors::Butterworth;
use shared::chain::{Chain, Document, Entry};
use std::f64::consts::PI;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Pass {
    Low,
    High,
}

const PASSES: [Pass; 2] = [Pass::Low, Pass::High];

fn filter(pass: Pass, cutoff_hz: f64, order: usize) -> Chain {
    chain(match pass {
        Pass::Low => Butterworth::low_pass(cutoff_hz, order),
        Pass::High => Butterworth::high_pass(cutoff_hz, order),
    })
}

/// Magnitude in dB by the closed form, with the bilinear transform's frequencies.
fn expected_db(pass: Pass, cutoff_hz: f64, order: usize, at_hz: f64, rate_hz: f64) -> f64 {
    let [at, cutoff] = [at_hz, cutoff_hz].map(|hz| (PI * hz / rate_hz).tan());
    let ratio = match pass {
        Pass::Low => at / cutoff,
        Pass::High => cutoff / at,
    };
    -10.0 * (1.0 + ratio.powi(2 * order as i32)).log10()
}

/// Magnitude in dB of a response to an impulse, summed at a frequency.
fn measured_db(response: &[f32], at_hz: f64, rate_hz: f64) -> f64 {
    let w = 2.0 * PI * at_hz / rate_hz;
    let (turn_re, turn_im) = (w.cos(), -w.sin());
    let (mut re, mut im) = (0.0, 0.0);
    // Set anew now and then, before the errors of the turning add up.
    for (i, piece) in response.chunks(1024).enumerate() {
        let angle = -w * (i * 1024) as f64;
        let (mut c, mut s) = (angle.cos(), angle.sin());
        for h in piece {
            re += f64::from(*h) * c;
            im += f64::from(*h) * s;
            (c, s) = (c * turn_re - s * turn_im, c * turn_im + s * turn_re);
        }
    }
    10.0 * (re * re + im * im).log10()
}

fn impulse(samples: usize) -> Vec<f32> {
    let mut impulse = vec![0.0; samples];
    impulse[0] = 1.0;
    impulse
}

#[test]
fn what_is_measured_is_the_closed_form() {
    let mut worst = (0.0, String::new());
    for rate in RATES_HZ {
        for cutoff in [20.0, 80.0, 440.0, 5_000.0, 0.3 * rate, 0.45 * rate] {
            for order in (1..=8).chain([11, 16]) {
                for pass in PASSES {
                    let mut chain = filter(pass, cutoff, order);
                    chain.prepare(file(rate, 1, 4_096)).unwrap();
                    let samples = chain.tail_samples() * 5 / 2 + 256;
                    let response = play(&mut chain, &vec![impulse(samples)], 4_096).remove(0);
                    let ratio = 0.49 * rate / 15.0;
                    for at in (0..16).map(|i| 15.0 * ratio.powf(f64::from(i) / 15.0)).chain([cutoff]) {
                        let expected = expected_db(pass, cutoff, order, at, rate);
                        let measured = measured_db(&response, at, rate);
                        let what = || format!("{pass:?} {order} {cutoff} Hz at {at:.1} Hz, rate {rate}");
                        // Further down the samples' own 24 bits are what is measured.
                        if expected < -80.0 {
                            assert!(measured < -79.0, "{measured} dB instead of {expected} dB: {}", what());
                            continue;
                        }
                        let error = (measured - expected).abs();
                        if error > worst.0 {
                            worst = (error, what());
                        }
                    }
                }
            }
        }
    }
    println!("largest error {:.2e} dB: {}", worst.0, worst.1);
    assert!(worst.0 < 0.05, "{} dB of error: {}", worst.0, worst.1);
}

#[test]
fn the_tail_is_as_long_as_it_says() {
    for (rate, cutoff) in [(48_000.0, 10.0), (48_000.0, 1_000.0), (44_100.0, 20_000.0), (192_000.0, 80.0)] {
        for order in [1, 2, 3, 8, 16] {
            for pass in PASSES {
                let mut chain = filter(pass, cutoff, order);
                chain.prepare(file(rate, 1, 512)).unwrap();
                let tail = chain.tail_samples();
                // What a constant leaves when it ends.
                let mut sound = vec![1.0; 1 << 16];
                sound.resize((1 << 16) + 2 * tail + 1, 0.0);
                let out = play(&mut chain, &vec![sound], 512).remove(0);
                let after = &out[1 << 16..];
                let peak = |of: &[f32]| of.iter().fold(0.0, |peak: f32, x| peak.max(x.abs()));
                let what = format!("{pass:?} {order} {cutoff} Hz at {rate} Hz, tail {tail}");
                assert!(peak(&after[tail..]) < 2e-4, "{} sounds on: {what}", peak(&after[tail..]));
                // Nor is it said to be many times as long.
                assert!(peak(&after[tail / 4..]) > 2e-4 || tail < 16, "half of it is nothing: {what}");
            }
        }
    }
}

/// Noise through a filter, the cutoff of which is turned twice at samples that no block's end lies on.
fn swept(pass: Pass, order: usize, block: usize) -> Vec<Vec<f32>> {
    let mut chain = filter(pass, 500.0, order);
    chain.prepare(file(48_000.0, 2, block)).unwrap();
    let sound = [noise(6_000, 1), noise(6_000, 2)];
    let mut out = vec![Vec::new(); 2];
    for (from, to, cutoff) in [(0, 1_003, 500.0), (1_003, 1_700, 8_000.0), (1_700, 6_000, 120.0)] {
        chain.set("0.cutoff", cutoff).unwrap();
        let part = sound.iter().map(|channel| channel[from..to].to_vec()).collect();
        let part = play(&mut chain, &part, block);
        out.iter_mut().zip(part).for_each(|(out, part)| out.extend(part));
    }
    out
}

#[test]
fn blocks_change_nothing_while_it_moves() {
    for pass in PASSES {
        for order in [1, 2, 5, 16] {
            let whole = swept(pass, order, 1 << 20);
            for block in BLOCKS {
                assert_eq!(swept(pass, order, block), whole, "{pass:?} {order}, blocks of {block}");
            }
        }
    }
}

#[test]
fn a_cutoff_glides_and_arrives() {
    let rate = 48_000.0;
    let (mut worst_of_jump, mut worst_of_usual): (f64, f64) = (0.0, 0.0);
    for pass in PASSES {
        for order in [1, 2, 4, 7] {
            for (from, to) in [(150.0, 6_000.0), (6_000.0, 150.0)] {
                let sound = vec![sine(200.0, 0.5, rate, 19_200)];
                // Near a crest, where a jump is largest.
                let (before, after) = sound[0].split_at(9_660);
                let mut moving = filter(pass, from, order);
                moving.prepare(file(rate, 1, 64)).unwrap();
                let mut out = play(&mut moving, &vec![before.to_vec()], 64).remove(0);
                moving.set("0.cutoff", to).unwrap();
                out.extend(play(&mut moving, &vec![after.to_vec()], 64).remove(0));

                let still = |cutoff| {
                    let mut chain = filter(pass, cutoff, order);
                    chain.prepare(file(rate, 1, 64)).unwrap();
                    play(&mut chain, &sound, 64).remove(0)
                };
                let (old, new) = (still(from), still(to));
                let jumped = [&old[..9_660], &new[9_660..]].concat();
                // The beginning of the sound is a kink of its own.
                let around = 4_800..14_400;
                let [glide, jump, usual] =
                    [&out, &jumped, &sound[0]].map(|signal| kink(&signal[around.clone()]));
                let what = format!("{pass:?} {order} from {from} to {to} Hz: {glide} {jump} {usual}");
                worst_of_jump = worst_of_jump.max(glide / jump);
                worst_of_usual = worst_of_usual.max(glide / usual);
                assert!(glide < 0.1 * jump, "{what}");
                assert!(glide < 12.0 * usual, "{what}");
                let late = out.iter().zip(&new).skip(18_600).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(late < 1e-5, "{late} off: {what}");
            }
        }
    }
    println!("largest kink: {worst_of_jump:.1e} of a jump, {worst_of_usual:.2} of the sine itself");
}

#[test]
fn nothing_a_cutoff_does_rings_up() {
    let mut sound = vec![noise(48_000, 3)];
    sound[0].resize(96_000, 0.0);
    for pass in PASSES {
        for order in [2, 5, 16] {
            let mut chain = filter(pass, 1_000.0, order);
            chain.prepare(file(48_000.0, 1, 64)).unwrap();
            let mut out = sound.clone();
            let mut turns = 0;
            crate::support::blocks(&mut out, 64, |views| {
                turns += 1;
                let cutoff = [10.0, 23_900.0, 700.0, 30.0, 9_000.0][turns % 5];
                chain.set("0.cutoff", cutoff).unwrap();
                chain.process(views);
            });
            let loudest = out[0].iter().fold(0.0, |peak: f32, x| peak.max(x.abs()));
            assert!(loudest < 6.0, "{pass:?} {order}: {loudest} out of noise of 1");
            let rest = out[0][90_000..].iter().fold(0.0, |peak: f32, x| peak.max(x.abs()));
            assert!(rest < 1e-3, "{pass:?} {order}: {rest} are left of it");
        }
    }
}

#[test]
fn a_reset_is_a_new_filter() {
    for pass in PASSES {
        let sound = vec![noise(2_000, 5), noise(2_000, 6)];
        let mut used = filter(pass, 300.0, 5);
        used.prepare(file(48_000.0, 2, 64)).unwrap();
        play(&mut used, &sound, 63);
        used.set("0.cutoff", 2_000.0).unwrap();
        play(&mut used, &sound, 7);
        used.reset();
        let mut fresh = filter(pass, 2_000.0, 5);
        fresh.prepare(file(48_000.0, 2, 64)).unwrap();
        assert_eq!(play(&mut used, &sound, 64), play(&mut fresh, &sound, 64));
    }
}

#[test]
fn channels_are_alike_and_apart() {
    let sounds = vec![noise(1_000, 7), noise(1_000, 8), noise(1_000, 9)];
    let play_of = |sound: Vec<Vec<f32>>| {
        let mut chain = filter(Pass::High, 700.0, 3);
        chain.prepare(file(44_100.0, sound.len(), 128)).unwrap();
        play(&mut chain, &sound, 128)
    };
    let together = play_of(sounds.clone());
    for (sound, together) in sounds.into_iter().zip(together) {
        assert_eq!(play_of(vec![sound]), [together]);
    }
}

#[test]
fn every_rate_that_carries_the_cutoff_will_do_and_no_other() {
    for rate in [2_001.0, 8_000.0, 11_025.0, 47_999.37, 384_000.0, 1_000_000.0] {
        let mut chain = filter(Pass::Low, 1_000.0, 4);
        chain.prepare(file(rate, 1, 100)).unwrap();
        let samples = chain.tail_samples() + 256;
        let response = play(&mut chain, &vec![impulse(samples)], 100).remove(0);
        assert!((measured_db(&response, 0.0, rate)).abs() < 0.01, "at {rate} Hz");
    }
    for rate in [2_000.0, 1_000.0, 100.0] {
        let said = filter(Pass::Low, 1_000.0, 4).prepare(file(rate, 1, 100)).unwrap_err().to_string();
        let half = (rate / 2.0).to_string();
        assert!(said.contains("1000 Hz") && said.contains(&half) && said.contains("low_pass"), "{said}");
    }
}

#[test]
fn what_no_filter_can_be_is_refused() {
    for (cutoff, order, expected) in [
        (5.0, 2, "10 to 96000 Hz"),
        (f64::NAN, 2, "10 to 96000 Hz"),
        (100_000.0, 2, "10 to 96000 Hz"),
        (100.0, 0, "1 to 16"),
        (100.0, 17, "1 to 16"),
    ] {
        let mut entry: shared::chain::processors::FilterEntry =
            serde_json::from_str("{\"cutoff\": 100}").unwrap();
        assert_eq!(entry.order, 2);
        (entry.cutoff, entry.order) = (cutoff, order);
        let said = Document::new(vec![Entry::HighPass(entry)]).build().err().unwrap().to_string();
        assert!(said.contains(expected) && said.contains("high_pass"), "{said}");
        // In code, at the latest when it is told its stream.
        let built = Chain::new(vec![Box::new(Butterworth::low_pass(cutoff, order))]);
        let prepared = built.and_then(|mut chain| chain.prepare(file(48_000.0, 1, 64)));
        let said = prepared.unwrap_err().to_string();
        assert!(said.contains(expected) && said.contains("low_pass"), "{said}");
    }
}
