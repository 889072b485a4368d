//! What was played last, as it came in.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Seconds that are compared.
pub const HEARD_SECONDS: f64 = 10.0;

/// Seconds more that are kept, so that what is being read is not written over.
const SPARE_SECONDS: f64 = 2.0;

/// The guitar of the last seconds, before everything. Written by the audio thread and read by whoever looks, without locks.
pub struct DryRing {
    channels: Vec<Box<[AtomicU32]>>,
    sample_rate_hz: f64,
    written: AtomicU64,
}

impl DryRing {
    /// Memory for so many channels at that rate. Not for the audio thread.
    pub fn new(channels: usize, sample_rate_hz: f64) -> Self {
        let samples = ((HEARD_SECONDS + SPARE_SECONDS) * sample_rate_hz).ceil().max(1.0) as usize;
        let ring = || (0..samples).map(|_| AtomicU32::new(0)).collect();
        Self { channels: (0..channels).map(|_| ring()).collect(), sample_rate_hz, written: AtomicU64::new(0) }
    }

    /// Adds a block, of as many channels as there is memory for. For the audio thread: neither locks nor waits.
    pub fn write(&self, block: &[&mut [f32]]) {
        let begin = self.written.load(Ordering::Relaxed);
        let length = block.first().map_or(0, |channel| channel.len());
        for (ring, channel) in self.channels.iter().zip(block) {
            let mut at = (begin % ring.len() as u64) as usize;
            for sample in channel.iter() {
                ring[at].store(sample.to_bits(), Ordering::Relaxed);
                at = if at + 1 == ring.len() { 0 } else { at + 1 };
            }
        }
        self.written.store(begin + length as u64, Ordering::Release);
    }

    /// How many channels are kept.
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Samples written so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The rate in Hz.
    pub fn sample_rate_hz(&self) -> f64 {
        self.sample_rate_hz
    }

    /// The last seconds, the oldest sample first; fewer where fewer were played.
    pub fn latest(&self) -> Recording {
        let written = self.written();
        let wanted = (HEARD_SECONDS * self.sample_rate_hz) as u64;
        let begin = written.saturating_sub(wanted);
        let read = |ring: &[AtomicU32]| {
            let at = |i: u64| f32::from_bits(ring[(i % ring.len() as u64) as usize].load(Ordering::Relaxed));
            (begin..written).map(at).map(|sample| if sample.is_finite() { sample } else { 0.0 }).collect()
        };
        Recording {
            channels: self.channels.iter().map(|ring| read(ring)).collect(),
            sample_rate_hz: self.sample_rate_hz,
        }
    }
}

/// A guitar as it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Its channels, all of one length.
    pub channels: Vec<Vec<f32>>,
    /// Sample rate in Hz.
    pub sample_rate_hz: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_seconds_are_kept_in_order() {
        let ring = DryRing::new(2, 1_000.0);
        assert_eq!(ring.latest().channels, [vec![0.0; 0], vec![0.0; 0]]);
        let mut next = 0.0f32;
        for length in [1, 999, 3_000, 7, 9_500, 12_000, 64] {
            let mut left: Vec<f32> = (0..length).map(|i| next + i as f32).collect();
            let mut right: Vec<f32> = left.iter().map(|s| -s).collect();
            ring.write(&[&mut left, &mut right]);
            next += length as f32;
            let latest = ring.latest();
            let expected: Vec<f32> =
                (0..next as u32).map(|i| i as f32).skip((next as usize).saturating_sub(10_000)).collect();
            assert_eq!(latest.channels[0], expected);
            assert!(latest.channels[1].iter().zip(&expected).all(|(a, b)| *a == -b));
        }
    }

    #[test]
    fn what_is_no_number_is_silence() {
        let ring = DryRing::new(1, 100.0);
        ring.write(&[&mut [0.5, f32::NAN, f32::INFINITY]]);
        assert_eq!(ring.latest().channels[0], [0.5, 0.0, 0.0]);
    }
}
