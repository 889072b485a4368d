//! The card: what a model is, where it comes from, how loud it is.

use super::ModelError;

/// Lowest sample rate a card may name, in Hz.
pub const MIN_SAMPLE_RATE: f64 = 8_000.0;
/// Highest sample rate a card may name, in Hz.
pub const MAX_SAMPLE_RATE: f64 = 768_000.0;

/// Longest text field, in bytes: a hostile file must not fill the screen.
const MAX_TEXT_BYTES: usize = 4096;

/// What is known about a model. Kept in the ONNX file's `metadata_props`, one key each.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Name shown to the player.
    pub name: String,
    /// The gear that was captured, or an empty text.
    pub gear: String,
    /// Who made the model.
    pub author: String,
    /// What the training material was and where it came from.
    pub source: String,
    /// Licence of the model.
    pub licence: String,
    /// Sample rate the model was trained at, in Hz.
    pub sample_rate_hz: f64,
    /// Level of the model's output on the trainer's loudness signal, in dBFS rms.
    pub loudness_dbfs: Option<f32>,
    /// Analogue level in dBu that a digital full-scale sine at the input stood for.
    pub input_level_dbu: Option<f32>,
    /// Analogue level in dBu that a digital full-scale sine at the output stands for.
    pub output_level_dbu: Option<f32>,
    /// Error-to-signal ratio on material the training never saw.
    pub esr: Option<f64>,
}

impl Default for Card {
    fn default() -> Self {
        Self {
            name: "Untitled".into(),
            gear: String::new(),
            author: String::new(),
            source: String::new(),
            licence: String::new(),
            sample_rate_hz: 48_000.0,
            loudness_dbfs: None,
            input_level_dbu: None,
            output_level_dbu: None,
            esr: None,
        }
    }
}

impl Card {
    /// The card as key and value pairs; unknown fields are left out.
    pub fn to_metadata(&self) -> Vec<(String, String)> {
        let texts = [
            ("name", &self.name),
            ("gear", &self.gear),
            ("author", &self.author),
            ("source", &self.source),
            ("licence", &self.licence),
        ];
        let numbers = [
            ("loudness_dbfs", self.loudness_dbfs.map(f64::from)),
            ("input_level_dbu", self.input_level_dbu.map(f64::from)),
            ("output_level_dbu", self.output_level_dbu.map(f64::from)),
            ("esr", self.esr),
        ];
        let mut pairs: Vec<(String, String)> = texts
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(key, text)| (key.to_owned(), text.clone()))
            .collect();
        pairs.push(("sample_rate_hz".into(), self.sample_rate_hz.to_string()));
        pairs.extend(numbers.into_iter().filter_map(|(key, n)| n.map(|n| (key.to_owned(), n.to_string()))));
        pairs
    }

    /// Says whether the card can be read again once it is written.
    ///
    /// # Errors
    /// A number is out of range, or a text is longer than 4096 bytes.
    pub fn validate(&self) -> Result<(), ModelError> {
        let pairs = self.to_metadata();
        let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        Self::from_metadata(pairs, &self.name).map(drop)
    }

    /// Reads a card from key and value pairs; keys it does not know are ignored.
    ///
    /// # Errors
    /// A number is unreadable or out of range, or a text is longer than 4096 bytes.
    pub fn from_metadata<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
        fallback_name: &str,
    ) -> Result<Self, ModelError> {
        let mut card = Self { name: fallback_name.to_owned(), ..Self::default() };
        for (key, value) in pairs {
            match key {
                "name" => card.name = text("name", value)?,
                "gear" => card.gear = text("gear", value)?,
                "author" => card.author = text("author", value)?,
                "source" => card.source = text("source", value)?,
                "licence" => card.licence = text("licence", value)?,
                "sample_rate_hz" => {
                    card.sample_rate_hz = number("sample_rate_hz", value, MIN_SAMPLE_RATE, MAX_SAMPLE_RATE)?;
                }
                "loudness_dbfs" => card.loudness_dbfs = Some(level("loudness_dbfs", value)?),
                "input_level_dbu" => card.input_level_dbu = Some(level("input_level_dbu", value)?),
                "output_level_dbu" => {
                    card.output_level_dbu = Some(level("output_level_dbu", value)?);
                }
                "esr" => card.esr = Some(number("esr", value, 0.0, 1e6)?),
                _ => {}
            }
        }
        if card.name.trim().is_empty() {
            card.name = Self::default().name;
        }
        Ok(card)
    }
}

fn text(field: &'static str, value: &str) -> Result<String, ModelError> {
    if value.len() > MAX_TEXT_BYTES {
        let found = format!("{} bytes of text", value.len());
        let expected = format!("at most {MAX_TEXT_BYTES} bytes");
        return Err(ModelError::Card { field, found, expected });
    }
    // Control characters would break the one line a card field is shown in.
    Ok(value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

fn number(field: &'static str, value: &str, min: f64, max: f64) -> Result<f64, ModelError> {
    match value.trim().parse::<f64>() {
        Ok(n) if n >= min && n <= max => Ok(n),
        _ => Err(ModelError::Card {
            field,
            found: value.chars().take(64).collect(),
            expected: format!("a number from {min} to {max}"),
        }),
    }
}

fn level(field: &'static str, value: &str) -> Result<f32, ModelError> {
    number(field, value, -300.0, 300.0).map(|n| n as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_round_trip() {
        let card = Card {
            name: "Virtual Stack".into(),
            gear: "overdrive into a tube stage".into(),
            author: "Tonewright".into(),
            source: "virtual capture".into(),
            licence: "MIT OR Apache-2.0".into(),
            sample_rate_hz: 44_100.0,
            loudness_dbfs: Some(-17.25),
            input_level_dbu: Some(12.0),
            output_level_dbu: None,
            esr: Some(0.00125),
        };
        let pairs = card.to_metadata();
        let read = Card::from_metadata(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())), "x");
        assert_eq!(read.unwrap(), card);
    }

    #[test]
    fn refuses_impossible_numbers_by_name() {
        for bad in ["0", "-1", "nan", "inf", "fast", "1e99"] {
            let error = Card::from_metadata([("sample_rate_hz", bad)], "x").unwrap_err().to_string();
            assert!(error.contains("sample_rate_hz") && error.contains(bad), "{error}");
        }
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let long = Card { source: "x".repeat(5_000), ..Card::default() };
        assert!(long.validate().unwrap_err().to_string().contains("source"));
        let odd = Card { sample_rate_hz: f64::NAN, ..Card::default() };
        assert!(odd.validate().unwrap_err().to_string().contains("sample_rate_hz"));
        assert!(Card::default().validate().is_ok());
    }

    #[test]
    fn falls_back_to_the_file_name() {
        assert_eq!(Card::from_metadata([], "ts9").unwrap().name, "ts9");
        assert_eq!(Card::from_metadata([("name", " ")], "ts9").unwrap().name, "Untitled");
    }
}
