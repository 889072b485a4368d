//! Reverb, convolution and cabinet as processors of a stream.

use crate::convolve::plainly;
use crate::measure::{BLOCKS, decaying, energy, impulse, noise, place, play, play_with, prepare};
use shared::chain::processors::{Cabinet, Convolution, Reverb, ReverbEntry};
use shared::chain::{Chain, Processor, Purpose, StreamFormat};
use shared::dsp::response::Response;

fn response(channels: usize, samples: usize) -> Response {
    Response::new((0..channels).map(|c| decaying(samples, 10 + c as u64)).collect(), 48_000.0).unwrap()
}

/// One of each, with more than its usual values.
fn all() -> Vec<Box<dyn Processor>> {
    let room = ReverbEntry { decay: 1.0, mix: 0.5, pre_delay_ms: 13.0, ..ReverbEntry::default() };
    vec![
        Box::new(Reverb::new(room)),
        Box::new(Convolution::new(response(2, 9_000), true).unwrap()),
        Box::new(Convolution::new(response(4, 700), true).unwrap()),
        Box::new(Cabinet::new(response(1, 2_000), true).unwrap()),
    ]
}

/// With parameters that move, which they do at multiples of 2000 samples.
#[test]
fn blocks_change_nothing() {
    let samples = 24_000;
    let input = [noise(samples, 1), noise(samples, 2)];
    for at in 0..all().len() {
        let play = |block: usize| {
            let processor = &mut *all().swap_remove(at);
            prepare(processor, 48_000.0, 2, samples);
            let ranges: Vec<(f64, f64)> = processor.parameters().iter().map(range).collect();
            let mut set = 0;
            // Blocks are cut where parameters change, as a stream's are.
            let mut output = vec![Vec::new(); 2];
            for part in 0..samples / 2_000 {
                for (i, (low, high)) in ranges.iter().enumerate() {
                    set = (set * 7 + 3) % 11;
                    if part % 3 == 1 {
                        processor.set(i, low + (high - low) * f64::from(set) / 10.0);
                    }
                }
                let input: Vec<_> = input.iter().map(|c| c[2_000 * part..][..2_000].to_vec()).collect();
                let answer = play(processor, &input, block);
                output.iter_mut().zip(answer).for_each(|(all, part)| all.extend(part));
            }
            output
        };
        let whole = play(2_000);
        for block in BLOCKS {
            assert!(play(block) == whole, "processor {at} in blocks of {block}");
        }
    }
}

pub fn range(parameter: &shared::chain::Parameter) -> (f64, f64) {
    match parameter.range {
        shared::chain::Range::Number(low, high) => (low, high),
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn reset_and_fresh_are_the_same() {
    let input = vec![noise(20_000, 3), noise(20_000, 4)];
    for at in 0..all().len() {
        let mut fresh = all().swap_remove(at);
        prepare(&mut *fresh, 48_000.0, 2, 512);
        let mix = place(&*fresh, "mix");
        fresh.set(mix, 0.7);
        fresh.reset();
        let first = play(&mut *fresh, &input, 512);

        let mut used = all().swap_remove(at);
        prepare(&mut *used, 48_000.0, 2, 512);
        play(&mut *used, &input, 333);
        used.set(mix, 0.7);
        play_with(&mut *used, &input[..], 100, |_, _| {});
        used.reset();
        assert!(play(&mut *used, &input, 512) == first, "processor {at}");
        // Values set before are those it begins with.
        let mut early = all().swap_remove(at);
        early.set(mix, 0.7);
        prepare(&mut *early, 48_000.0, 2, 512);
        assert!(play(&mut *early, &input, 512) == first, "processor {at}");
    }
}

/// At mix 0 there is the sound itself, bit by bit; at mix 1 none of it.
#[test]
fn dry_is_dry_and_wet_is_wet() {
    let input = vec![noise(8_000, 5), noise(8_000, 6)];
    for at in 0..all().len() {
        let mut processor = all().swap_remove(at);
        let mix = place(&*processor, "mix");
        processor.set(mix, 0.0);
        prepare(&mut *processor, 48_000.0, 2, 512);
        assert!(play(&mut *processor, &input, 512) == input, "processor {at}");
    }
    // The room's first echo takes 21 ms, plus 13.
    let mut room = all().swap_remove(0);
    room.set(place(&*room, "mix"), 1.0);
    prepare(&mut *room, 48_000.0, 2, 512);
    let answer = play(&mut *room, &[impulse(8_000, 0), impulse(8_000, 0)], 512);
    assert_eq!(energy(&answer[0][..1_632]), 0.0);
    assert!(energy(&answer[0][1_632..]) > 0.0);
}

#[test]
fn a_convolution_is_its_response_after_its_delay() {
    let h = decaying(3_000, 7);
    let response = Response::new(vec![h.clone()], 48_000.0).unwrap();
    let input = noise(9_000, 8);
    let expected = plainly(&h, &input);
    let mut reverb = Convolution::new(response.clone(), false).unwrap();
    for (name, value) in [("mix", 1.0), ("pre_delay_ms", 10.0), ("gain_db", 20.0)] {
        reverb.set(place(&reverb, name), value);
    }
    prepare(&mut reverb, 48_000.0, 1, 1_000);
    let answer = play(&mut reverb, std::slice::from_ref(&input), 1_000).remove(0);
    for (at, y) in answer.iter().enumerate() {
        let expected = at.checked_sub(480).map_or(0.0, |at| 10.0 * expected[at]);
        assert!((f64::from(*y) - expected).abs() < 1e-4, "{at}: {y}, {expected}");
    }
    assert_eq!(reverb.tail_samples(), 2_999 + 480);

    let mut cabinet = Cabinet::new(response, false).unwrap();
    prepare(&mut cabinet, 48_000.0, 1, 1_000);
    let answer = play(&mut cabinet, &[input], 1_000).remove(0);
    for (at, (y, expected)) in answer.iter().zip(&expected).enumerate() {
        assert!((f64::from(*y) - expected).abs() < 1e-5, "{at}: {y}, {expected}");
    }
    assert_eq!((cabinet.tail_samples(), cabinet.latency_samples()), (2_999, 0));
}

/// Before what spreads there is one channel, behind it there are two that differ.
#[test]
fn a_mono_sound_becomes_stereo_behind_the_room_and_not_before() {
    let room = || Box::new(Reverb::new(ReverbEntry::default()));
    let mono = || Box::new(Cabinet::new(response(1, 300), true).unwrap());
    let stereo = || Box::new(Convolution::new(response(2, 300), true).unwrap());
    let format = StreamFormat {
        sample_rate_hz: 48_000.0,
        max_block_samples: 512,
        channels_in: 1,
        channels_out: 2,
        purpose: Purpose::File,
    };
    let sides = |processors: Vec<Box<dyn Processor>>| {
        let mut chain = Chain::new(processors).unwrap();
        chain.prepare(format).unwrap();
        let (mut left, mut right) = (noise(9_000, 9), vec![0.0; 9_000]);
        chain.process(&mut [&mut left, &mut right]);
        (left, right)
    };
    let (left, right) = sides(vec![mono()]);
    assert!(left == right);
    for chain in [vec![mono(), room() as Box<dyn Processor>], vec![mono(), stereo()]] {
        let (left, right) = sides(chain);
        assert!(energy(&right) > 0.0 && left != right);
    }
}

#[test]
fn streams_and_responses_that_do_not_fit_are_refused() {
    let said = Cabinet::new(response(3, 10), true).err().unwrap().to_string();
    assert!(said.contains("4 for true stereo") && said.ends_with('3'), "{said}");
    let mut four = Convolution::new(response(4, 10), true).unwrap();
    let format =
        |rate, channels| shared::chain::Format { sample_rate_hz: rate, max_block_samples: 64, channels };
    let said = four.prepare(format(48_000.0, 6), Purpose::Live).unwrap_err().to_string();
    assert!(said.contains("one channel or two") && said.ends_with('6'), "{said}");
    for rate in [100.0, 1e9] {
        let said = four.prepare(format(rate, 2), Purpose::Live).unwrap_err().to_string();
        assert!(said.contains(&format!("{rate} Hz")), "{said}");
        let mut room = Reverb::new(ReverbEntry::default());
        let said = room.prepare(format(rate, 2), Purpose::Live).unwrap_err().to_string();
        assert!(said.contains(&format!("{rate} Hz")), "{said}");
    }
}
