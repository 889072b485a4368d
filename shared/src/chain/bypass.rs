//! Past an effect and back without a click, at the effect's own delay.

use super::Format;
use crate::dsp::delay::Delay;
use crate::dsp::ramp::Ramp;

/// How long the way past an effect or back into it takes, in seconds.
const FADE_SECONDS: f64 = 0.020;

/// A fade between what an effect gives and what it was given, delayed as much. The effect
/// keeps running, so that no old sound bursts out of it when it is heard again.
///
/// Channels are anything that lends slices; of each the first `length` samples are meant, at most as many as
/// prepared for.
pub struct Bypass {
    /// 1 where the effect is heard.
    share: Ramp,
    /// None for an effect without delay.
    delays: Vec<Delay>,
    dry: Vec<Vec<f32>>,
    shares: Vec<f32>,
}

impl Bypass {
    /// For an effect with that delay, in the path or out of it.
    pub fn new(format: Format, latency_samples: usize, on: bool) -> Self {
        let fade_samples = (FADE_SECONDS * format.sample_rate_hz) as usize;
        let block = vec![0.0; format.max_block_samples];
        Self {
            share: Ramp::new(f32::from(u8::from(on)), fade_samples),
            delays: if latency_samples > 0 {
                vec![Delay::new(latency_samples); format.channels]
            } else {
                vec![]
            },
            dry: vec![block.clone(); format.channels],
            shares: block,
        }
    }

    /// Before the effect: keeps what goes in, where that may be heard now or, delayed, later.
    pub fn keep<C: AsRef<[f32]>>(&mut self, channels: &[C], length: usize) {
        if self.delays.is_empty() && self.share.rests_at(1.0) {
            return;
        }
        for (dry, channel) in self.dry.iter_mut().zip(channels) {
            dry[..length].copy_from_slice(&channel.as_ref()[..length]);
        }
        for (delay, dry) in self.delays.iter_mut().zip(&mut self.dry) {
            delay.process(&mut dry[..length]);
        }
    }

    /// After the effect: what is heard.
    pub fn mix<C: AsMut<[f32]>>(&mut self, channels: &mut [C], length: usize) {
        if self.share.rests_at(1.0) {
            return;
        }
        let shares = &mut self.shares[..length];
        self.share.fill(shares);
        for (dry, channel) in self.dry.iter().zip(channels) {
            for ((wet, dry), share) in channel.as_mut().iter_mut().zip(dry).zip(&*shares) {
                // Where the effect is not heard at all, nothing of it may be, be it no number.
                *wet = if *share == 0.0 { *dry } else { dry + share * (*wet - dry) };
            }
        }
    }

    /// Sets off into the effect or past it.
    pub fn aim(&mut self, on: bool) {
        self.share.aim(f32::from(u8::from(on)));
    }

    /// Is at once where it was going.
    pub fn finish(&mut self) {
        self.share.finish();
    }

    /// Whether nothing of the effect is heard, and nothing will be.
    pub fn is_past(&self) -> bool {
        self.share.rests_at(0.0)
    }

    /// Silence before, and at once where it was going.
    pub fn reset(&mut self) {
        self.share.finish();
        self.delays.iter_mut().for_each(Delay::reset);
    }
}
