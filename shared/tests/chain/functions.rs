//! Functions as effects.

use crate::support::{BLOCKS, chain, file, noise, play};
use shared::chain::processors::Function;

#[test]
fn a_function_is_applied_to_every_channel() {
    let sound = vec![noise(1_000, 1), noise(1_000, 2)];
    for block in BLOCKS {
        let drive = |block: &mut [f32]| block.iter_mut().for_each(|x| *x = (3.0 * *x).tanh());
        let mut chain = chain(Function::new("drive", 0, drive));
        chain.prepare(file(48_000.0, 2, block)).unwrap();
        let out = play(&mut chain, &sound, block);
        for (out, x) in out.iter().flatten().zip(sound.iter().flatten()) {
            assert_eq!(*out, (3.0 * x).tanh());
        }
        assert_eq!((chain.kinds().next(), chain.tail_samples()), (Some("drive"), 0));
    }
}

/// The mean of a sample and the four before it, in place.
fn mean(block: &mut [f32]) {
    for i in (4..block.len()).rev() {
        block[i] = block[i - 4..=i].iter().sum::<f32>() / 5.0;
    }
}

#[test]
fn what_it_needs_of_the_past_it_gets_whatever_the_blocks() {
    let sound = vec![noise(1_000, 3), noise(1_000, 4)];
    for block in BLOCKS {
        let mut chain = chain(Function::new("mean", 4, mean));
        chain.prepare(file(48_000.0, 2, block)).unwrap();
        assert_eq!(chain.tail_samples(), 4);
        // Once as new, once after a reset.
        for _ in 0..2 {
            let out = play(&mut chain, &sound, block);
            for (out, sound) in out.iter().zip(&sound) {
                let padded = [&[0.0; 4][..], sound].concat();
                for (out, past) in out.iter().zip(padded.windows(5)) {
                    assert_eq!(*out, past.iter().sum::<f32>() / 5.0, "blocks of {block}");
                }
            }
            chain.reset();
        }
    }
}

#[test]
fn blocks_may_differ_in_length() {
    let sound = vec![noise(400, 5)];
    let mut chain = chain(Function::new("mean", 4, mean));
    chain.prepare(file(48_000.0, 1, 128)).unwrap();
    let whole = play(&mut chain, &sound, 1_000);
    chain.reset();
    let mut out = sound.clone();
    let mut rest = &mut out[0][..];
    for length in [1, 2, 3, 128, 5, 90, 171] {
        let (head, tail) = rest.split_at_mut(length);
        chain.process(&mut [head]);
        rest = tail;
    }
    assert_eq!(out, whole);
}
