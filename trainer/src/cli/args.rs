//! What the command line asks for.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use trainer::batch::Shard;
use trainer::checks::{CheckArgs, Mode};
use trainer::config::{CardText, Config, Data};
use trainer::device::DeviceChoice;
use trainer::out::say;
use trainer::recording::Channel;
use trainer::{TrainerError, signal};

/// Trains Tonewright's amp models from paired recordings, and its word EQ.
#[derive(Parser)]
#[command(version, subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(flatten)]
    pub train: TrainArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Args)]
pub struct TrainArgs {
    /// The config to train by, such as configs/demo.yaml
    #[arg(long, required = true)]
    pub config: Option<PathBuf>,
    /// Go on after the last checkpoint in the out folder; a batch does so by itself
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Batch: only this share of the captures, counted from 0, such as 0/4 for the first of four
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Begin with the weights of this model of the same architecture, ONNX or .nam
    #[arg(long, value_name = "MODEL", conflicts_with = "resume")]
    pub from: Option<PathBuf>,
    /// Stop after this long as Ctrl-C does; the learning rate does not follow, and --resume goes on exactly
    #[arg(long, value_name = "MINUTES", value_parser = minutes, allow_negative_numbers = true)]
    pub pause_after: Option<f64>,
    /// Replace the run that the out folder holds
    #[arg(long)]
    pub overwrite: bool,
    /// Word EQ: measure on people that were left out of training, and write nothing
    #[arg(long, conflicts_with_all = ["resume", "overwrite", "out"])]
    pub report: bool,
    /// Word EQ: only this part; what the other left is used as it is
    #[arg(long)]
    pub part: Option<Part>,
    /// What went into the gear, in place of the config's data; its card is left out too
    #[arg(long, requires = "target", value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// What came out of it
    #[arg(long, requires = "input", value_name = "FILE")]
    pub target: Option<PathBuf>,
    /// Which channel of stereo recordings, in place of the config's
    #[arg(long)]
    pub channel: Option<Channel>,
    /// Train from a recording that the checks refuse
    #[arg(long)]
    pub ignore_checks: bool,
    /// Folder for checkpoints and model, in place of the config's
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Write the model as a .nam file too, for Neural Amp Modeler's players
    #[arg(long)]
    pub nam: bool,
    /// Name on the card, in place of the config's
    #[arg(long)]
    pub name: Option<String>,
    /// Gear on the card, in place of the config's
    #[arg(long)]
    pub gear: Option<String>,
    /// Author on the card, in place of the config's
    #[arg(long)]
    pub author: Option<String>,
    /// On the card: where the recordings come from, in place of the config's
    #[arg(long)]
    pub source: Option<String>,
    /// Licence on the card, in place of the config's
    #[arg(long)]
    pub licence: Option<String>,
    /// On the card: analogue level of a full-scale sine at the interface's output that fed the gear, in dBu
    #[arg(long, value_name = "DBU", value_parser = level, allow_negative_numbers = true)]
    pub input_level_dbu: Option<f32>,
    /// On the card: analogue level of a full-scale sine at the interface's input that recorded it, in dBu
    #[arg(long, value_name = "DBU", value_parser = level, allow_negative_numbers = true)]
    pub output_level_dbu: Option<f32>,
    /// Time limit, in place of the config's
    #[arg(long, value_name = "MINUTES", value_parser = minutes, allow_negative_numbers = true)]
    pub max_minutes: Option<f64>,
    /// Worker threads on the CPU, in place of the config's
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Device, in place of the config's
    #[arg(long)]
    pub device: Option<DeviceChoice>,
    /// Render a clip of the held-out part every so many seconds, into the folder `preview`
    #[arg(long, value_name = "SECONDS", value_parser = preview_seconds, allow_negative_numbers = true)]
    pub preview: Option<f64>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Compare a model's output with a recording: ESR, MR-STFT, peak error
    Evaluate {
        /// Model file
        model: PathBuf,
        /// What went into the gear
        input: PathBuf,
        /// What came out of it
        target: PathBuf,
        /// Where to compute
        #[arg(long, default_value = "auto")]
        device: DeviceChoice,
    },
    /// Run a WAV file of any length through a model, with libtorch
    Render {
        /// Model file
        model: PathBuf,
        /// What to play through it
        input: PathBuf,
        /// Where to write the result, a WAV file
        output: PathBuf,
        /// Where to compute
        #[arg(long, default_value = "auto")]
        device: DeviceChoice,
        /// Replace a file of that name
        #[arg(long)]
        overwrite: bool,
    },
    /// Look at a recording before training from it: delay, level, clipping, noise and more
    Check(CheckArgs),
    /// Write a test signal to play through the gear: what a capture should hear, and what the checks need
    Signal {
        /// File to write
        #[arg(short, long, value_name = "WAV")]
        output: PathBuf,
        /// Sample rate in Hz
        #[arg(long, default_value_t = 48_000, value_parser = clap::value_parser!(u32).range(8_000..=384_000))]
        rate: u32,
        /// Length in seconds
        #[arg(long, default_value_t = 180.0, value_parser = signal_seconds, allow_negative_numbers = true)]
        seconds: f64,
        /// Replace a file of that name
        #[arg(long)]
        overwrite: bool,
    },
    /// Write a page that tells how close a model is to a recording, with sound to compare
    Report {
        /// Model file
        #[arg(long, value_name = "FILE")]
        model: PathBuf,
        /// What went into the gear
        #[arg(long, value_name = "WAV")]
        input: PathBuf,
        /// What came out of it
        #[arg(long, value_name = "WAV")]
        target: PathBuf,
        /// The page; beside the model and of its name if not given
        #[arg(short, long, value_name = "HTML")]
        output: Option<PathBuf>,
        /// Replace a page of that name
        #[arg(long)]
        overwrite: bool,
    },
    /// Write the virtual capture as input.wav and target.wav
    Virtual {
        /// Folder to write into
        #[arg(short, long, value_name = "FOLDER")]
        out: PathBuf,
        /// Length in seconds
        #[arg(long, default_value_t = 60.0, value_parser = seconds, allow_negative_numbers = true)]
        seconds: f64,
        /// Sample rate in Hz
        #[arg(long, default_value_t = 48_000, value_parser = clap::value_parser!(u32).range(8_000..=384_000))]
        rate: u32,
        /// Another seed is another player
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Replace recordings that the folder holds
        #[arg(long)]
        overwrite: bool,
    },
    /// Learn what is neutral for the word EQ from recordings of a sound, for `tonewright render --reference`
    Reference {
        /// Recordings, WAV or FLAC
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// File to write; without one the reference is printed
        #[arg(short, long, value_name = "JSON")]
        out: Option<PathBuf>,
        /// Replace a file of that name
        #[arg(long)]
        overwrite: bool,
    },
    /// Write the demo recording: twelve seconds of clean synthesised guitar, 16 bit
    DemoRecording {
        /// File to write
        output: PathBuf,
        /// Sample rate in Hz
        #[arg(long, default_value_t = 48_000, value_parser = clap::value_parser!(u32).range(8_000..=384_000))]
        rate: u32,
        /// Replace a file of that name
        #[arg(long)]
        overwrite: bool,
    },
}

/// A part of the word EQ.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Words and the network that sets the bands
    Decoder,
    /// The network that hears, and what is neutral
    Encoder,
}

fn minutes(text: &str) -> Result<f64, String> {
    number(text, 0.01, 100_000.0)
}

fn seconds(text: &str) -> Result<f64, String> {
    number(text, 1.0, 3600.0)
}

fn signal_seconds(text: &str) -> Result<f64, String> {
    number(text, *signal::SECONDS.start(), *signal::SECONDS.end())
}

fn level(text: &str) -> Result<f32, String> {
    number(text, -300.0, 300.0).map(|level| level as f32)
}

fn preview_seconds(text: &str) -> Result<f64, String> {
    number(text, 1.0, 86_400.0)
}

fn number(text: &str, min: f64, max: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value >= min && value <= max => Ok(value),
        _ => Err(format!("a number from {min} to {max} is needed")),
    }
}

impl TrainArgs {
    /// Puts what was given on the command line in place of the config's.
    ///
    /// # Errors
    /// An option would be ignored.
    pub fn apply(&self, config: &mut Config) -> Result<(), TrainerError> {
        if let (Some(input), Some(target)) = (&self.input, &self.target) {
            config.data = Data::pair(input.clone(), target.clone());
            // It describes the config's recording, not this one.
            if config.card != CardText::default() {
                say(
                    "the config's card is left out, as it is of another recording; --name, --gear and the like say what is on this one's",
                );
            }
            config.card = CardText::default();
        }
        let recorded = match &mut config.data {
            Data::Pair(files) => Some((&mut files.channel, &mut files.checks)),
            Data::Knobs(files) => Some((&mut files.channel, &mut files.checks)),
            Data::Virtual(_) => None,
        };
        match recorded {
            Some((channel, checks)) => {
                *channel = self.channel.unwrap_or(*channel);
                if self.ignore_checks {
                    *checks = Mode::Warn;
                }
            }
            None if self.ignore_checks || self.channel.is_some() => {
                let problem = "`--ignore-checks` and `--channel` are for recordings, and the config trains on the virtual capture; leave them out";
                return Err(TrainerError::Setting(problem.into()));
            }
            None => {}
        }
        let t = &mut config.train;
        t.max_minutes = self.max_minutes.or(t.max_minutes);
        t.workers = self.workers.map(usize::from).or(t.workers);
        t.device = self.device.unwrap_or(t.device);
        if let Some(from) = &self.from {
            t.from = Some(from.clone());
        }
        config.nam |= self.nam;
        config.preview_seconds = self.preview.or(config.preview_seconds);
        config.origin.command =
            std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
        let card = &mut config.card;
        for (text, given) in [
            (&mut card.name, &self.name),
            (&mut card.gear, &self.gear),
            (&mut card.author, &self.author),
            (&mut card.source, &self.source),
            (&mut card.licence, &self.licence),
        ] {
            if let Some(given) = given {
                text.clone_from(given);
            }
        }
        card.input_level_dbu = self.input_level_dbu.or(card.input_level_dbu);
        card.output_level_dbu = self.output_level_dbu.or(card.output_level_dbu);
        Ok(())
    }
}

/// An option that would be ignored is refused.
pub fn refuse_amp_options(args: &TrainArgs) -> Result<(), TrainerError> {
    let given = [
        ("--resume", args.resume),
        ("--shard", args.shard.is_some()),
        ("--from", args.from.is_some()),
        ("--pause-after", args.pause_after.is_some()),
        ("--input", args.input.is_some()),
        ("--channel", args.channel.is_some()),
        ("--ignore-checks", args.ignore_checks),
        ("--nam", args.nam),
        ("--name", args.name.is_some()),
        ("--gear", args.gear.is_some()),
        ("--author", args.author.is_some()),
        ("--source", args.source.is_some()),
        ("--licence", args.licence.is_some()),
        ("--input-level-dbu", args.input_level_dbu.is_some()),
        ("--output-level-dbu", args.output_level_dbu.is_some()),
        ("--max-minutes", args.max_minutes.is_some()),
        ("--workers", args.workers.is_some()),
        ("--device", args.device.is_some()),
        ("--preview", args.preview.is_some()),
    ];
    match given.iter().find(|(_, given)| *given) {
        Some((option, _)) => Err(TrainerError::Setting(format!(
            "`{option}` is for amp models, and this config is one of the word EQ; leave it out"
        ))),
        None => Ok(()),
    }
}
