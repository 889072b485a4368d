//! Every capture in the shared data sounds as NeuralAmpModelerCore plays it.
//!
//! The golden files are that player's output; they lie outside of the repository (`docs/data.md`), and where they are
//! missing these tests say that they skip.

use crate::support::blocks;
use shared::audio::read_wav;
use shared::engine::EngineChoice;
use shared::model::Model;
use std::path::{Path, PathBuf};

/// Largest difference from the golden file, relative to its peak where that is above 1.
const TOLERANCE: f32 = 1e-5;
/// Largest error-to-signal ratio.
const ESR: f64 = 1e-10;
/// Captures that single precision cannot follow so closely: how far the golden file itself is from
/// the same network computed in double precision, as largest difference and error-to-signal ratio.
/// The reference's own rounding comes on top of what is allowed to us.
const ROUNDED: [(&str, f32, f64); 2] = [
    ("boss_neuralaudio/BossLSTM-1x16.nam", 2.63e-5, 1.28e-10),
    ("core_examples/wavenet_a1_standard.nam", 1.09e-5, 3.4e-12),
];
/// Samples that ONNX Runtime renders one by one: each takes it tens of microseconds.
const SINGLE_SAMPLES: usize = 500;

fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/nam");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there; docs/data.md tells what belongs there", folder.display());
    None
}

/// The lines of the index: a model's path, and what the reference said about it.
fn index(folder: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(folder.join("golden/INDEX.txt")).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once(" | "));
    lines.map(|(path, said)| (path.to_owned(), said.to_owned())).collect()
}

fn mono(path: &Path) -> Vec<f32> {
    let (mut channels, rate_hz) = read_wav(path).unwrap();
    assert_eq!((channels.len(), rate_hz), (1, 48_000), "{}", path.display());
    channels.remove(0)
}

#[test]
fn every_capture_sounds_as_the_reference_plays_it() {
    let Some(folder) = data() else { return };
    let input = mono(&folder.join("golden/golden_input_48k_f32.wav"));
    let mut heard = 0;
    let mut failures = Vec::new();
    for (name, said) in index(&folder) {
        if said.contains("core refuses") {
            continue;
        }
        let golden = mono(&folder.join("golden").join(name.replace('/', "__").replace(".nam", ".wav")));
        let model = Model::load(&folder.join("models").join(&name)).unwrap();
        assert_eq!(model.card.sample_rate_hz, 48_000.0, "{name}");
        match said.split("loudness=").nth(1).and_then(|s| s.split(' ').next()) {
            Some("none") => assert_eq!(model.card.loudness_dbfs, None, "{name}"),
            Some(level) => {
                let level: f32 = level.parse().unwrap();
                assert!((model.card.loudness_dbfs.unwrap() - level).abs() < 1e-5, "{name}");
            }
            None => panic!("{name}: the index says no loudness"),
        }
        let rounded = ROUNDED.iter().find(|(rounded, ..)| *rounded == name);
        let allowed = rounded.map_or((TOLERANCE, ESR), |&(_, difference, esr)| {
            (TOLERANCE + difference, (ESR.sqrt() + esr.sqrt()).powi(2))
        });
        // The same model from our own files, too: converted and back. What that changed, either engine would play.
        let through_nam = Model::from_nam(&model.to_nam(Default::default()).unwrap(), "").unwrap();
        let all = [Some(1), Some(64), Some(512), None];
        let both = [EngineChoice::Native, EngineChoice::OnnxRuntime];
        let versions = [
            ("as it is", &model, &all[..], &both[..]),
            ("written and read", &through_nam, &all[1..2], &both[..1]),
        ];
        for (version, model, block_lengths, engines) in versions {
            for &choice in engines {
                let mut engine = crate::oracle(model, choice);
                engine.prepare(48_000.0, 512).unwrap();
                for &block in block_lengths {
                    let slow = block == Some(1) && choice == EngineChoice::OnnxRuntime;
                    let n = if slow { SINGLE_SAMPLES } else { input.len() };
                    engine.reset();
                    let mut output = vec![f32::NAN; n];
                    let mut at = 0;
                    for length in blocks(n, block, 11) {
                        engine.process(&input[at..at + length], &mut output[at..at + length]);
                        at += length;
                    }
                    let what = format!("{name}, {version}, {choice}, blocks of {block:?}");
                    failures.extend(compare(&what, &output, &golden, allowed).err());
                }
            }
        }
        heard += 1;
    }
    assert!(heard >= 19, "only {heard} models were heard");
    assert!(failures.is_empty(), "too far from the reference:\n{}", failures.join("\n"));
}

/// Says how far the output is from the golden file, and whether that is too far.
fn compare(
    what: &str,
    output: &[f32],
    golden: &[f32],
    (difference, esr_limit): (f32, f64),
) -> Result<(), String> {
    let peak = golden.iter().fold(1.0f32, |m, x| m.max(x.abs()));
    let differences = output.iter().zip(golden).map(|(a, b)| (a - b).abs());
    let largest = differences.fold(0.0f32, |m, d| if d.is_nan() { f32::INFINITY } else { m.max(d) });
    let energy = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>();
    let error = energy(&mut output.iter().zip(golden).map(|(a, b)| f64::from(a - b)));
    // Of a part that was rendered: the error of the part, against all of the signal.
    let esr = error / energy(&mut golden.iter().map(|&x| f64::from(x)));
    let found = format!("{what}: largest difference {largest:.2e} at a peak of {peak:.2}, ESR {esr:.1e}");
    println!("{found}");
    if largest <= difference * peak && esr <= esr_limit { Ok(()) } else { Err(found) }
}

#[test]
fn what_the_reference_refuses_is_refused_in_words() {
    let Some(folder) = data() else { return };
    let mut refused = 0;
    for (name, said) in index(&folder) {
        if !said.contains("core refuses") {
            continue;
        }
        let error = Model::load(&folder.join("models").join(&name)).unwrap_err().to_string();
        println!("{error}");
        assert!(error.contains(&name) && error.contains("architecture: `sequential`"), "{error}");
        refused += 1;
    }
    assert!(refused >= 1);
}
