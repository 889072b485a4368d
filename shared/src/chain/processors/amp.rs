//! A model of an amp.

use crate::chain::{Format, Place, Processor, ProcessorError, Purpose, View};
use crate::engine::{EngineChoice, EngineKind, FACTORS, Rescued};
use crate::factory::{self, Factory};
use crate::model::{Model, Network};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// What goes in and what comes out is kept below this, 100 dB above full scale: broken sound must not drive
/// a network to infinity, and what a broken model gave must not ring on in filters.
const LIMIT: f32 = 1e5;

/// A model of an amp or a pedal, one engine a channel, at any sample rate.
///
/// A model that looks ahead is refused live; in files its delay is part of the latency.
pub struct Amp {
    model: Arc<Model>,
    /// What it was asked for as.
    asked_for: String,
    choice: EngineChoice,
    oversampling: usize,
    engines: Vec<Rescued>,
    block: Vec<f32>,
    tail_samples: usize,
    view: AmpView,
}

/// What an amp shows of itself, to any thread.
#[derive(Clone, Debug)]
pub struct AmpView {
    shown: Arc<Shown>,
}

#[derive(Debug)]
struct Shown {
    name: String,
    size: Option<(usize, usize)>,
    /// One more than the place in [`ENGINES`]; 0 while there is none.
    engine: AtomicU8,
    muted: AtomicBool,
}

const ENGINES: [EngineKind; 2] = [EngineKind::Native, EngineKind::OnnxRuntime];

/// As it is written down: `{ model: jcm_standard, quality: 1, knobs: { Gain: 7 }, engine: auto, oversampling: 1 }`; all but the model
/// can be left out.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct AmpEntry {
    /// The model: id, name or slot of one that comes along, or a `.nam` or `.onnx` file.
    pub model: String,
    /// Size of a model that has several, from 0, the smallest, to 1.
    #[serde(default = "full")]
    pub quality: f64,
    /// Settings of the knobs of a model that has some, in the knobs' own figures; the others stand at their defaults.
    #[serde(default)]
    pub knobs: BTreeMap<String, f32>,
    /// What runs it: `auto`, `native` or `onnxruntime`.
    #[serde(default, deserialize_with = "engine")]
    pub engine: EngineChoice,
    /// How often it is computed for each sample of its rate: one of [`FACTORS`]. More means less aliasing.
    #[serde(default = "once")]
    pub oversampling: usize,
}

fn full() -> f64 {
    1.0
}

fn once() -> usize {
    1
}

fn engine<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EngineChoice, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

impl Amp {
    /// An amp that plays a model; of one that has several sizes that which `quality`, 0 to 1, chooses.
    pub fn new(model: &Model, quality: f64, choice: EngineChoice) -> Self {
        let size = match &model.network {
            Network::Slimmable(slimmable) => Some((slimmable.size_at(quality) + 1, slimmable.sizes().len())),
            _ => None,
        };
        let name = model.card.name.clone();
        let (engine, muted) = (AtomicU8::new(0), AtomicBool::new(false));
        let view = AmpView { shown: Arc::new(Shown { name, size, engine, muted }) };
        let model = Arc::new(model.at_quality(quality));
        Self {
            model,
            asked_for: view.name().to_owned(),
            choice,
            oversampling: once(),
            engines: Vec::new(),
            block: Vec::new(),
            tail_samples: 0,
            view,
        }
    }

    /// What it shows to other threads.
    pub fn amp_view(&self) -> AmpView {
        self.view.clone()
    }
}

impl AmpView {
    /// Name on the model's card.
    pub fn name(&self) -> &str {
        &self.shown.name
    }

    /// Which size of how many plays, counted from 1, if the model has several.
    pub fn size(&self) -> Option<(usize, usize)> {
        self.shown.size
    }

    /// What runs the model, once it is prepared.
    pub fn engine(&self) -> Option<EngineKind> {
        let place = usize::from(self.shown.engine.load(Ordering::Relaxed)).checked_sub(1)?;
        ENGINES.get(place).copied()
    }

    /// Whether the model had to be muted since this was asked last, because it gave values that are no numbers.
    pub fn take_muted(&self) -> bool {
        self.shown.muted.swap(false, Ordering::Relaxed)
    }
}

impl Processor for Amp {
    fn kind(&self) -> &'static str {
        "amp"
    }

    fn prepare(&mut self, format: Format, purpose: Purpose) -> Result<(), ProcessorError> {
        if purpose == Purpose::Live {
            self.model.check_live()?;
        }
        let Format { sample_rate_hz, max_block_samples, channels } = format;
        self.engines.clear();
        for _ in 0..channels {
            let engine = Rescued::build_at(
                &self.model,
                self.choice,
                self.oversampling,
                sample_rate_hz,
                max_block_samples,
            );
            let refused = |source| ProcessorError::Engine { model: self.asked_for.clone(), source };
            self.engines.push(engine.map_err(refused)?);
        }
        let kind = self.engines.first().map(Rescued::kind);
        let place = ENGINES.iter().position(|engine| Some(*engine) == kind);
        self.view.shown.engine.store(place.map_or(0, |place| place as u8 + 1), Ordering::Relaxed);
        self.block = vec![0.0; max_block_samples];
        let memory_seconds = self.model.memory_samples() as f64 / self.model.card.sample_rate_hz;
        // The filters of oversampling and of other rates ring on for as long as they delay.
        let ringing_samples = self.engines.first().map_or(0, Rescued::latency_samples);
        self.tail_samples = (memory_seconds * sample_rate_hz).ceil() as usize + ringing_samples;
        Ok(())
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        for (channel, engine) in channels.iter_mut().zip(&mut self.engines) {
            let driven = &mut self.block[..channel.len()];
            driven.iter_mut().zip(&**channel).for_each(|(driven, sample)| *driven = bounded(*sample));
            if !engine.process(driven, channel) {
                self.view.shown.muted.store(true, Ordering::Relaxed);
            }
            channel.iter_mut().for_each(|sample| *sample = bounded(*sample));
        }
    }

    fn reset(&mut self) {
        self.engines.iter_mut().for_each(Rescued::reset);
    }

    fn latency_samples(&self) -> usize {
        self.engines.first().map_or(0, Rescued::latency_samples)
    }

    fn tail_samples(&self) -> usize {
        self.tail_samples
    }

    fn view(&self) -> Option<View> {
        Some(View::Amp(self.amp_view()))
    }
}

/// A sample within ±[`LIMIT`]; what is no number is silent.
fn bounded(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-LIMIT, LIMIT) }
}

impl AmpEntry {
    /// A model as it plays when nothing else is said.
    pub fn new(model: &str) -> Self {
        let (quality, engine, oversampling) = (full(), EngineChoice::Auto, once());
        Self { model: model.to_owned(), quality, knobs: BTreeMap::new(), engine, oversampling }
    }

    /// The file that the model is, if it is one.
    pub fn file(&self) -> Option<&Path> {
        Factory::named(&self.model).is_none().then(|| Path::new(&self.model))
    }

    pub(in crate::chain) fn build(&self, place: &Place) -> Result<Box<dyn Processor>, ProcessorError> {
        if !(0.0..=1.0).contains(&self.quality) {
            return Err(ProcessorError::OutOfRange {
                parameter: "quality".into(),
                value: self.quality.to_string(),
                range: "0 to 1".into(),
            });
        }
        if !FACTORS.contains(&self.oversampling) {
            return Err(ProcessorError::OutOfRange {
                parameter: "oversampling".into(),
                value: self.oversampling.to_string(),
                range: "1, 2, 4 or 8".into(),
            });
        }
        let model = factory::find(&self.model, &place.resolve(Path::new(&self.model)))?;
        let chosen = self.knobs.iter().map(|(name, setting)| (name.as_str(), *setting));
        let refused = |source| ProcessorError::Knob { model: self.model.clone(), source };
        let settings = model.settings(chosen).map_err(refused)?;
        let model = if settings.is_empty() { model } else { model.at_settings(&settings) };
        let asked_for = self.model.clone();
        let oversampling = self.oversampling;
        Ok(Box::new(Amp { asked_for, oversampling, ..Amp::new(&model, self.quality, self.engine) }))
    }
}
