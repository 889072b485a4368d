//! The `tonewright` program: what it is told and what it answers.

mod convert;
mod eq;
mod reference;
mod render;
mod show;
#[cfg(feature = "standalone")]
mod window;
mod words;

use crate::factory::{Factory, MODELS};
use clap::{Args, Parser, Subcommand};
use shared::audio::AudioError;
use shared::engine::{EngineChoice, EngineError};
use shared::model::nam::Version;
use shared::model::{Model, ModelError};
use shared::word_eq::WordEqError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Guitar amplifier with neural amps. Without a command it opens its window and plays live; the
/// window's own options (audio backend, rate, devices) are listed by `tonewright window --help`.
#[derive(Debug, Parser)]
#[command(name = "tonewright", version, override_usage = "tonewright [COMMAND]")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Opens the window and plays live through JACK or ALSA.
    #[command(disable_help_flag = true)]
    Window {
        /// Passed on to the audio backend.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Plays a WAV file through a model and the equaliser, as the plugin would.
    Render(RenderArguments),
    /// Writes a model as another kind of file: `.nam` for Neural Amp Modeler, or `.onnx`.
    Convert(ConvertArguments),
    /// Shows a model's card, architecture and delay.
    Info {
        /// Name or slot of a factory model, or a `.nam` or `.onnx` file.
        model: String,
    },
    /// Lists the models that come along.
    Models,
    /// Lists the words that the equaliser follows.
    Words {
        /// All of them, in the order of their slots.
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Args)]
struct RenderArguments {
    /// The recording: WAV, any rate, any number of channels.
    input: PathBuf,
    /// Where the result goes: WAV of 32 bit float, same rate, channels and length.
    #[arg(short, long)]
    output: PathBuf,
    /// Name or slot of a factory model, a `.nam` or `.onnx` file, or `none` to equalise only.
    #[arg(short, long)]
    model: String,
    /// Samples that are computed at a time; the result does not depend on it.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    block: u32,
    /// What runs the model: auto, native or onnxruntime.
    #[arg(long, default_value_t = EngineChoice::Auto)]
    engine: EngineChoice,
    /// Size of a model that has several, from 0, the smallest, to 1.
    #[arg(long, default_value_t = 1.0, value_parser = quality)]
    quality: f32,
    /// Gain before the model, in dB.
    #[arg(long, default_value_t = 0.0, value_parser = gain_db, allow_hyphen_values = true)]
    input_gain: f32,
    /// Gain after the model, in dB. What comes out above 24 dBFS is cut off.
    #[arg(long, default_value_t = 0.0, value_parser = gain_db, allow_hyphen_values = true)]
    output_gain: f32,
    #[command(flatten)]
    eq: eq::EqArguments,
}

#[derive(Debug, Args)]
struct ConvertArguments {
    /// Name or slot of a factory model, or a `.nam` or `.onnx` file.
    input: String,
    /// Where the result goes; its name ends in `.nam` or `.onnx`, and so it is written.
    output: PathBuf,
    /// Version of a `.nam` file: 0.7.0, as it is without this, or 0.5.4 for older players.
    #[arg(long, value_parser = nam_version)]
    nam_version: Option<Version>,
    /// Writes only one size of a model that has several, from 0, the smallest, to 1. Without it a
    /// `.nam` file keeps them all, and an `.onnx` file the largest.
    #[arg(long, value_parser = quality)]
    quality: Option<f32>,
    /// Replaces a file that is there already.
    #[arg(long)]
    overwrite: bool,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An engine refused a recording's rate or a model.
    #[error("{}: {source}", path.display())]
    Engine { path: PathBuf, source: EngineError },
    #[error(transparent)]
    Audio(#[from] AudioError),
    #[error(
        "{}: {frames} samples of {channels} channels would not fit into the 4 GiB of a WAV file; split the \
         recording",
        path.display()
    )]
    TooLong { path: PathBuf, frames: u64, channels: usize },
    #[error("{}: there is such a file already; choose another name, or pass --overwrite", .0.display())]
    Exists(PathBuf),
    #[error(
        "{}: the result, a WAV file, would take the place of a model or of the recording; choose another name",
        .0.display()
    )]
    WouldReplace(PathBuf),
    #[error("{}: --nam-version is for files whose name ends in .nam", .0.display())]
    NoNam(PathBuf),
    #[error("no model is called \"{name}\", and there is no such file; models that come along: {}", ids())]
    UnknownModel { name: String },
    #[error("no word is called \"{name}\";{near} `tonewright words --all` lists all that there are")]
    UnknownWord { name: String, near: String },
    #[error("the words that come along cannot be used: {0}")]
    NoWords(&'static str),
    #[error(
        "nothing is called \"{name}\" that could be neutral, and there is no such file; there are {}",
        reference::kind_names()
    )]
    UnknownReference { name: String },
    /// What was learned as neutral cannot be read.
    #[error(transparent)]
    WordEq(#[from] WordEqError),
    #[error("{}: nothing to learn from; it is silent", .0.display())]
    NothingToLearn(PathBuf),
    #[error("the equaliser cannot listen: {reason}")]
    Deaf { reason: String },
    #[error("band {0} is changed twice; join the changes with a comma, as in --band {0}:+3dB,-0.5oct")]
    BandTwice(usize),
    #[error("the audio backend or the window could not be started; its messages are above")]
    #[cfg(feature = "standalone")]
    Window,
    #[error("this program was built without a window; build it with `--features standalone`")]
    #[cfg(not(feature = "standalone"))]
    NoWindow,
}

impl CliError {
    /// Networks that are there may still fail when they are run, which leaves no reason behind.
    fn deaf(problem: Option<String>) -> Self {
        Self::Deaf { reason: problem.unwrap_or_else(|| "its networks fail".into()) }
    }
}

fn ids() -> String {
    MODELS.iter().map(|m| m.id).collect::<Vec<_>>().join(", ")
}

fn gain_db(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(db) if db.abs() <= 60.0 => Ok(db),
        _ => Err("expected a number of dB from -60 to 60".into()),
    }
}

fn quality(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(quality) if (0.0..=1.0).contains(&quality) => Ok(quality),
        _ => Err("expected a number from 0 to 1".into()),
    }
}

fn nam_version(text: &str) -> Result<Version, String> {
    let versions = [Version::V0_5_4, Version::V0_7_0];
    versions.into_iter().find(|v| v.name() == text).ok_or_else(|| {
        let names: Vec<_> = versions.iter().map(|v| v.name()).collect();
        format!("expected {}", names.join(" or "))
    })
}

/// Runs the program with its command line, its own name first.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let done = if opens_window(&arguments) {
        let options = arguments.iter().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
        open_window(options)
    } else {
        match Arguments::parse_from(arguments).command {
            Command::Window { options } => open_window(options),
            Command::Render(arguments) => render::render(&arguments),
            Command::Convert(arguments) => convert::convert(&arguments),
            Command::Info { model } => show::info(&model),
            Command::Models => show::models(),
            Command::Words { all } => words::list(all),
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the command line names no command: nothing at all, or an option of the window.
fn opens_window(arguments: &[OsString]) -> bool {
    match arguments.get(1).and_then(|a| a.to_str()) {
        None => arguments.len() < 2,
        Some(first) => first.starts_with('-') && !["-h", "--help", "-V", "--version"].contains(&first),
    }
}

#[cfg(feature = "standalone")]
fn open_window(options: Vec<String>) -> Result<(), CliError> {
    window::open(options)
}

#[cfg(not(feature = "standalone"))]
fn open_window(_: Vec<String>) -> Result<(), CliError> {
    Err(CliError::NoWindow)
}

/// The model that the player means: one that comes along, or a file.
fn find_model(name: &str) -> Result<Model, CliError> {
    if let Some(model) = Factory::named(name) {
        return Ok(model.load()?);
    }
    let path = Path::new(name);
    // A name with a folder or an extension is meant as a file: say what is wrong with it.
    if path.exists() || path.extension().is_some() || path.components().count() > 1 {
        return Ok(Model::load(path)?);
    }
    Err(CliError::UnknownModel { name: name.to_owned() })
}
