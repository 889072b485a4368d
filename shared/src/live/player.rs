//! The chain on the audio thread.

use super::StreamConfig;
use super::feed::Feed;
use super::meters::{Meters, Side};
use super::signals::Signals;
use crate::chain::{Chain, Purpose, StreamFormat};
use smallvec::SmallVec;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// The samples of one callback, wherever and in whatever format they lie.
pub trait Io {
    /// Reads a channel's samples from the sample `from` on. Channels that the device does not have are not asked for.
    fn read(&mut self, channel: usize, from: usize, to: &mut [f32]);

    /// Writes a channel's samples from the sample `from` on.
    fn write(&mut self, channel: usize, from: usize, samples: &[f32]);
}

/// A chain with all that it needs to play on the audio thread.
pub(super) struct Player {
    pub chain: Chain,
    shape: Shape,
    channels: Vec<Vec<f32>>,
    feed: Option<Feed>,
    seconds_per_sample: f64,
    max_block_samples: usize,
    meters: Arc<Meters>,
    signals: Arc<Signals>,
    /// After a panic nobody knows what state the chain is in.
    broken: bool,
}

/// How the device's channels become the chain's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    device_in: usize,
    device_out: usize,
    chain_in: usize,
    chain_out: usize,
}

impl Shape {
    /// As many in as out, or several of one, is what chains can do. Anything else goes in as its mean. Without an input
    /// silence goes in; without an output what comes out is dropped.
    pub fn new(config: &StreamConfig) -> Self {
        let (device_in, device_out) = (config.channels_in, config.channels_out);
        let (chain_in, chain_out) = match (device_in, device_out) {
            (all, 0) => (all, all),
            (both, out) if both == out => (both, out),
            (_, out) => (1, out),
        };
        Self { device_in, device_out, chain_in, chain_out }
    }

    /// What the chain is prepared for.
    pub fn format(&self, sample_rate_hz: u32, max_block_samples: usize) -> StreamFormat {
        StreamFormat {
            sample_rate_hz: f64::from(sample_rate_hz),
            max_block_samples,
            channels_in: self.chain_in,
            channels_out: self.chain_out,
            purpose: Purpose::Live,
        }
    }

    /// Memory for a block.
    pub fn channels(&self, max_block_samples: usize) -> Vec<Vec<f32>> {
        vec![vec![0.0; max_block_samples]; self.device_in.max(self.chain_out)]
    }
}

impl Player {
    /// A chain that was prepared for `shape.format(…)`, and `shape.channels(…)`.
    pub fn new(
        chain: Chain,
        channels: Vec<Vec<f32>>,
        shape: Shape,
        format: StreamFormat,
        feed: Option<Feed>,
        meters: Arc<Meters>,
        signals: Arc<Signals>,
    ) -> Box<Self> {
        Box::new(Self {
            chain,
            shape,
            channels,
            feed,
            seconds_per_sample: 1.0 / format.sample_rate_hz,
            max_block_samples: format.max_block_samples,
            meters,
            signals,
            broken: false,
        })
    }

    fn play(&mut self, time_seconds: f64, samples: usize, io: &mut dyn Io) {
        let started = Instant::now();
        self.signals.count_played();
        if !self.broken {
            // A panic must not reach the system's code that called.
            let played = catch_unwind(AssertUnwindSafe(|| self.play_all(time_seconds, samples, io)));
            if let Err(what) = played {
                self.broken = true;
                self.signals.panicked(what);
            }
        }
        if self.broken {
            self.play_silence(samples, io);
        }
        let lasts_seconds = samples as f64 * self.seconds_per_sample;
        self.meters.count_block(samples, lasts_seconds, started.elapsed());
    }

    fn play_all(&mut self, time_seconds: f64, samples: usize, io: &mut dyn Io) {
        if let Some(feed) = &mut self.feed {
            feed.begin(time_seconds);
        }
        let mut from = 0;
        while from < samples {
            let length = self.max_block_samples.min(samples - from);
            self.play_part(from, length, io);
            from += length;
        }
        if let Some(feed) = &mut self.feed {
            feed.end(samples);
        }
    }

    fn play_part(&mut self, from: usize, length: usize, io: &mut dyn Io) {
        let Shape { device_in, device_out, chain_in, chain_out } = self.shape;
        let lasts_seconds = length as f64 * self.seconds_per_sample;
        match &mut self.feed {
            Some(feed) => feed.pull(&mut self.channels[..device_in], length),
            None => {
                for (channel, samples) in self.channels[..device_in].iter_mut().enumerate() {
                    io.read(channel, from, &mut samples[..length]);
                }
            }
        }
        for (channel, samples) in self.channels[..device_in].iter().enumerate() {
            self.meters.hear(Side::Input, channel, &samples[..length], lasts_seconds);
        }
        match device_in {
            0 => self.channels[0][..length].fill(0.0),
            _ if chain_in < device_in => mean(&mut self.channels[..device_in], length),
            _ => {}
        }
        let mut parts: SmallVec<[&mut [f32]; 8]> =
            self.channels[..chain_out].iter_mut().map(|channel| &mut channel[..length]).collect();
        self.chain.process(&mut parts);
        drop(parts);
        for (channel, samples) in self.channels[..device_out].iter().enumerate() {
            self.meters.hear(Side::Output, channel, &samples[..length], lasts_seconds);
            io.write(channel, from, &samples[..length]);
        }
    }

    fn play_silence(&mut self, samples: usize, io: &mut dyn Io) {
        let silence = &mut self.channels[0];
        silence.fill(0.0);
        for channel in 0..self.shape.device_out {
            let mut from = 0;
            while from < samples {
                let length = silence.len().min(samples - from);
                io.write(channel, from, &silence[..length]);
                from += length;
            }
        }
    }
}

/// The mean of all channels, in the first.
fn mean(channels: &mut [Vec<f32>], length: usize) {
    let share = 1.0 / channels.len() as f32;
    if let Some((first, others)) = channels.split_first_mut() {
        for (i, sample) in first[..length].iter_mut().enumerate() {
            *sample = share * (*sample + others.iter().map(|other| other[i]).sum::<f32>());
        }
    }
}

/// The chain, lent to the audio thread. When it is dropped, wherever that is, the chain goes home.
pub struct Lease {
    player: Option<Box<Player>>,
    home: rtrb::Producer<Box<Player>>,
}

/// Where a chain comes home to.
pub(super) struct Home(rtrb::Consumer<Box<Player>>);

impl Lease {
    pub(super) fn new(player: Box<Player>) -> (Self, Home) {
        let (home, door) = rtrb::RingBuffer::new(1);
        (Self { player: Some(player), home }, Home(door))
    }

    /// Plays a callback of `samples` samples. `time_seconds` is when it was called, by any steady clock that a
    /// capture on the same stream uses too. Allocates, locks and waits for nothing, and never panics.
    pub fn play(&mut self, time_seconds: f64, samples: usize, io: &mut dyn Io) {
        if let Some(player) = &mut self.player {
            player.play(time_seconds, samples, io);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(player) = self.player.take() {
            // There is room for one, and there is only one.
            drop(self.home.push(player));
        }
    }
}

impl Home {
    /// The chain, if it is home again.
    pub fn look(&mut self) -> Option<Chain> {
        self.0.pop().ok().map(|player| player.chain)
    }
}
