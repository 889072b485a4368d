//! One plucked string: a loop of delay, damping and loss.
//!
//! Karplus and Strong, "Digital Synthesis of Plucked-String and Drum Timbres", and Jaffe and Smith,
//! "Extensions of the Karplus-Strong Plucked-String Algorithm", both Computer Music Journal 7(2),
//! 1983: a delay of one period, a low-pass in the loop, the pick's and the pickup's positions as
//! combs, the pick's hardness as the width of the pulse it makes.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::f64::consts::PI;

/// Longest delay: a low B at 384 kHz fits.
const RING: usize = 1 << 14;
/// Distance of the pickup from the bridge, in string lengths.
const PICKUP: f64 = 0.23;

/// How a note is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Pitch in Hz.
    pub hz: f64,
    /// Strength; 1 is as hard as it gets.
    pub strength: f64,
    /// Distance of the pick from the bridge, in string lengths.
    pub position: f64,
    /// Width of the pick's pulse in seconds: small is hard and bright.
    pub width: f64,
    /// Time in which the note falls by 60 dB.
    pub decay: f64,
    /// Share of the high frequencies that each period loses: 0.3 rings, 0.8 is a palm on the string.
    pub damping: f64,
}

/// A string and its state.
#[derive(Clone, Debug)]
pub struct PluckedString {
    rate_hz: f64,
    ring: Vec<f64>,
    at: usize,
    /// Length of the loop in samples, and where it glides to.
    period: f64,
    aim: f64,
    gain: f64,
    damping: f64,
    low: f64,
    pulse: Vec<f64>,
    pulse_at: usize,
}

impl PluckedString {
    /// A string at rest.
    pub fn new(rate_hz: f64) -> Self {
        Self {
            rate_hz,
            ring: vec![0.0; RING],
            at: 0,
            period: rate_hz / 110.0,
            aim: rate_hz / 110.0,
            gain: 0.0,
            damping: 0.5,
            low: 0.0,
            pulse: Vec::new(),
            pulse_at: 0,
        }
    }

    /// Plays a note. What still rings is mostly stopped by pick and finger.
    pub fn pluck(&mut self, stroke: &Stroke, rng: &mut ChaCha8Rng) {
        for value in &mut self.ring {
            *value *= 0.15;
        }
        self.low *= 0.15;
        self.period = self.rate_hz / stroke.hz;
        self.aim = self.period;
        // The loop is passed `hz` times a second.
        self.gain = 10f64.powf(-3.0 / (stroke.hz * stroke.decay));
        self.damping = stroke.damping;
        let width = ((stroke.width * self.rate_hz) as usize).max(2);
        let comb = ((stroke.position * self.period) as usize).max(1);
        let mut pulse = vec![0.0; width + comb];
        for i in 0..width {
            let shape = 0.5 - 0.5 * (2.0 * PI * (i as f64 + 0.5) / width as f64).cos();
            let scratch = 1.0 + 0.25 * rng.random_range(-1.0..1.0);
            let value = stroke.strength * shape * scratch;
            pulse[i] += value;
            pulse[i + comb] -= value;
        }
        self.pulse = pulse;
        self.pulse_at = 0;
    }

    /// Bends or slides the ringing note to another pitch.
    pub fn glide(&mut self, hz: f64) {
        self.aim = self.rate_hz / hz;
    }

    /// Lays a hand on the string.
    pub fn stop(&mut self) {
        self.gain = self.gain.min(10f64.powf(-3.0 * self.period / self.rate_hz / 0.06));
    }

    fn read(&self, delay: f64) -> f64 {
        // Third-order Lagrange interpolation: tuning and glides without the dullness of a line.
        let whole = delay.floor();
        let f = delay - whole;
        let tap = |k: usize| self.ring[(self.at + RING - (whole as usize + k)) & (RING - 1)];
        let (a, b, c, d) = (tap(0), tap(1), tap(2), tap(3));
        let g = f + 1.0;
        -a * (g - 1.0) * (g - 2.0) * (g - 3.0) / 6.0 + b * g * (g - 2.0) * (g - 3.0) / 2.0
            - c * g * (g - 1.0) * (g - 3.0) / 2.0
            + d * g * (g - 1.0) * (g - 2.0) / 6.0
    }

    /// The next sample, as the pickup hears it.
    pub fn next(&mut self) -> f64 {
        self.period += (self.aim - self.period) * (1.0 - (-25.0 / self.rate_hz).exp());
        // The one-pole low-pass of the loop delays low frequencies by this much.
        let filter_delay = self.damping / (1.0 - self.damping);
        let delayed = self.read((self.period - filter_delay - 1.0).max(1.0));
        self.low += (1.0 - self.damping) * (delayed - self.low);
        let pulse = self.pulse.get(self.pulse_at).copied().unwrap_or(0.0);
        self.pulse_at += 1;
        self.at = (self.at + 1) & (RING - 1);
        self.ring[self.at] = self.gain * self.low + pulse;
        self.ring[self.at] - self.read((PICKUP * self.period).max(1.0))
    }
}
