//! A neutral sound that was learned from recordings, as a small file.

use super::latent::GRID;
use super::table::{Curve, WordTable};
use super::{Reference, WordEqError};
use serde::{Deserialize, Serialize};
use std::path::Path;

const FORMAT: &str = "tonewright reference";
const VERSION: u32 = 1;
/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Farthest a balance can be from its mean, in dB: its floor is 40 dB below its loudest point.
const FARTHEST_DB: f32 = 60.0;

/// A sound's balance, to be neutral for a word. It names no latent space, so it outlives new tables.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedReference {
    /// Balance in dB over [`grid_hz`](super::grid_hz), level removed.
    pub balance_db: Curve,
    /// What it was learned from, for people to read.
    pub sources: Vec<String>,
    /// Sound it was learned from, in seconds.
    pub seconds: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u32,
    sources: Vec<String>,
    seconds: f64,
    balance_db: Vec<f32>,
}

impl LearnedReference {
    /// Reads a file.
    ///
    /// # Errors
    /// The file cannot be read, or [`LearnedReference::from_json`] says so.
    pub fn load(path: &Path) -> Result<Self, WordEqError> {
        let failed = |source| WordEqError::File { path: path.to_owned(), source };
        let bytes = crate::fs::read_limited(path, MAX_BYTES).map_err(failed)?;
        Self::from_json(&String::from_utf8_lossy(&bytes)).map_err(|e| {
            let problem = format!("{}: {e}", path.display());
            WordEqError::Reference(problem)
        })
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// The text is no reference, or a number in it is out of range.
    pub fn from_json(text: &str) -> Result<Self, WordEqError> {
        let refuse = |problem: String| WordEqError::Reference(problem);
        let document: Document = serde_json::from_str(text)
            .map_err(|e| refuse(format!("not a reference that `trainer reference` made: {e}")))?;
        if document.format != FORMAT || document.version != VERSION {
            let (format, version) = (&document.format, document.version);
            return Err(refuse(format!("`{format}` {version} is not `{FORMAT}` {VERSION}")));
        }
        let length = document.balance_db.len();
        let balance_db: Curve = document
            .balance_db
            .try_into()
            .map_err(|_| refuse(format!("the balance has {length} values, not {GRID}")))?;
        if let Some(db) = balance_db.iter().find(|db| db.is_nan() || db.abs() > FARTHEST_DB) {
            return Err(refuse(format!(
                "the balance has {db} dB in it, at most ±{FARTHEST_DB} are possible"
            )));
        }
        Ok(Self { balance_db, sources: document.sources, seconds: document.seconds })
    }

    /// The text of a file.
    pub fn to_json(&self) -> String {
        let document = Document {
            format: FORMAT.into(),
            version: VERSION,
            sources: self.sources.clone(),
            seconds: self.seconds,
            balance_db: self.balance_db.to_vec(),
        };
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }

    /// As the equaliser takes it: a latent relative to the table's mean balance.
    pub fn reference(&self, table: &WordTable) -> Reference {
        Reference::Learned(table.latent_of_balance(&self.balance_db))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned() -> LearnedReference {
        let balance_db = std::array::from_fn(|i| 0.25 * (i as f32 - 31.5));
        LearnedReference { balance_db, sources: vec!["take 1.wav".into()], seconds: 12.5 }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(LearnedReference::from_json(&learned().to_json()).unwrap(), learned());
    }

    #[test]
    fn what_is_no_reference_is_refused_with_its_reason() {
        let text = learned().to_json();
        for (from, to, word) in [
            ("tonewright reference", "something else", "something else"),
            ("\"version\": 1", "\"version\": 2", "2 is not"),
            ("-7.875,", "", "63 values"),
            ("-7.875", "-787.5", "-787.5 dB"),
            ("sources", "souces", "souces"),
            ("{", "[", "trainer reference"),
        ] {
            let problem = LearnedReference::from_json(&text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(problem.contains(word), "`{word}` is missing: {problem}");
        }
    }
}
