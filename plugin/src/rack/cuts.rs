//! The low and the high cut behind the loudspeakers.

use super::{CabControls, RackFormat};
use shared::dsp::approach::Approach;
use shared::dsp::butterworth::{Design, Pass};
use shared::dsp::svf::{Coefficients, GRAIN, Series};

/// Both are of second order: 12 dB per octave.
const ORDER: usize = 2;
/// Time constant of each of the two poles that a cut glides by, in seconds: after five of them 96 % of the way is done.
const GLIDE_SECONDS: f64 = 0.008;
/// So near, in octaves, a frequency has arrived.
const THERE_OCTAVES: f64 = 1e-5;
/// So near a share has arrived: what a constant would jump by, 100 dB down.
const THERE_SHARE: f64 = 1e-5;

/// A Butterworth high-pass and low-pass. At its end position a cut is not there at all: every bit passes. On the way there the
/// filter, at that end, is mixed with the sound as it comes in, so that nothing jumps, a constant neither.
pub(super) struct Cuts {
    cuts: [Cut; 2],
    filters: Series<2>,
    sample_rate_hz: f64,
}

struct Cut {
    design: Design,
    /// Octaves above 1 Hz.
    octaves: Approach,
    /// 0 where nothing is cut, 1 where it is.
    share: Approach,
}

impl Default for Cuts {
    fn default() -> Self {
        let low = Cut::new(Pass::High, CabControls::NO_LOW_CUT_HZ);
        let high = Cut::new(Pass::Low, CabControls::NO_HIGH_CUT_HZ);
        Self { cuts: [low, high], filters: Series::new(0), sample_rate_hz: 1.0 }
    }
}

impl Cuts {
    /// Gets ready. Not for the audio thread.
    pub fn prepare(&mut self, format: &RackFormat) {
        self.sample_rate_hz = format.sample_rate_hz;
        let grains = GLIDE_SECONDS * format.sample_rate_hz / GRAIN as f64;
        for cut in &mut self.cuts {
            cut.octaves.set_pace(grains);
            cut.share.set_pace(grains);
        }
        self.filters = Series::new(format.channels_out).resting();
        self.reset();
    }

    /// What the player wants, at the beginning of a block. What is no number changes nothing.
    pub fn aim(&mut self, controls: &CabControls) {
        let [low, high] = &mut self.cuts;
        low.aim(controls.low_cut_hz, controls.low_cut_hz > CabControls::NO_LOW_CUT_HZ);
        high.aim(controls.high_cut_hz, controls.high_cut_hz < CabControls::NO_HIGH_CUT_HZ);
    }

    /// All channels, of one length, in place.
    pub fn process(&mut self, channels: &mut [&mut [f32]]) {
        let (cuts, rate) = (&mut self.cuts, self.sample_rate_hz);
        self.filters.process(channels, || {
            // Both, whether the first has moved or not.
            let moved = cuts.each_mut().map(Cut::step).contains(&true);
            moved.then(|| cuts.each_ref().map(|cut| cut.coefficients(rate)))
        });
    }

    /// Silence before, and at once where they were going.
    pub fn reset(&mut self) {
        for cut in &mut self.cuts {
            cut.octaves.finish();
            cut.share.finish();
        }
        self.filters.reset();
        self.filters.jump_to(self.cuts.each_ref().map(|cut| cut.coefficients(self.sample_rate_hz)));
    }

    /// Samples until 80 dB of what they hold have decayed.
    pub fn tail_samples(&self) -> usize {
        let tail = |cut: &Cut| cut.design.decay_samples(cut.octaves.target().exp2(), self.sample_rate_hz);
        self.cuts.iter().filter(|cut| cut.share.target() > 0.0).map(tail).max().unwrap_or(0)
    }
}

impl Cut {
    fn new(pass: Pass, at_hz: f32) -> Self {
        Self {
            design: Design::new(pass, ORDER),
            octaves: Approach::at(f64::from(at_hz).log2(), THERE_OCTAVES),
            share: Approach::at(0.0, THERE_SHARE),
        }
    }

    fn aim(&mut self, at_hz: f32, on: bool) {
        let octaves = f64::from(at_hz).log2();
        if octaves.is_finite() {
            self.octaves.aim(octaves);
            self.share.aim(f64::from(u8::from(on)));
        }
    }

    fn step(&mut self) -> bool {
        let moved = self.octaves.step();
        self.share.step() || moved
    }

    fn coefficients(&self, sample_rate_hz: f64) -> Coefficients {
        let [filter, ..] = self.design.coefficients(self.octaves.now().exp2(), sample_rate_hz);
        filter.mixed(self.share.now())
    }
}

#[cfg(test)]
mod tests;
