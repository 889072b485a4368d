//! Which guitar comes in, and what happens to it without a model.

use super::bench::*;
use super::*;

const CHOICES: [InputChannels; 4] =
    [InputChannels::Stereo, InputChannels::Left, InputChannels::Right, InputChannels::Sum];

fn choosing(channels: InputChannels) -> Controls {
    let mut controls = busy();
    controls.input.channels = channels;
    controls
}

/// Both sides through a rack, in blocks of 480.
fn played(bench: &mut Bench, sides: [&[f32]; 2], controls: Controls) -> [Vec<f32>; 2] {
    let mut output = sides.map(<[f32]>::to_vec);
    for at in (0..sides[0].len()).step_by(480) {
        let [left, right] = &mut output;
        let to = (at + 480).min(left.len());
        bench.rack.process(&mut [&mut left[at..to], &mut right[at..to]], controls);
    }
    output
}

#[test]
fn one_side_of_a_stereo_track_is_heard_on_both() {
    let [a, b] = [82, 83].map(|seed| noise(1, 9_600, seed).swap_remove(0));
    let sum: Vec<f32> = a.iter().zip(&b).map(|(a, b)| 0.5 * a + 0.5 * b).collect();
    for (choice, sides) in CHOICES.into_iter().zip([[&a, &b], [&a, &a], [&b, &b], [&sum, &sum]]) {
        let expected = played(&mut Bench::new(FORMAT), sides.map(Vec::as_slice), busy());
        let found = played(&mut Bench::new(FORMAT), [&a, &b], choosing(choice));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(difference(found, expected) < 1e-6, "{choice:?}");
        }
    }
}

#[test]
fn only_what_is_listened_to_clips() {
    let (loud, soft) = (vec![1.0; 480], vec![0.25; 480]);
    for (choice, clips) in CHOICES.into_iter().zip([true, true, false, true]) {
        let mut bench = Bench::new(FORMAT);
        played(&mut bench, [&loud, &soft], choosing(choice));
        assert_eq!(bench.telemetry.take_clipped().0, clips, "{choice:?}");
    }
}

#[test]
fn another_side_is_no_click_and_bypass_knows_none() {
    let (low, high) = (sine(110.0, 0.25, 48_000, 48e3), sine(165.0, 0.25, 48_000, 48e3));
    let mut bench = Bench::playing(&wire(), FORMAT);
    let mut controls = Controls::NEUTRAL;
    let steady = largest_step(&high);
    for choice in CHOICES.into_iter().chain(CHOICES) {
        let before = played(&mut bench, [&low, &high], controls);
        controls.input.channels = choice;
        let after = played(&mut bench, [&low, &high], controls);
        for (before, after) in before.iter().zip(after) {
            let joint = [&before[47_000..], &after].concat();
            // Both sides at once, and 20 ms from one to the other.
            assert!(largest_step(&joint) < steady + 0.5 / 960.0 + 1e-4, "{choice:?}");
        }
        let bypassed = Controls { bypass: true, ..controls };
        played(&mut bench, [&low, &high], bypassed);
        assert_eq!(played(&mut bench, [&low, &high], bypassed), [low.clone(), high.clone()], "{choice:?}");
        played(&mut bench, [&low, &high], controls);
    }
}

#[test]
fn a_track_of_one_channel_has_no_choice() {
    let input = noise(1, 4_800, 84).swap_remove(0);
    for channels_out in [1, 2] {
        let format = RackFormat { channels_in: 1, channels_out, ..FORMAT };
        let expected = Bench::new(format).run(&input, &[480], busy());
        for choice in CHOICES {
            assert_eq!(Bench::new(format).run(&input, &[480], choosing(choice)), expected, "{choice:?}");
        }
    }
}

#[test]
fn without_a_model_the_guitar_passes_as_late_as_the_host_was_told() {
    for sample_rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        let format = RackFormat { sample_rate_hz, ..FORMAT };
        let mut rack = rendering(None, format, None);
        let latency = rack.latency_samples();
        assert_eq!(latency, base_latency_samples(sample_rate_hz).unwrap());
        let input = noise(2, 4_000, 85);
        for round in 0..2 {
            let mut output = input.clone();
            for at in (0..4_000).step_by(500) {
                let mut channels: Vec<&mut [f32]> =
                    output.iter_mut().map(|channel| &mut channel[at..at + 500]).collect();
                rack.process(&mut channels, Controls::NEUTRAL);
            }
            for (output, input) in output.iter().zip(&input) {
                assert_eq!(output[..latency], vec![0.0; latency], "{sample_rate_hz} Hz, round {round}");
                assert!(difference(&output[latency..], input) < 1e-6, "{sample_rate_hz} Hz, round {round}");
            }
            rack.reset();
        }
    }
}
