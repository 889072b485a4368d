//! Louder or softer.

use crate::chain::{Format, Parameter, Processor, ProcessorError, Purpose, Unit};
use crate::dsp::ramp::Ramp;
use serde::Deserialize;

/// How long a change takes, in seconds.
const GLIDE_SECONDS: f64 = 0.020;

/// Largest factor, and what it is in dB.
const MAX_FACTOR: f64 = 1000.0;
const MAX_DB: f64 = 60.0;

/// Samples that are computed at once.
const PIECE: usize = 64;

/// Louder or softer, by a factor or by dB. A change is a straight line of 20 ms.
///
/// ```
/// use shared::chain::{Chain, Purpose, StreamFormat, processors::Gain};
///
/// let mut chain = Chain::new(vec![Box::new(Gain::linear(0.5)), Box::new(Gain::db(6.0))])?;
/// chain.prepare(StreamFormat {
///     sample_rate_hz: 48_000.0,
///     max_block_samples: 256,
///     channels_in: 2,
///     channels_out: 2,
///     purpose: Purpose::Live,
/// })?;
/// chain.set("1.gain_db", -6.0)?;
///
/// let (mut left, mut right) = (vec![0.8; 2000], vec![-0.8; 2000]);
/// chain.process(&mut [&mut left, &mut right]);
/// assert!((left[1999] - 0.8 * 0.5 * 0.501).abs() < 1e-3);
/// assert_eq!(left[1999], -right[1999]);
///
/// // What there is not is answered with what there is.
/// let said = chain.set("1.gain", 2.0).unwrap_err().to_string();
/// assert!(said.contains("0.gain") && said.contains("1.gain_db"));
/// # Ok::<(), shared::chain::ChainError>(())
/// ```
pub struct Gain {
    parameters: [Parameter; 1],
    in_db: bool,
    ramp: Ramp,
}

/// As it is written down: `{ gain: 0.7 }` or `{ gain_db: -3 }`, one of them.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct GainEntry {
    /// The factor.
    pub gain: Option<f64>,
    /// The gain in dB.
    pub gain_db: Option<f64>,
}

impl Gain {
    /// A factor, 0 to 1000. Its parameter is `gain`.
    pub fn linear(factor: f64) -> Self {
        Self::new(Parameter::number("gain", Unit::None, 0.0, MAX_FACTOR, factor), false)
    }

    /// A gain in dB, -60 to 60. Its parameter is `gain_db`.
    pub fn db(gain_db: f64) -> Self {
        Self::new(Parameter::number("gain_db", Unit::Decibel, -MAX_DB, MAX_DB, gain_db), true)
    }

    fn new(parameter: Parameter, in_db: bool) -> Self {
        let mut gain = Self { parameters: [parameter], in_db, ramp: Ramp::new(0.0, 1) };
        gain.ramp.jump(gain.factor(gain.parameters[0].value));
        gain
    }

    fn factor(&self, value: f64) -> f32 {
        if self.in_db { 10f64.powf(value / 20.0) as f32 } else { value as f32 }
    }
}

impl Processor for Gain {
    fn kind(&self) -> &'static str {
        "gain"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        self.ramp.finish();
        self.ramp = Ramp::new(self.ramp.advance(), (GLIDE_SECONDS * format.sample_rate_hz) as usize);
        Ok(())
    }

    fn set(&mut self, _: usize, value: f64) {
        self.ramp.aim(self.factor(value));
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        let length = channels.first().map_or(0, |c| c.len());
        let mut gains = [0.0; PIECE];
        for from in (0..length).step_by(PIECE) {
            let to = length.min(from + PIECE);
            let gains = &mut gains[..to - from];
            self.ramp.fill(gains);
            for channel in &mut *channels {
                channel[from..to].iter_mut().zip(&*gains).for_each(|(sample, gain)| *sample *= gain);
            }
        }
    }

    fn reset(&mut self) {
        self.ramp.finish();
    }
}

impl GainEntry {
    pub(in crate::chain) fn build(&self) -> Result<Box<dyn Processor>, ProcessorError> {
        match (self.gain, self.gain_db) {
            (Some(factor), None) => Ok(Box::new(Gain::linear(factor))),
            (None, Some(db)) => Ok(Box::new(Gain::db(db))),
            _ => Err(ProcessorError::Other(
                "give either `gain`, a factor, or `gain_db`, not both or none".into(),
            )),
        }
    }
}
