//! What a chain of all effects does on the audio thread, seen from the C library: nothing, while everything
//! that can be set is set from outside.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

#[path = "support/all_effects.rs"]
mod all_effects;
#[path = "support/libc_calls.rs"]
mod libc_calls;

use all_effects::{Storm, chain, noise};
use libc_calls::{Calls, count};
use shared::chain::{Chain, Processor, Purpose, StreamFormat};

const NOTHING: Calls = Calls { heap: 0, frees: 0, locks: 0 };

/// Lengths that hosts use, and some that only an unkind one would.
const LENGTHS: [usize; 12] = [64, 1, 32, 256, 16, 37, 64, 3, 480, 15, 0, 96];

#[test]
fn blocks_call_nothing_whatever_is_set() {
    for channels_in in [1, 2] {
        let mut chain = chain();
        let format = StreamFormat {
            sample_rate_hz: 44_100.0,
            max_block_samples: 256,
            channels_in,
            channels_out: 2,
            purpose: Purpose::Live,
        };
        chain.prepare(format).unwrap();
        let mut storm = Storm::new(chain.controls());
        let (left, right) = (noise(512, 0.0), noise(513, 0.0));
        let mut out = [[0.0; 512]; 2];
        let mut total = NOTHING;
        for block in 0..6_000 {
            let samples = LENGTHS[block % LENGTHS.len()];
            out[0][..samples].copy_from_slice(&left[..samples]);
            out[1][..samples].copy_from_slice(&right[..samples]);
            if block % 3 == 0 {
                storm.blow();
            }
            let [l, r] = &mut out;
            total = total.plus(count(|| chain.process(&mut [&mut l[..samples], &mut r[..samples]])));
            assert!(out.iter().all(|c| c[..samples].iter().all(|s| s.abs() <= 16.0)));
        }
        assert_eq!(total, NOTHING, "{channels_in} channels in");
        assert_eq!(count(|| chain.reset()), NOTHING, "reset");
    }
}

#[test]
fn what_asks_for_memory_is_seen() {
    /// Takes memory in every block.
    struct Greedy;
    impl Processor for Greedy {
        fn kind(&self) -> &'static str {
            "greedy"
        }
        fn prepare(
            &mut self,
            _: shared::chain::Format,
            _: Purpose,
        ) -> Result<(), shared::chain::ProcessorError> {
            Ok(())
        }
        fn process(&mut self, channels: &mut [&mut [f32]]) {
            let copy = std::hint::black_box(channels[0].to_vec());
            channels[0].copy_from_slice(&copy);
        }
        fn reset(&mut self) {}
    }
    let mut chain = Chain::new(vec![Box::new(Greedy)]).unwrap();
    let format = StreamFormat {
        sample_rate_hz: 48_000.0,
        max_block_samples: 64,
        channels_in: 1,
        channels_out: 1,
        purpose: Purpose::Live,
    };
    chain.prepare(format).unwrap();
    let mut block = [0.5; 64];
    let calls = count(|| chain.process(&mut [&mut block]));
    assert_eq!((calls.heap, calls.frees), (1, 1));
}
