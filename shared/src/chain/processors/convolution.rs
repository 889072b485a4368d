//! Reverb by an impulse response.

use super::convolved::{Convolved, Law, MAX_PRE_DELAY_MS};
use crate::cabinets::{self, FactoryCabinet};
use crate::chain::{Format, Parameter, Place, Processor, ProcessorError, Purpose, Unit};
use crate::dsp::response::Response;
use serde::Deserialize;
use std::path::{Path, PathBuf};

const MIX: usize = 0;
const PRE_DELAY: usize = 1;

/// A room, a plate or a spring, by its impulse response, beside the dry sound, which is not delayed.
///
/// Parameters: `mix`, `pre_delay_ms` and `gain_db`, the last of the reverb alone. Dry and wet share the
/// power, so the level stays. A response of two channels makes a mono sound stereo, and one of four is true
/// stereo: left to left, left to right, right to left, right to right.
pub struct Convolution {
    parameters: [Parameter; 3],
    convolved: Convolved,
}

/// As it is written down: `{ response: plate.wav, mix: 0.2 }`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ConvolutionEntry {
    /// The impulse response: an audio file, or the id of a [`FactoryCabinet`].
    pub response: PathBuf,
    /// Share of the reverb in the sound, 0 to 1.
    #[serde(default = "quarter")]
    pub mix: f64,
    /// Time before the reverb begins, in milliseconds, 0 to 500.
    #[serde(default)]
    pub pre_delay_ms: f64,
    /// How much louder the reverb is, in dB.
    #[serde(default)]
    pub gain_db: f64,
    /// Whether it is made neither louder nor softer, see [`Response::levelling`].
    #[serde(default = "yes")]
    pub normalise: bool,
    /// Whether the silence before its onset is taken off, see [`Response::without_lead`].
    #[serde(default)]
    pub trim: bool,
}

impl Convolution {
    /// A quarter of the reverb, at once. The response as it is, or, with `normalise`, as loud as others
    /// ([`Response::levelling`]).
    ///
    /// # Errors
    /// The response has another number of channels than 1, 2, or 4 for true stereo.
    pub fn new(response: Response, normalise: bool) -> Result<Self, ProcessorError> {
        Self::with(response, normalise, quarter(), 0.0, 0.0)
    }

    fn with(
        response: Response,
        normalise: bool,
        mix: f64,
        pre_delay_ms: f64,
        gain_db: f64,
    ) -> Result<Self, ProcessorError> {
        let parameters = [
            Parameter::number("mix", Unit::None, 0.0, 1.0, mix),
            Parameter::number("pre_delay_ms", Unit::Millisecond, 0.0, MAX_PRE_DELAY_MS, pre_delay_ms),
            Parameter::number("gain_db", Unit::Decibel, -60.0, 24.0, gain_db),
        ];
        let mut convolved = Convolved::new(response, normalise, Law::EqualPower)?;
        convolved.set_mix(mix);
        convolved.set_pre_delay_ms(pre_delay_ms);
        convolved.set_gain_db(gain_db);
        Ok(Self { parameters, convolved })
    }
}

impl Processor for Convolution {
    fn kind(&self) -> &'static str {
        "convolution"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        self.convolved.prepare(format, true)
    }

    fn set(&mut self, parameter: usize, value: f64) {
        match parameter {
            MIX => self.convolved.set_mix(value),
            PRE_DELAY => self.convolved.set_pre_delay_ms(value),
            _ => self.convolved.set_gain_db(value),
        }
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        self.convolved.process(channels);
    }

    fn reset(&mut self) {
        self.convolved.reset();
    }

    fn tail_samples(&self) -> usize {
        self.convolved.tail_samples()
    }

    fn spreads(&self) -> bool {
        self.convolved.channels() > 1
    }
}

impl ConvolutionEntry {
    /// The file that its response is in, unless it comes with Tonewright.
    pub fn file(&self) -> Option<&Path> {
        let factory = self.response.to_str().and_then(FactoryCabinet::named);
        factory.is_none().then_some(&self.response)
    }

    pub(in crate::chain) fn build(&self, place: &Place) -> Result<Box<dyn Processor>, ProcessorError> {
        let response = cabinets::find(&self.response, &place.resolve(&self.response))?;
        let response = if self.trim { response.without_lead() } else { response };
        let (mix, pre_delay_ms, gain_db) = (self.mix, self.pre_delay_ms, self.gain_db);
        Ok(Box::new(Convolution::with(response, self.normalise, mix, pre_delay_ms, gain_db)?))
    }
}

fn quarter() -> f64 {
    0.25
}

fn yes() -> bool {
    true
}
