//! To a level, for files.

mod meter;

use crate::chain::{Format, Parameter, Processor, ProcessorError, Purpose, Unit};
use crate::dsp::ramp::Ramp;
pub use meter::Measure;
use meter::Meter;
use serde::Deserialize;

/// The levels there are, as factors of full scale and in dB.
const FACTORS: [f64; 2] = [1e-4, 10.0];
const DECIBELS: [f64; 2] = [-80.0, 20.0];
/// The percentiles there are, and the usual one.
const PERCENTILES: [f64; 2] = [1.0, 100.0];
const PERCENTILE: f64 = 99.0;

/// What is softer than -120 dBFS is silence: nobody wants the last bits of a recording at full scale.
const SILENCE: f64 = 1e-6;

/// How long a change of the level takes, in seconds.
const GLIDE_SECONDS: f64 = 0.020;
/// Samples that are computed at once.
const PIECE: usize = 64;

/// Brings a file to a level: first all of it is measured, then it is made as much louder or softer as that takes.
/// All channels get the same gain, unless [`per_channel`](Normalise::per_channel) gives each its own.
///
/// Silence (no sample above -120 dBFS) stays as it is: a whole file, or a channel that has its own gain. What is
/// louder than full scale is not cut off. The level is a parameter: `level`, a factor of full
/// scale, or `level_db`.
///
/// ```
/// use shared::chain::{Chain, Purpose, StreamFormat, processors::Normalise};
///
/// let mut chain = Chain::new(vec![Box::new(Normalise::peak(0.95))])?;
/// chain.prepare(StreamFormat {
///     sample_rate_hz: 44_100.0,
///     max_block_samples: 1024,
///     channels_in: 1,
///     channels_out: 1,
///     purpose: Purpose::File,
/// })?;
/// // What a file's stream does: all is measured, then all is played.
/// let mut sound = [0.1, -0.2, 0.05];
/// chain.measure(0, &[&mut sound]);
/// chain.measured(0)?;
/// chain.process(&mut [&mut sound]);
/// assert_eq!(sound, [0.475, -0.95, 0.2375]);
/// # Ok::<(), shared::chain::ChainError>(())
/// ```
pub struct Normalise {
    parameters: [Parameter; 1],
    measure: Measure,
    per_channel: bool,
    level: Ramp,
    /// One for each channel.
    meters: Vec<Meter>,
    /// What brings each channel to full scale; none for silence, and as long as nothing is known.
    scales: Vec<Option<f64>>,
}

/// A level to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Level {
    /// A factor of full scale, 0.0001 to 10. The parameter is `level`.
    Factor(f64),
    /// In dBFS, -80 to 20. The parameter is `level_db`.
    Db(f64),
}

/// As it is written down: `{ level: 0.95 }`, or `{ mode: rms, level_db: -18, per_channel: true }`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct NormaliseEntry {
    /// What is brought to the level; usually the peak.
    #[serde(default)]
    pub mode: NormaliseMode,
    /// For the mode `percentile`, the percentage of samples that do not exceed the level: 1 to 100, usually 99.
    pub percentile: Option<f64>,
    /// The level as a factor of full scale, 0.0001 to 10; this or `level_db`.
    pub level: Option<f64>,
    /// The level in dBFS, -80 to 20; this or `level`. The RMS of a sine at full scale is -3 dBFS.
    pub level_db: Option<f64>,
    /// Whether each channel gets its own gain, which changes the balance between them; usually not.
    #[serde(default)]
    pub per_channel: bool,
}

/// What is brought to a level, as it is written down.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum NormaliseMode {
    /// [`Measure::Peak`].
    #[default]
    Peak,
    /// [`Measure::Rms`].
    Rms,
    /// [`Measure::Percentile`].
    Percentile,
}

impl Normalise {
    /// Brings what `measure` names to a level.
    pub fn new(measure: Measure, level: Level) -> Self {
        let parameter = match level {
            Level::Factor(factor) => Parameter::number("level", Unit::None, FACTORS[0], FACTORS[1], factor),
            Level::Db(db) => Parameter::number("level_db", Unit::Decibel, DECIBELS[0], DECIBELS[1], db),
        };
        let level = Ramp::new(level.factor(), 1);
        let (meters, scales) = (Vec::new(), Vec::new());
        Self { parameters: [parameter], measure, per_channel: false, level, meters, scales }
    }

    /// Brings the largest magnitude to a factor of full scale, 0.0001 to 10.
    pub fn peak(level: f64) -> Self {
        Self::new(Measure::Peak, Level::Factor(level))
    }

    /// Gives each channel its own gain.
    pub fn per_channel(self) -> Self {
        Self { per_channel: true, ..self }
    }

    fn check(&self) -> Result<(), ProcessorError> {
        let [low, high] = PERCENTILES;
        match self.measure {
            Measure::Percentile(percentile) if !(low..=high).contains(&percentile) => {
                Err(ProcessorError::OutOfRange {
                    parameter: "percentile".into(),
                    value: percentile.to_string(),
                    range: format!("{low} to {high}"),
                })
            }
            _ => Ok(()),
        }
    }

    /// Takes over what the meters have found.
    fn take_scales(&mut self) -> Result<(), ProcessorError> {
        self.scales.fill(None);
        if self.per_channel {
            for (channel, meter) in self.meters.iter().enumerate() {
                self.scales[channel] = self.scale(meter, &format!("channel {}", channel + 1))?;
            }
        } else if let Some((all, others)) = self.meters.split_first_mut() {
            others.iter().for_each(|other| all.merge(other));
            let scale = self.scale(&self.meters[0], "the sound")?;
            self.scales.fill(scale);
        }
        Ok(())
    }

    /// What brings a sound to full scale.
    fn scale(&self, meter: &Meter, whose: &str) -> Result<Option<f64>, ProcessorError> {
        let (peak, level) = (meter.peak(), meter.level());
        if peak < SILENCE {
            return Ok(None);
        }
        if level >= SILENCE {
            return Ok(Some(1.0 / level));
        }
        let what = match self.measure {
            Measure::Peak => "the peak".to_owned(),
            Measure::Rms => "the RMS".to_owned(),
            Measure::Percentile(percentile) => format!("the {percentile}th percentile"),
        };
        let peak_db = 20.0 * peak.log10();
        Err(ProcessorError::Other(format!(
            "{what} of {whose} is silence, below -120 dBFS, though its peak is {peak_db:.1} dBFS: use a higher \
             percentile, or the peak"
        )))
    }
}

impl Processor for Normalise {
    fn kind(&self) -> &'static str {
        "normalise"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, purpose: Purpose) -> Result<(), ProcessorError> {
        self.check()?;
        if purpose == Purpose::Live {
            return Err(ProcessorError::NotLive(
                "normalising must have heard the last sample before it can play the first; use `gain`",
            ));
        }
        self.level.finish();
        self.level = Ramp::new(self.level.advance(), (GLIDE_SECONDS * format.sample_rate_hz) as usize);
        self.meters = vec![Meter::new(self.measure); format.channels];
        self.scales = vec![None; format.channels];
        Ok(())
    }

    fn set(&mut self, _: usize, value: f64) {
        let in_db = self.parameters[0].unit == Unit::Decibel;
        let level = if in_db { Level::Db(value) } else { Level::Factor(value) };
        self.level.aim(level.factor());
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        let length = channels.first().map_or(0, |c| c.len());
        let mut levels = [0.0; PIECE];
        for from in (0..length).step_by(PIECE) {
            let to = length.min(from + PIECE);
            let levels = &mut levels[..to - from];
            self.level.fill(levels);
            for (channel, scale) in channels.iter_mut().zip(&self.scales) {
                let Some(scale) = scale else { continue };
                for (x, level) in channel[from..to].iter_mut().zip(&*levels) {
                    *x = (f64::from(*x) * scale * f64::from(*level)) as f32;
                }
            }
        }
    }

    /// What was measured stays.
    fn reset(&mut self) {
        self.level.finish();
    }

    fn needs_measuring(&self) -> bool {
        true
    }

    fn measure(&mut self, channels: &[&mut [f32]]) {
        self.meters.iter_mut().zip(channels).for_each(|(meter, channel)| meter.hear(channel));
    }

    fn measured(&mut self) -> Result<(), ProcessorError> {
        let found = self.take_scales();
        // What is heard from now on is another sound.
        self.meters.iter_mut().for_each(Meter::reset);
        found
    }
}

impl Level {
    fn factor(self) -> f32 {
        match self {
            Self::Factor(factor) => factor as f32,
            Self::Db(db) => 10f64.powf(db / 20.0) as f32,
        }
    }
}

impl NormaliseEntry {
    /// Brings the peak to a level in dBFS.
    pub fn peak_db(level_db: f64) -> Self {
        let mode = NormaliseMode::Peak;
        Self { mode, percentile: None, level: None, level_db: Some(level_db), per_channel: false }
    }

    pub(in crate::chain) fn build(&self) -> Result<Box<dyn Processor>, ProcessorError> {
        let refused = |what: &str| Err(ProcessorError::Other(what.into()));
        let measure = match (self.mode, self.percentile) {
            (NormaliseMode::Percentile, percentile) => Measure::Percentile(percentile.unwrap_or(PERCENTILE)),
            (_, Some(_)) => {
                return refused("`percentile` is for `mode: percentile`; leave it out, or set the mode");
            }
            (NormaliseMode::Peak, None) => Measure::Peak,
            (NormaliseMode::Rms, None) => Measure::Rms,
        };
        let level = match (self.level, self.level_db) {
            (Some(factor), None) => Level::Factor(factor),
            (None, Some(db)) => Level::Db(db),
            _ => {
                return refused(
                    "give either `level`, a factor of full scale, or `level_db`, not both or none",
                );
            }
        };
        let normalise = Normalise { per_channel: self.per_channel, ..Normalise::new(measure, level) };
        normalise.check()?;
        Ok(Box::new(normalise))
    }
}
