//! Sleep: nothing is computed once silence came in and all that sounded has died away.
//!
//! A model's answer to silence need not be silence but may be a constant, its rest value. It is faded out when the rack
//! falls asleep, and in again when it wakes, so that neither makes a step. The equaliser glides on meanwhile, and what it
//! makes of a constant with it. Everything is counted in samples of the
//! stream, so that what is heard does not depend on the host's blocks.

use super::RackFormat;
use shared::dsp::ramp::Ramp;

/// How long the rest value takes to go and to come back, and how long the output must have been constant
/// before, in seconds.
const FADE_SECONDS: f64 = 0.050;

/// What moves less than this, 120 dB below full scale, is constant.
const CONSTANT: f32 = 1e-6;

/// Whether the rack sleeps, and what it takes to fall asleep and wake.
pub(super) struct Sleep {
    /// Samples of silence that came in last.
    silent: usize,
    /// Samples from one look at the output to the next.
    window: usize,
    asleep: bool,
    /// What the equaliser made of a constant when it fell asleep, as a factor.
    constant_gain: f32,
    /// How much of the rest value is heard.
    share: Ramp,
    channels: Vec<Rest>,
}

/// The output of a channel since the last look.
#[derive(Clone, Copy)]
struct Rest {
    low: f32,
    high: f32,
    /// What it came to rest at.
    value: f32,
}

impl Rest {
    const NONE: Self = Self { low: f32::INFINITY, high: f32::NEG_INFINITY, value: 0.0 };

    /// Looks anew. The value stays: it may still be on its way back.
    fn forget(&mut self) {
        (self.low, self.high) = (Self::NONE.low, Self::NONE.high);
    }

    fn look(&mut self, signal: &[f32]) {
        for sample in signal {
            (self.low, self.high) = (self.low.min(*sample), self.high.max(*sample));
        }
    }

    fn is_constant(&self) -> bool {
        self.high - self.low <= CONSTANT
    }
}

impl Sleep {
    /// Awake, for no channels.
    pub fn new() -> Self {
        let (share, channels) = (Ramp::new(1.0, 1), Vec::new());
        Self { silent: 0, window: 1, asleep: false, constant_gain: 1.0, share, channels }
    }

    /// Gets ready. Not for the audio thread.
    pub fn prepare(&mut self, format: &RackFormat) {
        self.window = format.samples(FADE_SECONDS);
        self.share = Ramp::new(1.0, self.window);
        self.channels = vec![Rest::NONE; format.channels_out];
        self.reset();
    }

    /// Awake, and nothing faded.
    pub fn reset(&mut self) {
        (self.silent, self.asleep) = (0, false);
        self.share.jump(1.0);
        self.channels.fill(Rest::NONE);
    }

    /// There is sound or a change: awake, and silence counts anew. `constant_gain` is what the equaliser makes of a constant
    /// now: the rest value is another one if that has changed.
    pub fn wake(&mut self, constant_gain: f32) {
        if self.asleep && self.constant_gain != 0.0 {
            let change = constant_gain / self.constant_gain;
            self.channels.iter_mut().for_each(|rest| rest.value *= change);
        }
        (self.silent, self.asleep) = (0, false);
        self.share.aim(1.0);
    }

    /// Whether nothing is computed.
    pub fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Whether nothing is heard either.
    pub fn is_deep(&self) -> bool {
        self.asleep && self.share.rests_at(0.0)
    }

    /// How long the next part is, of `most` samples that begin with `quiet` silent ones and end with `trailing` such. A
    /// part is silent as a whole, or ends with sound.
    pub fn part(&self, quiet: usize, trailing: usize, most: usize, tail_samples: usize) -> usize {
        if self.asleep {
            return quiet.min(most);
        }
        let to_look = match self.silent.checked_sub(tail_samples) {
            None => tail_samples - self.silent,
            Some(since) => self.window - since % self.window,
        };
        if quiet >= to_look {
            to_look
        } else if quiet == most {
            most
        } else {
            most - trailing
        }
    }

    /// What the parts made of a part of the stream, while awake. `can_sleep` says, if nothing moves in them, what the
    /// equaliser makes of a constant.
    pub fn listen(
        &mut self,
        signal: &[Vec<f32>],
        length: usize,
        is_silence: bool,
        tail_samples: usize,
        can_sleep: Option<f32>,
    ) {
        if !is_silence {
            self.silent = 0;
            return;
        }
        let before = self.silent;
        self.silent += length;
        if before < tail_samples {
            self.channels.iter_mut().for_each(Rest::forget);
            return;
        }
        self.channels.iter_mut().zip(signal).for_each(|(rest, signal)| rest.look(&signal[..length]));
        if !(self.silent - tail_samples).is_multiple_of(self.window) {
            return;
        }
        if let Some(constant_gain) = can_sleep
            && self.share.rests_at(1.0)
            && self.channels.iter().all(Rest::is_constant)
        {
            (self.asleep, self.constant_gain) = (true, constant_gain);
            self.share.aim(0.0);
            let each = self.channels.iter_mut().zip(signal);
            each.for_each(|(rest, signal)| rest.value = signal[length - 1]);
        }
        self.channels.iter_mut().for_each(Rest::forget);
    }

    /// What is heard while asleep: the rest value, as it goes.
    pub fn play(&mut self, signal: &mut [Vec<f32>], shares: &mut [f32]) {
        self.share.fill(shares);
        for (signal, rest) in signal.iter_mut().zip(&self.channels) {
            signal.iter_mut().zip(&*shares).for_each(|(sample, share)| *sample = rest.value * share);
        }
    }

    /// What is heard after waking: without what is not back yet of the rest value.
    pub fn mend(&mut self, signal: &mut [Vec<f32>], shares: &mut [f32]) {
        if self.share.rests_at(1.0) {
            return;
        }
        self.share.fill(shares);
        for (signal, rest) in signal.iter_mut().zip(&self.channels) {
            let each = signal.iter_mut().zip(&*shares);
            each.for_each(|(sample, share)| *sample += rest.value * (share - 1.0));
        }
    }
}

/// How many samples at the beginning are silent in all channels.
pub(super) fn silent_at_first(channels: &[&mut [f32]], from: usize, to: usize) -> usize {
    let each = channels.iter().map(|c| c[from..to].iter().take_while(|s| **s == 0.0).count());
    each.min().unwrap_or(0)
}

/// How many samples at the end are silent in all channels.
pub(super) fn silent_at_last(channels: &[&mut [f32]], from: usize, to: usize) -> usize {
    let each = channels.iter().map(|c| c[from..to].iter().rev().take_while(|s| **s == 0.0).count());
    each.min().unwrap_or(0)
}
