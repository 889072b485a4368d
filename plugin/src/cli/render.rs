//! `tonewright render`: recordings through a chain.

mod places;
mod progress;

use super::chain::ChainArguments;
use super::out::{complain, say};
use super::{CliError, report};
use clap::{Args, ValueEnum};
use places::Job;
use progress::Bars;
use shared::audio::SampleFormat;
use shared::chain::Chain;
use shared::stream::{Options, Outcome, Progress, StreamError, process_files_with};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Args)]
pub(super) struct RenderArguments {
    /// The recordings: WAV, FLAC and other formats, any rate, any number of channels.
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// Where the result goes: a WAV file, or a folder, which several recordings need. A result of that name that is
    /// there already is replaced.
    #[arg(short, long, value_name = "OUT or FOLDER")]
    output: PathBuf,
    /// Samples between two reports of progress; the result does not depend on it.
    #[arg(
        long, default_value_t = 16_384, allow_negative_numbers = true,
        value_parser = clap::value_parser!(u32).range(1..=65_536)
    )]
    block: u32,
    /// Sample rate of the result in Hz; that of the recording without this. The chain runs at this rate.
    #[arg(long, value_name = "HZ", value_parser = super::rate, allow_negative_numbers = true)]
    rate: Option<u32>,
    /// Channels of the result; without this those of the recording, but two of one where the chain spreads it, as a
    /// reverb does.
    #[arg(
        long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64), allow_negative_numbers = true
    )]
    channels: Option<u16>,
    /// How samples are written: 32f, floating point, or 24 or 16 bit integers with dither.
    #[arg(long, value_enum, default_value_t = Bits::Float32, allow_negative_numbers = true)]
    bits: Bits,
    /// Lets the result go on after the end of the recording for as long as the chain sounds on.
    #[arg(long)]
    tail: bool,
    #[command(flatten)]
    chain: ChainArguments,
}

/// How samples are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Bits {
    #[value(name = "32f")]
    Float32,
    #[value(name = "24")]
    Int24,
    #[value(name = "16")]
    Int16,
}

impl From<Bits> for SampleFormat {
    fn from(bits: Bits) -> Self {
        match bits {
            Bits::Float32 => Self::Float32,
            Bits::Int24 => Self::Int24,
            Bits::Int16 => Self::Int16,
        }
    }
}

pub(super) fn render(arguments: &RenderArguments) -> Result<(), CliError> {
    let plan = arguments.chain.plan()?;
    let jobs = places::jobs(&arguments.inputs, &arguments.output, &plan.files)?;
    let built = arguments.chain.build_from(&plan)?;
    let has_made_folder = places::make_folder(&arguments.output, &jobs)?;
    built.warnings.iter().for_each(|warning| complain(format_args!("warning: {warning}")));
    let stop = stop_on_ctrl_c();
    let options = Options {
        chunk_samples: Some(arguments.block as usize),
        sample_rate_hz: arguments.rate,
        channels: arguments.channels.map(usize::from),
        sample_format: arguments.bits.into(),
        tail: arguments.tail,
    };
    let bars = Bars::new();
    let run = Run { jobs: &jobs, bars: &bars, preset: plan.preset() };
    let files: Vec<(&Path, &Path)> = jobs.iter().map(|job| (&*job.input, &*job.output)).collect();
    // The chain that was built to see whether it can be is the first that plays.
    let first = Mutex::new(Some(built.chain));
    let chain = || {
        let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.map_or_else(|| plan.chain(), Ok)
    };
    let watch = |index: usize, progress: Progress| {
        bars.show(index, &jobs[index].input, progress);
        !stop.load(Ordering::Relaxed)
    };
    let finished = |index: usize, result: &Result<Outcome, StreamError>, chain: Option<&Chain>| {
        bars.end(index);
        run.tell(&jobs[index], result, chain);
    };
    let mut results = process_files_with(&files, &options, chain, watch, finished);
    if has_made_folder && results.iter().all(Result::is_err) {
        // Only an empty folder goes.
        let _ = std::fs::remove_dir(&arguments.output);
    }
    if jobs.len() == 1 {
        return Ok(results.pop().transpose().map(drop)?);
    }
    let failed = results.iter().filter(|result| result.is_err()).count();
    match failed {
        0 => Ok(()),
        _ if stop.load(Ordering::Relaxed) => Err(CliError::Interrupted),
        failed => Err(CliError::Some { failed, all: jobs.len() }),
    }
}

/// What is said while recordings are being processed.
struct Run<'a> {
    jobs: &'a [Job],
    bars: &'a Bars,
    preset: Option<&'a str>,
}

impl Run<'_> {
    /// What became of a recording.
    fn tell(&self, job: &Job, result: &Result<Outcome, StreamError>, chain: Option<&Chain>) {
        let alone = self.jobs.len() == 1;
        match (result, chain) {
            (Ok(outcome), Some(chain)) => {
                let text = if alone { report(job, outcome, chain, self.preset) } else { line(job, outcome) };
                self.bars.say(|| say(&text).unwrap_or_else(|e| complain(format_args!("warning: {e}"))));
                for warning in warnings(outcome, chain) {
                    let input = job.input.display();
                    self.bars.say(|| complain(format_args!("warning: {input}: {warning}")));
                }
            }
            // The error of a single recording is that of the command.
            (Err(error), _) if !alone => self.bars.say(|| complain(format_args!("error: {error}"))),
            _ => {}
        }
    }
}

/// All there is to say of one recording.
fn report(job: &Job, outcome: &Outcome, chain: &Chain, preset: Option<&str>) -> String {
    let Outcome { channels, sample_rate_hz, latency_samples, before, after, .. } = outcome;
    let views = chain.views();
    let (seconds, factor) = speed(outcome);
    let through =
        preset.map_or_else(|| report::amps(&views), |name| format!("through the preset \"{name}\""));
    let mut text = format!("{} {through}\n", job.input.display());
    text += &format!("  chain: {}\n", report::described(chain));
    text += &format!("  in   {}\n  out  {}\n", report::level(before), report::level(after));
    text += &format!(
        "  {seconds:.2} s, {} at {sample_rate_hz} Hz, {factor:.0} times as fast as real time\n",
        report::channels(*channels)
    );
    text += &report::equalisers(&views, &chain.controls());
    text + &format!("  delay of {latency_samples} samples taken out; written to {}\n", job.output.display())
}

/// One of several recordings in a line.
fn line(job: &Job, outcome: &Outcome) -> String {
    let Outcome { channels, sample_rate_hz, after, .. } = outcome;
    let (seconds, factor) = speed(outcome);
    format!(
        "{}: {seconds:.2} s, {} at {sample_rate_hz} Hz, {}, {factor:.0} times as fast as real \
         time; written to {}\n",
        job.input.display(),
        report::channels(*channels),
        report::level(after),
        job.output.display()
    )
}

/// What is not as it was meant.
fn warnings(outcome: &Outcome, chain: &Chain) -> Vec<String> {
    let mut all: Vec<String> = chain.views().iter().filter_map(|(_, view)| view.take_warning()).collect();
    if outcome.clipped > 0 {
        let clipped = outcome.clipped;
        all.push(format!(
            "{clipped} samples beyond full scale were cut off; lower --gain, or write --bits 32f"
        ));
    }
    all
}

/// Length in seconds, and how many of them are computed in one.
fn speed(outcome: &Outcome) -> (f64, f64) {
    let seconds = outcome.frames as f64 / f64::from(outcome.sample_rate_hz);
    (seconds, seconds / outcome.computing.as_secs_f64().max(1e-9))
}

/// A flag that Ctrl-C, or being told to end, raises. Asked twice, the program ends at once; where files cannot be
/// without a name, as some file systems have it, temporary ones are left then.
fn stop_on_ctrl_c() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    let handler = ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    if let Err(error) = handler {
        complain(format_args!("warning: Ctrl-C may leave temporary files ({error})"));
    }
    stop
}
