//! What a file says about its model, and the model's card.

use super::super::{Card, ModelError, Size};
use super::document::Document;
use super::node::{Fields, Node};
use serde_json::{Map, Value, json};
use std::ops::RangeInclusive;

/// Key of a network's loudness.
const LOUDNESS: &str = "loudness";
/// Longest text taken over into the card, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

/// Levels that are believed, in dB.
const LEVELS: RangeInclusive<f64> = -300.0..=300.0;

/// The card of a file whose networks run at a rate. Nothing in it changes what the network does, so
/// that what is unusable, such as Python's NaN, is left out.
///
/// # Errors
/// The metadata are no object.
pub fn read(document: &Document<'_>, rate_hz: Option<f64>, name: &str) -> Result<Card, ModelError> {
    let mut pairs = Vec::new();
    if let Some(rate_hz) = rate_hz {
        pairs.push(("sample_rate_hz", rate_hz.to_string()));
    }
    if let Some(node) = document.metadata() {
        let fields = node.fields()?;
        let training = fields.get("training").and_then(|n| n.fields().ok());
        for (field, text) in [
            ("name", text(&fields, "name")),
            ("author", text(&fields, "modeled_by")),
            ("gear", gear(&fields)),
            ("source", text(&fields, "source").or_else(|| date(&fields))),
            ("licence", text(&fields, "licence")),
        ] {
            pairs.extend(text.map(|text| (field, text)));
        }
        for (field, key) in [
            ("loudness_dbfs", LOUDNESS),
            ("input_level_dbu", "input_level_dbu"),
            ("output_level_dbu", "output_level_dbu"),
        ] {
            pairs.extend(level(&fields, key).map(|level| (field, level.to_string())));
        }
        let esr = training.and_then(|t| t.get("validation_esr")).or_else(|| fields.get("validation_esr"));
        let esr = esr.and_then(|n| n.number().ok()).filter(|esr| (0.0..=1e6).contains(esr));
        pairs.extend(esr.map(|esr| ("esr", esr.to_string())));
    }
    Card::from_metadata(pairs.iter().map(|(key, value)| (*key, value.as_str())), name)
}

/// The loudness that a network in a container says of itself.
pub fn loudness_dbfs(document: &Document<'_>) -> Option<f32> {
    level(&document.metadata()?.fields().ok()?, LOUDNESS).map(|level| level as f32)
}

/// The metadata of a network in a container.
pub fn write_size(size: &Size) -> Map<String, Value> {
    size.loudness_dbfs.map(|level| (LOUDNESS.to_owned(), json!(level))).into_iter().collect()
}

/// A level in dB.
fn level(fields: &Fields<'_>, key: &str) -> Option<f64> {
    fields.get(key)?.number().ok().filter(|level| LEVELS.contains(level))
}

/// A text that says something.
fn text(fields: &Fields<'_>, key: &str) -> Option<String> {
    let node = fields.get(key)?;
    let text = node.text().ok()?.trim();
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    (!text.is_empty()).then(|| text[..end].to_owned())
}

/// Make, model and kind of the gear in one line.
fn gear(fields: &Fields<'_>) -> Option<String> {
    let words = |key| text(fields, key).map(|t| t.replace('_', " "));
    let make = text(fields, "gear_make");
    let model = text(fields, "gear_model");
    let gear = match (make, model) {
        // People repeat the make in the model's name.
        (Some(make), Some(model)) if !model.starts_with(&make) => Some(format!("{make} {model}")),
        (make, model) => model.or(make),
    };
    let kinds: Vec<String> = [words("gear_type"), words("tone_type")].into_iter().flatten().collect();
    match (gear, kinds.is_empty()) {
        (Some(gear), false) => Some(format!("{gear} ({})", kinds.join(", "))),
        (None, false) => Some(kinds.join(", ")),
        (gear, true) => gear,
    }
}

/// When the model was made; the only trace of its source in most files.
fn date(fields: &Fields<'_>) -> Option<String> {
    let date = fields.get("date")?.fields().ok()?;
    let part = |key| date.get(key).as_ref().and_then(|n: &Node<'_>| n.size().ok());
    let (year, month, day) = (part("year")?, part("month")?, part("day")?);
    Some(format!("Neural Amp Modeler capture of {year:04}-{month:02}-{day:02}"))
}

/// The metadata of a card; what it does not say is left out.
pub fn write(card: &Card) -> Map<String, Value> {
    let texts = [
        ("name", &card.name),
        ("modeled_by", &card.author),
        ("gear_model", &card.gear),
        // Players ignore these two; they come back into the card.
        ("source", &card.source),
        ("licence", &card.licence),
    ];
    let numbers = [
        (LOUDNESS, card.loudness_dbfs),
        ("input_level_dbu", card.input_level_dbu),
        ("output_level_dbu", card.output_level_dbu),
    ];
    let mut metadata = Map::new();
    for (key, text) in texts {
        if !text.is_empty() {
            metadata.insert(key.into(), json!(text));
        }
    }
    for (key, number) in numbers {
        if let Some(number) = number {
            metadata.insert(key.into(), json!(number));
        }
    }
    if let Some(esr) = card.esr {
        metadata.insert("training".into(), json!({ "validation_esr": esr }));
    }
    metadata
}
