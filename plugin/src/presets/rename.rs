//! Another name for a preset, in its text.

use serde::Deserialize;
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

#[derive(Deserialize)]
struct Named {
    name: Spanned<String>,
}

/// The text of a preset with another name, and all else to the letter.
///
/// # Errors
/// The name stands where it cannot be changed alone, as in a text that refers to it from elsewhere.
pub(super) fn renamed(text: &str, name: &str) -> Result<String, String> {
    let stuck = || {
        "its file is written so that the name cannot be changed alone; change it in a text editor".to_owned()
    };
    let Named { name: old } = serde_saphyr::from_str(text).map_err(|_| stuck())?;
    let span = old.referenced.span();
    let (begin, length) = span.byte_offset().zip(span.byte_len()).ok_or_else(stuck)?;
    let begin = usize::try_from(begin).map_err(|_| stuck())?;
    let end = usize::try_from(length).ok().and_then(|length| begin.checked_add(length)).ok_or_else(stuck)?;
    let (before, inside, after) = (text.get(..begin), text.get(begin..end), text.get(end..));
    let (Some(before), Some(inside), Some(after)) = (before, inside, after) else { return Err(stuck()) };
    // A text of several lines ends with its last one.
    let line = if inside.ends_with('\n') { "\n" } else { "" };
    // As people write it, where that is read as the name; else in quotes, which YAML has from JSON; else as it is, in a block of lines.
    let plain = serde_saphyr::to_string(&name).map_err(|_| stuck())?;
    let quoted = Value::from(name).to_string();
    let written = [plain.trim_end(), &quoted, name].map(|name| format!("{before}{name}{line}{after}"));
    let rest = all_but_the_name(text).ok_or_else(stuck)?;
    let fits = |text: &String| {
        let read = serde_saphyr::from_str::<Named>(text);
        read.is_ok_and(|read| read.name.value.trim() == name)
            && all_but_the_name(text).as_ref() == Some(&rest)
    };
    written.into_iter().find(fits).ok_or_else(stuck)
}

fn all_but_the_name(text: &str) -> Option<Map<String, Value>> {
    let mut all: Map<String, Value> = serde_saphyr::from_str(text).ok()?;
    all.remove("name");
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_changed_however_it_is_written() {
        for (text, expected) in [
            ("version: 1\nname: Old # mine\n", "version: 1\nname: New # mine\n"),
            ("name:   \"O\\\"ld\"\r\nversion: 1\r\n", "name:   New\r\nversion: 1\r\n"),
            ("{name: 'Old', version: 1}", "{name: New, version: 1}"),
            ("\"name\": Old\nversion: 1", "\"name\": New\nversion: 1"),
            ("ü: é\nname: Öld\nversion: 1\n", "ü: é\nname: New\nversion: 1\n"),
            ("version: 1\nx: {name: Old}\nname:\n  Old\n", "version: 1\nx: {name: Old}\nname:\n  New\n"),
        ] {
            assert_eq!(renamed(text, "New").unwrap(), expected);
        }
    }

    #[test]
    fn every_name_is_read_again_and_the_rest_is_the_same() {
        let texts = [
            "version: 1\nname: Old # mine\nz: [1]\n",
            "{name: Old, z: 1}",
            "name: |\n  Old\nz: 1\n",
            "name: >-\n  Old\n  er\nz: 1",
        ];
        let names =
            ["a, b", "12", "true", "null", "#1", "a: b", "'", "\"", "- x", "{", "é – ü", "a\tb", "*x", "yes"];
        for text in texts {
            for name in names {
                let new =
                    renamed(text, name).unwrap_or_else(|problem| panic!("{text:?} {name:?}: {problem}"));
                let read: Named = serde_saphyr::from_str(&new).unwrap();
                assert_eq!(
                    (read.name.value.trim(), all_but_the_name(&new)),
                    (name, all_but_the_name(text)),
                    "{new}"
                );
            }
        }
    }

    #[test]
    fn a_name_that_something_refers_to_is_left() {
        for text in ["name: &n Old\nauthor: *n\n", "", "version: 1", "name: [Old]", "- a"] {
            assert!(renamed(text, "New").unwrap_err().contains("text editor"), "{text}");
        }
    }
}
