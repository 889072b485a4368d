//! What is neutral, by name or learned from a recording.

use super::{Kind, LearnedReference, Reference, WordEqError, WordTable, grid_hz};
use crate::audio::Reader;
use crate::dsp::balance::Balance;
use std::path::Path;

/// Samples that are listened to at a time.
const BLOCK: usize = 4096;

/// Less than this is too little to learn from, in seconds.
const SHORT_SECONDS: f64 = 3.0;

/// Quieter than this all through is silence, as an amplitude: -80 dB below full scale.
const SILENCE: f32 = 1e-4;

/// What is neutral, and how people call it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedReference {
    /// As the equaliser takes it.
    pub reference: Reference,
    /// For people to read.
    pub described: String,
    /// What there is to say against it, if anything.
    pub warning: Option<String>,
}

impl Kind {
    /// The kind as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::GuitarAmp => "guitar-amp",
            Self::Bass => "bass",
            Self::Voice => "voice",
            Self::Drums => "drums",
            Self::FullMix => "full-mix",
        }
    }

    /// The kind that is called `name`, however its words are joined.
    pub fn named(name: &str) -> Option<Self> {
        let typed = name.trim().to_lowercase().replace(['_', ' '], "-");
        Self::ALL.into_iter().find(|kind| kind.name() == typed)
    }
}

impl NamedReference {
    /// Sounds of a kind.
    pub fn of_kind(kind: Kind) -> Self {
        Self { reference: Reference::Kind(kind), described: kind.name().into(), warning: None }
    }

    /// The kind of source that is called `name`, or what the file at `path` says: a recording, or a `.json` file
    /// that `trainer reference` learned from several. `path` is where a file of that name would lie.
    ///
    /// # Errors
    /// There is neither, the file cannot be read, or the recording is silent.
    pub fn find(name: &str, path: &Path, table: &WordTable) -> Result<Self, WordEqError> {
        if let Some(kind) = Kind::named(name) {
            return Ok(Self::of_kind(kind));
        }
        // A name with a folder or an extension is meant as a file: the reader says what is wrong with it.
        let typed = Path::new(name);
        if !path.exists() && typed.extension().is_none() && typed.components().count() < 2 {
            let kinds = Kind::ALL.map(Kind::name).join(", ");
            return Err(WordEqError::UnknownReference { name: name.to_owned(), kinds });
        }
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
            let reference = LearnedReference::load(path)?.reference(table);
            return Ok(Self { reference, described: path.display().to_string(), warning: None });
        }
        let learned = LearnedReference::learn(path)?;
        let seconds = learned.seconds;
        let warning = (seconds < SHORT_SECONDS).then(|| {
            format!(
                "{} has only {seconds:.1} s to learn from; {SHORT_SECONDS} s or more are better",
                path.display()
            )
        });
        let described = format!("{}, {seconds:.1} s", path.display());
        Ok(Self { reference: learned.reference(table), described, warning })
    }
}

impl LearnedReference {
    /// The balance of a recording with its channels mixed to one, all of it counting alike: as `trainer reference`
    /// measures it.
    ///
    /// # Errors
    /// The file cannot be read, or is silent.
    pub fn learn(path: &Path) -> Result<Self, WordEqError> {
        let mut reader = Reader::open(path)?;
        let (rate_hz, channels) = (f64::from(reader.sample_rate_hz()), reader.channels());
        let mut balance = Balance::new(rate_hz);
        let mut memory = vec![vec![0.0f32; BLOCK]; channels];
        let (mut samples, mut is_silent) = (0, true);
        loop {
            let read = reader.read(&mut memory)?;
            if read == 0 {
                break;
            }
            let mean = |i: usize| memory.iter().map(|c| c[i]).sum::<f32>() / channels as f32;
            let mono: Vec<f32> = (0..read).map(mean).collect();
            is_silent &= mono.iter().all(|s| s.abs() < SILENCE);
            samples += read;
            balance.push(&mono);
        }
        if is_silent {
            return Err(WordEqError::NothingToLearn(path.to_owned()));
        }
        Ok(Self {
            balance_db: balance.curve_db(&grid_hz()).map(|db| db as f32),
            sources: vec![path.display().to_string()],
            seconds: samples as f64 / rate_hz,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_recording_counts_alike() {
        let folder = tempfile::tempdir().unwrap();
        let mut seed = 1u32;
        let mut noise = |dark: bool| -> Vec<f32> {
            let mut low = 0.0;
            let sample = |_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let white = (seed >> 8) as f32 / 8_388_608.0 - 1.0;
                low += 0.05 * (white - low);
                if dark { 0.9 * low } else { 0.2 * white }
            };
            (0..480_000).map(sample).collect()
        };
        let (dark, bright) = (noise(true), noise(false));
        let learned = |name: &str, parts: [&[f32]; 2]| {
            let path = folder.path().join(name);
            crate::audio::write_wav(&path, &[&parts.concat()], 48_000).unwrap();
            LearnedReference::learn(&path).unwrap().balance_db
        };
        let (one, other) = (learned("a.wav", [&dark, &bright]), learned("b.wav", [&bright, &dark]));
        let apart = one.iter().zip(&other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1.0, "the order matters: {apart} dB");
        let mut balance = Balance::new(48_000.0);
        balance.push(&[dark, bright].concat());
        let expected = balance.curve_db(&grid_hz());
        let apart = one.iter().zip(&expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
        assert!(apart < 0.1, "{apart} dB");
    }
}
