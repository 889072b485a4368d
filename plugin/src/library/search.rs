//! Finding in a list: filters, words in any order, and what fits best first.

use super::{Choice, Entry, FilePath, Kind, Mark, Order, Settings, natural};
use crate::amp::ContentHash;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Which part of the library.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All of it.
    #[default]
    All,
    /// What comes along.
    Factory,
    /// What the player starred.
    Favourites,
    /// What was chosen last, the latest first.
    Recent,
    /// What lies in a folder or further in.
    Folder(FilePath),
}

impl Scope {
    /// A folder.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::Folder(FilePath(path.into()))
    }
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Models or responses.
    pub kind: Kind,
    /// Where.
    pub scope: Scope,
    /// Words, in any order; all of them must be there.
    pub text: String,
}

/// What each of an entry's [searched texts](Entry) is worth where a word is in it: its name more than its author.
const WORTH: [u32; 5] = [10, 6, 5, 3, 2];

/// The entries that fit, in order: with words the best first, else as the settings say, and what was chosen last in the order it was.
/// Recordings are left out.
pub fn search(entries: &[Arc<Entry>], settings: &Settings, query: &Query) -> Vec<Arc<Entry>> {
    let words: Vec<String> = query.text.split_whitespace().map(str::to_lowercase).collect();
    let marks = match query.scope {
        Scope::Favourites => &settings.favourites[..],
        Scope::Recent => &settings.recents[..],
        Scope::All | Scope::Factory | Scope::Folder(_) => &[],
    };
    let ranks = Ranks::new(marks);
    let mut found: Vec<(Reverse<u32>, usize, &Arc<Entry>)> = entries
        .iter()
        .filter(|entry| entry.kind == query.kind && !entry.is_recording())
        .filter_map(|entry| {
            let place = match (&query.scope, &entry.choice) {
                (Scope::All, _) | (Scope::Factory, Choice::Factory(_)) => 0,
                (Scope::Favourites, _) => ranks.of(entry).map(|_| 0)?,
                (Scope::Recent, _) => ranks.of(entry)?,
                (Scope::Folder(folder), Choice::File(path)) if path.0.starts_with(&folder.0) => 0,
                _ => return None,
            };
            Some((Reverse(worth(entry, &words)?), place, entry))
        })
        .collect();
    let by_name = |a: &Entry, b: &Entry| natural(&a.name, &b.name).then_with(|| a.choice.cmp(&b.choice));
    found.sort_by(|(worth_a, place_a, a), (worth_b, place_b, b)| {
        let own = || match settings.order {
            Order::Name => by_name(a, b),
            Order::Folder => natural(folder(a), folder(b)).then_with(|| by_name(a, b)),
            Order::Newest => b.modified.cmp(&a.modified).then_with(|| by_name(a, b)),
        };
        worth_a.cmp(worth_b).then(place_a.cmp(place_b)).then_with(own)
    });
    found.into_iter().map(|(_, _, entry)| entry.clone()).collect()
}

/// The whole path of the folder; what comes along stands first.
fn folder(entry: &Entry) -> &str {
    match entry.choice {
        Choice::Factory(_) => "",
        Choice::File(_) => &entry.searched[3],
    }
}

/// How well it fits, or not at all. A word counts where it is worth most: twice at the beginning of a word, and once more at the
/// beginning of the text.
fn worth(entry: &Entry, words: &[String]) -> Option<u32> {
    let of_word = |word: &String| {
        let texts = entry.searched.iter().zip(WORTH);
        texts.filter_map(|(text, worth)| Some(worth * place(text, word)?)).max()
    };
    words.iter().map(of_word).sum()
}

fn place(text: &str, word: &str) -> Option<u32> {
    let mut best = None;
    for (at, _) in text.match_indices(word) {
        let before = text[..at].chars().next_back();
        let worth = match before {
            None => return Some(3),
            Some(c) if !c.is_alphanumeric() => 2,
            Some(_) => 1,
        };
        best = best.max(Some(worth));
    }
    best
}

/// The places of what is remembered.
struct Ranks<'a> {
    by_choice: HashMap<(Kind, &'a Choice), usize>,
    by_hash: HashMap<(Kind, ContentHash), usize>,
}

impl<'a> Ranks<'a> {
    fn new(marks: &'a [Mark]) -> Self {
        let marks = || marks.iter().enumerate();
        Self {
            by_choice: marks().map(|(at, mark)| ((mark.kind, &mark.choice), at)).collect(),
            by_hash: marks().filter_map(|(at, mark)| Some(((mark.kind, mark.hash?), at))).collect(),
        }
    }

    fn of(&self, entry: &Entry) -> Option<usize> {
        let by_choice = self.by_choice.get(&(entry.kind, &entry.choice));
        by_choice.or_else(|| self.by_hash.get(&(entry.kind, entry.hash?))).copied()
    }
}
