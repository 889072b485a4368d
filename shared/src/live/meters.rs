//! What is counted while it plays.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How much of the load before counts after each block.
const LOAD_MEMORY: f64 = 0.95;

/// How fast the meters fall, in dB a second.
const METER_FALL_DB: f64 = 24.0;

/// From this value on a sample counts as clipped: converters of 16 bits reach no more.
pub(super) const CLIPPED: f32 = 32_767.0 / 32_768.0;

/// What was counted since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Sample rate that the device granted, in Hz.
    pub sample_rate_hz: u32,
    /// Samples a callback that the device granted, 0 if they vary.
    pub buffer_samples: u32,
    /// Delay from input to output that the system reports, in samples, the chain's own included.
    pub latency_samples: usize,
    /// Callbacks.
    pub blocks: u64,
    /// Samples of one channel that went out.
    pub frames: u64,
    /// Share of the time there is that the chain takes, of late.
    pub load: f64,
    /// The largest share that a block took.
    pub worst_load: f64,
    /// The longest time that a block took.
    pub worst_block: Duration,
    /// Blocks that took longer than they last.
    pub late_blocks: u64,
    /// Gaps and losses that the device reported.
    pub xruns: u64,
    /// Samples that came in and were lost because nobody took them, between separate callbacks.
    pub overruns: u64,
    /// Samples that were missing when they were to be played, between separate callbacks.
    pub underruns: u64,
    /// How much faster the input's clock runs than the output's, as a factor; 1 for one clock.
    pub clock_ratio: f64,
    /// How often the device was lost and came back.
    pub restarts: u64,
    /// How often the device went on at another rate or with other buffers.
    pub changes: u64,
    /// Peaks of the last blocks in and out, up to two channels, decaying.
    pub input_peaks: [f32; 2],
    /// As above.
    pub output_peaks: [f32; 2],
    /// Samples that came in at full scale or beyond, up to two channels.
    pub input_clips: [u64; 2],
    /// As above, that went out.
    pub output_clips: [u64; 2],
}

/// The counters. One thread plays and writes; any may read.
#[derive(Default)]
pub(super) struct Meters {
    sample_rate_hz: AtomicU32,
    buffer_samples: AtomicU32,
    latency_samples: AtomicUsize,
    blocks: AtomicU64,
    frames: AtomicU64,
    load: AtomicU64,
    worst_load: AtomicU64,
    worst_block_nanos: AtomicU64,
    late_blocks: AtomicU64,
    xruns: AtomicU64,
    overruns: AtomicU64,
    underruns: AtomicU64,
    clock_ratio: AtomicU64,
    restarts: AtomicU64,
    changes: AtomicU64,
    input_peaks: [AtomicU32; 2],
    output_peaks: [AtomicU32; 2],
    input_clips: [AtomicU64; 2],
    output_clips: [AtomicU64; 2],
}

/// Which peaks.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Input,
    Output,
}

impl Meters {
    pub fn set_stream(&self, sample_rate_hz: u32, buffer_samples: u32, latency_samples: usize) {
        self.sample_rate_hz.store(sample_rate_hz, Ordering::Relaxed);
        self.buffer_samples.store(buffer_samples, Ordering::Relaxed);
        self.latency_samples.store(latency_samples, Ordering::Relaxed);
        self.set_clock_ratio(1.0);
    }

    pub fn set_buffer(&self, buffer_samples: u32) {
        self.buffer_samples.store(buffer_samples, Ordering::Relaxed);
    }

    pub fn set_latency(&self, latency_samples: usize) {
        self.latency_samples.store(latency_samples, Ordering::Relaxed);
    }

    pub fn set_clock_ratio(&self, ratio: f64) {
        self.clock_ratio.store(ratio.to_bits(), Ordering::Relaxed);
    }

    pub fn count_xrun(&self) {
        self.xruns.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_overrun(&self, samples: usize) {
        self.overruns.fetch_add(samples as u64, Ordering::Relaxed);
    }

    pub fn count_underrun(&self, samples: usize) {
        self.underruns.fetch_add(samples as u64, Ordering::Relaxed);
    }

    pub fn count_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// A block of `frames` samples that last `lasts_seconds` was played in `took`.
    pub fn count_block(&self, frames: usize, lasts_seconds: f64, took: Duration) {
        self.blocks.fetch_add(1, Ordering::Relaxed);
        self.frames.fetch_add(frames as u64, Ordering::Relaxed);
        if lasts_seconds <= 0.0 {
            return;
        }
        let share = took.as_secs_f64() / lasts_seconds;
        let load = share + LOAD_MEMORY * (f64::from_bits(self.load.load(Ordering::Relaxed)) - share);
        self.load.store(load.to_bits(), Ordering::Relaxed);
        // Of positive numbers the larger has the larger bits.
        self.worst_load.fetch_max(share.to_bits(), Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.worst_block_nanos.fetch_max(nanos, Ordering::Relaxed);
        if share > 1.0 {
            self.late_blocks.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A part of a block is heard on a channel.
    pub fn hear(&self, side: Side, channel: usize, samples: &[f32], lasts_seconds: f64) {
        let (peaks, clips) = match side {
            Side::Input => (&self.input_peaks, &self.input_clips),
            Side::Output => (&self.output_peaks, &self.output_clips),
        };
        let (Some(place), Some(clips)) = (peaks.get(channel), clips.get(channel)) else { return };
        let peak = samples.iter().fold(0.0f32, |peak, sample| peak.max(sample.abs()));
        let fall = 10f64.powf(-METER_FALL_DB * lasts_seconds / 20.0) as f32;
        let before = f32::from_bits(place.load(Ordering::Relaxed)) * fall;
        place.store(peak.max(before).to_bits(), Ordering::Relaxed);
        // A peak falls, so that whoever looks now and then sees it; that it clipped must not fade.
        if peak >= CLIPPED {
            let clipped = samples.iter().filter(|sample| sample.abs() >= CLIPPED).count();
            clips.fetch_add(clipped as u64, Ordering::Relaxed);
        }
    }

    pub fn read(&self) -> Statistics {
        let count = |place: &AtomicU64| place.load(Ordering::Relaxed);
        let number = |place: &AtomicU64| f64::from_bits(count(place));
        let peaks = |places: &[AtomicU32; 2]| {
            [0, 1].map(|channel: usize| f32::from_bits(places[channel].load(Ordering::Relaxed)))
        };
        Statistics {
            sample_rate_hz: self.sample_rate_hz.load(Ordering::Relaxed),
            buffer_samples: self.buffer_samples.load(Ordering::Relaxed),
            latency_samples: self.latency_samples.load(Ordering::Relaxed),
            blocks: count(&self.blocks),
            frames: count(&self.frames),
            load: number(&self.load),
            worst_load: number(&self.worst_load),
            worst_block: Duration::from_nanos(count(&self.worst_block_nanos)),
            late_blocks: count(&self.late_blocks),
            xruns: count(&self.xruns),
            overruns: count(&self.overruns),
            underruns: count(&self.underruns),
            clock_ratio: number(&self.clock_ratio),
            restarts: count(&self.restarts),
            changes: count(&self.changes),
            input_peaks: peaks(&self.input_peaks),
            output_peaks: peaks(&self.output_peaks),
            input_clips: [0, 1].map(|channel: usize| count(&self.input_clips[channel])),
            output_clips: [0, 1].map(|channel: usize| count(&self.output_clips[channel])),
        }
    }
}
