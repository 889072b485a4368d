//! Starting, playing and stopping.

use crate::common::{Watched, gain, wait};
use shared::chain::{Chain, processors::Gain};
use shared::live::{LiveError, LiveProcessor, LoopBack, Mock, MockDevice, State, StreamConfig};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn started_and_stopped_a_thousand_times_it_plays_each_time() {
    let mock = Mock::new();
    mock.set_input(|_, _| 0.5);
    mock.record(128);
    let mut live = LiveProcessor::new(gain(0.5), mock.backend(), StreamConfig::default()).unwrap();
    for turn in 0..1_000u32 {
        assert_eq!(live.state(), State::Stopped);
        live.start().unwrap();
        assert_eq!(live.state(), State::Running);
        let factor = f64::from(turn % 10) / 10.0;
        live.set("0.gain", factor).unwrap();
        // The gain glides for 20 ms.
        assert_eq!(mock.run_blocks(12), 12);
        assert_eq!(live.statistics().blocks, 12, "turn {turn}");
        live.stop();
        assert_eq!(mock.run_blocks(1), 0, "turn {turn}: it is stopped");
        assert_eq!(live.controls().get("0.gain").unwrap(), factor);
        for channel in &mock.recorded()[..2] {
            let last = *channel.last().unwrap();
            assert!((f64::from(last) - 0.5 * factor).abs() < 1e-6, "turn {turn}: {last}");
        }
    }
    live.stop();
    assert_eq!(live.into_chain().unwrap().kinds().collect::<Vec<_>>(), ["gain"]);
}

#[test]
fn parameter_storms_from_four_threads_lose_no_last_word() {
    let mock = Mock::new();
    mock.set_input(|_, _| 0.25);
    mock.record(64);
    let chain = (0..4).map(|_| Box::new(Gain::linear(1.0)) as _).collect();
    let mut live =
        LiveProcessor::new(Chain::new(chain).unwrap(), mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    let playing = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let storms: Vec<_> = (0..4)
            .map(|thread| {
                let controls = live.controls();
                scope.spawn(move || {
                    for turn in 0..50_000 {
                        controls.set(&format!("{thread}.gain"), f64::from(turn % 7)).unwrap();
                        controls.set(&format!("{}.on", (thread + 1) % 4), turn % 2 == 0).unwrap();
                        controls.set_bypassed(turn % 5 == 0);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while playing.load(Ordering::SeqCst) {
                mock.run_blocks(1);
            }
        });
        storms.into_iter().for_each(|storm| storm.join().unwrap());
        playing.store(false, Ordering::SeqCst);
    });
    let controls = live.controls();
    controls.set_bypassed(false);
    for place in 0..4 {
        controls.set(&format!("{place}.on"), true).unwrap();
        controls.set(&format!("{place}.gain"), 1.0 + f64::from(place)).unwrap();
    }
    mock.run_blocks(40);
    assert_eq!(live.state(), State::Running);
    let last = *mock.recorded()[0].last().unwrap();
    assert!((last - 0.25 * 24.0).abs() < 1e-4, "{last}");
}

#[test]
fn a_panicking_processor_is_stopped_and_the_rest_lives_on() {
    let mock = Mock::new();
    mock.set_input(|_, _| 0.5);
    mock.record(128);
    let mut faulty = Watched::new(100.0);
    faulty.panic_at = Some(10);
    let blocks = faulty.blocks.clone();
    let chain = Chain::new(vec![Box::new(faulty), Box::new(Gain::linear(0.5))]).unwrap();
    let mut live = LiveProcessor::new(chain, mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    assert_eq!(mock.run_blocks(10), 10);
    assert_eq!(mock.recorded()[0], [0.25; 128]);
    mock.run_blocks(2);
    assert_eq!(blocks.load(Ordering::SeqCst), 11, "a chain that has panicked is not called again");
    assert_eq!(mock.recorded()[0], [0.0; 128], "after the panic there is silence");
    wait("the fault is told", || matches!(live.state(), State::Failed(_)));
    let State::Failed(why) = live.state() else { unreachable!() };
    assert!(why.contains("a fault in block 10"), "{why}");
    // It can be tried again, and this time no fault comes.
    live.start().unwrap();
    mock.run_blocks(20);
    assert_eq!(mock.recorded()[0], [0.25; 128]);
    assert_eq!(live.into_chain().unwrap().len(), 2);
}

#[test]
fn a_processor_that_panics_when_it_is_prepared_is_told_of_too() {
    let mock = Mock::new();
    let mut faulty = Watched::new(100.0);
    faulty.panic_at_hz = Some(44_100.0);
    let chain = Chain::new(vec![Box::new(faulty)]).unwrap();
    let mut live = LiveProcessor::new(chain, mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    mock.set_rate("Mock", 44_100);
    wait("the fault is told", || matches!(live.state(), State::Failed(_)));
    let error = live.start().unwrap_err();
    assert!(matches!(&error, LiveError::Panicked(why) if why == "a fault at 44100 Hz"), "{error}");
    mock.set_rate("Mock", 96_000);
    live.start().unwrap();
    assert_eq!(mock.run_blocks(3), 3);
}

#[test]
fn it_is_not_started_twice() {
    let mock = Mock::new();
    let mut live = LiveProcessor::new(gain(1.0), mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    assert!(matches!(live.start(), Err(LiveError::AlreadyRunning)));
    assert_eq!(mock.run_blocks(3), 3);
    let mut other = LiveProcessor::new(gain(1.0), mock.backend(), StreamConfig::default()).unwrap();
    assert!(matches!(other.start(), Err(LiveError::Busy { .. })));
    drop(live);
    other.start().unwrap();
}

#[test]
fn the_channels_of_the_device_become_those_of_the_chain() {
    // Channels in and out, what comes in, and what is to go out.
    let cases: [(usize, usize, &[f32]); 6] = [
        (1, 1, &[0.5]),
        (1, 2, &[0.5, 0.5]),
        (2, 2, &[0.5, 1.0]),
        (2, 1, &[0.75]),
        (4, 2, &[1.25, 1.25]),
        (0, 2, &[0.0, 0.0]),
    ];
    for (channels_in, channels_out, expected) in cases {
        let mock = Mock::with_devices(vec![MockDevice::new("Mock", 4, 4)]);
        mock.set_input(|channel, _| 1.0 + channel as f32);
        mock.record(1_000);
        let config = StreamConfig { channels_in, channels_out, ..StreamConfig::default() };
        let mut live = LiveProcessor::new(gain(0.5), mock.backend(), config).unwrap();
        live.start().unwrap();
        mock.run_blocks(1);
        let recorded = mock.recorded();
        let out: Vec<f32> = recorded.iter().filter_map(|channel| channel.last()).copied().collect();
        assert_eq!(out, expected, "{channels_in} in, {channels_out} out");
        assert_eq!(live.statistics().output_peaks[0], expected[0]);
    }
}

#[test]
fn samples_at_full_scale_are_counted_on_each_side() {
    let mock = Mock::new();
    // A sample a block at full scale on the first input, and one just below on the second.
    mock.set_input(|channel, seconds| {
        let first = ((seconds * 48_000.0).round() as u64).is_multiple_of(128);
        [1.0, 32_766.0 / 32_768.0][channel] * f32::from(u8::from(first))
    });
    let config = StreamConfig { channels_in: 2, ..StreamConfig::default() };
    let mut live = LiveProcessor::new(gain(1.01), mock.backend(), config).unwrap();
    live.start().unwrap();
    mock.run_blocks(10);
    assert_eq!(live.statistics().input_clips, [10, 0]);
    assert_eq!(live.statistics().output_clips, [10, 10]);
    mock.set_input(|_, _| 0.0);
    mock.run_blocks(10);
    assert_eq!(live.statistics().output_clips, [10, 10], "what falls is not counted again");
}

#[test]
fn a_chain_hears_where_nothing_plays() {
    let mock = Mock::new();
    mock.set_input(|_, _| 0.5);
    let watched = Watched::new(100.0);
    let blocks = watched.blocks.clone();
    let config = StreamConfig { channels_out: 0, ..StreamConfig::default() };
    let chain = Chain::new(vec![Box::new(watched)]).unwrap();
    let mut live = LiveProcessor::new(chain, mock.backend(), config).unwrap();
    live.start().unwrap();
    mock.run_blocks(7);
    assert_eq!(blocks.load(Ordering::SeqCst), 7);
    assert_eq!(live.statistics().input_peaks[0], 0.5);
    assert_eq!(live.statistics().output_peaks, [0.0; 2]);
}

#[test]
fn callbacks_of_any_length_are_played_whole() {
    let mock = Mock::new();
    mock.set_input(|_, seconds| (seconds * 48_000.0).round() as f32);
    mock.record(5_000);
    mock.set_lengths(&[128, 1, 64, 127, 3, 128, 17]);
    let mut live = LiveProcessor::new(gain(2.0), mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    // Callbacks that are longer than what the device said at first are cut.
    mock.set_buffer("Mock", 1_000);
    mock.set_lengths(&[128, 1_000, 1, 999, 300]);
    mock.run_blocks(10);
    let expected: Vec<f32> = (0..4_856).map(|i| (2.0 * i as f32).min(16.0)).collect();
    assert_eq!(mock.recorded()[0], expected, "what goes out is limited to 24 dB above full scale");
    assert_eq!(live.statistics().frames, 4_856);
    assert_eq!(live.statistics().blocks, 10);
}

#[test]
fn blocks_that_take_too_long_are_counted() {
    let mock = Mock::new();
    let mut slow = Watched::new(100.0);
    slow.busy = Some(Duration::from_millis(6));
    let chain = Chain::new(vec![Box::new(slow)]).unwrap();
    let mut live = LiveProcessor::new(chain, mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    mock.run_blocks(20);
    let statistics = live.statistics();
    assert_eq!(statistics.late_blocks, 20, "each lasts 2.7 ms and takes 6");
    assert!(statistics.worst_block >= Duration::from_millis(6));
    assert!(statistics.worst_load > 2.0 && statistics.load > 1.0, "{statistics:?}");
}

#[test]
fn sound_through_a_cable_comes_back_when_the_statistics_say() {
    for separate in [false, true] {
        let cable = LoopBack { samples: 256, gain: 0.5 };
        let mut device = MockDevice::new("Mock", 1, 1).looped_back(cable);
        if separate {
            device = device.in_separate_callbacks();
        }
        let mock = Mock::with_devices(vec![device]).paced(20.0);
        let config = StreamConfig { channels_out: 1, ..StreamConfig::default() };
        let trip = shared::live::measure_round_trip(mock.backend(), config).unwrap();
        assert!((trip.level_db + 6.02).abs() < 0.1, "{trip:?}");
        if separate {
            // What waits between the callbacks comes on top; it is within a block of what is said.
            assert!((trip.measured_samples - trip.reported_samples).abs() <= 128.0, "{trip:?}");
        } else {
            assert!((trip.measured_samples - 256.0).abs() < 1e-3, "{trip:?}");
            assert_eq!(trip.reported_samples, 256.0);
        }
    }
}
