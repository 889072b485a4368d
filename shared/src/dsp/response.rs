//! Impulse responses: read, checked, at any rate, of a common loudness.

use super::convolver::TRUE_STEREO;
use super::resample::{Resampled, resample_response, resample_response_in_place};
use crate::audio::{AudioError, Reader};
use crate::model::MAX_SAMPLE_RATE;
use realfft::RealFftPlanner;
use std::path::Path;
use std::sync::Arc;

/// Longest response, in seconds.
pub const MAX_SECONDS: f64 = 30.0;

/// Lowest sample rate of a response or of what is convolved with it, in Hz.
pub const MIN_RATE_HZ: f64 = 4_000.0;

/// Highest of both, in Hz.
pub const MAX_RATE_HZ: f64 = MAX_SAMPLE_RATE;

/// Where the loudness of a response is measured, in Hz: what of a guitar makes it loud.
const BAND_HZ: std::ops::RangeInclusive<f64> = 80.0..=6_000.0;

/// Normalised, no frequency comes out louder than this, in dB: a response that has nothing in the band is not
/// blown up.
const MAX_PEAK_DB: f64 = 20.0;

/// What lies this far below the loudest sample, before anything else, is the silence before the onset, in dB.
const ONSET_DB: f64 = -40.0;

/// Why something is no impulse response.
#[derive(Debug, thiserror::Error)]
pub enum ResponseError {
    /// The file cannot be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// What the file holds cannot be used.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: Box<ResponseError>,
    },
    /// There are no samples.
    #[error("the impulse response has no samples")]
    Empty,
    /// All samples are 0.
    #[error("the impulse response is silent: all of its {samples} samples are 0; export it again")]
    Silent {
        /// Its length.
        samples: usize,
    },
    /// A sample is NaN or infinite.
    #[error("sample {sample} of channel {channel} of the impulse response is {value}; export it again")]
    NotFinite {
        /// Position in time, from 0.
        sample: usize,
        /// Channel, from 1.
        channel: usize,
        /// The value.
        value: f32,
    },
    /// Too long.
    #[error("the impulse response is {seconds:.1} s long, at most {MAX_SECONDS} s are convolved; shorten it")]
    TooLong {
        /// Its length.
        seconds: f64,
    },
    /// A sample rate that nothing is recorded at.
    #[error("a sample rate of {rate_hz} Hz; impulse responses go from {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")]
    Rate {
        /// The rate.
        rate_hz: f64,
    },
    /// More channels than anything is convolved with.
    #[error("the impulse response has {channels} channels, at most {TRUE_STEREO} are convolved; split it")]
    Channels {
        /// Its channels.
        channels: usize,
    },
    /// A name that is neither a file nor a loudspeaker that comes along.
    #[error(
        "no impulse response is called \"{name}\", and there is no such file; loudspeakers that come along: {known}"
    )]
    Unknown {
        /// As it was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Channels that are not of one length.
    #[error("the channels of the impulse response are {0:?} samples long; they must be of one length")]
    Uneven(Vec<usize>),
}

/// An impulse response of one or more channels: checked, finite, not silent, at most [`MAX_SECONDS`] long.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    channels: Vec<Vec<f32>>,
    sample_rate_hz: f64,
    delay_samples: f64,
}

impl Response {
    /// Of samples, a vector for each channel.
    ///
    /// # Errors
    /// There are none, too many, or only zeros; one is not finite; channels differ in length; the rate is
    /// none.
    pub fn new(channels: Vec<Vec<f32>>, sample_rate_hz: f64) -> Result<Self, ResponseError> {
        check_rate(sample_rate_hz)?;
        let samples = channels.first().map_or(0, Vec::len);
        if channels.iter().any(|c| c.len() != samples) {
            return Err(ResponseError::Uneven(channels.iter().map(Vec::len).collect()));
        }
        if samples == 0 {
            return Err(ResponseError::Empty);
        }
        check_length(samples as u64, sample_rate_hz)?;
        for (channel, signal) in channels.iter().enumerate() {
            if let Some(sample) = signal.iter().position(|x| !x.is_finite()) {
                let value = signal[sample];
                return Err(ResponseError::NotFinite { sample, channel: channel + 1, value });
            }
        }
        if channels.iter().flatten().all(|&x| x == 0.0) {
            return Err(ResponseError::Silent { samples });
        }
        Ok(Self { channels, sample_rate_hz, delay_samples: 0.0 })
    }

    /// Reads an audio file.
    ///
    /// # Errors
    /// The file cannot be read, or what it holds is no response.
    pub fn load(path: &Path) -> Result<Self, ResponseError> {
        Self::read(Reader::open(path)?)
    }

    /// Reads an audio file that is in memory. `name` is what errors call it.
    ///
    /// # Errors
    /// As [`Response::load`].
    pub fn from_bytes(bytes: Arc<[u8]>, name: &Path) -> Result<Self, ResponseError> {
        Self::read(Reader::from_bytes(bytes, name)?)
    }

    fn read(mut reader: Reader) -> Result<Self, ResponseError> {
        let path = reader.path().to_owned();
        let file = || path.display().to_string();
        let refused = |problem| ResponseError::File { file: file(), problem: Box::new(problem) };
        let rate = f64::from(reader.sample_rate_hz());
        // Before all of it is in memory.
        if reader.channels() > TRUE_STEREO {
            return Err(refused(ResponseError::Channels { channels: reader.channels() }));
        }
        let length = reader.frames().unwrap_or(0);
        check_rate(rate).and_then(|()| check_length(length, rate)).map_err(refused)?;
        let channels = reader.read_until((MAX_SECONDS * rate) as u64)?;
        Self::new(channels, rate).map_err(refused)
    }

    /// Its samples, a vector for each channel, all of one length.
    pub fn channels(&self) -> &[Vec<f32>] {
        &self.channels
    }

    /// Its sample rate in Hz.
    pub fn sample_rate_hz(&self) -> f64 {
        self.sample_rate_hz
    }

    /// How much later than in the original everything comes since it was brought to another rate, in samples.
    pub fn delay_samples(&self) -> f64 {
        self.delay_samples
    }

    /// The same at another sample rate, see [`resample_response`].
    ///
    /// # Errors
    /// No such rate is convolved at.
    pub fn at_rate(&self, sample_rate_hz: f64) -> Result<Self, ResponseError> {
        check_rate(sample_rate_hz)?;
        let Resampled { channels, delay_samples } =
            resample_response(&self.channels, self.sample_rate_hz, sample_rate_hz);
        Ok(Self { channels, sample_rate_hz, delay_samples })
    }

    /// As [`Response::at_rate`], but nothing comes later than in the original by a sample, see
    /// [`resample_response_in_place`].
    ///
    /// # Errors
    /// No such rate is convolved at.
    pub fn at_rate_in_place(&self, sample_rate_hz: f64) -> Result<Self, ResponseError> {
        check_rate(sample_rate_hz)?;
        let Resampled { channels, delay_samples } =
            resample_response_in_place(&self.channels, self.sample_rate_hz, sample_rate_hz);
        Ok(Self { channels, sample_rate_hz, delay_samples })
    }

    /// Without the silence before its onset, the first sample of any channel within 40 dB of the loudest.
    pub fn without_lead(mut self) -> Self {
        let peak = self.channels.iter().flatten().fold(0.0f32, |peak, x| peak.max(x.abs()));
        let least = peak * 10f32.powf(ONSET_DB as f32 / 20.0);
        let onset = |c: &Vec<f32>| c.iter().position(|x| x.abs() >= least);
        let lead = self.channels.iter().filter_map(onset).min().unwrap_or(0);
        self.channels.iter_mut().for_each(|c| drop(c.drain(..lead)));
        self
    }

    /// The factor that makes it neither louder nor softer: then the mean power of its sides' frequency
    /// responses, over the logarithm of frequency from 80 Hz to 6 kHz, is 1, so a sound with equal power in
    /// each octave keeps its level there. No frequency is raised beyond 20 dB. A channel is a side; of true stereo, two
    /// channels meet on each, and their powers add up.
    pub fn levelling(&self) -> f64 {
        let samples = self.channels[0].len();
        // Bins of 2 Hz or less.
        let size = samples.max((self.sample_rate_hz / 2.0) as usize).next_power_of_two();
        let forward = RealFftPlanner::<f64>::new().plan_fft_forward(size);
        let (mut time, mut spectrum) = (forward.make_input_vec(), forward.make_output_vec());
        let mut powers = vec![0.0; spectrum.len()];
        let (mut sum, mut weights, mut peak) = (0.0, 0.0, 0.0f64);
        let sides = if self.channels.len() == TRUE_STEREO { 2 } else { self.channels.len() };
        for side in 0..sides {
            powers.fill(0.0);
            for channel in self.channels.iter().skip(side).step_by(sides) {
                time.fill(0.0);
                time.iter_mut().zip(channel).for_each(|(t, &x)| *t = f64::from(x));
                let done = forward.process(&mut time, &mut spectrum);
                debug_assert!(done.is_ok(), "its only errors are wrong lengths, and these are its own");
                powers.iter_mut().zip(&spectrum).for_each(|(power, value)| *power += value.norm_sqr());
            }
            for (bin, &power) in powers.iter().enumerate() {
                let hz = bin as f64 * self.sample_rate_hz / size as f64;
                peak = peak.max(power);
                if BAND_HZ.contains(&hz) {
                    sum += power / hz;
                    weights += 1.0 / hz;
                }
            }
        }
        let most = 10f64.powf(MAX_PEAK_DB / 20.0) / peak.sqrt();
        if sum > 0.0 { (weights / sum).sqrt().min(most) } else { most }
    }
}

fn check_rate(rate_hz: f64) -> Result<(), ResponseError> {
    if (MIN_RATE_HZ..=MAX_RATE_HZ).contains(&rate_hz) { Ok(()) } else { Err(ResponseError::Rate { rate_hz }) }
}

fn check_length(samples: u64, rate_hz: f64) -> Result<(), ResponseError> {
    let seconds = samples as f64 / rate_hz;
    if seconds <= MAX_SECONDS { Ok(()) } else { Err(ResponseError::TooLong { seconds }) }
}
