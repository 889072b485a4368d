//! People's settings of the SAFE equaliser: a word and thirteen values in physical units.

use super::curves::Curve;
use super::response;
use crate::TrainerError;
use crate::csv::Csv;
use shared::dsp::cookbook::Shape;
use shared::word_eq::{BAND_RANGES, MAX_GAIN_DB, MAX_Q, MIN_Q, VALUES};
use std::collections::BTreeMap;
use std::path::Path;

/// Name of the file in the folder of semantic data.
pub const FILE: &str = "safe_eq.csv";
/// How the file names the bands, from low to high.
const BAND_COLUMNS: [&str; 5] = ["low_shelf", "first_band", "second_band", "third_band", "high_shelf"];

/// A setting that a person gave a name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedSettings {
    /// The word, as it was typed.
    pub word: String,
    /// Who: an anonymous group.
    pub user: String,
    /// The values in the order of [`EqSettings::from_values`](shared::word_eq::EqSettings::from_values).
    pub values: [f32; VALUES],
    /// Their response.
    pub curve: Curve,
}

/// Reads the settings.
///
/// # Errors
/// The file cannot be read, or a value is missing, no number, or out of the equaliser's range.
pub fn read(path: &Path) -> Result<Vec<NamedSettings>, TrainerError> {
    let table = Csv::read(path)?;
    let mut all = Vec::new();
    for row in table.rows() {
        let mut values = Vec::with_capacity(VALUES);
        for (name, range) in BAND_COLUMNS.iter().zip(&BAND_RANGES) {
            let number = |what: &str, lowest: f32, highest: f32| {
                // The file's numbers went through f32: 0.1 may be 0.0999.
                let slack = 1e-4 * f64::from(highest.abs());
                let (lowest, highest) = (f64::from(lowest) - slack, f64::from(highest) + slack);
                row.number(&format!("{name}_{what}"), lowest, highest)
            };
            values.push(number("gain", -MAX_GAIN_DB, MAX_GAIN_DB)? as f32);
            values.push(number("freq", range.lowest_hz, range.highest_hz)? as f32);
            if range.shape == Shape::Peak {
                values.push(number("q", MIN_Q, MAX_Q)? as f32);
            }
        }
        let (word, user) = (row.text("descriptor")?.to_owned(), row.text("user_group")?.to_owned());
        let values = std::array::from_fn(|i| values[i]);
        all.push(NamedSettings { word, user, values, curve: [0.0; _] });
    }
    let values: Vec<_> = all.iter().map(|s| s.values).collect();
    for (settings, curve) in all.iter_mut().zip(response::curves(&values)?) {
        settings.curve = curve;
    }
    Ok(all)
}

/// Which of `count` folds each setting belongs to: all of a person's to the same, the folds as even as
/// people allow. One user made a third of the warm and bright settings, so a split by setting would test
/// on people that were trained on.
pub fn folds(settings: &[NamedSettings], count: usize) -> Vec<usize> {
    let mut of_user = BTreeMap::<&str, usize>::new();
    for s in settings {
        *of_user.entry(&s.user).or_default() += 1;
    }
    let mut users: Vec<_> = of_user.into_iter().collect();
    // The largest first, each into the fold that is smallest then.
    users.sort_by_key(|(name, settings)| (std::cmp::Reverse(*settings), *name));
    let mut sizes = vec![0; count];
    let mut fold_of = BTreeMap::new();
    for (user, settings) in users {
        let smallest = (0..count).min_by_key(|&k| sizes[k]).unwrap_or(0);
        sizes[smallest] += settings;
        fold_of.insert(user, smallest);
    }
    settings.iter().map(|s| fold_of[s.user.as_str()]).collect()
}
