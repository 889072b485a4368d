//! A sequence of effects.

use super::bypass::Bypass;
use super::controls::Taken;
use super::{ChainError, Controls, Parameter, Processor, ProcessorError, Purpose, StreamFormat, Value, View};
use crate::simd::FlushDenormals;
use smallvec::SmallVec;

/// Channels that are played without asking for memory.
const USUAL_CHANNELS: usize = 8;

/// What comes in live is kept below this, 40 dB above full scale: a broken device must not drive a network to
/// infinity.
const LIVE_INPUT_LIMIT: f32 = 100.0;

/// What goes out live is cut off at this, 24 dB above full scale.
const LIVE_OUTPUT_LIMIT: f32 = 16.0;

/// Effects in a row. Built of processors or from a [`Document`](super::Document), told its format
/// by [`Chain::prepare`], then played block by block; [`Chain::controls`] changes parameters from any thread.
///
/// After [`Chain::prepare`], [`Chain::process`] and [`Chain::reset`] belong to the audio thread: they allocate,
/// free and lock nothing (with up to eight channels, and with processors that keep to the rules).
pub struct Chain {
    stages: Vec<Stage>,
    controls: Controls,
    stream: Option<Stream>,
}

/// A processor in its place.
struct Stage {
    processor: Box<dyn Processor>,
    /// Channels that it gets.
    channels: usize,
    bypass: Option<Bypass>,
}

/// What is made for one format.
struct Stream {
    format: StreamFormat,
    taken: Taken,
    bypass: Bypass,
    latency_samples: usize,
}

type Signals<'a> = SmallVec<[&'a mut [f32]; USUAL_CHANNELS]>;

impl Chain {
    /// A chain of these processors, in this order.
    ///
    /// # Errors
    /// A processor's parameter has a value that is none of its values.
    pub fn new(processors: Vec<Box<dyn Processor>>) -> Result<Self, ChainError> {
        for (position, processor) in processors.iter().enumerate() {
            let checked = processor.parameters().iter().try_for_each(|parameter| parameter.check());
            checked.map_err(|source| at(position, processor.as_ref(), source))?;
        }
        let controls = Controls::new(&processors);
        let stage = |processor| Stage { processor, channels: 0, bypass: None };
        Ok(Self { stages: processors.into_iter().map(stage).collect(), controls, stream: None })
    }

    /// This chain with one more processor behind it. It has controls of its own, with the values that parameters were
    /// set to so far and bypassed if this one is, and is yet to be prepared.
    ///
    /// # Errors
    /// A parameter of the new one has a value that is none of its values.
    pub fn followed_by(self, processor: Box<dyn Processor>) -> Result<Self, ChainError> {
        let old = self.controls;
        let own = self.stages.into_iter().map(|stage| stage.processor);
        let chain = Self::new(own.chain([processor]).collect())?;
        for (path, parameter) in old.parameters() {
            let value = old.get(&path)?;
            if value != parameter.value {
                chain.set(&path, value)?;
            }
        }
        chain.controls.set_bypassed(old.is_bypassed());
        Ok(chain)
    }

    /// What changes this chain's parameters, for any thread.
    pub fn controls(&self) -> Controls {
        self.controls.clone()
    }

    /// Sets a parameter, as [`Controls::set`].
    ///
    /// # Errors
    /// There is no such parameter, or the value is none of its values.
    pub fn set<'a>(&self, path: &str, value: impl Into<Value<'a>>) -> Result<(), ChainError> {
        self.controls.set(path, value)
    }

    /// How many processors there are.
    pub fn len(&self) -> usize {
        self.stages.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// What the processors are called, in their order.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.stages.iter().map(|stage| stage.processor.kind())
    }

    /// What the processors show of themselves to other threads, with their places.
    pub fn views(&self) -> Vec<(usize, View)> {
        let view = |(position, stage): (usize, &Stage)| Some((position, stage.processor.view()?));
        self.stages.iter().enumerate().filter_map(view).collect()
    }

    /// Gets ready for a stream, and resets. Parameters keep the values they were set to. Not for the audio
    /// thread.
    ///
    /// # Errors
    /// The stream has no channels or no rate, or a processor refuses it; then the chain passes sound
    /// unchanged until it is prepared again.
    pub fn prepare(&mut self, format: StreamFormat) -> Result<(), ChainError> {
        self.stream = None;
        check(&format)?;
        let controls = self.controls.clone();
        controls.set_sample_rate(format.sample_rate_hz);
        let taken = controls.take_all();
        let mut channels = format.channels_in;
        for (position, stage) in self.stages.iter_mut().enumerate() {
            if stage.processor.spreads() {
                channels = format.channels_out;
            }
            let own = format.with_channels(channels);
            let values = controls.of(&taken, position);
            let on = controls.was_on(&taken, position);
            stage.prepare(own, format.purpose, values, on).map_err(|source| {
                controls.set_sample_rate(f64::INFINITY);
                at(position, stage.processor.as_ref(), source)
            })?;
        }
        let latency_samples = self.stages.iter().map(|stage| stage.processor.latency_samples()).sum();
        let whole = format.with_channels(format.channels_out);
        let bypass = Bypass::new(whole, latency_samples, !controls.is_bypassed());
        self.stream = Some(Stream { format, taken, bypass, latency_samples });
        Ok(())
    }

    /// The stream it was prepared for.
    pub fn format(&self) -> Option<StreamFormat> {
        self.stream.as_ref().map(|stream| stream.format)
    }

    /// Processes a block of any length in place, on the audio thread: the sound that came in lies in the first
    /// `channels_in` of the `channels_out` channels, all of one length. Changes of parameters are taken
    /// over at the beginning. Without [`Chain::prepare`] the sound stays as it is.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) {
        let Some(stream) = &mut self.stream else { return };
        let _flush = FlushDenormals::new();
        let format = stream.format;
        take_changes(&self.controls, &mut stream.taken, &mut self.stages);
        stream.bypass.aim(!self.controls.is_bypassed());
        in_parts(channels, format, |part| {
            if format.purpose == Purpose::Live {
                part.iter_mut().for_each(|c| limit(c, LIVE_INPUT_LIMIT));
            }
            widen(part, format.channels_in, format.channels_out);
            stream.bypass.keep(part, part[0].len());
            run(&mut self.stages, part, format);
            let length = part[0].len();
            stream.bypass.mix(part, length);
            if format.purpose == Purpose::Live {
                part.iter_mut().for_each(|c| limit(c, LIVE_OUTPUT_LIMIT));
            }
        });
    }

    /// Silence before; whatever glides is where it goes.
    pub fn reset(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        stream.bypass.reset();
        for stage in &mut self.stages {
            stage.processor.reset();
            if let Some(bypass) = &mut stage.bypass {
                bypass.reset();
            }
        }
    }

    /// Delay between input and output in samples, as of the last [`Chain::prepare`].
    pub fn latency_samples(&self) -> usize {
        self.stream.as_ref().map_or(0, |stream| stream.latency_samples)
    }

    /// Samples that sound on after the input has ended, latency not counted.
    pub fn tail_samples(&self) -> usize {
        self.stages.iter().map(|stage| stage.processor.tail_samples()).sum()
    }
}

/// What files need besides: processors that must have heard all before they can begin.
impl Chain {
    /// The places of those that are on and must have heard all of a file, in their order. What is off need not:
    /// switched on later, it is as if it had heard silence.
    pub fn measuring(&self) -> Vec<usize> {
        let needs = |position: usize, stage: &Stage| {
            stage.processor.needs_measuring() && self.controls.is_on(position)
        };
        self.stages.iter().enumerate().filter(|(i, stage)| needs(*i, stage)).map(|(i, _)| i).collect()
    }

    /// Processes a block of any length, as [`Chain::process`], with what stands before `position` only. What it gives
    /// lies in the first channels, as many as the processor in that place gets.
    pub fn process_before(&mut self, position: usize, channels: &mut [&mut [f32]]) {
        let Some(stream) = &mut self.stream else { return };
        let _flush = FlushDenormals::new();
        let format = stream.format;
        take_changes(&self.controls, &mut stream.taken, &mut self.stages);
        let before = position.min(self.stages.len());
        in_parts(channels, format, |part| {
            widen(part, format.channels_in, format.channels_out);
            run(&mut self.stages[..before], part, format);
        });
    }

    /// The delay of what stands before `position`, in samples.
    pub fn latency_before(&self, position: usize) -> usize {
        self.stages.iter().take(position).map(|stage| stage.processor.latency_samples()).sum()
    }

    /// Lets the processor at `position`, if there is one, hear a block of any length of what it will process. It hears
    /// nothing before [`Chain::prepare`], or where there are fewer channels than it gets.
    pub fn measure(&mut self, position: usize, channels: &[&mut [f32]]) {
        let Some(stage) = self.stages.get_mut(position).filter(|_| self.stream.is_some()) else { return };
        if let Some(heard) = channels.get(..stage.channels) {
            stage.processor.measure(heard);
        }
    }

    /// The processor at `position`, if there is one, has heard all.
    ///
    /// # Errors
    /// There was nothing to go by.
    pub fn measured(&mut self, position: usize) -> Result<(), ChainError> {
        let Some(Stage { processor, .. }) = self.stages.get_mut(position) else { return Ok(()) };
        processor.measured().map_err(|source| at(position, processor.as_ref(), source))
    }

    /// Whether one of those that are on makes of one channel several that differ, as a reverb does.
    pub fn spreads(&self) -> bool {
        let spreads =
            |position: usize, stage: &Stage| stage.processor.spreads() && self.controls.is_on(position);
        self.stages.iter().enumerate().any(|(i, stage)| spreads(i, stage))
    }
}

impl Stage {
    fn prepare<'a>(
        &mut self,
        format: super::Format,
        purpose: Purpose,
        values: impl Iterator<Item = (usize, &'a Parameter, f64)>,
        on: bool,
    ) -> Result<(), ProcessorError> {
        for (own, parameter, value) in values {
            parameter.check_rate(value, format.sample_rate_hz)?;
            self.processor.set(own, value);
        }
        self.processor.prepare(format, purpose)?;
        self.channels = format.channels;
        let latency_samples = self.processor.latency_samples();
        self.bypass = Some(Bypass::new(format, latency_samples, on));
        Ok(())
    }
}

/// Hands on what was set since the last block.
fn take_changes(controls: &Controls, taken: &mut Taken, stages: &mut [Stage]) {
    controls.take(taken, |change| {
        let stage = &mut stages[change.processor];
        match (change.own, &mut stage.bypass) {
            (Some(own), _) => stage.processor.set(own, change.value),
            (None, Some(bypass)) => bypass.aim(change.value != 0.0),
            (None, None) => {}
        }
    });
}

/// Cuts a block of any length into such as were prepared for. Too few channels are left alone.
fn in_parts(channels: &mut [&mut [f32]], format: StreamFormat, mut each: impl FnMut(&mut [&mut [f32]])) {
    let Some(channels) = channels.get_mut(..format.channels_out) else { return };
    let length = channels.iter().map(|c| c.len()).min().unwrap_or(0);
    for from in (0..length).step_by(format.max_block_samples) {
        let to = from.saturating_add(format.max_block_samples).min(length);
        let mut part: Signals<'_> = channels.iter_mut().map(|c| &mut c[from..to]).collect();
        each(&mut part);
    }
}

/// Runs processors on a block that is no longer than prepared.
fn run(stages: &mut [Stage], channels: &mut [&mut [f32]], format: StreamFormat) {
    let mut sounding = format.channels_in;
    for stage in stages {
        if stage.channels > sounding {
            widen(channels, sounding, stage.channels);
            sounding = stage.channels;
        }
        let own = &mut channels[..stage.channels];
        if let Some(bypass) = &mut stage.bypass {
            bypass.keep(own, own[0].len());
        }
        stage.processor.process(own);
        if let Some(bypass) = &mut stage.bypass {
            let length = own[0].len();
            bypass.mix(own, length);
        }
    }
    widen(channels, sounding, format.channels_out);
}

/// Copies the first channel into those that carry no sound yet.
fn widen(channels: &mut [&mut [f32]], from: usize, to: usize) {
    let to = to.min(channels.len());
    if let Some((first, others)) = channels[..to].split_first_mut() {
        others.iter_mut().skip(from.max(1) - 1).for_each(|other| other.copy_from_slice(first));
    }
}

/// Bounds a signal; what is no number is silent.
fn limit(signal: &mut [f32], most: f32) {
    for sample in signal {
        *sample = if sample.is_nan() { 0.0 } else { sample.clamp(-most, most) };
    }
}

fn check(format: &StreamFormat) -> Result<(), ChainError> {
    let StreamFormat { sample_rate_hz, max_block_samples, channels_in, channels_out, .. } = *format;
    let refused = |what: String| Err(ChainError::Format(what));
    if !(sample_rate_hz.is_finite() && sample_rate_hz > 0.0) {
        return refused(format!("a sample rate of {sample_rate_hz} Hz"));
    }
    if max_block_samples == 0 {
        return refused("blocks of 0 samples".into());
    }
    if channels_out == 0 || (channels_in != channels_out && channels_in != 1) {
        let what =
            format!("{channels_in} channels in and {channels_out} out; as many as in, or several of one");
        return refused(what);
    }
    Ok(())
}

fn at(position: usize, processor: &dyn Processor, source: ProcessorError) -> ChainError {
    ChainError::Processor { position, kind: processor.kind().to_owned(), source }
}
