//! The settings as they stand in their file. What a later version wrote stays in its place, and the rest is gone on with.

use super::settings::{Mark, Order, Settings};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is not understood, to be written again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Unknown {
    folders: Strangers,
    favourites: Strangers,
    recents: Strangers,
    /// An order of lists.
    pub order: Option<Value>,
}

/// Of one list.
#[derive(Clone, Debug, Default, PartialEq)]
struct Strangers {
    /// Entries, and the places they had.
    entries: Vec<(usize, Value)>,
    /// What is said of an entry beside what is known.
    more: Vec<(Mark, Map<String, Value>)>,
}

/// All that the file can hold.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Stored {
    folders: Vec<Value>,
    favourites: Vec<Value>,
    recents: Vec<Value>,
    order: Value,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl From<Stored> for Settings {
    fn from(stored: Stored) -> Self {
        let mut unknown = Unknown::default();
        let Stored { folders, favourites, recents, order, others } = stored;
        let order = Order::deserialize(&order).unwrap_or_else(|_| {
            unknown.order = Some(order).filter(|order| !order.is_null());
            Order::default()
        });
        let folders = unknown.folders.sort_out(folders);
        let favourites = unknown.favourites.marks(favourites);
        let recents = unknown.recents.marks(recents);
        Self { folders, favourites, recents, order, others, unknown }
    }
}

impl From<Settings> for Stored {
    fn from(settings: Settings) -> Self {
        let Settings { folders, favourites, recents, order, others, unknown } = settings;
        Self {
            folders: unknown.folders.together(folders.into_iter().map(value).collect()),
            favourites: unknown.favourites.with_more(favourites),
            recents: unknown.recents.with_more(recents),
            order: unknown.order.unwrap_or_else(|| value(order)),
            others,
        }
    }
}

/// What cannot be written is nothing, which a reader passes over.
fn value(known: impl Serialize) -> Value {
    serde_json::to_value(known).unwrap_or_default()
}

impl Strangers {
    /// What is known among the entries of a list; the rest is kept here.
    fn sort_out<T: DeserializeOwned>(&mut self, entries: Vec<Value>) -> Vec<T> {
        let mut known = Vec::new();
        for (at, entry) in entries.into_iter().enumerate() {
            match T::deserialize(&entry) {
                Ok(entry) => known.push(entry),
                Err(_) => self.entries.push((at, entry)),
            }
        }
        known
    }

    fn marks(&mut self, entries: Vec<Value>) -> Vec<Mark> {
        for entry in &entries {
            let Ok(mark) = Mark::deserialize(entry) else { continue };
            let (Value::Object(said), Value::Object(known)) = (entry, value(&mark)) else { continue };
            let mut more = said.clone();
            more.retain(|key, _| !known.contains_key(key));
            if !more.is_empty() {
                self.more.push((mark, more));
            }
        }
        self.sort_out(entries)
    }

    /// The entries of a list, those that are not known where they were.
    fn together(self, mut known: Vec<Value>) -> Vec<Value> {
        for (at, entry) in self.entries {
            known.insert(at.min(known.len()), entry);
        }
        known
    }

    fn with_more(self, marks: Vec<Mark>) -> Vec<Value> {
        let said = |mark: Mark| {
            let mut written = value(&mark);
            if let Value::Object(written) = &mut written
                && let Some((_, more)) = self.more.iter().find(|(other, _)| other.is(&mark))
            {
                for (key, said) in more {
                    written.entry(key).or_insert_with(|| said.clone());
                }
            }
            written
        };
        let marks = marks.into_iter().map(said).collect();
        self.together(marks)
    }
}
