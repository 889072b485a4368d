//! The equaliser on the audio thread.

use super::analyser::Analyser;
use super::controls::Controls;
use super::features::{Features, analysis_samples};
use super::listener::{Ear, Hands, Listener};
use super::monitor::Reading;
use super::networks::{Networks, OnnxNetworks};
use super::path::{Path, STEP_SAMPLES};
use super::{EqModel, Monitor, WordEqError};
use crate::simd::FlushDenormals;
use std::sync::Arc;

/// Looks at the monitor between two analyses.
const LOOKS: usize = 4;

/// How long the filters may ring, in seconds. A peak's poles have the Q times the root of its gain
/// (Robert Bristow-Johnson, "Audio EQ Cookbook"), so that the longest is a boost of 12 dB at 82 Hz with a Q of 10: it
/// dies away by 80 dB in ln(1e4) · 2 · 10 · 2 / (2 π · 82 Hz) = 0.71 s, and by the 12 dB it added in 0.11 s more.
pub const TAIL_SECONDS: f64 = 0.85;

/// Who runs the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A thread beside the audio.
    Listener,
    /// The thread that calls `process`: for rendering, or where the player chose so.
    InLine,
}

/// The word EQ for all channels of a stream. Delay: 0 samples.
///
/// What comes out depends on the sound and on what is set, and on neither the host's blocks nor the speed
/// of any thread: all that changes, changes at fixed positions of the stream since the last reset. What is
/// set counts from the first such position in its block: bands, switches and level match within 16
/// samples, all that concerns words at the next analysis (2048 samples at 48 kHz), whose outcome is taken over
/// at the one after. Only where the listener is late does that come later, by whole analyses, and
/// [`Reading::late`] counts it.
pub struct WordEq {
    model: Option<Arc<EqModel>>,
    monitor: Arc<Monitor>,
    /// While no stream needs them.
    networks: Option<Box<dyn Networks>>,
    stream: Option<Stream>,
    problem: Option<WordEqError>,
}

/// What is made for one format.
struct Stream {
    path: Path,
    ear: Ear,
    channels: usize,
    /// Samples from one analysis to the next.
    hop: usize,
    /// Samples since the last reset.
    position: u64,
}

impl WordEq {
    /// An equaliser; without a model the bands are the player's alone.
    pub fn new(model: Option<Arc<EqModel>>, monitor: Arc<Monitor>) -> Self {
        Self { model, monitor, networks: None, stream: None, problem: None }
    }

    /// An equaliser whose networks are others than the model's.
    pub fn with_networks(model: Arc<EqModel>, networks: Box<dyn Networks>, monitor: Arc<Monitor>) -> Self {
        Self { networks: Some(networks), ..Self::new(Some(model), monitor) }
    }

    /// Gets ready for a format, and resets. Not for the audio thread: it allocates, loads the networks at the
    /// first call, and starts or stops the listener.
    ///
    /// If the networks cannot be had, the bands are the player's alone, and [`WordEq::problem`] says why.
    pub fn prepare(&mut self, sample_rate_hz: f64, channels: usize, mode: Mode) {
        if let Some(stream) = self.stream.take() {
            self.networks = stream.ear.into_networks();
        }
        let hop = analysis_samples(sample_rate_hz);
        let hands = self.hands(sample_rate_hz, channels, mode);
        let hands = hands.unwrap_or_else(|problem| {
            self.problem = Some(problem);
            Hands::Nobody
        });
        let ear = Ear::new(hands, hop, channels);
        let path = Path::new(sample_rate_hz, channels);
        let stream = Stream { path, ear, channels, hop, position: 0 };
        stream.show(&self.monitor);
        self.stream = Some(stream);
    }

    /// Finds out what these controls propose before any sound: with a balance that is
    /// [frozen](Controls::frozen) they need none, and the first sample has it. Where nothing is listening beside
    /// the audio, the first block finds it out itself, and after a reset what was proposed last is known. Not
    /// for the audio thread: runs the networks, or waits for the listener to. Between
    /// [`WordEq::prepare`] and the first block.
    pub fn foresee(&mut self, controls: &Controls) {
        if let Some(stream) = &mut self.stream
            && stream.position == 0
        {
            stream.ear.foresee(controls);
        }
    }

    /// Processes a block of any length in place, on the audio thread. All channels are of one length; those
    /// beyond the prepared ones are left alone, and before [`WordEq::prepare`] all are.
    pub fn process(&mut self, channels: &mut [&mut [f32]], controls: &Controls) {
        let Some(stream) = &mut self.stream else { return };
        let _flush = FlushDenormals::new();
        let prepared = channels.len().min(stream.channels);
        let channels = &mut channels[..prepared];
        let length = channels.iter().map(|c| c.len()).min().unwrap_or(0);
        let mut at = 0;
        while at < length {
            let first = (stream.position % STEP_SAMPLES as u64) as usize;
            if first == 0 {
                stream.step(controls, &self.monitor);
            }
            let to = length.min(at + STEP_SAMPLES - first);
            stream.ear.collect(channels, at, to);
            stream.path.process(channels, at, to, first);
            stream.position += (to - at) as u64;
            at = to;
        }
    }

    /// Lets samples go by in which each channel is the constant that it has been for long, and whose outcome nobody
    /// asks for. All goes on as in [`WordEq::process`], the listening and what glides too, but nothing is
    /// filtered. For the audio thread.
    pub fn rest(&mut self, constants: &[f32], samples: usize, controls: &Controls) {
        let Some(stream) = &mut self.stream else { return };
        let mut left = samples;
        while left > 0 {
            let first = (stream.position % STEP_SAMPLES as u64) as usize;
            if first == 0 {
                stream.step(controls, &self.monitor);
            }
            let count = left.min(STEP_SAMPLES - first);
            stream.ear.collect_rest(constants, count);
            stream.path.rest(count, first);
            stream.position += count as u64;
            left -= count;
        }
    }

    /// What becomes of a constant that has come in for long, as a factor, as of the last sample. For the audio thread.
    pub fn constant_gain(&self) -> f32 {
        self.stream.as_ref().map_or(1.0, |stream| stream.path.constant_gain() as f32)
    }

    /// Silence before, nothing heard; the next block begins with its controls at once. For any thread, the
    /// audio thread included.
    pub fn reset(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.path.reset();
            stream.ear.reset();
            stream.position = 0;
            stream.show(&self.monitor);
        }
    }

    /// Why there are no words, if so.
    pub fn problem(&self) -> Option<&WordEqError> {
        self.problem.as_ref()
    }

    /// Waits until the listener has analysed all that it was given, so that nothing is late: for those who
    /// are faster than time, never for the audio thread of a live host.
    pub fn wait_for_listener(&self) {
        if let Some(stream) = &self.stream {
            stream.ear.wait();
        }
    }

    fn hands(&mut self, sample_rate_hz: f64, channels: usize, mode: Mode) -> Result<Hands, WordEqError> {
        let Some(model) = &self.model else { return Ok(Hands::Nobody) };
        let networks = match self.networks.take() {
            Some(networks) => networks,
            None => Box::new(OnnxNetworks::new(model)?),
        };
        self.problem = None;
        let hop = analysis_samples(sample_rate_hz);
        let features = Features::new(sample_rate_hz, channels);
        let analyser = Analyser::new(Arc::clone(model), networks, features, hop as f64 / sample_rate_hz);
        Ok(match mode {
            Mode::InLine => Hands::InLine(Box::new(analyser), Box::default()),
            Mode::Listener => {
                let listener = Listener::start(analyser, hop * channels);
                Hands::Listener(listener.map_err(WordEqError::Listener)?)
            }
        })
    }
}

impl Stream {
    /// At the beginning of a step: all that is not sound.
    fn step(&mut self, controls: &Controls, monitor: &Monitor) {
        let is_at = |samples: usize| self.position.is_multiple_of(samples as u64);
        let looks = is_at(self.hop / LOOKS);
        let is_new = match self.position {
            0 => self.ear.begin(controls),
            _ => is_at(self.hop) && self.ear.boundary(controls),
        };
        if is_new {
            self.path.propose(&self.ear.latest().proposed);
        }
        self.path.step(controls);
        if looks {
            self.show(monitor);
        }
    }

    fn show(&self, monitor: &Monitor) {
        let latest = self.ear.latest();
        monitor.write(&Reading {
            proposed: latest.proposed,
            applied: *self.path.applied(),
            heard: latest.heard,
            share: latest.share,
            hearing: latest.hearing,
            listened_seconds: latest.listened_seconds,
            match_gain_db: self.path.match_gain_db() as f32,
            late: self.ear.late(),
        });
    }
}
