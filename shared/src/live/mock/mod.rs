//! Simulated devices.

mod device;
mod world;

pub use device::{LoopBack, MockDevice};

use super::backend::{Backend, Granted, OpenStream, RunningStream, Sound};
use super::signals::Signals;
use super::{DeviceInfo, LiveError, StreamConfig};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use world::{Plan, Reported, World};

/// What passes at once at most, in seconds: a simulation that is behind stays behind.
const LONGEST_STEP_SECONDS: f64 = 0.1;

/// How often a simulation that has a pace goes on.
const PACE: Duration = Duration::from_millis(1);

/// A world of simulated devices. Clones are the same world.
///
/// Time passes only when it is told to, as fast as the machine can, on the thread that calls
/// [`run_blocks`](Mock::run_blocks) or [`run_seconds`](Mock::run_seconds); that thread is the audio thread. A world that is
/// [`paced`](Mock::paced) goes on by itself.
///
/// ```
/// # use shared::chain::{Chain, processors::Gain};
/// # use shared::live::{LiveProcessor, Mock, StreamConfig};
/// let mock = Mock::new();
/// mock.set_input(|_, seconds| (seconds * 2764.6).sin() as f32);
/// mock.record(480);
/// let chain = Chain::new(vec![Box::new(Gain::linear(0.5))])?;
/// let mut live = LiveProcessor::new(chain, mock.backend(), StreamConfig::default())?;
/// live.start()?;
/// mock.run_seconds(1.0);
/// live.stop();
/// assert_eq!(live.statistics().frames, 48_000);
/// let loudest = mock.recorded()[0].iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
/// assert!((loudest - 0.5).abs() < 1e-3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Mock {
    world: Arc<Mutex<World>>,
    /// Simulated seconds in a second; none while time stands still by itself.
    pace: Option<f64>,
}

impl Default for Mock {
    fn default() -> Self {
        Self::new()
    }
}

impl Mock {
    /// A world with one device for both directions, "Mock", with two channels, at 48 kHz.
    pub fn new() -> Self {
        Self::with_devices(vec![MockDevice::new("Mock", 2, 2)])
    }

    /// A world with these devices. The first that has an input is the usual input, and so for the output.
    pub fn with_devices(devices: Vec<MockDevice>) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(devices))), pace: None }
    }

    /// Two devices in real time, to try things on: one on which somebody seems to play, and one whose output is
    /// connected to its input.
    pub(super) fn for_trying() -> Self {
        let cable = MockDevice::new("Mock cable", 2, 2).looped_back(LoopBack { samples: 512, gain: 0.5 });
        let mock = Self::with_devices(vec![MockDevice::new("Mock guitar", 2, 2), cable]).paced(1.0);
        mock.set_input(device::plucked);
        mock
    }

    /// The same world, in which a thread of its own lets time pass while a stream runs: so many seconds in each
    /// second, or fewer where the machine is slower.
    pub fn paced(mut self, pace: f64) -> Self {
        self.pace = Some(pace);
        self
    }

    /// A backend with the devices of this world.
    pub fn backend(&self) -> Box<dyn Backend> {
        Box::new(self.clone())
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets so many callbacks come that play, or that hear where none plays. Returns how many came: none do while
    /// no stream runs.
    pub fn run_blocks(&self, blocks: usize) -> usize {
        self.world().run_blocks(blocks)
    }

    /// Lets time pass, in seconds.
    pub fn run_seconds(&self, seconds: f64) {
        self.world().run_seconds(seconds);
    }

    /// What comes in: the value of a channel at a time in seconds. Devices with a loop hear that instead.
    pub fn set_input(&self, signal: impl FnMut(usize, f64) -> f32 + Send + 'static) {
        self.world().set_input(Box::new(signal));
    }

    /// Keeps the last so many samples of each channel that go out from now on.
    pub fn record(&self, samples: usize) {
        self.world().record(samples);
    }

    /// What was kept, the oldest first.
    pub fn recorded(&self) -> Vec<Vec<f32>> {
        self.world().recorded()
    }

    /// Pulls a device out.
    pub fn unplug(&self, device: &str) {
        self.world().plug(device, false);
    }

    /// Puts a device back.
    pub fn plug_in(&self, device: &str) {
        self.world().plug(device, true);
    }

    /// The stream on this device calls no more, and nobody says so. One that is opened anew does call.
    pub fn stall(&self, device: &str) {
        self.world().stall(device);
    }

    /// From now on, streams do or do not wait for better times before they end.
    pub fn hang(&self, hanging: bool) {
        self.world().hanging = hanging;
    }

    /// The device runs at this rate from now on, and at no other.
    pub fn set_rate(&self, device: &str, sample_rate_hz: u32) {
        self.world().set_rate(device, sample_rate_hz);
    }

    /// The device calls with this buffer from now on, and with no other.
    pub fn set_buffer(&self, device: &str, buffer_samples: u32) {
        self.world().set_buffer(device, buffer_samples);
    }

    /// Callbacks that play come with these lengths in turn, none longer than the buffer; an empty list for the buffer.
    pub fn set_lengths(&self, lengths: &[usize]) {
        self.world().set_lengths(lengths);
    }

    /// The next callbacks hear nothing of so many samples that came in; the device reports one gap.
    pub fn overrun(&self, samples: usize) {
        self.world().overrun(samples);
    }

    /// So many samples go out that nobody was asked for; the device reports one gap.
    pub fn underrun(&self, samples: usize) {
        self.world().underrun(samples);
    }

    /// The next attempt to open a stream fails with this; several are taken in turn.
    pub fn refuse(&self, error: LiveError) {
        self.world().refuse(error);
    }

    /// The next stream that is opened does not start, with this.
    pub fn refuse_to_run(&self, error: LiveError) {
        self.world().refuse_to_run(error);
    }
}

impl Backend for Mock {
    fn name(&self) -> &'static str {
        "mock"
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, LiveError> {
        Ok(self.world().infos())
    }

    fn open(
        &mut self,
        config: &StreamConfig,
        signals: Arc<Signals>,
    ) -> Result<Box<dyn OpenStream>, LiveError> {
        let plan = self.world().plan(config, signals)?;
        Ok(Box::new(Opened { mock: self.clone(), plan }))
    }
}

struct Opened {
    mock: Mock,
    plan: Plan,
}

impl OpenStream for Opened {
    fn granted(&self) -> Granted {
        self.plan.granted.clone()
    }

    fn run(self: Box<Self>, sound: Sound) -> Result<Box<dyn RunningStream>, LiveError> {
        let Self { mock, plan } = *self;
        let reported = plan.reported.clone();
        mock.world().run(plan, sound)?;
        let ended = Arc::new(AtomicBool::new(false));
        let mut running = Running { mock: mock.clone(), reported, ended: ended.clone(), pace: None };
        if let Some(pace) = mock.pace {
            let thread = std::thread::Builder::new().name("tonewright mock".into());
            running.pace = Some(thread.spawn(move || keep_pace(&mock, pace, &ended))?);
        }
        Ok(Box::new(running))
    }
}

/// Lets time pass.
fn keep_pace(mock: &Mock, pace: f64, ended: &AtomicBool) {
    let mut before = Instant::now();
    while !ended.load(Ordering::Acquire) {
        let now = Instant::now();
        mock.run_seconds(pace * now.duration_since(before).as_secs_f64().min(LONGEST_STEP_SECONDS));
        before = now;
        std::thread::sleep(PACE);
    }
}

struct Running {
    mock: Mock,
    reported: Arc<Reported>,
    ended: Arc<AtomicBool>,
    pace: Option<JoinHandle<()>>,
}

impl RunningStream for Running {
    fn keeps_time(&self) -> bool {
        self.pace.is_some()
    }

    fn latency_samples(&self) -> Option<[usize; 2]> {
        Some(self.reported.latency_samples())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(pace) = self.pace.take() {
            // What it may have panicked of has been printed.
            drop(pace.join());
        }
        while self.mock.world().hanging {
            std::thread::sleep(PACE);
        }
        drop(self.mock.world().end());
    }
}
