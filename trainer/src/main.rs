//! `trainer`: trains, evaluates and renders amp models, and trains the word EQ.

mod cli;

use clap::Parser as _;
use cli::{
    Cli, Command, Part, TrainArgs, is_free, is_named, pause, refuse_amp_options, stop_on_ctrl_c, tell,
};
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use trainer::batch::{self, Shard};
use trainer::config::{Config, ConfigKind};
use trainer::out::{complain, lost, say};
use trainer::progress::Progress;
use trainer::session::{self, Begin};
use trainer::word_eq::config::EqConfig;
use trainer::{TrainerError, checks, device, evaluate, render, report, signal, virtual_capture, word_eq};

fn main() -> ExitCode {
    match (run(Cli::parse()), lost()) {
        (Ok(()), None) => ExitCode::SUCCESS,
        (Ok(()), Some(error)) => {
            complain(format_args!("error: standard output: {error}; part of what was said is lost"));
            ExitCode::FAILURE
        }
        (Err(error), _) => {
            complain(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<(), TrainerError> {
    match cli.command {
        None => train(cli.train),
        Some(Command::Evaluate { model, input, target, device }) => {
            let (device, why) = device::choose(device)?;
            say(format_args!("device: {why}"));
            let evaluate::Evaluation { distance: d, note } =
                evaluate::evaluate(&model, &input, &target, device)?;
            if !note.is_empty() {
                say(format_args!("lined up: {note}"));
            }
            say(format_args!("ESR         {:.6}", d.esr));
            match d.mrstft {
                Some(distance) => say(format_args!("MR-STFT     {distance:.4}")),
                None => say(format_args!("MR-STFT     (too short)")),
            }
            say(format_args!("peak error  {:.5}", d.peak_error));
            Ok(())
        }
        Some(Command::Render { model, input, output, device, overwrite }) => {
            render::check_replaces_none(&output, &[("input", &input), ("model", &model)])?;
            is_named(&output, "wav")?;
            is_free(&output, overwrite)?;
            let (device, why) = device::choose(device)?;
            say(format_args!("device: {why}"));
            let frames = render::render_file(&model, &input, &output, device)?;
            say(format_args!("{}: {frames} samples", output.display()));
            Ok(())
        }
        Some(Command::Check(args)) => checks::run(&args, &|line| say(line)),
        Some(Command::Signal { output, rate, seconds, overwrite }) => {
            is_named(&output, "wav")?;
            is_free(&output, overwrite)?;
            signal::write(&output, seconds, rate)?;
            say(format_args!(
                "{}: {seconds} s at {rate} Hz; play it once through the gear and record what comes out",
                output.display()
            ));
            Ok(())
        }
        Some(Command::Report { model, input, target, output, overwrite }) => {
            let page = output.unwrap_or_else(|| model.with_extension("html"));
            is_named(&page, "html")?;
            is_free(&page, overwrite)?;
            let written = report::of_files(&model, &input, &target, Some(page))?;
            if !written.note.is_empty() {
                say(format_args!("lined up: {}", written.note));
            }
            let (esr, page) = (written.measures.distance.esr, written.path);
            say(format_args!("ESR {esr:.6}\nreport: {}", page.display()));
            Ok(())
        }
        Some(Command::Virtual { out, seconds, rate, seed, overwrite }) => {
            virtual_capture::files(&out).iter().try_for_each(|file| is_free(file, overwrite))?;
            let (input, target) = virtual_capture::write(&out, seconds, rate, seed)?;
            say(format_args!("{}\n{}", input.display(), target.display()));
            Ok(())
        }
        Some(Command::Reference { files, out, overwrite }) => {
            let recording = out.iter().find(|out| files.iter().any(|file| render::same_file(file, out)));
            if let Some(out) = recording {
                let problem =
                    "the reference would replace a recording that it is learned from; choose another name";
                return Err(TrainerError::recording(out, problem));
            }
            if let Some(out) = &out {
                is_named(out, "json")?;
                is_free(out, overwrite)?;
            }
            let learned = word_eq::reference_file::learn(&files)?;
            if learned.seconds < word_eq::reference_file::FEW_SECONDS {
                let seconds = learned.seconds;
                complain(format_args!(
                    "warning: learned from only {seconds:.1} s of sound; a minute tells more"
                ));
            }
            let text = learned.to_json();
            let Some(out) = out else {
                say(text);
                return Ok(());
            };
            shared::fs::write_atomic(&out, text.as_bytes()).map_err(|e| TrainerError::file(&out, e))?;
            say(format_args!(
                "{}: learned from {:.1} s of {} files",
                out.display(),
                learned.seconds,
                files.len()
            ));
            Ok(())
        }
        Some(Command::DemoRecording { output, rate, overwrite }) => {
            is_named(&output, "wav")?;
            is_free(&output, overwrite)?;
            virtual_capture::write_demo(&output, rate)
        }
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
    let finished = session::run(&config, begin, &stop, &mut progress, &|line| say(line))?;
    tell(&finished)
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
    let say = |line: &str| say(line);
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

fn train_word_eq(path: &Path, args: TrainArgs) -> Result<(), TrainerError> {
    refuse_amp_options(&args)?;
    let mut config = EqConfig::load(path)?;
    config.out = args.out.unwrap_or(config.out);
    let say = |line: &str| say(line);
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
    files.iter().for_each(|path| say(&path.display().to_string()));
    Ok(())
}
