//! The rig: the path of the audio through gains, voices, equaliser and bypass.

use super::{EqView, Format, Telemetry, Voice};
use crossbeam::queue::ArrayQueue;
use shared::dsp::delay::Delay;
use shared::dsp::ramp::Ramp;
use shared::simd::FlushDenormals;
use shared::word_eq::{self, EqModel, Mode, Monitor, WordEq};
use smallvec::SmallVec;
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

/// What a voice gives is cut off at this before the equaliser, 100 dB above full scale: what a broken
/// model gave must not ring on in the filters. It is far above what reaches [`OUTPUT_LIMIT`] with the output
/// turned down by 60 dB.
const EQ_INPUT_LIMIT: f32 = 1e5;

/// Channels that the audio thread can play without asking for memory.
const USUAL_CHANNELS: usize = 8;

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
    /// The equaliser behind the model.
    pub eq: word_eq::Controls,
}

impl Controls {
    /// Neither louder nor softer, not bypassed, nothing equalised.
    pub const NEUTRAL: Self =
        Self { input_gain: 1.0, output_gain: 1.0, bypass: false, eq: word_eq::Controls::NEUTRAL };
}

/// The audio path. [`Rig::process`] and [`Rig::reset`] belong to the audio thread: they allocate
/// nothing, free nothing and lock nothing.
///
/// The models and the equaliser keep running while bypassed, so that there is no burst of an old sound
/// when they are heard again.
pub struct Rig {
    link: Arc<Link>,
    telemetry: Arc<Telemetry>,
    eq: WordEq,
    eq_mode: Mode,
    eq_view: EqView,
    /// Whether the equaliser was in the path last.
    eq_enabled: bool,
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

/// Memory for a part of a block: the dry signal of each channel, signals of one channel, gains of all.
#[derive(Default)]
struct Blocks {
    dry: Vec<Vec<f32>>,
    driven: Vec<f32>,
    wet_next: Vec<f32>,
    before_eq: Vec<f32>,
    after_eq: Vec<f32>,
    input_gain: Vec<f32>,
    output_gain: Vec<f32>,
    bypass: Vec<f32>,
    fade: Vec<f32>,
}

impl Rig {
    /// A rig that takes its voices from `link` and equalises with what comes along.
    pub fn new(link: Arc<Link>, telemetry: Arc<Telemetry>) -> Self {
        Self::with_eq(link, telemetry, crate::words::model().cloned())
    }

    /// A rig that takes its voices from `link` and its words from `model`; without one the
    /// equaliser's bands are the player's alone.
    pub fn with_eq(link: Arc<Link>, telemetry: Arc<Telemetry>, model: Option<Arc<EqModel>>) -> Self {
        let eq_view = EqView::default();
        Self {
            link,
            telemetry,
            eq: WordEq::new(model, eq_view.monitor.clone()),
            eq_mode: Mode::Listener,
            eq_view,
            eq_enabled: false,
            format: None,
            latency_samples: 0,
            current: None,
            next: None,
            fade: Ramp::new(0.0, 1),
            input_gain: Ramp::new(1.0, 1),
            output_gain: Ramp::new(1.0, 1),
            bypass: Ramp::new(0.0, 1),
            silent: true,
            dry: Vec::new(),
            blocks: Blocks::default(),
        }
    }

    /// What the equaliser shows, for whoever looks.
    pub fn eq_view(&self) -> EqView {
        self.eq_view.clone()
    }

    /// What the equaliser shows in numbers.
    pub fn eq_monitor(&self) -> &Monitor {
        &self.eq_view.monitor
    }

    /// Waits until the listener has heard all that was played, so that nothing is late. For tests and
    /// whoever else is faster than time, never for the audio thread of a live host.
    pub fn wait_for_listener(&self) {
        self.eq.wait_for_listener();
    }

    /// Chooses who listens for the equaliser, from the next [`Rig::prepare`] on.
    pub fn listen(&mut self, mode: Mode) {
        self.eq_mode = mode;
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
        self.fade = Ramp::new(0.0, samples(FADE_SECONDS));
        for ramp in [&mut self.input_gain, &mut self.output_gain, &mut self.bypass] {
            *ramp = Ramp::new(0.0, samples(RAMP_SECONDS));
        }
        self.dry = (0..format.channels).map(|_| Delay::new(self.latency_samples)).collect();
        self.blocks.resize(format.max_block_samples, format.channels);
        self.eq.prepare(format.sample_rate_hz, format.channels, self.eq_mode);
        let problem = self.eq.problem().map(ToString::to_string);
        self.eq_view.set_problem(problem.or_else(|| crate::words::fault().map(str::to_owned)));
        self.format = Some(format);
        self.telemetry.set_format(format.sample_rate_hz, format.channels, self.latency_samples);
        self.reset();
    }

    /// Finds out what the equaliser proposes before any sound where it needs none, see [`WordEq::foresee`]. Between
    /// [`Rig::prepare`] and the first block; not for the audio thread.
    pub fn foresee(&mut self, controls: &word_eq::Controls) {
        self.eq.foresee(controls);
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
        let Some(format) = &self.format else { return self.latency_samples };
        let memory_seconds = self.current.as_ref().map_or(0.0, |voice| {
            let info = voice.info();
            info.memory_samples() as f64 / info.card.sample_rate_hz
        });
        let ringing_seconds = if self.eq_enabled { word_eq::TAIL_SECONDS } else { 0.0 };
        let tail_seconds = memory_seconds + ringing_seconds;
        self.latency_samples + (tail_seconds * format.sample_rate_hz).ceil() as usize
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
        self.eq.reset();
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
        self.aim(&controls);
        self.take_arrived(format);
        let mut at = 0;
        while at < length {
            let to = (at + format.max_block_samples).min(length);
            // Reaches for memory only with more channels than any plugin has.
            let mut part: SmallVec<[&mut [f32]; USUAL_CHANNELS]> =
                channels.iter_mut().take(format.channels).map(|c| &mut c[at..to]).collect();
            self.play(&mut part);
            self.equalise(&mut part, &controls.eq);
            self.finish(&mut part);
            at = to;
        }
        self.silent = false;
    }

    fn aim(&mut self, controls: &Controls) {
        let aims = [
            (&mut self.input_gain, controls.input_gain),
            (&mut self.output_gain, controls.output_gain),
            (&mut self.bypass, f32::from(u8::from(controls.bypass))),
        ];
        self.eq_enabled = controls.eq.enabled;
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

    /// Makes of the guitar's signal what the voices give, in place, and keeps the dry signal.
    fn play(&mut self, channels: &mut [&mut [f32]]) {
        let length = channels[0].len();
        let Blocks { dry, driven, wet_next, input_gain, fade, .. } = &mut self.blocks;
        self.input_gain.fill(&mut input_gain[..length]);
        self.fade.fill(&mut fade[..length]);
        let (driven, wet_next) = (&mut driven[..length], &mut wet_next[..length]);

        for (c, wet) in channels.iter_mut().enumerate() {
            let dry = &mut dry[c][..length];
            for (i, sample) in wet.iter().enumerate() {
                let sample = if sample.is_finite() { sample.clamp(-INPUT_LIMIT, INPUT_LIMIT) } else { 0.0 };
                dry[i] = sample;
                driven[i] = sample * input_gain[i];
            }
            self.telemetry.input(c, peak(driven));
            self.dry[c].process(dry);
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
        }

        if self.next.is_some() && self.fade.is_there() {
            let old = std::mem::replace(&mut self.current, self.next.take());
            self.retire(old);
        }
    }

    /// All channels through the equaliser, in place.
    fn equalise(&mut self, channels: &mut [&mut [f32]], controls: &word_eq::Controls) {
        let length = channels[0].len();
        let before = &mut self.blocks.before_eq[..length];
        let after = &mut self.blocks.after_eq[..length];
        for sample in channels.iter_mut().flat_map(|channel| channel.iter_mut()) {
            *sample = limited(*sample, EQ_INPUT_LIMIT);
        }
        mean(channels, before);
        self.eq.process(channels, controls);
        mean(channels, after);
        self.eq_view.scope.write(before, after);
    }

    /// The output gain, the limit and the fade to bypass, in place.
    fn finish(&mut self, channels: &mut [&mut [f32]]) {
        let length = channels[0].len();
        let Blocks { dry, output_gain, bypass, .. } = &mut self.blocks;
        self.output_gain.fill(&mut output_gain[..length]);
        self.bypass.fill(&mut bypass[..length]);
        for (c, (signal, dry)) in channels.iter_mut().zip(dry).enumerate() {
            for (i, out) in signal.iter_mut().enumerate() {
                // The largest floats become infinite here, and infinity times nothing is no number.
                let wet = limited(*out * output_gain[i], OUTPUT_LIMIT);
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
    }
}

impl Blocks {
    fn resize(&mut self, samples: usize, channels: usize) {
        self.dry = vec![vec![0.0; samples]; channels];
        let all = [
            &mut self.driven,
            &mut self.wet_next,
            &mut self.before_eq,
            &mut self.after_eq,
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

/// A sample within ±`limit`; what is no number is silent.
fn limited(sample: f32, limit: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-limit, limit) }
}

/// The mean of all channels.
fn mean(channels: &[&mut [f32]], mono: &mut [f32]) {
    let share = 1.0 / channels.len() as f32;
    mono.fill(0.0);
    for channel in channels {
        mono.iter_mut().zip(channel.iter()).for_each(|(mono, sample)| *mono += share * sample);
    }
}

fn peak(signal: &[f32]) -> f32 {
    signal.iter().fold(0.0, |peak, s| peak.max(s.abs()))
}
