//! Measuring through loops that are known.

use super::*;
use crate::chain::{Purpose, StreamFormat};
use crate::live::{LoopBack, Mock, MockDevice};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a cable, and what else there is, make of the output.
struct Cable {
    /// Delay in samples, and gain, of each way back.
    ways: Vec<(usize, f32)>,
    /// Largest sample of the noise that comes with it.
    noise: f32,
    /// Samples of the input that get lost in the middle.
    lost: usize,
    /// What the input cuts off.
    ceiling: f32,
}

impl Default for Cable {
    fn default() -> Self {
        Self { ways: Vec::new(), noise: 0.0, lost: 0, ceiling: f32::MAX }
    }
}

/// Plays the probe through a cable in blocks, as a device would: what comes in with a block was made of
/// earlier ones.
fn measure(
    cable: &Cable,
    sample_rate_hz: f64,
    block: usize,
    channels: usize,
) -> Result<Located, LatencyError> {
    let (probe, recorder) = Probe::new();
    let mut chain = Chain::new(vec![Box::new(probe)])?;
    chain.prepare(StreamFormat {
        sample_rate_hz,
        max_block_samples: block,
        channels_in: channels,
        channels_out: channels,
        purpose: Purpose::Live,
    })?;
    let tape = recorder.tape().expect("it is prepared");
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let (mut played, mut lost) = (Vec::<f32>::new(), 0);
    while !tape.is_complete() {
        let now = played.len();
        if now as f64 > sample_rate_hz * 2.2 {
            lost = cable.lost;
        }
        let mut memory = vec![vec![0.0f32; block]; channels];
        for (i, sample) in memory[channels - 1].iter_mut().enumerate() {
            let back = |&(delay, gain): &(usize, f32)| {
                let from = (now + i + lost).checked_sub(delay)?;
                Some(gain * played.get(from)?)
            };
            let sum: f32 = cable.ways.iter().filter_map(back).sum();
            *sample = sum + cable.noise * random.random_range(-1.0..=1.0f32);
            *sample = sample.clamp(-cable.ceiling, cable.ceiling);
        }
        let mut signals: Vec<_> = memory.iter_mut().map(Vec::as_mut_slice).collect();
        chain.process(&mut signals);
        played.extend_from_slice(&memory[0]);
    }
    locate(&tape, 0)
}

#[test]
fn whole_delays_are_found_at_any_rate_and_block() {
    for (rate, block, delay) in
        [(44_100.0, 64, 64), (48_000.0, 128, 1000), (96_000.0, 4096, 90_000), (22_050.0, 1000, 1003)]
    {
        let cable = Cable { ways: vec![(delay, 0.5)], ..Cable::default() };
        let found = measure(&cable, rate, block, 1).unwrap();
        assert!((found.delay_samples - delay as f64).abs() < 0.02, "{}, not {delay}", found.delay_samples);
        assert!(found.spread_samples < 0.02 && (found.gain - 0.5).abs() < 0.01 && !found.clipped);
    }
}

#[test]
fn a_weak_signal_upside_down_is_found_under_noise_on_the_second_input() {
    // The noise is four times as strong as what comes back.
    let cable = Cable { ways: vec![(777, -0.01)], noise: 0.009, ..Cable::default() };
    let found = measure(&cable, 48_000.0, 256, 2).unwrap();
    assert!((found.delay_samples - 777.0).abs() < 0.1, "{}", found.delay_samples);
    assert!((20.0 * found.gain.abs().log10() + 40.0).abs() < 1.0 && found.gain < 0.0, "{}", found.gain);
    assert_eq!(found.channel, 1);
}

#[test]
fn no_way_back_is_said_with_what_came_in_instead() {
    let failed = measure(&Cable::default(), 48_000.0, 256, 1).err().unwrap().to_string();
    assert!(failed.contains("digital silence") && failed.contains("cable"), "{failed}");
    let cable = Cable { noise: 0.1, ..Cable::default() };
    let failed = measure(&cable, 48_000.0, 256, 1).err().unwrap().to_string();
    assert!(failed.contains("-20.0 dBFS"), "{failed}");
}

#[test]
fn two_ways_back_are_ambiguous() {
    let cable = Cable { ways: vec![(400, 0.4), (1300, 0.5)], ..Cable::default() };
    let failed = measure(&cable, 48_000.0, 256, 1).err().unwrap();
    let LatencyError::Ambiguous { first_ms, second_ms, louder_db } = failed else { panic!("{failed}") };
    assert!((first_ms - 1300.0 / 48.0).abs() < 0.01 && (second_ms - 400.0 / 48.0).abs() < 0.01);
    assert!((louder_db - 1.94).abs() < 0.1, "{louder_db}");
}

#[test]
fn lost_samples_are_told_from_a_delay() {
    let cable = Cable { ways: vec![(5000, 0.5)], lost: 512, ..Cable::default() };
    let failed = measure(&cable, 48_000.0, 256, 1).err().unwrap();
    // They are lost behind what came back of the first burst.
    let LatencyError::Unsteady { found: 3, spread_samples, .. } = failed else { panic!("{failed}") };
    assert!((spread_samples - 512.0).abs() < 0.02, "{spread_samples}");
}

#[test]
fn clipping_leaves_the_delay_and_is_told() {
    let cable = Cable { ways: vec![(321, 30.0)], ceiling: 1.0, ..Cable::default() };
    let found = measure(&cable, 48_000.0, 256, 1).unwrap();
    assert!(found.clipped && (found.delay_samples - 321.0).abs() < 0.02, "{}", found.delay_samples);
}

/// Measures on a simulated device, whose time passes while it is measured.
fn measure_on(device: MockDevice, config: StreamConfig) -> Result<RoundTrip, LatencyError> {
    let mock = Mock::with_devices(vec![device]);
    let backend = mock.backend();
    let measuring = std::thread::spawn(move || measure_round_trip(backend, config));
    while !measuring.is_finished() {
        mock.run_seconds(0.1);
        std::thread::sleep(Duration::from_millis(1));
    }
    measuring.join().unwrap()
}

#[test]
fn a_simulated_card_is_measured_as_its_cable_is_long() {
    for (sample_rate_hz, buffer_samples, samples, gain) in
        [(48_000, 128, 256, 0.5), (44_100, 64, 1234, -0.01), (96_000, 1024, 3000, 1.0)]
    {
        let device = MockDevice::new("Card", 2, 2).looped_back(LoopBack { samples, gain });
        let sample_rate_hz = Some(sample_rate_hz);
        let config = StreamConfig { sample_rate_hz, buffer_samples, ..StreamConfig::default() };
        let trip = measure_on(device, config).unwrap();
        let away = (trip.measured_samples - samples as f64).abs();
        assert!(away < 0.02 && trip.spread_samples < 0.02, "{trip:?}");
        assert_eq!(Some(trip.sample_rate_hz), sample_rate_hz);
        // It reports one buffer in either direction.
        assert_eq!(
            (trip.buffer_samples, trip.reported_samples),
            (buffer_samples, f64::from(2 * buffer_samples))
        );
        let level_db = 20.0 * f64::from(gain).abs().log10();
        assert!((trip.level_db - level_db).abs() < 0.1 && trip.inverted == (gain < 0.0), "{trip:?}");
        assert!(!trip.clipped && trip.xruns == 0 && trip.channel == 0);
    }
}

#[test]
fn of_inputs_that_hear_the_same_the_first_is_named() {
    let device = MockDevice::new("Card", 2, 2).looped_back(LoopBack { samples: 256, gain: 0.5 });
    let config = StreamConfig { channels_in: 2, ..StreamConfig::default() };
    let trip = measure_on(device, config).unwrap();
    assert_eq!((trip.measured_samples.round(), trip.channel), (256.0, 0));
}

#[test]
fn no_simulated_card_is_quicker_than_it_reports() {
    for separate in [false, true] {
        for buffer_samples in [64, 1_024] {
            let mut device = MockDevice::new("Card", 2, 2).looped_back(LoopBack { samples: 1, gain: 0.5 });
            if separate {
                device = device.in_separate_callbacks();
            }
            let trip =
                measure_on(device, StreamConfig { buffer_samples, ..StreamConfig::default() }).unwrap();
            assert!((trip.measured_samples - trip.reported_samples).abs() < 0.02, "{trip:?}");
        }
    }
}

#[test]
fn what_waits_between_two_callbacks_counts() {
    let cable = LoopBack { samples: 128, gain: 0.5 };
    let device = MockDevice::new("Card", 2, 2).in_separate_callbacks().looped_back(cable);
    let trip = measure_on(device, StreamConfig::default()).unwrap();
    assert!(trip.measured_samples > 128.0 + 100.0, "{trip:?}");
    // The cable is made as long as what the device says it takes.
    let away = trip.measured_samples - trip.reported_samples;
    assert!(away.abs() < 0.02, "{trip:?}");
}

#[test]
fn a_stream_of_one_way_and_a_missing_cable_are_told() {
    let config = StreamConfig { channels_in: 0, ..StreamConfig::default() };
    let failed = measure_on(MockDevice::new("Card", 2, 2), config).unwrap_err();
    assert!(matches!(failed, LatencyError::OneWay { channels_in: 0, channels_out: 2 }), "{failed}");
    let failed = measure_on(MockDevice::new("Card", 2, 2), StreamConfig::default()).unwrap_err();
    assert!(matches!(failed, LatencyError::Nothing { peak: 0.0, .. }), "{failed}");
}
