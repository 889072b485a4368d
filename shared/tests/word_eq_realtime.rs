//! What the word EQ does on the audio thread, seen from the C library: nothing, while the listener runs.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "support/libc_calls.rs"]
mod libc_calls;
#[path = "support/word_eq.rs"]
mod support;

use libc_calls::{Calls, count};
use shared::word_eq::{BANDS, Controls, Hearing, Mode};
use support::{busy, equaliser, noise};

const NOTHING: Calls = Calls { heap: 0, frees: 0, locks: 0 };

/// Lengths that hosts use, and some that only an unkind one would.
const LENGTHS: [usize; 16] = [64, 1, 32, 128, 16, 37, 64, 3, 480, 64, 15, 17, 0, 96, 64, 255];

/// The length of a block: it is their number that finds what calls, so long ones come in every eighth round only.
fn length(block: usize) -> usize {
    let most = if (block / LENGTHS.len()).is_multiple_of(8) { 512 } else { 40 };
    LENGTHS[block % LENGTHS.len()].min(most)
}

/// Another everything every few blocks.
fn controls(block: usize) -> Controls {
    let mut controls = busy();
    controls.word = block / 500 % 4;
    controls.amount = if (block / 700).is_multiple_of(2) { 1.0 } else { -0.5 };
    controls.enabled = block / 3_000 % 5 != 4;
    controls.freeze = block / 900 % 3 == 2;
    controls.level_match = (block / 1_300).is_multiple_of(2);
    let band = &mut controls.bands[block / 200 % BANDS];
    band.solo = block / 400 % 4 == 3;
    band.off = block / 350 % 3 == 2;
    band.gain_offset_db = (block / 100 % 25) as f32 - 12.0;
    controls
}

#[test]
fn blocks_call_nothing_with_the_listener_running() {
    let (mut eq, monitor) = equaliser(48_000.0, 2, Mode::Listener);
    let (left, right) = (noise(512, 0.5, 1), noise(512, 0.5, 2));
    let mut out = [[0.0; 512]; 2];
    let (mut total, mut analyses) = (NOTHING, 0);
    let mut before = 0.0;
    for block in 0..100_000 {
        let samples = length(block);
        out[0][..samples].copy_from_slice(&left[..samples]);
        out[1][..samples].copy_from_slice(&right[..samples]);
        let controls = controls(block);
        let [l, r] = &mut out;
        total = total.plus(count(|| eq.process(&mut [&mut l[..samples], &mut r[..samples]], &controls)));
        // As fast as the listener can: it must be heard from as well.
        if block % 25 == 0 {
            eq.wait_for_listener();
            let listened = monitor.read().listened_seconds;
            analyses += u32::from(listened != before);
            before = listened;
        }
    }
    assert_eq!(total, NOTHING);
    assert!(analyses > 500, "{analyses}");
    assert_ne!(monitor.read().hearing, Hearing::Unavailable);
    assert_eq!(count(|| eq.reset()), NOTHING, "reset");
}

#[test]
fn a_listener_that_lags_costs_the_audio_thread_nothing() {
    let (mut eq, monitor) = equaliser(48_000.0, 2, Mode::Listener);
    let mut out = [[0.1f32; 512]; 2];
    let calls = count(|| {
        for _ in 0..4_000 {
            let [l, r] = &mut out;
            eq.process(&mut [l, r], &busy());
        }
    });
    assert_eq!(calls, NOTHING);
    assert!(monitor.read().late > 0);
}
