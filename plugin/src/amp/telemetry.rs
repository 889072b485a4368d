//! Numbers the audio thread leaves for whoever looks: meters and load.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Most channels that are metered one by one.
pub const METERED: usize = 2;

/// Peaks and load, written by the audio thread and read by the editor. No locks on either side.
#[derive(Debug, Default)]
pub struct Telemetry {
    input: [AtomicU32; METERED],
    output: [AtomicU32; METERED],
    load: AtomicU32,
    load_peak: AtomicU32,
    channels: AtomicU32,
    latency_samples: AtomicU32,
    rate_bits: AtomicU64,
    blocks: AtomicU64,
    muted: AtomicBool,
}

impl Telemetry {
    pub(super) fn input(&self, channel: usize, peak: f32) {
        raise(&self.input, channel, peak);
    }

    pub(super) fn output(&self, channel: usize, peak: f32) {
        raise(&self.output, channel, peak);
    }

    /// Notes that a model gave values that are no numbers, and was muted.
    pub(super) fn mute(&self) {
        self.muted.store(true, Ordering::Relaxed);
    }

    /// Whether a model had to be muted since the last call, because it gave values that are no
    /// numbers.
    pub fn take_muted(&self) -> bool {
        self.muted.swap(false, Ordering::Relaxed)
    }

    /// Notes the format, for the window.
    pub fn set_format(&self, sample_rate_hz: f64, channels: usize, latency_samples: usize) {
        self.rate_bits.store(sample_rate_hz.to_bits(), Ordering::Relaxed);
        self.channels.store(channels as u32, Ordering::Relaxed);
        self.latency_samples.store(latency_samples as u32, Ordering::Relaxed);
    }

    /// Notes what share of a block's duration its computation took.
    pub fn block(&self, share: f32) {
        let mean = f32::from_bits(self.load.load(Ordering::Relaxed));
        // Settles within some fifty blocks: a steady figure that still follows.
        self.load.store((mean + 0.05 * (share - mean)).to_bits(), Ordering::Relaxed);
        self.load_peak.fetch_max(share.max(0.0).to_bits(), Ordering::Relaxed);
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }

    /// Highest input and output of each metered channel since the last call.
    pub fn take_peaks(&self) -> ([f32; METERED], [f32; METERED]) {
        let take = |peaks: &[AtomicU32; METERED]| {
            std::array::from_fn(|i| f32::from_bits(peaks[i].swap(0, Ordering::Relaxed)))
        };
        (take(&self.input), take(&self.output))
    }

    /// Mean share of the block's duration that its computation takes.
    pub fn load(&self) -> f32 {
        f32::from_bits(self.load.load(Ordering::Relaxed))
    }

    /// Highest share since the last call.
    pub fn take_load_peak(&self) -> f32 {
        f32::from_bits(self.load_peak.swap(0, Ordering::Relaxed))
    }

    /// Channels that play.
    pub fn channels(&self) -> usize {
        self.channels.load(Ordering::Relaxed) as usize
    }

    /// Delay in samples at the host's rate.
    pub fn latency_samples(&self) -> usize {
        self.latency_samples.load(Ordering::Relaxed) as usize
    }

    /// The host's sample rate in Hz; 0 before a host told it.
    pub fn sample_rate_hz(&self) -> f64 {
        f64::from_bits(self.rate_bits.load(Ordering::Relaxed))
    }

    /// Blocks played so far.
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
    }
}

fn raise(peaks: &[AtomicU32; METERED], channel: usize, peak: f32) {
    if let Some(cell) = peaks.get(channel) {
        // The bits of floats that are not negative are ordered as the floats are.
        cell.fetch_max(peak.max(0.0).to_bits(), Ordering::Relaxed);
    }
}
