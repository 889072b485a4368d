//! How the items of a batch ended: a record each, and one table of all.

use super::Item;
use crate::TrainerError;
use crate::progress::clock;
use crate::session;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Largest record that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// The columns of the table.
const HEADER: &str = "name,status,esr,weights,smaller_sizes,steps,best_step,seconds,model,problem";

/// How a table begins that some version of the trainer wrote.
const OURS: &str = "name,status,esr,";
/// The table's name.
const FILE_NAME: &str = "summary.csv";

/// Makes sure that the table takes no other file's place in `folder`.
///
/// # Errors
/// There is a file of its name that the trainer did not write, or that cannot be read.
pub(super) fn check_free(folder: &Path) -> Result<(), TrainerError> {
    let path = folder.join(FILE_NAME);
    if !path.exists() {
        return Ok(());
    }
    let failed = |e| TrainerError::file(&path, e);
    shared::fs::regular_file(&path).map_err(failed)?;
    let mut begins = Vec::new();
    let file = File::open(&path).map_err(failed)?;
    file.take(OURS.len() as u64).read_to_end(&mut begins).map_err(failed)?;
    match begins == OURS.as_bytes() {
        true => Ok(()),
        false => {
            let problem = format!(
                "the batch's table goes here, and this is something else; move it away, or choose another folder with --out (a table begins with `{OURS}`)"
            );
            Err(TrainerError::recording(&path, problem))
        }
    }
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It has the model that the config asks for.
    Finished,
    /// It was stopped, and can be gone on with.
    Interrupted,
    /// It has none, or one that must not be trusted.
    Failed,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

/// How an item ended, as it is kept in its folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Hash of the config it was trained by.
    pub settings: String,
    /// How it stands.
    pub status: Status,
    /// Held-out ESR of the model; of a packed one, that of its largest size.
    pub esr: Option<f64>,
    /// Its weights.
    pub weights: Option<usize>,
    /// Weights and held-out ESR of smaller sizes.
    pub smaller: Vec<(usize, f64)>,
    /// Steps taken.
    pub steps: Option<u64>,
    /// The step after which the best weights were found.
    pub best_step: Option<u64>,
    /// Time spent, over all sittings, in seconds.
    pub seconds: Option<f64>,
    /// The model's file, in the item's folder.
    pub model: Option<String>,
    /// What went wrong.
    pub problem: String,
}

impl Record {
    /// The record of an item that gave no model.
    pub(super) fn failed(item: &Item, problem: String) -> Self {
        Self {
            settings: item.settings(),
            status: Status::Failed,
            esr: None,
            weights: None,
            smaller: Vec::new(),
            steps: None,
            best_step: None,
            seconds: None,
            model: None,
            problem,
        }
    }

    fn path(folder: &Path) -> PathBuf {
        folder.join("result.json")
    }

    /// The record in an item's folder. One that cannot be read is none: the item is tried again.
    pub fn load(folder: &Path) -> Option<Self> {
        let bytes = shared::fs::read_limited(&Self::path(folder), MAX_BYTES).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes the record into the item's folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), TrainerError> {
        let path = Self::path(folder);
        let text = serde_json::to_string_pretty(self).map_err(|e| TrainerError::file(&path, e.into()))?;
        std::fs::create_dir_all(folder).map_err(|e| TrainerError::file(folder, e))?;
        shared::fs::write_atomic(&path, text.as_bytes()).map_err(|e| TrainerError::file(&path, e))
    }

    /// Forgets what became of an item, before something else becomes of it: killed on the way, it is not taken for what it
    /// was before.
    ///
    /// # Errors
    /// The record is there and cannot be removed.
    pub(super) fn remove(folder: &Path) -> Result<(), TrainerError> {
        let path = Self::path(folder);
        match std::fs::remove_file(&path) {
            Err(error) if path.exists() => Err(TrainerError::file(&path, error)),
            _ => Ok(()),
        }
    }

    /// The first file of a finished item that is not there any more, or that is asked for only now.
    pub(super) fn missing(&self, item: &Item) -> Option<PathBuf> {
        let smaller: Vec<usize> = self.smaller.iter().map(|(weights, _)| *weights).collect();
        session::files(&item.config, &smaller).into_iter().find(|file| !file.is_file())
    }

    /// The record in one line.
    pub fn line(&self) -> String {
        let mut line = self.status.word().to_owned();
        if let Some(esr) = self.esr {
            let _ = write!(line, ", held-out ESR {esr:.6}");
        }
        for (weights, esr) in &self.smaller {
            let _ = write!(line, ", {esr:.6} with {weights} weights");
        }
        if let (Some(steps), Some(seconds)) = (self.steps, self.seconds) {
            let _ = write!(line, ", {steps} steps in {}", clock(seconds));
        }
        if !self.problem.is_empty() {
            let _ = write!(line, ": {}", self.problem);
        }
        line
    }

    fn row(&self, name: &str) -> String {
        let text = |value: Option<String>| value.unwrap_or_default();
        let smaller: Vec<String> = self.smaller.iter().map(|(w, esr)| format!("{w}: {esr}")).collect();
        let fields = [
            name.to_owned(),
            self.status.word().to_owned(),
            text(self.esr.map(|v| v.to_string())),
            text(self.weights.map(|v| v.to_string())),
            smaller.join("; "),
            text(self.steps.map(|v| v.to_string())),
            text(self.best_step.map(|v| v.to_string())),
            text(self.seconds.map(|v| format!("{v:.0}"))),
            text(self.model.as_ref().map(|file| format!("{name}/{file}"))),
            self.problem.clone(),
        ];
        fields.map(|field| quoted(&field)).join(",")
    }
}

/// The records of a list: each in its item's folder, and those that could not be written there.
pub(super) struct Records<'a> {
    /// The list.
    pub items: &'a [Item],
    /// Records without a folder, by the item's place in the list.
    pub unsaved: HashMap<usize, Record>,
}

impl Records<'_> {
    /// Keeps what became of an item, in its folder if that can be. A model whose record cannot be written beside it has
    /// failed: nobody would know of it the next time.
    pub(super) fn keep(&mut self, item: usize, mut record: Record) -> Record {
        let Err(error) = record.save(&self.items[item].config.out) else { return record };
        if record.status != Status::Failed {
            (record.status, record.problem) = (Status::Failed, error.to_string());
        }
        self.unsaved.insert(item, record.clone());
        record
    }

    fn read(&self) -> Vec<Option<Record>> {
        let of = |(i, item): (usize, &Item)| {
            self.unsaved.get(&i).cloned().or_else(|| Record::load(&item.config.out))
        };
        self.items.iter().enumerate().map(of).collect()
    }

    /// Writes the table of all items, those of other shards included, and gives it for people to read.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self, folder: &Path) -> Result<String, TrainerError> {
        let items = self.items;
        std::fs::create_dir_all(folder).map_err(|e| TrainerError::file(folder, e))?;
        let path = folder.join(FILE_NAME);
        let mut records = self.read();
        loop {
            let mut text = format!("{HEADER}\n");
            for (item, record) in items.iter().zip(&records) {
                let waiting = || format!("{},waiting,,,,,,,,", quoted(&item.name));
                let _ = writeln!(text, "{}", record.as_ref().map_or_else(waiting, |r| r.row(&item.name)));
            }
            shared::fs::write_atomic(&path, text.as_bytes()).map_err(|e| TrainerError::file(&path, e))?;
            // Another shard may have ended in the meantime, and written a table that this one has just replaced.
            let now = self.read();
            if now == records {
                break;
            }
            records = now;
        }
        let wide = items.iter().map(|item| item.name.chars().count()).max().unwrap_or(0);
        let mut table = String::new();
        for (item, record) in items.iter().zip(&records) {
            let line = record.as_ref().map_or_else(|| "waiting".to_owned(), Record::line);
            let _ = writeln!(table, "{:wide$}  {line}", item.name);
        }
        let finished = records.iter().flatten().filter(|record| record.status == Status::Finished).count();
        let _ = write!(table, "{finished} of {} finished: {}", items.len(), path.display());
        Ok(table)
    }
}

/// A field of a comma-separated table (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}
