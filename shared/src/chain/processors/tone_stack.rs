//! Bass, mid, treble and presence.

use crate::chain::{Format, Parameter, Processor, ProcessorError, Purpose, Unit};
use crate::dsp::approach::Approach;
use crate::dsp::cookbook::{self, Shape};
use crate::dsp::svf::{Coefficients, GRAIN, Series};
use serde::Deserialize;
use std::f64::consts::FRAC_1_SQRT_2;

/// Furthest each of them goes either way, in dB.
pub const TONE_RANGE_DB: f64 = 12.0;

/// Time constant of each of the two poles that a knob glides by, in seconds: after five of them 96 % of the way is done.
const GLIDE_SECONDS: f64 = 0.008;
/// So near, in dB, a knob has arrived.
const THERE_DB: f64 = 1e-4;
/// In this time all that the filters hold decays by 80 dB, whatever the knobs, in seconds: nine time constants of the bass
/// shelf turned up, which is the slowest.
const TAIL_SECONDS: f64 = 0.025;

const BANDS: usize = 4;

/// Shape, frequency in Hz and Q of each knob. What a guitar through an amp has, between its lowest fundamentals and
/// where a loudspeaker ends:
const FILTERS: [(Shape, f64, f64); BANDS] = [
    // Weight: the fundamentals of the lowest string and a half, and the box of a cabinet. The shelf's middle.
    (Shape::LowShelf, 120.0, FRAC_1_SQRT_2),
    // Body against scoop: as broad as the hollow of a passive tone stack, which lies at 300 to 800 Hz.
    (Shape::Peak, 600.0, 0.6),
    // Bite: the shelf's middle lies where the passive stacks' treble begins to act.
    (Shape::HighShelf, 2_500.0, FRAC_1_SQRT_2),
    // Cut and air of the pick, below the end of a 12-inch loudspeaker: a peak, so that it does not do what treble does.
    (Shape::Peak, 4_500.0, 0.9),
];

/// Bass, mid, treble and presence, ±12 dB each, in dB. Parameters, in this order: `bass_db`, `mid_db`, `treble_db` and
/// `presence_db`.
///
/// They are four filters in a row: a low shelf at 120 Hz, a broad peak at 600 Hz, a high shelf at 2.5 kHz and a peak at
/// 4.5 kHz. So, unlike in the passive circuits they are named after, no knob changes what another does, and their
/// curves in dB add up ([`tone_response_db`]). All at 0 is no filter at all: every bit passes. A change glides, nine tenths of
/// the way in 30 ms. At sample rates that cannot carry a frequency, 0.49 of the rate stands in for it.
pub struct ToneStack {
    parameters: [Parameter; BANDS],
    gains_db: [Approach; BANDS],
    sample_rate_hz: f64,
    filters: Series<BANDS>,
}

/// As it is written down: `{ bass_db: 3, mid_db: -2 }`. What is left out is 0.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct ToneStackEntry {
    /// Low shelf at 120 Hz, in dB, -12 to 12.
    pub bass_db: f64,
    /// Peak at 600 Hz, in dB, -12 to 12.
    pub mid_db: f64,
    /// High shelf at 2.5 kHz, in dB, -12 to 12.
    pub treble_db: f64,
    /// Peak at 4.5 kHz, in dB, -12 to 12.
    pub presence_db: f64,
}

/// Magnitude in dB of a [`ToneStack`] with these knobs at a frequency in Hz, by the
/// [cookbook's formulas](cookbook::response_db).
pub fn tone_response_db(knobs: ToneStackEntry, at_hz: f64, sample_rate_hz: f64) -> f64 {
    let bands = FILTERS.iter().zip(knobs.gains_db());
    bands.map(|(&(shape, hz, q), db)| cookbook::response_db(shape, db, hz, q, at_hz, sample_rate_hz)).sum()
}

impl ToneStack {
    /// A tone stack with these values at first.
    pub fn new(knobs: ToneStackEntry) -> Self {
        let names = ["bass_db", "mid_db", "treble_db", "presence_db"];
        let gains_db = knobs.gains_db();
        let parameter = |at: usize| {
            Parameter::number(names[at], Unit::Decibel, -TONE_RANGE_DB, TONE_RANGE_DB, gains_db[at])
        };
        Self {
            parameters: std::array::from_fn(parameter),
            gains_db: gains_db.map(|db| Approach::at(db, THERE_DB)),
            sample_rate_hz: 1.0,
            filters: Series::new(0),
        }
    }
}

impl Default for ToneStack {
    fn default() -> Self {
        Self::new(ToneStackEntry::default())
    }
}

impl Processor for ToneStack {
    fn kind(&self) -> &'static str {
        "tone_stack"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        self.sample_rate_hz = format.sample_rate_hz;
        let grains = GLIDE_SECONDS * format.sample_rate_hz / GRAIN as f64;
        self.gains_db.iter_mut().for_each(|gain| gain.set_pace(grains));
        self.filters = Series::new(format.channels).resting();
        self.reset();
        Ok(())
    }

    /// Values beyond the range are brought to its end.
    fn set(&mut self, parameter: usize, value: f64) {
        if let Some(gain) = self.gains_db.get_mut(parameter).filter(|_| value.is_finite()) {
            gain.aim(value.clamp(-TONE_RANGE_DB, TONE_RANGE_DB));
        }
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        let (gains_db, rate) = (&mut self.gains_db, self.sample_rate_hz);
        self.filters.process(channels, || {
            // All of them, whether one has moved already or not.
            let moved = gains_db.each_mut().map(Approach::step).contains(&true);
            moved.then(|| coefficients(gains_db, rate))
        });
    }

    fn reset(&mut self) {
        self.gains_db.iter_mut().for_each(Approach::finish);
        self.filters.reset();
        self.filters.jump_to(coefficients(&self.gains_db, self.sample_rate_hz));
    }

    fn tail_samples(&self) -> usize {
        let flat = |gain: &Approach| gain.rests() && gain.now() == 0.0;
        if self.gains_db.iter().all(flat) { 0 } else { (TAIL_SECONDS * self.sample_rate_hz).ceil() as usize }
    }
}

fn coefficients(gains_db: &[Approach; BANDS], sample_rate_hz: f64) -> [Coefficients; BANDS] {
    std::array::from_fn(|band| {
        let (shape, frequency_hz, q) = FILTERS[band];
        Coefficients::new(shape, gains_db[band].now(), frequency_hz, q, sample_rate_hz)
    })
}

impl ToneStackEntry {
    fn gains_db(&self) -> [f64; BANDS] {
        [self.bass_db, self.mid_db, self.treble_db, self.presence_db]
    }

    pub(in crate::chain) fn build(&self) -> Result<Box<dyn Processor>, ProcessorError> {
        Ok(Box::new(ToneStack::new(*self)))
    }
}
