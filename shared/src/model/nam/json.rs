//! JSON that nobody vouches for: a tree of bounded size, with lists of weights kept as numbers.

use super::super::ModelError;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;

/// Values a file may hold besides its weights. The largest captures hold a few hundred.
const MAX_VALUES: usize = 1 << 17;
/// Key of the lists that are kept as numbers.
const WEIGHTS: &str = "weights";
/// Key of what is said about a model.
const METADATA: &str = "metadata";

/// A value.
#[derive(Debug)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    /// In the file's order; no key appears twice.
    Object(Vec<(String, Json)>),
    /// A list under the key `weights`, rounded to single precision.
    Weights(Vec<f32>),
}

impl Json {
    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) | Self::Weights(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Reads JSON text. Python writes numbers that JSON does not have, NaN and Infinity: outside of the
/// weights they are read as such, for each key to say whether it can do without.
///
/// # Errors
/// It is no JSON, nests too deep, holds too many values, or an object holds a key twice.
pub fn parse(bytes: &[u8]) -> Result<Json, ModelError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let error = match tree(bytes) {
        Ok(tree) => return Ok(tree),
        Err(error) => error,
    };
    let found = not_finite(bytes);
    if found.is_empty() || !error.is_syntax() {
        return Err(ModelError::NotNam(error.to_string()));
    }
    let mut marked = bytes.to_vec();
    for (literal, at) in &found {
        let [first, inner @ .., last] = &mut marked[*at..*at + literal.text.len()] else { continue };
        (*first, *last) = (b'"', b'"');
        inner.fill(MARK);
    }
    tree(&marked).map_err(|error| ModelError::NotNam(explain(bytes, &error, &found)))
}

fn tree(bytes: &[u8]) -> Result<Json, serde_json::Error> {
    let left = Cell::new(MAX_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let tree = Tree { left: &left, place: Place::Network }.deserialize(&mut deserializer)?;
    deserializer.end().map(|()| tree)
}

/// In a copy of the file, a text of so many of these that it is as long as the literal stands in for a
/// number that JSON does not have: every place keeps its line and column. It is the control character
/// "delete", which nobody writes.
const MARK: u8 = 0x7f;

/// A number that JSON does not have.
struct Literal {
    text: &'static str,
    value: f64,
}

/// The longest first: one ends as another is.
const LITERALS: [Literal; 3] = [
    Literal { text: "-Infinity", value: f64::NEG_INFINITY },
    Literal { text: "Infinity", value: f64::INFINITY },
    Literal { text: "NaN", value: f64::NAN },
];

/// Such numbers outside of texts, and where they begin.
fn not_finite(bytes: &[u8]) -> Vec<(&'static Literal, usize)> {
    let mut found = Vec::new();
    let (mut at, mut in_text) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let literal = LITERALS.iter().find(|l| !in_text && bytes[at..].starts_with(l.text.as_bytes()));
        match (literal, byte) {
            (Some(literal), _) => {
                found.push((literal, at));
                at += literal.text.len();
                continue;
            }
            // What is escaped ends no text.
            (None, b'\\') if in_text => at += 1,
            (None, b'"') => in_text = !in_text,
            _ => {}
        }
        at += 1;
    }
    found
}

/// The parser's message; where it stopped at a number that is none, that is what is called by name.
fn explain(bytes: &[u8], error: &serde_json::Error, found: &[(&Literal, usize)]) -> String {
    let lines = bytes.split_inclusive(|&b| b == b'\n').take(error.line().saturating_sub(1));
    let at = lines.map(<[u8]>::len).sum::<usize>() + error.column();
    let culprit = found.iter().find(|(literal, start)| (*start..=start + literal.text.len()).contains(&at));
    match culprit {
        Some((literal, _)) => format!(
            "it holds {} at line {}, column {}, which is not a number a network can run with; train or export the model again",
            literal.text.trim_start_matches('-'),
            error.line(),
            error.column()
        ),
        None => error.to_string(),
    }
}

/// Reads one value and counts it against what is left.
#[derive(Clone, Copy)]
struct Tree<'a> {
    left: &'a Cell<usize>,
    place: Place,
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In what describes a network.
    Network,
    /// Under the key of a network's weights.
    Weights,
    /// In metadata, which may call anything weights.
    Metadata,
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| {
            D::Error::custom(format!("it holds more than {MAX_VALUES} values besides its weights"))
        })?;
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        let stands_for = |l: &&Literal| value.len() + 2 == l.text.len() && value.bytes().all(|b| b == MARK);
        let literal = LITERALS.iter().find(stands_for);
        Ok(literal.map_or_else(|| Json::Text(value.to_owned()), |l| Json::Number(l.value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        if self.place == Place::Weights {
            let mut weights = Vec::new();
            while let Some(weight) = list.next_element::<f32>()? {
                weights.push(weight);
            }
            return Ok(Json::Weights(weights));
        }
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries: Vec<(String, Json)> = Vec::new();
        let mut keys = std::collections::HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !keys.insert(key.clone()) {
                let key: String = key.chars().take(64).collect();
                return Err(A::Error::custom(format!("the key `{key}` appears twice in one object")));
            }
            let place = match (self.place, key.as_str()) {
                (Place::Metadata, _) | (_, METADATA) => Place::Metadata,
                (_, WEIGHTS) => Place::Weights,
                _ => Place::Network,
            };
            let value = map.next_value_seed(Tree { place, ..self })?;
            entries.push((key, value));
        }
        Ok(Json::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn weights_are_numbers_of_single_precision() {
        let Json::Object(entries) = parse(br#"{"weights": [1, -2.5, 1e-60]}"#).unwrap() else { panic!() };
        assert!(matches!(&entries[0].1, Json::Weights(w) if *w == [1.0, -2.5, 0.0]));
    }

    #[test]
    fn what_is_no_json_is_refused_by_name() {
        for (text, word) in [
            ("{", "line 1"),
            (r#"{"a": 1, "a": 2}"#, "`a` appears twice"),
            (r#"{"weights": [0.5, NaN]}"#, "NaN"),
            (r#"{"weights": [0.5, -Infinity]}"#, "Infinity"),
            ("{\"weights\": [0.5,\n Infinity]}", "Infinity at line 2"),
            (r#"{"weights": [0.5, "one"]}"#, "one"),
            (r#"{"weights": [1e39]}"#, "out of range"),
            ("{} {}", "trailing"),
            // A number in metadata is no reason to blame it for something else.
            (r#"{"metadata": {"gain": NaN}, Info}"#, "key must be a string"),
            (r#"{Info}"#, "key must be a string"),
        ] {
            let error = refusal(text);
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_that_json_does_not_have_are_read_outside_of_weights() {
        let text = r#"["NaN, \\\"Infinity", NaN, Infinity,-Infinity, "", "~~~~~~", "}"]"#;
        let Json::List(values) = parse(text.as_bytes()).unwrap() else { panic!() };
        assert!(matches!(&values[0], Json::Text(text) if text == r#"NaN, \"Infinity"#));
        let [Json::Number(nan), Json::Number(above), Json::Number(below)] = values[1..4] else { panic!() };
        assert!(nan.is_nan());
        assert_eq!((above, below), (f64::INFINITY, f64::NEG_INFINITY));
        assert!(values[4..].iter().all(|value| matches!(value, Json::Text(_))));
    }

    #[test]
    fn metadata_may_call_anything_weights() {
        let text = r#"{"metadata": {"weights": ["kg"], "a": {"weights": {"b": NaN}}}, "weights": [1]}"#;
        let Json::Object(entries) = parse(text.as_bytes()).unwrap() else { panic!() };
        assert!(matches!(&entries[1].1, Json::Weights(w) if *w == [1.0]));
    }

    #[test]
    fn depth_and_size_are_bounded() {
        assert!(refusal(&"[".repeat(100_000)).contains("recursion"));
        assert!(refusal(&r#"{"weights":"#.repeat(100_000)).contains("recursion"));
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert!(refusal(&many).contains("more than"), "values");
    }
}
