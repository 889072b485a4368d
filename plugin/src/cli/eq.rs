//! The equaliser on the command line.

use super::CliError;
use clap::Args;
use shared::chain::processors::{BandEntry, WordEqEntry};
use shared::dsp::cookbook::Shape;
use shared::word_eq::{
    BAND_RANGES, BANDS, FREQUENCY_RANGE_OCTAVES, MAX_GAIN_DB, MAX_SPEED_SECONDS, MIN_SPEED_SECONDS,
    Q_RANGE_OCTAVES,
};
use std::collections::BTreeMap;

/// What a chain is told about the equaliser.
#[derive(Debug, Args)]
#[command(next_help_heading = "Equaliser, behind the model")]
pub(super) struct EqArguments {
    /// The word the sound shall follow; `tonewright words` lists them.
    #[arg(long, value_name = "WORD")]
    word: Option<String>,
    /// How much of the word the sound shall have, 0 to 1; below 0, to -1, its opposite. 0.7 without this.
    #[arg(long, requires = "word", value_parser = amount, allow_hyphen_values = true)]
    amount: Option<f64>,
    /// A second word.
    #[arg(long, value_name = "WORD", requires = "word")]
    word2: Option<String>,
    /// From the word, 0, to the second one, 1. Halfway without this.
    #[arg(long, requires = "word2", value_parser = blend, allow_negative_numbers = true)]
    blend: Option<f64>,
    /// How fast it listens: time constant in seconds, 0.3 to 30. 3 without this.
    #[arg(long, value_name = "SECONDS", requires = "word", value_parser = speed, allow_negative_numbers = true)]
    speed: Option<f64>,
    /// What is neutral: guitar-amp, as it is without this, bass, voice, drums, full-mix or any; or a WAV
    /// file that sounds so, or what `trainer reference` learned from several.
    #[arg(long, value_name = "KIND or FILE", requires = "word")]
    reference: Option<String>,
    /// Makes the result as loud as it was before the equaliser.
    #[arg(long)]
    eq_match: bool,
    /// Changes a band, 1 to 5 from low to high, on top of what the word proposes: dB of gain, octaves
    /// of frequency, octaves of a peak's Q, off or solo, as in 2:+3dB,-0.5oct,q+1 or 5:off. Once a band.
    #[arg(long = "band", value_name = "BAND:CHANGES", value_parser = band, allow_hyphen_values = true)]
    bands: Vec<(usize, BandEntry)>,
}

impl EqArguments {
    /// What is to be done; none where nothing was asked for.
    pub fn entry(&self) -> Result<Option<WordEqEntry>, CliError> {
        if self.word.is_none() && self.bands.is_empty() && !self.eq_match {
            return Ok(None);
        }
        let mut bands = BTreeMap::new();
        for (band, change) in &self.bands {
            if bands.insert(*band, *change).is_some() {
                return Err(CliError::BandTwice(*band));
            }
        }
        Ok(Some(WordEqEntry {
            word: self.word.clone(),
            amount: self.amount,
            word2: self.word2.clone(),
            blend: self.blend,
            speed: self.speed,
            freeze: false,
            reference: self.reference.clone(),
            level_match: self.eq_match,
            bands,
        }))
    }
}

fn amount(text: &str) -> Result<f64, String> {
    within(text, -1.0, 1.0)
}

fn blend(text: &str) -> Result<f64, String> {
    within(text, 0.0, 1.0)
}

fn speed(text: &str) -> Result<f64, String> {
    within(text, MIN_SPEED_SECONDS, MAX_SPEED_SECONDS)
}

fn within(text: &str, lowest: f32, highest: f32) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (f64::from(lowest)..=f64::from(highest)).contains(&value) => Ok(value),
        _ => Err(format!("expected a number from {lowest} to {highest}")),
    }
}

/// Reads `BAND:CHANGES`; the band is counted from 1.
fn band(text: &str) -> Result<(usize, BandEntry), String> {
    let (number, changes) = text.split_once(':').ok_or("expected BAND:CHANGES, as in 2:+3dB,-0.5oct")?;
    let band = match number.trim().parse::<usize>() {
        Ok(number @ 1..=BANDS) => number,
        _ => return Err(format!("the bands are 1 to {BANDS}, not \"{number}\"")),
    };
    let mut entry = BandEntry::default();
    for change in changes.split(',') {
        let change = change.trim().to_lowercase();
        let amount = |number: &str, unit: &str, furthest: f32| {
            let said = |e| format!("\"{change}\": {e}{unit}");
            within(number.trim(), -furthest, furthest).map_err(said)
        };
        if change == "off" {
            entry.off = true;
        } else if change == "solo" {
            entry.solo = true;
        } else if let Some(gain) = change.strip_suffix("db") {
            entry.gain_db = amount(gain, " dB", MAX_GAIN_DB)?;
        } else if let Some(q) = change.strip_prefix('q') {
            if BAND_RANGES[band - 1].shape != Shape::Peak {
                return Err(format!("\"{change}\": band {band} is a shelf and has no Q"));
            }
            let q = q.strip_suffix("oct").unwrap_or(q);
            entry.q_octaves = amount(q, " octaves", Q_RANGE_OCTAVES)?;
        } else if let Some(octaves) = change.strip_suffix("oct") {
            entry.frequency_octaves = amount(octaves, " octaves", FREQUENCY_RANGE_OCTAVES)?;
        } else {
            return Err(format!("\"{change}\" is none of +3dB, -0.5oct, q+1, off and solo"));
        }
    }
    Ok((band, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_read() {
        let expected =
            BandEntry { gain_db: 3.0, frequency_octaves: -0.5, q_octaves: 1.0, off: false, solo: true };
        assert_eq!(band("2:+3dB,-0.5oct,q+1,solo"), Ok((2, expected)));
        assert_eq!(band(" 2 : 3 db, -.5 OCT , Q 1 oct, Solo"), Ok((2, expected)));
        assert_eq!(band("5:off"), Ok((5, BandEntry { off: true, ..BandEntry::default() })));
        for wrong in
            ["", "2", "0:off", "6:off", "-1:off", "2:", "2:+3", "2:13dB", "2:nandB", "2:7oct", "1:q+1", "3:q"]
        {
            assert!(band(wrong).is_err(), "{wrong}");
        }
    }
}
