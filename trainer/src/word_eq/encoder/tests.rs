//! A small encoder on a little synthesised sound, from the clips to the file.

use super::graph::{PARITY_TOLERANCE, difference, encoder_onnx};
use super::material::{ANALYSES, MOMENTS, Material, TIMES, analysis_at};
use super::network::{Encoder, EncoderShape, Trained};
use super::report::{Comparison, Way, compare};
use super::training::{EncoderTraining, train};
use crate::word_eq::linear::Precision;
use crate::word_eq::sound::{Origin, Source, folds, normal, rng_of};
use shared::word_eq::{GRID, LatentSpace};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

/// Noises of all colours: what a network learns from them is not much, and quickly learned.
fn sources() -> Vec<Source> {
    let sources = (0..12).map(|i| {
        let mut rng = rng_of(&format!("noise {i}"), 1);
        let mut low = 0.0;
        let keep = 0.08 * f64::from(i);
        let samples = (0..20_000).map(|_| {
            low = keep * low + (1.0 - keep) * normal(&mut rng);
            low as f32
        });
        let name = format!("noise {i}");
        Source::new(name.clone(), name, Origin::Recording, None, 48_000, samples.collect())
    });
    sources.flatten().collect()
}

fn material() -> &'static Material {
    static MATERIAL: OnceLock<Material> = OnceLock::new();
    MATERIAL.get_or_init(|| {
        let sources = sources();
        let folds = folds(&sources, 3, 1);
        Material::hear(&sources, &folds, 1, 4)
    })
}

fn space() -> LatentSpace {
    let direction = |k: usize| -> [f32; GRID] {
        let scale = if k == 0 { 1.0 } else { 2.0f64 } / GRID as f64;
        let turn = std::f64::consts::PI * k as f64 / GRID as f64;
        std::array::from_fn(|i| (scale.sqrt() * ((i as f64 + 0.5) * turn).cos()) as f32)
    };
    LatentSpace::new((0..32).map(direction).collect()).unwrap()
}

const HOW: EncoderTraining = EncoderTraining {
    shape: EncoderShape { channels: 4, hidden: 8 },
    steps: 30,
    learning_rate: 2e-3,
    seed: 1,
};

fn trained() -> Trained {
    train(&HOW, material(), &space(), None, &AtomicBool::new(false)).unwrap()
}

#[test]
fn training_is_repeatable_and_the_seed_decides() {
    let a = trained();
    assert_eq!(a, trained());
    let other =
        train(&EncoderTraining { seed: 2, ..HOW }, material(), &space(), None, &AtomicBool::new(false))
            .unwrap();
    assert_ne!(a.weights, other.weights);
    assert_eq!(a.linear, other.linear, "the linear part is in closed form");
}

#[test]
fn a_stopped_training_ends_with_what_it_has() {
    let stopped = train(&HOW, material(), &space(), None, &AtomicBool::new(true)).unwrap();
    let untrained =
        train(&EncoderTraining { steps: 0, ..HOW }, material(), &space(), None, &AtomicBool::new(false));
    assert_eq!(stopped, untrained.unwrap());
    assert_ne!(stopped, trained());
}

#[test]
fn the_file_computes_what_was_trained() {
    let (trained, space) = (trained(), space());
    let apart = |precision| {
        let onnx = encoder_onnx(&trained, &space, precision, Vec::new());
        difference(&trained, &space, material(), &onnx).unwrap()
    };
    let (float, int8) = (apart(Precision::Float), apart(Precision::Int8));
    assert!(float <= PARITY_TOLERANCE, "{float}");
    assert!(int8 > float && int8 < 0.1, "{int8}");
}

#[test]
fn what_is_measured_exactly_needs_no_correction() {
    let (mut trained, space) = (trained(), space());
    trained.linear.fill(0.0);
    trained.linear_bias = [0.0; _];
    let shape = trained.shape.shapes();
    let last: usize = shape[shape.len() - 2..].iter().map(|s| s.iter().product::<i64>() as usize).sum();
    let count = trained.weights.len();
    trained.weights[count - last..].fill(0.0);
    let encoder = Encoder::new(&trained, &space).unwrap();
    let features = material().features(5, MOMENTS - 1);
    let found = encoder.latents(features).unwrap()[0];
    let measured: [f64; GRID] =
        std::array::from_fn(|i| f64::from(20.0 * features[i] - trained.mean_balance_db[i]));
    for (found, expected) in found.iter().zip(space.latent(&measured)) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
}

#[test]
fn a_fold_is_never_learned_from() {
    let material = material();
    for fold in 0..3 {
        let training = material.training(Some(fold));
        let testing = material.testing(fold);
        assert!(!testing.is_empty());
        let learned = |c: &usize| {
            material.clips[training[0]].source == material.clips[*c].source || training.contains(c)
        };
        assert!(!testing.iter().any(learned));
        let groups = |of: &[usize]| {
            of.iter().map(|&c| material.clips[c].source).collect::<std::collections::HashSet<_>>()
        };
        assert!(groups(&training).is_disjoint(&groups(&testing)));
    }
}

#[test]
fn the_table_tells_the_encoder_from_the_mean() {
    let comparison = Comparison { folds: 3, rival_steps: 10, threads: 2 };
    let (table, encoders) =
        compare(&HOW, &comparison, material(), &space(), None, &AtomicBool::new(false), &|_| {}).unwrap();
    assert_eq!((encoders.len(), table.folds.len()), (3, 3));
    let last = TIMES.len() - 1;
    let [encoder, mean] = [Way::Encoder, Way::Mean].map(|way| table.score(way, last).balance);
    assert!(mean.abs() < 1e-9, "{mean}");
    assert!(encoder > 0.9, "noise is heard in no time: {encoder}");
    let text = table.to_string();
    assert!(text.contains("FastAudioEncoder") && text.contains("3 s") && text.lines().count() > 8, "{text}");
}

#[test]
fn times_end_where_they_say() {
    assert_eq!(TIMES.map(|(_, s)| analysis_at(s, 48_000)), [2, 11, 70]);
    assert_eq!(TIMES.map(|(_, s)| analysis_at(s, 44_100)), [2, 10, 64]);
    assert!(analysis_at(3.0, 48_000) <= ANALYSES);
}
