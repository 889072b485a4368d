//! What the tuner hears.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// Above this rate, in Hz, only every second, third … sample is kept. A string has nothing up there.
const MOST_HZ: f64 = 384_000.0;

/// Samples that are kept: 0.3 s at [`MOST_HZ`].
const RING: usize = 1 << 17;

/// Most samples that are read at once: the rest is what may be written meanwhile.
const LONGEST: usize = RING / 2;

/// Attempts to read what is not written over meanwhile. The second succeeds unless the reader is kept waiting again.
const ATTEMPTS: usize = 4;

/// The guitar's latest samples, the first channel, at the host's rate or a part of it. Written by the audio thread and read by
/// whoever looks, without locks.
pub struct TunerTap {
    ring: Box<[AtomicU32]>,
    /// Samples that are written, or about to be.
    claimed: AtomicU64,
    written: AtomicU64,
    /// How many of them were at another rate, or before a pause.
    outdated: AtomicU64,
    rate_bits: AtomicU64,
    /// Of so many samples one is kept.
    stride: AtomicU32,
    /// Samples until the next one that is.
    skips: AtomicU32,
}

impl Default for TunerTap {
    fn default() -> Self {
        let ring = (0..RING).map(|_| AtomicU32::new(0)).collect();
        Self {
            ring,
            claimed: AtomicU64::new(0),
            written: AtomicU64::new(0),
            outdated: AtomicU64::new(0),
            rate_bits: AtomicU64::new(0),
            stride: AtomicU32::new(1),
            skips: AtomicU32::new(0),
        }
    }
}

impl TunerTap {
    /// Tells the host's rate, before the first sample at it. Not while samples are written.
    pub(super) fn set_rate(&self, sample_rate_hz: f64) {
        let stride = (sample_rate_hz / MOST_HZ).ceil().max(1.0);
        let bits = (sample_rate_hz / stride).to_bits();
        self.stride.store(stride as u32, Ordering::Relaxed);
        self.skips.store(0, Ordering::Relaxed);
        if self.rate_bits.swap(bits, Ordering::AcqRel) != bits {
            self.outdated.store(self.written(), Ordering::Release);
        }
    }

    /// Forgets what was heard before: there is a pause between that and the next sample. For the audio thread.
    pub(super) fn begin(&self) {
        self.outdated.store(self.written(), Ordering::Release);
    }

    /// Adds samples. For the audio thread.
    pub(super) fn write(&self, samples: &[f32]) {
        let mut at = self.written.load(Ordering::Relaxed);
        let (stride, skips) = (self.stride.load(Ordering::Relaxed), self.skips.load(Ordering::Relaxed));
        let kept = samples.iter().skip(skips as usize).step_by(stride as usize);
        let count = kept.len();
        // As many as are left out behind the last one that is kept reach into the next block.
        let next = skips as usize + count * stride as usize - samples.len();
        self.skips.store(next as u32, Ordering::Relaxed);
        self.claimed.store(at + count as u64, Ordering::Relaxed);
        // Who sees one of the samples sees the claim.
        fence(Ordering::Release);
        for sample in kept {
            self.ring[at as usize % RING].store(sample.to_bits(), Ordering::Relaxed);
            at += 1;
        }
        self.written.store(at, Ordering::Release);
    }

    /// Sample rate of what is kept, in Hz; 0 before a host told it.
    pub fn sample_rate_hz(&self) -> f64 {
        f64::from_bits(self.rate_bits.load(Ordering::Acquire))
    }

    /// Samples written so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The newest samples, at most 65,536, the oldest of them first; silence before the first at the present rate.
    /// Says whether they belong together: not if the reader was held up until they were written over, or if
    /// the rate changed meanwhile.
    pub fn latest(&self, to: &mut [f32]) -> bool {
        (0..ATTEMPTS).any(|_| self.try_latest(to))
    }

    fn try_latest(&self, to: &mut [f32]) -> bool {
        let outdated = self.outdated.load(Ordering::Acquire);
        let written = self.written();
        let count = (to.len().min(LONGEST) as u64).min(written.saturating_sub(outdated));
        let begin = written - count;
        let from = to.len() - count as usize;
        to[..from].fill(0.0);
        for (at, sample) in (begin..).zip(&mut to[from..]) {
            *sample = f32::from_bits(self.ring[at as usize % RING].load(Ordering::Relaxed));
        }
        fence(Ordering::Acquire);
        let is_whole = self.claimed.load(Ordering::Relaxed) - begin <= RING as u64;
        is_whole && self.outdated.load(Ordering::Relaxed) == outdated
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    /// Samples that count up, exact as floats.
    fn count(from: u64, samples: usize) -> Vec<f32> {
        (from..).take(samples).map(|i| (i % (1 << 20)) as f32).collect()
    }

    #[test]
    fn the_newest_samples_come_last() {
        let tap = TunerTap::default();
        tap.set_rate(48_000.0);
        tap.write(&count(1, 5));
        let mut heard = [7.0; 8];
        assert!(tap.latest(&mut heard));
        assert_eq!(heard, [0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        // Around the ring's end.
        for begin in (6..400_000).step_by(1_000) {
            tap.write(&count(begin, 1_000));
        }
        let mut heard = vec![0.0; LONGEST + 10];
        assert!(tap.latest(&mut heard));
        assert_eq!(heard[..10], [0.0; 10]);
        assert_eq!(heard[10..], count(tap.written() + 1 - LONGEST as u64, LONGEST)[..]);
    }

    #[test]
    fn sound_of_another_rate_is_not_heard() {
        let tap = TunerTap::default();
        tap.set_rate(48_000.0);
        tap.write(&[1.0; 100]);
        tap.set_rate(48_000.0);
        let mut heard = [0.0; 4];
        assert!(tap.latest(&mut heard));
        assert_eq!(heard, [1.0; 4], "the same rate again");
        tap.set_rate(44_100.0);
        assert!(tap.latest(&mut heard));
        assert_eq!(heard, [0.0; 4]);
        tap.write(&[2.0; 3]);
        assert!(tap.latest(&mut heard));
        assert_eq!((heard, tap.sample_rate_hz()), ([0.0, 2.0, 2.0, 2.0], 44_100.0));
    }

    #[test]
    fn at_the_highest_rates_every_second_sample_is_kept() {
        let tap = TunerTap::default();
        for (host_hz, stride) in [(384_000.0, 1), (705_600.0, 2), (768_000.0, 2)] {
            tap.set_rate(host_hz);
            assert_eq!(tap.sample_rate_hz(), host_hz / f64::from(stride));
            let before = tap.written();
            let mut at = 0;
            for block in [1, 1, 64, 7, 30, 1] {
                tap.write(&count(at, block));
                at += block as u64;
            }
            let mut heard = vec![0.0; 52];
            assert!(tap.latest(&mut heard));
            let expected: Vec<f32> = (0..104).step_by(stride as usize).map(|i| i as f32).collect();
            assert_eq!(heard, expected[expected.len() - 52..], "{host_hz} Hz");
            assert_eq!(tap.written() - before, expected.len() as u64);
        }
    }

    #[test]
    fn what_is_read_while_it_is_written_belongs_together() {
        let tap = TunerTap::default();
        tap.set_rate(48_000.0);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut at = 0;
                while !done.load(Ordering::Relaxed) {
                    tap.write(&count(at, 4_096));
                    at += 4_096;
                }
            });
            let mut heard = vec![0.0; LONGEST];
            let mut whole = 0;
            for _ in 0..300 {
                let before = tap.written();
                if !tap.latest(&mut heard) || before < LONGEST as u64 {
                    continue;
                }
                whole += 1;
                let steps = heard.windows(2).map(|pair| (pair[1] - pair[0]).rem_euclid((1 << 20) as f32));
                assert!(steps.into_iter().all(|step| step == 1.0));
            }
            done.store(true, Ordering::Relaxed);
            // How many depends on the machine; a reader that gives up always would be of no use.
            println!("{whole} of 300 were whole");
        });
        let mut heard = vec![0.0; 4_096];
        assert!(tap.latest(&mut heard), "nobody writes");
    }
}
