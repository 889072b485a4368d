//! What plays the test signal and records what comes in.

use super::search::{SEQUENCE_SAMPLES, sequence};
use crate::chain::{Format, Processor, ProcessorError, Purpose};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How often the signal is played: delays that differ tell of lost samples.
pub(super) const BURSTS: usize = 3;

/// Largest sample of the signal: 18 dB below full scale, which nobody's ears regret.
const AMPLITUDE: f32 = 0.125;

/// Silence before the first burst, in seconds: some devices begin with a few odd blocks, and two clocks are compared
/// for a while before anything is heard.
const LEAD_SECONDS: f64 = 1.0;

/// The longest delay that can be found, in seconds.
const LONGEST_DELAY_SECONDS: f64 = 1.0;

/// Plays the bursts on all channels, in place of whatever came in, and records that.
pub(super) struct Probe {
    recorder: Recorder,
    tape: Option<Arc<Tape>>,
    signal: Vec<f32>,
    position: usize,
}

/// Where the recording can be had from, on another thread than the audio's.
#[derive(Clone, Default)]
pub(super) struct Recorder {
    tape: Arc<Mutex<Option<Arc<Tape>>>>,
}

/// A recording of fixed length that is being made. Samples are bits of `f32`, so that it can be read and
/// written at once without a lock.
pub(super) struct Tape {
    sample_rate_hz: f64,
    lead: usize,
    longest_delay: usize,
    channels: Vec<Box<[AtomicU32]>>,
    recorded: AtomicUsize,
}

impl Probe {
    pub fn new() -> (Self, Recorder) {
        let recorder = Recorder::default();
        let probe = Self { recorder: recorder.clone(), tape: None, signal: Vec::new(), position: 0 };
        (probe, recorder)
    }
}

impl Processor for Probe {
    fn kind(&self) -> &'static str {
        "latency"
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        let tape = Arc::new(Tape::new(format));
        self.signal = vec![0.0; tape.len()];
        for burst in 0..BURSTS {
            let start = tape.answer_to(burst).start;
            self.signal[start..start + SEQUENCE_SAMPLES].copy_from_slice(&tape.burst());
        }
        self.position = 0;
        *self.recorder.tape.lock().unwrap_or_else(PoisonError::into_inner) = Some(tape.clone());
        self.tape = Some(tape);
        Ok(())
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        let Some(tape) = &self.tape else { return };
        let length = channels.first().map_or(0, |c| c.len());
        let begin = self.position.min(tape.len());
        let end = (begin + length).min(tape.len());
        for (channel, track) in channels.iter_mut().zip(&tape.channels) {
            for (sample, kept) in channel.iter().zip(&track[begin..end]) {
                kept.store(sample.to_bits(), Ordering::Relaxed);
            }
            channel[..end - begin].copy_from_slice(&self.signal[begin..end]);
            channel[end - begin..].fill(0.0);
        }
        tape.recorded.store(end, Ordering::Release);
        self.position = end;
    }

    fn reset(&mut self) {
        self.position = 0;
    }
}

impl Recorder {
    /// The recording, as soon as the stream's format is known.
    pub fn tape(&self) -> Option<Arc<Tape>> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tape {
    fn new(format: Format) -> Self {
        let samples = |seconds: f64| (seconds * format.sample_rate_hz) as usize;
        let (lead, longest_delay) = (samples(LEAD_SECONDS), samples(LONGEST_DELAY_SECONDS));
        let length = lead + BURSTS * (SEQUENCE_SAMPLES + longest_delay);
        let track = |_| (0..length).map(|_| AtomicU32::new(0)).collect();
        Self {
            sample_rate_hz: format.sample_rate_hz,
            lead,
            longest_delay,
            channels: (0..format.channels).map(track).collect(),
            recorded: AtomicUsize::new(0),
        }
    }

    fn len(&self) -> usize {
        self.lead + BURSTS * (SEQUENCE_SAMPLES + self.longest_delay)
    }

    pub fn sample_rate_hz(&self) -> f64 {
        self.sample_rate_hz
    }

    pub fn longest_delay_samples(&self) -> usize {
        self.longest_delay
    }

    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Samples that were recorded so far.
    pub fn recorded(&self) -> usize {
        self.recorded.load(Ordering::Acquire)
    }

    pub fn is_complete(&self) -> bool {
        self.recorded() == self.len()
    }

    /// The signal of one burst.
    pub fn burst(&self) -> Vec<f32> {
        sequence().into_iter().map(|sign| sign * AMPLITUDE).collect()
    }

    /// From where a burst begins to where the last of it may come in.
    pub fn answer_to(&self, burst: usize) -> Range<usize> {
        let length = SEQUENCE_SAMPLES + self.longest_delay;
        let start = self.lead + burst * length;
        start..start + length
    }

    pub fn recording(&self, channel: usize) -> Vec<f32> {
        let track = self.channels[channel].iter();
        track.map(|sample| f32::from_bits(sample.load(Ordering::Relaxed))).collect()
    }
}
