//! Input and output with clocks of their own.

use crate::common::{fit_sine, gain};
use shared::live::{LiveProcessor, Mock, MockDevice, State, StreamConfig};
use std::f64::consts::TAU;

const SINE_HZ: f64 = 997.0;

/// Two devices: one hears and is `speed` times too fast, the other plays.
fn apart(speed: f64, input_hz: u32, lateness_seconds: f64) -> Mock {
    let input = MockDevice::new("Input", 1, 0).at_rate(input_hz).drifting(speed).late_by(lateness_seconds);
    let output = MockDevice::new("Output", 0, 1).late_by(lateness_seconds);
    let mock = Mock::with_devices(vec![input, output]);
    mock.set_input(|_, seconds| (0.5 * (TAU * SINE_HZ * seconds).sin()) as f32);
    mock
}

fn play(mock: &Mock) -> LiveProcessor {
    let config = StreamConfig { channels_out: 1, ..StreamConfig::default() };
    let mut live = LiveProcessor::new(gain(1.0), mock.backend(), config).unwrap();
    live.start().unwrap();
    live
}

/// Frequency in Hz and what is left besides the sine in dB, of the last second.
fn heard(mock: &Mock) -> (f64, f64) {
    let recorded = mock.recorded();
    let (frequency, sine, left) = fit_sine(&recorded[0], SINE_HZ / 48_000.0);
    (48_000.0 * frequency, 20.0 * (sine / left).log10())
}

#[test]
fn ten_minutes_at_ten_per_cent_too_fast_lose_nothing_once_it_plays() {
    play_minutes(10, 1.1);
}

#[test]
fn two_minutes_at_ten_per_cent_too_slow_lose_nothing_once_it_plays() {
    play_minutes(2, 0.9);
}

fn play_minutes(minutes: u32, speed: f64) {
    let mock = apart(speed, 48_000, 0.0);
    mock.record(48_000);
    let live = play(&mock);
    mock.run_seconds(10.0);
    let locked = live.statistics();
    assert!((locked.clock_ratio / speed - 1.0).abs() < 1e-3, "{speed}: {locked:?}");
    let mut worst_db = f64::INFINITY;
    for _ in 0..minutes {
        mock.run_seconds(60.0);
        let (hz, db) = heard(&mock);
        worst_db = worst_db.min(db);
        assert!((hz / SINE_HZ - 1.0).abs() < 1e-4, "{speed}: {hz} Hz");
    }
    let statistics = live.statistics();
    println!("{speed}: ratio {}, sine over the rest {worst_db:.1} dB", statistics.clock_ratio);
    assert!((statistics.clock_ratio / speed - 1.0).abs() < 1e-3, "{speed}: {statistics:?}");
    assert_eq!(statistics.overruns, locked.overruns, "{speed}");
    assert_eq!(statistics.underruns, locked.underruns, "{speed}");
    assert_eq!(statistics.frames, 48_000 * u64::from(10 + 60 * minutes));
    assert!(worst_db > 80.0, "{speed}: {worst_db} dB");
    assert_eq!(live.state(), State::Running);
}

#[test]
fn a_few_parts_in_a_million_are_followed_though_callbacks_come_late() {
    for speed in [1.0 + 200e-6, 1.0 - 50e-6] {
        let mock = apart(speed, 48_000, 0.5e-3);
        mock.record(48_000);
        let live = play(&mock);
        mock.run_seconds(60.0);
        let (hz, db) = heard(&mock);
        let statistics = live.statistics();
        println!("{speed}: ratio {}, {hz} Hz, sine over the rest {db:.1} dB", statistics.clock_ratio);
        assert!((statistics.clock_ratio - speed).abs() < 5e-5, "{statistics:?}");
        assert_eq!((statistics.overruns, statistics.underruns), (0, 0));
        assert!((hz / SINE_HZ - 1.0).abs() < 1e-4, "{hz} Hz");
        assert!(db > 45.0, "{db} dB");
    }
}

#[test]
fn devices_at_two_rates_play_together() {
    let mock = apart(1.0003, 44_100, 0.0);
    mock.record(48_000);
    let live = play(&mock);
    mock.run_seconds(30.0);
    let (hz, db) = heard(&mock);
    assert!((hz / SINE_HZ - 1.0).abs() < 1e-4, "{hz} Hz");
    assert!(db > 80.0, "{db} dB");
    let statistics = live.statistics();
    assert!((statistics.clock_ratio - 1.0003).abs() < 1e-5, "{statistics:?}");
    assert_eq!((statistics.overruns, statistics.underruns), (0, 0));
}

#[test]
fn after_a_gap_it_finds_its_way_back() {
    for side in [Mock::overrun, Mock::underrun] {
        let mock = apart(1.01, 48_000, 0.0);
        mock.record(48_000);
        let live = play(&mock);
        mock.run_seconds(10.0);
        side(&mock, 9_600);
        mock.run_seconds(20.0);
        let after = live.statistics();
        assert!(after.overruns + after.underruns > 0, "{after:?}");
        assert_eq!(after.xruns, 1);
        mock.run_seconds(20.0);
        let statistics = live.statistics();
        assert_eq!((statistics.overruns, statistics.underruns), (after.overruns, after.underruns));
        let (hz, db) = heard(&mock);
        assert!((hz / SINE_HZ - 1.0).abs() < 1e-4, "{hz} Hz");
        assert!(db > 60.0, "{db} dB");
    }
}

#[test]
fn unlike_buffers_and_late_callbacks_lose_nothing_either() {
    for (input_samples, output_samples) in [(64, 1_024), (1_024, 64), (480, 512)] {
        for speed in [1.1, 0.9, 1.0001] {
            let mock = apart(speed, 48_000, 0.5e-3);
            mock.set_buffer("Input", input_samples);
            mock.set_buffer("Output", output_samples);
            mock.record(48_000);
            let live = play(&mock);
            mock.run_seconds(20.0);
            let what = format!("{speed}, buffers {input_samples} and {output_samples}");
            let statistics = live.statistics();
            assert_eq!((statistics.overruns, statistics.underruns), (0, 0), "{what}");
            assert!((statistics.clock_ratio / speed - 1.0).abs() < 1e-4, "{what}: {statistics:?}");
            let (hz, db) = heard(&mock);
            println!("{what}: sine over the rest {db:.1} dB");
            assert!((hz / SINE_HZ - 1.0).abs() < 1e-4 && db > 35.0, "{what}: {hz} Hz, {db} dB");
        }
    }
}

#[test]
fn the_delay_between_two_clocks_is_what_the_statistics_say() {
    for speed in [1.0, 1.1, 0.9] {
        let mock = apart(speed, 48_000, 0.0);
        // A bump, 1 ms wide, after 20 seconds.
        mock.set_input(|_, seconds| (-((seconds - 20.0) / 0.5e-3).powi(2)).exp() as f32);
        mock.record(48_000);
        let live = play(&mock);
        mock.run_seconds(20.5);
        let statistics = live.statistics();
        let delay_samples = bump_at(&mock, statistics.frames) - 20.0 * 48_000.0;
        // What comes out of the callback waits for another buffer.
        let said = statistics.latency_samples as f64 - 128.0;
        println!("{speed}: {delay_samples:.2} samples, said {said}");
        // The delay in the input's samples lasts longer or shorter by the clocks' difference.
        assert!((delay_samples * speed - said).abs() < 2.0, "{speed}: {delay_samples}, said {said}");
    }
}

/// Where what was recorded of the last second has its middle, in samples from the beginning, after so many.
fn bump_at(mock: &Mock, played: u64) -> f64 {
    let (mut sum, mut moment) = (0.0, 0.0);
    for (i, sample) in mock.recorded()[0].iter().enumerate() {
        sum += f64::from(*sample);
        moment += i as f64 * f64::from(*sample);
    }
    moment / sum + played as f64 - 48_000.0
}

#[test]
fn the_delay_of_one_clock_is_what_the_statistics_say_also_after_gaps() {
    // Samples that go out unasked for, and that come in unheard.
    for (unasked, unheard) in [(0, 0), (200, 0), (300, 0), (5_000, 0), (0, 512), (0, 3_000)] {
        let mock = Mock::with_devices(vec![MockDevice::new("Mock", 1, 1).in_separate_callbacks()]);
        mock.set_input(|_, seconds| (-((seconds - 4.0) / 0.5e-3).powi(2)).exp() as f32);
        mock.record(48_000);
        let live = play(&mock);
        mock.run_seconds(1.0);
        mock.underrun(unasked);
        mock.overrun(unheard);
        mock.run_seconds(3.5);
        let statistics = live.statistics();
        let delay_samples = bump_at(&mock, statistics.frames + unasked as u64) - 4.0 * 48_000.0;
        let said = statistics.latency_samples as f64 - 128.0;
        println!("{unasked}, {unheard}: {delay_samples:.2} samples, said {said}");
        // After a gap the two callbacks come at other times, by up to a block.
        let more = delay_samples - said;
        assert!((-1.0..128.0).contains(&more), "{unasked}, {unheard}: {delay_samples}, said {said}");
    }
}

#[test]
fn a_device_that_fills_its_buffers_at_first_does_not_bend_the_pitch() {
    let input = MockDevice::new("Input", 1, 0);
    let mock = Mock::with_devices(vec![input, MockDevice::new("Output", 0, 1).filled_at_first(2)]);
    mock.set_input(|_, seconds| (0.5 * (TAU * SINE_HZ * seconds).sin()) as f32);
    mock.set_buffer("Output", 1_024);
    mock.record(24_000);
    let live = play(&mock);
    // It has been playing for just about half a second.
    mock.run_seconds(1.3);
    let (hz, db) = heard(&mock);
    let ratio = live.statistics().clock_ratio;
    println!("{hz} Hz, sine over the rest {db:.1} dB, ratio {ratio}");
    assert!((hz / SINE_HZ - 1.0).abs() < 1e-4 && db > 40.0, "{hz} Hz, {db} dB");
    assert!((ratio - 1.0).abs() < 1e-4, "{ratio}");
}
