//! What these tests share.

use shared::chain::processors::Gain;
use shared::chain::{Chain, Format, Parameter, Processor, ProcessorError, Purpose};
use shared::live::{LiveProcessor, State, Statistics};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Far more than anything here takes on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// A chain of one gain.
pub fn gain(factor: f64) -> Chain {
    Chain::new(vec![Box::new(Gain::linear(factor))]).unwrap()
}

/// Waits until `done` is true.
pub fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the stream has come through an event and runs.
pub fn wait_until(live: &LiveProcessor, what: &str, done: impl Fn(&Statistics) -> bool) {
    wait(what, || live.state() == State::Running && done(&live.statistics()));
}

/// Whether the device is gone and looked for.
pub fn reconnecting(live: &LiveProcessor) -> bool {
    matches!(live.state(), State::Reconnecting(_))
}

/// A processor with a frequency as its parameter, which tells what it was prepared for, and can have faults.
pub struct Watched {
    parameters: [Parameter; 1],
    pub prepared: Arc<AtomicU64>,
    pub blocks: Arc<AtomicU64>,
    pub panic_at: Option<u64>,
    pub panic_at_hz: Option<f64>,
    pub busy: Option<Duration>,
}

impl Watched {
    pub fn new(cutoff_hz: f64) -> Self {
        Self {
            parameters: [Parameter::frequency("cutoff", 1.0, 90_000.0, cutoff_hz)],
            prepared: Arc::default(),
            blocks: Arc::default(),
            panic_at: None,
            panic_at_hz: None,
            busy: None,
        }
    }
}

impl Processor for Watched {
    fn kind(&self) -> &'static str {
        "watched"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        assert!(self.panic_at_hz != Some(format.sample_rate_hz), "a fault at {} Hz", format.sample_rate_hz);
        self.prepared.store(format.sample_rate_hz as u64, Ordering::SeqCst);
        Ok(())
    }

    fn process(&mut self, _: &mut [&mut [f32]]) {
        let block = self.blocks.fetch_add(1, Ordering::SeqCst);
        if let Some(busy) = self.busy {
            let began = Instant::now();
            while began.elapsed() < busy {
                std::hint::spin_loop();
            }
        }
        assert!(self.panic_at != Some(block), "a fault in block {block}");
    }

    fn reset(&mut self) {}
}

/// The sine that lies in a signal: frequency in cycles a sample, amplitude, and what is left besides, both as RMS.
/// The frequency is sought near `near`.
pub fn fit_sine(signal: &[f32], near: f64) -> (f64, f64, f64) {
    let residue = |frequency: f64| {
        let omega = std::f64::consts::TAU * frequency;
        // The normal equations of a sine and a cosine.
        let (mut ss, mut cc, mut sc, mut xs, mut xc, mut xx) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (i, &x) in signal.iter().enumerate() {
            let ((s, c), x) = ((omega * i as f64).sin_cos(), f64::from(x));
            ss += s * s;
            cc += c * c;
            sc += s * c;
            xs += x * s;
            xc += x * c;
            xx += x * x;
        }
        let determinant = ss * cc - sc * sc;
        let (a, b) = ((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant);
        let explained = a * xs + b * xc;
        let left = ((xx - explained).max(0.0) / signal.len() as f64).sqrt();
        (left, a.hypot(b) / 2f64.sqrt())
    };
    let width = 0.5 / signal.len() as f64;
    let (mut low, mut high) = (near - width, near + width);
    // Down to a ten-millionth of a cycle over a second.
    for _ in 0..32 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if residue(a).0 < residue(b).0 { high = b } else { low = a }
    }
    let frequency = (low + high) / 2.0;
    let (left, sine) = residue(frequency);
    (frequency, sine, left)
}
