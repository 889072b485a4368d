//! The rig: the overdrive into a tube amplifier of two triode stages, a tone stack between them
//! and a push-pull power stage whose supply gives way.

use super::OVERSAMPLING;
use super::filter::{OnePole, ToneStack};
use super::overdrive::Overdrive;
use super::oversample::Oversampler;
use super::triode::{Components, Triode};

/// Volts that a full-scale sample stands for: a hard-played humbucker.
const INPUT_VOLT: f64 = 0.8;
/// Share of the first plate's swing that reaches the second grid through stack and volume control.
const VOLUME: f64 = 0.2;
/// Volts at the second plate that bring the power stage to its limit.
const POWER_VOLT: f64 = 90.0;
/// How far the supply gives way under a steady full load.
const SAG: f64 = 0.25;
/// Level of the output at the power stage's limit.
const OUTPUT: f64 = 0.7;

const FIRST: Components = Components {
    supply_volt: 290.0,
    plate_ohm: 100e3,
    cathode_ohm: 1.5e3,
    cathode_farad: 0.68e-6,
    coupling_farad: 10e-9,
    stopper_ohm: 34e3,
    leak_ohm: 1e6,
};

const SECOND: Components = Components {
    supply_volt: 310.0,
    plate_ohm: 100e3,
    cathode_ohm: 2.2e3,
    cathode_farad: 0.47e-6,
    coupling_farad: 4.7e-9,
    stopper_ohm: 220e3,
    leak_ohm: 680e3,
};

/// The highest figure on the drive's scale.
pub const MOST_DRIVE: f64 = 10.0;
/// How much of the pedal's own control that is.
const DRIVE_TRAVEL: f64 = 0.4;
/// Where the drive stands in the capture without knobs.
const DRIVE: f64 = 1.0;

/// Everything between the guitar and the loudspeaker.
#[derive(Clone, Debug)]
pub struct Rig {
    oversampler: Oversampler,
    circuit: Circuit,
}

#[derive(Clone, Debug)]
struct Circuit {
    pedal: Overdrive,
    first: Triode,
    first_rest_volt: f64,
    stack: ToneStack,
    /// Capacitance between plate and grid, as the stage's low-pass.
    miller: OnePole,
    second: Triode,
    second_rest_volt: f64,
    block: OnePole,
    supply: OnePole,
    transformer_low: OnePole,
    transformer_high: OnePole,
}

impl Rig {
    /// The rig at rest, for audio at `rate_hz`, with its drive where it is captured.
    pub fn new(rate_hz: f64) -> Self {
        Self::with_drive(rate_hz, DRIVE)
    }

    /// The rig at rest with its drive at a setting from 0 to [`MOST_DRIVE`].
    pub fn with_drive(rate_hz: f64, drive: f64) -> Self {
        let fast = rate_hz * OVERSAMPLING as f64;
        let (first, second) = (Triode::new(FIRST, fast), Triode::new(SECOND, fast));
        let circuit = Circuit {
            pedal: Overdrive::new(drive * DRIVE_TRAVEL / MOST_DRIVE, 0.4, 0.5, fast),
            first_rest_volt: first.plate_volt(),
            first,
            stack: ToneStack::new(0.4, 0.6, 0.6, fast),
            miller: OnePole::new(14e3, fast),
            second_rest_volt: second.plate_volt(),
            second,
            block: OnePole::new(30.0, fast),
            supply: OnePole::new(12.0, fast),
            transformer_low: OnePole::new(55.0, fast),
            transformer_high: OnePole::new(9e3, fast),
        };
        Self { oversampler: Oversampler::new(), circuit }
    }

    /// The next sample.
    pub fn next(&mut self, x: f32) -> f32 {
        let circuit = &mut self.circuit;
        self.oversampler.next(f64::from(x), |x| circuit.next(x)) as f32
    }

    /// A whole signal.
    pub fn play(&mut self, input: &[f32]) -> Vec<f32> {
        input.iter().map(|&x| self.next(x)).collect()
    }
}

impl Circuit {
    fn next(&mut self, x: f64) -> f64 {
        let pedal = self.pedal.next(x * INPUT_VOLT);
        let plate = self.first.next(pedal);
        let grid = self.miller.low(VOLUME * self.stack.next(plate - self.first_rest_volt));
        let plate = self.second.next(grid);
        let swing = self.block.high(plate - self.second_rest_volt) / POWER_VOLT;
        // Class AB: both halves saturate softly, one a little earlier; load drags the supply down.
        let limit = 1.0 - SAG * self.supply.state();
        let limit = if swing > 0.0 { limit } else { 0.92 * limit };
        let power = limit * (swing / limit).tanh();
        self.supply.low(power.abs());
        OUTPUT * self.transformer_high.low(self.transformer_low.high(power))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::virtual_capture::{capture, guitar};

    #[test]
    fn sounds_like_an_amp_and_not_like_a_wire() {
        let pair = capture(3.0, 48_000, 5);
        assert_eq!(pair.input.len(), pair.target.len());
        let peak = pair.target.iter().fold(0.0f32, |p, s| p.max(s.abs()));
        assert!((0.1..0.95).contains(&peak), "peak {peak}");
        let offset = pair.target.iter().sum::<f32>() / pair.target.len() as f32;
        assert!(offset.abs() < 0.01, "offset {offset}");
        // Compression: halving a loud input takes far less than 6 dB from the output.
        let rms = |gain: f32| {
            let input: Vec<f32> = pair.input.iter().map(|s| s * gain).collect();
            crate::data::power(&Rig::new(48e3).play(&input)).sqrt()
        };
        let (loud, half) = (rms(4.0), rms(2.0));
        assert!(loud / half < 1.6, "{loud} {half}");
        // And quiet playing is clean: there it takes nearly all of them.
        let (quiet, quieter) = (rms(0.01), rms(0.005));
        assert!(quiet / quieter > 1.95, "{quiet} {quieter}");
    }

    #[test]
    fn rests_in_silence_from_the_first_sample_on() {
        let output = Rig::new(48e3).play(&[0.0; 4_800]);
        assert!(output.iter().all(|y| y.abs() < 1e-5), "{:?}", &output[..10]);
    }

    #[test]
    fn is_causal_and_repeatable() {
        let mut input = guitar::play(1.0, 48e3, 3);
        let first = Rig::new(48e3).play(&input);
        input[30_000] += 0.2;
        let second = Rig::new(48e3).play(&input);
        assert_eq!(first[..30_000], second[..30_000]);
        assert_ne!(first[30_000..30_050], second[30_000..30_050]);
    }
}
