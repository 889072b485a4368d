//! The same whatever the rate, the layout and the blocks.

use super::bench::*;
use super::*;

/// Everything that glides, elsewhere than before.
fn moved(rng: &mut ChaCha8Rng) -> Controls {
    let mut controls = busy();
    let channels = [InputChannels::Stereo, InputChannels::Left, InputChannels::Right, InputChannels::Sum];
    controls.input = InputControls {
        channels: channels[rng.random_range(0..4)],
        trim_db: rng.random_range(-12.0..12.0),
        calibrated: rng.random_bool(0.5),
        full_scale_dbu: rng.random_range(8.0..20.0),
    };
    controls.gate = GateControls {
        on: rng.random_bool(0.7),
        threshold_db: rng.random_range(-60.0..-3.0),
        hysteresis_db: rng.random_range(0.0..6.0),
        hold_ms: rng.random_range(0.0..20.0),
        release_ms: rng.random_range(5.0..100.0),
        after_amp: rng.random_bool(0.5),
    };
    controls.amp.on = rng.random_bool(0.8);
    controls.tone = ToneControls {
        on: rng.random_bool(0.7),
        bass_db: rng.random_range(-12.0..12.0),
        mid_db: rng.random_range(-12.0..12.0),
        treble_db: rng.random_range(-12.0..12.0),
        presence_db: rng.random_range(-12.0..12.0),
    };
    controls.cab = CabControls {
        on: rng.random_bool(0.7),
        blend: rng.random_range(0.0..1.0),
        low_cut_hz: rng.random_range(20.0..300.0),
        high_cut_hz: rng.random_range(2_000.0..20_000.0),
    };
    controls.eq.enabled = rng.random_bool(0.8);
    controls.eq.bands[2].gain_offset_db = rng.random_range(-12.0..12.0);
    let mode = [OutputMode::Raw, OutputMode::Normalised, OutputMode::Calibrated][rng.random_range(0..3)];
    controls.output = OutputControls { mode, gain_db: rng.random_range(-20.0..0.0), match_db: 0.0 };
    controls.tuner = TunerControls { on: rng.random_bool(0.1), mute: true };
    controls.bypass = rng.random_bool(0.15);
    controls
}

#[test]
fn moving_controls_sound_the_same_in_all_blocks() {
    // A multiple of 17 and 64, so that the controls change at the same samples in all of them.
    const STRETCH: usize = 17 * 64 * 2;
    let input = noise(1, 12 * STRETCH, 70).swap_remove(0);
    for sample_rate_hz in [44_100.0, 48_000.0] {
        let mut bench = Bench::new(RackFormat { sample_rate_hz, ..FORMAT });
        let mut expected: Option<Vec<f32>> = None;
        for blocks in [&[4096][..], &[1], &[17], &[64], &[512], &[5, 300, 1, 77, 1000]] {
            bench.rack.reset();
            let mut rng = ChaCha8Rng::seed_from_u64(71);
            let mut output = Vec::new();
            for stretch in input.chunks(STRETCH) {
                output.extend(bench.run(stretch, blocks, moved(&mut rng)).swap_remove(1));
            }
            let expected = expected.get_or_insert_with(|| output.clone());
            let apart = difference(&output, expected);
            assert!(apart <= 1e-6, "{sample_rate_hz} Hz, blocks of {blocks:?}: {apart:e}");
        }
    }
}

#[test]
fn every_rate_layout_and_length_plays() {
    // Odd rates as well as usual ones.
    let rates_hz = [8_000.0, 11_025.0, 22_050.0, 44_100.0, 47_999.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0];
    for (at, sample_rate_hz) in rates_hz.into_iter().enumerate() {
        let (channels_in, channels_out) = [(1, 1), (1, 2), (2, 2)][at % 3];
        for max_block_samples in [1, 64, 4096] {
            let format = RackFormat { sample_rate_hz, max_block_samples, channels_in, channels_out };
            let mut bench = Bench::new(format);
            let samples = if max_block_samples == 1 { 2_000 } else { 20_000 };
            let input = noise(1, samples, 72).swap_remove(0);
            let output = bench.run(&input, &[16_384, 1, 100], busy());
            assert_eq!(output.len(), channels_out);
            for channel in &output {
                assert!(channel.iter().all(|s| s.is_finite()), "{format:?}");
                assert!(peak(&channel[samples / 2..]) > 1e-3, "{format:?} plays");
            }
        }
    }
}

#[test]
fn one_guitar_on_two_outputs_is_the_same_on_both_as_on_one() {
    let input = noise(1, 9_600, 73).swap_remove(0);
    let layouts = [(1, 1), (1, 2), (2, 2)];
    let [mono, wide, dual] = layouts.map(|(channels_in, channels_out)| {
        let format = RackFormat { channels_in, channels_out, ..FORMAT };
        Bench::new(format).run(&input, &[480], busy())
    });
    for channel in wide.iter().chain(&dual) {
        assert!(difference(channel, &mono[0]) < 1e-6);
    }
}

#[test]
fn what_comes_in_beside_one_guitar_is_not_heard() {
    let format = RackFormat { channels_in: 1, channels_out: 2, ..FORMAT };
    let input = noise(1, 4_800, 74).swap_remove(0);
    for controls in [busy(), Controls { bypass: true, ..busy() }] {
        let expected = Bench::new(format).run(&input, &[4_800], controls);
        let mut output = [input.clone(), vec![f32::NAN; 4_800]];
        let [left, right] = &mut output;
        Bench::new(format).rack.process(&mut [left, right], controls);
        assert_eq!(output[..], expected[..]);
    }
}

#[test]
fn broken_input_is_over_within_what_the_parts_remember() {
    let input = noise(1, 48_000, 75).swap_remove(0);
    let mut clean = Bench::new(FORMAT);
    let mut expected = clean.run(&input, &[512], busy());
    let memory = clean.rack.tail_samples();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-40] {
        let mut broken = input.clone();
        broken[4_000..4_100].fill(bad);
        let mut bench = Bench::new(FORMAT);
        let output = bench.run(&broken, &[512], busy());
        assert!(output.iter().flatten().all(|s| s.is_finite() && !s.is_subnormal()), "{bad}");
        let from = 4_100 + memory + 512;
        let apart = difference(&output[0][from..], &expected[0][from..]);
        assert!(apart < 1e-5, "{bad}: {apart:e} after {memory} samples");
    }
    // It is as if there had been silence.
    let mut gap = input.clone();
    gap[4_000..4_100].fill(0.0);
    expected = Bench::new(FORMAT).run(&gap, &[512], busy());
    let mut broken = input.clone();
    broken[4_000..4_100].fill(f32::NAN);
    assert_eq!(Bench::new(FORMAT).run(&broken, &[512], busy()), expected);
}

#[test]
fn the_reported_delay_is_the_true_one() {
    for sample_rate_hz in [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0] {
        let format = RackFormat { sample_rate_hz, channels_in: 1, channels_out: 1, ..FORMAT };
        let mut bench = Bench::playing(&wire(), format);
        // Band-limited well below all filters, so that only the delay is left.
        let samples = 8_000;
        let burst: Vec<f32> = (0..samples)
            .map(|i| {
                let t = (i as f64 - 2_000.0) / sample_rate_hz;
                ((-(t * 2_000.0).powi(2)).exp() * (t * std::f64::consts::TAU * 1_000.0).cos() * 0.5) as f32
            })
            .collect();
        let output = bench.run(&burst, &[512], Controls::NEUTRAL).swap_remove(0);
        let latency = bench.rack.latency_samples();
        let match_at = |delay: usize| -> f64 {
            burst.iter().zip(&output[delay..]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let best = (0..400).max_by(|a, b| match_at(*a).total_cmp(&match_at(*b))).unwrap();
        assert!(best.abs_diff(latency) <= 1, "{sample_rate_hz} Hz: {best}, reported {latency}");
    }
}
