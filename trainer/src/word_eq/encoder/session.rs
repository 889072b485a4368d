//! From the config to a trained, measured encoder.

use super::closed_loop::close;
use super::graph::{PARITY_TOLERANCE, difference, encoder_onnx};
use super::material::Material;
use super::network::Trained;
use super::report::compare;
use super::score::bright_warm_axis;
use super::training::train;
use crate::TrainerError;
use crate::folder::RunFolder;
use crate::word_eq::config::EqConfig;
use crate::word_eq::export;
use crate::word_eq::linear::Precision;
use crate::word_eq::reference::{neutrals, with_neutrals};
use crate::word_eq::session::{Material as WordMaterial, read_table};
use crate::word_eq::sound::{Origin, Source, folds, gather};
use shared::engine::onnxruntime::GraphFunction;
use shared::word_eq::{LatentSpace, OnnxNetworks, WordTable};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Name of the word table's file.
const TABLE: &str = "words.json";
/// Name of the decoder's file.
const DECODER: &str = "decoder.onnx";
/// Name of the encoder's file.
const ENCODER: &str = "encoder.onnx";
/// Name of the encoder's file in eight bits.
const ENCODER_INT8: &str = "encoder_int8.onnx";
/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;
/// Credit for sound without a recording.
const OWN_SOUND: &str = "Tonewright's synthesised sound";
/// Without words nobody can say what bright is.
const NO_TABLE: &str =
    "no word table: give `word_eq.table` or `word_eq.semantic`, or train the decoder first";

/// All sound of a config, and what is heard of it.
pub struct Heard {
    /// The sources.
    pub sources: Vec<Source>,
    /// Their clips.
    pub material: Material,
}

impl Heard {
    /// Gathers, colours and hears.
    ///
    /// # Errors
    /// A file is there and cannot be used.
    pub fn new(config: &EqConfig, say: &(dyn Fn(&str) + Sync)) -> Result<Self, TrainerError> {
        let eq = &config.word_eq;
        let begun = Instant::now();
        let sources = gather(&eq.audio, eq.encoder.seed, eq.threads, say)?;
        for origin in Origin::ALL {
            let of: Vec<&Source> = sources.iter().filter(|s| s.origin == origin).collect();
            if of.is_empty() {
                continue;
            }
            let seconds: f64 = of.iter().map(|s| s.seconds()).sum();
            say(&format!("sound: {} {}, {seconds:.0} s", of.len(), origin.name()));
        }
        let folds = folds(&sources, eq.report.folds, eq.encoder.seed);
        let material = Material::hear(&sources, &folds, eq.encoder.seed, eq.threads);
        let (clips, seconds) = (material.clips.len(), begun.elapsed().as_secs_f64());
        say(&format!("sound: {clips} clips made and heard in {seconds:.0} s"));
        Ok(Self { sources, material })
    }
}

impl Heard {
    /// What was listened to, for people to read: the credits of the config, and what is our own.
    fn credits(&self, config: &EqConfig) -> Vec<String> {
        let recorded = self.sources.iter().any(|s| s.origin != Origin::Synthesis);
        let mut credits = if recorded { config.word_eq.audio.credits.clone() } else { Vec::new() };
        credits.push(OWN_SOUND.into());
        credits
    }
}

/// The word table: the one the run wrote, the one there is, or one made anew.
///
/// # Errors
/// A file that exists cannot be read or is damaged, or there are no words at all.
fn table(config: &EqConfig, say: &dyn Fn(&str)) -> Result<WordTable, TrainerError> {
    let written = config.out.join(TABLE);
    if written.exists() {
        return read_table(&written);
    }
    let missing = || TrainerError::Setting(NO_TABLE.into());
    match config.word_eq.table.as_ref().filter(|path| path.exists()) {
        Some(path) => read_table(path),
        None => Ok(WordMaterial::read(config, say)?.words.ok_or_else(missing)?.0),
    }
}

/// Compares the encoder with everything simpler, on sources that none of them heard, and tells `say` the table.
/// `stop` ends it before the next result.
///
/// # Errors
/// As for [`compare`], or data is refused.
pub fn report(config: &EqConfig, stop: &AtomicBool, say: &(dyn Fn(&str) + Sync)) -> Result<(), TrainerError> {
    let eq = &config.word_eq;
    let table = table(config, say)?;
    let decoder = decoder(config, table.space())?;
    let heard = Heard::new(config, say)?;
    let comparison = eq.encoder.comparison(eq.report.folds, eq.threads);
    let axis = bright_warm_axis(&table);
    let how = eq.encoder.training();
    // A fold is a thread of its own.
    tch::set_num_threads(1);
    let material = &heard.material;
    let (scores, encoders) = compare(&how, &comparison, material, table.space(), axis.as_ref(), stop, say)?;
    if stop.load(Ordering::Relaxed) {
        // Half-trained networks would be told as if they were not.
        return Ok(());
    }
    say(&scores.to_string());
    let Some(decoder) = decoder else {
        say("closed loop: not run, because there is no decoder yet; train it first");
        return Ok(());
    };
    let (sources, seed) = (&heard.sources, eq.encoder.seed);
    let closed = close(sources, material, &encoders, &table, &decoder, seed, eq.threads, stop)?;
    say(&closed.to_string());
    Ok(())
}

/// The decoder's file, proven to run: the one the run wrote, or the one beside the table there is.
///
/// # Errors
/// It cannot be read, it is no decoder of this space, or ONNX Runtime is missing or refuses it.
fn decoder(config: &EqConfig, space: &LatentSpace) -> Result<Option<Vec<u8>>, TrainerError> {
    let beside = config.word_eq.table.as_ref().and_then(|path| path.parent().map(|p| p.join(DECODER)));
    let all = [Some(config.out.join(DECODER)), beside];
    let Some(path) = all.into_iter().flatten().find(|path| path.exists()) else { return Ok(None) };
    let bytes = shared::fs::read_limited(&path, MAX_BYTES).map_err(|e| TrainerError::file(&path, e))?;
    OnnxNetworks::check_decoder(&bytes, space).map_err(|e| TrainerError::recording(&path, e.to_string()))?;
    Ok(Some(bytes))
}

/// Refuses to replace the encoder of an earlier run.
///
/// # Errors
/// The out folder holds one, and `overwrite` does not allow to replace it.
pub fn refuse_earlier_run(config: &EqConfig, overwrite: bool) -> Result<(), TrainerError> {
    let paths = [ENCODER, ENCODER_INT8].map(|name| config.out.join(name));
    match paths.iter().find(|path| !overwrite && path.exists()) {
        Some(found) => Err(TrainerError::earlier_run(&config.out, found, false)),
        None => Ok(()),
    }
}

/// Trains the encoder on all sound there is, and writes it and the table with what is neutral. `stop` ends the
/// training early; before it has begun, nothing is written.
///
/// # Errors
/// The out folder is unusable, or holds an encoder and `overwrite` does not allow to replace it, data is refused, training
/// fails, a file cannot be written, or ONNX Runtime does not compute what was trained.
pub fn run(
    config: &EqConfig,
    overwrite: bool,
    stop: &AtomicBool,
    say: &(dyn Fn(&str) + Sync),
) -> Result<Vec<PathBuf>, TrainerError> {
    let eq = &config.word_eq;
    let file = |name: &str| config.out.join(name);
    let [encoder_path, int8_path, table_path] = [ENCODER, ENCODER_INT8, TABLE].map(file);
    // Before anything is read, and long before the last step.
    let there = RunFolder::open_if_there(&config.out, say)?;
    refuse_earlier_run(config, overwrite)?;
    let table = table(config, say)?;
    let how = eq.encoder.training();
    // If ONNX Runtime is missing that is known now, not after the training.
    let metadata = export::metadata("encoder", table.space(), &[]);
    let deaf = encoder_onnx(&Trained::deaf(how.shape), table.space(), Precision::Float, metadata);
    GraphFunction::new("encoder", &deaf)?;
    let heard = Heard::new(config, say)?;
    if stop.load(Ordering::Relaxed) {
        return Err(TrainerError::NoSteps { folder: config.out.clone() });
    }
    // Dropped at the end of the run.
    let _folder = there.map_or_else(|| RunFolder::open(&config.out, say), Ok)?;
    // Another run may have come and gone in the meantime.
    refuse_earlier_run(config, overwrite)?;
    let begun = Instant::now();
    // Tensors this small are not worth sharing.
    tch::set_num_threads(1);
    let trained = train(&how, &heard.material, table.space(), None, stop)?;
    let (count, seconds) = (how.shape.weight_count(), begun.elapsed().as_secs_f64());
    let steps =
        if stop.load(Ordering::Relaxed) { "stopped after".into() } else { format!("{} steps in", how.steps) };
    say(&format!("encoder: {count} weights and a linear part, {steps} {seconds:.0} s"));
    let write = |path: &Path, bytes: &[u8]| {
        shared::fs::write_atomic(path, bytes).map_err(|e| TrainerError::file(path, e))
    };
    let credits = heard.credits(config);
    let metadata = export::metadata("encoder", table.space(), &credits);
    for (path, precision) in [(&encoder_path, Precision::Float), (&int8_path, Precision::Int8)] {
        let onnx = encoder_onnx(&trained, table.space(), precision, metadata.clone());
        let apart = difference(&trained, table.space(), &heard.material, &onnx)?;
        let kilobytes = onnx.len() / 1024;
        say(&format!("{}: {kilobytes} KiB, at most {apart:.1e} of the output from libtorch", path.display()));
        if precision == Precision::Float && (apart.is_nan() || apart > PARITY_TOLERANCE) {
            let problem = format!("ONNX Runtime is {apart:e} from libtorch, more than {PARITY_TOLERANCE:e}");
            return Err(TrainerError::recording(path, problem));
        }
        write(path, &onnx)?;
    }
    let mean = trained.mean_balance_db;
    let neutrals = neutrals(&heard.sources, &heard.material, table.space(), &mean);
    for neutral in &neutrals {
        say(&format!("neutral: {} balances of the kind {:?}", neutral.prototypes.len(), neutral.kind));
    }
    let table = with_neutrals(&table, neutrals, mean, &credits)?;
    write(&table_path, table.to_json().as_bytes())?;
    Ok(vec![encoder_path, int8_path, table_path])
}
