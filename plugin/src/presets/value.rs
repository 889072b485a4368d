//! Values of parameters as people write them.

use super::dials::{Dials, Kind};
use serde::{Deserialize, Serialize};

/// A value as it stands in a preset: `true`, `-55`, or a text such as `jcm_standard` or `-55 dB`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Value {
    Switch(bool),
    Whole(i64),
    Number(f64),
    Text(String),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Switch(on) => write!(f, "{on}"),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "\"{}\"", text.chars().take(80).collect::<String>()),
        }
    }
}

/// What came of reading a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Read {
    /// It is one of the parameter's.
    Is(f32),
    /// It lies outside the range; the nearest is taken, and what is wrong is said.
    Near(f32, String),
    /// It is none of the parameter's.
    Refused(String),
}

impl Value {
    /// The value from 0 to 1 that this stands for.
    pub fn read(&self, dials: &Dials, at: usize) -> Read {
        let refused =
            || Read::Refused(format!("{}: {self} is no value of it; {}", dials.id(at), wanted(dials, at)));
        if let Self::Whole(number) = self {
            return Self::Number(*number as f64).read(dials, at);
        }
        let found = match (dials.kind(at), self) {
            (Kind::Switch, Self::Switch(on)) => Some(f32::from(u8::from(*on))),
            (Kind::Switch, Self::Text(text)) => switch(text),
            (Kind::Number, Self::Number(number)) => {
                return number_of(dials, at, &number.to_string(), *number);
            }
            (Kind::Number, Self::Text(text)) => {
                let digits = text.trim().trim_end_matches(dials.unit(at).trim()).trim();
                return match digits.parse::<f64>() {
                    Ok(number) if number.is_finite() => number_of(dials, at, text, number),
                    _ => refused(),
                };
            }
            (Kind::Whole, Self::Number(number)) => dials.value_of(at, &number.to_string()),
            (Kind::Whole, Self::Text(text)) => dials.value_of(at, text),
            (Kind::Choice, Self::Text(text)) => choice(dials, at, text),
            _ => None,
        };
        found.map_or_else(refused, Read::Is)
    }

    /// How a value from 0 to 1 is written: as people read it where that leads back to it, else exactly.
    pub fn write(dials: &Dials, at: usize, value: f32) -> Self {
        let text = dials.text(at, value);
        match dials.kind(at) {
            Kind::Switch => Self::Switch(value >= 0.5),
            Kind::Whole => Self::Text(factory_id(dials, at, value).map_or(text, str::to_owned)),
            Kind::Choice => Self::Text(text.to_lowercase()),
            Kind::Number => {
                let leads_back = dials.value_of(at, &text).is_some_and(|back| (back - value).abs() <= 1e-6);
                // The shortest text that is exactly this number.
                let exact = || (dials.plain(at, value) * scale(dials, at) as f32).to_string();
                let written = if leads_back { text } else { exact() };
                match written.parse::<f64>() {
                    Ok(number) if number.fract() == 0.0 => Self::Whole(number as i64),
                    Ok(number) => Self::Number(number),
                    Err(_) => Self::Text(written),
                }
            }
        }
    }
}

/// What a plain value is multiplied by where it is shown.
fn scale(dials: &Dials, at: usize) -> f64 {
    if dials.unit(at).trim() == "%" { 100.0 } else { 1.0 }
}

fn number_of(dials: &Dials, at: usize, text: &str, number: f64) -> Read {
    let Some(value) = dials.value_of(at, text) else {
        return Read::Refused(format!("{}: {text} is no value of it; {}", dials.id(at), wanted(dials, at)));
    };
    let ends = [0.0, 1.0].map(|end| f64::from(dials.plain(at, end)) * scale(dials, at));
    let slack = 1e-4 * (ends[1] - ends[0]);
    if (ends[0] - slack..=ends[1] + slack).contains(&number) {
        return Read::Is(value);
    }
    let nearest = dials.text(at, value);
    Read::Near(
        value,
        format!("{}: {number} is out of its range; {nearest} is played; {}", dials.id(at), wanted(dials, at)),
    )
}

fn switch(text: &str) -> Option<f32> {
    match text.trim().to_lowercase().as_str() {
        "on" | "yes" | "true" => Some(1.0),
        "off" | "no" | "false" => Some(0.0),
        _ => None,
    }
}

/// The choice of that name, whatever its case, with `_` for what is no letter.
fn choice(dials: &Dials, at: usize, text: &str) -> Option<f32> {
    let plain = |text: &str| text.trim().to_lowercase().replace(['_', '-'], " ");
    values(dials, at).find(|&value| plain(&dials.text(at, value)) == plain(text))
}

fn values(dials: &Dials, at: usize) -> impl Iterator<Item = f32> {
    let steps = dials.steps(at).unwrap_or(0);
    (0..=steps).map(move |step| step as f32 / steps.max(1) as f32)
}

/// The id of the factory's model or loudspeaker in a slot, which stays when its name changes.
fn factory_id(dials: &Dials, at: usize, value: f32) -> Option<&'static str> {
    let slot = dials.plain(at, value).round() as usize;
    match dials.id(at) {
        "model" => shared::factory::Factory::in_slot(slot).map(|model| model.id),
        "cab_a" | "cab_b" => shared::cabinets::FactoryCabinet::in_slot(slot).map(|cab| cab.id),
        _ => None,
    }
}

/// What a parameter may be, for people.
fn wanted(dials: &Dials, at: usize) -> String {
    match dials.kind(at) {
        Kind::Switch => "write true or false".into(),
        Kind::Number => {
            let [first, last] = [0.0, 1.0].map(|end| dials.text(at, end));
            format!("write a number from {first} to {last}{}", dials.unit(at))
        }
        Kind::Choice => {
            let names: Vec<String> =
                values(dials, at).map(|value| dials.text(at, value).to_lowercase()).collect();
            format!("write one of: {}", names.join(", "))
        }
        Kind::Whole => {
            "write a name as the window shows it, or as `tonewright models` and `words` list them".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::Desk;
    use crate::factory::DEFAULT_SLOT;
    use std::sync::Arc;

    fn dials() -> Dials {
        Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)))
    }

    #[test]
    fn every_value_is_written_so_that_it_is_read_again() {
        let dials = dials();
        for at in 0..dials.len() {
            let steps = dials.steps(at).unwrap_or(37);
            for step in 0..=steps {
                let value = step as f32 / steps as f32;
                let written = Value::write(&dials, at, value);
                match written.read(&dials, at) {
                    // Within a step of the parameter: what it holds are steps, and what is tried here is not.
                    Read::Is(read) => {
                        assert!((read - value).abs() < 3e-3, "{} {written}: {value} {read}", dials.id(at))
                    }
                    other => panic!("{} {written}: {other:?}", dials.id(at)),
                }
            }
        }
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        let dials = dials();
        let plain = |id: &str, value: Value| {
            let at = dials.place(id).unwrap();
            match value.read(&dials, at) {
                Read::Is(value) => dials.plain(at, value),
                other => panic!("{id}: {other:?}"),
            }
        };
        let text = |text: &str| Value::Text(text.into());
        assert_eq!(plain("gate_threshold", Value::Number(-55.0)), -55.0);
        assert_eq!(plain("gate_threshold", text("-55 dB")), -55.0);
        assert_eq!(plain("gate_on", text("on")), 1.0);
        assert_eq!(plain("model", text("sd1_a2")), 4.0);
        assert_eq!(plain("cab_b", text("open_2x12")), 3.0);
        assert!((plain("eq_amount", Value::Number(40.0)) - 0.4).abs() < 1e-6);
        assert_eq!(plain("output_mode", text("calibrated")), 2.0);
        assert_eq!(plain("eq_reference", text("guitar_amp")), 1.0);
    }

    #[test]
    fn what_is_no_value_is_said_with_what_would_be_one() {
        let dials = dials();
        let read = |id: &str, value: Value| value.read(&dials, dials.place(id).unwrap());
        let Read::Near(value, said) = read("gate_threshold", Value::Number(-555.0)) else { panic!() };
        assert_eq!(value, 0.0);
        assert!(
            said.contains("gate_threshold: -555 is out of its range")
                && said.contains("from -100.0 to 0.0 dB"),
            "{said}"
        );
        for (id, value, hint) in [
            ("gate_on", Value::Number(3.0), "true or false"),
            ("output_mode", Value::Text("loud".into()), "raw, normalised, calibrated"),
            ("model", Value::Text("no such amp".into()), "tonewright models"),
            ("tone_mid", Value::Text("much".into()), "from -"),
            ("tone_mid", Value::Number(f64::NAN), "from -"),
        ] {
            let Read::Refused(said) = read(id, value) else { panic!("{id}") };
            assert!(said.starts_with(id) && said.contains(hint), "{said}");
        }
    }
}
