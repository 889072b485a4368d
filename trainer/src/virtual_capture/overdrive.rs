//! An overdrive pedal: an operational amplifier with diodes across its feedback.
//!
//! The non-inverting clipping stage of D. Yeh, J. Abel and J. Smith, "Simplified,
//! Physically-Informed Models of Distortion and Overdrive Guitar Effects Pedals", DAFx-07,
//! section 3.2, with one diode against two in series, which clips unequally. Capacitors are
//! discretised by the backward Euler rule, which stays calm where the diodes are stiff; the
//! diodes' equation is solved by Newton's method at every sample.

use super::filter::OnePole;

/// Saturation current (A) and emission coefficient times thermal voltage (V) of a 1N4148.
const DIODE: (f64, f64) = (2.52e-9, 1.752 * 0.02585);
/// Resistor and capacitor to ground, in ohms and farads: gain falls below 720 Hz.
const GROUND: (f64, f64) = (4.7e3, 47e-9);
/// Capacitor across the diodes, in farads.
const FEEDBACK_F: f64 = 51e-12;
/// Feedback resistance at drive 0, and what the drive control adds, in ohms.
const FEEDBACK_OHM: (f64, f64) = (51e3, 500e3);

/// The pedal and its state.
#[derive(Clone, Debug)]
pub struct Overdrive {
    step: f64,
    feedback_ohm: f64,
    input: OnePole,
    ground_volt: f64,
    feedback_volt: f64,
    tone: OnePole,
    treble: f64,
    level: f64,
}

impl Overdrive {
    /// Controls from 0 to 1, for a circuit solved `rate_hz` times a second.
    pub fn new(drive: f64, tone: f64, level: f64, rate_hz: f64) -> Self {
        Self {
            step: 1.0 / rate_hz,
            feedback_ohm: FEEDBACK_OHM.0 + drive * FEEDBACK_OHM.1,
            input: OnePole::new(16.0, rate_hz),
            ground_volt: 0.0,
            feedback_volt: 0.0,
            tone: OnePole::new(723.0, rate_hz),
            treble: tone,
            level,
        }
    }

    /// Current through the diodes at `v` volts, and its slope.
    fn diodes(v: f64) -> (f64, f64) {
        let (current, volt) = DIODE;
        let (one, two) = ((v / volt).exp(), (-v / (2.0 * volt)).exp());
        (current * (one - two), current / volt * (one + 0.5 * two))
    }

    /// The voltage across the feedback when `current` flows into it.
    fn solve(&self, current: f64) -> f64 {
        let capacity = FEEDBACK_F / self.step;
        let mut v = self.feedback_volt;
        for _ in 0..40 {
            let (diode, slope) = Self::diodes(v);
            let excess = capacity * (v - self.feedback_volt) + v / self.feedback_ohm + diode - current;
            // An exponential sends a free Newton step far away; a tenth of a volt is safe.
            let change = (excess / (capacity + 1.0 / self.feedback_ohm + slope)).clamp(-0.1, 0.1);
            v -= change;
            if change.abs() < 1e-9 {
                break;
            }
        }
        v
    }

    /// The next sample, volts in and out.
    pub fn next(&mut self, volt: f64) -> f64 {
        let v = self.input.high(volt);
        let (ohm, farad) = GROUND;
        let current = (v - self.ground_volt) / (ohm + self.step / farad);
        self.ground_volt += current * self.step / farad;
        self.feedback_volt = self.solve(current);
        let clipped = v + self.feedback_volt;
        let low = self.tone.low(clipped);
        self.level * (low + self.treble * (clipped - low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_loud_more_than_quiet_and_unequally() {
        let peaks = |volt: f64| {
            let mut pedal = Overdrive::new(0.5, 0.5, 1.0, 384e3);
            let y: Vec<f64> = (0..38_400)
                .map(|n| pedal.next(volt * (2.0 * std::f64::consts::PI * 1e3 * n as f64 / 384e3).sin()))
                .collect();
            let late = &y[19_200..];
            (late.iter().copied().fold(f64::MIN, f64::max), late.iter().copied().fold(f64::MAX, f64::min))
        };
        let (quiet, loud) = (peaks(1e-4), peaks(0.5));
        // 5000 times the input gives far less than 5000 times the output.
        assert!(loud.0 / quiet.0 < 500.0, "{quiet:?} {loud:?}");
        // Small signals pass alike in both directions, large ones do not.
        assert!((quiet.0 + quiet.1).abs() < 0.02 * quiet.0, "{quiet:?}");
        assert!(-loud.1 > 1.2 * loud.0, "{loud:?}");
    }
}
