//! The `tonewright` program: what it is told and what it answers.

mod bench;
mod chain;
mod convert;
mod eq;
mod error;
mod explain;
#[cfg(feature = "live")]
mod live;
#[cfg(not(feature = "live"))]
#[path = "no_live.rs"]
mod live;
mod out;
mod presets;
mod render;
mod report;
mod show;
#[cfg(feature = "standalone")]
mod window;
mod words;

use clap::{Args, Parser, Subcommand};
use error::CliError;
use shared::model::nam::Version;
use shared::model::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Model};
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
    #[command(flatten)]
    Live(live::LiveCommand),
    /// Sends recordings through a model, a loudspeaker, the equaliser and more, as the plugin would play them.
    Render(render::RenderArguments),
    /// Measures what each block of a chain costs on this machine.
    Bench(bench::BenchArguments),
    /// Shows how a chain is written down, and what in it can be set.
    Chain {
        /// A chain whose parameters are listed with their addresses; without it there is an example.
        file: Option<PathBuf>,
    },
    /// Writes a model as another kind of file: `.nam` for Neural Amp Modeler, or `.onnx`.
    Convert(ConvertArguments),
    /// Shows a model's card, architecture and delay.
    Info {
        /// Name or slot of a factory model, or a `.nam` or `.onnx` file.
        model: String,
    },
    /// Lists the models that come along.
    Models,
    /// Lists the presets that come along and your own, or says one in full.
    Presets {
        /// The name of a preset, or a file.
        name: Option<String>,
    },
    /// Lists the words that the equaliser follows.
    Words {
        /// All of them, in the order of their slots.
        #[arg(long)]
        all: bool,
    },
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
    #[arg(long, value_parser = quality, allow_negative_numbers = true)]
    quality: Option<f32>,
    /// Fixes a knob of a model that has any at a setting, as in `--knob Gain=7.5`; the others stay at their defaults. Without it an
    /// `.onnx` file keeps the knobs. Can be given several times.
    #[arg(long, value_name = "NAME=SETTING", value_parser = knob)]
    knob: Vec<(String, f32)>,
    /// Replaces a file that is there already.
    #[arg(long)]
    overwrite: bool,
}

fn quality(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(quality) if (0.0..=1.0).contains(&quality) => Ok(quality),
        _ => Err("expected a number from 0 to 1".into()),
    }
}

fn knob(text: &str) -> Result<(String, f32), String> {
    let parts =
        text.rsplit_once('=').and_then(|(name, setting)| Some((name, setting.trim().parse::<f32>().ok()?)));
    match parts {
        Some((name, setting)) if setting.is_finite() => Ok((name.trim().to_owned(), setting)),
        _ => Err("expected a knob's name and a setting, as in Gain=7.5".into()),
    }
}

fn rate(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(hz) if (MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&f64::from(hz)) => Ok(hz),
        _ => Err(format!(
            "expected a whole number of Hz from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE}, as in 44100"
        )),
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
            Command::Live(command) => command.run(),
            Command::Render(arguments) => render::render(&arguments),
            Command::Bench(arguments) => bench::bench(&arguments),
            Command::Chain { file } => explain::explain(file.as_deref()),
            Command::Convert(arguments) => convert::convert(&arguments),
            Command::Info { model } => show::info(&model),
            Command::Models => show::models(),
            Command::Presets { name } => presets::list(name.as_deref()),
            Command::Words { all } => words::list(all),
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::complain(format_args!("error: {error}"));
            error.exit_code()
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
    Ok(shared::factory::find(name, Path::new(name))?)
}
