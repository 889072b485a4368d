//! The report: one page that tells how good a model is, lets one listen, and says what it was made of.
//!
//! A page is one file, needs no network and no other file, and stays below [`MAX_BYTES`].

mod charts;
mod clip;
mod heat;
mod html;
mod machine;
mod measures;
mod page;
mod play;
mod png;
mod sine;
mod svg;
mod words;

pub use clip::{Clip, Track};
pub use heat::Heat;
pub use measures::{Measures, Moment, Spectra};
pub use play::Player;
pub use sine::SineAnswer;

use crate::TrainerError;
use crate::config::{Config, Origin, Train};
use crate::data::Pair;
use crate::evaluate::{LinedUp, line_up};
use crate::finding::{Finding, Verdict};
use crate::history::Point;
use crate::preview::Preview;
use crate::progress::{Progress, clock};
use crate::render;
use crate::tensorboard::Events;
use crate::train::Outcome;
use base64::Engine as _;
use shared::model::Model;
use std::path::{Path, PathBuf};

/// Largest page, in bytes; what may be long is cut so that it fits.
pub const MAX_BYTES: usize = 4 << 20;
/// The page's name in the folder of a run.
pub const FILE_NAME: &str = "report.html";

/// What to do where the recording has nothing to do with the model's output, and where it was only put right.
const UNRELATED_ADVICE: &str = "the figures of this page say nothing about the model until that is mended: see that input and target are of the \
     same take, and that it is of the gear that the model was trained from";
const MENDED_ADVICE: &str = "nothing to do: the model was trained from the recording once it was put right";

/// A page that was written for a model that exists.
#[derive(Debug)]
pub struct Written {
    /// The page.
    pub path: PathBuf,
    /// What was measured.
    pub measures: Measures,
    /// How the recording was lined up with the model's output; empty if it needed nothing.
    pub note: String,
}

/// What a page is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The model, with its card.
    pub model: &'a Model,
    /// Where its knobs stood when `measured` was recorded; empty without knobs.
    pub settings: &'a [f32],
    /// Its file.
    pub model_path: &'a Path,
    /// The recording that it is measured on, at the model's sample rate.
    pub measured: &'a Pair,
    /// The sample of it where measuring begins; what lies before is the past.
    pub measured_from: usize,
    /// What it was trained from, if that is known: then what it is measured on was held out.
    pub trained: Option<&'a Pair>,
    /// The course of the training; empty if it is not known.
    pub history: &'a [Point],
    /// What looking at the recording found.
    pub findings: &'a [Finding],
    /// The ESR that the recording's own noise allows at best, if it is known.
    pub floor_esr: Option<f64>,
    /// What the model is at each of its sizes, or at each setting of its knobs, and the held-out ESR there; empty if it is one
    /// thing only.
    pub versions: &'a [(String, f64)],
    /// Names and values of what there is to say about the training.
    pub run: &'a [(String, String)],
    /// Config and command.
    pub origin: &'a Origin,
}

/// Measures the model and writes the page; an older one is replaced once the new one is complete.
///
/// # Errors
/// The recording has another sample rate than the model, no engine runs the model, or the page cannot be written.
pub fn write(subject: &Subject<'_>, path: &Path) -> Result<Measures, TrainerError> {
    render::check_rate(subject.model, path, subject.measured.rate_hz)?;
    let measures = measures::measure(
        &subject.model.at_settings(subject.settings),
        subject.measured,
        subject.measured_from,
        subject.trained,
    )?;
    let text = page::page(subject, &measures);
    shared::fs::write_atomic(path, text.as_bytes()).map_err(|e| TrainerError::file(path, e))?;
    Ok(measures)
}

/// Writes the page of a run that has made its model, and says where it is. A page that cannot be written is no
/// reason to fail: the model is there.
pub fn of_run(config: &Config, subject: &Subject<'_>, say: &dyn Fn(&str)) {
    if !config.report {
        return;
    }
    let path = config.out.join(FILE_NAME);
    match write(subject, &path) {
        Ok(_) => say(&format!("report: {}", path.display())),
        Err(error) => say(&format!("warning: the model is there, and its report is not: {error}")),
    }
}

/// What there is to say about a training, with `more` in front.
pub fn facts(outcome: &Outcome, train: &Train, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = [
        ("Ended", outcome.end.reason().to_owned()),
        ("Steps", format!("{}, the best after {}", outcome.steps, outcome.step)),
        ("Batch", format!("{} pieces of {} samples", train.batch, train.segment_samples)),
        ("Time", clock(outcome.seconds)),
        ("Speed", format!("{:.0} k samples/s", outcome.samples_per_second / 1e3)),
        ("Held-out ESR before training", html::figure(outcome.first_esr)),
        ("Seed", train.seed.to_string()),
    ];
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    more.chain(own.into_iter().map(|(name, value)| (name.to_owned(), value))).collect()
}

/// Lets the events for TensorBoard and the previews follow a run, as its config asks.
pub fn follow(config: &Config, held_out: &Pair, held_out_from: usize, progress: &mut Progress) {
    if config.report {
        progress.follow(Box::new(Events::beside(&config.out)));
    }
    if let Some(seconds) = config.preview_seconds {
        progress.follow(Box::new(Preview::new(&config.out, held_out, held_out_from, seconds)));
    }
}

/// Writes the page of a model that exists: `output`, or `MODEL.html` beside it.
///
/// # Errors
/// A file is unusable, the rates differ, the output would replace one of the
/// inputs, or no engine runs the model.
pub fn of_files(
    model_path: &Path,
    input_path: &Path,
    target_path: &Path,
    output: Option<PathBuf>,
) -> Result<Written, TrainerError> {
    let output = output.unwrap_or_else(|| model_path.with_extension("html"));
    let made_of = [("model", model_path), ("input", input_path), ("target", target_path)];
    render::check_replaces_none(&output, &made_of)?;
    let model = Model::load(model_path)?;
    let mut pair = crate::evaluate::recorded(&model, input_path, target_path)?;
    let played = Player::new(&model)?.play(&pair.input, 0..pair.input.len());
    let LinedUp { note, is_related } = line_up(&played, &mut pair.input, &mut pair.target, pair.rate_hz);
    let (verdict, advice) = match is_related {
        true => (Verdict::Mended, MENDED_ADVICE),
        false => (Verdict::Warning, UNRELATED_ADVICE),
    };
    let found = Finding { check: "delay".into(), verdict, figure: note.clone(), advice: advice.into() };
    let subject = Subject {
        model: &model,
        settings: &[],
        model_path,
        measured: &pair,
        measured_from: 0,
        trained: None,
        history: &[],
        findings: if note.is_empty() { &[] } else { std::slice::from_ref(&found) },
        floor_esr: None,
        versions: &[],
        run: &[],
        origin: &Origin::default(),
    };
    let measures = write(&subject, &output)?;
    Ok(Written { path: output, measures, note })
}

/// Bytes as text.
fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
