//! The filters that double a sample rate and halve it.

use crate::dsp::convolver::Convolver;

/// The first half of each symmetric response with its middle, at the faster of a stage's rates. The first stage
/// stands at the model's rate, the last at the fastest.
///
/// They are the best of their length in the Chebyshev sense (Lawson's iteration of weighted least squares; Rice and
/// Usow, "The Lawson algorithm and extensions", 1968). The pass bands end at 20 kHz of a model of 48 kHz, the stop
/// bands begin at 28, 68 and 164 kHz: what lies between is images and aliases of what is above 20 kHz. Errors in the
/// stop band weigh 50 times as much as in the pass band in the first stage, and 10 times in the others.
pub(super) const STAGES: [&[f32]; 3] = [&FIRST, &SECOND, &THIRD];

/// 53 taps: within 0.011 dB, 92 dB down.
#[rustfmt::skip]
const FIRST: [f32; 27] = [
    -0.000011814386, -0.00030701244, -0.0006826367, -0.00013991173, 0.0011120252, 0.0005943955, -0.001886424,
    -0.001518568, 0.002908928, 0.0030975528, -0.004160055, -0.005582169, 0.0055980342, 0.0093054855,
    -0.0071545015, -0.014752218, 0.008738586, 0.022743758, -0.010244453, -0.03496241, 0.011562039, 0.05575777,
    -0.012588712, -0.101194136, 0.013241151, 0.3166449, 0.4865351,
];

/// 21 taps: within 0.001 dB, 99 dB down.
#[rustfmt::skip]
const SECOND: [f32; 11] = [
    0.0003132819, -0.00013996263, -0.0032931643, -0.0020746845, 0.012949525, 0.016388806, -0.030382037,
    -0.067185424, 0.04887885, 0.30298153, 0.44301844,
];

/// 17 taps: more than 140 dB down.
#[rustfmt::skip]
const THIRD: [f32; 9] = [
    -0.00072607276, -0.0014363059, 0.005264301, 0.012998225, -0.017179795, -0.061627842, 0.03295266,
    0.30006605, 0.459378,
];

/// Delay of the way up and back through the first `stages`, in samples at the slowest rate: what is half a response
/// each at the faster rate, twice. A whole number for the lengths above.
pub(super) fn delay_samples(stages: usize) -> usize {
    STAGES.iter().take(stages).enumerate().map(|(stage, half)| (half.len() - 1) >> stage).sum()
}

/// The response's even and odd taps, all times `gain`.
fn phases(half: &[f32], gain: f32) -> [Vec<f32>; 2] {
    let whole = half.iter().chain(half.iter().rev().skip(1));
    let mut phases = [Vec::new(), Vec::new()];
    for (at, tap) in whole.enumerate() {
        phases[at % 2].push(gain * tap);
    }
    phases
}

/// Twice the rate: the filter after a zero behind every sample, which leaves even taps for even samples.
pub(super) struct Doubler {
    phases: [Convolver; 2],
    filtered: Vec<f32>,
}

impl Doubler {
    pub fn new(half: &[f32]) -> Self {
        // The zeros take half the level.
        Self { phases: phases(half, 2.0).map(|taps| Convolver::new(&taps)), filtered: Vec::new() }
    }

    pub fn prepare(&mut self, max_samples: usize) {
        self.filtered = vec![0.0; max_samples];
    }

    pub fn reset(&mut self) {
        self.phases.iter_mut().for_each(Convolver::reset);
    }

    pub fn run(&mut self, slower: &[f32], faster: &mut [f32]) {
        let filtered = &mut self.filtered[..slower.len()];
        for (at, phase) in self.phases.iter_mut().enumerate() {
            phase.process(slower, filtered);
            let ours = faster.iter_mut().skip(at).step_by(2);
            ours.zip(&*filtered).for_each(|(to, from)| *to = *from);
        }
    }
}

/// Half the rate: of what is filtered, every second sample.
pub(super) struct Halver {
    phases: [Convolver; 2],
    taken: Vec<f32>,
    filtered: Vec<f32>,
}

impl Halver {
    pub fn new(half: &[f32]) -> Self {
        let [even, mut odd] = phases(half, 1.0);
        // The odd sample of a pair comes after the even one, which is the one that stays.
        odd.insert(0, 0.0);
        Self {
            phases: [even, odd].map(|taps| Convolver::new(&taps)),
            taken: Vec::new(),
            filtered: Vec::new(),
        }
    }

    pub fn prepare(&mut self, max_samples: usize) {
        self.taken = vec![0.0; max_samples];
        self.filtered = vec![0.0; max_samples];
    }

    pub fn reset(&mut self) {
        self.phases.iter_mut().for_each(Convolver::reset);
    }

    pub fn run(&mut self, faster: &[f32], slower: &mut [f32]) {
        let (taken, filtered) = (&mut self.taken[..slower.len()], &mut self.filtered[..slower.len()]);
        slower.fill(0.0);
        for (at, phase) in self.phases.iter_mut().enumerate() {
            let ours = faster.iter().skip(at).step_by(2);
            taken.iter_mut().zip(ours).for_each(|(to, from)| *to = *from);
            phase.process(taken, filtered);
            slower.iter_mut().zip(&*filtered).for_each(|(sum, part)| *sum += part);
        }
    }
}
