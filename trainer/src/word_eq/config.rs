//! The config of the word EQ: `configs/eq.yaml`.

use super::decoder::DecoderShape;
use super::encoder::network::EncoderShape;
use super::encoder::report::Comparison;
use super::encoder::training::EncoderTraining;
use super::sound::AudioConfig;
use super::training::DecoderTraining;
use crate::TrainerError;
use crate::config::{self, limits};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// A whole config. Paths are relative to the folder the trainer is started in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EqConfig {
    /// What is trained, and from what.
    pub word_eq: WordEqConfig,
    /// Folder for the networks and the table.
    pub out: PathBuf,
}

/// What is trained, and from what.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WordEqConfig {
    /// Folder of `safe_eq.csv`, `socialeq.csv` and `eqdescriptors.json`; any of them may be missing.
    pub semantic: Option<PathBuf>,
    /// The word table there is: its words keep their slots, and without semantic data it is what is
    /// trained for. It may be missing.
    pub table: Option<PathBuf>,
    /// The decoder.
    pub decoder: DecoderConfig,
    /// The encoder.
    pub encoder: EncoderConfig,
    /// The sound it learns from.
    pub audio: AudioConfig,
    /// How `--report` measures.
    pub report: ReportConfig,
    /// CPU threads of libtorch.
    #[serde(deserialize_with = "limits::threads")]
    pub threads: usize,
}

impl Default for WordEqConfig {
    fn default() -> Self {
        Self {
            semantic: None,
            table: None,
            decoder: DecoderConfig::default(),
            encoder: EncoderConfig::default(),
            audio: AudioConfig::default(),
            report: ReportConfig::default(),
            threads: 2,
        }
    }
}

/// Size and training of the decoder.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecoderConfig {
    /// Hidden values of the network that guesses.
    #[serde(deserialize_with = "limits::width")]
    pub width: usize,
    /// Its residual blocks.
    #[serde(deserialize_with = "limits::blocks")]
    pub blocks: usize,
    /// Hidden values of the network that refines.
    #[serde(deserialize_with = "limits::width")]
    pub refinement_width: usize,
    /// Its residual blocks.
    #[serde(deserialize_with = "limits::blocks")]
    pub refinement_blocks: usize,
    /// Steps to take.
    #[serde(deserialize_with = "limits::steps")]
    pub steps: u64,
    /// Curves of a step.
    #[serde(deserialize_with = "limits::curves")]
    pub batch: usize,
    /// Learning rate at the start.
    #[serde(deserialize_with = "limits::learning_rate")]
    pub learning_rate: f64,
    /// Learning rate at the end of half a cosine.
    #[serde(deserialize_with = "limits::learning_rate")]
    pub final_learning_rate: f64,
    /// Seed of weights and curves.
    pub seed: u64,
}

impl Default for DecoderConfig {
    fn default() -> Self {
        Self {
            width: 192,
            blocks: 2,
            refinement_width: 128,
            refinement_blocks: 1,
            steps: 14_000,
            batch: 192,
            learning_rate: 2e-3,
            final_learning_rate: 4e-6,
            seed: 1,
        }
    }
}

impl DecoderConfig {
    /// As training wants it.
    pub fn training(&self) -> DecoderTraining {
        DecoderTraining {
            shape: DecoderShape {
                width: self.width,
                blocks: self.blocks,
                refinement_width: self.refinement_width,
                refinement_blocks: self.refinement_blocks,
            },
            steps: self.steps,
            batch: self.batch,
            learning_rate: self.learning_rate,
            final_learning_rate: self.final_learning_rate,
            seed: self.seed,
        }
    }
}

/// Size and training of the encoder.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncoderConfig {
    /// Channels of the convolutions.
    #[serde(deserialize_with = "limits::channels")]
    pub channels: usize,
    /// Values between the linear layers.
    #[serde(deserialize_with = "limits::width")]
    pub hidden: usize,
    /// Steps to take.
    #[serde(deserialize_with = "limits::steps")]
    pub steps: u64,
    /// Learning rate at the start.
    #[serde(deserialize_with = "limits::learning_rate")]
    pub learning_rate: f64,
    /// Seed of weights, colours and synthesised sound.
    pub seed: u64,
    /// Steps of the network that the encoder is compared with in `--report`.
    #[serde(deserialize_with = "limits::steps")]
    pub rival_steps: u64,
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self { channels: 16, hidden: 64, steps: 800, learning_rate: 2e-3, seed: 1, rival_steps: 2_000 }
    }
}

impl EncoderConfig {
    /// As training wants it.
    pub fn training(&self) -> EncoderTraining {
        EncoderTraining {
            shape: EncoderShape { channels: self.channels, hidden: self.hidden },
            steps: self.steps,
            learning_rate: self.learning_rate,
            seed: self.seed,
        }
    }

    /// How it is compared.
    pub fn comparison(&self, folds: usize, threads: usize) -> Comparison {
        Comparison { folds, rival_steps: self.rival_steps, threads }
    }
}

/// How `--report` measures.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReportConfig {
    /// Folds, each of whose users are left out of a training of their own.
    #[serde(deserialize_with = "limits::folds")]
    pub folds: usize,
    /// Steps of each training; as many as the decoder's own if not given.
    #[serde(deserialize_with = "limits::report_steps")]
    pub steps: Option<u64>,
    /// Curves of each kind and fold whose floor is found by direct optimisation; 0 leaves it out.
    #[serde(deserialize_with = "limits::floor_curves")]
    pub floor_curves: usize,
}

impl Default for ReportConfig {
    fn default() -> Self {
        Self { folds: 5, steps: None, floor_curves: 40 }
    }
}

impl EqConfig {
    /// Reads a config file.
    ///
    /// # Errors
    /// As for [`Config::load`](config::Config::load).
    pub fn load(path: &Path) -> Result<Self, TrainerError> {
        let config: Self = config::parse(path, &config::read_text(path)?)?;
        if config.out.as_os_str().is_empty() {
            let problem = "`out`: a folder is needed, such as runs/eq".into();
            return Err(TrainerError::Config { path: path.to_owned(), line: None, column: None, problem });
        }
        for recording in &config.word_eq.audio.recordings {
            let takes = &recording.takes_seconds;
            let rise = takes.windows(2).all(|pair| pair[0] < pair[1]);
            if !rise || takes.iter().any(|s| !(*s > 0.0 && s.is_finite())) {
                let problem = format!(
                    "`takes_seconds` of `{}`: {takes:?}; times above 0 that rise are needed",
                    recording.name
                );
                return Err(TrainerError::Config {
                    path: path.to_owned(),
                    line: None,
                    column: None,
                    problem,
                });
            }
        }
        Ok(config)
    }
}
