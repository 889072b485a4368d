//! A value of a file and the place it stands in, so that every refusal can name the key.

use super::super::ModelError;
use super::json::Json;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    /// Such as `config.layers[0].channels`; empty for the whole file.
    pub key: String,
    value: &'a Json,
}

/// An object and its place.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    key: String,
    entries: &'a [(String, Json)],
}

/// Largest whole number that is read. Far above every limit, far below what arithmetic on sizes
/// could overflow at.
const MAX_SIZE: f64 = 2_147_483_647.0;

impl<'a> Node<'a> {
    /// The whole file.
    pub fn root(value: &'a Json) -> Self {
        Self { key: String::new(), value }
    }

    /// A refusal of this value.
    pub fn refuse(&self, problem: impl Into<String>) -> ModelError {
        ModelError::Nam { key: self.key.clone(), problem: problem.into() }
    }

    fn expected(&self, what: &str) -> ModelError {
        let found = match self.value {
            // As the file may have it; written out, such numbers fill lines.
            Json::Number(n) if n.abs() > 1e15 => format!("{n:e}"),
            Json::Number(n) => n.to_string(),
            Json::Text(text) => format!("the text `{}`", text.chars().take(64).collect::<String>()),
            Json::Bool(flag) => flag.to_string(),
            other => other.kind().to_owned(),
        };
        self.refuse(format!("it is {found}, expected {what}"))
    }

    /// The object.
    pub fn fields(&self) -> Result<Fields<'a>, ModelError> {
        match self.value {
            Json::Object(entries) => Ok(Fields { key: self.key.clone(), entries }),
            _ => Err(self.expected("an object")),
        }
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self.value, Json::Object(_))
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.value, Json::List(_))
    }

    /// The list's values: at least one, at most `max`.
    pub fn list(&self, max: usize) -> Result<Vec<Self>, ModelError> {
        let Json::List(values) = self.value else { return Err(self.expected("a list")) };
        if !(1..=max).contains(&values.len()) {
            return Err(self.refuse(format!("it holds {} values, allowed are 1 to {max}", values.len())));
        }
        let at = |(i, value)| Node { key: format!("{}[{i}]", self.key), value };
        Ok(values.iter().enumerate().map(at).collect())
    }

    /// A list of whole numbers.
    pub fn sizes(&self, max: usize) -> Result<Vec<usize>, ModelError> {
        self.list(max)?.iter().map(Self::size).collect()
    }

    /// A whole number, not negative.
    pub fn size(&self) -> Result<usize, ModelError> {
        match self.value {
            Json::Number(n) if n.fract() == 0.0 && (0.0..=MAX_SIZE).contains(n) => Ok(*n as usize),
            _ => Err(self.expected(&format!("a whole number from 0 to {MAX_SIZE}"))),
        }
    }

    /// A number.
    pub fn number(&self) -> Result<f64, ModelError> {
        match self.value {
            Json::Number(n) if n.is_finite() => Ok(*n),
            _ => Err(self.expected("a number")),
        }
    }

    /// A number that single precision can hold.
    pub fn float(&self) -> Result<f32, ModelError> {
        let number = self.number()? as f32;
        if number.is_finite() { Ok(number) } else { Err(self.expected("a number of single precision")) }
    }

    /// True or false.
    pub fn flag(&self) -> Result<bool, ModelError> {
        match self.value {
            Json::Bool(flag) => Ok(*flag),
            _ => Err(self.expected("true or false")),
        }
    }

    /// A text.
    pub fn text(&self) -> Result<&'a str, ModelError> {
        match self.value {
            Json::Text(text) => Ok(text),
            _ => Err(self.expected("a text")),
        }
    }

    /// A list of weights.
    pub fn weights(&self) -> Result<&'a [f32], ModelError> {
        match self.value {
            Json::Weights(weights) => Ok(weights),
            _ => Err(self.expected("a list of numbers")),
        }
    }
}

impl<'a> Fields<'a> {
    /// The value of a key; `None` where it is absent or null.
    pub fn get(&self, key: &str) -> Option<Node<'a>> {
        let (_, value) = self.entries.iter().find(|(k, _)| k == key)?;
        (!matches!(value, Json::Null)).then(|| Node { key: self.place(key), value })
    }

    /// The value of a key that must be there.
    pub fn required(&self, key: &str) -> Result<Node<'a>, ModelError> {
        self.get(key).ok_or_else(|| self.refuse(key, "it is missing; the file is damaged or incomplete"))
    }

    /// A refusal of one of the keys.
    pub fn refuse(&self, key: &str, problem: impl Into<String>) -> ModelError {
        ModelError::Nam { key: self.place(key), problem: problem.into() }
    }

    /// Refuses keys that are not in `known`: they may change the sound in ways nobody knows here.
    pub fn only(&self, known: &[&str]) -> Result<(), ModelError> {
        match self.entries.iter().find(|(k, _)| !known.contains(&k.as_str()) && !is_remark(k)) {
            None => Ok(()),
            Some((key, _)) => {
                let key: String = key.chars().take(64).collect();
                let known = known.join(", ");
                Err(self.refuse(
                    &key,
                    format!("this key is not known and may change the sound; known here are {known}"),
                ))
            }
        }
    }

    /// A flag, or `default` where it is absent.
    pub fn flag_or(&self, key: &str, default: bool) -> Result<bool, ModelError> {
        self.get(key).map_or(Ok(default), |n| n.flag())
    }

    /// A whole number, or `default` where it is absent.
    pub fn size_or(&self, key: &str, default: usize) -> Result<usize, ModelError> {
        self.get(key).map_or(Ok(default), |n| n.size())
    }

    /// A whole number that must be there.
    pub fn size(&self, key: &str) -> Result<usize, ModelError> {
        self.required(key)?.size()
    }

    /// Refuses a number of audio channels other than 1. An absent one is 1.
    pub fn one_channel(&self, key: &str) -> Result<(), ModelError> {
        match self.size_or(key, 1)? {
            1 => Ok(()),
            n => Err(self.refuse(key, format!("it is {n}; only models of one audio channel are played"))),
        }
    }

    fn place(&self, key: &str) -> String {
        if self.key.is_empty() { key.to_owned() } else { format!("{}.{key}", self.key) }
    }
}

/// Keys that hold remarks for people wherever they stand.
fn is_remark(key: &str) -> bool {
    matches!(key, "notes" | "comment" | "comments" | "description")
}
