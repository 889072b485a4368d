//! A whole training session: from a config to a model file.

use crate::TrainerError;
use crate::checkpoint::Checkpoint;
use crate::config::{self, Config, Train};
use crate::course::Course;
use crate::data::Part;
use crate::device;
use crate::evaluate::{self, Distance};
use crate::export::{self, Parity};
use crate::folder::RunFolder;
use crate::gradient::{self, Setup};
use crate::knobs::Takes;
use crate::loss::Loss;
use crate::material::Material;
use crate::progress::Progress;
use crate::render::{MODEL_CHUNK_SAMPLES, Renderer};
use crate::shape::Shape;
use crate::stretch::stretched;
use crate::train::{self, Lane, Outcome, Run};
use crate::{earlier, report, warm_start};
use shared::model::nam::Version;
use shared::model::{Card, Model, Network, Parametric, Size, Slimmable, WaveNet, WaveNetSpec};
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
    /// For gear with knobs: ESR at each setting that was measured at.
    pub settings: Vec<(Vec<f32>, f64)>,
    /// What each engine makes of the file.
    pub parity: Vec<Parity>,
    /// The smaller sizes of a packed network, smallest first. The `.nam` file holds them all.
    pub smaller: Vec<Exported>,
}

impl Finished {
    /// What the model is at each of its sizes, smallest first, or at each setting of its knobs that was measured at, and the
    /// held-out ESR there; empty if it is one thing only.
    pub fn versions(&self) -> Vec<(String, f64)> {
        let at = |(settings, esr): &(Vec<f32>, f64)| {
            let knobs = self.model.knobs().iter().zip(settings);
            let at: Vec<String> = knobs.map(|(knob, setting)| format!("{} {setting}", knob.name)).collect();
            (at.join(", "), *esr)
        };
        let size = |outcome: &Outcome, distance: &Distance| {
            (format!("{} weights", outcome.weights.len()), distance.esr)
        };
        let mut sizes: Vec<_> = self.smaller.iter().map(|s| size(&s.outcome, &s.distance)).collect();
        if !sizes.is_empty() {
            sizes.push(size(&self.outcome, &self.distance));
        }
        sizes.into_iter().chain(self.settings.iter().map(at)).collect()
    }
}

/// One network as a file of its own.
#[derive(Debug)]
pub struct Exported {
    /// The model file.
    pub path: PathBuf,
    /// The model as it was read back from it.
    pub model: Model,
    /// How training went.
    pub outcome: Outcome,
    /// Distance on the whole held-out part, measured with the file.
    pub distance: Distance,
    /// For gear with knobs: ESR at each setting that was measured at.
    pub settings: Vec<(Vec<f32>, f64)>,
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
/// The out folder holds an earlier run that nobody allowed to replace, or another run is at work in it, the recordings or the network
/// are refused, a `.nam` file is asked for and cannot express the network, a file cannot be written, training fails, or it ended before its first step.
pub fn run(
    config: &Config,
    begin: Begin,
    stop: &AtomicBool,
    progress: &mut Progress,
    say: &dyn Fn(&str),
) -> Result<Finished, TrainerError> {
    // The folder is looked at before anything is read. One that is not there is made once the recordings are good.
    let there = RunFolder::open_if_there(&config.out, say)?;
    match begin {
        Begin::Fresh => earlier::check_none(config)?,
        // Said now, not once the recordings were read.
        Begin::Resume => drop(Checkpoint::load_from(&config.out)?),
        Begin::Overwrite => {}
    }
    let t = &config.train;
    let (device, why) = device::choose_to_train(t.device, config.data.knobs_key().is_some())?;
    say(&format!("device: {why}"));
    let named = config.model.specs()?;
    if writes_nam(config) {
        named.iter().try_for_each(check_nam)?;
    }
    let material = Material::of(&config.data, config.memory()?, say)?;
    let rate_hz = material.train.rate_hz;
    let specs: Vec<WaveNetSpec> =
        named.into_iter().map(|spec| fitted(config, spec, &material, say)).collect();
    let shape = |spec: &WaveNetSpec| match &material.takes {
        Some(takes) => Shape::Knobs(takes.spec(spec)),
        None => Shape::Plain(spec.clone()),
    };
    let shapes: Vec<Shape> = specs.iter().map(shape).collect();
    shapes.iter().try_for_each(Shape::validate)?;
    let begin_with = |shape: &Shape| match &t.from {
        // What a checkpoint holds began with it already.
        Some(path) if begin != Begin::Resume => {
            let (weights, line) = warm_start::weights(path, shape, &material.train)?;
            say(&line);
            Ok(Some(weights))
        }
        _ => Ok::<_, TrainerError>(None),
    };
    let from = shapes.iter().map(begin_with).collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<Arc<Part>> = specs.iter().map(|spec| Arc::new(material.train_part(spec))).collect();
    let held_out: Vec<Part> = specs.iter().map(|spec| material.held_out_part(spec)).collect();
    let (train_samples, held_out_samples) = (parts[0].len(), held_out[0].len());
    let seconds = |samples: usize| samples as f64 / f64::from(rate_hz);
    say(&format!(
        "recording: {:.1} s to train from, {:.1} s held out, {rate_hz} Hz",
        seconds(train_samples),
        seconds(held_out_samples)
    ));
    let shortest = material.takes.as_ref().map_or(train_samples, Takes::shortest);
    let segment_samples = t.segment_samples.min(shortest);
    check_ffts(t, segment_samples)?;
    let mut means: Vec<_> =
        shapes.iter().map(|shape| gradient::means(shape.network(), t.backend, device)).collect();
    means.dedup();
    let learner = |(shape, part): (&Shape, &Arc<Part>)| {
        let setup = Setup {
            shape,
            loss: Loss::new(&t.loss.weights(), part.target()),
            part: part.clone(),
            segment_samples,
            batch: t.batch,
            workers: t.worker_threads(),
        };
        gradient::learner(&setup, t.backend, device)
    };
    let learners = shapes.iter().zip(&parts).map(learner).collect::<Result<Vec<_>, _>>()?;
    let gradients = learners.last().map(|learner| learner.description()).unwrap_or_default();
    say(&format!("gradients: {gradients}"));
    // Dropped at the end of the run.
    let _folder = match there {
        Some(folder) => folder,
        None => {
            let made = RunFolder::open(&config.out, say)?;
            if begin == Begin::Fresh {
                // Another run may have come and gone in the meantime.
                earlier::check_none(config)?;
            }
            made
        }
    };
    let lanes = shapes.iter().zip(learners).zip(&held_out).zip(from);
    let lane = |(((shape, learner), validation), from)| Lane { shape, from, validation, learner };
    let run = Run {
        train: t,
        segment_samples,
        train_samples,
        lanes: lanes.map(lane).collect(),
        folder: Some(&config.out),
        rate_hz,
        recording: material.fingerprint(),
        settings: &material.settings,
        course: Course::of(t, &means.join(", ")),
        stop,
    };
    let start = match begin {
        Begin::Fresh | Begin::Overwrite => run.start(),
        Begin::Resume => resumed(config, &run.start(), say)?,
    };
    report::follow(config, &material.validation, material.validation_start, progress);
    let outcomes = run.train(start, progress)?;
    if outcomes.iter().any(|outcome| outcome.steps == 0) {
        return Err(TrainerError::NoSteps { folder: config.out.clone() });
    }
    let finished = finish(config, outcomes, &held_out, rate_hz)?;
    if begin == Begin::Overwrite {
        let smaller: Vec<usize> = finished.smaller.iter().map(|size| size.outcome.weights.len()).collect();
        earlier::remove_models(config, &files(config, &smaller), say);
    }
    report::of_run(
        config,
        &report::Subject {
            model: &finished.model,
            settings: &material.settings,
            model_path: &finished.path,
            measured: &material.validation,
            measured_from: material.validation_start,
            trained: Some(&material.train),
            history: &finished.outcome.history,
            findings: &material.findings,
            floor_esr: material.floor_esr,
            versions: &finished.versions(),
            run: &report::facts(&finished.outcome, t, &[("Device", &why), ("Gradients", &gradients)]),
            origin: &config.origin,
        },
        say,
    );
    Ok(finished)
}

/// The last usable checkpoint of an out folder, if it belongs to the run that `expected` begins.
fn resumed(config: &Config, expected: &Checkpoint, say: &dyn Fn(&str)) -> Result<Checkpoint, TrainerError> {
    let (mut checkpoint, path, damage) = Checkpoint::load_from(&config.out)?;
    check_same_run(&checkpoint, expected, &path)?;
    let (taken, steps) = (checkpoint.state.step, config.train.steps);
    if taken > steps {
        let problem = format!(
            "it has taken {taken} steps, more than the {steps} of `train.steps`; ask for {taken} or more, or start over with --overwrite"
        );
        return Err(TrainerError::Checkpoint { path, problem });
    }
    if let Some(damage) = damage {
        say(&format!("{damage}; going back to {}", path.display()));
    }
    say(&format!("going on after step {taken}"));
    let (begun, now) = (std::mem::take(&mut checkpoint.state.course), &expected.state.course);
    begun.news(now).iter().for_each(|line| say(line));
    checkpoint.state.course = begun.renewed(now);
    Ok(checkpoint)
}

/// A network by name as this recording needs it: stretched to its rate, scaled to its level.
fn fitted(config: &Config, spec: WaveNetSpec, material: &Material, say: &dyn Fn(&str)) -> WaveNetSpec {
    let rate_hz = material.train.rate_hz;
    let stretched = stretched(&spec, rate_hz).filter(|_| config.stretches());
    let (spec, line) = stretched.map_or((spec, None), |(spec, line)| (spec, Some(line)));
    say(&format!("network: {}", describe(&spec, rate_hz)));
    if let Some(line) = line {
        say(&line);
    }
    train::scaled_to(&spec, &material.train.target)
}

/// The model file of a config.
pub(crate) fn model_path(config: &Config) -> PathBuf {
    let stem = config.out.file_name().map_or_else(|| "model".into(), |n| n.to_string_lossy().into_owned());
    config.out.join(format!("{stem}.onnx"))
}

/// The files that a finished run of `config` has: its model, those of its `smaller` sizes by their weights, and the `.nam`
/// file if one is asked for.
pub(crate) fn files(config: &Config, smaller: &[usize]) -> Vec<PathBuf> {
    let model = model_path(config);
    let smaller = smaller.iter().map(|&weights| size_path(&model, weights));
    let nam = writes_nam(config).then(|| nam_path(&model));
    smaller.chain(nam).chain([model.clone()]).collect()
}

/// The `.nam` file beside a model file.
pub(crate) fn nam_path(model: &Path) -> PathBuf {
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

/// Whether the model is written as a `.nam` file too. Only such a file holds several sizes.
fn writes_nam(config: &Config) -> bool {
    config.nam || matches!(config.model, config::Network::Packed(_))
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
    let shapes = |checkpoint: &Checkpoint| -> Vec<Shape> {
        checkpoint.networks.iter().map(|network| network.shape.clone()).collect()
    };
    let averaged = |checkpoint: &Checkpoint| checkpoint.networks.iter().any(|n| n.average.is_some());
    let problem = if shapes(found) != shapes(expected) {
        "it belongs to another network or another recording".to_owned()
    } else if found_state.recording != expected_state.recording
        || found_state.rate_hz != expected_state.rate_hz
    {
        "it belongs to another recording".to_owned()
    } else if found_state.seed != expected_state.seed {
        "it was begun with another `train.seed`".to_owned()
    } else if found_state.batch != expected_state.batch {
        "it was begun with another `train.batch`".to_owned()
    } else if found_state.segment_samples != expected_state.segment_samples {
        "it was begun with another `train.segment_samples`".to_owned()
    } else if let Some(obstacle) = found_state.course.obstacle(&expected_state.course) {
        obstacle
    } else if averaged(found) != averaged(expected) {
        "`train.average` was changed".to_owned()
    } else {
        return Ok(());
    };
    let problem = format!("{problem}; restore the config, or start over with --overwrite");
    Err(TrainerError::Checkpoint { path: path.to_owned(), problem })
}

/// Writes the models and checks what was written: the largest as the out folder's name says, smaller ones with
/// their size behind it, and all in one `.nam` file where that is asked for.
fn finish(
    config: &Config,
    outcomes: Vec<Outcome>,
    held_out: &[Part],
    rate_hz: u32,
) -> Result<Finished, TrainerError> {
    let path = model_path(config);
    let mut exported = Vec::new();
    let last = outcomes.len() - 1;
    for (i, (outcome, validation)) in outcomes.into_iter().zip(held_out).enumerate() {
        let weights = outcome.weights.len();
        let path = if i == last { path.clone() } else { size_path(&path, weights) };
        exported.push(export(config.card(rate_hz), outcome, validation, path)?);
    }
    let nam = writes_nam(config).then(|| nam_path(&path));
    if let Some(nam) = &nam {
        all_sizes(&exported)?.save(nam)?;
        Model::load(nam)?;
    }
    let Some(Exported { path, model, outcome, distance, settings, parity }) = exported.pop() else {
        return Err(TrainerError::NoSteps { folder: config.out.clone() });
    };
    Ok(Finished { path, nam, model, outcome, distance, settings, parity, smaller: exported })
}

/// Writes one model and checks what was written.
fn export(card: Card, outcome: Outcome, validation: &Part, path: PathBuf) -> Result<Exported, TrainerError> {
    let weights = outcome.weights.clone();
    let network = match outcome.shape.clone() {
        Shape::Knobs(spec) => Network::Parametric(Parametric::new(spec, weights)?),
        Shape::Plain(spec) => Network::WaveNet(WaveNet::new(spec, weights)?),
    };
    let mut model = Model { card, network };
    model.card.esr = Some(outcome.esr);
    model.card.loudness_dbfs = Some(export::loudness_dbfs(&model, &path)?);
    model.save(&path)?;
    let model = Model::load(&path)?;
    let parity = export::parity(&model, &path)?;
    let output = render_part(&model, &path, validation)?;
    // As it was trained: of several recordings each counts as much, however loud it is.
    let distance =
        Distance { esr: validation.esr(&output), ..evaluate::distance(&output, validation.target())? };
    let takes = validation.takes().iter().zip(validation.esr_of_takes(&output));
    let settings = takes.filter(|(take, _)| !take.settings.is_empty());
    let settings = settings.map(|(take, esr)| (take.settings.clone(), esr)).collect();
    Ok(Exported { path, model, outcome, distance, settings, parity })
}

/// The file of a smaller size beside that of the largest.
fn size_path(largest: &Path, weights: usize) -> PathBuf {
    let stem = largest.file_stem().unwrap_or_default().to_string_lossy();
    largest.with_file_name(format!("{stem}-{weights}.onnx"))
}

/// One model of all sizes, each for an equal share of the quality; or the one there is.
fn all_sizes(exported: &[Exported]) -> Result<Model, TrainerError> {
    if let [only] = exported {
        // A `.nam` file has no words for knobs: they stand at their defaults in it.
        return Ok(only.model.at_settings(&[]));
    }
    let count = exported.len() as f64;
    let size = |(i, exported): (usize, &Exported)| Size {
        below: (i + 1) as f64 / count,
        network: exported.model.network.clone(),
        loudness_dbfs: exported.model.card.loudness_dbfs,
    };
    let network = Network::Slimmable(Slimmable::new(exported.iter().enumerate().map(size).collect())?);
    let card = exported.last().map(|largest| largest.model.card.clone()).unwrap_or_default();
    Ok(Model { card, network })
}

/// The file's output on the held-out part, through libtorch.
fn render_part(model: &Model, path: &Path, part: &Part) -> Result<Vec<f32>, TrainerError> {
    let mut output = vec![0.0; part.len()];
    for take in part.takes() {
        let chosen = model.at_settings(&take.settings);
        let net = crate::render::wavenet(&chosen, path)?;
        let mut renderer = Renderer::new(net, device::Device::CPU, MODEL_CHUNK_SAMPLES)?;
        // The part brings its own context on both sides; the renderer's silence in front is dropped.
        let played =
            renderer.push(&part.input()[take.range.start..take.range.end + part.context_samples()])?;
        output[take.range.clone()].copy_from_slice(&played[played.len() - take.range.len()..]);
    }
    Ok(output)
}
