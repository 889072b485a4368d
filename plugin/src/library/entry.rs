//! A thing in the library: what is known of it, and how much of that already.

use super::{Choice, Kind, Mark};
use crate::amp::ContentHash;
use crate::factory::Factory;
use serde::{Deserialize, Serialize};
use shared::cabinets::FactoryCabinet;
use shared::dsp::response::MAX_SECONDS;
use shared::model::Card;
use std::path::Path;
use std::time::SystemTime;

/// Longer sounds are recordings and no responses of loudspeakers or rooms, in seconds: they stay out of the lists.
const LONGEST_RESPONSE_SECONDS: f64 = 10.0;

/// What is known of a model without playing it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelFacts {
    /// Its card.
    pub card: Card,
    /// Its architecture in one line.
    pub architecture: String,
    /// Number of weights, where known.
    pub weights: Option<usize>,
    /// Receptive field in samples at the model's rate, where known.
    pub receptive_field_samples: Option<usize>,
    /// Whether it feeds back on itself, so that there is no end to what it remembers.
    pub is_recurrent: bool,
}

/// What is known of an impulse response without playing it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResponseFacts {
    /// Length in seconds, where the file says it.
    pub seconds: Option<f64>,
    /// Channels.
    pub channels: usize,
    /// Sample rate of the file, in Hz.
    pub sample_rate_hz: f64,
}

/// What is known of either.
#[derive(Clone, Debug, PartialEq)]
pub enum Facts {
    /// Of a model.
    Model(Box<ModelFacts>),
    /// Of a response.
    Response(ResponseFacts),
}

/// How far the file was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Not yet.
    Pending,
    /// It was, and can be played.
    Ready(Facts),
    /// It cannot be played, and why.
    Refused(String),
}

/// A model or a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which of the two.
    pub kind: Kind,
    /// What is chosen with it.
    pub choice: Choice,
    /// The name on its card, or the file's without its end.
    pub name: String,
    /// The name of its folder; of what comes along, "Factory".
    pub folder: String,
    /// Size of the file in bytes; 0 of what comes along.
    pub size_bytes: u64,
    /// When the file was last written.
    pub modified: Option<SystemTime>,
    /// What is known of it.
    pub reading: Reading,
    /// What is in it, once that was read.
    pub hash: Option<ContentHash>,
    /// What is searched: the name, the gear, the file's name, the folder, the author; in small letters.
    pub(super) searched: [String; 5],
}

impl Entry {
    /// A file, as far as it was read.
    pub(super) fn of_file(
        path: &Path,
        kind: Kind,
        (size_bytes, modified): (u64, Option<SystemTime>),
        reading: Reading,
        hash: Option<ContentHash>,
    ) -> Self {
        let text = |name: Option<&std::ffi::OsStr>| {
            name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        };
        let stem = text(path.file_stem());
        let card = match &reading {
            Reading::Ready(Facts::Model(facts)) => Some(&facts.card),
            _ => None,
        };
        let name = card.map_or(stem.as_str(), |card| &card.name).to_owned();
        let folder = text(path.parent().and_then(Path::file_name));
        let (gear, author) = card.map_or(("", ""), |card| (&card.gear, &card.author));
        let searched =
            [&name, gear, &text(path.file_name()), &path.parent().unwrap_or(path).to_string_lossy(), author];
        let searched = searched.map(str::to_lowercase);
        let choice = Choice::file(path);
        Self { kind, choice, name, folder, size_bytes, modified, reading, hash, searched }
    }

    /// All that comes along. Reads the models, so not for a window.
    pub(super) fn factory() -> Vec<Self> {
        let mut entries = Vec::new();
        for slot in Kind::Model.factory_slots() {
            let Some(factory) = Factory::in_slot(slot) else { continue };
            let (reading, card) = match factory.load() {
                Ok(model) => {
                    let facts = super::read::model_facts(&model);
                    (Reading::Ready(Facts::Model(Box::new(facts))), model.card)
                }
                Err(error) => (Reading::Refused(error.to_string()), factory.card().clone()),
            };
            entries.push(Self::coming_along(Kind::Model, slot, card.name, reading, (&card.gear, factory.id)));
        }
        for slot in Kind::Response.factory_slots() {
            let Some(cabinet) = FactoryCabinet::in_slot(slot) else { continue };
            let reading = match cabinet.load() {
                Ok(response) => Reading::Ready(Facts::Response(ResponseFacts {
                    seconds: Some(response.channels()[0].len() as f64 / response.sample_rate_hz()),
                    channels: response.channels().len(),
                    sample_rate_hz: response.sample_rate_hz(),
                })),
                Err(error) => Reading::Refused(error.to_string()),
            };
            entries.push(Self::coming_along(
                Kind::Response,
                slot,
                cabinet.name.to_owned(),
                reading,
                ("", cabinet.id),
            ));
        }
        entries
    }

    fn coming_along(
        kind: Kind,
        slot: usize,
        name: String,
        reading: Reading,
        (gear, id): (&str, &str),
    ) -> Self {
        let folder = "Factory".to_owned();
        let searched = [&name, gear, id, &folder, "tonewright"].map(str::to_lowercase);
        let choice = Choice::Factory(slot);
        Self { kind, choice, name, folder, size_bytes: 0, modified: None, reading, hash: None, searched }
    }

    /// How it is remembered.
    pub fn mark(&self) -> Mark {
        Mark { kind: self.kind, choice: self.choice.clone(), hash: self.hash }
    }

    /// Its folder; with the file's name, where its card has another one.
    pub fn place(&self) -> String {
        let path = self.choice.path();
        let stem = path.and_then(Path::file_stem).map(|stem| stem.to_string_lossy());
        let file = path.and_then(Path::file_name).map(|name| name.to_string_lossy());
        match (stem, file) {
            (Some(stem), Some(file)) if stem != self.name => format!("{}/{file}", self.folder),
            _ => self.folder.clone(),
        }
    }

    /// The gear on its card.
    pub fn gear(&self) -> &str {
        match &self.reading {
            Reading::Ready(Facts::Model(facts)) => &facts.card.gear,
            _ => "",
        }
    }

    /// Whether it is a recording and no response, by its length.
    pub fn is_recording(&self) -> bool {
        match &self.reading {
            Reading::Ready(Facts::Response(facts)) => facts.is_recording(),
            _ => false,
        }
    }
}

impl ResponseFacts {
    /// Whether it is a recording and no response, by its length. What is longer than a [response may be](MAX_SECONDS) is one in any case.
    pub(super) fn is_recording(&self) -> bool {
        self.seconds.is_some_and(|seconds| seconds > LONGEST_RESPONSE_SECONDS.min(MAX_SECONDS))
    }
}
