//! A noise gate.

use crate::chain::{Format, Parameter, Processor, ProcessorError, Purpose, Unit};
use crate::dsp::gate::{Detector, GateGain};
use serde::Deserialize;

/// Samples that are computed at once.
const PIECE: usize = 64;

/// Closes when nobody plays. All channels open and close together, by the loudest of them, and without delay.
///
/// It opens as soon as a sample reaches `threshold_db`, and goes from silence to all in `attack_ms`. It closes
/// once nothing has reached `threshold_db - hysteresis_db` for 36 to 40 ms, so that it does not close between two crests
/// of the lowest string, and for `hold_ms` more; then it sinks to `range_db` in `release_ms`. All of these are its
/// parameters.
///
/// ```
/// use shared::chain::processors::{Gate, GateEntry};
///
/// let gate = Gate::new(GateEntry { threshold_db: -55.0, release_ms: 60.0, ..GateEntry::default() });
/// ```
pub struct Gate {
    parameters: [Parameter; 6],
    values: [f64; 6],
    sample_rate_hz: f64,
    detector: Detector,
    gain: GateGain,
}

/// As it is written down: `{ threshold_db: -55 }`. What is left out is as in [`GateEntry::default`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct GateEntry {
    /// Level of a sample at which it opens, in dBFS, -120 to 0. Usually -60.
    pub threshold_db: f64,
    /// How far below that level the sound must sink before it closes, in dB, 0 to 40. Usually 6.
    pub hysteresis_db: f64,
    /// From silence to open, in milliseconds, 0.1 to 500. Usually 1.
    pub attack_ms: f64,
    /// How long it stays open once nothing has reached that level for 36 to 40 ms, in milliseconds, 0 to 5000. Usually 50.
    pub hold_ms: f64,
    /// From open to closed, in milliseconds, 5 to 5000. Usually 100.
    pub release_ms: f64,
    /// What is left when it is closed, in dB, -120 to 0. Usually -80.
    pub range_db: f64,
}

impl Default for GateEntry {
    fn default() -> Self {
        Self {
            threshold_db: -60.0,
            hysteresis_db: 6.0,
            attack_ms: 1.0,
            hold_ms: 50.0,
            release_ms: 100.0,
            range_db: -80.0,
        }
    }
}

impl Gate {
    /// A gate with these values at first.
    pub fn new(entry: GateEntry) -> Self {
        let number = Parameter::number;
        let parameters = [
            number("threshold_db", Unit::Decibel, -120.0, 0.0, entry.threshold_db),
            number("hysteresis_db", Unit::Decibel, 0.0, 40.0, entry.hysteresis_db),
            number("attack_ms", Unit::Millisecond, 0.1, 500.0, entry.attack_ms),
            number("hold_ms", Unit::Millisecond, 0.0, 5000.0, entry.hold_ms),
            number("release_ms", Unit::Millisecond, 5.0, 5000.0, entry.release_ms),
            number("range_db", Unit::Decibel, -120.0, 0.0, entry.range_db),
        ];
        let values = parameters.each_ref().map(|parameter| parameter.value);
        let (detector, gain) = (Detector::new(1.0), GateGain::new());
        Self { parameters, values, sample_rate_hz: 1.0, detector, gain }
    }

    /// Takes over the values.
    fn update(&mut self) {
        let [threshold_db, hysteresis_db, attack_ms, hold_ms, release_ms, range_db] = self.values;
        let level = |db: f64| 10f64.powf(db / 20.0) as f32;
        let samples = |ms: f64| ms * 1e-3 * self.sample_rate_hz;
        let hold_samples = samples(hold_ms).round() as usize;
        self.detector.set(level(threshold_db), level(threshold_db - hysteresis_db), hold_samples);
        self.gain.set(range_db, samples(attack_ms), samples(release_ms));
    }
}

impl Processor for Gate {
    fn kind(&self) -> &'static str {
        "gate"
    }

    fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        self.sample_rate_hz = format.sample_rate_hz;
        self.detector = Detector::new(format.sample_rate_hz);
        self.update();
        self.gain.reset();
        Ok(())
    }

    fn set(&mut self, parameter: usize, value: f64) {
        if let Some(own) = self.values.get_mut(parameter) {
            *own = value;
            self.update();
        }
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        let length = channels.first().map_or(0, |c| c.len());
        let mut gains = [0.0f32; PIECE];
        for from in (0..length).step_by(PIECE) {
            let to = length.min(from + PIECE);
            let gains = &mut gains[..to - from];
            gains.fill(0.0);
            for channel in &*channels {
                gains.iter_mut().zip(&channel[from..to]).for_each(|(most, x)| *most = most.max(x.abs()));
            }
            for each in &mut *gains {
                *each = self.gain.advance(self.detector.advance(*each));
            }
            for channel in &mut *channels {
                channel[from..to].iter_mut().zip(&*gains).for_each(|(x, gain)| *x *= gain);
            }
        }
    }

    fn reset(&mut self) {
        self.detector.reset();
        self.gain.reset();
    }
}

impl GateEntry {
    pub(in crate::chain) fn build(&self) -> Result<Box<dyn Processor>, ProcessorError> {
        Ok(Box::new(Gate::new(*self)))
    }
}
