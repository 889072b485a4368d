//! The text of a config file, and what is said of a wrong one.

use crate::TrainerError;
use serde_saphyr::Options;
use std::path::Path;

/// Largest config file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The text of a config file.
///
/// # Errors
/// It cannot be read, or is no text.
pub(crate) fn read_text(path: &Path) -> Result<String, TrainerError> {
    let bytes = shared::fs::read_limited(path, MAX_BYTES).map_err(|e| TrainerError::file(path, e))?;
    String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        refused(path, None, format!("not a text file: byte {at} is not UTF-8"))
    })
}

/// Reads the text of a config.
///
/// # Errors
/// It has an unknown key or an impossible value; the error has its line and column.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, TrainerError> {
    parse_with(path, text, Options::default())
}

/// The same where YAML is read in another way.
pub(super) fn parse_with<T: serde::de::DeserializeOwned>(
    path: &Path,
    text: &str,
    options: Options,
) -> Result<T, TrainerError> {
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let error = error.without_snippet();
        let place = error.location().map(|p| (p.line(), p.column()));
        // The place is said once, in front of the text.
        let problem = error.to_string();
        let problem = match problem.find(" at line ") {
            Some(end) => problem[..end].to_owned(),
            None => problem,
        };
        // What a number was expected for and is none, in words for people.
        let problem = match problem.strip_prefix("invalid ") {
            Some("u64" | "u32") => "a whole number is needed here".to_owned(),
            Some("f64" | "f32") => "a number is needed here".to_owned(),
            _ => problem,
        };
        let key = place.and_then(|place| key_of_value(text, place));
        refused(path, place, key.map_or(problem.clone(), |key| format!("`{key}`: {problem}")))
    })
}

pub(crate) fn refused(path: &Path, place: Option<(u64, u64)>, problem: String) -> TrainerError {
    let (line, column) = (place.map(|p| p.0), place.map(|p| p.1));
    TrainerError::Config { path: path.to_owned(), line, column, problem }
}

/// The key of the value at a line and column, both counted from 1, if it stands before it on that line.
fn key_of_value(text: &str, (line, column): (u64, u64)) -> Option<&str> {
    let line = text.lines().nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
    let column = usize::try_from(column).ok()?.checked_sub(1)?;
    let end = line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    let key = line[..end].trim_end().strip_suffix(':')?;
    let key = key.rsplit(['{', ',', ' ']).next()?.trim_matches(['"', '\'']);
    Some(key).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_belongs_to_the_key_before_it() {
        let text = "model:\n  seed: { channels: 16, \"blocks\": 10 }\nä: [1,\n  2]\n";
        let expected = [
            ((2, 9), Some("seed")),
            ((2, 21), Some("channels")),
            ((2, 35), Some("blocks")),
            ((3, 4), Some("ä")),
            ((1, 1), None),
            ((3, 5), None),
            ((4, 3), None),
            ((9, 1), None),
            ((0, 0), None),
            ((1, 99), Some("model")),
        ];
        for (place, key) in expected {
            assert_eq!(key_of_value(text, place), key, "{place:?}");
        }
    }
}
