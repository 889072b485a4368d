//! The chain as the command line says it: a file, or flags for the processors that are most wanted.

use super::{CliError, eq, presets, quality, report};
use clap::{ArgGroup, Args};
use shared::chain::processors::{
    AmpEntry, CabinetEntry, FilterEntry, GainEntry, GateEntry, NormaliseEntry, ReverbEntry,
};
use shared::chain::{Chain, ChainError, Document, Entry, View};
use shared::engine::{EngineChoice, FACTORS};
use std::path::PathBuf;

/// What the sound goes through. Shared by all commands that play or measure a chain.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Chain, in this order",
    group = ArgGroup::new("sound").args(["preset", "chain", "model"]).required(true)
)]
pub(super) struct ChainArguments {
    /// The plugin's whole rack as a preset sets it, in place of what follows: the name of a preset, as `tonewright presets`
    /// lists them, or a file.
    #[arg(long, value_name = "NAME or FILE", conflicts_with_all = [
        "chain", "gate", "high_pass", "input_gain", "model", "engine", "quality", "oversample", "cab", "low_pass",
        "reverb", "output_gain", "normalise", "word", "amount", "word2", "blend", "speed", "reference", "eq_match",
        "bands", "settings",
    ])]
    preset: Option<String>,
    /// A chain from a YAML file, in place of what follows; `tonewright chain` shows an example.
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "gate", "high_pass", "input_gain", "model", "engine", "quality", "oversample", "cab", "low_pass", "reverb",
        "output_gain", "normalise", "word", "amount", "word2", "blend", "speed", "reference", "eq_match", "bands",
    ])]
    chain: Option<PathBuf>,
    /// Closes a noise gate below this level of the input, in dBFS, as in -60.
    #[arg(long, value_name = "DB", value_parser = number, allow_hyphen_values = true)]
    gate: Option<f64>,
    /// Takes away what lies below this frequency, in Hz.
    #[arg(long, value_name = "HZ", value_parser = number, allow_negative_numbers = true)]
    high_pass: Option<f64>,
    /// Gain before the model, in dB.
    #[arg(long, value_name = "DB", default_value_t = 0.0, value_parser = gain_db, allow_hyphen_values = true)]
    input_gain: f64,
    /// Name or slot of a factory model, a `.nam` or `.onnx` file, or `none` for no amp.
    #[arg(short, long, allow_negative_numbers = true)]
    model: Option<String>,
    /// What runs the model: auto, native or onnxruntime.
    #[arg(long, default_value_t = EngineChoice::Auto)]
    engine: EngineChoice,
    /// Size of a model that has several, from 0, the smallest, to 1.
    #[arg(long, default_value_t = 1.0, value_parser = quality, allow_negative_numbers = true)]
    quality: f32,
    /// Sets a knob of a model that has some, as in `--knob Gain=7.5`; the others stand at their defaults. Can be given several times.
    #[arg(long, value_name = "NAME=SETTING", value_parser = super::knob, requires = "model")]
    knob: Vec<(String, f32)>,
    /// Computes the amp 2, 4 or 8 times for each sample of its model: less aliasing, more work.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = factor, allow_negative_numbers = true)]
    oversample: usize,
    /// A loudspeaker that comes along, such as closed_4x12 or bass_8x10, or an audio file with an impulse response.
    #[arg(long, value_name = "NAME or FILE")]
    cab: Option<PathBuf>,
    /// Takes away what lies above this frequency, in Hz.
    #[arg(long, value_name = "HZ", value_parser = number, allow_negative_numbers = true)]
    low_pass: Option<f64>,
    #[command(flatten)]
    eq: eq::EqArguments,
    /// Reverb: its share of the sound, 0 to 1.
    #[arg(
        long, value_name = "MIX", value_parser = share, allow_negative_numbers = true,
        help_heading = "Chain, behind the equaliser"
    )]
    reverb: Option<f64>,
    /// Gain at the end, in dB.
    #[arg(
        long, visible_alias = "gain", value_name = "DB", default_value_t = 0.0, value_parser = gain_db,
        allow_hyphen_values = true, help_heading = "Chain, behind the equaliser"
    )]
    output_gain: f64,
    /// Brings the peak of the result to this level, in dBFS, as in -1. For files only.
    #[arg(
        long, value_name = "DB", value_parser = number, allow_hyphen_values = true,
        help_heading = "Chain, behind the equaliser"
    )]
    normalise: Option<f64>,
    /// Sets a parameter of the chain, addressed as `tonewright chain FILE` lists it, as in 2.gain=0.5. Any
    /// number of times.
    #[arg(
        long = "set", value_name = "PATH=VALUE", value_parser = setting, help_heading = "Chain, parameters"
    )]
    settings: Vec<(String, String)>,
}

/// A chain as it was asked for, from which any number can be built.
pub(super) struct Plan {
    source: Source,
    settings: Vec<(String, String)>,
    /// Files that the chain consists of, itself included: never to be overwritten.
    pub files: Vec<PathBuf>,
}

/// What a chain is built from.
enum Source {
    Preset(Box<presets::Plan>),
    Document(Document),
}

/// A chain that was built.
pub(super) struct Built {
    /// The chain, with all settings made.
    pub chain: Chain,
    /// What it consists of, for people to read: one line.
    pub described: String,
    /// What its processors show, with their places; to be asked for warnings while and after it plays.
    pub views: Vec<(usize, View)>,
    /// What there is to say before it plays.
    pub warnings: Vec<String>,
}

impl ChainArguments {
    /// The chain that was asked for.
    pub fn build(&self) -> Result<Built, CliError> {
        self.build_from(&self.plan()?)
    }

    /// The same chain from its [plan](Self::plan), which says what is wrong with it only once.
    pub fn build_from(&self, plan: &Plan) -> Result<Built, CliError> {
        let mut built = plan.build()?;
        if built.chain.kinds().next().is_none() && self.chain.is_some() {
            built.warnings.push("the chain has no processors; nothing is done to the sound".into());
        }
        let is_sized = |(_, view): &(usize, View)| matches!(view, View::Amp(amp) if amp.size().is_some());
        if self.quality != 1.0 && !built.views.iter().any(is_sized) {
            built.warnings.push("there is only one size to choose from; --quality changes nothing".into());
        }
        Ok(built)
    }

    /// What the chain that was asked for consists of.
    pub fn plan(&self) -> Result<Plan, CliError> {
        let (source, mut files) = match (&self.preset, &self.chain) {
            (Some(name), _) => {
                let preset = presets::Plan::new(name)?;
                let files = preset.files();
                (Source::Preset(Box::new(preset)), files)
            }
            (None, Some(path)) => of(Document::load(path)?),
            (None, None) => of(Document::new(self.entries()?)),
        };
        files.extend(self.chain.clone());
        Ok(Plan { source, settings: self.settings.clone(), files })
    }

    fn entries(&self) -> Result<Vec<Entry>, CliError> {
        let gain = |db: f64| (db != 0.0).then_some(Entry::Gain(GainEntry { gain: None, gain_db: Some(db) }));
        let mut entries = Vec::new();
        let mut add = |entry: Option<Entry>| entries.extend(entry);
        add(self.gate.map(|threshold_db| Entry::Gate(GateEntry { threshold_db, ..GateEntry::default() })));
        add(self.high_pass.map(|cutoff| Entry::HighPass(FilterEntry::new(cutoff))));
        add(gain(self.input_gain));
        let model = self.model.as_deref().filter(|model| !model.trim().eq_ignore_ascii_case("none"));
        add(model.map(|model| {
            let quality = f64::from((self.quality * 1000.0).round()) / 1000.0;
            let (engine, oversampling) = (self.engine, self.oversample);
            let knobs = self.knob.iter().cloned().collect();
            Entry::Amp(AmpEntry { model: model.to_owned(), quality, knobs, engine, oversampling })
        }));
        add(self.cab.clone().map(|response| Entry::Cabinet(CabinetEntry::new(response))));
        add(self.low_pass.map(|cutoff| Entry::LowPass(FilterEntry::new(cutoff))));
        add(self.eq.entry()?.map(Entry::WordEq));
        add(self.reverb.map(|mix| Entry::Reverb(ReverbEntry { mix, ..ReverbEntry::default() })));
        add(gain(self.output_gain));
        add(self.normalise.map(|db| Entry::Normalise(NormaliseEntry::peak_db(db))));
        Ok(entries)
    }
}

fn of(document: Document) -> (Source, Vec<PathBuf>) {
    let files = document.files();
    (Source::Document(document), files)
}

impl Plan {
    /// The name of the preset that it is, if it is one.
    pub fn preset(&self) -> Option<&str> {
        match &self.source {
            Source::Preset(preset) => Some(preset.name()),
            Source::Document(_) => None,
        }
    }

    /// Builds the chain once.
    pub fn chain(&self) -> Result<Chain, ChainError> {
        let chain = match &self.source {
            Source::Preset(preset) => preset.chain()?,
            Source::Document(document) => document.build()?,
        };
        if let Some((path, value)) = self.settings.first()
            && chain.kinds().next().is_none()
        {
            let problem = format!("--set {path}={value}: the chain has no processors to set anything in");
            return Err(ChainError::Format(problem));
        }
        for (path, value) in &self.settings {
            chain.set(path, value.as_str())?;
        }
        Ok(chain)
    }

    fn build(&self) -> Result<Built, CliError> {
        let chain = self.chain()?;
        let views = chain.views();
        let warnings = views.iter().filter_map(|(_, view)| match view {
            View::WordEq(word_eq) => word_eq.reference()?.warning.clone(),
            _ => None,
        });
        let warnings = warnings.collect();
        let described =
            self.preset().map_or_else(|| report::described(&chain), |name| format!("preset \"{name}\""));
        Ok(Built { described, chain, views, warnings })
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|number| number.is_finite()).ok_or_else(|| "expected a number".into())
}

fn factor(text: &str) -> Result<usize, String> {
    let factor = text.parse().ok().filter(|factor| FACTORS.contains(factor));
    factor.ok_or_else(|| "expected 1, 2, 4 or 8".into())
}

fn gain_db(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(db) if db.abs() <= 60.0 => Ok(db),
        _ => Err("expected a number of dB from -60 to 60".into()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".into()),
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (path, value) = text.split_once('=').ok_or("expected PATH=VALUE, as in 2.gain=0.5")?;
    Ok((path.trim().to_owned(), value.trim().to_owned()))
}
