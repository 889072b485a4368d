//! Numbers the audio thread leaves for whoever looks: meters and load.

use super::{Fault, RackFormat};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// Most channels that are metered one by one.
pub const METERED: usize = 2;

/// From this level on a sample counts as clipped: a thousandth of a dB below full scale, where converters of any word
/// length end.
const CLIP: f32 = 0.999_9;

/// Peaks that are louder by less move no meter: 1 dB.
const LOUDER: f32 = 1.122;

/// Peaks below this move no meter: -60 dBFS.
const AUDIBLE: f32 = 1e-3;

/// Time constant of the input's loudness, in seconds: that of "momentary" loudness (ITU-R BS.1770-5) for a tone that
/// begins or ends.
const LOUDNESS_SECONDS: f64 = 0.4;

/// What can be wrong, by its number.
const FAULTS: [Option<Fault>; 3] = [None, Some(Fault::Panic), Some(Fault::Rate)];

/// Peaks and load, written by the audio thread and read by the editor. No locks on either side.
///
/// The input is metered behind the trim, where gate and amp hear it; whether it clips is told of what the host gave,
/// for no trim mends that.
#[derive(Debug, Default)]
pub struct Telemetry {
    input: [AtomicU32; METERED],
    output: [AtomicU32; METERED],
    input_clipped: AtomicBool,
    output_clipped: AtomicBool,
    /// Largest magnitude before the trim.
    raw_peak: AtomicU32,
    /// Mean square behind the trim.
    input_power: AtomicU32,
    load: AtomicU32,
    load_peak: AtomicU32,
    dropped: AtomicU64,
    channels_in: AtomicU32,
    channels: AtomicU32,
    latency_samples: AtomicU32,
    rate_bits: AtomicU64,
    blocks: AtomicU64,
    muted: AtomicBool,
    /// Why the guitar goes past everything, as [`FAULTS`] counts.
    fault: AtomicU8,
    /// The window is at rest: it has painted what there was to see.
    resting: AtomicBool,
    /// Peaks of inputs and outputs that a window at rest shows.
    at_rest: [[AtomicU32; METERED]; 2],
}

impl Telemetry {
    pub(super) fn input(&self, channel: usize, peak: f32) {
        raise(&self.input, channel, peak);
    }

    /// Notes the largest magnitude of all channels that came in, before the trim.
    pub(super) fn raw_input(&self, peak: f32) {
        if peak >= CLIP {
            self.input_clipped.store(true, Ordering::Relaxed);
        }
        self.raw_peak.fetch_max(peak.max(0.0).to_bits(), Ordering::Relaxed);
    }

    /// Notes the mean square of samples behind the trim, of the loudest channel.
    pub(super) fn input_power(&self, mean_square: f32, samples: usize) {
        let rate = self.sample_rate_hz();
        if rate > 0.0 {
            let share = 1.0 - (-(samples as f64) / (LOUDNESS_SECONDS * rate)).exp();
            let before = f32::from_bits(self.input_power.load(Ordering::Relaxed));
            let now = before + share as f32 * (mean_square - before);
            self.input_power.store(now.to_bits(), Ordering::Relaxed);
        }
    }

    pub(super) fn output(&self, channel: usize, peak: f32) {
        if peak >= CLIP {
            self.output_clipped.store(true, Ordering::Relaxed);
        }
        raise(&self.output, channel, peak);
    }

    /// Notes that a model gave values that are no numbers, and was muted.
    pub(super) fn mute(&self) {
        self.muted.store(true, Ordering::Relaxed);
    }

    /// Notes that the window shows these peaks of inputs and outputs, has nothing left to move, and waits to be woken.
    pub fn rest(&self, shown: [[f32; METERED]; 2]) {
        for (cell, peak) in self.at_rest.iter().flatten().zip(shown.iter().flatten()) {
            cell.store(peak.to_bits(), Ordering::Relaxed);
        }
        self.resting.store(true, Ordering::Release);
    }

    /// Whether a window at rest has something to show again: sound that is louder than what it shows, or with `anyway`
    /// whatever there is. It rests no more then. For the audio thread.
    pub fn wakes(&self, anyway: bool) -> bool {
        let level = |cell: &AtomicU32| f32::from_bits(cell.load(Ordering::Relaxed));
        let loud = |(now, shown): (&AtomicU32, &AtomicU32)| level(now) > (LOUDER * level(shown)).max(AUDIBLE);
        let mut peaks = self.input.iter().chain(&self.output).zip(self.at_rest.iter().flatten());
        self.resting.load(Ordering::Acquire)
            && (anyway || peaks.any(loud))
            && self.resting.swap(false, Ordering::AcqRel)
    }

    /// Whether a model had to be muted since the last call, because it gave values that are no
    /// numbers.
    pub fn take_muted(&self) -> bool {
        self.muted.swap(false, Ordering::Relaxed)
    }

    /// Notes why the guitar goes past everything, or that it does not.
    pub(super) fn set_fault(&self, fault: Option<Fault>) {
        let number = FAULTS.iter().position(|known| *known == fault).unwrap_or(0);
        self.fault.store(number as u8, Ordering::Relaxed);
    }

    /// Why the guitar goes past everything, if it does.
    pub fn fault(&self) -> Option<Fault> {
        FAULTS[usize::from(self.fault.load(Ordering::Relaxed)) % FAULTS.len()]
    }

    /// Notes the format, for the window.
    pub(super) fn set_format(&self, format: &RackFormat, latency_samples: usize) {
        self.rate_bits.store(format.sample_rate_hz.to_bits(), Ordering::Relaxed);
        self.channels_in.store(format.channels_in as u32, Ordering::Relaxed);
        self.channels.store(format.channels_out as u32, Ordering::Relaxed);
        self.input_power.store(0, Ordering::Relaxed);
        self.latency_samples.store(latency_samples as u32, Ordering::Relaxed);
    }

    /// Notes what share of a block's duration its computation took.
    pub(super) fn block(&self, share: f32) {
        let mean = f32::from_bits(self.load.load(Ordering::Relaxed));
        // Settles within some fifty blocks: a steady figure that still follows.
        self.load.store((mean + 0.05 * (share - mean)).to_bits(), Ordering::Relaxed);
        self.load_peak.fetch_max(share.max(0.0).to_bits(), Ordering::Relaxed);
        self.blocks.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a block that took longer than it lasts: the host has likely dropped out.
    pub(super) fn drop_block(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Highest input and output of each metered channel since the last call.
    pub fn take_peaks(&self) -> ([f32; METERED], [f32; METERED]) {
        let take = |peaks: &[AtomicU32; METERED]| {
            std::array::from_fn(|i| f32::from_bits(peaks[i].swap(0, Ordering::Relaxed)))
        };
        (take(&self.input), take(&self.output))
    }

    /// Whether what came in reached full scale since the last call, before the trim, and whether what went out did.
    /// What goes out may go beyond it and be turned down behind the plugin; what comes in clipped stays so.
    pub fn take_clipped(&self) -> (bool, bool) {
        let take = |clipped: &AtomicBool| clipped.swap(false, Ordering::Relaxed);
        (take(&self.input_clipped), take(&self.output_clipped))
    }

    /// Largest magnitude that came in since the last call, before the trim.
    pub fn take_raw_peak(&self) -> f32 {
        f32::from_bits(self.raw_peak.swap(0, Ordering::Relaxed))
    }

    /// Root mean square of the last 0.4 s that came in, behind the trim, of the loudest channel.
    pub fn input_rms(&self) -> f32 {
        f32::from_bits(self.input_power.load(Ordering::Relaxed)).sqrt()
    }

    /// Blocks so far that took longer to compute than they last. A rendering drops none.
    pub fn dropped_blocks(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Mean share of the block's duration that its computation takes.
    pub fn load(&self) -> f32 {
        f32::from_bits(self.load.load(Ordering::Relaxed))
    }

    /// Highest share since the last call.
    pub fn take_load_peak(&self) -> f32 {
        f32::from_bits(self.load_peak.swap(0, Ordering::Relaxed))
    }

    /// Channels that come in.
    pub fn channels_in(&self) -> usize {
        self.channels_in.load(Ordering::Relaxed) as usize
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
