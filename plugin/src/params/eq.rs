//! The equaliser's parameters.

use super::text::{number, percent, signed};
use super::{KeptBalance, Known};
use crate::words::{DEFAULT_SECOND_WORD, DEFAULT_WORD, slot_name, slot_named};
use nih_plug::prelude::*;
use shared::word_eq::{
    BANDS, BandControls, Controls, EqSettings, FREQUENCY_RANGE_OCTAVES, Kind, MAX_GAIN_DB, MAX_SPEED_SECONDS,
    MIN_SPEED_SECONDS, Mode, Monitor, Q_RANGE_OCTAVES, Reading, Reference, WORD_SLOTS,
};
use std::sync::Arc;

/// Brings three seconds, the default, to the middle of the knob: log ½ / log ((3 - 0.3) / (30 - 0.3)).
const SPEED_SKEW: f32 = 0.289_06;

/// What sound is neutral.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum ReferenceParam {
    /// Inferred from what the word leaves alone.
    #[id = "any"]
    #[name = "Any"]
    Any,
    /// A guitar through an amplifier.
    #[id = "guitar_amp"]
    #[name = "Guitar amp"]
    GuitarAmp,
    /// A bass.
    #[id = "bass"]
    #[name = "Bass"]
    Bass,
    /// Speech or singing.
    #[id = "voice"]
    #[name = "Voice"]
    Voice,
    /// Drums and percussion.
    #[id = "drums"]
    #[name = "Drums"]
    Drums,
    /// Several instruments.
    #[id = "full_mix"]
    #[name = "Full mix"]
    FullMix,
    /// The sound that the player taught it, [`EqParams::learned`].
    #[id = "learned"]
    #[name = "Learned"]
    Learned,
}

impl ReferenceParam {
    /// The kind of source, except for what was learned.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Self::Any => Some(Kind::Any),
            Self::GuitarAmp => Some(Kind::GuitarAmp),
            Self::Bass => Some(Kind::Bass),
            Self::Voice => Some(Kind::Voice),
            Self::Drums => Some(Kind::Drums),
            Self::FullMix => Some(Kind::FullMix),
            Self::Learned => None,
        }
    }
}

impl From<Kind> for ReferenceParam {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Any => Self::Any,
            Kind::GuitarAmp => Self::GuitarAmp,
            Kind::Bass => Self::Bass,
            Kind::Voice => Self::Voice,
            Kind::Drums => Self::Drums,
            Kind::FullMix => Self::FullMix,
        }
    }
}

/// Who listens while the host plays live. When it renders offline, listening is always in line.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum ListenParam {
    /// A thread beside the audio.
    #[id = "thread"]
    #[name = "Beside"]
    Thread,
    /// The audio thread itself.
    #[id = "in_line"]
    #[name = "In line"]
    InLine,
}

impl From<ListenParam> for Mode {
    fn from(listen: ListenParam) -> Self {
        match listen {
            ListenParam::Thread => Self::Listener,
            ListenParam::InLine => Self::InLine,
        }
    }
}

/// The equaliser's parameters. Ids and ranges never change.
#[derive(Params)]
pub struct EqParams {
    /// Whether it is in the path.
    #[id = "eq_on"]
    pub on: BoolParam,
    /// Slot of the [word](crate::words).
    #[id = "eq_word"]
    pub word: IntParam,
    /// Slot of the word to blend into.
    #[id = "eq_word2"]
    pub second_word: IntParam,
    /// From the word, 0, to the second one, 1.
    #[id = "eq_blend"]
    pub blend: FloatParam,
    /// How far to go, -1 to 1.
    #[id = "eq_amount"]
    pub amount: FloatParam,
    /// Time constant of the listening, in seconds.
    #[id = "eq_speed"]
    pub speed: FloatParam,
    /// What was heard stays as it is.
    #[id = "eq_freeze"]
    pub freeze: BoolParam,
    /// What is neutral.
    #[id = "eq_reference"]
    pub reference: EnumParam<ReferenceParam>,
    /// The output is made as loud as the input.
    #[id = "eq_match"]
    pub level_match: BoolParam,
    /// Who listens. A change takes effect when the host activates the plugin again, which it is asked for.
    #[id = "eq_listen"]
    pub listen: EnumParam<ListenParam>,
    /// Lowest band.
    #[nested(id_prefix = "eq_b1", group = "Low shelf")]
    pub low_shelf: ShelfParams,
    /// Second band.
    #[nested(id_prefix = "eq_b2", group = "Low peak")]
    pub low_peak: PeakParams,
    /// Third band.
    #[nested(id_prefix = "eq_b3", group = "Mid peak")]
    pub mid_peak: PeakParams,
    /// Fourth band.
    #[nested(id_prefix = "eq_b4", group = "High peak")]
    pub high_peak: PeakParams,
    /// Highest band.
    #[nested(id_prefix = "eq_b5", group = "High shelf")]
    pub high_shelf: ShelfParams,
    /// The balance of the sound that was taught as neutral.
    #[persist = "eq-learned"]
    pub learned: KeptBalance,
    /// The balance that was frozen, so that it outlives the session and the host's resets.
    #[persist = "eq-frozen"]
    pub frozen: KeptBalance,
}

/// What the player adds to a shelf.
#[derive(Params)]
pub struct ShelfParams {
    /// Added to the gain, in dB.
    #[id = "gain"]
    pub gain: FloatParam,
    /// Added to the frequency, in octaves.
    #[id = "freq"]
    pub frequency: FloatParam,
    /// The band does nothing.
    #[id = "off"]
    pub off: BoolParam,
    /// Only this band is heard.
    #[id = "solo"]
    pub solo: BoolParam,
}

/// What the player adds to a peak.
#[derive(Params)]
pub struct PeakParams {
    /// Added to the gain, in dB.
    #[id = "gain"]
    pub gain: FloatParam,
    /// Added to the frequency, in octaves.
    #[id = "freq"]
    pub frequency: FloatParam,
    /// Added to the Q, in octaves.
    #[id = "q"]
    pub q: FloatParam,
    /// The band does nothing.
    #[id = "off"]
    pub off: BoolParam,
    /// Only this band is heard.
    #[id = "solo"]
    pub solo: BoolParam,
}

/// The parameters of a band, whatever its shape.
#[derive(Clone, Copy)]
pub struct BandParams<'a> {
    /// Added to the gain, in dB.
    pub gain: &'a FloatParam,
    /// Added to the frequency, in octaves.
    pub frequency: &'a FloatParam,
    /// Added to the Q, in octaves; peaks have it.
    pub q: Option<&'a FloatParam>,
    /// The band does nothing.
    pub off: &'a BoolParam,
    /// Only this band is heard.
    pub solo: &'a BoolParam,
}

impl ShelfParams {
    fn new(band: usize) -> Self {
        Self {
            gain: gain(band),
            frequency: octaves(format!("EQ {band} frequency"), FREQUENCY_RANGE_OCTAVES),
            off: BoolParam::new(format!("EQ {band} off"), false),
            solo: BoolParam::new(format!("EQ {band} solo"), false),
        }
    }

    fn band(&self) -> BandParams<'_> {
        BandParams { gain: &self.gain, frequency: &self.frequency, q: None, off: &self.off, solo: &self.solo }
    }
}

impl PeakParams {
    fn new(band: usize) -> Self {
        let ShelfParams { gain, frequency, off, solo } = ShelfParams::new(band);
        Self { gain, frequency, q: octaves(format!("EQ {band} Q"), Q_RANGE_OCTAVES), off, solo }
    }

    fn band(&self) -> BandParams<'_> {
        BandParams {
            gain: &self.gain,
            frequency: &self.frequency,
            q: Some(&self.q),
            off: &self.off,
            solo: &self.solo,
        }
    }
}

fn gain(band: usize) -> FloatParam {
    let range = FloatRange::Linear { min: -MAX_GAIN_DB, max: MAX_GAIN_DB };
    FloatParam::new(format!("EQ {band} gain"), 0.0, range)
        .with_unit(" dB")
        .with_value_to_string(Arc::new(|db| signed(db, 2)))
        .with_string_to_value(Arc::new(|text| number(text, "dB")))
}

fn octaves(name: String, furthest: f32) -> FloatParam {
    FloatParam::new(name, 0.0, FloatRange::Linear { min: -furthest, max: furthest })
        .with_unit(" oct")
        .with_value_to_string(Arc::new(|octaves| signed(octaves, 3)))
        .with_string_to_value(Arc::new(|text| number(text, "oct")))
}

fn word(name: &str, slot: usize) -> IntParam {
    IntParam::new(name, slot as i32, IntRange::Linear { min: 0, max: WORD_SLOTS as i32 - 1 })
        .with_value_to_string(Arc::new(|slot| slot_name(slot.max(0) as usize)))
        .with_string_to_value(Arc::new(|text| slot_named(text).map(|slot| slot as i32)))
}

impl Default for EqParams {
    fn default() -> Self {
        let speed = FloatRange::Skewed { min: MIN_SPEED_SECONDS, max: MAX_SPEED_SECONDS, factor: SPEED_SKEW };
        Self {
            on: BoolParam::new("EQ", true),
            word: word("EQ word", DEFAULT_WORD),
            second_word: word("EQ second word", DEFAULT_SECOND_WORD),
            blend: percent("EQ blend", 0.0),
            amount: percent("EQ amount", -1.0),
            speed: FloatParam::new("EQ speed", Controls::NEUTRAL.speed_seconds, speed)
                .with_unit(" s")
                .with_value_to_string(formatters::v2s_f32_rounded(2))
                .with_string_to_value(Arc::new(|text| number(text, "s"))),
            freeze: BoolParam::new("EQ freeze", false),
            reference: EnumParam::new("EQ neutral", ReferenceParam::GuitarAmp),
            level_match: BoolParam::new("EQ level match", false),
            listen: EnumParam::new("EQ listening", ListenParam::Thread).non_automatable(),
            low_shelf: ShelfParams::new(1),
            low_peak: PeakParams::new(2),
            mid_peak: PeakParams::new(3),
            high_peak: PeakParams::new(4),
            high_shelf: ShelfParams::new(5),
            learned: KeptBalance::default(),
            frozen: KeptBalance::default(),
        }
    }
}

impl EqParams {
    /// The bands' parameters, from low to high.
    pub fn bands(&self) -> [BandParams<'_>; BANDS] {
        [
            self.low_shelf.band(),
            self.low_peak.band(),
            self.mid_peak.band(),
            self.high_peak.band(),
            self.high_shelf.band(),
        ]
    }

    /// What the equaliser is told, as of now. What is `known` of the balances that are kept is brought up
    /// to date. For the audio thread: neither locks nor waits.
    pub fn controls(&self, known: &mut Known) -> Controls {
        let reference = match self.reference.value().kind() {
            Some(kind) => Reference::Kind(kind),
            None => {
                self.learned.update(&mut known.learned);
                known.learned.latent.map_or(Reference::Kind(Kind::Any), Reference::Learned)
            }
        };
        // Before the switch is read: a session sets the switch first, so whoever sees its balance sees that it
        // is frozen as well.
        self.frozen.update(&mut known.frozen);
        Controls {
            enabled: self.on.value(),
            word: self.word.value().max(0) as usize,
            second_word: self.second_word.value().max(0) as usize,
            blend: self.blend.value(),
            amount: self.amount.value(),
            speed_seconds: self.speed.value(),
            freeze: self.freeze.value(),
            frozen: known.frozen.latent,
            reference,
            level_match: self.level_match.value(),
            bands: self.bands().map(|band| BandControls {
                gain_offset_db: band.gain.value(),
                frequency_offset_octaves: band.frequency.value(),
                q_offset_octaves: band.q.map_or(0.0, |q| q.value()),
                off: band.off.value(),
                solo: band.solo.value(),
            }),
        }
    }

    /// Keeps what is heard when the player freezes it, and forgets it when it thaws; the `controls` and what
    /// is `known` are those of [`EqParams::controls`]. What a session or the window wrote since then stays. For
    /// the audio thread.
    pub fn keep_frozen(&self, controls: &Controls, known: &Known, monitor: &Monitor) {
        match (controls.freeze, known.frozen.latent) {
            (true, None) => {
                let reading = monitor.read();
                if reading.listened_seconds > 0.0 {
                    self.frozen.try_keep(Some(reading.heard), &known.frozen);
                }
            }
            (false, Some(_)) => self.frozen.try_keep(None, &known.frozen),
            _ => {}
        }
    }

    /// Turns what is applied into a manual equaliser: the amount becomes 0, where the word proposes
    /// [`EqSettings::flat`], and the offsets become what was applied on top of that. Bands that are off,
    /// and all of them while the equaliser is, keep what they would have applied. The host sees a gesture of each parameter. For the editor.
    pub fn take_over(&self, setter: &ParamSetter, reading: &Reading) {
        let set = |param: &FloatParam, value: f32| {
            setter.begin_set_parameter(param);
            setter.set_parameter(param, value);
            setter.end_set_parameter(param);
        };
        for (band, taken) in self.bands().into_iter().zip(self.taken_over(reading)) {
            set(band.gain, taken.gain_offset_db);
            set(band.frequency, taken.frequency_offset_octaves);
            if let Some(q) = band.q {
                set(q, taken.q_offset_octaves);
            }
        }
        set(&self.amount, 0.0);
    }

    /// The offsets that make of a flat proposal what is applied.
    fn taken_over(&self, reading: &Reading) -> [BandControls; BANDS] {
        let bands = self.bands();
        std::array::from_fn(|i| {
            let (flat, applied) = (EqSettings::flat().bands[i], reading.applied.bands[i]);
            let off = bands[i].off.value();
            let unheard = off || !self.on.value();
            let gain_db = if unheard {
                reading.proposed.bands[i].gain_db + bands[i].gain.value()
            } else {
                applied.gain_db
            };
            BandControls {
                gain_offset_db: gain_db.clamp(-MAX_GAIN_DB, MAX_GAIN_DB),
                frequency_offset_octaves: (applied.frequency_hz / flat.frequency_hz).log2(),
                q_offset_octaves: (applied.q / flat.q).log2(),
                off,
                solo: bands[i].solo.value(),
            }
        })
    }
}

#[cfg(test)]
mod tests;
