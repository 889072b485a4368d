//! The audio thread's promise: no heap calls, whatever happens around it.

// The framework's checker brings a global allocator of its own, and there can be one.
#![cfg(not(feature = "assert_process_allocs"))]
#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]
#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

mod heap;
mod rack;
#[path = "../../../shared/tests/support/two_knobs.rs"]
mod two_knobs;

use heap::heap_calls;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::engine::EngineChoice;
use shared::model::{Network, Size, Slimmable};
use shared::word_eq::{self, Kind, Reference};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tonewright::amp::{Desk, Loader, Part, Quality};
use tonewright::factory::{DEFAULT_SLOT, MODELS, OWN_FILE_SLOT};
use tonewright::params::{Known, TonewrightParams};
use tonewright::rack::{Controls, InputControls, Link, OutputControls, Rack, RackFormat, Telemetry};

/// An input of a linear gain.
fn input_gain(gain: f32) -> InputControls {
    InputControls { trim_db: 20.0 * gain.log10(), ..Controls::NEUTRAL.input }
}

/// An output of a linear gain.
fn output_gain(gain: f32) -> OutputControls {
    OutputControls { gain_db: 20.0 * gain.log10(), ..Controls::NEUTRAL.output }
}

/// A file with two sizes.
fn slimmable(folder: &Path) -> PathBuf {
    let mut sizes = [MODELS[0], MODELS[1]].map(|m| m.load().unwrap());
    let network = Slimmable::new(vec![
        Size { below: 0.5, network: sizes[0].network.clone(), loudness_dbfs: None },
        Size { below: 1.0, network: sizes[1].network.clone(), loudness_dbfs: None },
    ]);
    sizes[0].network = Network::Slimmable(network.unwrap());
    let path = folder.join("slimmable.nam");
    sizes[0].save(&path).unwrap();
    path
}

#[test]
fn thousands_of_blocks_with_quality_changes_make_no_heap_call() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Arc::new(Desk::new(OWN_FILE_SLOT));
    desk.set_engine(EngineChoice::Native);
    desk.set_file(Part::Model, Some(slimmable(folder.path())));
    let link = Arc::new(Link::default());
    let loader = Loader::start(desk.clone(), link.clone());
    let mut rack = Rack::new(link, Arc::new(Telemetry::default()));
    let format =
        RackFormat { sample_rate_hz: 48_000.0, max_block_samples: 64, channels_in: 1, channels_out: 1 };
    desk.set_format(format);
    assert!(desk.wait_until_settled(Duration::from_secs(60)));
    assert_eq!(loader.status().get().error, None);
    rack.prepare(format);

    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut memory = [0.0f32; 64];
    let (mut calls, mut chosen) = (0, Vec::new());
    for block in 0..5000 {
        memory.iter_mut().for_each(|s| *s = rng.random_range(-0.5..0.5));
        // A host automates the quality with each block, up and down.
        let quality = 0.5 + 0.5 * (block as f32 * 0.01).sin();
        calls += heap_calls(|| desk.set_quality(Quality::new(quality)));
        if block % 500 == 499 {
            assert!(desk.wait_until_settled(Duration::from_secs(60)));
            chosen.push(loader.status().get().playing.unwrap().sizes.unwrap().chosen);
        }
        calls += heap_calls(|| rack.process(&mut [&mut memory[..]], Controls::NEUTRAL));
    }
    assert!(chosen.contains(&0) && chosen.contains(&1), "sizes did change: {chosen:?}");
    assert_eq!(calls, 0);
}

#[test]
fn thousands_of_blocks_with_turning_knobs_make_no_heap_call() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two knobs.onnx");
    two_knobs::two_knobs().save(&path).unwrap();
    for (sample_rate_hz, oversampling) in [(44_100.0, 1), (48_000.0, 1), (48_000.0, 4)] {
        let desk = Arc::new(Desk::new(OWN_FILE_SLOT));
        desk.set_oversampling(oversampling);
        desk.set_file(Part::Model, Some(path.clone()));
        let link = Arc::new(Link::default());
        let loader = Loader::start(desk.clone(), link.clone());
        let mut rack = Rack::new(link, Arc::new(Telemetry::default()));
        let format = RackFormat { sample_rate_hz, max_block_samples: 64, channels_in: 1, channels_out: 1 };
        desk.set_format(format);
        assert!(desk.wait_until_settled(Duration::from_secs(60)));
        assert_eq!(loader.status().get().error, None);
        rack.prepare(format);

        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut memory = [0.0f32; 64];
        let (mut calls, mut heard) = (0, 0);
        let before = loader.status().version();
        for block in 0..4000 {
            memory.iter_mut().for_each(|s| *s = rng.random_range(-0.5..0.5));
            let position = 0.5 + 0.5 * (block as f32 * 0.01).sin();
            // As the framework does it when a host automates: on the audio thread.
            calls += heap_calls(|| desk.set_knob(block % 2, position));
            if block % 200 == 199 {
                assert!(desk.wait_until_settled(Duration::from_secs(60)));
                heard += 1;
            }
            calls += heap_calls(|| rack.process(&mut [&mut memory[..]], Controls::NEUTRAL));
            assert!(memory.iter().all(|s| s.is_finite()));
        }
        assert!(loader.status().version() >= before + heard, "settings did change");
        assert_eq!(calls, 0, "{sample_rate_hz} Hz, {oversampling}x");
    }
}

#[test]
fn ten_thousand_blocks_with_model_changes_make_no_heap_call() {
    for sample_rate_hz in [44_100.0, 48_000.0] {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        desk.set_engine(EngineChoice::Native);
        let link = Arc::new(Link::default());
        let loader = Loader::start(desk.clone(), link.clone());
        let mut rack = Rack::new(link, Arc::new(Telemetry::default()));
        let format = RackFormat { sample_rate_hz, max_block_samples: 512, channels_in: 2, channels_out: 2 };
        desk.set_format(format);
        assert!(desk.wait_until_settled(Duration::from_secs(60)));
        rack.prepare(format);

        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut memory = vec![vec![0.0f32; 1200]; 2];
        let mut names = Vec::new();
        let mut calls = 0;
        for block in 0..10_000 {
            // Mostly what hosts send, sometimes more than was prepared for.
            let length = match block % 100 {
                0 => 1200,
                50 => 1,
                _ => rng.random_range(1..50),
            };
            for channel in &mut memory {
                channel.iter_mut().for_each(|s| *s = rng.random_range(-0.5..0.5));
            }
            if block % 400 == 399 {
                // A host automates the model from the audio thread.
                let slot = MODELS[(block / 400) % MODELS.len()].slot;
                calls += heap_calls(|| desk.set_slot(Part::Model, slot));
                // Some changes are awaited, so that fades surely happen; others race.
                if block % 800 == 799 {
                    assert!(desk.wait_until_settled(Duration::from_secs(60)));
                    names.push(loader.status().get().slot);
                }
            }
            let controls = Controls {
                input: input_gain(1.0 + (block % 7) as f32 * 0.1),
                output: output_gain(0.5),
                bypass: block % 1000 > 900,
                ..Controls::NEUTRAL
            };
            let [left, right] = &mut memory[..] else { unreachable!("two channels") };
            let mut channels = [&mut left[..length], &mut right[..length]];
            calls += heap_calls(|| rack.process(&mut channels, controls));
            if block % 2500 == 2499 {
                calls += heap_calls(|| rack.reset());
            }
        }
        names.dedup();
        assert!(names.len() > 5, "models did change: {names:?}");
        assert_eq!(calls, 0, "{sample_rate_hz} Hz");
    }
}

#[test]
fn ten_thousand_blocks_with_equaliser_changes_make_no_heap_call() {
    let desk = Arc::new(Desk::new(DEFAULT_SLOT));
    desk.set_engine(EngineChoice::Native);
    let params = TonewrightParams::new(&desk);
    let link = Arc::new(Link::default());
    let _loader = Loader::start(desk.clone(), link.clone());
    let mut rack = Rack::new(link, Arc::new(Telemetry::default()));
    let view = rack.eq_view();
    let format =
        RackFormat { sample_rate_hz: 48_000.0, max_block_samples: 64, channels_in: 2, channels_out: 2 };
    desk.set_format(format);
    assert!(desk.wait_until_settled(Duration::from_secs(60)));
    rack.prepare(format);

    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut memory = [[0.0f32; 64]; 2];
    let (mut before, mut after) = (vec![0.0; 4096], vec![0.0; 4096]);
    let mut known = Known::default();
    let (mut calls, mut loudest) = (0, 0.0f32);
    let mut eq = word_eq::Controls::NEUTRAL;
    for block in 0..10_000 {
        memory.as_flattened_mut().iter_mut().for_each(|s| *s = rng.random_range(-0.5..0.5));
        if block % 40 == 0 {
            // What a session or the window does meanwhile.
            params.eq.learned.keep((block % 80 == 0).then_some([0.1; 32]));
            view.scope.latest(&mut before, &mut after);
            loudest = after.iter().fold(loudest, |loudest, s| loudest.max(s.abs()));
        }
        calls += heap_calls(|| {
            eq = params.eq.controls(&mut known);
            // A host automates all there is from the audio thread.
            eq.enabled = rng.random_bool(0.95);
            eq.word = rng.random_range(0..1100);
            eq.second_word = rng.random_range(0..1100);
            eq.blend = rng.random_range(-0.5..1.5);
            eq.amount = if rng.random_bool(0.01) { f32::NAN } else { rng.random_range(-1.0..1.0) };
            eq.speed_seconds = rng.random_range(0.0..40.0);
            eq.freeze = rng.random_bool(0.1);
            eq.level_match = block % 2000 > 1000;
            eq.reference = match (known.learned.latent, rng.random_range(0..7)) {
                (Some(latent), 6) => Reference::Learned(latent),
                (_, kind) => Reference::Kind(Kind::ALL[kind % 6]),
            };
            for band in &mut eq.bands {
                band.gain_offset_db = rng.random_range(-12.0..12.0);
                band.frequency_offset_octaves = rng.random_range(-6.0..6.0);
                band.q_offset_octaves = rng.random_range(-7.0..7.0);
                band.off = rng.random_bool(0.1);
                band.solo = rng.random_bool(0.02);
            }
            let controls = Controls { bypass: block % 1000 > 900, eq, ..Controls::NEUTRAL };
            let [left, right] = &mut memory;
            rack.process(&mut [left, right], controls);
            params.eq.keep_frozen(&eq, &known, rack.eq_monitor());
        });
        if block % 2500 == 2499 {
            calls += heap_calls(|| rack.reset());
        }
    }
    assert!(loudest > 0.1, "something was heard: {loudest}");
    assert_eq!(calls, 0);
}
