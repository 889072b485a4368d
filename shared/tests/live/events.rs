//! Devices that go, come back, change and refuse.

use crate::common::{Watched, gain, reconnecting, wait, wait_until};
use shared::chain::Chain;
use shared::live::{
    Backend, DeviceInfo, Granted, LiveError, LiveProcessor, Mock, MockDevice, OpenStream, RunningStream,
    Signals, Sound, State, StreamConfig,
};
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[test]
fn a_device_that_is_pulled_out_and_put_back_goes_on_with_what_was_set() {
    let mock = Mock::new();
    mock.set_input(|_, _| 0.5);
    mock.record(128);
    let mut live = LiveProcessor::new(gain(1.0), mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    let mut blocks = 0;
    for turn in 0..20u32 {
        blocks += mock.run_blocks(20);
        mock.unplug("Mock");
        wait("the loss is seen", || reconnecting(&live));
        assert_eq!(mock.run_blocks(1), 0);
        // Set while there is no device.
        let factor = f64::from(turn) / 20.0;
        live.set("0.gain", factor).unwrap();
        assert_eq!(live.statistics().restarts, u64::from(turn));
        mock.plug_in("Mock");
        wait_until(&live, "it is back", |s| s.restarts == u64::from(turn) + 1);
        blocks += mock.run_blocks(1);
        assert!((f64::from(mock.recorded()[0][127]) - 0.5 * factor).abs() < 1e-6, "turn {turn}");
    }
    let statistics = live.statistics();
    assert_eq!((statistics.restarts, statistics.changes, statistics.xruns), (20, 0, 0));
    assert_eq!(statistics.blocks, blocks as u64, "counted through all losses");
}

#[test]
fn it_can_be_stopped_while_there_is_no_device() {
    let mock = Mock::new();
    let mut live = LiveProcessor::new(gain(1.0), mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    mock.unplug("Mock");
    wait("the loss is seen", || reconnecting(&live));
    live.stop();
    assert_eq!(live.state(), State::Stopped);
    assert!(matches!(live.start(), Err(LiveError::NoDevices(_))));
    mock.plug_in("Mock");
    live.start().unwrap();
    assert_eq!(mock.run_blocks(5), 5);
}

#[test]
fn a_new_rate_prepares_the_chain_anew() {
    let mock = Mock::new();
    let watched = Watched::new(1_000.0);
    let prepared = watched.prepared.clone();
    // Asked for by number: what the device does later counts more.
    let config = StreamConfig { sample_rate_hz: Some(48_000), ..StreamConfig::default() };
    let chain = Chain::new(vec![Box::new(watched)]).unwrap();
    let mut live = LiveProcessor::new(chain, mock.backend(), config).unwrap();
    live.start().unwrap();
    assert_eq!(prepared.load(Ordering::SeqCst), 48_000);
    live.set("0.cutoff", 20_000.0).unwrap();
    for (turn, hz) in (1u64..).zip([96_000u32, 44_100, 88_200]) {
        mock.set_rate("Mock", hz);
        wait_until(&live, "it runs at the new rate", |s| s.sample_rate_hz == hz && s.changes == turn);
        assert_eq!(prepared.load(Ordering::SeqCst), u64::from(hz));
        assert_eq!(mock.run_blocks(3), 3);
        assert_eq!(live.controls().get("0.cutoff").unwrap(), 20_000.0);
    }
    assert_eq!(live.statistics().restarts, 0, "it was never lost");
}

#[test]
fn a_cutoff_above_the_new_nyquist_is_told_and_the_chain_kept() {
    let mock = Mock::new();
    let chain = Chain::new(vec![Box::new(Watched::new(1_000.0))]).unwrap();
    let mut live = LiveProcessor::new(chain, mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    live.set("0.cutoff", 23_000.0).unwrap();
    mock.set_rate("Mock", 44_100);
    wait("it fails", || matches!(live.state(), State::Failed(_)));
    let State::Failed(why) = live.state() else { unreachable!() };
    assert!(why.contains("23000 Hz") && why.contains("22050 Hz"), "{why}");
    assert!(matches!(live.start(), Err(LiveError::Chain(_))));
    live.set("0.cutoff", 20_000.0).unwrap();
    live.start().unwrap();
    assert_eq!(mock.run_blocks(3), 3);
    assert_eq!(live.statistics().sample_rate_hz, 44_100);
}

#[test]
fn another_buffer_needs_no_new_stream_where_there_is_one_callback() {
    for (separate, reopened) in [(false, false), (true, true)] {
        let device = MockDevice::new("Mock", 2, 2);
        let device = if separate { device.in_separate_callbacks() } else { device };
        let mock = Mock::with_devices(vec![device]);
        let watched = Watched::new(1_000.0);
        let prepared = watched.prepared.clone();
        let chain = Chain::new(vec![Box::new(watched)]).unwrap();
        let mut live = LiveProcessor::new(chain, mock.backend(), StreamConfig::default()).unwrap();
        live.start().unwrap();
        prepared.store(0, Ordering::SeqCst);
        mock.set_buffer("Mock", 512);
        wait_until(&live, "the buffer is seen", |s| s.buffer_samples == 512);
        wait_until(&live, "the latency is", |s| s.latency_samples >= 1_024);
        mock.run_blocks(10);
        assert_eq!(live.statistics().changes, 1);
        assert_eq!(prepared.load(Ordering::SeqCst) > 0, reopened, "separate: {separate}");
    }
}

#[test]
fn a_device_that_falls_silent_is_opened_again() {
    let separate = MockDevice::new("Mock", 2, 2).in_separate_callbacks();
    for device in [MockDevice::new("Mock", 2, 2), separate] {
        let mock = Mock::with_devices(vec![device]).paced(1.0);
        let mut live = LiveProcessor::new(gain(1.0), mock.backend(), StreamConfig::default()).unwrap();
        live.start().unwrap();
        wait_until(&live, "it plays", |s| s.blocks > 10);
        mock.refuse(LiveError::Busy { device: "Mock".into() });
        mock.stall("Mock");
        wait_until(&live, "it is back", |s| s.restarts == 1);
        let blocks = live.statistics().blocks;
        wait_until(&live, "it plays again", |s| s.blocks > blocks + 10);
    }
}

#[test]
fn a_device_that_hangs_holds_nobody_up_and_can_be_played_later() {
    let mock = Mock::new().paced(1.0);
    let mut live = LiveProcessor::new(gain(1.0), mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    mock.hang(true);
    mock.unplug("Mock");
    wait("it fails", || matches!(live.state(), State::Failed(_)));
    let State::Failed(why) = live.state() else { unreachable!() };
    assert!(why.contains("hangs"), "{why}");
    mock.plug_in("Mock");
    live.stop();
    assert!(live.start().is_err());
    mock.hang(false);
    wait("it can be started", || live.start().is_ok());
    wait_until(&live, "it plays", |s| s.blocks > 10);
    live.stop();
    assert!(live.into_chain().is_some());
}

#[test]
fn why_a_device_is_gone_and_does_not_come_back_is_told() {
    let mock = Mock::new();
    let mut live = LiveProcessor::new(gain(1.0), mock.backend(), StreamConfig::default()).unwrap();
    live.start().unwrap();
    mock.unplug("Mock");
    let why = "\"Mock\" was pulled out; there is no sound device: all mock devices are unplugged";
    wait("it is told", || live.state() == State::Reconnecting(Some(why.into())));
}

/// Panics where it is told to.
struct Faulty {
    mock: Box<dyn Backend>,
    opened: u32,
    at: u32,
    in_run: bool,
}

impl Backend for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, LiveError> {
        self.mock.devices()
    }

    fn open(
        &mut self,
        config: &StreamConfig,
        signals: Arc<Signals>,
    ) -> Result<Box<dyn OpenStream>, LiveError> {
        self.opened += 1;
        let panics = self.opened == self.at;
        assert!(!panics || self.in_run, "a fault when it is opened");
        let stream = self.mock.open(config, signals)?;
        Ok(if panics { Box::new(FaultyStream(stream)) } else { stream })
    }
}

struct FaultyStream(Box<dyn OpenStream>);

impl OpenStream for FaultyStream {
    fn granted(&self) -> Granted {
        self.0.granted()
    }

    fn run(self: Box<Self>, _: Sound) -> Result<Box<dyn RunningStream>, LiveError> {
        panic!("a fault when it is run")
    }
}

#[test]
fn a_backend_that_panics_is_told_of_and_the_chain_kept() {
    for in_run in [false, true] {
        for at in [1, 2] {
            let mock = Mock::new();
            let faulty = Box::new(Faulty { mock: mock.backend(), opened: 0, at, in_run });
            let mut live = LiveProcessor::new(gain(1.0), faulty, StreamConfig::default()).unwrap();
            let started = live.start();
            if at == 1 {
                assert!(matches!(started, Err(LiveError::Panicked(why)) if why.starts_with("a fault when")));
            } else {
                mock.set_rate("Mock", 44_100);
                wait("the fault is told", || matches!(live.state(), State::Failed(_)));
            }
            live.start().unwrap();
            assert_eq!(mock.run_blocks(3), 3);
            assert!(live.into_chain().is_some());
        }
    }
}

#[test]
fn every_gap_is_counted() {
    for separate in [false, true] {
        let device = MockDevice::new("Mock", 2, 2);
        let device = if separate { device.in_separate_callbacks() } else { device };
        let mock = Mock::with_devices(vec![device]);
        let mut live = LiveProcessor::new(gain(1.0), mock.backend(), StreamConfig::default()).unwrap();
        live.start().unwrap();
        for turn in 1..=500 {
            mock.run_blocks(3);
            if turn % 2 == 0 {
                mock.overrun(100)
            } else {
                mock.underrun(100)
            }
            assert_eq!(live.statistics().xruns, turn);
        }
        mock.run_blocks(3);
        assert_eq!(live.statistics().blocks, 1_503);
        assert_eq!(live.state(), State::Running);
    }
}

#[test]
fn what_is_lost_between_two_callbacks_is_counted_to_the_sample() {
    let mock = Mock::with_devices(vec![MockDevice::new("Mock", 1, 1).in_separate_callbacks()]);
    let config = StreamConfig { channels_out: 1, ..StreamConfig::default() };
    let mut live = LiveProcessor::new(gain(1.0), mock.backend(), config).unwrap();
    // A ramp, so that every sample tells its place.
    mock.set_input(|_, seconds| (seconds * 48.0) as f32);
    live.start().unwrap();
    mock.run_seconds(0.1);
    let before = live.statistics();
    assert_eq!((before.overruns, before.underruns), (0, 0));
    // Four blocks do not come in: so many samples are missing, less what waits for such a case.
    mock.overrun(4 * 128);
    mock.run_seconds(0.1);
    let missing = live.statistics().underruns;
    assert!(
        (384..=640).contains(&missing),
        "all that is lost is missed, and what waits is as before: {missing}"
    );
    mock.run_seconds(1.0);
    assert_eq!(live.statistics().underruns, missing, "it has caught itself");
    assert_eq!(live.statistics().overruns, 0);
    // A second is not played: all of it is too much, but for what always waits.
    mock.underrun(48_000);
    mock.run_seconds(1.1);
    let lost = live.statistics().overruns;
    assert!((47_000..=48_512).contains(&lost), "{lost}");
    mock.run_seconds(1.0);
    assert_eq!(live.statistics().overruns, lost);
    assert_eq!(live.statistics().underruns, missing);
    assert_eq!(live.statistics().xruns, 2);
}

#[test]
fn a_stream_that_cannot_be_opened_says_why_and_can_be_tried_again() {
    let mock = Mock::new();
    let mut live = LiveProcessor::new(gain(0.5), mock.backend(), StreamConfig::default()).unwrap();
    let device = || "Mock".to_owned();
    mock.refuse(LiveError::Busy { device: device() });
    assert!(matches!(live.start(), Err(LiveError::Busy { .. })));
    mock.refuse_to_run(LiveError::Device { device: device(), why: "no power".into() });
    assert_eq!(live.start().unwrap_err().to_string(), "\"Mock\": no power");
    assert_eq!(live.state(), State::Stopped);
    live.start().unwrap();
    // What refuses while it is looked for again is tried again.
    mock.refuse(LiveError::Busy { device: device() });
    mock.refuse_to_run(LiveError::Lost { device: device(), why: "gone".into() });
    mock.refuse(LiveError::Denied { device: device(), why: "not yet".into() });
    mock.unplug("Mock");
    mock.plug_in("Mock");
    wait_until(&live, "it is back", |s| s.restarts == 1);
    assert_eq!(mock.run_blocks(5), 5);
}
