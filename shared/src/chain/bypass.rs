//! Past an effect and back without a click, at the effect's own delay.

use super::Format;
use crate::dsp::delay::Delay;
use crate::dsp::ramp::Ramp;

/// How long the way past an effect or back into it takes, in seconds.
const FADE_SECONDS: f64 = 0.020;

/// A fade between what an effect gives and what it was given, delayed as much. The effect
/// keeps running, so that no old sound bursts out of it when it is heard again.
pub(super) struct Bypass {
    /// 1 where the effect is heard.
    share: Ramp,
    /// None for an effect without delay.
    delays: Vec<Delay>,
    dry: Vec<Vec<f32>>,
    shares: Vec<f32>,
}

impl Bypass {
    pub fn new(format: Format, latency_samples: usize, on: bool) -> Self {
        let length = (FADE_SECONDS * format.sample_rate_hz) as usize;
        let block = vec![0.0; format.max_block_samples];
        Self {
            share: Ramp::new(f32::from(u8::from(on)), length),
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
    pub fn keep(&mut self, channels: &[&mut [f32]]) {
        if self.delays.is_empty() && self.share.rests_at(1.0) {
            return;
        }
        for (dry, channel) in self.dry.iter_mut().zip(channels) {
            dry[..channel.len()].copy_from_slice(channel);
        }
        for ((delay, dry), channel) in self.delays.iter_mut().zip(&mut self.dry).zip(channels) {
            delay.process(&mut dry[..channel.len()]);
        }
    }

    /// After the effect: what is heard.
    pub fn mix(&mut self, channels: &mut [&mut [f32]]) {
        if self.share.rests_at(1.0) {
            return;
        }
        let length = channels.first().map_or(0, |c| c.len());
        let shares = &mut self.shares[..length];
        self.share.fill(shares);
        for (dry, channel) in self.dry.iter().zip(channels) {
            for ((wet, dry), share) in channel.iter_mut().zip(dry).zip(&*shares) {
                // Where the effect is not heard at all, nothing of it may be, be it no number.
                *wet = if *share == 0.0 { *dry } else { dry + share * (*wet - dry) };
            }
        }
    }

    pub fn aim(&mut self, on: bool) {
        self.share.aim(f32::from(u8::from(on)));
    }

    pub fn reset(&mut self) {
        self.share.finish();
        self.delays.iter_mut().for_each(Delay::reset);
    }
}
