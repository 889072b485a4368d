//! A whole training session: from a config to a model file.

use crate::TrainerError;
use crate::checkpoint::Checkpoint;
use crate::config::{Config, Train};
use crate::data::Part;
use crate::device;
use crate::evaluate::{self, Distance};
use crate::export::{self, Parity};
use crate::gradient::{self, Setup};
use crate::loss::Loss;
use crate::material::Material;
use crate::progress::Progress;
use crate::render::{MODEL_CHUNK_SAMPLES, Renderer};
use crate::train::{self, Outcome, Run};
use shared::model::nam::Version;
use shared::model::{Card, Model, Network, WaveNet, WaveNetSpec};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Where a session begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// At the first step, in a folder that holds no earlier run.
    #[default]
    Fresh,
    /// After the last checkpoint in the out folder.
    Resume,
    /// At the first step; an earlier run in the out folder is replaced.
    Overwrite,
}

/// What a session gave.
#[derive(Debug)]
pub struct Finished {
    /// The model file.
    pub path: PathBuf,
    /// The same as a `.nam` file, if the config asks for one.
    pub nam: Option<PathBuf>,
    /// The model as it was read back from it.
    pub model: Model,
    /// How training went.
    pub outcome: Outcome,
    /// Distance on the whole held-out part, measured with the file.
    pub distance: Distance,
    /// What each engine makes of the file.
    pub parity: Vec<Parity>,
}

/// One line on the network: weights, receptive field, delay.
pub fn describe(spec: &WaveNetSpec, rate_hz: u32) -> String {
    let ms = |samples: usize| samples as f64 / f64::from(rate_hz) * 1e3;
    let (field, ahead) = (spec.receptive_field_samples(), spec.lookahead_samples());
    let latency = match ahead {
        0 => "algorithmic latency 0 samples (the receptive field is memory, not delay)".to_owned(),
        n => format!(
            "algorithmic latency {n} samples = {:.1} ms (it looks ahead: files only, not live)",
            ms(n)
        ),
    };
    format!(
        "{} weights, receptive field {field} samples = {:.1} ms, {latency}",
        spec.weight_count(),
        ms(field)
    )
}

/// Trains as the config says, exports, and checks the export. Tells `say` what happens.
///
/// # Errors
/// The out folder holds an earlier run that nobody allowed to replace, the recordings or the network
/// are refused, a `.nam` file is asked for and cannot express the network, a file cannot be written, training fails, or it ended before its first step.
pub fn run(
    config: &Config,
    begin: Begin,
    stop: &AtomicBool,
    progress: &mut Progress,
    say: &dyn Fn(&str),
) -> Result<Finished, TrainerError> {
    if begin == Begin::Fresh {
        check_no_earlier_run(config)?;
    }
    let t = &config.train;
    let (device, why) = device::choose(t.device)?;
    say(&format!("device: {why}"));
    let spec = config.model.spec()?;
    if config.nam {
        check_nam(&spec)?;
    }
    let material = Material::of(&config.data, spec.receptive_field_samples(), say)?;
    let rate_hz = material.train.rate_hz;
    say(&format!("network: {}", describe(&spec, rate_hz)));
    let spec = train::scaled_to(&spec, &material.train.target);
    let (field, ahead) = (spec.receptive_field_samples(), spec.lookahead_samples());
    let part = Arc::new(Part::new(&material.train, 0, field, ahead));
    let validation = Part::new(&material.validation, material.validation_start, field, ahead);
    let seconds = |samples: usize| samples as f64 / f64::from(rate_hz);
    say(&format!(
        "recording: {:.1} s to train from, {:.1} s held out, {rate_hz} Hz",
        seconds(part.len()),
        seconds(validation.len())
    ));
    let segment_samples = t.segment_samples.min(part.len());
    check_ffts(t, segment_samples)?;
    let setup = Setup {
        spec: &spec,
        loss: Loss::new(&t.loss.weights(), part.target()),
        part: part.clone(),
        segment_samples,
        batch: t.batch,
        workers: t.worker_threads(),
    };
    let mut gradient = gradient::build(&setup, t.backend, device)?;
    say(&format!("gradients: {}", gradient.description()));
    std::fs::create_dir_all(&config.out).map_err(|e| TrainerError::file(&config.out, e))?;
    let run = Run {
        spec: &spec,
        train: t,
        segment_samples,
        train_samples: part.len(),
        validation: &validation,
        gradient: gradient.as_mut(),
        folder: Some(&config.out),
        rate_hz,
        recording: material.fingerprint(),
        stop,
    };
    let start = match begin {
        Begin::Fresh | Begin::Overwrite => run.start(),
        Begin::Resume => {
            let path = train::checkpoint_paths(&config.out).1;
            let checkpoint = Checkpoint::load(&path)?;
            check_same_run(&checkpoint, &run.start(), &path)?;
            say(&format!("going on after step {}", checkpoint.state.step));
            checkpoint
        }
    };
    let outcome = run.train(start, progress)?;
    if outcome.steps == 0 {
        return Err(TrainerError::NoSteps { folder: config.out.clone() });
    }
    finish(config, outcome, &validation, rate_hz)
}

/// The model file of a config.
fn model_path(config: &Config) -> PathBuf {
    let stem = config.out.file_name().map_or_else(|| "model".into(), |n| n.to_string_lossy().into_owned());
    config.out.join(format!("{stem}.onnx"))
}

/// The `.nam` file beside a model file.
fn nam_path(model: &Path) -> PathBuf {
    model.with_extension("nam")
}

/// Says before training, not after, that a network has no `.nam` form.
fn check_nam(spec: &WaveNetSpec) -> Result<(), TrainerError> {
    let net = WaveNet::new(spec.clone(), vec![0.0; spec.weight_count()])?;
    let model = Model { card: Card::default(), network: Network::WaveNet(net) };
    match model.to_nam(Version::default()) {
        Ok(_) => Ok(()),
        Err(error) => Err(TrainerError::Setting(format!("`nam`: the network {error}"))),
    }
}

fn check_no_earlier_run(config: &Config) -> Result<(), TrainerError> {
    let (best, last) = train::checkpoint_paths(&config.out);
    let model = model_path(config);
    let nam = config.nam.then(|| nam_path(&model));
    match [model, best, last].iter().chain(&nam).any(|path| path.exists()) {
        true => Err(TrainerError::EarlierRun { folder: config.out.clone() }),
        false => Ok(()),
    }
}

/// The config was checked with the segments it asks for; a short recording makes them shorter.
fn check_ffts(train: &Train, segment_samples: usize) -> Result<(), TrainerError> {
    let longest = train.loss.mrstft_ffts.iter().copied().max().unwrap_or(0);
    if train.loss.mrstft > 0.0 && longest > segment_samples {
        return Err(TrainerError::Setting(format!(
            "`train.loss.mrstft_ffts`: {longest} is longer than the {segment_samples} samples there are to train from; record more, or take shorter FFTs"
        )));
    }
    Ok(())
}

fn check_same_run(found: &Checkpoint, expected: &Checkpoint, path: &Path) -> Result<(), TrainerError> {
    let (found_state, expected_state) = (&found.state, &expected.state);
    let problem = if found_state.spec != expected_state.spec {
        "it belongs to another network or another recording"
    } else if found_state.recording != expected_state.recording
        || found_state.rate_hz != expected_state.rate_hz
    {
        "it belongs to another recording"
    } else if found_state.seed != expected_state.seed {
        "it was begun with another `train.seed`"
    } else if found_state.batch != expected_state.batch {
        "it was begun with another `train.batch`"
    } else if found_state.segment_samples != expected_state.segment_samples {
        "it was begun with another `train.segment_samples`"
    } else if found.average.is_some() != expected.average.is_some() {
        "`train.average` was changed"
    } else {
        return Ok(());
    };
    let problem = format!("{problem}; restore the config, or start over without --resume");
    Err(TrainerError::Checkpoint { path: path.to_owned(), problem })
}

/// Writes the model and checks what was written.
fn finish(
    config: &Config,
    outcome: Outcome,
    validation: &Part,
    rate_hz: u32,
) -> Result<Finished, TrainerError> {
    let path = model_path(config);
    let net = WaveNet::new(outcome.spec.clone(), outcome.weights.clone())?;
    let mut model = Model { card: config.card(rate_hz), network: Network::WaveNet(net) };
    model.card.esr = Some(outcome.esr);
    model.card.loudness_dbfs = Some(export::loudness_dbfs(&model, &path)?);
    model.save(&path)?;
    let model = Model::load(&path)?;
    let parity = export::parity(&model, &path)?;
    let output = render_part(&model, &path, validation)?;
    let distance = evaluate::distance(&output, validation.target())?;
    let nam = config.nam.then(|| nam_path(&path));
    if let Some(nam) = &nam {
        model.save(nam)?;
        Model::load(nam)?;
    }
    Ok(Finished { path, nam, model, outcome, distance, parity })
}

/// The file's output on the held-out part, through libtorch.
fn render_part(model: &Model, path: &Path, part: &Part) -> Result<Vec<f32>, TrainerError> {
    let net = crate::render::wavenet(model, path)?;
    let mut renderer = Renderer::new(net, device::Device::CPU, MODEL_CHUNK_SAMPLES)?;
    // The part brings its own context on both sides; the renderer's silence in front is dropped.
    let output = renderer.push(part.input())?;
    Ok(output[output.len() - part.len()..].to_vec())
}
