//! Runs the program.

use super::noise;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A folder to run the trainer in.
pub struct Desk {
    pub folder: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn trainer(&self, args: &[&str]) -> Output {
        let program = env!("CARGO_BIN_EXE_trainer");
        Command::new(program).current_dir(self.folder.path()).args(args).output().unwrap()
    }

    /// Runs the trainer, which must fail with one line that contains all of `words`.
    pub fn refuses(&self, args: &[&str], words: &[&str]) {
        let output = self.trainer(args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
        let errors: Vec<&str> = text.lines().filter(|l| !l.is_empty()).collect();
        assert_eq!(errors.len(), 1, "one line is enough: {text}");
        assert!(errors[0].starts_with("error: ") && !text.contains("panicked"), "{text}");
        for word in words {
            assert!(errors[0].contains(word), "`{word}` is missing: {text}");
        }
    }

    pub fn config(&self, text: &str) {
        std::fs::write(self.path("c.yaml"), text).unwrap();
    }

    /// A config for the pair `input.wav`, `target.wav`.
    pub fn pair_config(&self) {
        self.config(
            "model: { seed: { channels: 2, blocks: 2 } }\n\
             data: { pair: { input: input.wav, target: target.wav, validation_seconds: 1 } }\n\
             train: { steps: 2, batch: 1, segment_samples: 100, device: cpu }\n\
             out: run\n",
        );
    }

    pub fn refuses_pair(&self, words: &[&str]) {
        self.pair_config();
        self.refuses(&["--config", "c.yaml"], words);
        assert!(!self.path("run").exists(), "nothing is written before the recordings are good");
    }
}

/// The rate of all recordings, in Hz.
pub const RATE: u32 = 48_000;

/// A recording that can be trained from.
pub fn good() -> Vec<f32> {
    noise(3 * RATE as usize, 0.3, 1)
}

/// What some gear makes of a signal.
pub fn played(input: &[f32]) -> Vec<f32> {
    let mut low = 0.0;
    let driven = input.iter().map(|x| {
        low += 0.5 * (x - low);
        0.4 * (4.0 * low).tanh()
    });
    driven.collect()
}
