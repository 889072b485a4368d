//! Reading the three sets of data.

use super::rule::normalise;
use crate::TrainerError;
use crate::csv::Csv;
use crate::word_eq::curves::{Curve, level_removed, rms};
use crate::word_eq::safe::NamedSettings;
use serde::Deserialize;
use shared::word_eq::grid_hz;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Root mean square of a typical setting without level, in dB, where SAFE's are missing: what they have.
const TYPICAL_RMS_DB: f64 = 4.0;
/// Largest JSON file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 20;
/// Furthest that a z-scored value of 40 can lie from the mean: sqrt(39), and something for rounding.
const MAX_Z: f64 = 6.5;
/// Frequencies of Audealize's 40 bands in Hz, those of SocialEQ.
const BANDS_HZ: [f64; 40] = [
    20.0, 50.0, 83.0, 120.0, 161.0, 208.0, 259.0, 318.0, 383.0, 455.0, 537.0, 628.0, 729.0, 843.0, 971.0,
    1114.0, 1273.0, 1452.0, 1652.0, 1875.0, 2126.0, 2406.0, 2719.0, 3070.0, 3462.0, 3901.0, 4392.0, 4941.0,
    5556.0, 6244.0, 7014.0, 7875.0, 8839.0, 9917.0, 11124.0, 12474.0, 13984.0, 15675.0, 17566.0, 19682.0,
];

/// A set of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Settings of the SAFE equaliser.
    Safe,
    /// Curves of SocialEQ.
    SocialEq,
    /// Mean curves of Audealize.
    Audealize,
}

impl Source {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "SAFE",
            Self::SocialEq => "SocialEQ",
            Self::Audealize => "Audealize",
        }
    }
}

/// Where the words come from, for people to read.
pub const SOURCES: [&str; 4] = [
    "SAFE: settings of the users of the Semantic Audio Feature Extraction equaliser, http://www.semanticaudio.co.uk",
    "SocialEQ: M. Cartwright and B. Pardo, \"Social-EQ: Crowdsourcing an Equalization Descriptor Map\", ISMIR 2013",
    "Audealize: P. Seetharaman and B. Pardo, \"Audealize: Crowdsourced Audio Production Tools\", JAES 64(9), 2016",
    "Facts derived from these sets; the sets themselves are not included. SocialEQ and Audealize curves have no dB and were given the level of SAFE's settings",
];

/// What one person meant by a word once.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The word, as [`normalise`] has it.
    pub name: String,
    /// Language, as an ISO 639-1 code.
    pub language: &'static str,
    /// Who; unique over all sets.
    pub user: String,
    /// Which set.
    pub source: Source,
    /// The curve in dB, level removed.
    pub curve: Curve,
    /// How far to trust it, above 0.
    pub weight: f64,
}

/// Everything in a folder of semantic data, whichever of the files there are; `safe` was read before.
/// Entries whose text is no word are left out.
///
/// # Errors
/// A file cannot be read or is not what it should be.
pub fn read(folder: &Path, safe: &[NamedSettings]) -> Result<Vec<Observation>, TrainerError> {
    let mut all = Vec::new();
    for settings in safe {
        if let Some(name) = normalise(&settings.word) {
            let (user, curve) = (format!("SAFE {}", settings.user), level_removed(&settings.curve));
            all.push(Observation { name, language: "en", user, source: Source::Safe, curve, weight: 1.0 });
        }
    }
    let social = folder.join("socialeq.csv");
    let mut curves = if social.exists() { social_eq(&social)? } else { Vec::new() };
    let audealize = folder.join("eqdescriptors.json");
    if audealize.exists() {
        let theirs = audealize_curves(&audealize)?;
        // Means of what is there already: counted only where it is not.
        let known: BTreeSet<_> = curves.iter().map(|o| (o.name.clone(), o.language)).collect();
        curves.extend(theirs.into_iter().filter(|o| !known.contains(&(o.name.clone(), o.language))));
    }
    let level = typical_rms_db(&all, &curves);
    for observation in &mut curves {
        let factor = level / rms(&observation.curve).max(1e-9);
        observation.curve = observation.curve.map(|v| factor * v);
    }
    all.extend(curves);
    Ok(all)
}

/// Median root mean square of SAFE's settings without level, one for each user and word, over the words
/// that others have as well.
fn typical_rms_db(safe: &[Observation], others: &[Observation]) -> f64 {
    let names: BTreeSet<_> = others.iter().map(|o| &o.name).collect();
    let mut of_user = BTreeMap::<_, (f64, f64)>::new();
    for observation in safe.iter().filter(|o| names.contains(&o.name)) {
        let (sum, count) = of_user.entry((&observation.name, &observation.user)).or_default();
        *sum += rms(&observation.curve);
        *count += 1.0;
    }
    let mut levels: Vec<f64> = of_user.into_values().map(|(sum, count)| sum / count).collect();
    levels.sort_by(f64::total_cmp);
    levels.get(levels.len() / 2).copied().unwrap_or(TYPICAL_RMS_DB)
}

/// The languages of both sets.
fn language(text: &str) -> Option<&'static str> {
    match text {
        "English" => Some("en"),
        "Español" => Some("es"),
        _ => None,
    }
}

fn social_eq(path: &Path) -> Result<Vec<Observation>, TrainerError> {
    let table = Csv::read(path)?;
    let columns = table.columns(|name| name.starts_with("RSC_") && name.ends_with("Hz_band"));
    let hz = |name: &&str| name["RSC_".len()..].trim_end_matches("Hz_band").parse::<f64>();
    let frequencies: Result<Vec<f64>, _> = columns.iter().map(hz).collect();
    let frequencies = frequencies.ok().filter(|f| f.len() == BANDS_HZ.len() && f.is_sorted());
    let Some(frequencies) = frequencies else {
        return Err(TrainerError::recording(
            path,
            "40 columns such as `RSC_120Hz_band` are needed, from low to high",
        ));
    };
    let mut all = Vec::new();
    for (index, row) in table.rows().enumerate() {
        let text = row.text("language")?;
        let language = language(text)
            .ok_or_else(|| row.refuse(format!("`language` is `{text}`; English or Español are known")))?;
        // Ratings of no consistency say nothing, and those below contradict themselves.
        let weight = row.number("ratings_consistency", -1.0, 1.0)?;
        let mut values = Vec::with_capacity(columns.len());
        for column in &columns {
            values.push(row.number(column, -MAX_Z, MAX_Z)?);
        }
        let Some(name) = normalise(row.text("descriptor")?).filter(|_| weight > 0.0) else { continue };
        let (user, curve) = (format!("SocialEQ {index}"), on_grid(&frequencies, &values));
        all.push(Observation { name, language, user, source: Source::SocialEq, curve, weight });
    }
    Ok(all)
}

/// An entry of Audealize's file; the rest of it is not needed.
#[derive(Deserialize)]
struct Descriptor {
    lang: String,
    word: String,
    settings: Vec<f64>,
}

fn audealize_curves(path: &Path) -> Result<Vec<Observation>, TrainerError> {
    let bytes = shared::fs::read_limited(path, MAX_BYTES).map_err(|e| TrainerError::file(path, e))?;
    let refuse = |problem: String| TrainerError::recording(path, problem);
    let entries: Vec<Descriptor> = serde_json::from_slice(&bytes).map_err(|e| refuse(e.to_string()))?;
    let mut all = Vec::new();
    for entry in entries {
        let word = &entry.word;
        if entry.settings.len() != BANDS_HZ.len() {
            let count = entry.settings.len();
            return Err(refuse(format!("`{word}` has {count} values, {} are needed", BANDS_HZ.len())));
        }
        let Some(language) = language(&entry.lang) else {
            return Err(refuse(format!(
                "`{word}`: `lang` is `{}`; English or Español are known",
                entry.lang
            )));
        };
        let Some(name) = normalise(word) else { continue };
        let (user, curve) = (format!("Audealize {word}"), on_grid(&BANDS_HZ, &entry.settings));
        all.push(Observation { name, language, user, source: Source::Audealize, curve, weight: 1.0 });
    }
    Ok(all)
}

/// A curve given at some frequencies, straight lines between them over log frequency, level removed.
fn on_grid(frequencies_hz: &[f64], values: &[f64]) -> Curve {
    let curve = grid_hz().map(|hz| {
        let above = frequencies_hz.partition_point(|&f| f < hz).clamp(1, frequencies_hz.len() - 1);
        let (low, high) = (frequencies_hz[above - 1], frequencies_hz[above]);
        let share = (hz / low).ln() / (high / low).ln();
        values[above - 1] + share * (values[above] - values[above - 1])
    });
    level_removed(&curve)
}
