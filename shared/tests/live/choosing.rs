//! What can be asked for, and how devices are chosen.

use crate::common::gain;
use shared::live::{
    BackendChoice, Direction, LatencyHint, LiveError, LiveProcessor, Mock, MockDevice, StreamConfig, backend,
};

fn config(change: impl FnOnce(&mut StreamConfig)) -> StreamConfig {
    let mut config = StreamConfig::default();
    change(&mut config);
    config
}

#[test]
fn a_configuration_knows_its_direction_and_how_long_a_buffer_lasts() {
    let of =
        |channels_in, channels_out| StreamConfig { channels_in, channels_out, ..StreamConfig::default() };
    assert_eq!(of(1, 2).direction(), Direction::Duplex);
    assert_eq!(of(0, 2).direction(), Direction::Output);
    assert_eq!(of(1, 0).direction(), Direction::Input);
    let at = |hz| config(|c| (c.sample_rate_hz, c.buffer_samples) = (hz, 96)).latency_ms();
    assert_eq!(at(Some(96_000)), 1.0);
    assert_eq!(at(None), 2.0);
}

#[test]
fn what_makes_no_sense_is_refused_with_the_value() {
    let refused = |change: fn(&mut StreamConfig)| {
        let config = config(change);
        let made = LiveProcessor::new(gain(1.0), Mock::new().backend(), config.clone());
        let (error, same) = (config.validate().unwrap_err(), made.err().unwrap());
        assert_eq!(error.to_string(), same.to_string());
        error
    };
    let error = refused(|c| (c.channels_in, c.channels_out) = (0, 0));
    assert!(matches!(error, LiveError::NoChannels), "{error}");
    let error = refused(|c| c.channels_in = 9);
    assert!(matches!(error, LiveError::TooManyChannels { channels: 9, most: 8, .. }), "{error}");
    for samples in [0, 7, 16_385, u32::MAX] {
        let error = config(|c| c.buffer_samples = samples).validate().unwrap_err();
        assert!(error.to_string().contains(&format!("{samples} samples")), "{error}");
    }
    for hz in [0, 7_999, 768_001] {
        let error = config(|c| c.sample_rate_hz = Some(hz)).validate().unwrap_err();
        assert!(error.to_string().contains(&format!("{hz} Hz")), "{error}");
    }
    let error = refused(|c| c.output_device = Some(" ".into()));
    assert!(matches!(error, LiveError::EmptyName { direction: Direction::Output }), "{error}");
    config(|c| (c.buffer_samples, c.latency) = (8, LatencyHint::High)).validate().unwrap();
}

/// Starts on three devices, and says what was refused.
fn start(change: impl FnOnce(&mut StreamConfig)) -> Result<(), LiveError> {
    let mock = Mock::with_devices(vec![
        MockDevice::new("USB Guitar Link", 1, 0),
        MockDevice::new("USB Audio Codec", 2, 2),
        MockDevice::new("Speakers", 0, 2).at_rate(44_100),
    ]);
    let mut live = LiveProcessor::new(gain(1.0), mock.backend(), config(change))?;
    live.start()
}

#[test]
fn devices_are_chosen_by_their_names_or_by_a_part_of_them() {
    start(|_| {}).unwrap();
    start(|c| c.input_device = Some("guitar".into())).unwrap();
    start(|c| c.output_device = Some("Speakers".into())).unwrap();
    // Only one of the two plays.
    start(|c| c.output_device = Some("usb".into())).unwrap();
    let error = start(|c| c.input_device = Some("usb".into())).unwrap_err();
    assert!(matches!(&error, LiveError::AmbiguousDevice { matching, .. } if matching.len() == 2), "{error}");
    let error = start(|c| c.output_device = Some("guitar".into())).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, LiveError::NoSuchDevice { .. }), "{text}");
    assert!(text.contains("USB Audio Codec") && text.contains("Speakers"), "{text}");
}

#[test]
fn what_a_device_cannot_do_is_refused_with_what_it_can() {
    let error = start(|c| c.channels_in = 2).unwrap_err();
    assert_eq!(error.to_string(), "\"USB Guitar Link\" has 1 channels of input, not 2");
    let error = start(|c| c.sample_rate_hz = Some(22_050)).unwrap_err();
    assert!(error.to_string().ends_with("it runs at: 44100, 48000, 88200, 96000"), "{error}");
    let mut live =
        LiveProcessor::new(gain(1.0), Mock::with_devices(vec![]).backend(), StreamConfig::default()).unwrap();
    assert!(matches!(live.start(), Err(LiveError::NoDevices(_))));
    assert!(Mock::with_devices(vec![]).backend().devices().unwrap().is_empty());
}

#[test]
fn the_devices_to_try_things_on_play_by_themselves() {
    let mut mock = backend(BackendChoice::Mock).unwrap();
    assert_eq!(mock.name(), "mock");
    let names: Vec<_> = mock.devices().unwrap().into_iter().map(|device| device.name).collect();
    assert_eq!(names, ["Mock guitar", "Mock cable"]);
    let mut live = LiveProcessor::new(gain(1.0), mock, StreamConfig::default()).unwrap();
    live.start().unwrap();
    crate::common::wait("somebody plays", || live.statistics().output_peaks[1] > 0.01);
    live.stop();
}
