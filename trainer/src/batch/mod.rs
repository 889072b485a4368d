//! Many captures from one config: each is a run of its own, in a folder of its own.
//!
//! What is finished is left alone and what is not is gone on with, so that the same command repeated brings a list
//! to its end, whatever stopped it before; and so that machines can share a list, each with its shard.

mod list;
mod summary;

pub use list::{Item, items, out_folder};
pub use summary::{Record, Status};

use summary::Records;

use crate::TrainerError;
use crate::checkpoint;
use crate::config::Config;
use crate::export::PARITY_TOLERANCE;
use crate::progress::clock;
use crate::session::{Begin, Finished};
use crate::train::End;
use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

/// One machine's share of a list: every `of`-th item, from `index` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    of: usize,
}

impl Shard {
    /// All items.
    pub const ALL: Self = Self { index: 0, of: 1 };

    fn has(self, item: usize) -> bool {
        item % self.of == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `I/N`, counted from 0 as schedulers do.
    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match numbers {
            Some((index, of)) if index < of => Ok(Self { index, of }),
            Some((index, of)) => {
                let last = of.max(1) - 1;
                Err(format!(
                    "shard {index} of {of} does not exist: they are counted from 0, so 0/{of} to {last}/{of}"
                ))
            }
            None => Err("I/N is needed, such as 0/4 for the first of four".into()),
        }
    }
}

/// How the items of a shard ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Items of the shard.
    pub items: usize,
    /// Those with a model, made now or before.
    pub finished: usize,
    /// Those that failed now.
    pub failed: usize,
}

/// Brings every item of `shard` to its end with `train`, one after the other, tells `say` how each ended, and writes
/// `summary.csv` with those of all shards into `folder`. The failure of one does not stop the others; `stop` does.
///
/// # Errors
/// The summary cannot be written, or there is another file of its name.
pub fn run(
    items: &[Item],
    shard: Shard,
    folder: &Path,
    overwrite: bool,
    stop: &AtomicBool,
    say: &dyn Fn(&str),
    train: &mut dyn FnMut(&Config, Begin) -> Result<Finished, TrainerError>,
) -> Result<Tally, TrainerError> {
    summary::check_free(folder)?;
    let mut tally = Tally::default();
    let mut records = Records { items, unsaved: HashMap::new() };
    for (i, item) in items.iter().enumerate().filter(|(i, _)| shard.has(*i)) {
        tally.items += 1;
        let place = format!("[{}/{}] {}", i + 1, items.len(), item.name);
        let before = Record::load(&item.config.out);
        let finished = before.filter(|record| record.status == Status::Finished && !overwrite);
        let missing = finished.as_ref().and_then(|record| record.missing(item));
        if let Some(record) = finished.filter(|_| missing.is_none()) {
            tally.finished += 1;
            let changed = match record.settings == item.settings() {
                true => "",
                false => ", with other settings than now; --overwrite trains it anew",
            };
            say(&format!("{place}: finished before{changed}"));
            continue;
        }
        if stop.load(Ordering::Relaxed) {
            continue;
        }
        match &missing {
            Some(file) => say(&format!("{place}: finished before, but {} is missing", file.display())),
            None => say(&format!("{place}: training")),
        }
        // What is left of a finished item is its own, and nothing to be careful with.
        let begin = begin(&item.config, overwrite, missing.is_some());
        let trained = Record::remove(&item.config.out).and_then(|()| train(&item.config, begin));
        let record = match trained {
            Ok(finished) => record(item, &finished),
            Err(TrainerError::NoSteps { .. }) if stop.load(Ordering::Relaxed) => continue,
            // What becomes of it is told by whoever is at it.
            Err(TrainerError::Busy { .. }) => {
                say(&format!("{place}: another run is at it just now"));
                continue;
            }
            Err(error) => Record::failed(item, error.to_string()),
        };
        let record = records.keep(i, record);
        say(&format!("{place}: {}", record.line()));
        match record.status {
            Status::Finished => tally.finished += 1,
            Status::Failed => tally.failed += 1,
            Status::Interrupted => {}
        }
    }
    let table = records.write(folder)?;
    say(&table);
    Ok(tally)
}

/// Where an item begins that is not finished, or of which some is `missing`.
fn begin(config: &Config, overwrite: bool, missing: bool) -> Begin {
    let begun = checkpoint::paths(&config.out).iter().any(|path| path.exists());
    match (overwrite, begun) {
        (true, _) => Begin::Overwrite,
        (false, true) => Begin::Resume,
        (false, false) if missing => Begin::Overwrite,
        (false, false) => Begin::Fresh,
    }
}

/// What is kept of a run that gave a model.
fn record(item: &Item, finished: &Finished) -> Record {
    let outcome = &finished.outcome;
    let mut record = Record::failed(item, String::new());
    record.esr = Some(finished.distance.esr);
    record.weights = Some(outcome.weights.len());
    let smaller = finished.smaller.iter().map(|size| (size.outcome.weights.len(), size.distance.esr));
    record.smaller = smaller.collect();
    record.steps = Some(outcome.steps);
    record.best_step = Some(outcome.step);
    record.seconds = Some(outcome.seconds);
    record.model = finished.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let sizes = finished.smaller.iter().flat_map(|size| &size.parity);
    let apart = finished.parity.iter().chain(sizes).find_map(|parity| match &parity.difference {
        Ok(difference) if *difference <= PARITY_TOLERANCE => None,
        Ok(difference) => Some(format!("the engine {} is {difference:e} away from libtorch", parity.engine)),
        Err(_) => None,
    });
    (record.status, record.problem) = match (outcome.end, apart) {
        (_, Some(problem)) => (Status::Failed, problem),
        (End::Diverged(divergence), _) => (Status::Failed, divergence.to_string()),
        (End::Interrupted, _) => {
            let after = clock(outcome.seconds);
            (Status::Interrupted, format!("after {after}; the same command goes on"))
        }
        (End::Steps | End::Target | End::Time, _) => (Status::Finished, String::new()),
    };
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_a_list_without_gaps() {
        let shards: Vec<Shard> = ["0/3", "1/3", "2/3"].iter().map(|s| s.parse().unwrap()).collect();
        for item in 0..20 {
            assert_eq!(shards.iter().filter(|shard| shard.has(item)).count(), 1, "{item}");
            assert!(Shard::ALL.has(item));
        }
    }

    #[test]
    fn impossible_shards_are_refused_in_words() {
        for (text, words) in [("4/4", "0/4 to 3/4"), ("0/0", "does not exist"), ("1", "0/4"), ("-1/2", "I/N")]
        {
            let error = text.parse::<Shard>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
