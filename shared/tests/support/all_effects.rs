//! A chain of all effects, and everything set that can be.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]
#![allow(dead_code, reason = "every test is a crate of its own and uses some of this")]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::chain::{Chain, Controls, Document, Range};

/// All effects that can be played live, each once.
const ALL: &str = "
chain:
  - high_pass: { cutoff: 70, order: 5 }
  - gate: { threshold_db: -60 }
  - gain: { gain_db: 3 }
  - amp: { model: virtual_seed }
  - tone_stack: { bass_db: 3, presence_db: -4 }
  - cabinet: { response: cabinet.wav }
  - low_pass: { cutoff: 8000, order: 4 }
  - word_eq: { word: warm, amount: 0.7 }
  - convolution: { response: room.wav, mix: 0.2 }
  - reverb: { decay: 1.5, mix: 0.3 }
  - gain: { gain: 0.8 }
";

/// Noise that dies away.
pub fn noise(samples: usize, decay: f32) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(samples as u64);
    (0..samples).map(|i| rng.random_range(-1.0..1.0f32) * (-decay * i as f32).exp()).collect()
}

/// All effects; loudspeaker and room are noise that dies away.
pub fn chain() -> Chain {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, response: &[Vec<f32>]| {
        shared::audio::write_wav(&folder.path().join(name), response, 48_000).unwrap();
    };
    write("cabinet.wav", &[noise(2400, 0.01)]);
    write("room.wav", &[noise(30_000, 0.0002), noise(30_001, 0.0002)[..30_000].to_vec()]);
    let path = folder.path().join("chain.yaml");
    std::fs::write(&path, ALL).unwrap();
    Document::load(&path).unwrap().build().unwrap()
}

/// Sets anything to any value of its range.
pub struct Storm {
    controls: Controls,
    paths: Vec<(String, Range)>,
    rng: ChaCha8Rng,
}

impl Storm {
    pub fn new(controls: Controls) -> Self {
        let paths: Vec<(String, Range)> =
            controls.parameters().map(|(path, parameter)| (path, parameter.range.clone())).collect();
        assert!(paths.len() > 30, "{paths:?}");
        Self { controls, paths, rng: ChaCha8Rng::seed_from_u64(5) }
    }

    pub fn blow(&mut self) {
        let Self { controls, paths, rng } = self;
        let (path, range) = &paths[rng.random_range(0..paths.len())];
        let value = match range {
            Range::Number(low, high) => rng.random_range(*low..=*high),
            Range::Frequency(low, high) => rng.random_range(*low..high.min(20_000.0)),
            Range::Switch => f64::from(rng.random_range(0..2)),
            Range::Choice(names) => rng.random_range(0..names.len()) as f64,
        };
        controls.set(path, value).unwrap_or_else(|error| panic!("{path} at {value}: {error}"));
        controls.set_bypassed(rng.random_range(0..20) == 0);
    }
}
