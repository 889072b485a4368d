//! The noise gate: hears the guitar before the amp, and turns it down there or behind the amp.

use super::loops::peak;
use super::{GateControls, RackFormat};
use shared::dsp::delay::Delay;
use shared::dsp::gate::{Detector, GateGain};
use shared::dsp::ramp::Ramp;

/// How long it takes to open, in seconds.
const ATTACK_SECONDS: f64 = 0.001;

/// What is left when it is closed, in dB.
const RANGE_DB: f64 = -80.0;

/// How long the way into the path and out of it takes, in seconds.
const FADE_SECONDS: f64 = 0.020;

/// The gate. Its gain is known before the amp and kept for what comes out of it, as late as that.
pub(super) struct Gate {
    sample_rate_hz: f64,
    detector: Detector,
    gain: GateGain,
    /// The gain as of the last sample.
    now: f32,
    /// How much of it acts before the amp, and how much behind.
    before: Ramp,
    after: Ramp,
    wait: Delay,
    gains: Vec<f32>,
    late: Vec<f32>,
    shares: Vec<f32>,
}

impl Gate {
    /// A gate that is out of the path.
    pub fn new() -> Self {
        Self {
            sample_rate_hz: 1.0,
            detector: Detector::new(1.0),
            gain: GateGain::new(),
            now: 0.0,
            before: Ramp::new(0.0, 1),
            after: Ramp::new(0.0, 1),
            wait: Delay::new(0),
            gains: Vec::new(),
            late: Vec::new(),
            shares: Vec::new(),
        }
    }

    /// Gets ready for an amp of that delay. Not for the audio thread.
    pub fn prepare(&mut self, format: &RackFormat, amp_latency_samples: usize) {
        self.sample_rate_hz = format.sample_rate_hz;
        self.detector = Detector::new(format.sample_rate_hz);
        self.gain.reset();
        self.before = Ramp::new(0.0, format.samples(FADE_SECONDS));
        self.after = Ramp::new(0.0, format.samples(FADE_SECONDS));
        self.wait = Delay::new(amp_latency_samples);
        let block = vec![0.0; format.max_block_samples];
        (self.gains, self.late, self.shares) = (block.clone(), block.clone(), block);
    }

    /// What the player wants, at the beginning of a block.
    pub fn aim(&mut self, controls: &GateControls, jump: bool) {
        let level = |db: f32| 10f32.powf(db / 20.0);
        let samples = |ms: f32| f64::from(ms) * 1e-3 * self.sample_rate_hz;
        let closes_db = controls.threshold_db - controls.hysteresis_db;
        let hold_samples = samples(controls.hold_ms).round() as usize;
        self.detector.set(level(controls.threshold_db), level(closes_db), hold_samples);
        let attack_samples = ATTACK_SECONDS * self.sample_rate_hz;
        self.gain.set(RANGE_DB, attack_samples, samples(controls.release_ms));
        let share = |acts: bool| f32::from(u8::from(acts));
        self.before.aim(share(controls.on && !controls.after_amp));
        self.after.aim(share(controls.on && controls.after_amp));
        if jump {
            self.before.finish();
            self.after.finish();
        }
    }

    /// Hears the guitar, all channels together, and turns it down where it acts before the amp.
    pub fn before(&mut self, signal: &mut [Vec<f32>], length: usize) {
        let gains = &mut self.gains[..length];
        let mut at = 0;
        while at < length {
            let certain = if self.gain.is_open() { self.detector.certain_samples() } else { 0 };
            let to = length.min(at + certain);
            if at < to {
                self.detector.hear(signal.iter().fold(0.0, |most, x| peak(&x[at..to]).max(most)), to - at);
                gains[at..to].fill(1.0);
                at = to;
            } else {
                let magnitude = signal.iter().fold(0.0f32, |most, channel| most.max(channel[at].abs()));
                gains[at] = self.gain.advance(self.detector.advance(magnitude));
                at += 1;
            }
        }
        self.now = gains[length - 1];
        self.late[..length].copy_from_slice(gains);
        self.wait.process(&mut self.late[..length]);
        turn_down(signal, gains, &mut self.before, &mut self.shares[..length]);
    }

    /// Turns down what the amp gives where it acts there.
    pub fn after(&mut self, signal: &mut [Vec<f32>], length: usize) {
        turn_down(signal, &self.late[..length], &mut self.after, &mut self.shares[..length]);
    }

    /// Whether it has closed as far as it goes.
    pub fn is_closed(&self) -> bool {
        self.now <= 10f64.powf(RANGE_DB / 20.0) as f32
    }

    /// Silence before.
    pub fn reset(&mut self) {
        self.detector.reset();
        self.gain.reset();
        self.now = 0.0;
        self.before.finish();
        self.after.finish();
        self.wait.reset();
    }
}

fn turn_down(signal: &mut [Vec<f32>], gains: &[f32], share: &mut Ramp, shares: &mut [f32]) {
    if share.rests_at(0.0) {
        return;
    }
    share.fill(shares);
    for channel in signal {
        for ((sample, gain), share) in channel.iter_mut().zip(gains).zip(&*shares) {
            *sample *= 1.0 + share * (gain - 1.0);
        }
    }
}
