//! The equaliser in the rack.

use super::*;
use crate::words;
use shared::word_eq::{self, Kind, Reference};

const RATES_HZ: [f64; 4] = [44_100.0, 48_000.0, 96_000.0, 192_000.0];

/// A model at a rate with the equaliser, which listens in line.
fn rack(sample_rate_hz: f64, channels: usize) -> Rack {
    let format = RackFormat { sample_rate_hz, channels_in: channels, channels_out: channels, ..FORMAT };
    let model = MODELS[1].load().unwrap();
    let voice = Voice::build(&model, Quality::FULL, EngineChoice::Native, format.narrow()).unwrap();
    rendering(Some(voice), format, words::model().cloned())
}

fn run(rack: &mut Rack, input: &[Vec<f32>], blocks: &[usize], controls: Controls) -> Vec<Vec<f32>> {
    let mut output = input.to_vec();
    let (mut at, mut blocks) = (0, blocks.iter().cycle());
    while at < input[0].len() {
        let to = (at + blocks.next().unwrap()).min(input[0].len());
        let mut channels: Vec<&mut [f32]> = output.iter_mut().map(|c| &mut c[at..to]).collect();
        rack.process(&mut channels, controls);
        at = to;
    }
    output
}

/// A word, and bands that the player moved.
fn busy() -> Controls {
    let mut controls = Controls::NEUTRAL;
    controls.eq = word_eq::Controls { amount: 0.8, reference: Reference::Kind(Kind::Any), ..controls.eq };
    controls.eq.bands[0].gain_offset_db = 6.0;
    controls.eq.bands[2].gain_offset_db = -4.0;
    controls.eq.bands[2].q_offset_octaves = 2.0;
    controls.eq.bands[3].frequency_offset_octaves = 1.0;
    controls.eq.bands[4].off = true;
    controls
}

fn without_eq() -> Controls {
    let mut controls = Controls::NEUTRAL;
    controls.eq.enabled = false;
    controls
}

#[test]
fn at_amount_0_it_is_not_there() {
    for sample_rate_hz in RATES_HZ {
        let input = noise(2, sample_rate_hz as usize / 4, 30);
        let mut rack = rack(sample_rate_hz, 2);
        let expected = run(&mut rack, &input, &[512], without_eq());
        let latency = rack.latency_samples();
        rack.reset();
        let played = run(&mut rack, &input, &[512], Controls::NEUTRAL);
        assert!(played == expected, "{sample_rate_hz} Hz");
        assert_eq!(latency, base_latency_samples(sample_rate_hz).unwrap());
    }
}

#[test]
fn what_it_plays_does_not_depend_on_the_blocks() {
    for sample_rate_hz in [44_100.0, 48_000.0, 96_000.0] {
        let input = noise(2, 20_000, 31);
        let mut rack = rack(sample_rate_hz, 2);
        let expected = run(&mut rack, &input, &[4096], busy());
        let plain = {
            rack.reset();
            run(&mut rack, &input, &[4096], without_eq())
        };
        assert!(difference(&plain[0], &expected[0]) > 1e-2, "it does something");
        for blocks in [&[1][..], &[17], &[64], &[512], &[480, 3, 1000, 31]] {
            rack.reset();
            let played = run(&mut rack, &input, blocks, busy());
            for (played, expected) in played.iter().zip(&expected) {
                let apart = difference(played, expected);
                assert!(apart <= 1e-6, "{sample_rate_hz} Hz, blocks of {blocks:?}: {apart:e}");
            }
        }
    }
}

#[test]
fn it_comes_before_the_output_gain_and_bypass() {
    let input = noise(2, 9600, 32);
    let mut rack = rack(48_000.0, 2);
    let full = run(&mut rack, &input, &[480], busy());
    rack.reset();
    let half = run(&mut rack, &input, &[480], Controls { output: output_gain(0.5), ..busy() });
    for (full, half) in full.iter().flatten().zip(half.iter().flatten()) {
        // The gain is told in dB.
        assert!((full * 0.5 - half).abs() < 1e-6);
    }
    rack.reset();
    let bypassed = run(&mut rack, &input, &[480], Controls { bypass: true, ..busy() });
    assert_eq!(bypassed, input);
}

#[test]
fn it_keeps_running_while_bypassed() {
    let input = noise(2, 48_000, 33);
    let mut rack = rack(48_000.0, 2);
    let expected = run(&mut rack, &input, &[480], busy());
    rack.reset();
    let part = |from: usize, to: usize| input.iter().map(|c| c[from..to].to_vec()).collect::<Vec<_>>();
    run(&mut rack, &part(0, 24_000), &[480], Controls { bypass: true, ..busy() });
    let back = run(&mut rack, &part(24_000, 48_000), &[480], busy());
    // The way back takes 20 ms.
    for (back, expected) in back.iter().zip(&expected) {
        assert!(difference(&back[960..], &expected[24_960..]) < 1e-6);
    }
}

#[test]
fn each_channel_has_filters_of_its_own() {
    let stereo = noise(2, 9600, 34);
    let mut both = rack(48_000.0, 2);
    let mut bands_only = busy();
    bands_only.eq.amount = 0.0;
    let expected = run(&mut both, &stereo, &[480], bands_only);
    for (channel, expected) in stereo.iter().zip(&expected) {
        let mut one = rack(48_000.0, 1);
        let played = run(&mut one, std::slice::from_ref(channel), &[480], bands_only);
        assert!(difference(&played[0], expected) < 1e-6);
    }
}

#[test]
fn broken_input_leaves_it_as_it_was() {
    let input = noise(2, 9600, 35);
    let mut rack = rack(48_000.0, 2);
    let expected = run(&mut rack, &input, &[480], busy());
    for bad in [f32::NAN, f32::INFINITY, f32::MAX, 1e-40] {
        let output = run(&mut rack, &vec![vec![bad; 9600]; 2], &[480], busy());
        assert!(output.iter().flatten().all(|s| s.is_finite() && s.abs() <= OUTPUT_LIMIT), "{bad}");
    }
    rack.reset();
    assert_eq!(run(&mut rack, &input, &[480], busy()), expected);
}

#[test]
fn what_was_far_too_loud_does_not_ring_on() {
    let format = RackFormat { channels_in: 1, channels_out: 1, ..FORMAT };
    let mut rack = rendering(None, format, None);
    let mut controls = busy();
    controls.eq.bands[1].gain_offset_db = 12.0;
    controls.eq.bands[1].q_offset_octaves = 3.8;
    let loud = Controls { input: input_gain(1e8), ..controls };
    let output = run(&mut rack, &noise(1, 9600, 36), &[480], loud);
    assert!(output[0].iter().any(|s| s.abs() == OUTPUT_LIMIT));
    let silence = run(&mut rack, &[vec![0.0; 24_000]], &[480], controls);
    assert!(silence[0][12_000..].iter().all(|s| s.abs() < 1e-3));
}

#[test]
fn the_scope_shows_both_sides_of_it() {
    let input = noise(2, 4800, 37);
    let mut rack = rack(48_000.0, 2);
    let view = rack.eq_view();
    let before = run(&mut rack, &input, &[480], without_eq());
    rack.reset();
    let after = run(&mut rack, &input, &[480], Controls { output: output_gain(3.0), ..busy() });
    let (mut seen_before, mut seen_after) = (vec![0.0; 1000], vec![0.0; 1000]);
    view.scope.latest(&mut seen_before, &mut seen_after);
    for i in 0..1000 {
        let mean = |channels: &[Vec<f32>]| 0.5 * (channels[0][3800 + i] + channels[1][3800 + i]);
        assert!((seen_before[i] - mean(&before)).abs() < 1e-6, "sample {i} before");
        assert!((seen_after[i] - mean(&after) / 3.0).abs() < 1e-5, "sample {i} after");
    }
}

#[test]
fn the_tail_is_as_long_as_the_filters_ring() {
    let mut voice = rack(48_000.0, 1);
    let input = noise(1, 480, 38);
    run(&mut voice, &input, &[480], without_eq());
    let without = voice.tail_samples();
    run(&mut voice, &input, &[480], busy());
    let ringing = voice.tail_samples() - without;

    // The longest ringing there is: all boost at the lowest and narrowest peak.
    let format = RackFormat { channels_in: 1, channels_out: 1, ..FORMAT };
    let mut rack = rendering(None, format, None);
    let mut controls = Controls::NEUTRAL;
    let band = &mut controls.eq.bands[1];
    (band.gain_offset_db, band.frequency_offset_octaves, band.q_offset_octaves) = (12.0, -6.0, 7.0);
    let sine: Vec<f32> =
        (0..96_000).map(|i| (std::f32::consts::TAU * 82.0 * i as f32 / 48e3).sin()).collect();
    let played = run(&mut rack, &[sine], &[480], controls);
    assert!(played[0].iter().any(|s| s.abs() > 3.9), "it is boosted");
    let rest = run(&mut rack, &[vec![0.0; 96_000]], &[480], controls).swap_remove(0);
    let peak = |part: &[f32]| part.iter().fold(0.0f32, |m, s| m.max(s.abs()));
    assert!(peak(&rest[ringing..]) < 1e-4, "{} rings on", peak(&rest[ringing..]));
    assert!(peak(&rest[ringing / 2..]) > 1e-4, "nobody has to wait that long");
}

#[test]
fn what_is_frozen_sounds_so_from_the_first_sample_on() {
    let input = noise(2, 9600, 41);
    let mut frozen = busy();
    (frozen.eq.freeze, frozen.eq.frozen) = (true, Some(std::array::from_fn(|i| 5.0 - i as f32)));
    let mut in_line = rack(48_000.0, 2);
    let expected = run(&mut in_line, &input, &[480], frozen);
    let mut beside = rack(48_000.0, 2);
    beside.listen(Mode::Listener);
    beside.prepare(RackFormat { channels_in: 2, channels_out: 2, ..FORMAT });
    beside.foresee(&frozen.eq);
    assert_eq!(run(&mut beside, &input, &[480], frozen), expected);
    beside.reset();
    assert_eq!(run(&mut beside, &input, &[480], frozen), expected, "as it played before");
}

/// A bounce and what was played before it, all parts on: blocks of other lengths, and the listener on a thread of its own.
#[test]
fn a_thread_beside_the_audio_hears_what_is_heard_in_line() {
    assert!(words::model().is_some(), "{:?}", words::fault());
    let input = noise(2, 96_000, 39);
    for sample_rate_hz in [44_100.0, 48_000.0] {
        let format = RackFormat { sample_rate_hz, channels_in: 2, channels_out: 2, ..FORMAT };
        let full = |mode: Mode| {
            let mut rack = rack(sample_rate_hz, 2);
            let cab = bench::small_cabinet(4);
            rack.link().speakers[0].send(Box::new(Speaker::build(&cab, format).unwrap()));
            rack.listen(mode);
            rack.prepare(format);
            rack
        };
        let mut controls = busy();
        controls.gate = GateControls { on: true, ..controls.gate };
        controls.tone = ToneControls { bass_db: 3.0, ..controls.tone };
        let expected = run(&mut full(Mode::InLine), &input, &[4096], controls);
        let mut beside = full(Mode::Listener);
        let mut played = vec![Vec::new(); 2];
        for at in (0..96_000).step_by(480) {
            let part: Vec<Vec<f32>> = input.iter().map(|c| c[at..at + 480].to_vec()).collect();
            let part = run(&mut beside, &part, &[480], controls);
            played.iter_mut().zip(part).for_each(|(played, part)| played.extend(part));
            // A test is faster than time, and a listener that is late is late.
            beside.wait_for_listener();
        }
        assert_eq!(beside.eq_view().monitor.read().late, 0);
        for (played, expected) in played.iter().zip(&expected) {
            let apart = difference(played, expected);
            assert!(apart < 1e-6, "{sample_rate_hz} Hz: {apart:e}");
        }
    }
}
