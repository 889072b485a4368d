//! The rig: the path of the audio through gains, voices and bypass.

use super::voice::Delay;
use super::{Format, Telemetry, Voice};
use crossbeam::queue::ArrayQueue;
use shared::simd::FlushDenormals;
use std::sync::Arc;

/// How long a new model takes to replace the old one, in seconds.
const FADE_SECONDS: f64 = 0.020;

/// How long gains and bypass take to move, in seconds.
const RAMP_SECONDS: f64 = 0.020;

/// What comes in is kept below this, 40 dB above full scale: a broken neighbour in the host's
/// chain must not drive a network to infinity.
const INPUT_LIMIT: f32 = 100.0;

/// What a voice gives is cut off at this after the output gain, 24 dB above full scale: a broken
/// model of the player's own must not send 1e30 to speakers. Full scale with the output knob fully up
/// is still below it, so that what a working model gives is left alone. Bypassed signals are bounded
/// by the limit of the input.
pub const OUTPUT_LIMIT: f32 = 16.0;

/// Voices that may wait to be freed. The loader takes them away ten times a second.
const RETIRED: usize = 8;

/// The queues between the loader and the audio thread, both free of locks.
pub struct Link {
    /// The newest voice; the loader replaces one that was not taken.
    pub(super) arrived: ArrayQueue<Box<Voice>>,
    /// Voices to be freed by the loader.
    pub(super) retired: ArrayQueue<Box<Voice>>,
}

impl Default for Link {
    fn default() -> Self {
        Self { arrived: ArrayQueue::new(1), retired: ArrayQueue::new(RETIRED) }
    }
}

/// What the player sets, as of the beginning of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// Factor before the model.
    pub input_gain: f32,
    /// Factor after the model.
    pub output_gain: f32,
    /// Whether the signal goes past everything.
    pub bypass: bool,
}

impl Controls {
    /// Neither louder nor softer, not bypassed.
    pub const NEUTRAL: Self = Self { input_gain: 1.0, output_gain: 1.0, bypass: false };
}

/// The audio path. [`Rig::process`] and [`Rig::reset`] belong to the audio thread: they allocate
/// nothing, free nothing and lock nothing.
///
/// The models keep running while bypassed, so that there is no burst of an old sound when they
/// are heard again.
pub struct Rig {
    link: Arc<Link>,
    telemetry: Arc<Telemetry>,
    format: Option<Format>,
    latency_samples: usize,
    current: Option<Box<Voice>>,
    next: Option<Box<Voice>>,
    fade: Ramp,
    input_gain: Ramp,
    output_gain: Ramp,
    bypass: Ramp,
    /// Nothing was heard since the last reset: changes need no fades.
    silent: bool,
    dry: Vec<Delay>,
    blocks: Blocks,
}

/// Memory for a part of a block: signals of one channel and gains of all.
#[derive(Default)]
struct Blocks {
    dry: Vec<f32>,
    driven: Vec<f32>,
    wet: Vec<f32>,
    wet_next: Vec<f32>,
    input_gain: Vec<f32>,
    output_gain: Vec<f32>,
    bypass: Vec<f32>,
    fade: Vec<f32>,
}

impl Rig {
    /// A rig that takes its voices from `link`.
    pub fn new(link: Arc<Link>, telemetry: Arc<Telemetry>) -> Self {
        Self {
            link,
            telemetry,
            format: None,
            latency_samples: 0,
            current: None,
            next: None,
            fade: Ramp::at(0.0),
            input_gain: Ramp::at(1.0),
            output_gain: Ramp::at(1.0),
            bypass: Ramp::at(0.0),
            silent: true,
            dry: Vec::new(),
            blocks: Blocks::default(),
        }
    }

    /// A rig that plays one voice, for renderers.
    pub fn playing(voice: Voice) -> Self {
        let format = voice.format();
        let mut rig = Self::new(Arc::default(), Arc::default());
        rig.current = Some(Box::new(voice));
        rig.prepare(format);
        rig
    }

    /// Gets ready for a format, takes over a voice that waits, and settles on the delay. Not for
    /// the audio thread.
    pub fn prepare(&mut self, format: Format) {
        // The newest voice that fits, if any; the others are freed.
        let voices = [self.link.arrived.pop(), self.next.take(), self.current.take()];
        self.current = voices.into_iter().flatten().find(|voice| voice.format() == format);
        self.latency_samples = match &self.current {
            Some(voice) => voice.latency_samples(),
            None => super::base_latency_samples(format.sample_rate_hz).unwrap_or(0),
        };
        let samples = |seconds: f64| ((seconds * format.sample_rate_hz) as usize).max(1);
        self.fade = Ramp { length: samples(FADE_SECONDS), ..Ramp::at(0.0) };
        for ramp in [&mut self.input_gain, &mut self.output_gain, &mut self.bypass] {
            ramp.length = samples(RAMP_SECONDS);
        }
        self.dry = (0..format.channels).map(|_| Delay::new(self.latency_samples)).collect();
        self.blocks.resize(format.max_block_samples);
        self.format = Some(format);
        self.telemetry.set_format(format.sample_rate_hz, format.channels, self.latency_samples);
        self.reset();
    }

    /// Delay between input and output in samples, as of the last [`Rig::prepare`].
    pub fn latency_samples(&self) -> usize {
        self.latency_samples
    }

    /// The delay of the voice that plays, if it is another one than was settled on: the host
    /// should be asked to prepare again.
    pub fn changed_latency_samples(&self) -> Option<usize> {
        let voice = self.next.as_ref().or(self.current.as_ref())?;
        Some(voice.latency_samples()).filter(|&l| l != self.latency_samples)
    }

    /// Whether a model had to be muted since the last call, because it gave values that are no
    /// numbers.
    pub fn take_muted(&self) -> bool {
        self.telemetry.take_muted()
    }

    /// Samples that sound on after the input has ended.
    pub fn tail_samples(&self) -> usize {
        let (Some(voice), Some(format)) = (&self.current, &self.format) else {
            return self.latency_samples;
        };
        let info = voice.info();
        let memory = info.memory_samples() as f64;
        self.latency_samples + (memory * format.sample_rate_hz / info.card.sample_rate_hz).ceil() as usize
    }

    /// Silence before, and the next block begins with its controls at once.
    pub fn reset(&mut self) {
        if let Some(next) = self.next.take() {
            let old = self.current.replace(next);
            self.retire(old);
        }
        if let Some(voice) = &mut self.current {
            voice.reset();
        }
        self.dry.iter_mut().for_each(Delay::reset);
        self.silent = true;
    }

    /// Processes a block in place. All channels are of one length, which may be larger than
    /// prepared. Channels that were not prepared for are left alone.
    pub fn process(&mut self, channels: &mut [&mut [f32]], controls: Controls) {
        let _flush = FlushDenormals::new();
        let Some(format) = self.format else { return };
        let length = channels.first().map_or(0, |c| c.len());
        if length == 0 {
            return;
        }
        self.aim(controls);
        self.take_arrived(format);
        let mut at = 0;
        while at < length {
            let to = (at + format.max_block_samples).min(length);
            self.process_part(channels, at, to);
            at = to;
        }
        self.silent = false;
    }

    fn aim(&mut self, controls: Controls) {
        let aims = [
            (&mut self.input_gain, controls.input_gain),
            (&mut self.output_gain, controls.output_gain),
            (&mut self.bypass, f32::from(u8::from(controls.bypass))),
        ];
        for (ramp, target) in aims {
            if self.silent {
                ramp.jump(target);
            } else {
                ramp.aim(target);
            }
        }
    }

    fn take_arrived(&mut self, format: Format) {
        // One voice is retired for each that is taken, so there must be room for it.
        if self.next.is_some() || self.link.retired.is_full() {
            return;
        }
        let Some(voice) = self.link.arrived.pop() else { return };
        if voice.format() != format {
            self.retire(Some(voice));
        } else if self.silent {
            let old = self.current.replace(voice);
            self.retire(old);
        } else {
            self.next = Some(voice);
            self.fade.jump(0.0);
            self.fade.aim(1.0);
        }
    }

    fn retire(&self, voice: Option<Box<Voice>>) {
        if let Some(voice) = voice
            && let Err(voice) = self.link.retired.push(voice)
        {
            // There is room whenever a voice is taken. Should that ever fail, memory is lost rather
            // than freed on the audio thread.
            std::mem::forget(voice);
        }
    }

    fn process_part(&mut self, channels: &mut [&mut [f32]], at: usize, to: usize) {
        let length = to - at;
        let Blocks { dry, driven, wet, wet_next, input_gain, output_gain, bypass, fade } = &mut self.blocks;
        self.input_gain.fill(&mut input_gain[..length]);
        self.output_gain.fill(&mut output_gain[..length]);
        self.bypass.fill(&mut bypass[..length]);
        self.fade.fill(&mut fade[..length]);
        let (dry, driven) = (&mut dry[..length], &mut driven[..length]);
        let (wet, wet_next) = (&mut wet[..length], &mut wet_next[..length]);

        for (c, (channel, delay)) in channels.iter_mut().zip(&mut self.dry).enumerate() {
            let signal = &mut channel[at..to];
            for (i, sample) in signal.iter().enumerate() {
                let sample = if sample.is_finite() { sample.clamp(-INPUT_LIMIT, INPUT_LIMIT) } else { 0.0 };
                dry[i] = sample;
                driven[i] = sample * input_gain[i];
            }
            self.telemetry.input(c, peak(driven));
            delay.process(dry);
            match &mut self.current {
                Some(voice) => {
                    if !voice.process(c, driven, wet) {
                        self.telemetry.mute();
                    }
                }
                // No model yet: the guitar itself.
                None => wet.iter_mut().zip(dry.iter().zip(&*input_gain)).for_each(|(w, (d, g))| *w = d * g),
            }
            if let Some(voice) = &mut self.next {
                if !voice.process(c, driven, wet_next) {
                    self.telemetry.mute();
                }
                for (i, wet) in wet.iter_mut().enumerate() {
                    *wet += fade[i] * (wet_next[i] - *wet);
                }
            }
            for (i, out) in signal.iter_mut().enumerate() {
                // The largest floats become infinite here, and infinity times nothing is no number.
                let wet = wet[i] * output_gain[i];
                let wet = if wet.is_nan() { 0.0 } else { wet.clamp(-OUTPUT_LIMIT, OUTPUT_LIMIT) };
                let mixed = match bypass[i] {
                    0.0 => wet,
                    1.0 => dry[i],
                    share => wet + share * (dry[i] - wet),
                };
                // The dry signal is copied, and copies do not flush denormals.
                *out = if mixed.abs() < f32::MIN_POSITIVE { 0.0 } else { mixed };
            }
            self.telemetry.output(c, peak(signal));
        }

        if self.next.is_some() && self.fade.is_there() {
            let old = std::mem::replace(&mut self.current, self.next.take());
            self.retire(old);
        }
    }
}

impl Blocks {
    fn resize(&mut self, samples: usize) {
        let all = [
            &mut self.dry,
            &mut self.driven,
            &mut self.wet,
            &mut self.wet_next,
            &mut self.input_gain,
            &mut self.output_gain,
            &mut self.bypass,
            &mut self.fade,
        ];
        for block in all {
            block.clear();
            block.resize(samples, 0.0);
        }
    }
}

fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |peak, s| peak.max(s.abs()))
}

/// A value on its straight way to a target.
struct Ramp {
    value: f32,
    target: f32,
    step: f32,
    left: usize,
    length: usize,
}

impl Ramp {
    fn at(value: f32) -> Self {
        Self { value, target: value, step: 0.0, left: 0, length: 1 }
    }

    fn jump(&mut self, target: f32) {
        (self.value, self.target, self.left) = (target, target, 0);
    }

    fn aim(&mut self, target: f32) {
        if target != self.target {
            self.target = target;
            self.left = self.length;
            self.step = (target - self.value) / self.length as f32;
        }
    }

    fn is_there(&self) -> bool {
        self.left == 0
    }

    fn fill(&mut self, block: &mut [f32]) {
        let moving = self.left.min(block.len());
        for value in &mut block[..moving] {
            self.value += self.step;
            self.left -= 1;
            if self.left == 0 {
                self.value = self.target;
            }
            *value = self.value;
        }
        block[moving..].fill(self.value);
    }
}
