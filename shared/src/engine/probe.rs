//! What a model does to polarity, and how late it answers.

#[cfg(test)]
mod tests;

use super::{Engine, EngineError};
use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;
use std::f64::consts::TAU;
use std::fmt;

/// Period of what is played, in samples.
const PERIOD: usize = 4096;

/// Most periods that a model is given to settle, a second and a third at 48 kHz: what remembers longer than that remembers
/// next to nothing of it.
const MOST_SETTLING: usize = 16;

/// Different sounds that are played at each level.
const SOUNDS: u64 = 2;

/// Levels that are played, in dBFS rms: those of a guitar that is hardly touched, and of one that is hit.
const LEVELS_DBFS: [f64; 3] = [-54.0, -36.0, -18.0];

/// Earliest answer that is looked for, in samples: none is so early, but the peak of one may lie a little before 0.
const EARLIEST: isize = -32;

/// Latest answer that is looked for, in samples.
const LATEST: isize = 1_900;

/// What is heard of a guitar, in Hz.
const BAND_HZ: [f64; 2] = [70.0, 8_000.0];

/// Frequencies that come out this much weaker than the loudest, in nepers, say nothing: 50 dB.
const WEAK: f64 = 5.76;

/// From this confidence on an answer is believed.
const CLEAR: f64 = 0.6;

/// Answers that differ by no more than this many samples are the same.
const SAME_SAMPLES: f64 = 2.0;

/// What a model does to a sound besides being an amp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Whether what goes up comes out going down.
    pub is_inverted: bool,
    /// How late it answers, in samples at its rate, beyond what its frequency response takes.
    pub delay_samples: usize,
    /// How sure both are, from 0 to 1.
    pub confidence: f64,
}

impl Probe {
    /// Whether it is sure enough to act upon.
    pub fn is_clear(&self) -> bool {
        self.confidence >= CLEAR
    }

    /// Plays to an engine at its model's rate, prepared for blocks of at least 512 samples, and listens: about one
    /// second of sound, more where `memory_samples`, what the model remembers, is long. Not for the audio thread. The
    /// engine is reset before and after.
    ///
    /// The linear response at each level is the best linear approximation for multisines with random phases at odd
    /// multiples of a frequency, where no even distortion falls (Pintelon and Schoukens, "System identification", 2012).
    /// What of its phase does not follow from its magnitude, as that of a minimum-phase system does, is
    /// polarity and delay. Levels that disagree lower the confidence.
    pub fn of(engine: &mut dyn Engine, memory_samples: usize) -> Self {
        let mut listener = Listener::new(engine.model_rate_hz(), memory_samples);
        let latency = engine.latency_samples() as f64;
        let mut heard: Vec<Heard> = LEVELS_DBFS.iter().map(|&dbfs| listener.listen(engine, dbfs)).collect();
        engine.reset();
        heard.sort_by(|a, b| b.height.abs().total_cmp(&a.height.abs()));
        let best = heard[0];
        let agrees = |other: &&Heard| {
            (other.height < 0.0) == (best.height < 0.0) && (other.delay - best.delay).abs() <= SAME_SAMPLES
        };
        let agreed = heard.iter().filter(agrees).count();
        let others: f64 = heard.iter().filter(|h| !agrees(h)).map(|h| h.height.abs()).fold(0.0, f64::max);
        let alone = if agreed > 1 { 1.0 } else { 0.5 };
        Self {
            is_inverted: best.height < 0.0,
            delay_samples: (best.delay - latency).round().max(0.0) as usize,
            confidence: (alone * (best.height.abs() - 0.5 * others)).clamp(0.0, 1.0),
        }
    }

    /// Probes a model at its own rate, with the engine that `choice` asks for.
    ///
    /// # Errors
    /// The engine cannot run the model.
    pub fn of_model(model: &crate::model::Model, choice: super::EngineChoice) -> Result<Self, EngineError> {
        let mut engine = super::build(model, choice)?;
        engine.prepare(engine.model_rate_hz(), BLOCK)?;
        Ok(Self::of(&mut *engine, model.memory_samples()))
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_clear() {
            return f.write_str("unclear");
        }
        f.write_str(if self.is_inverted { "inverted" } else { "as it came in" })?;
        match self.delay_samples {
            0 => f.write_str(", at once"),
            1 => f.write_str(", 1 sample late"),
            samples => write!(f, ", {samples} samples late"),
        }
    }
}

/// Samples that are played together.
const BLOCK: usize = 512;

/// The highest point of what is neither magnitude nor the phase that follows from it.
#[derive(Clone, Copy)]
struct Heard {
    /// From -1 to 1, which is nothing but a delay.
    height: f64,
    /// In samples.
    delay: f64,
}

struct Listener {
    planner: RealFftPlanner<f64>,
    lot: u64,
    rate_hz: f64,
    /// Periods that are played before one is heard.
    settling: usize,
}

impl Listener {
    fn new(rate_hz: f64, memory_samples: usize) -> Self {
        let settling = memory_samples.div_ceil(PERIOD).clamp(1, MOST_SETTLING);
        Self { planner: RealFftPlanner::new(), lot: 0, rate_hz, settling }
    }

    fn listen(&mut self, engine: &mut dyn Engine, level_dbfs: f64) -> Heard {
        let (response, sureness) = self.response(engine, level_dbfs);
        let magnitudes: Vec<f64> = response.iter().map(|value| value.norm()).collect();
        let least = self.minimum_phase(&magnitudes);
        let loudest = magnitudes.iter().copied().fold(0.0, f64::max);
        let mut excess = vec![Complex64::default(); PERIOD / 2 + 1];
        let mut weights = 0.0;
        for bin in self.heard_bins() {
            if magnitudes[bin] > loudest * (-WEAK).exp() {
                // Octaves count alike at low frequencies and bins at high ones.
                let weight = sureness[bin] / (bin as f64).sqrt();
                excess[bin] = Complex64::from_polar(weight, response[bin].arg() - least[bin]);
                weights += weight;
            }
        }
        if weights <= 0.0 || !weights.is_finite() {
            return Heard { height: 0.0, delay: 0.0 };
        }
        let mut places = vec![0.0; PERIOD];
        transformed(self.planner.plan_fft_inverse(PERIOD).process(&mut excess, &mut places));
        let place = |at: isize| places[at.rem_euclid(PERIOD as isize) as usize] / (2.0 * weights);
        let highest = (EARLIEST..=LATEST).max_by(|&a, &b| place(a).abs().total_cmp(&place(b).abs()));
        let at = highest.unwrap_or(0);
        let [before, here, after] = [place(at - 1), place(at), place(at + 1)];
        let bend = before - 2.0 * here + after;
        let off = if bend == 0.0 { 0.0 } else { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) };
        let height = here - 0.25 * (before - after) * off;
        Heard { height: height.clamp(-1.0, 1.0), delay: at as f64 + off }
    }

    /// The odd bins of what is heard.
    fn heard_bins(&self) -> impl Iterator<Item = usize> + use<> {
        let [first, last] =
            BAND_HZ.map(|hz| (hz.min(0.4 * self.rate_hz) / self.rate_hz * PERIOD as f64) as usize);
        (first | 1..=last).step_by(2)
    }

    /// The linear response at the odd bins, and how much of what came out at each is linear, from 0 to 1.
    fn response(&mut self, engine: &mut dyn Engine, level_dbfs: f64) -> (Vec<Complex64>, Vec<f64>) {
        let bins = PERIOD / 2 + 1;
        let forward = self.planner.plan_fft_forward(PERIOD);
        let mut crossed = vec![Complex64::default(); bins];
        let (mut powers_in, mut powers_out) = (vec![0.0; bins], vec![0.0; bins]);
        for _ in 0..SOUNDS {
            let mut sent = self.multisine(level_dbfs);
            let input: Vec<f32> = sent.iter().map(|&s| s as f32).collect();
            let mut output = vec![0.0; PERIOD];
            engine.reset();
            // What is played first only brings the model to where every further period finds it.
            for _ in 0..=self.settling {
                for (input, output) in input.chunks(BLOCK).zip(output.chunks_mut(BLOCK)) {
                    engine.process(input, output);
                }
            }
            let mut came: Vec<f64> = output.iter().map(|&s| f64::from(s)).collect();
            let (mut x, mut y) = (forward.make_output_vec(), forward.make_output_vec());
            transformed(forward.process(&mut sent, &mut x));
            transformed(forward.process(&mut came, &mut y));
            for bin in (1..bins).step_by(2) {
                crossed[bin] += y[bin] * x[bin].conj();
                powers_in[bin] += x[bin].norm_sqr();
                powers_out[bin] += y[bin].norm_sqr();
            }
        }
        let mut sureness = vec![0.0; bins];
        for bin in (1..bins).step_by(2) {
            let all = powers_in[bin] * powers_out[bin];
            let coherence = if all > 0.0 { crossed[bin].norm_sqr() / all } else { 0.0 };
            // Of nothing but noise, a share of one sound in all is left.
            let noise = 1.0 / SOUNDS as f64;
            sureness[bin] = ((coherence - noise) / (1.0 - noise)).max(0.0);
            if powers_in[bin] > 0.0 {
                crossed[bin] /= powers_in[bin];
            }
        }
        (crossed, sureness)
    }

    /// A period of tones at the odd bins, each octave as loud as the next, with phases drawn by lot.
    fn multisine(&mut self, level_dbfs: f64) -> Vec<f64> {
        let mut bins = vec![Complex64::default(); PERIOD / 2 + 1];
        for bin in (1..PERIOD / 2).step_by(2) {
            bins[bin] = Complex64::from_polar(1.0 / (bin as f64).sqrt(), TAU * self.draw());
        }
        let mut sound = vec![0.0; PERIOD];
        transformed(self.planner.plan_fft_inverse(PERIOD).process(&mut bins, &mut sound));
        let rms = (sound.iter().map(|s| s * s).sum::<f64>() / PERIOD as f64).sqrt();
        let gain = 10f64.powf(level_dbfs / 20.0) / rms;
        sound.iter_mut().for_each(|s| *s *= gain);
        sound
    }

    /// A number from 0 to 1, the same ones each time (SplitMix64; Steele, Lea and Flood, "Fast splittable
    /// pseudorandom number generators", 2014).
    fn draw(&mut self) -> f64 {
        self.lot = self.lot.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.lot;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// The phases of the minimum-phase system with these magnitudes at the odd bins (from the folded cepstrum;
    /// Oppenheim and Schafer, "Discrete-time signal processing").
    fn minimum_phase(&mut self, magnitudes: &[f64]) -> Vec<f64> {
        let loudest = magnitudes.iter().copied().fold(0.0, f64::max);
        let floor = (loudest * (-1.5 * WEAK).exp()).max(f64::MIN_POSITIVE);
        let odd = |bin: usize| magnitudes[bin.clamp(1, PERIOD / 2 - 1)].max(floor).ln();
        let logarithm = |bin: usize| match bin {
            bin if bin % 2 == 1 => odd(bin),
            0 => odd(1),
            bin => 0.5 * (odd(bin - 1) + odd(bin + 1)),
        };
        let mut bins: Vec<Complex64> =
            (0..=PERIOD / 2).map(|bin| Complex64::new(logarithm(bin), 0.0)).collect();
        let mut cepstrum = vec![0.0; PERIOD];
        transformed(self.planner.plan_fft_inverse(PERIOD).process(&mut bins, &mut cepstrum));
        for (n, value) in cepstrum.iter_mut().enumerate() {
            *value *= match n {
                n if n == 0 || n == PERIOD / 2 => 1.0,
                n if n < PERIOD / 2 => 2.0,
                _ => 0.0,
            } / PERIOD as f64;
        }
        let forward = self.planner.plan_fft_forward(PERIOD);
        transformed(forward.process(&mut cepstrum, &mut bins));
        bins.iter().map(|value| value.im).collect()
    }
}

/// A transform's only errors are wrong lengths and ends that are not real.
fn transformed(done: Result<(), realfft::FftError>) {
    debug_assert!(done.is_ok(), "{done:?}");
}
