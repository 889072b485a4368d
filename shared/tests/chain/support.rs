//! Sounds, and ways to send them through a chain.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::chain::{Chain, Processor, Purpose, StreamFormat};
use std::f64::consts::PI;

/// Rates of sound cards and files.
pub const RATES_HZ: [f64; 4] = [44_100.0, 48_000.0, 96_000.0, 192_000.0];
/// Block lengths; the last is longer than any sound here.
pub const BLOCKS: [usize; 5] = [1, 7, 64, 1_000, 1 << 20];

/// Channels of a sound.
pub type Sound = Vec<Vec<f32>>;

/// A file's format.
pub fn file(rate_hz: f64, channels: usize, block: usize) -> StreamFormat {
    StreamFormat {
        sample_rate_hz: rate_hz,
        max_block_samples: block,
        channels_in: channels,
        channels_out: channels,
        purpose: Purpose::File,
    }
}

/// As a file's, for playing.
pub fn live(rate_hz: f64, channels: usize, block: usize) -> StreamFormat {
    StreamFormat { purpose: Purpose::Live, ..file(rate_hz, channels, block) }
}

/// A chain of one effect.
pub fn chain(processor: impl Processor + 'static) -> Chain {
    Chain::new(vec![Box::new(processor)]).unwrap()
}

/// Plays a sound in blocks.
pub fn play(chain: &mut Chain, sound: &Sound, block: usize) -> Sound {
    let mut sound = sound.clone();
    blocks(&mut sound, block, |views| chain.process(views));
    sound
}

/// Lets the first effect hear a whole sound, if it wants to.
pub fn measure(chain: &mut Chain, sound: &Sound, block: usize) {
    let mut sound = sound.clone();
    blocks(&mut sound, block, |views| chain.measure(0, views));
    chain.measured(0).unwrap();
}

/// Calls `each` with one block after the other.
pub fn blocks(sound: &mut Sound, block: usize, mut each: impl FnMut(&mut [&mut [f32]])) {
    let mut rests: Vec<&mut [f32]> = sound.iter_mut().map(Vec::as_mut_slice).collect();
    while rests.first().is_some_and(|rest| !rest.is_empty()) {
        let (mut heads, tails): (Vec<_>, Vec<_>) =
            rests.into_iter().map(|rest| rest.split_at_mut(block.min(rest.len()))).unzip();
        each(&mut heads);
        rests = tails;
    }
}

/// White noise between -1 and 1.
pub fn noise(samples: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..samples).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// A sine of this peak.
pub fn sine(frequency_hz: f64, peak: f64, rate_hz: f64, samples: usize) -> Vec<f32> {
    let turn = 2.0 * PI * frequency_hz / rate_hz;
    (0..samples).map(|i| (peak * (turn * i as f64).sin()) as f32).collect()
}

/// The factor in dB.
pub fn db(factor: f64) -> f64 {
    20.0 * factor.log10()
}

/// The largest second difference: what a click has and a low note has not.
pub fn kink(signal: &[f32]) -> f64 {
    let second = |w: &[f32]| f64::from(w[0]) - 2.0 * f64::from(w[1]) + f64::from(w[2]);
    signal.windows(3).map(|w| second(w).abs()).fold(0.0, f64::max)
}
