//! Effects whose answers are known, and signals.

use shared::chain::{Chain, Format, Parameter, Processor, ProcessorError, Purpose, StreamFormat, Unit};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A stream at 48 kHz.
pub fn stream(channels_in: usize, channels_out: usize, purpose: Purpose) -> StreamFormat {
    StreamFormat { sample_rate_hz: 48_000.0, max_block_samples: 64, channels_in, channels_out, purpose }
}

/// A sine of amplitude 0.5.
pub fn sine(samples: usize, hz: f64) -> Vec<f32> {
    let step = std::f64::consts::TAU * hz / 48_000.0;
    (0..samples).map(|i| (0.5 * (i as f64 * step).sin()) as f32).collect()
}

/// Runs a chain over channels in blocks of `block` samples.
pub fn run(chain: &mut Chain, channels: &mut [Vec<f32>], block: usize) {
    let length = channels[0].len();
    for from in (0..length).step_by(block) {
        let to = (from + block).min(length);
        let mut part: Vec<&mut [f32]> = channels.iter_mut().map(|c| &mut c[from..to]).collect();
        chain.process(&mut part);
    }
}

/// Delays by some samples and multiplies by its parameter `factor`, without gliding.
pub struct Late {
    parameters: [Parameter; 1],
    factor: f32,
    delay_samples: usize,
    lines: Vec<std::collections::VecDeque<f32>>,
}

impl Late {
    pub fn new(delay_samples: usize) -> Self {
        let parameters = [Parameter::number("factor", Unit::None, -8.0, 8.0, 1.0)];
        Self { parameters, factor: 1.0, delay_samples, lines: Vec::new() }
    }
}

impl Processor for Late {
    fn kind(&self) -> &'static str {
        "late"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        self.lines = vec![vec![0.0; self.delay_samples].into(); format.channels];
        Ok(())
    }

    fn set(&mut self, _: usize, value: f64) {
        self.factor = value as f32;
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        for (channel, line) in channels.iter_mut().zip(&mut self.lines) {
            for sample in channel.iter_mut() {
                line.push_back(*sample * self.factor);
                *sample = line.pop_front().unwrap();
            }
        }
    }

    fn reset(&mut self) {
        self.lines.iter_mut().for_each(|line| line.iter_mut().for_each(|s| *s = 0.0));
    }

    fn latency_samples(&self) -> usize {
        self.delay_samples
    }
}

/// Notes how many channels it gets; where it spreads, the channel's number is added to each sample.
pub struct Counting {
    pub spreads: bool,
    pub channels: Arc<AtomicUsize>,
}

impl Counting {
    pub fn new(spreads: bool) -> (Self, Arc<AtomicUsize>) {
        let channels = Arc::new(AtomicUsize::new(0));
        (Self { spreads, channels: channels.clone() }, channels)
    }
}

impl Processor for Counting {
    fn kind(&self) -> &'static str {
        "counting"
    }

    fn prepare(&mut self, _: Format, _: Purpose) -> Result<(), ProcessorError> {
        Ok(())
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        self.channels.store(channels.len(), Ordering::Relaxed);
        if self.spreads {
            for (number, channel) in channels.iter_mut().enumerate() {
                channel.iter_mut().for_each(|sample| *sample += number as f32);
            }
        }
    }

    fn reset(&mut self) {}

    fn spreads(&self) -> bool {
        self.spreads
    }
}

/// Gives what is no number.
pub struct Broken;

impl Processor for Broken {
    fn kind(&self) -> &'static str {
        "broken"
    }

    fn prepare(&mut self, _: Format, _: Purpose) -> Result<(), ProcessorError> {
        Ok(())
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        channels.iter_mut().for_each(|channel| channel.fill(f32::NAN));
    }

    fn reset(&mut self) {}
}
