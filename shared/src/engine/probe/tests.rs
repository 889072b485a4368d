use super::*;
use crate::engine::native::NativeEngine;
use crate::engine::{EngineChoice, EngineKind};
use crate::factory::MODELS;
use crate::model::{Card, Linear, Model, Network};

/// An engine whose answer comes late, or upside down.
struct Changed {
    inner: Box<dyn Engine>,
    gain: f32,
    line: Vec<f32>,
    at: usize,
}

impl Changed {
    fn new(inner: Box<dyn Engine>, gain: f32, late: usize) -> Self {
        Self { inner, gain, line: vec![0.0; late], at: 0 }
    }
}

impl Engine for Changed {
    fn prepare(&mut self, sample_rate_hz: f64, max_block_samples: usize) -> Result<(), EngineError> {
        self.inner.prepare(sample_rate_hz, max_block_samples)
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        self.inner.process(input, output);
        for sample in output {
            *sample *= self.gain;
            if let Some(kept) = self.line.get_mut(self.at) {
                std::mem::swap(sample, kept);
                self.at = (self.at + 1) % self.line.len();
            }
        }
    }

    fn reset(&mut self) {
        self.inner.reset();
        self.line.fill(0.0);
        self.at = 0;
    }

    fn latency_samples(&self) -> usize {
        0
    }

    fn model_rate_hz(&self) -> f64 {
        self.inner.model_rate_hz()
    }

    fn kind(&self) -> EngineKind {
        EngineKind::Native
    }
}

fn ready(model: &Model) -> Box<dyn Engine> {
    let mut engine = NativeEngine::new(model).unwrap();
    engine.prepare(model.card.sample_rate_hz, 512).unwrap();
    Box::new(engine)
}

fn linear(response: Vec<f32>) -> Model {
    let network = Network::Linear(Linear::new(response, 0.01).unwrap());
    Model { card: Card::default(), network }
}

fn of(model: &Model, gain: f32, late: usize) -> Probe {
    Probe::of(&mut Changed::new(ready(model), gain, late), model.memory_samples())
}

#[test]
fn factory_amps_are_known_whatever_is_done_to_them() {
    for factory in MODELS {
        let model = factory.load().unwrap();
        let plain = of(&model, 1.0, 0);
        println!("{}: {plain}, {plain:?}", factory.id);
        if !plain.is_clear() {
            continue;
        }
        for (gain, late) in [(-1.0, 0), (2.0, 9), (-0.5, 131), (-1.0, 1_500)] {
            let changed = of(&model, gain, late);
            assert_eq!(changed.is_inverted, plain.is_inverted != (gain < 0.0), "{}", factory.id);
            assert_eq!(changed.delay_samples, plain.delay_samples + late, "{}", factory.id);
            assert!(changed.is_clear(), "{}: {changed:?}", factory.id);
        }
    }
}

#[test]
fn filters_are_no_delay_and_a_delay_is() {
    for (what, response) in [
        ("nothing", vec![1.0]),
        ("a low-pass", (0..400).map(|k| 0.1 * 0.9f32.powi(k)).collect::<Vec<_>>()),
        ("a high-pass", [vec![1.0], (0..900).map(|k| -0.01 * 0.99f32.powi(k)).collect()].concat()),
    ] {
        for (gain, late) in [(1.0, 0), (-1.0, 0), (-1.0, 12), (1.0, 700)] {
            let probe = of(&linear(response.clone()), gain, late);
            println!("{what} {gain} {late}: {probe:?}");
            let found = (probe.is_inverted, probe.delay_samples, probe.is_clear());
            assert_eq!(found, (gain < 0.0, late, true), "{what}: {probe:?}");
        }
    }
}

#[test]
fn what_is_no_amp_is_unclear() {
    // Silence, and a room: neither has one polarity.
    let mut lot = 1u32;
    let mut noise = || {
        lot = lot.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (lot >> 8) as f32 / 8_388_608.0 - 1.0
    };
    let room: Vec<f32> = (0..3_000).map(|k| noise() * (-(k as f32) / 900.0).exp()).collect();
    for (what, response) in [("silence", vec![0.0]), ("a room", room)] {
        let probe = of(&linear(response), 1.0, 0);
        assert!(!probe.is_clear() && probe.to_string() == "unclear", "{what}: {probe:?}");
    }
}

/// Upside down until so many samples have passed since the last reset.
struct Settling {
    inner: Box<dyn Engine>,
    after: usize,
    passed: usize,
}

impl Engine for Settling {
    fn prepare(&mut self, sample_rate_hz: f64, max_block_samples: usize) -> Result<(), EngineError> {
        self.inner.prepare(sample_rate_hz, max_block_samples)
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        self.inner.process(input, output);
        for sample in output {
            *sample *= if self.passed < self.after { -1.0 } else { 1.0 };
            self.passed += 1;
        }
    }

    fn reset(&mut self) {
        self.inner.reset();
        self.passed = 0;
    }

    fn latency_samples(&self) -> usize {
        0
    }

    fn model_rate_hz(&self) -> f64 {
        self.inner.model_rate_hz()
    }

    fn kind(&self) -> EngineKind {
        EngineKind::Native
    }
}

#[test]
fn a_model_is_heard_when_it_has_settled() {
    for after in [0, 4_000, 9_000, 40_000] {
        let mut engine = Settling { inner: ready(&linear(vec![1.0])), after, passed: 0 };
        let probe = Probe::of(&mut engine, after);
        assert_eq!((probe.is_inverted, probe.is_clear()), (false, true), "after {after}: {probe:?}");
    }
}

#[test]
fn it_is_told_in_words() {
    let told =
        |is_inverted, delay_samples, confidence| Probe { is_inverted, delay_samples, confidence }.to_string();
    assert_eq!(told(false, 0, 0.9), "as it came in, at once");
    assert_eq!(told(true, 1, 0.9), "inverted, 1 sample late");
    assert_eq!(told(true, 12, 0.9), "inverted, 12 samples late");
    assert_eq!(told(true, 12, 0.1), "unclear");
}

#[test]
fn a_model_is_probed_by_the_engine_that_was_asked_for() {
    let model = linear(vec![0.0, 0.0, -1.0]);
    let probe = Probe::of_model(&model, EngineChoice::Auto).unwrap();
    assert_eq!((probe.is_inverted, probe.delay_samples, probe.is_clear()), (true, 2, true));
}
