//! Sounds, processors and chains to try streams with.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::audio::{read_wav, write_wav};
use shared::chain::processors::{Function, Gain};
use shared::chain::{Chain, Format, Processor, ProcessorError, Purpose};
use shared::dsp::delay::Delay;
use shared::stream::{Options, Progress, StreamProcessor};
use std::path::{Path, PathBuf};

pub const RATE: u32 = 48_000;

pub fn noise(samples: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..samples).map(|_| rng.random_range(-0.5..0.5)).collect()
}

/// Comes late by a constant number of samples, and says so.
pub struct Late {
    samples: usize,
    delays: Vec<Delay>,
}

impl Late {
    pub fn by(samples: usize) -> Self {
        Self { samples, delays: Vec::new() }
    }
}

impl Processor for Late {
    fn kind(&self) -> &'static str {
        "late"
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        self.delays = vec![Delay::new(self.samples); format.channels];
        Ok(())
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        channels.iter_mut().zip(&mut self.delays).for_each(|(channel, delay)| delay.process(channel));
    }

    fn reset(&mut self) {
        self.delays.iter_mut().for_each(Delay::reset);
    }

    fn latency_samples(&self) -> usize {
        self.samples
    }
}

/// The mean of each sample and the one before it, as a function that needs an overlap.
pub fn smoother() -> Box<dyn Processor> {
    let mean =
        |block: &mut [f32]| (1..block.len()).rev().for_each(|i| block[i] = 0.5 * (block[i] + block[i - 1]));
    Box::new(Function::new("smoother", 1, mean))
}

/// A gain, a function with overlap and a delay.
pub fn cheap_chain() -> Chain {
    Chain::new(vec![Box::new(Gain::linear(0.7)), smoother(), Box::new(Late::by(37))]).unwrap()
}

/// What the cheap chain makes of a sound.
pub fn cheap_result(sound: &[f32]) -> Vec<f32> {
    let mut before = 0.0;
    let make = |x: &f32| {
        let now = 0.7 * x;
        0.5 * (now + std::mem::replace(&mut before, now))
    };
    sound.iter().map(make).collect()
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

pub fn names(folder: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

pub fn written(folder: &Path, name: &str, channels: &[Vec<f32>], rate_hz: u32) -> PathBuf {
    let path = folder.join(name);
    write_wav(&path, channels, rate_hz).unwrap();
    path
}

pub fn go_on(_: Progress) -> bool {
    true
}

/// A file through a chain, read again.
pub fn processed(chain: Chain, options: Options, input: &Path) -> (Vec<Vec<f32>>, u32) {
    let folder = folder();
    let output = folder.path().join("result.wav");
    StreamProcessor::new(chain, options).process_file(input, &output, &mut go_on).unwrap();
    read_wav(&output).unwrap()
}

pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
