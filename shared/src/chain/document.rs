//! A chain as YAML.

use super::processors::{
    AmpEntry, CabinetEntry, ConvolutionEntry, FilterEntry, GainEntry, GateEntry, NormaliseEntry, ReverbEntry,
    ToneStackEntry, WordEqEntry,
};
use super::{Chain, ChainError, Processor, ProcessorError};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Largest document that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Most processors of a document: each may be as dear as an amp.
const MAX_ENTRIES: usize = 64;

/// A chain as it is written down, in YAML:
///
/// ```yaml
/// chain:
///   - high_pass: { cutoff: 80 }
///   - amp: { model: jcm_standard }
///   - reverb: { decay: 1.2, mix: 0.15 }
/// ```
///
/// Files are looked for beside the document. One document builds any number of chains, of at most 64 processors.
#[derive(Clone, Debug)]
pub struct Document {
    entries: Vec<Entry>,
    place: Place,
}

/// The file a document is, or none, and the folder its paths start from.
#[derive(Clone, Debug, Default)]
pub struct Place {
    file: Option<PathBuf>,
}

/// One processor as it is written down.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entry {
    /// Louder or softer.
    Gain(GainEntry),
    /// To a level, for files.
    Normalise(NormaliseEntry),
    /// Butterworth low-pass.
    LowPass(FilterEntry),
    /// Butterworth high-pass.
    HighPass(FilterEntry),
    /// Noise gate.
    Gate(GateEntry),
    /// A model of an amp or a pedal.
    Amp(AmpEntry),
    /// Bass, mid, treble and presence.
    ToneStack(ToneStackEntry),
    /// The impulse response of a loudspeaker.
    Cabinet(CabinetEntry),
    /// Algorithmic reverb.
    Reverb(ReverbEntry),
    /// Reverb, or anything else, by its impulse response.
    Convolution(ConvolutionEntry),
    /// The equaliser that follows a word.
    WordEq(WordEqEntry),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    chain: Vec<Entry>,
}

impl Document {
    /// A document of these entries; paths start from the folder the program runs in.
    pub fn new(entries: Vec<Entry>) -> Self {
        Self { entries, place: Place::default() }
    }

    /// Reads a YAML file.
    ///
    /// # Errors
    /// The file cannot be read or is no chain; the error says where.
    pub fn load(path: &Path) -> Result<Self, ChainError> {
        let failed = |source| ChainError::File { path: path.to_owned(), source };
        let bytes = crate::fs::read_limited(path, MAX_BYTES).map_err(failed)?;
        let refused = |problem| ChainError::Document { path: path.to_owned(), problem };
        let text = String::from_utf8(bytes).map_err(|e| refused(format!("this is no text: {e}")))?;
        let Text { chain } = serde_saphyr::from_str(&text).map_err(|e| refused(described(&e)))?;
        Ok(Self { entries: chain, place: Place { file: Some(path.to_owned()) } })
    }

    /// Its entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The files it names, wherever they lie; itself not included.
    pub fn files(&self) -> Vec<PathBuf> {
        let named = |entry: &Entry| match entry {
            Entry::Amp(amp) => amp.file().map(Path::to_owned),
            Entry::Cabinet(cabinet) => cabinet.file().map(Path::to_owned),
            Entry::Convolution(convolution) => convolution.file().map(Path::to_owned),
            Entry::WordEq(word_eq) => word_eq.file().map(Path::to_owned),
            _ => None,
        };
        self.entries.iter().filter_map(named).map(|path| self.place.resolve(&path)).collect()
    }

    /// Builds the chain, reading all files it names.
    ///
    /// # Errors
    /// There are more than 64 entries, a file cannot be read, or a value is out of its range.
    pub fn build(&self) -> Result<Chain, ChainError> {
        self.build_here().map_err(|source| match &self.place.file {
            Some(path) => ChainError::InDocument { path: path.clone(), source: Box::new(source) },
            None => source,
        })
    }

    fn build_here(&self) -> Result<Chain, ChainError> {
        let processors = self.entries.len();
        if processors > MAX_ENTRIES {
            return Err(ChainError::TooLong { processors, most: MAX_ENTRIES });
        }
        let build = |(position, entry): (usize, &Entry)| {
            let kind = entry.kind().to_owned();
            entry.build(&self.place).map_err(|source| ChainError::Processor { position, kind, source })
        };
        let processors = self.entries.iter().enumerate().map(build).collect::<Result<_, _>>();
        processors.and_then(Chain::new)
    }
}

/// What is wrong, without what only programmers can do about it.
fn described(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    text.replace(", set DuplicateKeyPolicy in Options if acceptable", "; each may be there only once")
}

impl Place {
    /// Where a file that a document names lies.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        match self.file.as_deref().and_then(Path::parent) {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }
}

impl Entry {
    /// What its processor is called.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gain(_) => "gain",
            Self::Normalise(_) => "normalise",
            Self::LowPass(_) => "low_pass",
            Self::HighPass(_) => "high_pass",
            Self::Gate(_) => "gate",
            Self::Amp(_) => "amp",
            Self::ToneStack(_) => "tone_stack",
            Self::Cabinet(_) => "cabinet",
            Self::Reverb(_) => "reverb",
            Self::Convolution(_) => "convolution",
            Self::WordEq(_) => "word_eq",
        }
    }

    fn build(&self, place: &Place) -> Result<Box<dyn Processor>, ProcessorError> {
        match self {
            Self::Gain(entry) => entry.build(),
            Self::Normalise(entry) => entry.build(),
            Self::LowPass(entry) => entry.build_low_pass(),
            Self::HighPass(entry) => entry.build_high_pass(),
            Self::Gate(entry) => entry.build(),
            Self::Amp(entry) => entry.build(place),
            Self::ToneStack(entry) => entry.build(),
            Self::Cabinet(entry) => entry.build(place),
            Self::Reverb(entry) => entry.build(),
            Self::Convolution(entry) => entry.build(place),
            Self::WordEq(entry) => entry.build(place),
        }
    }
}
