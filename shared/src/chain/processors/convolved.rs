//! What cabinet and convolution reverb have in common: an impulse response beside the dry sound.

use crate::chain::{Format, ProcessorError};
use crate::dsp::convolver::{ConvolverBank, TRUE_STEREO};
use crate::dsp::delay::Delay;
use crate::dsp::fading_delay::FadingDelay;
use crate::dsp::ramp::Ramp;
use crate::dsp::response::Response;
use std::f64::consts::FRAC_PI_2;

/// How long a change of a gain takes, in seconds.
const GLIDE_SECONDS: f64 = 0.020;

/// How long it takes to fade from one delay to another, in seconds.
const FADE_SECONDS: f64 = 0.050;

/// Longest delay before the response, in milliseconds.
pub const MAX_PRE_DELAY_MS: f64 = 500.0;

/// How dry and wet share the sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Their factors have the sum 1, for what is much alike.
    Linear,
    /// Their factors' squares have the sum 1, for what has nothing in common: the level stays.
    EqualPower,
}

/// A response beside the dry sound, which comes without delay.
pub struct Convolved {
    response: Response,
    /// What makes the response as loud as others.
    levelling: f64,
    law: Law,
    mix: f64,
    gain_db: f64,
    pre_delay_ms: f64,
    stream: Option<Stream>,
}

/// What is made for one format.
struct Stream {
    sample_rate_hz: f64,
    bank: ConvolverBank,
    response_samples: usize,
    /// How much later the response comes than in its file.
    latency_samples: usize,
    /// The dry sound waits as long.
    waits: Vec<Delay>,
    /// Empty where there is never a delay.
    delays: Vec<FadingDelay>,
    delayed: Vec<Vec<f32>>,
    dry: Ramp,
    wet: Ramp,
    dry_gains: Vec<f32>,
    wet_gains: Vec<f32>,
}

impl Convolved {
    /// Of a response of 1 or 2 channels, or 4 for true stereo.
    pub fn new(response: Response, normalise: bool, law: Law) -> Result<Self, ProcessorError> {
        let channels = response.channels().len();
        if ![1, 2, TRUE_STEREO].contains(&channels) {
            let what = "an impulse response has 1 channel, 2, or 4 for true stereo, and this one has";
            return Err(ProcessorError::Other(format!("{what} {channels}")));
        }
        let levelling = if normalise { response.levelling() } else { 1.0 };
        Ok(Self { response, levelling, law, mix: 1.0, gain_db: 0.0, pre_delay_ms: 0.0, stream: None })
    }

    pub fn channels(&self) -> usize {
        self.response.channels().len()
    }

    pub fn set_mix(&mut self, mix: f64) {
        self.mix = mix;
        self.aim();
    }

    pub fn set_gain_db(&mut self, gain_db: f64) {
        self.gain_db = gain_db;
        self.aim();
    }

    pub fn set_pre_delay_ms(&mut self, pre_delay_ms: f64) {
        self.pre_delay_ms = pre_delay_ms;
        self.aim();
    }

    /// `with_delay` says whether there is a delay to be set.
    pub fn prepare(&mut self, format: Format, with_delay: bool) -> Result<(), ProcessorError> {
        let Format { sample_rate_hz, max_block_samples, channels } = format;
        if self.channels() == TRUE_STEREO && channels > 2 {
            let what = "a true-stereo impulse response is for one channel or two, and the stream has";
            return Err(ProcessorError::Other(format!("{what} {channels}")));
        }
        let response = self.response.at_rate(sample_rate_hz)?;
        let block = vec![0.0; max_block_samples];
        let samples = |seconds: f64| (seconds * sample_rate_hz) as usize;
        let delay = FadingDelay::new(samples(MAX_PRE_DELAY_MS / 1000.0), samples(FADE_SECONDS));
        let delayed = if with_delay { channels } else { 0 };
        // A reverb has no need to be exact, and its dry sound none to wait.
        let latency_samples = if with_delay { 0 } else { response.delay_samples().round() as usize };
        self.stream = Some(Stream {
            sample_rate_hz,
            bank: ConvolverBank::new(response.channels(), self.levelling, channels, max_block_samples),
            response_samples: response.channels()[0].len(),
            latency_samples,
            waits: vec![Delay::new(latency_samples); channels],
            delays: vec![delay; delayed],
            delayed: vec![block.clone(); delayed],
            dry: Ramp::new(0.0, samples(GLIDE_SECONDS)),
            wet: Ramp::new(0.0, samples(GLIDE_SECONDS)),
            dry_gains: block.clone(),
            wet_gains: block,
        });
        self.aim();
        self.reset();
        Ok(())
    }

    pub fn process(&mut self, channels: &mut [&mut [f32]]) {
        let Some(stream) = &mut self.stream else { return };
        let length = channels.first().map_or(0, |c| c.len());
        let wet = if stream.delays.is_empty() {
            stream.bank.process(channels, length)
        } else {
            for ((delay, delayed), dry) in stream.delays.iter_mut().zip(&mut stream.delayed).zip(&*channels) {
                delayed[..length].copy_from_slice(dry);
                delay.process(&mut delayed[..length]);
            }
            stream.bank.process(&stream.delayed, length)
        };
        let (dry_gains, wet_gains) = (&mut stream.dry_gains[..length], &mut stream.wet_gains[..length]);
        stream.dry.fill(dry_gains);
        stream.wet.fill(wet_gains);
        for ((channel, wet), wait) in channels.iter_mut().zip(wet).zip(&mut stream.waits) {
            wait.process(channel);
            let gains = dry_gains.iter().zip(&*wet_gains);
            for ((sample, wet), (dry_gain, wet_gain)) in channel.iter_mut().zip(wet).zip(gains) {
                *sample = dry_gain * *sample + wet_gain * wet;
            }
        }
    }

    pub fn reset(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        stream.bank.reset();
        stream.delays.iter_mut().for_each(FadingDelay::reset);
        stream.waits.iter_mut().for_each(Delay::reset);
        stream.dry.finish();
        stream.wet.finish();
    }

    pub fn latency_samples(&self) -> usize {
        self.stream.as_ref().map_or(0, |stream| stream.latency_samples)
    }

    pub fn tail_samples(&self) -> usize {
        let tail = |s: &Stream| s.response_samples - 1 - s.latency_samples + self.delay_samples(s);
        self.stream.as_ref().map_or(0, tail)
    }

    fn delay_samples(&self, stream: &Stream) -> usize {
        if stream.delays.is_empty() {
            return 0;
        }
        (self.pre_delay_ms / 1000.0 * stream.sample_rate_hz).round() as usize
    }

    fn aim(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        let delay = self.delay_samples(&stream);
        stream.delays.iter_mut().for_each(|line| line.aim(delay));
        let (dry, wet) = match self.law {
            Law::Linear => (1.0 - self.mix, self.mix),
            // The cosine of a quarter turn would leave a trace.
            Law::EqualPower if self.mix == 1.0 => (0.0, 1.0),
            Law::EqualPower => ((FRAC_PI_2 * self.mix).cos(), (FRAC_PI_2 * self.mix).sin()),
        };
        stream.dry.aim(dry as f32);
        stream.wet.aim((wet * 10f64.powf(self.gain_db / 20.0)) as f32);
        self.stream = Some(stream);
    }
}
