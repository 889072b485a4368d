//! How a target follows from its input at each frequency, and which part of that is delay.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex64;
use std::f64::consts::TAU;

/// Most frames that are looked at; more are spread over the recording.
const FRAMES: usize = 600;
/// Seconds that a frame lasts at least.
const FRAME_SECONDS: f64 = 0.1;
/// Finer than a sample by this factor is the response looked at.
const FINER: usize = 16;
/// Least share of a frequency's power that must follow from the input for its phase to mean anything.
const COHERENT: f64 = 0.1;
/// Frequencies weigh as their signal-to-noise ratio, up to this.
const MOST: f64 = 50.0;
/// Frequencies at which the input is this much weaker than at its strongest say nothing.
const ABSENT: f64 = 1e-11;
/// Frequencies at which distorting gear's input is this much weaker count for less.
const WEAK: f64 = 1e-9;
/// Gear is linear if more than this share of its output follows linearly from its input.
const LINEAR: f64 = 0.97;

/// Powers and cross power of a pair, averaged over frames (Welch, "The use of fast Fourier transform for the estimation
/// of power spectra", 1967).
pub(crate) struct Spectra {
    pub frame: usize,
    pub frames: usize,
    pub input: Vec<f64>,
    pub target: Vec<f64>,
    pub cross: Vec<Complex64>,
}

/// The delay that is left in a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Excess {
    pub samples: f64,
    pub inverted: bool,
    /// From 0 to 1: the height of the peak, relative to that of a pure delay.
    pub quality: f64,
}

impl Spectra {
    /// Looks at a pair in which the target is moved `lag` samples earlier. `None` if less than two frames are left.
    pub fn measure(input: &[f32], target: &[f32], lag: i64, rate_hz: u32) -> Option<Self> {
        let by = usize::try_from(lag.unsigned_abs()).ok()?;
        let (input, target) = match lag >= 0 {
            true => (input, target.get(by..)?),
            false => (input.get(by..)?, target),
        };
        let samples = input.len().min(target.len());
        let mut frame = ((FRAME_SECONDS * f64::from(rate_hz)) as usize).next_power_of_two();
        while frame > 1024 && samples < 4 * frame {
            frame /= 2;
        }
        let possible = (samples / (frame / 2)).checked_sub(1).filter(|&frames| frames >= 2)?;
        let frames = possible.min(FRAMES);
        let forward = RealFftPlanner::<f64>::new().plan_fft_forward(frame);
        let window: Vec<f64> =
            (0..frame).map(|i| 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / frame as f64).cos()).collect();
        let bins = frame / 2 + 1;
        let (mut powers_in, mut powers_out) = (vec![0.0; bins], vec![0.0; bins]);
        let mut cross = vec![Complex64::default(); bins];
        let mut buffer = vec![0.0; frame];
        let (mut x, mut y) = (forward.make_output_vec(), forward.make_output_vec());
        for index in 0..frames {
            let start = index * (samples - frame) / (frames - 1);
            for (signal, spectrum) in [(input, &mut x), (target, &mut y)] {
                for ((b, &s), w) in buffer.iter_mut().zip(&signal[start..start + frame]).zip(&window) {
                    *b = f64::from(s) * w;
                }
                let done = forward.process(&mut buffer, spectrum);
                debug_assert!(done.is_ok(), "the buffers are the plan's own");
            }
            for bin in 0..bins {
                powers_in[bin] += x[bin].norm_sqr();
                powers_out[bin] += y[bin].norm_sqr();
                cross[bin] += y[bin] * x[bin].conj();
            }
        }
        Some(Self { frame, frames, input: powers_in, target: powers_out, cross })
    }

    /// Which share of the target's power at each frequency follows linearly from the input.
    fn coherence(&self) -> Vec<f64> {
        let strongest = self.input.iter().copied().fold(0.0, f64::max);
        (0..self.cross.len())
            .map(|bin| {
                let all = self.input[bin] * self.target[bin];
                let heard = self.input[bin] > ABSENT * strongest && all > 0.0;
                if heard { (self.cross[bin].norm_sqr() / all).min(1.0) } else { 0.0 }
            })
            .collect()
    }

    /// How much of the target is left when the input, at one gain and moved by `samples`, is taken off: from 0 to 1.
    pub fn beyond_gain_and_delay(&self, samples: f64) -> f64 {
        let turn = TAU * samples / self.frame as f64;
        let along: f64 = self
            .cross
            .iter()
            .enumerate()
            .map(|(k, c)| (c * Complex64::from_polar(1.0, turn * k as f64)).re)
            .sum();
        let (x, y): (f64, f64) = (self.input.iter().sum(), self.target.iter().sum());
        if x > 0.0 && y > 0.0 { (1.0 - along * along / (x * y)).max(0.0) } else { 1.0 }
    }

    /// Which share of the target's energy follows linearly from the input: nearly all of it for linear gear, half of it
    /// or less for an amp driven hard, next to nothing for something else.
    pub fn follows(&self) -> f64 {
        let all: f64 = self.target.iter().sum();
        let linear: f64 = self.coherence().iter().zip(&self.target).map(|(c, y)| c * y).sum();
        // So much follows by chance.
        let chance = 2.0 / self.frames as f64;
        if all > 0.0 && chance < 1.0 { ((linear / all - chance) / (1.0 - chance)).max(0.0) } else { 0.0 }
    }

    /// How much each frequency tells: its signal-to-noise ratio (Knapp and Carter, "The generalized correlation method
    /// for estimation of time delay", 1976).
    fn weights(&self) -> Vec<f64> {
        let least = COHERENT.max(6.0 / self.frames as f64);
        let weight = |(bin, c): (usize, f64)| {
            // The lowest bins hold offset and rumble, the last one has no phase.
            let tells = bin >= 3 && bin + 1 < self.cross.len() && c >= least;
            if tells { (c / (1.0 - c).max(1e-9)).min(MOST) } else { 0.0 }
        };
        self.coherence().into_iter().enumerate().map(weight).collect()
    }

    /// The delay within `reach` samples each way that the frequency response does not account for: the phase that
    /// belongs to its magnitude (that of a minimum-phase system, as filters, tone stacks and loudspeakers nearly are)
    /// is taken off, and what is left is a peak in time.
    pub fn excess(&self, reach: usize) -> Excess {
        let weights = self.weights();
        let phase = self.minimum_phase(&weights);
        let values = self.cross.iter().zip(&weights).zip(&phase);
        self.peak(values.map(|((c, w), phase)| Complex64::from_polar(*w, c.arg() - phase)).collect(), reach)
    }

    /// How much later the target is here than in `whole`, which the same gear made.
    pub fn later_than(&self, whole: &Self, reach: usize) -> Excess {
        let (weights, here) = (whole.weights(), self.coherence());
        let least = 3.0 / self.frames as f64;
        let values = self.cross.iter().zip(&whole.cross).zip(weights.iter().zip(&here));
        let turned = values.map(|((c, other), (weight, coherence))| {
            Complex64::from_polar(if *coherence > least { *weight } else { 0.0 }, c.arg() - other.arg())
        });
        self.peak(turned.collect(), reach)
    }

    /// The highest point in time of a spectrum whose sizes are its weights.
    fn peak(&self, mut spectrum: Vec<Complex64>, reach: usize) -> Excess {
        let length = self.frame * FINER;
        let weights: f64 = spectrum.iter().map(|value| value.norm()).sum();
        if weights <= 0.0 {
            return Excess { samples: 0.0, inverted: false, quality: 0.0 };
        }
        spectrum.resize(length / 2 + 1, Complex64::default());
        spectrum[0].im = 0.0;
        let inverse = RealFftPlanner::<f64>::new().plan_fft_inverse(length);
        let mut places = inverse.make_output_vec();
        let done = inverse.process(&mut spectrum, &mut places);
        debug_assert!(done.is_ok(), "the buffers are the plan's own");
        let reach = (reach.min(self.frame / 2 - 1) * FINER) as isize;
        let place = |at: isize| places[at.rem_euclid(length as isize) as usize] / (2.0 * weights);
        let highest =
            (-reach..=reach).max_by(|&a, &b| place(a).abs().total_cmp(&place(b).abs())).unwrap_or(0);
        let [before, here, after] = [place(highest - 1), place(highest), place(highest + 1)];
        let bend = before - 2.0 * here + after;
        let off = if bend == 0.0 { 0.0 } else { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) };
        Excess {
            samples: (highest as f64 + off) / FINER as f64,
            inverted: here < 0.0,
            quality: here.abs().min(1.0),
        }
    }

    /// The phase of the minimum-phase system with the pair's magnitude response, by its cepstrum (Oppenheim and
    /// Schafer, "Discrete-time signal processing", 2010, 13.5).
    fn minimum_phase(&self, weights: &[f64]) -> Vec<f64> {
        let logs = if self.follows() > LINEAR { self.held_logs(weights) } else { self.floored_logs() };
        let mut logs: Vec<Complex64> = logs.into_iter().map(Complex64::from).collect();
        let mut planner = RealFftPlanner::<f64>::new();
        let (forward, inverse) = (planner.plan_fft_forward(self.frame), planner.plan_fft_inverse(self.frame));
        let mut cepstrum = inverse.make_output_vec();
        let mut done = inverse.process(&mut logs, &mut cepstrum).is_ok();
        let half = self.frame / 2;
        cepstrum[1..half].iter_mut().for_each(|value| *value *= 2.0);
        cepstrum[half + 1..].fill(0.0);
        done &= forward.process(&mut cepstrum, &mut logs).is_ok();
        debug_assert!(done, "the buffers are the plans' own");
        logs.iter().map(|value| value.im / self.frame as f64).collect()
    }

    /// Log magnitudes of linear gear, which is known wherever the input has something: in between and beyond it goes on
    /// straight, as a step there would bring a phase of its own.
    fn held_logs(&self, weights: &[f64]) -> Vec<f64> {
        let bins = self.cross.len();
        let known: Vec<(usize, f64)> = (0..bins)
            .filter(|&bin| weights[bin] > 0.0)
            .map(|bin| (bin, (self.cross[bin].norm() / self.input[bin]).max(1e-30).ln()))
            .collect();
        let mut logs = vec![0.0; bins];
        let (Some(&first), Some(&last)) = (known.first(), known.last()) else { return logs };
        logs[..first.0].fill(first.1);
        logs[last.0..].fill(last.1);
        for pair in known.windows(2) {
            let ((a, low), (b, high)) = (pair[0], pair[1]);
            for (bin, log) in logs.iter_mut().enumerate().take(b).skip(a) {
                *log = low + (bin - a) as f64 / (b - a) as f64 * (high - low);
            }
        }
        logs
    }

    /// Log magnitudes of gear that distorts: where the input has next to nothing the gear lets next to nothing through,
    /// and what is 60 dB down is not looked into.
    fn floored_logs(&self) -> Vec<f64> {
        let strongest = self.input.iter().copied().fold(0.0, f64::max);
        let sizes: Vec<f64> = self
            .cross
            .iter()
            .zip(&self.input)
            .map(|(c, x)| c.norm() / (x + WEAK * strongest).max(1e-300))
            .collect();
        let floor = 1e-3 * sizes.iter().copied().fold(0.0, f64::max);
        sizes.iter().map(|size| size.hypot(floor).max(1e-30).ln()).collect()
    }
}
