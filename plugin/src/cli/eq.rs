//! The equaliser on the command line: what `render` is told about it, and what it says of it.

use super::CliError;
use super::reference::{self, Neutral};
use crate::amp::EqView;
use crate::params::{FREQUENCY_RANGE_OCTAVES, MAX_SPEED_SECONDS, MIN_SPEED_SECONDS, Q_RANGE_OCTAVES};
use crate::words;
use clap::Args;
use shared::dsp::cookbook::Shape;
use shared::word_eq::{
    BAND_RANGES, BANDS, BandControls, Controls, EqModel, Hearing, MAX_GAIN_DB, Reading, Reference, Word,
};
use std::sync::Arc;

/// How far to go where nobody says.
const USUAL_AMOUNT: f32 = 0.7;

/// How far to blend where a second word is named and nobody says.
const USUAL_BLEND: f32 = 0.5;

/// What `render` is told about the equaliser.
#[derive(Debug, Args)]
#[command(next_help_heading = "Equaliser, behind the model")]
pub(super) struct EqArguments {
    /// The word the sound shall follow; `tonewright words` lists them.
    #[arg(long, value_name = "WORD")]
    word: Option<String>,
    /// How much of the word the sound shall have, 0 to 1; below 0, to -1, its opposite. 0.7 without this.
    #[arg(long, requires = "word", value_parser = amount, allow_hyphen_values = true)]
    amount: Option<f32>,
    /// A second word.
    #[arg(long, value_name = "WORD", requires = "word")]
    word2: Option<String>,
    /// From the word, 0, to the second one, 1. Halfway without this.
    #[arg(long, requires = "word2", value_parser = blend)]
    blend: Option<f32>,
    /// How fast it listens: time constant in seconds, 0.3 to 30. 3 without this.
    #[arg(long, value_name = "SECONDS", requires = "word", value_parser = speed)]
    speed: Option<f32>,
    /// What is neutral: guitar-amp, as it is without this, bass, voice, drums, full-mix or any; or a WAV
    /// file that sounds so, or what `trainer reference` learned from several.
    #[arg(long, value_name = "KIND or FILE", requires = "word")]
    reference: Option<String>,
    /// Makes the result as loud as it was before the equaliser.
    #[arg(long)]
    eq_match: bool,
    /// Changes a band, 1 to 5 from low to high, on top of what the word proposes: dB of gain, octaves
    /// of frequency, octaves of a peak's Q, off or solo, as in 2:+3dB,-0.5oct,q+1 or 5:off. Once a band.
    #[arg(long = "band", value_name = "BAND:CHANGES", value_parser = band)]
    bands: Vec<(usize, BandControls)>,
}

/// What the equaliser is to do.
pub(super) struct Equalising {
    /// What the rig is told.
    pub controls: Controls,
    /// What the words and networks come from; none where there is no word.
    pub model: Option<Arc<EqModel>>,
    /// For people to read.
    described: String,
}

impl EqArguments {
    /// What is to be done; none where nothing was asked for.
    pub fn read(&self) -> Result<Option<Equalising>, CliError> {
        if self.word.is_none() && self.bands.is_empty() && !self.eq_match {
            return Ok(None);
        }
        let mut controls = Controls { level_match: self.eq_match, ..Controls::NEUTRAL };
        let mut changed = [false; BANDS];
        for (band, change) in &self.bands {
            if std::mem::replace(&mut changed[*band], true) {
                return Err(CliError::BandTwice(band + 1));
            }
            controls.bands[*band] = *change;
        }
        let Some(name) = &self.word else {
            let described = "bands alone, no word".to_owned();
            return Ok(Some(Equalising { controls, model: None, described }));
        };
        let model = words::model().ok_or_else(|| CliError::NoWords(words::fault().unwrap_or_default()))?;
        let word = find_word(name)?;
        controls.word = word.slot;
        controls.amount = self.amount.unwrap_or(USUAL_AMOUNT);
        controls.speed_seconds = self.speed.unwrap_or(controls.speed_seconds);
        let mut described = format!("\"{}\"", words::label(word));
        if let Some(second) = &self.word2 {
            let second = find_word(second)?;
            controls.second_word = second.slot;
            controls.blend = self.blend.unwrap_or(USUAL_BLEND);
            described += &format!(" and \"{}\" by {:.2}", words::label(second), controls.blend);
        }
        described += &format!(", amount {:+.2}", controls.amount);
        if let Some(reference) = &self.reference {
            let Neutral { reference, described: neutral } = reference::find(reference, model)?;
            controls.reference = reference;
            described += &format!(", neutral is {neutral}");
        } else if let Reference::Kind(kind) = controls.reference {
            described += &format!(", neutral is {}", reference::kind_name(kind));
        }
        Ok(Some(Equalising { controls, model: Some(model.clone()), described }))
    }
}

impl Equalising {
    /// Whether it can do what it was asked for. To be called once it is prepared, and again at the end.
    pub fn check(&self, view: &EqView) -> Result<(), CliError> {
        let deaf = view.monitor.read().hearing == Hearing::Unavailable;
        if self.model.is_some() && deaf { Err(CliError::deaf(view.problem())) } else { Ok(()) }
    }

    /// What it did in the end.
    pub fn report(&self, view: &EqView) -> String {
        let reading = view.monitor.read();
        let mut text = format!("  equaliser: {}\n", self.described);
        if self.model.is_some() {
            text += &heard(&reading);
        }
        if self.controls.level_match {
            text += &format!("    level matched by {:+.1} dB\n", reading.match_gain_db);
        }
        for (i, (band, range)) in reading.applied.bands.iter().zip(&BAND_RANGES).enumerate() {
            let frequency = format!("{:.0} Hz", band.frequency_hz);
            text += &format!("    {} {:<10} {:+6.2} dB at {frequency:>8}", i + 1, range.name, band.gain_db);
            if range.shape == Shape::Peak {
                text += &format!(", Q {:.2}", band.q);
            }
            text += if self.controls.bands[i].off { ", off\n" } else { "\n" };
        }
        text
    }
}

fn heard(reading: &Reading) -> String {
    if reading.listened_seconds <= 0.0 {
        return "    nothing was heard: too short, or silent; the word was applied as to a neutral sound\n"
            .into();
    }
    let percent = reading.share * 100.0;
    let share = if percent >= 0.0 {
        format!("{percent:.0} % of the word was in the sound already")
    } else {
        format!("the sound was {:.0} % on the other side of neutral", -percent)
    };
    format!("    {share}, after {:.1} s of listening; in the end:\n", reading.listened_seconds)
}

fn find_word(name: &str) -> Result<&'static Word, CliError> {
    words::slot_named(name).and_then(words::in_slot).ok_or_else(|| {
        let near: Vec<String> = words::near(name).iter().map(|word| format!("\"{}\"", word.name)).collect();
        let near =
            if near.is_empty() { String::new() } else { format!(" did you mean {}?", near.join(" or ")) };
        CliError::UnknownWord { name: name.to_owned(), near }
    })
}

fn amount(text: &str) -> Result<f32, String> {
    within(text, -1.0, 1.0)
}

fn blend(text: &str) -> Result<f32, String> {
    within(text, 0.0, 1.0)
}

fn speed(text: &str) -> Result<f32, String> {
    within(text, MIN_SPEED_SECONDS, MAX_SPEED_SECONDS)
}

fn within(text: &str, lowest: f32, highest: f32) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (lowest..=highest).contains(&value) => Ok(value),
        _ => Err(format!("expected a number from {lowest} to {highest}")),
    }
}

/// Reads `BAND:CHANGES`; the band is counted from 0.
fn band(text: &str) -> Result<(usize, BandControls), String> {
    let (number, changes) = text.split_once(':').ok_or("expected BAND:CHANGES, as in 2:+3dB,-0.5oct")?;
    let band = match number.trim().parse::<usize>() {
        Ok(number @ 1..=BANDS) => number - 1,
        _ => return Err(format!("the bands are 1 to {BANDS}, not \"{number}\"")),
    };
    let mut controls = BandControls::default();
    for change in changes.split(',') {
        let change = change.trim().to_lowercase();
        let amount = |number: &str, unit: &str, furthest: f32| {
            let said = |e| format!("\"{change}\": {e}{unit}");
            within(number.trim(), -furthest, furthest).map_err(said)
        };
        if change == "off" {
            controls.off = true;
        } else if change == "solo" {
            controls.solo = true;
        } else if let Some(gain) = change.strip_suffix("db") {
            controls.gain_offset_db = amount(gain, " dB", MAX_GAIN_DB)?;
        } else if let Some(q) = change.strip_prefix('q') {
            if BAND_RANGES[band].shape != Shape::Peak {
                return Err(format!("\"{change}\": band {} is a shelf and has no Q", band + 1));
            }
            let q = q.strip_suffix("oct").unwrap_or(q);
            controls.q_offset_octaves = amount(q, " octaves", Q_RANGE_OCTAVES)?;
        } else if let Some(octaves) = change.strip_suffix("oct") {
            controls.frequency_offset_octaves = amount(octaves, " octaves", FREQUENCY_RANGE_OCTAVES)?;
        } else {
            return Err(format!("\"{change}\" is none of +3dB, -0.5oct, q+1, off and solo"));
        }
    }
    Ok((band, controls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_read() {
        let expected = BandControls {
            gain_offset_db: 3.0,
            frequency_offset_octaves: -0.5,
            q_offset_octaves: 1.0,
            off: false,
            solo: true,
        };
        assert_eq!(band("2:+3dB,-0.5oct,q+1,solo"), Ok((1, expected)));
        assert_eq!(band(" 2 : 3 db, -.5 OCT , Q 1 oct, Solo"), Ok((1, expected)));
        assert_eq!(band("5:off"), Ok((4, BandControls { off: true, ..BandControls::default() })));
        for wrong in
            ["", "2", "0:off", "6:off", "-1:off", "2:", "2:+3", "2:13dB", "2:nandB", "2:7oct", "1:q+1", "3:q"]
        {
            assert!(band(wrong).is_err(), "{wrong}");
        }
    }
}
