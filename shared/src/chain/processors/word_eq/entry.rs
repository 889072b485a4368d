//! The equaliser as it is written down.

use super::WordEqualiser;
use crate::chain::{Place, Processor, ProcessorError};
use crate::dsp::cookbook::Shape;
use crate::word_eq::{BAND_RANGES, BANDS, BandControls, Controls, EqModel, Kind, NamedReference};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// How far to go where nobody says.
const USUAL_AMOUNT: f64 = 0.7;

/// How far to blend where a second word is named and nobody says.
const USUAL_BLEND: f64 = 0.5;

/// As it is written down: `{ word: warm, amount: 0.7 }`. Everything can be left out, but not all of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct WordEqEntry {
    /// The word the sound shall follow; without it the bands are the player's alone.
    pub word: Option<String>,
    /// How much of the word the sound shall have, 0 to 1; below 0, to -1, its opposite. 0.7 if left out.
    pub amount: Option<f64>,
    /// A second word.
    pub word2: Option<String>,
    /// From the word, 0, to the second one, 1. Halfway if left out.
    pub blend: Option<f64>,
    /// Time constant of the listening in seconds, 0.3 to 30. 3 if left out.
    pub speed: Option<f64>,
    /// What was heard is kept as it is.
    pub freeze: bool,
    /// What is neutral: a kind of source, a recording that sounds so, or a `.json` file that
    /// `trainer reference` learned from several. `guitar-amp` if left out.
    pub reference: Option<String>,
    /// The output is made as loud as the input.
    pub level_match: bool,
    /// What is added to what the word proposes, by band, 1 to 5 from low to high.
    pub bands: BTreeMap<usize, BandEntry>,
}

/// What is added to what the word proposes for a band.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct BandEntry {
    /// Added to the gain, in dB.
    pub gain_db: f64,
    /// Added to the frequency, in octaves.
    pub frequency_octaves: f64,
    /// Added to the Q of a peak, in octaves.
    pub q_octaves: f64,
    /// The band does nothing.
    pub off: bool,
    /// Only this band is heard.
    pub solo: bool,
}

impl WordEqEntry {
    /// The file that is neutral, if it is one.
    pub fn file(&self) -> Option<&Path> {
        self.reference.as_deref().filter(|name| Kind::named(name).is_none()).map(Path::new)
    }

    pub(in crate::chain) fn build(&self, place: &Place) -> Result<Box<dyn Processor>, ProcessorError> {
        let mut controls = Controls { level_match: self.level_match, ..Controls::NEUTRAL };
        for (number, band) in &self.bands {
            let i = number.checked_sub(1).filter(|i| *i < BANDS).ok_or_else(|| out_of_range(*number))?;
            controls.bands[i] = band.controls(i)?;
        }
        let Some(word) = &self.word else {
            self.check_without_word()?;
            return Ok(Box::new(WordEqualiser::new(None, controls)));
        };
        let model = EqModel::factory()?;
        let table = &model.table;
        controls.word = table.find(word)?.slot;
        controls.amount = self.amount.unwrap_or(USUAL_AMOUNT) as f32;
        if let Some(second) = &self.word2 {
            controls.second_word = table.find(second)?.slot;
            controls.blend = self.blend.unwrap_or(USUAL_BLEND) as f32;
        } else if self.blend.is_some() {
            return Err(ProcessorError::Other("`blend` leads to a second word; name it as `word2`".into()));
        }
        controls.speed_seconds = self.speed.map_or(controls.speed_seconds, |speed| speed as f32);
        controls.freeze = self.freeze;
        let named = |name: &String| NamedReference::find(name, &place.resolve(Path::new(name)), table);
        let reference = self.reference.as_ref().map(named).transpose()?;
        Ok(Box::new(WordEqualiser::with_reference(Some(model), controls, reference)))
    }

    /// What concerns words alone must not be lost in silence.
    fn check_without_word(&self) -> Result<(), ProcessorError> {
        let lost = [
            ("amount", self.amount.is_some()),
            ("word2", self.word2.is_some()),
            ("blend", self.blend.is_some()),
            ("speed", self.speed.is_some()),
            ("freeze", self.freeze),
            ("reference", self.reference.is_some()),
        ];
        let first = lost.into_iter().find(|(_, is_there)| *is_there);
        if let Some((name, _)) = first {
            return Err(ProcessorError::Other(format!("`{name}` needs a `word`")));
        }
        if self.bands.is_empty() && !self.level_match {
            let what = "neither a `word`, `bands` nor `level_match`: there is nothing to do";
            return Err(ProcessorError::Other(what.into()));
        }
        Ok(())
    }
}

impl BandEntry {
    fn controls(&self, band: usize) -> Result<BandControls, ProcessorError> {
        if self.q_octaves != 0.0 && BAND_RANGES[band].shape != Shape::Peak {
            let what = format!("band {} is a shelf and has no Q; leave `q_octaves` out", band + 1);
            return Err(ProcessorError::Other(what));
        }
        Ok(BandControls {
            gain_offset_db: self.gain_db as f32,
            frequency_offset_octaves: self.frequency_octaves as f32,
            q_offset_octaves: self.q_octaves as f32,
            off: self.off,
            solo: self.solo,
        })
    }
}

fn out_of_range(band: usize) -> ProcessorError {
    ProcessorError::OutOfRange {
        parameter: "band".into(),
        value: band.to_string(),
        range: format!("1 to {BANDS}"),
    }
}
