//! `trainer check`.

use super::{Mode, judge, print};
use crate::TrainerError;
use crate::config::{Config, Data};
use crate::knobs::Table;
use crate::recording::{self, Channel, Settings};
use std::path::{Path, PathBuf};

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

/// Reads recordings and tells `say` what was found in them.
///
/// # Errors
/// A file is unusable, or a recording is refused.
pub fn run(args: &CheckArgs, say: &dyn Fn(&str)) -> Result<(), TrainerError> {
    let mut settings = Settings::default();
    let mut pairs: Vec<(PathBuf, PathBuf)> = Vec::new();
    if let Some(path) = &args.config {
        let config = Config::load(path)?;
        settings.receptive_field_samples = Some(config.model.spec()?.receptive_field_samples());
        match config.data {
            Data::Pair(files) => {
                settings.channel = files.channel;
                settings.polarity = files.polarity;
                pairs.push((files.input, files.target));
                pairs.extend(files.validation.map(|held_out| (held_out.input, held_out.target)));
            }
            Data::Knobs(files) => {
                settings.channel = files.channel;
                settings.polarity = files.polarity;
                for table in [Some(&files.table), files.validation.as_ref()].into_iter().flatten() {
                    let recordings = Table::read(table)?.recordings;
                    pairs.extend(recordings.into_iter().map(|recorded| (recorded.input, recorded.target)));
                }
            }
            Data::Virtual(_) if args.input.is_none() => {
                let problem = "the config trains on the virtual capture, which needs no check; give `--input` and `--target`";
                return Err(TrainerError::Setting(problem.into()));
            }
            Data::Virtual(_) => {}
        }
    }
    if let (Some(input), Some(target)) = (&args.input, &args.target) {
        pairs = vec![(input.clone(), target.clone())];
    }
    settings.channel = args.channel.unwrap_or(settings.channel);
    pairs.iter().try_for_each(|(input, target)| check(input, target, &settings, say))
}

fn check(input: &Path, target: &Path, settings: &Settings, say: &dyn Fn(&str)) -> Result<(), TrainerError> {
    say(&format!("{} -> {}", input.display(), target.display()));
    let recording = recording::read(input, target, settings)?;
    print(&recording.findings, say);
    if let Some(split) = recording.split(None) {
        say(&format!("held out unless a config says otherwise: {}", split.reason));
        print(split.warning().as_slice(), say);
    }
    judge(&recording.findings, target, Mode::Refuse)?;
    say("nothing speaks against training from it");
    Ok(())
}
