//! libtorch, ONNX Runtime and the native engine play every config's network alike, from the first
//! sample on, however the signal is cut into blocks.

mod support;

use rand::{Rng, SeedableRng};
use shared::engine::Engine;
use shared::engine::native::NativeEngine;
use shared::engine::onnxruntime::OnnxEngine;
use shared::model::Model;
use support::{largest_difference, noise, presets, random_model};
use trainer::device::Device;
use trainer::render::{Renderer, wavenet};

const TOLERANCE: f32 = 1e-5;
const SAMPLES: usize = 8_000;

fn signal() -> Vec<f32> {
    // Loud, silent, quiet.
    let mut x = noise(SAMPLES, 0.7, 3);
    x[3_000..4_000].fill(0.0);
    x[4_000..].iter_mut().for_each(|x| *x *= 0.05);
    x
}

#[test]
fn libtorch_onnx_runtime_and_native_agree_at_every_block_size() {
    support::round_alike();
    for (i, (name, spec)) in presets().into_iter().enumerate() {
        // Through the file, as the plugin gets it.
        let model = Model::from_onnx(&random_model(&spec, 40 + i as u64).to_onnx(), name).unwrap();
        let net = wavenet(&model, name.as_ref()).unwrap();
        let input = signal();
        let reference = Renderer::new(net, Device::CPU, 1_000).unwrap().render(&input).unwrap();
        assert_eq!(reference.len(), SAMPLES);
        // ONNX Runtime with the graph as it stands in the file: fused, it would be the native kernel.
        let engines: [Box<dyn Engine>; 2] =
            [Box::new(NativeEngine::new(&model).unwrap()), Box::new(OnnxEngine::standard(&model).unwrap())];
        for mut engine in engines {
            let kind = engine.kind();
            // Smaller than most blocks below: longer ones than prepared are handled.
            engine.prepare(48_000.0, 64).unwrap();
            let latency = engine.latency_samples();
            assert_eq!(latency, spec.lookahead_samples(), "{name}");
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(9);
            let mut first: Option<Vec<f32>> = None;
            for block in
                [Some(1), Some(16), Some(17), Some(64), Some(480), Some(512), Some(2_027), None, None]
            {
                engine.reset();
                let samples = if block == Some(1) { 1_500 } else { SAMPLES };
                let mut played = input[..samples].to_vec();
                played.extend_from_slice(&vec![0.0; latency]);
                let mut output = vec![f32::NAN; played.len()];
                let mut at = 0;
                while at < played.len() {
                    let n = block.unwrap_or_else(|| rng.random_range(1..3_000)).min(played.len() - at);
                    engine.process(&played[at..at + n], &mut output[at..at + n]);
                    at += n;
                }
                // The cut makes a network that looks ahead see silence instead of what follows.
                let sure = samples - if samples < SAMPLES { latency } else { 0 };
                let difference = largest_difference(&output[latency..latency + sure], &reference[..sure]);
                assert!(difference <= TOLERANCE, "{name}, {kind}, blocks of {block:?}: {difference:e}");
                if block == Some(512) {
                    first = Some(output.clone());
                    engine.reset();
                    let mut again = vec![f32::NAN; played.len()];
                    for (x, y) in played.chunks(512).zip(again.chunks_mut(512)) {
                        engine.process(x, y);
                    }
                    assert!(first.as_ref() == Some(&again), "{name}, {kind}: reset is not the first state");
                }
            }
            assert!(first.is_some());
        }
    }
}

#[test]
fn pieces_of_any_length_render_alike() {
    support::round_alike();
    for (name, spec) in presets() {
        let model = random_model(&spec, 4);
        let net = wavenet(&model, name.as_ref()).unwrap();
        let input = noise(9_000, 0.5, 1);
        let whole = Renderer::new(net, Device::CPU, 1 << 20).unwrap().render(&input).unwrap();
        for chunk in [333, 4_096] {
            let pieces = Renderer::new(net, Device::CPU, chunk).unwrap().render(&input).unwrap();
            assert!(largest_difference(&whole, &pieces) < 1e-6, "{name}");
        }
    }
}
