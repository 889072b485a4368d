//! Algorithmic reverb.

use super::convolved::MAX_PRE_DELAY_MS;
use crate::chain::{Format, Parameter, Processor, ProcessorError, Purpose, Unit};
use crate::dsp::fading_delay::FadingDelay;
use crate::dsp::ramp::Ramp;
use crate::dsp::reverb::{Network, SIZES, Settings};
use crate::model::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use serde::Deserialize;
use std::f64::consts::FRAC_PI_2;

/// How long a change of a gain takes, in seconds.
const GLIDE_SECONDS: f64 = 0.020;

/// How long it takes to fade from one delay to another, in seconds.
const FADE_SECONDS: f64 = 0.050;

const DECAY: usize = 0;
const SIZE: usize = 1;
const DAMPING: usize = 2;
const PRE_DELAY: usize = 3;
const MIX: usize = 4;
const WIDTH: usize = 5;
const MODULATION: usize = 6;
const LOW_CUT: usize = 7;
const HIGH_CUT: usize = 8;

/// A room that is calculated ([`Network`]), beside the dry sound, which is not delayed. It makes a mono
/// sound stereo.
///
/// Parameters, all of which move without clicks:
/// - `decay`: time in which the sound's middle (500 to 1000 Hz) decays by 60 dB, 0.1 to 20 s;
/// - `size`: of the room, 0.25 to 2; at 1 the first echoes come after 21 ms;
/// - `damping`: the frequency above which the sound decays up to three times as fast, in Hz;
/// - `pre_delay_ms`: time before the room hears anything;
/// - `mix`: share of the room, 0 to 1; dry and wet share the power, so the level stays;
/// - `width`: 0 for the same on both sides, 1 for sides that have nothing in common;
/// - `modulation`: how far the room's resonances are moved, 0 to 1;
/// - `low_cut`, `high_cut`: what the room hears lies between them, in Hz.
///
/// Frequencies above what the sample rate can carry are taken for the highest that it can.
pub struct Reverb {
    parameters: [Parameter; 9],
    values: [f64; 9],
    stream: Option<Stream>,
}

/// As it is written down: `{ decay: 1.8, mix: 0.2 }`. See [`Reverb`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct ReverbEntry {
    /// Time in which it decays by 60 dB, in seconds.
    pub decay: f64,
    /// Size of the room.
    pub size: f64,
    /// Frequency above which it decays faster, in Hz.
    pub damping: f64,
    /// Time before it begins, in milliseconds.
    pub pre_delay_ms: f64,
    /// Share of the reverb in the sound.
    pub mix: f64,
    /// How different the sides are.
    pub width: f64,
    /// How far resonances are moved.
    pub modulation: f64,
    /// Lowest frequency that is heard in the room, in Hz.
    pub low_cut: f64,
    /// Highest frequency that is heard in the room, in Hz.
    pub high_cut: f64,
}

/// What is made for one format.
struct Stream {
    sample_rate_hz: f64,
    network: Network,
    delays: [FadingDelay; 2],
    sides: [Vec<f32>; 2],
    dry: Ramp,
    /// Factors of the sum and of the difference of both sides.
    sum: Ramp,
    difference: Ramp,
}

impl Default for ReverbEntry {
    fn default() -> Self {
        Self {
            decay: 1.8,
            size: 1.0,
            damping: 5_000.0,
            pre_delay_ms: 0.0,
            mix: 0.25,
            width: 1.0,
            modulation: 0.3,
            low_cut: 60.0,
            high_cut: 14_000.0,
        }
    }
}

impl Reverb {
    /// A room with these values. They are checked when a [`Chain`](crate::chain::Chain) is built.
    pub fn new(entry: ReverbEntry) -> Self {
        use Unit::{Hertz, Millisecond, None, Second};
        let number = Parameter::number;
        let parameters = [
            number("decay", Second, 0.1, 20.0, entry.decay),
            number("size", None, SIZES.0, SIZES.1, entry.size),
            number("damping", Hertz, 1_000.0, 20_000.0, entry.damping),
            number("pre_delay_ms", Millisecond, 0.0, MAX_PRE_DELAY_MS, entry.pre_delay_ms),
            number("mix", None, 0.0, 1.0, entry.mix),
            number("width", None, 0.0, 1.0, entry.width),
            number("modulation", None, 0.0, 1.0, entry.modulation),
            number("low_cut", Hertz, 10.0, 1_000.0, entry.low_cut),
            number("high_cut", Hertz, 1_000.0, 20_000.0, entry.high_cut),
        ];
        let values = std::array::from_fn(|i| parameters[i].value);
        Self { parameters, values, stream: Option::None }
    }

    fn settings(&self) -> Settings {
        Settings {
            decay_seconds: self.values[DECAY],
            size: self.values[SIZE],
            damping_hz: self.values[DAMPING],
            modulation: self.values[MODULATION],
            low_cut_hz: self.values[LOW_CUT],
            high_cut_hz: self.values[HIGH_CUT],
        }
    }

    fn aim(&mut self) {
        let settings = self.settings();
        let Some(stream) = &mut self.stream else { return };
        stream.network.aim(settings);
        let delay = delay_samples(&self.values, stream.sample_rate_hz);
        stream.delays.iter_mut().for_each(|line| line.aim(delay));
        let (mix, width) = (self.values[MIX], self.values[WIDTH]);
        // The cosine of a quarter turn would leave a trace.
        let dry = if mix == 1.0 { 0.0 } else { (FRAC_PI_2 * mix).cos() };
        // Sides that have nothing in common keep their power whatever the width.
        let sum = (FRAC_PI_2 * mix).sin() * (0.5 / (1.0 + width * width)).sqrt();
        stream.dry.aim(dry as f32);
        stream.sum.aim(sum as f32);
        stream.difference.aim((sum * width) as f32);
    }
}

impl Processor for Reverb {
    fn kind(&self) -> &'static str {
        "reverb"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        let Format { sample_rate_hz, max_block_samples, .. } = format;
        if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&sample_rate_hz) {
            let what = format!("rooms are calculated at {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz");
            return Err(ProcessorError::Other(format!("a sample rate of {sample_rate_hz} Hz; {what}")));
        }
        let samples = |seconds: f64| (seconds * sample_rate_hz) as usize;
        let delay = FadingDelay::new(samples(MAX_PRE_DELAY_MS / 1000.0), samples(FADE_SECONDS));
        let ramp = Ramp::new(0.0, samples(GLIDE_SECONDS));
        self.stream = Some(Stream {
            sample_rate_hz,
            network: Network::new(sample_rate_hz, self.settings()),
            delays: [delay.clone(), delay],
            sides: [vec![0.0; max_block_samples], vec![0.0; max_block_samples]],
            dry: ramp.clone(),
            sum: ramp.clone(),
            difference: ramp,
        });
        self.aim();
        self.reset();
        Ok(())
    }

    fn set(&mut self, parameter: usize, value: f64) {
        self.values[parameter] = value;
        self.aim();
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        let Some(stream) = &mut self.stream else { return };
        let length = channels.first().map_or(0, |c| c.len());
        for (side, (delayed, delay)) in stream.sides.iter_mut().zip(&mut stream.delays).enumerate() {
            let delayed = &mut delayed[..length];
            gather(channels, side, delayed);
            delay.process(delayed);
        }
        let [left, right] = &mut stream.sides;
        for at in 0..length {
            let [a, b] = stream.network.advance([left[at], right[at]]);
            let sum = stream.sum.advance() * (a + b);
            let difference = stream.difference.advance() * (a - b);
            (left[at], right[at]) = (sum + difference, sum - difference);
            let dry = stream.dry.advance();
            for (c, channel) in channels.iter_mut().enumerate() {
                let wet = if c % 2 == 0 { left[at] } else { right[at] };
                channel[at] = dry * channel[at] + wet;
            }
        }
    }

    fn reset(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        stream.network.reset();
        stream.delays.iter_mut().for_each(FadingDelay::reset);
        for ramp in [&mut stream.dry, &mut stream.sum, &mut stream.difference] {
            ramp.finish();
        }
    }

    fn tail_samples(&self) -> usize {
        let tail = |s: &Stream| s.network.tail_samples() + delay_samples(&self.values, s.sample_rate_hz);
        self.stream.as_ref().map_or(0, tail)
    }

    fn spreads(&self) -> bool {
        true
    }
}

impl ReverbEntry {
    pub(in crate::chain) fn build(&self) -> Result<Box<dyn Processor>, ProcessorError> {
        Ok(Box::new(Reverb::new(*self)))
    }
}

fn delay_samples(values: &[f64; 9], sample_rate_hz: f64) -> usize {
    (values[PRE_DELAY] / 1000.0 * sample_rate_hz).round() as usize
}

/// What a side of the room hears: the mean of every other channel, or the only one.
fn gather(channels: &[&mut [f32]], side: usize, sum: &mut [f32]) {
    let side = side.min(channels.len().saturating_sub(1));
    let count = channels.iter().skip(side).step_by(2).len();
    sum.fill(0.0);
    for channel in channels.iter().skip(side).step_by(2) {
        sum.iter_mut().zip(&**channel).for_each(|(sum, x)| *sum += x / count as f32);
    }
}
