//! Parameters in uproar: nothing clicks, nothing grows, and nothing stays.

use crate::measure::{decaying, energy, noise, place, play, play_with, prepare};
use crate::reverb::range;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::chain::Processor;
use shared::chain::processors::{Cabinet, Convolution, Reverb, ReverbEntry};
use shared::dsp::response::Response;
use std::f64::consts::TAU;

const RATE: f64 = 48_000.0;

fn response(channels: usize) -> Response {
    Response::new((0..channels).map(|c| decaying(3_000, 20 + c as u64)).collect(), RATE).unwrap()
}

fn all() -> Vec<Box<dyn Processor>> {
    vec![
        Box::new(Reverb::new(ReverbEntry::default())),
        Box::new(Convolution::new(response(2), true).unwrap()),
        Box::new(Cabinet::new(response(1), true).unwrap()),
    ]
}

/// Anything in its range, for every parameter, every 50 samples; and the ends of the ranges.
#[test]
fn nothing_grows_whatever_is_set() {
    for at in 0..all().len() {
        for ends in [false, true] {
            let mut processor = all().swap_remove(at);
            prepare(&mut *processor, RATE, 2, 512);
            let ranges: Vec<(f64, f64)> = processor.parameters().iter().map(range).collect();
            let gain = processor.parameters().iter().position(|p| p.name == "gain_db");
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let input = vec![noise(480_000, 1), noise(480_000, 2)];
            let output = play_with(&mut *processor, &input, 50, |processor, _| {
                for (i, (low, high)) in ranges.iter().enumerate().filter(|(i, _)| Some(*i) != gain) {
                    let share =
                        if ends { f64::from(rng.random_range(0..2)) } else { rng.random_range(0.0..1.0) };
                    processor.set(i, low + (high - low) * share);
                }
            });
            let most = output.iter().flatten().fold(0.0f32, |most, x| most.max(x.abs()));
            assert!(output.iter().flatten().all(|x| x.is_finite()));
            println!("processor {at}, ends {ends}: {most}");
            assert!(most < 20.0, "processor {at}: {most}");
        }
    }
}

/// The longest decay, and a size that never rests: what is in the lines is read twice or lost, but does not
/// gather.
#[test]
fn a_size_that_never_rests_feeds_nothing() {
    let mut reverb = Reverb::new(ReverbEntry {
        decay: 20.0,
        mix: 1.0,
        damping: 20_000.0,
        modulation: 1.0,
        ..ReverbEntry::default()
    });
    prepare(&mut reverb, RATE, 2, 512);
    let size = place(&reverb, "size");
    let mut input = vec![noise(30 * 48_000, 1), noise(30 * 48_000, 2)];
    input.iter_mut().for_each(|c| c[48_000..].fill(0.0));
    let mut big = false;
    let output = play_with(&mut reverb, &input, 480, |reverb, at| {
        if at % 2_880 == 0 {
            big = !big;
            reverb.set(size, if big { 2.0 } else { 0.25 });
        }
    });
    let power = |second: usize| energy(&output[0][48_000 * second..][..48_000]) / 48_000.0;
    println!("{} {} {}", power(1), power(10), power(29));
    assert!(power(10) < power(1) && power(29) < power(1), "{} {} {}", power(1), power(10), power(29));
}

/// The largest sixth difference: a low tone and its echoes have next to none, a click has all of its height.
fn roughness(signal: &[f32]) -> f64 {
    let difference = |s: &[f32]| s.windows(2).map(|w| w[1] - w[0]).collect::<Vec<f32>>();
    let sixth = (0..6).fold(signal.to_vec(), |s, _| difference(&s));
    sixth.iter().fold(0.0, |most, x| most.max(f64::from(x.abs())))
}

/// Every parameter jumps through its range below a low tone, and is heard to move without a click: an
/// instant jump of as much would be at least twenty times as rough.
#[test]
fn nothing_clicks() {
    let tone: Vec<f32> = (0..96_000).map(|t| (TAU * 113.7 * t as f64 / RATE).sin() as f32).collect();
    for at in 0..all().len() {
        let names: Vec<&str> = all()[at].parameters().iter().map(|p| p.name).collect();
        for name in names {
            let run = |value: Option<f64>, jumps: bool| {
                let mut processor = all().swap_remove(at);
                let parameter = place(&*processor, name);
                // All of the room, so that its movements are not hidden; some where the mix itself moves.
                if name != "mix" {
                    processor.set(place(&*processor, "mix"), 1.0);
                }
                let (low, high) = range(&processor.parameters()[parameter]);
                let (low, high) = if name == "gain_db" { (-12.0, 12.0) } else { (low, high) };
                processor.set(parameter, low + (high - low) * value.unwrap_or(0.0));
                prepare(&mut *processor, RATE, 2, 512);
                play_with(&mut *processor, &[tone.clone(), tone.clone()], 500, |processor, at| {
                    if jumps && at >= 48_000 && at % 8_000 == 0 {
                        let share = f64::from(u8::from(at % 16_000 == 0));
                        processor.set(parameter, low + (high - low) * share);
                    }
                })
            };
            let moved = &run(None, true)[0];
            // Spliced where it would jump: the sound before one value, and behind it that of the other.
            let (low, high) = (&run(Some(0.0), false)[0], &run(Some(1.0), false)[0]);
            let spliced: Vec<f32> = [&low[48_000..72_345], &high[72_345..]].concat();
            let (rough, click) = (roughness(&moved[48_000..]), roughness(&spliced));
            let steady = roughness(&low[48_000..]).max(roughness(&high[48_000..]));
            println!("processor {at}, {name}: {rough:.2e}, a click {click:.2e}, none {steady:.2e}");
            assert!(
                rough < 0.05 * click || rough < 2.0 * steady + 1e-5,
                "processor {at}, {name}: {rough:e}, {click:e}"
            );
        }
    }
}

/// A broken sample is not remembered, and silence becomes exactly silent, or nearly.
#[test]
fn the_room_gets_over_what_is_no_number() {
    let mut reverb = Reverb::new(ReverbEntry { mix: 1.0, decay: 0.3, ..ReverbEntry::default() });
    prepare(&mut reverb, RATE, 2, 512);
    let mut broken = vec![noise(4_800, 1), noise(4_800, 2)];
    (broken[0][100], broken[1][200], broken[0][300]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
    play(&mut reverb, &broken, 512);
    let silence = vec![vec![0.0; 96_000]; 2];
    let rest = play(&mut reverb, &silence, 512);
    assert!(rest[0][10_000..].iter().all(|x| x.is_finite()));
    assert!(rest.iter().all(|c| energy(&c[90_000..]) < 1e-20), "{}", energy(&rest[0][90_000..]));
}
