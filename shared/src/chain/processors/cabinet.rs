//! A loudspeaker by its impulse response.

use super::convolved::{Convolved, Law};
use crate::cabinets::{self, FactoryCabinet};
use crate::chain::{Format, Parameter, Place, Processor, ProcessorError, Purpose, Unit};
use crate::dsp::response::Response;
use serde::Deserialize;
use std::path::{Path, PathBuf};

const MIX: usize = 0;

/// A loudspeaker, its box and its microphone, by their impulse response: without delay at the response's own
/// sample rate, and with one of a few samples, which is reported, at others.
///
/// The response stays where its file has it: silence before its onset delays the sound, so that responses
/// recorded together stay in phase; [`Response::without_lead`] takes it off. Parameters: `mix`
/// and `gain_db`. A response of two channels makes a mono sound stereo.
pub struct Cabinet {
    parameters: [Parameter; 2],
    convolved: Convolved,
}

/// As it is written down: `{ response: closed_4x12 }` or `{ response: my_4x12.wav }`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct CabinetEntry {
    /// The impulse response: the id of a [`FactoryCabinet`], or an audio file.
    pub response: PathBuf,
    /// Whether it is made neither louder nor softer, see [`Response::levelling`].
    #[serde(default = "yes")]
    pub normalise: bool,
    /// Whether the silence before its onset is taken off, see [`Response::without_lead`].
    #[serde(default)]
    pub trim: bool,
    /// Share of the loudspeaker in the sound, 0 to 1.
    #[serde(default = "all")]
    pub mix: f64,
    /// How much louder, in dB.
    #[serde(default)]
    pub gain_db: f64,
}

impl Cabinet {
    /// A response as it is, or, with `normalise`, as loud as others ([`Response::levelling`]).
    ///
    /// # Errors
    /// The response has another number of channels than 1, 2, or 4 for true stereo.
    pub fn new(response: Response, normalise: bool) -> Result<Self, ProcessorError> {
        Self::with(response, normalise, all(), 0.0)
    }

    fn with(response: Response, normalise: bool, mix: f64, gain_db: f64) -> Result<Self, ProcessorError> {
        let parameters = [
            Parameter::number("mix", Unit::None, 0.0, 1.0, mix),
            Parameter::number("gain_db", Unit::Decibel, -60.0, 24.0, gain_db),
        ];
        let mut convolved = Convolved::new(response, normalise, Law::Linear)?;
        convolved.set_mix(mix);
        convolved.set_gain_db(gain_db);
        Ok(Self { parameters, convolved })
    }
}

impl Processor for Cabinet {
    fn kind(&self) -> &'static str {
        "cabinet"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        self.convolved.prepare(format, false)
    }

    fn set(&mut self, parameter: usize, value: f64) {
        match parameter {
            MIX => self.convolved.set_mix(value),
            _ => self.convolved.set_gain_db(value),
        }
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        self.convolved.process(channels);
    }

    fn reset(&mut self) {
        self.convolved.reset();
    }

    fn latency_samples(&self) -> usize {
        self.convolved.latency_samples()
    }

    fn tail_samples(&self) -> usize {
        self.convolved.tail_samples()
    }

    fn spreads(&self) -> bool {
        self.convolved.channels() > 1
    }
}

impl CabinetEntry {
    /// A loudspeaker with its usual values.
    pub fn new(response: PathBuf) -> Self {
        Self { response, normalise: yes(), trim: false, mix: all(), gain_db: 0.0 }
    }

    /// The file that its response is in, unless it comes with Tonewright.
    pub fn file(&self) -> Option<&Path> {
        let factory = self.response.to_str().and_then(FactoryCabinet::named);
        factory.is_none().then_some(&self.response)
    }

    pub(in crate::chain) fn build(&self, place: &Place) -> Result<Box<dyn Processor>, ProcessorError> {
        let response = cabinets::find(&self.response, &place.resolve(&self.response))?;
        let response = if self.trim { response.without_lead() } else { response };
        Ok(Box::new(Cabinet::with(response, self.normalise, self.mix, self.gain_db)?))
    }
}

fn yes() -> bool {
    true
}

fn all() -> f64 {
    1.0
}
