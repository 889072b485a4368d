//! Which levels a model is played at, by its card.
//!
//! As Neural Amp Modeler's plugin does it, so that captures made for the one sound the same in the other: input calibration
//! adds what a digital full-scale sine stands for at the player's interface less what it stood for at the capture,
//! both in dBu; normalised output brings the card's loudness to -18 dBFS; calibrated output adds the capture's output
//! level less the interface's.
//!
//! Cards are often silent on levels. An unknown input level leaves the input as it is; an unknown output level leaves
//! the model as loud as others, for which its loudness is needed; an unknown loudness leaves what the model gives.
//! [`ModelInfo::missing_levels`] tells the window.

use super::ModelInfo;
use crate::rack::{InputControls, OutputMode};
use shared::model::Card;
use std::fmt;

/// Loudness of all models in [`OutputMode::Normalised`], in dBFS rms.
pub const NORMAL_LOUDNESS_DBFS: f32 = -18.0;

/// Furthest that a card moves a level either way, in dB: what goes beyond is a mistake on the card.
const FURTHEST_DB: f32 = 60.0;

/// A level that a model's card would have to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingLevel {
    /// What full scale stood for at the capture's input.
    Input,
    /// The same of its output.
    Output,
    /// The loudness of what it gives.
    Loudness,
}

impl fmt::Display for MissingLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Input => {
                "This model's card has no input level: input calibration does nothing. Set the trim by ear."
            }
            Self::Output => {
                "This model's card has no output level: it is made as loud as others instead of calibrated."
            }
            Self::Loudness => "This model's card has no loudness: its level is left as it is.",
        })
    }
}

/// Gain before the model in dB.
pub(super) fn drive_db(card: &Card, input: &InputControls) -> f32 {
    let calibrated = card.input_level_dbu.filter(|_| input.calibrated);
    calibrated.map_or(0.0, |dbu| within(input.full_scale_dbu - dbu))
}

/// Gain behind the model in dB.
pub(super) fn level_db(card: &Card, input: &InputControls, mode: OutputMode) -> f32 {
    let normalised = card.loudness_dbfs.map(|dbfs| NORMAL_LOUDNESS_DBFS - dbfs);
    let gain = match mode {
        OutputMode::Raw => None,
        OutputMode::Normalised => normalised,
        OutputMode::Calibrated => card.output_level_dbu.map(|dbu| dbu - input.full_scale_dbu).or(normalised),
    };
    gain.map_or(0.0, within)
}

fn within(db: f32) -> f32 {
    if db.is_finite() { db.clamp(-FURTHEST_DB, FURTHEST_DB) } else { 0.0 }
}

impl ModelInfo {
    /// What the player asks for that the card does not tell: why a calibration does nothing, or less than it should.
    pub fn missing_levels(&self, calibrated: bool, mode: OutputMode) -> impl Iterator<Item = MissingLevel> {
        let card = &self.card;
        let input = (calibrated && card.input_level_dbu.is_none()).then_some(MissingLevel::Input);
        let output_missing = mode == OutputMode::Calibrated && card.output_level_dbu.is_none();
        let normalised = mode == OutputMode::Normalised || output_missing;
        let loudness = (normalised && card.loudness_dbfs.is_none()).then_some(MissingLevel::Loudness);
        let output = output_missing.then_some(MissingLevel::Output);
        [input, output, loudness].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::Quality;
    use crate::factory::MODELS;
    use crate::rack::Controls;

    fn card(input: Option<f32>, output: Option<f32>, loudness: Option<f32>) -> Card {
        Card { input_level_dbu: input, output_level_dbu: output, loudness_dbfs: loudness, ..Card::default() }
    }

    fn interface(calibrated: bool, full_scale_dbu: f32) -> InputControls {
        InputControls { calibrated, full_scale_dbu, ..Controls::NEUTRAL.input }
    }

    #[test]
    fn a_hotter_interface_is_brought_to_the_level_of_the_capture() {
        let known = card(Some(18.0), None, None);
        assert_eq!(drive_db(&known, &interface(true, 12.5)), -5.5);
        assert_eq!(drive_db(&known, &interface(false, 12.5)), 0.0);
        assert_eq!(drive_db(&card(None, None, None), &interface(true, 12.5)), 0.0);
        assert_eq!(drive_db(&card(Some(-300.0), None, None), &interface(true, 30.0)), FURTHEST_DB);
        assert_eq!(drive_db(&known, &interface(true, f32::NAN)), 0.0);
    }

    #[test]
    fn the_output_is_as_loud_as_others_or_as_the_gear_was() {
        let full = card(None, Some(10.0), Some(-12.0));
        let gains = |card: &Card| {
            [OutputMode::Raw, OutputMode::Normalised, OutputMode::Calibrated]
                .map(|mode| level_db(card, &interface(false, 13.0), mode))
        };
        assert_eq!(gains(&full), [0.0, -6.0, -3.0]);
        assert_eq!(gains(&card(None, None, Some(-12.0))), [0.0, -6.0, -6.0]);
        assert_eq!(gains(&card(None, None, None)), [0.0, 0.0, 0.0]);
    }

    #[test]
    fn what_is_missing_is_told_where_it_is_asked_for() {
        let mut info = ModelInfo::new(&MODELS[0].load().unwrap(), Quality::FULL, None);
        let missing = |info: &ModelInfo, calibrated, mode| -> Vec<MissingLevel> {
            info.missing_levels(calibrated, mode).collect()
        };
        info.card = card(None, None, None);
        assert_eq!(missing(&info, false, OutputMode::Raw), []);
        assert_eq!(missing(&info, true, OutputMode::Raw), [MissingLevel::Input]);
        assert_eq!(missing(&info, false, OutputMode::Normalised), [MissingLevel::Loudness]);
        let all = [MissingLevel::Input, MissingLevel::Output, MissingLevel::Loudness];
        assert_eq!(missing(&info, true, OutputMode::Calibrated), all);
        assert!(all.iter().all(|level| level.to_string().contains("card")));
        info.card = card(Some(1.0), Some(1.0), Some(-18.0));
        assert_eq!(missing(&info, true, OutputMode::Calibrated), []);
    }
}
