//! Under which licence a dependency is passed on.
//!
//! Expressions are those of SPDX 2.3, annex D, as far as crates use them, and the `/` of older ones, which means OR.

use std::iter::Peekable;

/// Licences that go with MIT OR Apache-2.0 in one binary. The MPL asks that its own files stay open, and they lie in
/// the registry for everybody; the last two are for fonts.
const ALLOWED: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "BSL-1.0",
    "CC0-1.0",
    "Unlicense",
    "Unicode-3.0",
    "MPL-2.0",
    "OFL-1.1",
    "Ubuntu-font-1.0",
];

/// The licences of an expression that are chosen, all of which have to be kept: of alternatives the first that is
/// [`ALLOWED`].
///
/// # Errors
/// There is none, or this is no expression; the error is what stands in the way.
pub(super) fn choose(expression: &str) -> Result<Vec<String>, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut words = words.into_iter().peekable();
    let chosen = alternatives(&mut words)?;
    match words.next() {
        Some(word) => Err(word.to_owned()),
        None => Ok(chosen),
    }
}

type Words<'a> = Peekable<std::vec::IntoIter<&'a str>>;

fn alternatives(words: &mut Words<'_>) -> Result<Vec<String>, String> {
    let mut best = all_of(words);
    while words.next_if_eq(&"OR").is_some() {
        let other = all_of(words);
        best = best.or(other);
    }
    best
}

fn all_of(words: &mut Words<'_>) -> Result<Vec<String>, String> {
    let mut all = one(words);
    while words.next_if_eq(&"AND").is_some() {
        let other = one(words);
        all = all.and_then(|mut all| {
            all.extend(other?);
            Ok(all)
        });
    }
    all
}

fn one(words: &mut Words<'_>) -> Result<Vec<String>, String> {
    let word = words.next().ok_or("nothing")?;
    if word == "(" {
        let inner = alternatives(words);
        return if words.next() == Some(")") { inner } else { Err("an open bracket".into()) };
    }
    let mut licence = word.to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next().unwrap_or_default());
    }
    if ALLOWED.contains(&licence.as_str()) { Ok(vec![licence]) } else { Err(licence) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_chosen() {
        for (expression, expected) in [
            ("MIT", &["MIT"][..]),
            ("MIT/Apache-2.0", &["MIT"]),
            ("MIT / Apache-2.0", &["MIT"]),
            ("Apache-2.0 OR GPL-2.0-only", &["Apache-2.0"]),
            ("GPL-2.0-only OR Apache-2.0", &["Apache-2.0"]),
            ("Apache-2.0 WITH LLVM-exception OR MIT", &["Apache-2.0 WITH LLVM-exception"]),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", &["MIT", "Unicode-3.0"]),
            ("(MIT OR GPL-3.0) AND OFL-1.1 AND Ubuntu-font-1.0", &["MIT", "OFL-1.1", "Ubuntu-font-1.0"]),
            ("(GPL-3.0 AND MIT) OR (ISC)", &["ISC"]),
        ] {
            assert_eq!(choose(expression).unwrap(), expected, "{expression}");
        }
    }

    #[test]
    fn what_is_not_is_named() {
        for (expression, expected) in [
            ("GPL-3.0-or-later", "GPL-3.0-or-later"),
            ("MIT AND GPL-3.0-only", "GPL-3.0-only"),
            ("(GPL-2.0 OR AGPL-3.0) AND MIT", "AGPL-3.0"),
            ("LGPL-2.1", "LGPL-2.1"),
            ("Apache-2.0 WITH Classpath-exception-2.0", "Apache-2.0 WITH Classpath-exception-2.0"),
            ("", "nothing"),
            ("GPL-2.0 OR", "nothing"),
            ("(MIT", "an open bracket"),
            ("MIT MIT", "MIT"),
            ("Proprietary", "Proprietary"),
        ] {
            assert_eq!(choose(expression), Err(expected.to_owned()), "{expression}");
        }
    }
}
