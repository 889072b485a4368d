//! Solo: only what lies in the chosen bands is heard.

use super::controls::BandControls;
use super::glide::Pace;
use super::headroom::Headroom;
use super::path::{Line, Part, STEP_SAMPLES};
use super::settings::{BAND_RANGES, BANDS, EqSettings};
use crate::dsp::svf::{Coefficients, Series};
use std::array::from_fn;

/// How long it takes from all to a band, or from one band to another, in seconds.
const FADE_SECONDS: f64 = 0.020;
/// Time constant of the pole behind it, in seconds.
const CORNER_SECONDS: f64 = 0.003;

/// The filters of two channels: what lies in each band.
#[derive(Clone, Debug)]
pub struct Regions([Series<1>; BANDS]);

impl Default for Regions {
    fn default() -> Self {
        Self(from_fn(|_| Series::new(2)))
    }
}

impl Regions {
    /// Silence before.
    pub fn reset(&mut self) {
        self.0.iter_mut().for_each(Series::reset);
    }
}

/// Regions side by side, each by its weight, and the fade between them and all.
#[derive(Clone, Debug)]
pub struct Solo {
    sample_rate_hz: f64,
    /// Of the fades: the straight way, and the pole behind it.
    paces: [Pace; 2],
    /// Whether any band is soloed.
    wanted: bool,
    targets: [f64; BANDS],
    weights: [Fade; BANDS],
    /// The weights, and what keeps their sum from being louder than all.
    lines: [Line; BANDS],
    /// 0 all, 1 the regions alone.
    share: Fade,
    fade: Line,
    goal: [Coefficients; BANDS],
    /// Bands and weights that what follows from them was computed for: the filters, and how loud the regions
    /// are together.
    computed: Option<(EqSettings, [f64; BANDS])>,
    together: f64,
    /// The regions begin, and so need no glide.
    begins: bool,
    /// Whether anything but all was heard in the step before.
    heard: bool,
    ended: bool,
}

impl Solo {
    /// No band.
    pub fn new(sample_rate_hz: f64) -> Self {
        let step_seconds = STEP_SAMPLES as f64 / sample_rate_hz;
        Self {
            sample_rate_hz,
            paces: [
                Pace::new(step_seconds, 0.0, 1.0 / FADE_SECONDS, 0.0),
                Pace::new(step_seconds, CORNER_SECONDS, f64::INFINITY, 1e-6),
            ],
            wanted: false,
            targets: [0.0; BANDS],
            weights: [Fade::default(); BANDS],
            lines: [Line::at(0.0); BANDS],
            share: Fade::default(),
            fade: Line::at(0.0),
            goal: [Coefficients::PASS; BANDS],
            computed: None,
            together: 1.0,
            begins: false,
            heard: false,
            ended: false,
        }
    }

    /// No band.
    pub fn reset(&mut self) {
        *self = Self::new(self.sample_rate_hz);
    }

    /// Which bands the player wants to hear alone.
    pub fn aim(&mut self, controls: &[BandControls; BANDS], enabled: bool) {
        self.wanted = enabled && controls.iter().any(|c| c.solo);
        // While the last one fades out, it stays what it was.
        if self.wanted {
            self.targets = from_fn(|band| f64::from(u8::from(controls[band].solo)));
        }
    }

    /// Is there at once.
    pub fn arrive(&mut self) {
        let share = f64::from(u8::from(self.wanted));
        self.weights = self.targets.map(Fade::at);
        self.lines = self.targets.map(Line::at);
        (self.share, self.fade) = (Fade::at(share), Line::at(share));
    }

    /// Moves a step, with the bands where they are now.
    pub fn step(&mut self, bands: &EqSettings, headroom: &mut Headroom) {
        let was_heard = self.heard;
        if !was_heard {
            // Nothing is heard of it yet: the weights need no fade of their own.
            self.weights = self.targets.map(Fade::at);
        }
        self.fade.go(self.share.step(f64::from(u8::from(self.wanted)), &self.paces));
        self.heard = !self.is_idle();
        self.ended = was_heard && !self.heard;
        if !self.heard {
            return;
        }
        let each = self.weights.iter_mut().zip(&self.targets);
        let mut weights = [0.0; BANDS];
        weights.iter_mut().zip(each).for_each(|(w, (fade, target))| *w = fade.step(*target, &self.paces));
        self.compute(bands, &weights, headroom);
        for (line, weight) in self.lines.iter_mut().zip(&weights) {
            line.go(weight / self.together);
            if !was_heard {
                *line = Line::at(line.to);
            }
        }
        self.begins = !was_heard;
    }

    /// What follows from bands and weights, if they moved.
    fn compute(&mut self, bands: &EqSettings, weights: &[f64; BANDS], headroom: &mut Headroom) {
        if self.computed.as_ref().is_some_and(|(b, w)| b == bands && w == weights) {
            return;
        }
        self.computed = Some((*bands, *weights));
        self.together = if weights.iter().sum::<f64>() > 1.0 {
            headroom.regions_peak(bands, weights).max(1.0)
        } else {
            1.0
        };
        for ((goal, band), range) in self.goal.iter_mut().zip(&bands.bands).zip(&BAND_RANGES) {
            let [frequency_hz, q] = [band.frequency_hz, band.q].map(f64::from);
            *goal = Coefficients::solo(range.shape, frequency_hz, q, self.sample_rate_hz);
        }
    }

    /// Whether all is heard, for this whole step.
    pub fn is_idle(&self) -> bool {
        self.fade.is(0.0)
    }

    /// Whether it was heard until the last step and is no more.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Processes `samples` of a step, the first of which is the step's sample `first`.
    pub fn run(&self, regions: &mut Regions, first: usize, samples: usize, signal: &mut Part) {
        if self.is_idle() {
            return;
        }
        let mut sum: Part = [[0.0; STEP_SAMPLES]; 2];
        for ((series, line), goal) in regions.0.iter_mut().zip(&self.lines).zip(&self.goal) {
            if self.begins && first == 0 {
                series.jump_to([*goal]);
            }
            let mut region = *signal;
            let [left, right] = &mut region;
            series.process(&mut [&mut left[..samples], &mut right[..samples]], || Some([*goal]));
            for (sum, region) in sum.iter_mut().zip(&region) {
                let each = sum.iter_mut().zip(region).zip(first..);
                each.for_each(|((sum, x), i)| *sum += line.value(i) * x);
            }
        }
        for (x, sum) in signal.iter_mut().zip(&sum) {
            let each = x.iter_mut().zip(sum).zip(first..);
            each.for_each(|((x, sum), i)| *x += self.fade.value(i) * (sum - *x));
        }
    }

    /// As [`run`](Self::run), of a signal that has come to rest.
    pub fn rest(&self, regions: &mut Regions, first: usize, samples: usize) {
        if self.is_idle() {
            return;
        }
        for (series, goal) in regions.0.iter_mut().zip(&self.goal) {
            if self.begins && first == 0 {
                series.jump_to([*goal]);
            }
            series.rest(samples, || Some([*goal]));
        }
    }
}

/// A straight fade, and a pole behind it that takes the corners off.
#[derive(Clone, Copy, Debug, Default)]
struct Fade {
    straight: f64,
    round: f64,
}

impl Fade {
    fn at(value: f64) -> Self {
        Self { straight: value, round: value }
    }

    fn step(&mut self, target: f64, paces: &[Pace; 2]) -> f64 {
        paces[0].step(&mut self.straight, target);
        paces[1].step(&mut self.round, self.straight);
        self.round
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_regions_follow_bands_that_move() {
        let mut headroom = Headroom::new(48_000.0);
        let mut controls = [BandControls::default(); BANDS];
        (controls[1].solo, controls[2].solo) = (true, true);
        let arrived = |bands: &EqSettings, headroom: &mut Headroom| {
            let mut solo = Solo::new(48_000.0);
            solo.aim(&controls, true);
            solo.arrive();
            solo.step(bands, headroom);
            solo
        };
        let mut bands = EqSettings::flat();
        let mut solo = arrived(&bands, &mut headroom);
        solo.step(&bands, &mut headroom);
        (bands.bands[1].frequency_hz, bands.bands[2].frequency_hz) = (900.0, 950.0);
        solo.step(&bands, &mut headroom);
        let expected = arrived(&bands, &mut headroom);
        assert!(expected.together > 1.1, "{}", expected.together);
        assert_eq!(solo.together, expected.together);
        assert_eq!(solo.lines.map(|l| l.to), expected.lines.map(|l| l.to));
        assert_eq!(format!("{:?}", solo.goal), format!("{:?}", expected.goal));
    }
}
