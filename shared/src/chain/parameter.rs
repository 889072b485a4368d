//! What of a processor can be set while it plays.

use super::ProcessorError;
use std::fmt;

/// Most names of a choice that are listed in full.
const FEW_NAMES: usize = 12;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nothing: a share, a Q, a place in a list.
    None,
    /// Decibels.
    Decibel,
    /// Hertz.
    Hertz,
    /// Seconds.
    Second,
    /// Milliseconds.
    Millisecond,
    /// Octaves.
    Octave,
}

impl Unit {
    /// The unit's symbol, empty where there is none.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Decibel => "dB",
            Self::Hertz => "Hz",
            Self::Second => "s",
            Self::Millisecond => "ms",
            Self::Octave => "oct",
        }
    }
}

/// The values a parameter may have.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// Any number between both, ends included.
    Number(f64, f64),
    /// As [`Range::Number`], and below half the stream's sample rate.
    Frequency(f64, f64),
    /// Off (0) or on (1).
    Switch,
    /// One of these names; the value is its place in the list.
    Choice(Vec<String>),
}

/// A parameter: what it is called, what it may be, and what it is at first.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in its processor: lower case, words joined by underscores.
    pub name: &'static str,
    /// What its value counts.
    pub unit: Unit,
    /// The values it may have.
    pub range: Range,
    /// Its value at first.
    pub value: f64,
}

/// A value as it is given: a number, a switch, or text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number in the parameter's unit.
    Number(f64),
    /// Off or on.
    Switch(bool),
    /// A name of a choice, `on` or `off`, or a number with or without the parameter's unit.
    Text(&'a str),
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<f32> for Value<'_> {
    fn from(number: f32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i32> for Value<'_> {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number as f64)
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Self::Number(number as f64)
    }
}

impl From<bool> for Value<'_> {
    fn from(on: bool) -> Self {
        Self::Switch(on)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Switch(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Text(text) => write!(f, "\"{text}\""),
        }
    }
}

impl Parameter {
    /// A number between `low` and `high`.
    pub fn number(name: &'static str, unit: Unit, low: f64, high: f64, value: f64) -> Self {
        Self { name, unit, range: Range::Number(low, high), value }
    }

    /// A frequency in Hz between `low` and `high`, and below half of whatever rate the stream has.
    pub fn frequency(name: &'static str, low: f64, high: f64, value: f64) -> Self {
        Self { name, unit: Unit::Hertz, range: Range::Frequency(low, high), value }
    }

    /// A switch.
    pub fn switch(name: &'static str, on: bool) -> Self {
        Self { name, unit: Unit::None, range: Range::Switch, value: f64::from(u8::from(on)) }
    }

    /// One of several names; `value` is its place among them.
    pub fn choice(name: &'static str, names: Vec<String>, value: usize) -> Self {
        Self { name, unit: Unit::None, range: Range::Choice(names), value: value as f64 }
    }

    /// The number that `value` stands for, if it is one of this parameter's values.
    ///
    /// # Errors
    /// It is none; the error says what there is.
    pub fn read(&self, value: Value<'_>) -> Result<f64, ProcessorError> {
        self.number_of(value).filter(|&number| self.allows(number)).ok_or_else(|| {
            ProcessorError::OutOfRange {
                parameter: self.name.to_owned(),
                value: value.to_string(),
                range: self.describe_range(),
            }
        })
    }

    /// Makes sure that what this parameter is at first may be.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self) -> Result<(), ProcessorError> {
        self.read(Value::Number(self.value)).map(drop)
    }

    /// Makes sure that a frequency lies below half the stream's rate.
    ///
    /// # Errors
    /// It does not; the error says both.
    pub fn check_rate(&self, value: f64, sample_rate_hz: f64) -> Result<(), ProcessorError> {
        if self.is_carried(value, sample_rate_hz) {
            return Ok(());
        }
        Err(ProcessorError::AboveNyquist {
            parameter: self.name.to_owned(),
            frequency_hz: value,
            nyquist_hz: sample_rate_hz / 2.0,
            sample_rate_hz,
        })
    }

    /// Whether it is no frequency, or one below half the rate. For any thread.
    pub(super) fn is_carried(&self, value: f64, sample_rate_hz: f64) -> bool {
        !matches!(self.range, Range::Frequency(..)) || value < sample_rate_hz / 2.0
    }

    /// The range for people to read.
    pub fn describe_range(&self) -> String {
        let symbol = self.unit.symbol();
        let unit = if symbol.is_empty() { String::new() } else { format!(" {symbol}") };
        match &self.range {
            Range::Number(low, high) | Range::Frequency(low, high) => format!("{low} to {high}{unit}"),
            Range::Switch => "on or off".into(),
            Range::Choice(names) if names.len() > FEW_NAMES => {
                format!("one of {} and {} more", names[..FEW_NAMES].join(", "), names.len() - FEW_NAMES)
            }
            Range::Choice(names) => format!("one of {}", names.join(", ")),
        }
    }

    fn allows(&self, number: f64) -> bool {
        match &self.range {
            Range::Number(low, high) | Range::Frequency(low, high) => (*low..=*high).contains(&number),
            Range::Switch => number == 0.0 || number == 1.0,
            Range::Choice(names) => number.fract() == 0.0 && (0.0..names.len() as f64).contains(&number),
        }
    }

    fn number_of(&self, value: Value<'_>) -> Option<f64> {
        match value {
            Value::Number(number) => Some(number),
            Value::Switch(on) => matches!(self.range, Range::Switch).then_some(f64::from(u8::from(on))),
            Value::Text(text) => self.number_of_text(text.trim()),
        }
    }

    fn number_of_text(&self, text: &str) -> Option<f64> {
        match &self.range {
            Range::Choice(names) => {
                names.iter().position(|name| name.eq_ignore_ascii_case(text)).map(|place| place as f64)
            }
            Range::Switch => match text.to_ascii_lowercase().as_str() {
                "on" | "true" | "1" => Some(1.0),
                "off" | "false" | "0" => Some(0.0),
                _ => None,
            },
            Range::Number(..) | Range::Frequency(..) => {
                let symbol = self.unit.symbol();
                let start = text.len().checked_sub(symbol.len());
                let bare = start.filter(|&at| text.is_char_boundary(at)).map(|at| text.split_at(at));
                let number = match bare {
                    Some((number, end)) if end.eq_ignore_ascii_case(symbol) => number,
                    _ => text,
                };
                number.trim().parse().ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_people_write_them() {
        let gain = Parameter::number("gain_db", Unit::Decibel, -60.0, 24.0, 0.0);
        for (value, expected) in [
            (Value::from(3), Some(3.0)),
            (Value::from(-3i64), Some(-3.0)),
            (Value::from(3u32), Some(3.0)),
            (Value::from(3usize), Some(3.0)),
            (Value::from(-60.0), Some(-60.0)),
            (Value::from(24.1), None),
            (Value::from(f64::NAN), None),
            (Value::from("6 dB"), Some(6.0)),
            (Value::from("6dB"), Some(6.0)),
            (Value::from("-6"), Some(-6.0)),
            (Value::from("6 Hz"), None),
            (Value::from("ö"), None),
            (Value::from(true), None),
        ] {
            assert_eq!(gain.read(value).ok(), expected, "{value}");
        }
        let mode = Parameter::choice("mode", vec!["peak".into(), "rms".into()], 0);
        for (value, expected) in [("RMS", Some(1.0)), ("peak", Some(0.0)), ("both", None), ("", None)] {
            assert_eq!(mode.read(value.into()).ok(), expected, "{value}");
        }
        assert_eq!(mode.read(1.0.into()).ok(), Some(1.0));
        assert!(mode.read(0.5.into()).is_err() && mode.read(2.0.into()).is_err());
        let switch = Parameter::switch("on", true);
        for (value, expected) in [("on", Some(1.0)), ("False", Some(0.0)), ("maybe", None)] {
            assert_eq!(switch.read(value.into()).ok(), expected, "{value}");
        }
        assert_eq!(switch.read(false.into()).ok(), Some(0.0));
    }

    #[test]
    fn what_is_refused_is_named_with_what_there_is() {
        let cutoff = Parameter::frequency("cutoff", 10.0, 96_000.0, 1000.0);
        let said = cutoff.read(5.0.into()).unwrap_err().to_string();
        assert!(said.contains("cutoff") && said.contains('5') && said.contains("10 to 96000 Hz"), "{said}");
        let said = cutoff.check_rate(30_000.0, 48_000.0).unwrap_err().to_string();
        assert!(said.contains("30000 Hz") && said.contains("24000 Hz"), "{said}");
        assert!(cutoff.check_rate(23_999.0, 48_000.0).is_ok());
    }
}
