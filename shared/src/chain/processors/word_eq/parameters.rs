//! The equaliser's parameters, and what each of them sets.

use crate::chain::{Parameter, Unit};
use crate::dsp::cookbook::Shape;
use crate::word_eq::{
    BAND_RANGES, BANDS, Controls, FREQUENCY_RANGE_OCTAVES, Kind, MAX_GAIN_DB, MAX_SPEED_SECONDS,
    MIN_SPEED_SECONDS, NamedReference, Q_RANGE_OCTAVES, Reference, Word, WordTable,
};

/// What a parameter sets.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// One of these slots.
    Word(Vec<usize>),
    SecondWord(Vec<usize>),
    Amount,
    Blend,
    Speed,
    Freeze,
    /// One of these.
    Reference(Vec<Reference>),
    LevelMatch,
    Gain(usize),
    Frequency(usize),
    Q(usize),
    Off(usize),
    Solo(usize),
}

/// What all parameters set, in their order.
pub type Targets = Vec<Target>;

/// Names of the bands' parameters, from low to high.
const GAIN: [&str; BANDS] =
    ["band1_gain_db", "band2_gain_db", "band3_gain_db", "band4_gain_db", "band5_gain_db"];
const FREQUENCY: [&str; BANDS] = [
    "band1_frequency_octaves",
    "band2_frequency_octaves",
    "band3_frequency_octaves",
    "band4_frequency_octaves",
    "band5_frequency_octaves",
];
const Q: [&str; BANDS] =
    ["band1_q_octaves", "band2_q_octaves", "band3_q_octaves", "band4_q_octaves", "band5_q_octaves"];
const OFF: [&str; BANDS] = ["band1_off", "band2_off", "band3_off", "band4_off", "band5_off"];
const SOLO: [&str; BANDS] = ["band1_solo", "band2_solo", "band3_solo", "band4_solo", "band5_solo"];

/// The choice that stands for what was learned.
const LEARNED: &str = "learned";

impl Target {
    /// Sets it in `controls` to a value that its parameter allows. For the audio thread.
    pub fn set(&self, controls: &mut Controls, value: f64) {
        let (number, place, on) = (value as f32, value as usize, value != 0.0);
        match self {
            Self::Word(slots) => controls.word = slots[place],
            Self::SecondWord(slots) => controls.second_word = slots[place],
            Self::Amount => controls.amount = number,
            Self::Blend => controls.blend = number,
            Self::Speed => controls.speed_seconds = number,
            Self::Freeze => controls.freeze = on,
            Self::Reference(references) => controls.reference = references[place],
            Self::LevelMatch => controls.level_match = on,
            Self::Gain(band) => controls.bands[*band].gain_offset_db = number,
            Self::Frequency(band) => controls.bands[*band].frequency_offset_octaves = number,
            Self::Q(band) => controls.bands[*band].q_offset_octaves = number,
            Self::Off(band) => controls.bands[*band].off = on,
            Self::Solo(band) => controls.bands[*band].solo = on,
        }
    }
}

/// The parameters of an equaliser that begins with `controls`, those of words only where there are some.
pub fn of(
    table: Option<&WordTable>,
    controls: &Controls,
    reference: Option<&NamedReference>,
) -> (Targets, Vec<Parameter>) {
    let mut all = Vec::new();
    if let Some(table) = table {
        all.extend(of_words(table, controls, reference));
    }
    all.push((Target::LevelMatch, Parameter::switch("level_match", controls.level_match)));
    for (i, range) in BAND_RANGES.iter().enumerate() {
        all.extend(of_band(i, range.shape, controls));
    }
    all.into_iter().unzip()
}

fn of_words(
    table: &WordTable,
    controls: &Controls,
    reference: Option<&NamedReference>,
) -> [(Target, Parameter); 7] {
    let number = |name, unit, low: f32, high: f32, value| {
        Parameter::number(name, unit, exact(low), exact(high), exact(value))
    };
    let slots: Vec<usize> = table.words().iter().map(|word| word.slot).collect();
    let names: Vec<String> = table.words().iter().map(|word| name(table, word)).collect();
    let place = |slot: usize| slots.iter().position(|other| *other == slot).unwrap_or(0);
    let word = Parameter::choice("word", names.clone(), place(controls.word));
    let second = Parameter::choice("word2", names, place(controls.second_word));

    let mut references: Vec<Reference> = Kind::ALL.map(Reference::Kind).into();
    let mut kinds: Vec<String> = Kind::ALL.map(|kind| kind.name().to_owned()).into();
    if let Some(NamedReference { reference: learned @ Reference::Learned(_), .. }) = reference {
        references.push(*learned);
        kinds.push(LEARNED.to_owned());
    }
    let chosen = references.iter().position(|other| *other == controls.reference).unwrap_or(0);
    [
        (Target::Word(slots.clone()), word),
        (Target::Amount, number("amount", Unit::None, -1.0, 1.0, controls.amount)),
        (Target::SecondWord(slots), second),
        (Target::Blend, number("blend", Unit::None, 0.0, 1.0, controls.blend)),
        (
            Target::Speed,
            number("speed", Unit::Second, MIN_SPEED_SECONDS, MAX_SPEED_SECONDS, controls.speed_seconds),
        ),
        (Target::Freeze, Parameter::switch("freeze", controls.freeze)),
        (Target::Reference(references), Parameter::choice("reference", kinds, chosen)),
    ]
}

fn of_band(i: usize, shape: Shape, controls: &Controls) -> Vec<(Target, Parameter)> {
    let band = &controls.bands[i];
    let number = |name, unit, furthest: f32, value| {
        Parameter::number(name, unit, exact(-furthest), exact(furthest), exact(value))
    };
    let gain = number(GAIN[i], Unit::Decibel, MAX_GAIN_DB, band.gain_offset_db);
    let octaves = |name, furthest, value| number(name, Unit::Octave, furthest, value);
    let frequency = octaves(FREQUENCY[i], FREQUENCY_RANGE_OCTAVES, band.frequency_offset_octaves);
    let q = octaves(Q[i], Q_RANGE_OCTAVES, band.q_offset_octaves);
    let mut all = vec![(Target::Gain(i), gain), (Target::Frequency(i), frequency)];
    if shape == Shape::Peak {
        all.push((Target::Q(i), q));
    }
    all.push((Target::Off(i), Parameter::switch(OFF[i], band.off)));
    all.push((Target::Solo(i), Parameter::switch(SOLO[i], band.solo)));
    all
}

/// How a word is typed: by its name, or by its label where another has that name.
fn name(table: &WordTable, word: &Word) -> String {
    let first = table.named(&word.name);
    if first.is_none_or(|first| first.slot == word.slot) { word.name.clone() } else { word.label() }
}

/// The number that people mean by one of single precision: 0.3 and not 0.30000001192.
fn exact(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| f64::from(value))
}
