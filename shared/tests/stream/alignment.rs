//! Everything stays at its sample, and nothing gets longer or shorter.

use crate::support::{Late, RATE, cheap_chain, folder, noise, processed, smoother, written};
use shared::chain::Chain;
use shared::chain::processors::{Gain, Normalise, Reverb, ReverbEntry};
use shared::stream::{Options, StreamProcessor};

/// Where a sound is largest.
fn peak(sound: &[f32]) -> usize {
    (0..sound.len()).max_by(|a, b| sound[*a].abs().total_cmp(&sound[*b].abs())).unwrap()
}

#[test]
fn an_impulse_stands_at_its_sample_at_every_rate() {
    let folder = folder();
    for rate_hz in [8_000, 44_100, 48_000, 96_000, 192_000] {
        for at in [0, 1, 1023, 1024, 5_000, 9_999] {
            let mut sound = vec![0.0; 10_000];
            sound[at] = 1.0;
            let input = written(folder.path(), "impulse.wav", &[sound], rate_hz);
            let chain = Chain::new(vec![
                Box::new(Late::by(37)),
                Box::new(Gain::linear(0.5)),
                Box::new(Late::by(2_000)),
            ]);
            let (result, rate) = processed(chain.unwrap(), Options::default(), &input);
            assert_eq!((result[0].len(), rate, peak(&result[0])), (10_000, rate_hz, at));
            assert_eq!(result[0][at], 0.5);
            assert_eq!(result[0].iter().filter(|x| **x != 0.0).count(), 1);
        }
    }
}

#[test]
fn an_impulse_stands_at_its_time_after_a_conversion() {
    let folder = folder();
    // The last pairs have no short common period.
    for (from_hz, to_hz, at, expected) in [
        (44_100, 48_000, 4_410, 4_800),
        (48_000, 44_100, 4_800, 4_410),
        (96_000, 44_100, 9_600, 4_410),
        (48_000, 96_000, 5_001, 10_002),
        (44_100, 192_000, 441, 1_920),
        (22_050, 48_000, 2_205, 4_800),
        (192_000, 8_000, 4_800, 200),
        (48_001, 48_000, 0, 0),
        (47_999, 44_101, 0, 0),
    ] {
        let mut sound = vec![0.0; 12_000];
        sound[at] = 1.0;
        let input = written(folder.path(), "impulse.wav", &[sound], from_hz);
        let chain = Chain::new(vec![Box::new(Late::by(37))]).unwrap();
        let options = Options { sample_rate_hz: Some(to_hz), ..Options::default() };
        let (result, rate) = processed(chain, options, &input);
        let what = format!("{from_hz} to {to_hz}");
        let length = (12_000.0 * f64::from(to_hz) / f64::from(from_hz)).round() as usize;
        assert_eq!((result[0].len(), rate, peak(&result[0])), (length, to_hz, expected), "{what}");
        // Not even part of a sample beside it: the filter is symmetrical.
        if expected > 0 {
            let (before, after) = (result[0][expected - 1], result[0][expected + 1]);
            assert!((before - after).abs() < 1e-6, "{what}: {before} and {after}");
        }
    }
}

#[test]
fn the_length_is_that_of_the_input_whatever_the_delay() {
    let folder = folder();
    for length in [1, 2, 1023, 1024, 1025, 4_096, 10_001] {
        let sound = noise(length, length as u64);
        let input = written(folder.path(), "in.wav", &[sound.clone(), sound.clone()], RATE);
        for latency in [0, 1, 37, 1024, 30_000] {
            let chain = Chain::new(vec![Box::new(Late::by(latency))]).unwrap();
            let (result, _) = processed(chain, Options::default(), &input);
            assert!(result == [sound.clone(), sound.clone()], "{length} samples, {latency} of delay");
        }
    }
}

#[test]
fn a_tail_rings_out_behind_the_end_on_request() {
    let mut processor = StreamProcessor::new(
        Chain::new(vec![smoother()]).unwrap(),
        Options { tail: true, ..Options::default() },
    );
    assert_eq!(processor.process_samples(&[vec![1.0, 1.0]], RATE).unwrap(), [[0.5, 1.0, 0.5]]);
    let mut processor = StreamProcessor::new(Chain::new(vec![smoother()]).unwrap(), Options::default());
    assert_eq!(processor.process_samples(&[vec![1.0, 1.0]], RATE).unwrap(), [[0.5, 1.0]]);
}

#[test]
fn channels_are_mixed_and_copied_on_request() {
    let (left, right) = (noise(3_000, 1), noise(3_000, 2));
    let run = |sound: &[Vec<f32>], channels| {
        let options = Options { channels: Some(channels), ..Options::default() };
        let chain = Chain::new(vec![Box::new(Late::by(37))]).unwrap();
        StreamProcessor::new(chain, options).process_samples(sound, RATE)
    };
    let mean: Vec<f32> = left.iter().zip(&right).map(|(l, r)| (l + r) / 2.0).collect();
    assert_eq!(run(&[left.clone(), right.clone()], 1).unwrap(), [mean]);
    assert_eq!(run(std::slice::from_ref(&left), 3).unwrap(), [left.clone(), left.clone(), left.clone()]);
    let error = run(&[left.clone(), right], 4).unwrap_err().to_string();
    assert!(error.contains("2 channels cannot be made 4"), "{error}");
    let error = run(&[left], 0).unwrap_err().to_string();
    assert!(error.contains("cannot be made 0"), "{error}");
}

/// Without a wish a mono sound comes out mono, unless something that is on makes it stereo.
#[test]
fn a_mono_sound_through_a_reverb_becomes_stereo() {
    let room = || Box::new(Reverb::new(ReverbEntry::default()));
    let chain = || Chain::new(vec![Box::new(Gain::linear(0.5)), room()]).unwrap();
    let run = |chain: Chain, sound: &[Vec<f32>], channels| {
        let options = Options { channels, ..Options::default() };
        StreamProcessor::new(chain, options).process_samples(sound, RATE).unwrap()
    };
    let (mono, pair) = ([noise(9_000, 1)], [noise(9_000, 1), noise(9_000, 2)]);
    let stereo = run(chain(), &mono, None);
    assert!(stereo.len() == 2 && stereo[0] != stereo[1]);
    assert_eq!(stereo, run(chain(), &mono, Some(2)));
    assert_eq!([run(chain(), &mono, Some(1)).len(), run(chain(), &pair, None).len()], [1, 2]);
    let off = chain();
    off.set("1.on", false).unwrap();
    assert_eq!(run(off, &mono, None).len(), 1);
    // One that has to be read twice, from a file.
    let folder = folder();
    let input = written(folder.path(), "in.wav", &mono, RATE);
    let twice = Chain::new(vec![room(), Box::new(Normalise::peak(0.5))]).unwrap();
    assert_eq!(processed(twice, Options::default(), &input).0.len(), 2);
}

#[test]
fn a_processor_works_on_one_sound_after_the_other() {
    let mut processor = StreamProcessor::new(cheap_chain(), Options::default());
    let (first, second) = (noise(5_000, 3), noise(700, 4));
    let fresh = |sound: &Vec<f32>| {
        StreamProcessor::new(cheap_chain(), Options::default())
            .process_samples(std::slice::from_ref(sound), RATE)
            .unwrap()
    };
    for sound in [&first, &second, &first] {
        assert_eq!(processor.process_samples(std::slice::from_ref(sound), RATE).unwrap(), fresh(sound));
    }
}
