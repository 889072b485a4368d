//! What is measured: an engine playing an amp.

use crate::amps::Amp;
use crate::cost;
use crate::support::signal;
use shared::engine::Engine;
use shared::engine::native::NativeEngine;
use shared::engine::onnxruntime::OnnxEngine;
use shared::simd::Level;
use std::str::FromStr;
use std::time::Instant;

/// The rate all amps run at.
pub const RATE_HZ: f64 = 48_000.0;

/// An engine by its name in reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineName {
    /// Our kernels with some instructions.
    Native(Level),
    /// ONNX Runtime on a graph of one operator around our best kernel.
    OnnxFused,
    /// ONNX Runtime on the standard graph.
    OnnxStandard,
}

impl EngineName {
    /// Those that this machine has.
    pub fn all() -> Vec<Self> {
        let native = Level::available().into_iter().map(Self::Native);
        native.chain([Self::OnnxFused, Self::OnnxStandard]).collect()
    }

    /// As in reports.
    pub fn name(self) -> String {
        match self {
            Self::Native(level) => format!("native-{}", level.name()),
            Self::OnnxFused => "onnxruntime-fused".to_owned(),
            Self::OnnxStandard => "onnxruntime-standard".to_owned(),
        }
    }

    /// The instructions whose peak it is held against.
    pub fn level(self) -> Level {
        match self {
            Self::Native(level) => level,
            Self::OnnxFused | Self::OnnxStandard => Level::detect(),
        }
    }
}

impl FromStr for EngineName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = Self::all();
        all.iter().copied().find(|engine| engine.name() == text).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|engine| engine.name()).collect();
            format!("this machine has no engine `{text}`; it has {}", names.join(", "))
        })
    }
}

/// An engine with an amp loaded, and something to play through it.
pub struct Subject {
    /// Name of the amp.
    pub model: &'static str,
    /// What runs it.
    pub engine: EngineName,
    /// Multiplications with additions that a sample needs.
    pub multiply_adds: usize,
    running: Box<dyn Engine>,
}

impl Subject {
    /// Loads the amp.
    pub fn new(amp: &Amp, engine: EngineName) -> Result<Self, String> {
        let built: Result<Box<dyn Engine>, _> = match engine {
            EngineName::Native(level) => {
                NativeEngine::with_level(&amp.model, level).map(|engine| Box::new(engine) as _)
            }
            EngineName::OnnxFused => OnnxEngine::fused(&amp.model).map(|engine| Box::new(engine) as _),
            EngineName::OnnxStandard => OnnxEngine::standard(&amp.model).map(|engine| Box::new(engine) as _),
        };
        let mut running = built.map_err(|error| error.to_string())?;
        running.prepare(RATE_HZ, 512).map_err(|error| error.to_string())?;
        Ok(Self { model: amp.name, engine, multiply_adds: cost::multiply_adds(&amp.model), running })
    }

    /// Runs a block.
    pub fn process(&mut self, input: &[f32], output: &mut [f32]) {
        self.running.process(input, output);
    }
}

/// A signal that goes on for ever, cut into blocks.
pub struct Tape {
    samples: Vec<f32>,
    at: usize,
    block: usize,
    output: Vec<f32>,
}

impl Tape {
    /// Noise of the given level: 0 for silence.
    pub fn new(level: f32, block: usize) -> Self {
        // The first third of the tests' signal is the loud one.
        let mut samples = signal(3 * 32_768.max(block), 1);
        samples.truncate(32_768.max(block) / block * block);
        samples.iter_mut().for_each(|x| *x *= level);
        Self { samples, at: 0, block, output: vec![0.0; block] }
    }

    /// Plays the next block.
    pub fn play(&mut self, subject: &mut Subject) {
        subject.process(&self.samples[self.at..self.at + self.block], &mut self.output);
        self.at = (self.at + self.block) % self.samples.len();
    }

    /// Plays blocks back to back and adds to `times_us` how long each took.
    ///
    /// The end of one block is the beginning of the next, so the clock is read once a block: that
    /// takes some 0.03 microseconds, which are part of the figure.
    pub fn play_timed(&mut self, subject: &mut Subject, blocks: usize, times_us: &mut Vec<f64>) {
        times_us.reserve(blocks);
        let mut begin = Instant::now();
        for _ in 0..blocks {
            self.play(subject);
            let end = Instant::now();
            times_us.push((end - begin).as_nanos() as f64 / 1e3);
            begin = end;
        }
    }
}
