//! What a host is given when the rack cannot play: what came in, as late as it was told.

use super::{RackFormat, Telemetry};
use shared::dsp::delay::Delay;
use shared::model::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What comes in is kept below this here as well, 40 dB above full scale.
const LIMIT: f32 = 100.0;

/// Why the guitar goes past everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The code broke: a mistake of ours, and what it left behind cannot be trusted.
    Panic,
    /// The host's sample rate is none that sound is computed at.
    Rate,
}

impl Fault {
    /// What the player is told, and can do, at the host's rate in Hz.
    pub fn text(self, sample_rate_hz: f64) -> String {
        match self {
            Self::Panic => "Tonewright has broken down; the guitar passes as it is. Switch the audio off and on again, or \
                            load the plugin anew, and please report it."
                .to_owned(),
            Self::Rate => format!(
                "The host's rate of {} Hz is none that Tonewright plays at; the guitar passes as it is. Choose \
                 one from {} to {} kHz.",
                (sample_rate_hz * 100.0).round() / 100.0,
                MIN_SAMPLE_RATE / 1e3,
                MAX_SAMPLE_RATE / 1e3
            ),
        }
    }
}

/// What `work` gives, unless it panics: a panic that reaches a host takes the session down.
pub fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Stands between a host and the rack: no panic gets out, and where the rack does not play the guitar passes at the latency that the
/// host knows. [`Guard::run`] belongs to the audio thread; it neither allocates nor locks unless something panics.
pub struct Guard {
    telemetry: Arc<Telemetry>,
    fault: Option<Fault>,
    waits: Vec<Delay>,
    /// What came in, late.
    dry: Vec<Vec<f32>>,
}

impl Guard {
    /// A guard that tells `telemetry` what is wrong.
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        Self { telemetry, fault: None, waits: Vec::new(), dry: Vec::new() }
    }

    /// Gets ready for a new start, or for one that cannot be because of `fault`. Blocks are up to `format` says. Not for the
    /// audio thread.
    pub fn prepare(&mut self, format: &RackFormat, latency_samples: usize, fault: Option<Fault>) {
        self.waits = vec![Delay::new(latency_samples); format.channels_in];
        self.dry = vec![vec![0.0; format.max_block_samples]; format.channels_in];
        if fault.is_some() {
            self.telemetry.set_format(format, latency_samples);
        }
        self.set(fault);
    }

    /// What is wrong, if anything.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    fn set(&mut self, fault: Option<Fault>) {
        self.fault = fault;
        self.telemetry.set_fault(fault);
    }

    /// Silence before.
    pub fn reset(&mut self) {
        self.waits.iter_mut().for_each(Delay::reset);
    }

    /// Does something that may panic, beside a block of sound.
    pub fn protect<T>(&mut self, work: impl FnOnce() -> T) -> Option<T> {
        let done = caught(work);
        if done.is_none() {
            self.set(Some(Fault::Panic));
        }
        done
    }

    /// Plays a block in place with `play`; if that is not possible, or panics, the block is what came in.
    pub fn run<T>(
        &mut self,
        channels: &mut [&mut [f32]],
        play: impl FnOnce(&mut [&mut [f32]]) -> T,
    ) -> Option<T> {
        let length = channels.iter().map(|channel| channel.len()).min().unwrap_or(0);
        self.keep(channels, length);
        let played = match self.fault {
            Some(_) => None,
            None => self.protect(|| play(channels)),
        };
        if played.is_none() {
            self.pass(channels, length);
        }
        played
    }

    fn keep(&mut self, channels: &[&mut [f32]], length: usize) {
        for ((dry, wait), channel) in self.dry.iter_mut().zip(&mut self.waits).zip(channels) {
            let length = length.min(dry.len());
            dry[..length].copy_from_slice(&channel[..length]);
            wait.process(&mut dry[..length]);
        }
    }

    /// Lays down what came in; what a host sends beyond what it prepared for is silent.
    fn pass(&self, channels: &mut [&mut [f32]], length: usize) {
        for (channel, dry) in channels.iter_mut().zip(self.dry.iter().cycle()) {
            let known = length.min(dry.len());
            let sound = |x: f32| if x.is_finite() { x.clamp(-LIMIT, LIMIT) } else { 0.0 };
            channel.iter_mut().zip(&dry[..known]).for_each(|(out, x)| *out = sound(*x));
            channel[known..].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(channels_in: usize, max_block_samples: usize) -> RackFormat {
        RackFormat { sample_rate_hz: 1_234.567_749, max_block_samples, channels_in, channels_out: 2 }
    }

    fn ramp(from: usize, length: usize) -> Vec<f32> {
        (from..from + length).map(|i| i as f32 / 1_000.0).collect()
    }

    #[test]
    fn after_a_panic_the_guitar_passes_as_late_as_before() {
        let telemetry = Arc::new(Telemetry::default());
        let mut guard = Guard::new(telemetry.clone());
        // One channel in, two out.
        guard.prepare(&format(1, 16), 5, None);
        let mut heard = [Vec::new(), Vec::new()];
        for block in 0..6 {
            let (mut left, mut right) = (ramp(16 * block, 16), vec![9.0; 16]);
            let played = guard.run(&mut [&mut left, &mut right], |channels| {
                channels.iter_mut().for_each(|channel| channel.fill(0.5));
                assert!(block != 2, "as this block does");
                7
            });
            assert_eq!(played, (block < 2).then_some(7));
            assert_eq!(telemetry.fault(), (block >= 2).then_some(Fault::Panic));
            heard[0].extend(left);
            heard[1].extend(right);
        }
        for channel in &heard {
            assert_eq!(channel[..32], [0.5; 32]);
            assert_eq!(channel[32..], ramp(32 - 5, 64)[..]);
        }
        // The next activation is a new start.
        guard.prepare(&format(1, 16), 0, None);
        assert_eq!((guard.fault(), telemetry.fault()), (None, None));
        assert!(guard.run(&mut [&mut [0.0; 4]], |_| ()).is_some());
    }

    #[test]
    fn where_nothing_can_be_computed_the_guitar_passes_at_once() {
        let telemetry = Arc::new(Telemetry::default());
        let mut guard = Guard::new(telemetry.clone());
        guard.prepare(&format(2, 8), 0, Some(Fault::Rate));
        let (mut left, mut right) = (vec![0.25, f32::NAN, 1e9, -1.0], vec![0.5; 4]);
        assert_eq!(guard.run(&mut [&mut left, &mut right], |_| unreachable!("it must not play")), None::<()>);
        assert_eq!((left, right), (vec![0.25, 0.0, LIMIT, -1.0], vec![0.5; 4]));
        assert_eq!(telemetry.fault(), Some(Fault::Rate));
        // More than a host said that it would send.
        let mut long = vec![0.5; 12];
        let mut other = long.clone();
        guard.run(&mut [&mut long, &mut other], |_| ());
        assert_eq!(long, [vec![0.5; 8], vec![0.0; 4]].concat());
        assert_eq!(guard.protect(|| 3), Some(3));
        assert_eq!(guard.protect(|| -> u8 { panic!("beside a block") }), None);
        assert_eq!(guard.fault(), Some(Fault::Panic));
        let told = Fault::Rate.text(telemetry.sample_rate_hz());
        assert!(told.contains("1234.57 Hz") && told.contains("8 to 768 kHz"), "{told}");
    }
}
