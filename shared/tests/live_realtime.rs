//! What playing live does on the audio thread, seen from the C library: nothing, whatever the devices do.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

#[path = "support/all_effects.rs"]
mod all_effects;
#[path = "support/libc_calls.rs"]
mod libc_calls;

use all_effects::Storm;
use libc_calls::{Calls, count};
use shared::chain::{Chain, processors::Function, processors::Gain};
use shared::live::{LiveProcessor, LoopBack, Mock, MockDevice, StreamConfig};

const NOTHING: Calls = Calls { heap: 0, frees: 0, locks: 0 };

fn gains() -> Chain {
    let gains = (0..4).map(|_| Box::new(Gain::linear(0.9)) as _);
    Chain::new(gains.collect()).unwrap()
}

/// Plays on these devices, on this thread, and counts from the first block on.
fn play(what: &str, mock: &Mock, config: StreamConfig) {
    mock.set_input(|_, seconds| (seconds * 1_000.0).sin() as f32);
    let mut live = LiveProcessor::new(gains(), mock.backend(), config).unwrap();
    let controls = live.controls();
    live.start().unwrap();
    for turn in 0..400u32 {
        controls.set("1.gain", f64::from(turn % 3)).unwrap();
        controls.set("2.on", turn % 7 < 4).unwrap();
        controls.set_bypassed(turn % 11 == 5);
        let calls = count(|| mock.run_seconds(0.01));
        assert_eq!(calls, NOTHING, "{what}, turn {turn}");
        assert_eq!(live.statistics().output_peaks.len(), 2);
    }
    assert!(live.statistics().blocks > 1_000, "{what}");
}

#[test]
fn what_a_chain_calls_is_seen() {
    let mock = Mock::new();
    let takes =
        Function::new("takes memory", 0, |block: &mut [f32]| drop(std::hint::black_box(block.to_vec())));
    let chain = Chain::new(vec![Box::new(takes)]).unwrap();
    let config = StreamConfig { channels_out: 1, ..StreamConfig::default() };
    let mut live = LiveProcessor::new(chain, mock.backend(), config).unwrap();
    live.start().unwrap();
    let calls = count(|| assert_eq!(mock.run_blocks(10), 10));
    assert_eq!(calls, Calls { heap: 10, frees: 10, locks: 0 });
}

#[test]
fn one_callback_calls_nothing() {
    let mock = Mock::with_devices(vec![MockDevice::new("Mock", 4, 8)]);
    for (channels_in, channels_out) in [(1, 1), (1, 2), (2, 1), (0, 2), (2, 0), (4, 8)] {
        let config = StreamConfig { channels_in, channels_out, ..StreamConfig::default() };
        play(&format!("{channels_in} in, {channels_out} out"), &mock, config);
    }
    mock.set_lengths(&[128, 1, 37, 64]);
    play("uneven callbacks", &mock, StreamConfig::default());
    let cable = LoopBack { samples: 300, gain: 0.5 };
    let looped = Mock::with_devices(vec![MockDevice::new("Mock", 2, 2).looped_back(cable)]);
    play("a cable", &looped, StreamConfig::default());
}

#[test]
fn two_callbacks_call_nothing() {
    let mock = Mock::with_devices(vec![MockDevice::new("Mock", 2, 2).in_separate_callbacks()]);
    play("one clock", &mock, StreamConfig::default());
}

#[test]
fn two_clocks_call_nothing() {
    // The fastest clock loses samples, for it is beyond what is followed: that calls nothing either.
    for speed in [1.0, 1.0001, 1.1, 0.9, 1.5] {
        let input = MockDevice::new("Input", 2, 0).drifting(speed).late_by(0.0005);
        let mock = Mock::with_devices(vec![input, MockDevice::new("Output", 0, 2)]);
        let config = StreamConfig { channels_in: 2, ..StreamConfig::default() };
        play(&format!("clocks {speed} apart"), &mock, config);
        mock.set_lengths(&[128, 1, 37, 64]);
        let config = StreamConfig { channels_in: 2, ..StreamConfig::default() };
        play(&format!("uneven callbacks, clocks {speed} apart"), &mock, config);
    }
}

#[test]
fn all_effects_call_nothing_whatever_is_set() {
    let joint = MockDevice::new("Mock", 2, 2);
    let input = MockDevice::new("Input", 2, 0).drifting(1.0001);
    for devices in [vec![joint], vec![input, MockDevice::new("Output", 0, 2)]] {
        let mock = Mock::with_devices(devices);
        mock.set_input(|_, seconds| 0.5 * (seconds * 1_000.0).sin() as f32);
        let mut live =
            LiveProcessor::new(all_effects::chain(), mock.backend(), StreamConfig::default()).unwrap();
        let mut storm = Storm::new(live.controls());
        live.start().unwrap();
        for turn in 0..2_000 {
            storm.blow();
            assert_eq!(count(|| mock.run_seconds(0.003)), NOTHING, "turn {turn}");
        }
        assert!(live.statistics().blocks > 1_000);
    }
}
