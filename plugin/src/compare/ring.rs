//! What was played last, as it came in. Silence is left out: what a player hears after the last note must not push out what was played.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Seconds that are compared.
pub const HEARD_SECONDS: f64 = 10.0;

/// Seconds more that are kept, so that what is being read is not written over.
const SPARE_SECONDS: f64 = 2.0;

/// Below this a guitar is as good as silent: mean power over a few hundredths of a second, in dBFS.
pub(super) const SILENT_DBFS: f32 = -60.0;

/// How quickly the power that is compared with it follows the guitar, in seconds.
const POWER_SECONDS: f64 = 0.02;

/// How much of a silence is still heard as part of what was played, in seconds: the rest between two notes.
const REST_SECONDS: f64 = 0.5;

/// The guitar of the last seconds in which it could be heard, before everything. Written by the audio thread and read by whoever looks,
/// without locks.
pub struct DryRing {
    channels: Vec<Box<[AtomicU32]>>,
    sample_rate_hz: f64,
    written: AtomicU64,
    /// Mean power as of the last sample: bits of an `f32`. Only who writes looks at it.
    power: AtomicU32,
    /// Samples since it was audible last. Only who writes looks at it.
    silent: AtomicU64,
}

impl DryRing {
    /// Memory for so many channels at that rate. Not for the audio thread.
    pub fn new(channels: usize, sample_rate_hz: f64) -> Self {
        let samples = ((HEARD_SECONDS + SPARE_SECONDS) * sample_rate_hz).ceil().max(1.0) as usize;
        let ring = || (0..samples).map(|_| AtomicU32::new(0)).collect();
        Self {
            channels: (0..channels).map(|_| ring()).collect(),
            sample_rate_hz,
            written: AtomicU64::new(0),
            power: AtomicU32::new(0),
            silent: AtomicU64::new(u64::MAX),
        }
    }

    /// Adds what can be heard of a block, of as many channels as there is memory for. The same for blocks of any length. For the audio
    /// thread, and for one writer: neither locks nor waits.
    pub fn write(&self, block: &[&mut [f32]]) {
        let follow = (1.0 - (-1.0 / (POWER_SECONDS * self.sample_rate_hz)).exp()) as f32;
        let rest = (REST_SECONDS * self.sample_rate_hz) as u64;
        let limit = 10f32.powf(SILENT_DBFS / 10.0);
        let mut written = self.written.load(Ordering::Relaxed);
        let mut power = f32::from_bits(self.power.load(Ordering::Relaxed));
        let mut silent = self.silent.load(Ordering::Relaxed);
        let heard = block.get(..self.channels.len()).unwrap_or(block);
        let length = heard.iter().map(|channel| channel.len()).min().unwrap_or(0);
        let ring = self.channels.first().map_or(1, |ring| ring.len());
        let mut at = (written % ring as u64) as usize;
        for i in 0..length {
            let loudest = heard.iter().map(|channel| channel[i] * channel[i]).fold(0.0, f32::max);
            // Of a broken neighbour's numbers, those that are none are left out and no others weigh more than full scale.
            power += follow * (loudest.min(1.0) - power);
            silent = if power > limit { 0 } else { silent.saturating_add(1) };
            if silent > rest {
                continue;
            }
            for (ring, channel) in self.channels.iter().zip(heard) {
                ring[at].store(channel[i].to_bits(), Ordering::Relaxed);
            }
            written += 1;
            at = if at + 1 == ring { 0 } else { at + 1 };
        }
        self.power.store(power.to_bits(), Ordering::Relaxed);
        self.silent.store(silent, Ordering::Relaxed);
        self.written.store(written, Ordering::Release);
    }

    /// How many channels are kept.
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Samples written so far: how long the guitar could be heard.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The rate in Hz.
    pub fn sample_rate_hz(&self) -> f64 {
        self.sample_rate_hz
    }

    /// The last seconds that could be heard, the oldest sample first; fewer where fewer were played.
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

    /// Something that can be heard, all different.
    fn sound(i: u64) -> f32 {
        0.5 + (i % 100_000) as f32 / 1e6
    }

    #[test]
    fn the_last_seconds_are_kept_in_order() {
        let ring = DryRing::new(2, 1_000.0);
        assert_eq!(ring.latest().channels, [vec![0.0; 0], vec![0.0; 0]]);
        let mut next = 0;
        for length in [1, 999, 3_000, 7, 9_500, 12_000, 64] {
            let mut left: Vec<f32> = (next..next + length).map(sound).collect();
            let mut right: Vec<f32> = left.iter().map(|s| -s).collect();
            ring.write(&[&mut left, &mut right]);
            next += length;
            let latest = ring.latest();
            let expected: Vec<f32> = (next.saturating_sub(10_000)..next).map(sound).collect();
            assert_eq!(latest.channels[0], expected);
            assert!(latest.channels[1].iter().zip(&expected).all(|(a, b)| *a == -b));
        }
    }

    #[test]
    fn silence_pushes_nothing_out() {
        let guitar: Vec<f32> = (0..4_000).map(sound).collect();
        let hum = |i: usize| 5e-4 * (i as f32 * 0.3).sin();
        let all: Vec<f32> = std::iter::repeat_n(0.0, 2_000)
            .chain(guitar.iter().copied())
            .chain((0..60_000).map(hum))
            .chain(guitar.iter().copied())
            .chain(std::iter::repeat_n(0.0, 60_000))
            .collect();
        let played = |block: usize| {
            let ring = DryRing::new(1, 1_000.0);
            let mut all = all.clone();
            all.chunks_mut(block).for_each(|block| ring.write(&[block]));
            ring
        };
        let ring = played(64);
        let rests = 2.0 * (REST_SECONDS + 16.0 * POWER_SECONDS) * 1_000.0;
        let heard = ring.written() as f64;
        assert!((8_000.0..8_000.0 + rests).contains(&heard), "{heard} samples were kept");
        let latest = ring.latest().channels.swap_remove(0);
        assert_eq!(latest[..4_000], guitar);
        assert!(latest[4_000..].windows(4_000).any(|window| window == guitar));
        for block in [1, 7, 4_096, all.len()] {
            assert!(played(block).latest() == ring.latest(), "blocks of {block}");
        }
    }

    #[test]
    fn what_is_no_number_is_silence() {
        let ring = DryRing::new(1, 100.0);
        ring.write(&[&mut [0.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.25]]);
        assert_eq!(ring.latest().channels[0], [0.5, 0.0, 0.0, 0.0, 0.25]);
        ring.write(&[&mut [0.0; 1_000]]);
        assert!(ring.written() < 200, "numbers that are none ring on");
    }
}
