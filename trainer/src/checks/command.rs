//! `trainer check`.

use super::{Mode, judge, print};
use crate::TrainerError;
use crate::batch;
use crate::config::{Config, ConfigKind, Data, KnobFiles, PairFiles};
use crate::data::check_audible;
use crate::knobs::Table;
use crate::recording::{self, Channel, Settings};
use std::path::{Path, PathBuf};

/// What is said of a recording that is good.
const GOOD: &str = "nothing speaks against training from it";

/// What `trainer check` is asked.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    /// What went into the gear: WAV, FLAC or any other audio file
    #[arg(long, value_name = "FILE", required_unless_present = "config", requires = "target")]
    pub input: Option<PathBuf>,
    /// What came out of it
    #[arg(long, value_name = "FILE", requires = "input")]
    pub target: Option<PathBuf>,
    /// Check the recordings of a config, for its network
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which channel of stereo files
    #[arg(long)]
    pub channel: Option<Channel>,
}

/// Reads recordings and tells `say` what was found in them. Of several each is told of, whatever the others are.
///
/// # Errors
/// A file is unusable, or a recording is refused.
pub fn run(args: &CheckArgs, say: &dyn Fn(&str)) -> Result<(), TrainerError> {
    let mut lists = match &args.config {
        Some(path) if ConfigKind::of(path)? == ConfigKind::Batch => {
            let items = batch::items(path, &batch::out_folder(path)?)?;
            items.iter().map(|item| recordings(&item.config)).collect::<Result<Vec<_>, _>>()?
        }
        Some(path) => vec![recordings(&Config::load(path)?)?],
        None => Vec::new(),
    };
    if let (Some(input), Some(target)) = (&args.input, &args.target) {
        let settings = lists.first().map_or_else(Settings::default, |list| list.settings);
        let files = vec![(input.clone(), target.clone(), HeldOut::Default)];
        lists = vec![Recordings { settings, files }];
    }
    let (mut problems, mut looked_at) = (Vec::new(), 0);
    // Of a single one it is what this ends with.
    let several = lists.iter().map(|list| list.files.len()).sum::<usize>() > 1;
    for Recordings { mut settings, files } in lists {
        settings.channel = args.channel.unwrap_or(settings.channel);
        for (input, target, held_out) in files {
            looked_at += 1;
            if let Err(error) = check(&input, &target, &settings, held_out, say) {
                if several {
                    say(&format!("error: {error}"));
                }
                problems.push(error);
            }
        }
    }
    match (looked_at, problems.len()) {
        (0, _) => {
            let problem = "the config trains on the virtual capture, which needs no check; give `--input` and `--target`";
            Err(TrainerError::Setting(problem.into()))
        }
        (_, 0) => Ok(()),
        (1, _) => problems.pop().map_or(Ok(()), Err),
        (_, refused) => Err(TrainerError::Setting(format!(
            "{refused} of {looked_at} recordings cannot be trained from; each says above what to do"
        ))),
    }
}

/// The recordings of a config.
struct Recordings {
    /// How they are read.
    settings: Settings,
    /// What went in, what came out, and what of it is held out.
    files: Vec<(PathBuf, PathBuf, HeldOut)>,
}

/// The recordings of a config, and how they are read for its network.
fn recordings(config: &Config) -> Result<Recordings, TrainerError> {
    let memory = config.memory()?;
    Ok(match &config.data {
        Data::Pair(files) => {
            let held_out = match files.validation {
                Some(_) => HeldOut::Elsewhere,
                None => HeldOut::Config(files.validation_seconds, PairFiles::HELD_OUT),
            };
            let mut pairs = vec![(files.input.clone(), files.target.clone(), held_out)];
            pairs.extend(files.validation.iter().map(|v| (v.input.clone(), v.target.clone(), HeldOut::All)));
            Recordings { settings: files.settings(memory), files: pairs }
        }
        Data::Knobs(files) => {
            let held_out = match files.validation {
                Some(_) => HeldOut::Elsewhere,
                None => HeldOut::Config(Some(files.validation_seconds), KnobFiles::HELD_OUT),
            };
            let mut pairs = Vec::new();
            let measured = files.validation.as_ref().map(|table| (table, HeldOut::All));
            for (table, held_out) in [(&files.table, held_out)].into_iter().chain(measured) {
                let recordings = Table::read(table)?.recordings.into_iter();
                pairs.extend(recordings.map(|recorded| (recorded.input, recorded.target, held_out)));
            }
            Recordings { settings: files.settings(memory), files: pairs }
        }
        Data::Virtual(_) => Recordings {
            settings: Settings { memory: Some(memory), ..Settings::default() },
            files: Vec::new(),
        },
    })
}

/// What of a recording is held out.
#[derive(Clone, Copy)]
enum HeldOut {
    /// As without a config.
    Default,
    /// So many seconds, or the default as nothing else is asked for under this key.
    Config(Option<f64>, &'static str),
    /// Nothing: other recordings are measured with.
    Elsewhere,
    /// All of it: it is one of those.
    All,
}

fn check(
    input: &Path,
    target: &Path,
    settings: &Settings,
    held_out: HeldOut,
    say: &dyn Fn(&str),
) -> Result<(), TrainerError> {
    say(&format!("{} -> {}", input.display(), target.display()));
    let recording = recording::read(input, target, settings)?;
    print(&recording.findings, say);
    // In the order in which a run refuses them.
    judge(&recording.findings, target, Mode::Refuse)?;
    let (seconds, key, words) = match held_out {
        HeldOut::Default => (None, PairFiles::HELD_OUT, "held out unless a config says otherwise"),
        HeldOut::Config(seconds, key) => (seconds, key, "held out"),
        HeldOut::Elsewhere | HeldOut::All => {
            if let HeldOut::All = held_out {
                check_audible(target, "", &recording.target)?;
            }
            say(GOOD);
            return Ok(());
        }
    };
    let split = recording.hold_out(seconds, key, input, target)?;
    say(&format!("{words}: {}", split.reason));
    print(split.warning().as_slice(), say);
    say(GOOD);
    Ok(())
}
