//! The loudspeakers' place in the rack.

use super::cuts::Cuts;
use super::swap::{Mailbox, Swap};
use super::{CabControls, RackFormat, Speaker};
use shared::dsp::ramp::Ramp;
use smallvec::SmallVec;

/// How long a change of the blend, or the way past the loudspeakers or back, takes, in seconds.
const GLIDE_SECONDS: f64 = 0.020;

/// How long a loudspeaker that is heard again takes to be given all of the sound, and one that is not to be given none, in
/// seconds. What begins or ends at once makes a loudspeaker answer with a crack.
const OPENING_SECONDS: f64 = 0.005;

/// In this time all that the cuts hold is gone: the lowest falls by 190 dB, in seconds.
const SETTLE_SECONDS: f64 = 0.25;

/// Channels that the audio thread can play without asking for memory.
const USUAL_CHANNELS: usize = 8;

/// Two loudspeakers, their blend, the cuts behind them, and the way past all of it. Without delay.
///
/// The blend is linear: two microphones before one loudspeaker give sounds that are much alike, so that equal powers
/// would make the middle louder. What is not heard, the second loudspeaker at one end of the blend, the first at the other, or both
/// when they are switched off, is given silence until nothing is left of what it played; then it costs nothing. So
/// nothing old can burst out of it: heard again, it is faded in and plays what comes from that moment on.
#[derive(Default)]
pub(super) struct Cab {
    sides: [Side; 2],
    cuts: Cuts,
    /// 1 where the loudspeakers are heard.
    on: Option<Ramp>,
    /// 1 where the second one is.
    blend: Option<Ramp>,
    blocks: Blocks,
    /// Nothing was played lately that could still be heard.
    asleep: bool,
}

/// One of the loudspeakers.
#[derive(Default)]
struct Side {
    speakers: Swap<Speaker>,
    wet: Vec<Vec<f32>>,
    /// How much of the sound it is given.
    opening: Option<Ramp>,
    /// Samples since it was heard last; it is given silence then, but for the first few.
    quiet_samples: usize,
    settle_samples: usize,
}

/// Memory for a part of a block.
#[derive(Default)]
struct Blocks {
    dry: Vec<Vec<f32>>,
    /// What a loudspeaker is given that is not given all of the sound.
    partly: Vec<Vec<f32>>,
    on: Vec<f32>,
    blend: Vec<f32>,
    openings: Vec<f32>,
}

impl Cab {
    /// Gets ready. Not for the audio thread.
    pub fn prepare(&mut self, format: &RackFormat, mailboxes: &[Mailbox<Speaker>; 2]) {
        let wide = format.wide();
        let block = vec![0.0; wide.max_block_samples];
        let channels = vec![block.clone(); wide.channels];
        for (side, mailbox) in self.sides.iter_mut().zip(mailboxes) {
            side.speakers.prepare(format, wide.channels, mailbox);
            side.wet = channels.clone();
            side.opening = Some(Ramp::new(0.0, format.samples(OPENING_SECONDS)));
            side.settle_samples = format.samples(OPENING_SECONDS) + format.samples(SETTLE_SECONDS);
        }
        self.cuts.prepare(format);
        self.on = Some(Ramp::new(1.0, format.samples(GLIDE_SECONDS)));
        self.blend = Some(Ramp::new(0.0, format.samples(GLIDE_SECONDS)));
        self.blocks = Blocks {
            dry: channels.clone(),
            partly: channels,
            on: block.clone(),
            blend: block.clone(),
            openings: block,
        };
        self.reset(mailboxes);
    }

    /// Takes over loudspeakers that wait: at once where nothing was heard yet or nothing is.
    pub fn take(&mut self, format: &RackFormat, mailboxes: &[Mailbox<Speaker>; 2], silent: bool) {
        for (side, mailbox) in self.sides.iter_mut().zip(mailboxes) {
            side.speakers.take(format, mailbox, silent || side.quiet_samples > 0);
        }
    }

    /// What the player wants, at the beginning of a block.
    pub fn aim(&mut self, controls: &CabControls, jump: bool) {
        let (Some(on), Some(blend)) = (&mut self.on, &mut self.blend) else { return };
        on.aim(f32::from(u8::from(controls.on)));
        if controls.blend.is_finite() {
            blend.aim(controls.blend.clamp(0.0, 1.0));
        }
        self.cuts.aim(controls);
        if jump {
            on.finish();
            blend.finish();
            self.cuts.reset();
            let heard = [controls.on && !blend.rests_at(1.0), controls.on && !blend.rests_at(0.0)];
            for (side, heard) in self.sides.iter_mut().zip(heard) {
                side.open(heard);
            }
        }
    }

    /// Through the loudspeakers, in place. The channels carry the guitar: of one that is mono, all of them the same. They are as
    /// many and as long as prepared; what lies behind `length` may be anything afterwards.
    pub fn process(&mut self, signal: &mut [Vec<f32>], length: usize, mailboxes: &[Mailbox<Speaker>; 2]) {
        let (Some(on), Some(blend)) = (&mut self.on, &mut self.blend) else { return };
        let always_on = on.rests_at(1.0);
        let Blocks { dry, partly, on: ons, blend: shares, openings } = &mut self.blocks;
        let (ons, shares) = (&mut ons[..length], &mut shares[..length]);
        on.fill(ons);
        blend.fill(shares);
        // To the end of what is heard of each.
        let heard = |is: &dyn Fn(f32) -> bool| {
            ons.iter()
                .zip(&*shares)
                .rposition(|(on, share)| *on > 0.0 && is(*share))
                .map_or(0, |last| last + 1)
        };
        let heard = [heard(&|share| share < 1.0), heard(&|share| share > 0.0)];
        let mut plays = [false; 2];
        for (at, (side, mailbox)) in self.sides.iter_mut().zip(mailboxes).enumerate() {
            plays[at] = side.play(signal, (&mut *partly, &mut openings[..length]), heard[at], mailbox);
        }
        if plays == [false; 2] {
            self.asleep = true;
            return;
        }
        if self.asleep {
            self.cuts.reset();
            self.asleep = false;
        }
        if !always_on {
            copy(signal, dry, length);
        }
        let [first, second] = &mut self.sides;
        match plays {
            [true, false] => swap(signal, &mut first.wet),
            [false, true] => swap(signal, &mut second.wet),
            _ => {
                for ((signal, first), second) in signal.iter_mut().zip(&first.wet).zip(&second.wet) {
                    for (i, share) in shares.iter().enumerate() {
                        signal[i] = first[i] + share * (second[i] - first[i]);
                    }
                }
            }
        }
        // Reaches for memory only with more channels than any plugin has.
        let mut channels: SmallVec<[&mut [f32]; USUAL_CHANNELS]> =
            signal.iter_mut().map(|channel| &mut channel[..length]).collect();
        self.cuts.process(&mut channels);
        if !always_on {
            for (channel, dry) in channels.iter_mut().zip(&*dry) {
                for ((wet, dry), on) in channel.iter_mut().zip(dry).zip(&*ons) {
                    *wet = if *on == 0.0 { *dry } else { dry + on * (*wet - dry) };
                }
            }
        }
    }

    /// Silence before.
    pub fn reset(&mut self, mailboxes: &[Mailbox<Speaker>; 2]) {
        for (side, mailbox) in self.sides.iter_mut().zip(mailboxes) {
            side.speakers.reset(mailbox);
            side.quiet_samples = usize::MAX;
        }
        self.sides.iter_mut().for_each(|side| side.open(false));
        self.cuts.reset();
        for ramp in [&mut self.on, &mut self.blend].into_iter().flatten() {
            ramp.finish();
        }
        self.asleep = true;
    }

    /// Samples that sound on after the input has ended, or until nothing is left in what is not heard any more.
    pub fn tail_samples(&self) -> usize {
        let rests_at = |ramp: &Option<Ramp>, value| ramp.as_ref().is_none_or(|ramp| ramp.rests_at(value));
        let off = rests_at(&self.on, 0.0);
        let unheard = [off || rests_at(&self.blend, 1.0), off || rests_at(&self.blend, 0.0)];
        let tail = |(side, unheard): (&Side, bool)| match (side.speakers.newest(), unheard) {
            (Some(speaker), false) => speaker.tail_samples(),
            (Some(_), true) if !side.is_drained() => side.drain_samples(),
            _ => 0,
        };
        let tails = self.sides.iter().zip(unheard).map(tail).max().unwrap_or(0);
        if off { tails } else { tails + self.cuts.tail_samples() }
    }
}

/// What sleep goes by, which must not depend on where the host's blocks end.
impl Cab {
    /// Samples that any of it may sound on, whatever is heard of it: the same until a loudspeaker or a cut is changed.
    pub fn longest_tail_samples(&self) -> usize {
        let speakers = self.sides.iter().filter_map(|side| side.speakers.newest());
        speakers.map(Speaker::tail_samples).max().unwrap_or(0) + self.cuts.tail_samples()
    }

    /// Whether nothing moves, and nothing is left in what is not heard.
    pub fn is_settled(&self) -> bool {
        let there = |ramp: &Option<Ramp>| ramp.as_ref().is_none_or(Ramp::is_there);
        let rests_at = |ramp: &Option<Ramp>, value| ramp.as_ref().is_none_or(|ramp| ramp.rests_at(value));
        let off = rests_at(&self.on, 0.0);
        let unheard = [off || rests_at(&self.blend, 1.0), off || rests_at(&self.blend, 0.0)];
        let mut sides = self.sides.iter().zip(unheard);
        there(&self.on)
            && there(&self.blend)
            && sides.all(|(side, unheard)| !side.speakers.is_fading() && (!unheard || side.is_drained()))
    }
}

impl Side {
    /// Is at once given all of the sound or none.
    fn open(&mut self, heard: bool) {
        if let Some(opening) = &mut self.opening {
            opening.jump(f32::from(u8::from(heard)));
        }
    }

    /// Plays a block of which only the first `heard` samples are heard, with memory for what it is given, as long as the
    /// block. Returns whether there was any need to.
    fn play(
        &mut self,
        signal: &[Vec<f32>],
        (partly, openings): (&mut [Vec<f32>], &mut [f32]),
        heard: usize,
        mailbox: &Mailbox<Speaker>,
    ) -> bool {
        let length = openings.len();
        if heard == 0 && self.is_drained() {
            return false;
        }
        let Some(opening) = &mut self.opening else { return false };
        let input = if heard == length && opening.rests_at(1.0) {
            signal
        } else {
            let (open, closed) = openings.split_at_mut(heard);
            for (part, target) in [(open, 1.0), (closed, 0.0)] {
                if !part.is_empty() {
                    opening.aim(target);
                    opening.fill(part);
                }
            }
            for (part, signal) in partly.iter_mut().zip(signal) {
                part.iter_mut().zip(signal).zip(&*openings).for_each(|((part, x), gain)| *part = gain * x);
            }
            &*partly
        };
        self.speakers.play(input, &mut self.wet, length, mailbox);
        let before = if heard > 0 { 0 } else { self.quiet_samples };
        self.quiet_samples = before.saturating_add(length - heard);
        true
    }

    /// Whether nothing is left of what was played.
    fn is_drained(&self) -> bool {
        !self.speakers.is_fading() && self.quiet_samples >= self.drain_samples()
    }

    /// Samples after which nothing is left of what was heard.
    fn drain_samples(&self) -> usize {
        self.speakers.newest().map_or(0, Speaker::memory_samples) + self.settle_samples
    }
}

/// Exchanges what is kept for the longest block, without copying a sample.
fn swap(a: &mut [Vec<f32>], b: &mut [Vec<f32>]) {
    a.iter_mut().zip(b).for_each(|(a, b)| std::mem::swap(a, b));
}

fn copy(from: &[Vec<f32>], to: &mut [Vec<f32>], length: usize) {
    to.iter_mut().zip(from).for_each(|(to, from)| to[..length].copy_from_slice(&from[..length]));
}

#[cfg(test)]
mod tests;
