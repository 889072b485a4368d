//! `trainer`: trains, evaluates and renders amp models, and trains the word EQ.

use clap::{Args, Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use trainer::batch::{self, Shard};
use trainer::checks::{self, CheckArgs, Mode};
use trainer::config::{CardText, Config, ConfigKind, Data};
use trainer::device::{self, DeviceChoice};
use trainer::progress::{Progress, clock};
use trainer::recording::Channel;
use trainer::session::{self, Begin, Finished};
use trainer::train::End;
use trainer::word_eq::config::EqConfig;
use trainer::{TrainerError, evaluate, export, render, report, signal, virtual_capture, word_eq};

/// Trains Tonewright's amp models from paired recordings, and its word EQ.
#[derive(Parser)]
#[command(version, subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    train: TrainArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct TrainArgs {
    /// The config to train by, such as configs/demo.yaml
    #[arg(long, required = true)]
    config: Option<PathBuf>,
    /// Go on after the last checkpoint in the out folder; a batch does so by itself
    #[arg(long, conflicts_with = "overwrite")]
    resume: bool,
    /// Batch: only this share of the captures, counted from 0, such as 0/4 for the first of four
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Begin with the weights of this model of the same architecture, ONNX or .nam
    #[arg(long, value_name = "MODEL", conflicts_with = "resume")]
    from: Option<PathBuf>,
    /// Stop after this long as Ctrl-C does; the learning rate does not follow, and --resume goes on exactly
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    pause_after: Option<f64>,
    /// Replace the run that the out folder holds
    #[arg(long)]
    overwrite: bool,
    /// Word EQ: measure on people that were left out of training, and write nothing
    #[arg(long, conflicts_with_all = ["resume", "overwrite", "out"])]
    report: bool,
    /// Word EQ: only this part; what the other left is used as it is
    #[arg(long)]
    part: Option<Part>,
    /// What went into the gear, in place of the config's data; its card is left out too
    #[arg(long, requires = "target", value_name = "FILE")]
    input: Option<PathBuf>,
    /// What came out of it
    #[arg(long, requires = "input", value_name = "FILE")]
    target: Option<PathBuf>,
    /// Which channel of stereo recordings, in place of the config's
    #[arg(long)]
    channel: Option<Channel>,
    /// Train from a recording that the checks refuse
    #[arg(long)]
    ignore_checks: bool,
    /// Folder for checkpoints and model, in place of the config's
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Write the model as a .nam file too, for Neural Amp Modeler's players
    #[arg(long)]
    nam: bool,
    /// Name on the card, in place of the config's
    #[arg(long)]
    name: Option<String>,
    /// Gear on the card, in place of the config's
    #[arg(long)]
    gear: Option<String>,
    /// Author on the card, in place of the config's
    #[arg(long)]
    author: Option<String>,
    /// On the card: where the recordings come from, in place of the config's
    #[arg(long)]
    source: Option<String>,
    /// Licence on the card, in place of the config's
    #[arg(long)]
    licence: Option<String>,
    /// Time limit, in place of the config's
    #[arg(long, value_name = "MINUTES", value_parser = minutes)]
    max_minutes: Option<f64>,
    /// Worker threads on the CPU, in place of the config's
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: Option<u16>,
    /// Device, in place of the config's
    #[arg(long)]
    device: Option<DeviceChoice>,
    /// Render a clip of the held-out part every so many seconds, into the folder `preview`
    #[arg(long, value_name = "SECONDS", value_parser = preview_seconds)]
    preview: Option<f64>,
}

#[derive(Subcommand)]
enum Command {
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
        /// Where to write the result
        output: PathBuf,
        /// Where to compute
        #[arg(long, default_value = "auto")]
        device: DeviceChoice,
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
        #[arg(long, default_value_t = 180.0, value_parser = signal_seconds)]
        seconds: f64,
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
    },
    /// Write the virtual capture as input.wav and target.wav
    Virtual {
        /// Folder to write into
        #[arg(short, long, value_name = "FOLDER")]
        out: PathBuf,
        /// Length in seconds
        #[arg(long, default_value_t = 60.0, value_parser = seconds)]
        seconds: f64,
        /// Sample rate in Hz
        #[arg(long, default_value_t = 48_000, value_parser = clap::value_parser!(u32).range(8_000..=384_000))]
        rate: u32,
        /// Another seed is another player
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Learn what is neutral for the word EQ from recordings of a sound, for `tonewright render --reference`
    Reference {
        /// Recordings, WAV or FLAC
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// File to write; without one the reference is printed
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write the demo recording: twelve seconds of clean synthesised guitar, 16 bit
    DemoRecording {
        /// File to write
        output: PathBuf,
        /// Sample rate in Hz
        #[arg(long, default_value_t = 48_000, value_parser = clap::value_parser!(u32).range(8_000..=384_000))]
        rate: u32,
    },
}

/// A part of the word EQ.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
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

fn preview_seconds(text: &str) -> Result<f64, String> {
    number(text, 1.0, 86_400.0)
}

fn number(text: &str, min: f64, max: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value >= min && value <= max => Ok(value),
        _ => Err(format!("a number from {min} to {max} is needed")),
    }
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), TrainerError> {
    match cli.command {
        None => train(cli.train),
        Some(Command::Evaluate { model, input, target, device }) => {
            let (device, why) = device::choose(device)?;
            println!("device: {why}");
            let evaluate::Evaluation { distance: d, note } =
                evaluate::evaluate(&model, &input, &target, device)?;
            if !note.is_empty() {
                println!("lined up: {note}");
            }
            println!("ESR         {:.6}", d.esr);
            match d.mrstft {
                Some(distance) => println!("MR-STFT     {distance:.4}"),
                None => println!("MR-STFT     (too short)"),
            }
            println!("peak error  {:.5}", d.peak_error);
            Ok(())
        }
        Some(Command::Render { model, input, output, device }) => {
            let (device, why) = device::choose(device)?;
            println!("device: {why}");
            let frames = render::render_file(&model, &input, &output, device)?;
            println!("{}: {frames} samples", output.display());
            Ok(())
        }
        Some(Command::Check(args)) => checks::run(&args, &|line| println!("{line}")),
        Some(Command::Signal { output, rate, seconds }) => {
            signal::write(&output, seconds, rate)?;
            println!(
                "{}: {seconds} s at {rate} Hz; play it once through the gear and record what comes out",
                output.display()
            );
            Ok(())
        }
        Some(Command::Report { model, input, target, output }) => {
            let (page, measures) = report::of_files(&model, &input, &target, output)?;
            println!("ESR {:.6}\nreport: {}", measures.distance.esr, page.display());
            Ok(())
        }
        Some(Command::Virtual { out, seconds, rate, seed }) => {
            let (input, target) = virtual_capture::write(&out, seconds, rate, seed)?;
            println!("{}\n{}", input.display(), target.display());
            Ok(())
        }
        Some(Command::Reference { files, out }) => {
            let learned = word_eq::reference_file::learn(&files)?;
            let text = learned.to_json();
            let Some(out) = out else {
                println!("{text}");
                return Ok(());
            };
            shared::fs::write_atomic(&out, text.as_bytes()).map_err(|e| TrainerError::file(&out, e))?;
            println!("{}: learned from {:.1} s of {} files", out.display(), learned.seconds, files.len());
            Ok(())
        }
        Some(Command::DemoRecording { output, rate }) => virtual_capture::write_demo(&output, rate),
    }
}

fn train(args: TrainArgs) -> Result<(), TrainerError> {
    // clap has made sure of a config wherever there is no subcommand.
    let path = args.config.clone().unwrap_or_default();
    let kind = ConfigKind::of(&path)?;
    if kind == ConfigKind::WordEq {
        return train_word_eq(&path, args);
    }
    if args.report || args.part.is_some() {
        return Err(TrainerError::Setting(
            "`--report` and `--part` are for the word EQ, such as configs/eq.yaml".into(),
        ));
    }
    let begin = match (args.resume, args.overwrite) {
        (true, _) => Begin::Resume,
        (false, true) => Begin::Overwrite,
        (false, false) => Begin::Fresh,
    };
    if kind == ConfigKind::Batch {
        return train_batch(&path, &args, begin == Begin::Overwrite);
    }
    if args.shard.is_some() {
        return Err(TrainerError::Setting("`--shard` is for a config with a `batch` of captures".into()));
    }
    let mut config = Config::load(&path)?;
    args.apply(&mut config)?;
    config.out = args.out.clone().unwrap_or(config.out);
    let stop = stop_on_ctrl_c();
    pause(args.pause_after, &stop);
    let mut progress = Progress::new();
    let finished = session::run(&config, begin, &stop, &mut progress, &|line| println!("{line}"))?;
    tell(&finished)
}

impl TrainArgs {
    /// Puts what was given on the command line in place of the config's.
    ///
    /// # Errors
    /// An option would be ignored.
    fn apply(&self, config: &mut Config) -> Result<(), TrainerError> {
        if let (Some(input), Some(target)) = (&self.input, &self.target) {
            config.data = Data::pair(input.clone(), target.clone());
            // It describes the config's recording, not this one.
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
        Ok(())
    }
}

/// Trains every capture of a list, or of this machine's share of it.
fn train_batch(path: &Path, args: &TrainArgs, overwrite: bool) -> Result<(), TrainerError> {
    if args.input.is_some() || args.name.is_some() {
        let problem =
            "`--input`, `--target` and `--name` are for one capture, and this config has a list of them";
        return Err(TrainerError::Setting(problem.into()));
    }
    let out = match &args.out {
        Some(out) => out.clone(),
        None => batch::out_folder(path)?,
    };
    let mut items = batch::items(path, &out)?;
    items.iter_mut().try_for_each(|item| args.apply(&mut item.config))?;
    let stop = stop_on_ctrl_c();
    pause(args.pause_after, &stop);
    let say = |line: &str| println!("{line}");
    let mut train = |config: &Config, begin| session::run(config, begin, &stop, &mut Progress::new(), &say);
    let shard = args.shard.unwrap_or(Shard::ALL);
    let tally = batch::run(&items, shard, &out, overwrite, &stop, &say, &mut train)?;
    match tally.items - tally.finished {
        0 => Ok(()),
        open => Err(TrainerError::Setting(format!(
            "{open} of {} captures have no model, {} of them failed; the same command tries and goes on with them",
            tally.items, tally.failed
        ))),
    }
}

/// Asks for a stop after some minutes, as Ctrl-C does.
fn pause(after_minutes: Option<f64>, stop: &Arc<AtomicBool>) {
    let Some(minutes) = after_minutes else { return };
    let stop = stop.clone();
    // It ends with the process.
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs_f64(minutes * 60.0));
        stop.store(true, Ordering::Relaxed);
    });
}

fn stop_on_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let handler = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            leave_at_once();
        }
        eprintln!("stopping after this step, then exporting; press Ctrl-C again to stop at once");
    });
    if let Err(error) = handler {
        eprintln!("warning: Ctrl-C will not export ({error})");
    }
    stop
}

/// Ends the process without exporting, as Ctrl-C would without us. Nothing is torn down: libtorch's parts would go while
/// other threads still compute with them.
fn leave_at_once() -> ! {
    eprintln!("stopped at once; --resume goes on after the last checkpoint");
    // SAFETY: `_exit` takes a number, runs nothing of ours and does not return.
    unsafe { libc::_exit(130) }
}

/// An option that would be ignored is refused.
fn refuse_amp_options(args: &TrainArgs) -> Result<(), TrainerError> {
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

fn train_word_eq(path: &Path, args: TrainArgs) -> Result<(), TrainerError> {
    refuse_amp_options(&args)?;
    let mut config = EqConfig::load(path)?;
    config.out = args.out.unwrap_or(config.out);
    let say = |line: &str| println!("{line}");
    let wanted = |part| args.part.is_none_or(|only| only == part);
    let stop = stop_on_ctrl_c();
    let goes_on = || !stop.load(Ordering::Relaxed);
    if args.report {
        if wanted(Part::Decoder) {
            word_eq::folds::report(&config, &stop, &say)?;
        }
        if wanted(Part::Encoder) && goes_on() {
            word_eq::encoder::session::report(&config, &stop, &say)?;
        }
        return Ok(());
    }
    let mut files = Vec::new();
    if wanted(Part::Encoder) {
        // Said now, not after the decoder was trained.
        word_eq::encoder::session::refuse_earlier_run(&config, args.overwrite)?;
    }
    if wanted(Part::Decoder) {
        files.extend(word_eq::session::run(&config, args.overwrite, &stop, &say)?.files);
    }
    if wanted(Part::Encoder) && !goes_on() {
        say("stopped: the encoder was not trained; `--part encoder` does it");
    } else if wanted(Part::Encoder) {
        files.extend(word_eq::encoder::session::run(&config, args.overwrite, &stop, &say)?);
    }
    files.sort();
    files.dedup();
    files.iter().for_each(|path| println!("{}", path.display()));
    Ok(())
}

fn tell(finished: &Finished) -> Result<(), TrainerError> {
    let o = &finished.outcome;
    println!(
        "{}: {} steps in {}, {:.0} k samples/s; best after step {}",
        o.end.reason(),
        o.steps,
        clock(o.seconds),
        o.samples_per_second / 1e3,
        o.step
    );
    let d = &finished.distance;
    println!(
        "held-out ESR {:.6} (before training {:.4}), peak error {:.5}",
        d.esr, o.first_esr, d.peak_error
    );
    for size in &finished.smaller {
        let (weights, esr) = (size.outcome.weights.len(), size.distance.esr);
        println!("with {weights} weights: held-out ESR {esr:.6}, {}", size.path.display());
    }
    if finished.smaller.is_empty() {
        for (at, esr) in finished.versions() {
            println!("  at {at}: {esr:.6}");
        }
    }
    let mut apart = None;
    for parity in finished.parity.iter().chain(finished.smaller.iter().flat_map(|size| &size.parity)) {
        match &parity.difference {
            Ok(difference) => {
                let same = *difference <= export::PARITY_TOLERANCE;
                let verdict = if same { "the same" } else { "DIFFERENT" };
                println!("parity: libtorch and {}: {verdict}, at most {difference:.1e} apart", parity.engine);
                if !same {
                    apart = Some((parity.engine, *difference));
                }
            }
            Err(error) => println!("parity: {} was not compared: {error}", parity.engine),
        }
    }
    let card = &finished.model.card;
    println!("model: {}", finished.path.display());
    if let Some(nam) = &finished.nam {
        let knobs = if finished.settings.is_empty() { "" } else { ", its knobs fixed at their defaults" };
        println!("for Neural Amp Modeler: {}{knobs}", nam.display());
    }
    for (key, value) in card.to_metadata() {
        println!("  {key}: {value}");
    }
    if let End::Diverged(divergence) = o.end {
        eprintln!(
            "warning: training broke off; the model holds the best weights before, after step {}",
            o.step
        );
        return Err(TrainerError::Diverged(divergence));
    }
    match apart {
        None => Ok(()),
        Some((engine, difference)) => Err(TrainerError::recording(
            &finished.path,
            format!(
                "the engine {engine} is {difference:e} away from libtorch, more than {:e}",
                export::PARITY_TOLERANCE
            ),
        )),
    }
}
