//! What went into the equaliser lately and what came out, for whoever draws it.

use parking_lot::Mutex;
use shared::word_eq::Monitor;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most samples that can be looked back at.
pub const SCOPE_SAMPLES: usize = 8_192;

/// Twice as many are kept, so that what is being read is not written over meanwhile.
const RING: usize = 2 * SCOPE_SAMPLES;

/// What the equaliser shows: its values, its sound before and after, and what is wrong.
#[derive(Clone, Default)]
pub struct EqView {
    /// What it proposes, applies and heard.
    pub monitor: Arc<Monitor>,
    /// Its sound.
    pub scope: Arc<Scope>,
    problem: Arc<Mutex<Option<String>>>,
}

impl EqView {
    /// Why it cannot follow words, if so, as of the last activation. Not for the audio thread.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().clone()
    }

    pub(super) fn set_problem(&self, problem: Option<String>) {
        *self.problem.lock() = problem;
    }
}

/// A ring of samples before and after the equaliser, the mean of all channels, at the host's rate. Written by
/// the audio thread and read by anybody, without locks or memory.
pub struct Scope {
    /// Both samples in one number, so that they always belong together.
    ring: Box<[AtomicU64]>,
    written: AtomicU64,
}

impl Default for Scope {
    fn default() -> Self {
        Self { ring: (0..RING).map(|_| AtomicU64::new(0)).collect(), written: AtomicU64::new(0) }
    }
}

impl Scope {
    /// Adds samples. One thread may do so at a time.
    pub(crate) fn write(&self, before: &[f32], after: &[f32]) {
        let mut at = self.written.load(Ordering::Relaxed);
        for (before, after) in before.iter().zip(after) {
            let both = u64::from(before.to_bits()) << 32 | u64::from(after.to_bits());
            self.ring[at as usize % RING].store(both, Ordering::Relaxed);
            at += 1;
        }
        self.written.store(at, Ordering::Release);
    }

    /// Samples written so far.
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The newest samples, the oldest of them first; silence where nothing was written yet. Both slices
    /// are of one length, up to [`SCOPE_SAMPLES`]; what is longer stays silent at its beginning. A reader that is
    /// held up for as long as [`SCOPE_SAMPLES`] take to play may see newer samples among them.
    pub fn latest(&self, before: &mut [f32], after: &mut [f32]) {
        before.fill(0.0);
        after.fill(0.0);
        let written = self.written();
        let count = before.len().min(after.len()).min(SCOPE_SAMPLES).min(written as usize);
        let begin = written - count as u64;
        let (from_before, from_after) = (before.len() - count, after.len() - count);
        for (i, (before, after)) in before[from_before..].iter_mut().zip(&mut after[from_after..]).enumerate()
        {
            let both = self.ring[(begin as usize + i) % RING].load(Ordering::Relaxed);
            *before = f32::from_bits((both >> 32) as u32);
            *after = f32::from_bits(both as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_samples_come_out_in_order() {
        let scope = Scope::default();
        let (mut before, mut after) = (vec![9.0; 100], vec![9.0; 100]);
        scope.latest(&mut before, &mut after);
        assert!(before.iter().chain(&after).all(|s| *s == 0.0));
        let mut next = 0.0;
        for block in [1, 30, 20_000, 7, 16_384, 3] {
            let input: Vec<f32> = (0..block).map(|i| next + i as f32).collect();
            let output: Vec<f32> = input.iter().map(|s| -s).collect();
            next += block as f32;
            scope.write(&input, &output);
            scope.latest(&mut before, &mut after);
            for (i, (before, after)) in before.iter().zip(&after).enumerate() {
                let expected = (next - 100.0 + i as f32).max(0.0);
                assert_eq!((*before, *after), (expected, -expected), "after {next}");
            }
        }
        let (mut long, mut other) = (vec![1.0; SCOPE_SAMPLES + 5], vec![1.0; SCOPE_SAMPLES + 5]);
        scope.latest(&mut long, &mut other);
        assert_eq!(long[..5], [0.0; 5]);
        assert_eq!(long[5], next - SCOPE_SAMPLES as f32);
    }
}
