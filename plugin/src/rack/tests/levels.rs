//! Calibration, output modes, meters.

use super::bench::*;
use super::*;
use std::path::Path;

fn mono() -> RackFormat {
    RackFormat { channels_in: 1, channels_out: 1, ..FORMAT }
}

/// The demo recording, at 48 kHz.
fn demo() -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo/clean_guitar.wav");
    let (mut channels, rate) = shared::audio::read_wav(&path).unwrap();
    assert_eq!((channels.len(), rate), (1, 48_000));
    channels.swap_remove(0)
}

fn lufs(signal: &[f32]) -> f64 {
    let mut meter = ebur128::EbuR128::new(1, 48_000, ebur128::Mode::I).unwrap();
    meter.add_frames_f32(signal).unwrap();
    meter.loudness_global().unwrap()
}

#[test]
fn normalised_factory_models_are_as_loud_as_each_other() {
    let input = demo();
    let mut controls = Controls::NEUTRAL;
    controls.output.mode = OutputMode::Normalised;
    let mut heard = Vec::new();
    for model in MODELS {
        let output = Bench::playing(&model.load().unwrap(), mono()).run(&input, &[4096], controls);
        heard.push((model.id, lufs(&output[0])));
    }
    println!("{heard:?}");
    let loudness = |(_, lufs): &(&str, f64)| *lufs;
    let most = heard.iter().map(loudness).fold(f64::MIN, f64::max);
    let least = heard.iter().map(loudness).fold(f64::MAX, f64::min);
    assert!(most - least < 2.0, "{heard:?}");
}

#[test]
fn cards_move_levels_as_they_say() {
    // -18 dB of drive and 9 dB of level: a wire shows both.
    let mut model = wire();
    model.card = light_amp(1).card;
    let input = sine(300.0, 0.1, 9_600, 48_000.0);
    let gain_db = |change: Change| {
        let mut controls = Controls::NEUTRAL;
        controls.input.full_scale_dbu = 13.0;
        change(&mut controls);
        let output = Bench::playing(&model, mono()).run(&input, &[512], controls);
        20.0 * (peak(&output[0]) / peak(&input)).log10()
    };
    let cases: [(Change, f32); 5] = [
        (|_| (), 0.0),
        (|c| c.input.calibrated = true, 13.0 - 18.0),
        (|c| c.output.mode = OutputMode::Normalised, -18.0 + 24.0),
        (|c| c.output.mode = OutputMode::Calibrated, 9.0 - 13.0),
        (|c| (c.input.trim_db, c.output.match_db) = (3.0, -1.0), 2.0),
    ];
    for (change, expected) in cases {
        let found = gain_db(change);
        assert!((found - expected).abs() < 0.01, "{found} dB, expected {expected}");
    }
}

#[test]
fn the_gate_hears_what_the_meter_shows() {
    // A tone of -20 dBFS behind the trim, and a model that is calibrated 30 dB down.
    let mut model = wire();
    model.card.input_level_dbu = Some(42.0);
    let input = sine(300.0, 0.01, 48_000, 48_000.0);
    for (threshold_db, open) in [(-21.0, true), (-19.0, false)] {
        let mut controls = Controls::NEUTRAL;
        controls.input = InputControls { trim_db: 20.0, calibrated: true, ..controls.input };
        controls.gate = GateControls { on: true, threshold_db, hysteresis_db: 0.5, ..controls.gate };
        let mut bench = Bench::playing(&model, mono());
        let output = bench.run(&input, &[480], controls);
        let ([shown, _], _) = bench.telemetry.take_peaks();
        assert!((shown - 0.1).abs() < 1e-4, "the meter shows {shown}");
        assert_eq!(peak(&output[0][24_000..]) > 1e-3, open, "{threshold_db} dB");
    }
}

#[test]
fn meters_tell_peaks_clips_and_loudness() {
    let format = RackFormat { channels_in: 1, channels_out: 2, ..FORMAT };
    let mut bench = Bench::playing(&wire(), format);
    let telemetry = bench.telemetry.clone();
    let mut controls = Controls::NEUTRAL;
    controls.input.trim_db = -20.0;
    controls.output.gain_db = 6.0;
    bench.run(&sine(480.0, 0.5, 96_000, 48_000.0), &[480], controls);
    let (input, output) = telemetry.take_peaks();
    let close = |a: f32, b: f32| (a - b).abs() < 1e-3;
    assert!(close(input[0], 0.05) && input[1] == 0.0, "{input:?}");
    assert!(close(output[0], 0.05 * 1.9953) && output[0] == output[1], "{output:?}");
    assert!(close(telemetry.take_raw_peak(), 0.5));
    assert!(close(telemetry.input_rms(), 0.05 / 2f32.sqrt()), "{}", telemetry.input_rms());
    assert_eq!((telemetry.channels_in(), telemetry.channels()), (1, 2));
    assert_eq!(telemetry.take_clipped(), (false, false));
    // The trim hides no clipping of the interface, and a loud output is no clipped input.
    bench.run(&sine(480.0, 1.0, 4_800, 48_000.0), &[480], controls);
    assert_eq!(telemetry.take_clipped(), (true, false));
    controls.output.gain_db = 24.0;
    controls.input.trim_db = 0.0;
    bench.run(&sine(480.0, 0.5, 4_800, 48_000.0), &[480], controls);
    assert_eq!(telemetry.take_clipped(), (false, true));
    assert_eq!(telemetry.take_clipped(), (false, false), "once told");
    bench.run(&vec![0.0; 96_000], &[480], controls);
    assert!(telemetry.input_rms() < 0.02, "silence is heard as well: {}", telemetry.input_rms());
}

#[test]
fn pieces_of_blocks_are_judged_together() {
    let telemetry = Arc::new(Telemetry::default());
    let mut load = LoadMeter::new(telemetry.clone());
    load.prepare(48_000.0, 512, true);
    let host = [0.0; 512];
    let spend = |load: &mut LoadMeter, pieces: &[(usize, u64)]| {
        let mut at = 0;
        for (samples, microseconds) in pieces {
            load.add(Duration::from_micros(*microseconds), &host[at..at + samples]);
            at += samples;
        }
    };
    let told = || (telemetry.blocks(), telemetry.dropped_blocks());
    // Pieces of a block that took longer than they last, but no longer than all of it: 10.7 ms.
    spend(&mut load, &[(1, 2_000), (127, 3_000), (384, 4_000)]);
    assert_eq!(told(), (0, 0), "it may not be over");
    spend(&mut load, &[(256, 11_000), (256, 1_000)]);
    assert_eq!(told(), (1, 0));
    let share = telemetry.take_load_peak();
    assert!((share - 9e-3 * 48_000.0 / 512.0).abs() < 1e-4, "{share}");
    spend(&mut load, &[(64, 1_400)]);
    assert_eq!(told(), (2, 1), "12 ms");
    // The host uses its memory again and again.
    spend(&mut load, &[(64, 100)]);
    assert_eq!(told(), (3, 2), "1.4 ms for 64 samples");
    // What is shorter than a call is judged together.
    (0..32).for_each(|_| spend(&mut load, &[(4, 20)]));
    assert_eq!(told(), (6, 2));
    load.prepare(48_000.0, 512, false);
    spend(&mut load, &[(512, 20_000)]);
    spend(&mut load, &[(512, 20_000)]);
    assert_eq!(told(), (7, 2), "a rendering drops none");
}
