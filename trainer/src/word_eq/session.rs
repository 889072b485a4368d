//! A whole training of the word EQ: from a config to the files in `assets/words`.

use super::config::EqConfig;
use super::curves::Curve;
use super::export::{self, PARITY_TOLERANCE};
use super::linear::Precision;
use super::safe::{self, NamedSettings};
use super::space::{self, energy_share};
use super::training::{self, Lessons, TrainedDecoder};
use super::words::{self, SOURCES, Source};
use crate::TrainerError;
use crate::folder::RunFolder;
use shared::word_eq::{LatentSpace, WordTable};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Largest word table that is read, in bytes.
const MAX_TABLE_BYTES: u64 = 64 << 20;
/// How much less energy of people's settings a space may hold than the best and still stay.
const WORSE_SHARE: f64 = 1e-4;
/// Most that a decoder may do at latent 0, in dB.
const FLATNESS_DB: f64 = 1e-3;
/// What a network trained without anybody's data comes from.
const NO_SOURCES: &str = "random equalisers";

/// Everything there is to learn from.
pub struct Material {
    /// SAFE's settings; may be empty.
    pub safe: Vec<NamedSettings>,
    /// The latent space.
    pub space: LatentSpace,
    /// The words, and their curves in the same order, level removed.
    pub words: Option<(WordTable, Vec<Curve>)>,
}

impl Material {
    /// Reads what the config names and finds the space and the words. Tells `say` what there is, and what
    /// there is not.
    ///
    /// # Errors
    /// A file that exists cannot be read or is damaged.
    pub fn read(config: &EqConfig, say: &dyn Fn(&str)) -> Result<Self, TrainerError> {
        let eq = &config.word_eq;
        let existing = match &eq.table {
            Some(path) if path.exists() => Some(read_table(path)?),
            _ => None,
        };
        let Some(folder) = eq.semantic.as_ref().filter(|folder| folder.is_dir()) else {
            return Self::without_data(eq.semantic.as_deref(), existing, say);
        };
        let file = folder.join(safe::FILE);
        let safe = if file.exists() { safe::read(&file)? } else { Vec::new() };
        say(&format!("settings: {} in {}", safe.len(), file.display()));
        let observations = words::read(folder, &safe)?;
        if safe.is_empty() && observations.is_empty() {
            return Self::without_data(eq.semantic.as_deref(), existing, say);
        }
        let people: Vec<Curve> = safe.iter().map(|s| s.curve).collect();
        let fitted = space::fit(&people)?;
        let own = energy_share(&fitted.space, &people);
        say(&format!(
            "space: 32 directions hold {:.3} % of the energy of all curves, {:.3} % of people's settings",
            100.0 * fitted.energy_share,
            100.0 * own
        ));
        // Sessions of players hold latents: a space that is as good stays as it is.
        let kept = existing.as_ref().map(WordTable::space);
        let kept = kept.filter(|space| energy_share(space, &people) > own - WORSE_SHARE).cloned();
        if kept.is_some() {
            say("space: that of the table is as good and stays");
        }
        let space = kept.unwrap_or(fitted.space);
        let built = words::build(&observations, &space, existing.as_ref())?;
        let reliable = built.table.words().iter().filter(|w| !w.experimental).count();
        let dropped: Vec<String> = built.dropped.iter().map(|(why, n)| format!("{n} {why}")).collect();
        say(&format!(
            "words: {} kept, {reliable} of them reliable; dropped: {}; curves fitted to {:.2} dB",
            built.table.words().len(),
            dropped.join(", "),
            built.fit_error_db
        ));
        Ok(Self { safe, space, words: Some((built.table, built.curves)) })
    }

    fn without_data(
        folder: Option<&Path>,
        table: Option<WordTable>,
        say: &dyn Fn(&str),
    ) -> Result<Self, TrainerError> {
        let place = folder.map_or_else(String::new, |folder| format!(" in {}", folder.display()));
        say(&format!("no semantic data{place}: training from random equalisers"));
        let Some(table) = table else {
            say("no word table either: none will be written");
            return Ok(Self { safe: Vec::new(), space: space::fit(&[])?.space, words: None });
        };
        say(&format!("words: {} of the table there is", table.words().len()));
        let curves = table.words().iter().map(|word| table.space().curve_db(&word.latent)).collect();
        Ok(Self { safe: Vec::new(), space: table.space().clone(), words: Some((table, curves)) })
    }

    /// Trains a decoder from all of it.
    ///
    /// # Errors
    /// As for [`training::train`].
    pub fn train(
        &self,
        how: &training::DecoderTraining,
        stop: &AtomicBool,
        say: &mut dyn FnMut(u64, f64),
    ) -> Result<TrainedDecoder, TrainerError> {
        let people: Vec<_> = self.safe.iter().map(|s| (s.values, s.curve)).collect();
        let words = self.words.as_ref().map_or(&[][..], |(_, curves)| curves);
        training::train(how, &Lessons { space: &self.space, people: &people, words }, stop, say)
    }

    /// Trains a decoder without the people whose settings `left_out` names, and without the words that any
    /// of SAFE's users had a part in.
    ///
    /// # Errors
    /// As for [`training::train`].
    pub fn train_without(
        &self,
        left_out: &dyn Fn(usize) -> bool,
        how: &training::DecoderTraining,
        stop: &AtomicBool,
    ) -> Result<TrainedDecoder, TrainerError> {
        let kept = self.safe.iter().enumerate().filter(|(i, _)| !left_out(*i));
        let people: Vec<_> = kept.map(|(_, s)| (s.values, s.curve)).collect();
        let mut words = Vec::new();
        if let Some((table, curves)) = &self.words {
            let safe = Source::Safe.name();
            let others =
                table.words().iter().zip(curves).filter(|(w, _)| w.sources.iter().all(|s| s != safe));
            words.extend(others.map(|(_, curve)| *curve));
        }
        let lessons = Lessons { space: &self.space, people: &people, words: &words };
        training::train(how, &lessons, stop, &mut |_, _| {})
    }

    /// Where the networks come from.
    fn sources(&self) -> Vec<String> {
        match &self.words {
            Some((table, _)) => table.sources().to_vec(),
            None if self.safe.is_empty() => vec![NO_SOURCES.into()],
            None => SOURCES.map(str::to_owned).to_vec(),
        }
    }
}

/// Reads a word table.
///
/// # Errors
/// The file cannot be read, or is no table.
pub fn read_table(path: &Path) -> Result<WordTable, TrainerError> {
    let bytes = shared::fs::read_limited(path, MAX_TABLE_BYTES).map_err(|e| TrainerError::file(path, e))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        TrainerError::recording(path, format!("byte {} is not UTF-8", e.utf8_error().valid_up_to()))
    })?;
    WordTable::from_json(&text).map_err(|e| TrainerError::recording(path, e.to_string()))
}

/// Says before training, not after, that the networks cannot be checked.
fn check_onnxruntime(config: &EqConfig, space: &LatentSpace) -> Result<(), TrainerError> {
    let how = config.word_eq.decoder.training();
    let untrained =
        TrainedDecoder { shape: how.shape, weights: how.shape.initial_weights(how.seed), steps: 0 };
    let onnx = export::decoder_onnx(&untrained, space, Precision::Float, Vec::new())?;
    export::flatness_db(&onnx)?;
    Ok(())
}

/// What a session wrote.
#[derive(Debug)]
pub struct Finished {
    /// The decoder, the same in eight bits, and the word table if there are words.
    pub files: Vec<PathBuf>,
}

/// Trains as the config says and writes what comes of it. Tells `say` what happens.
///
/// # Errors
/// The out folder is unusable, or holds an earlier run and `overwrite` does not allow to replace it, data is refused, a file
/// cannot be written, training fails, or ONNX Runtime does not compute what was trained.
pub fn run(
    config: &EqConfig,
    overwrite: bool,
    stop: &AtomicBool,
    say: &dyn Fn(&str),
) -> Result<Finished, TrainerError> {
    let file = |name: &str| config.out.join(name);
    let [decoder_path, int8_path, table_path] = ["decoder.onnx", "decoder_int8.onnx", "words.json"].map(file);
    // Before anything is read, and long before the last step.
    let there = RunFolder::open_if_there(&config.out, say)?;
    let refuse_earlier_run = || {
        let found = [&decoder_path, &int8_path, &table_path].into_iter().find(|path| path.exists());
        let earlier =
            found.filter(|_| !overwrite).map(|found| TrainerError::earlier_run(&config.out, found, false));
        earlier.map_or(Ok(()), Err)
    };
    refuse_earlier_run()?;
    tch::set_num_threads(config.word_eq.threads as i32);
    let material = Material::read(config, say)?;
    check_onnxruntime(config, &material.space)?;
    // Dropped at the end of the run.
    let _folder = there.map_or_else(|| RunFolder::open(&config.out, say), Ok)?;
    // Another run may have come and gone in the meantime.
    refuse_earlier_run()?;
    let begun = Instant::now();
    let how = config.word_eq.decoder.training();
    let trained = material.train(&how, stop, &mut |step, error_db| {
        say(&format!("decoder: step {step} of {}, mean error {error_db:.3} dB", how.steps));
    })?;
    if trained.steps == 0 {
        return Err(TrainerError::NoSteps { folder: config.out.clone() });
    }
    say(&format!(
        "decoder: {} weights, {} steps in {:.0} s",
        trained.weights.len(),
        trained.steps,
        begun.elapsed().as_secs_f64()
    ));
    let mut files = Vec::new();
    let mut write = |path: &Path, bytes: &[u8]| -> Result<(), TrainerError> {
        shared::fs::write_atomic(path, bytes).map_err(|e| TrainerError::file(path, e))?;
        files.push(path.to_owned());
        Ok(())
    };
    let metadata = export::metadata("decoder", &material.space, &material.sources());
    for (path, precision) in [(&decoder_path, Precision::Float), (&int8_path, Precision::Int8)] {
        let onnx = export::decoder_onnx(&trained, &material.space, precision, metadata.clone())?;
        let apart = export::difference(&trained, &material.space, &onnx)?;
        let flat_db = export::flatness_db(&onnx)?;
        let (kilobytes, microseconds) = (onnx.len() / 1024, export::microseconds(&onnx)?);
        say(&format!(
            "{}: {kilobytes} KiB, {microseconds:.0} us a run, at most {apart:.1e} of a range from libtorch, {flat_db:.1e} dB at latent 0",
            path.display()
        ));
        let within = |value: f64, most: f64| value <= most;
        if precision == Precision::Float && !within(f64::from(apart), f64::from(PARITY_TOLERANCE)) {
            let problem = format!(
                "not written: ONNX Runtime is {apart:e} of a range from libtorch, more than {PARITY_TOLERANCE:e}"
            );
            return Err(TrainerError::recording(path, problem));
        }
        if precision == Precision::Float && !within(flat_db, FLATNESS_DB) {
            let problem =
                format!("not written: {flat_db:e} dB from flat at latent 0, more than {FLATNESS_DB}");
            return Err(TrainerError::recording(path, problem));
        }
        write(path, &onnx)?;
    }
    if let Some((table, _)) = &material.words {
        write(&table_path, table.to_json().as_bytes())?;
    }
    Ok(Finished { files })
}
