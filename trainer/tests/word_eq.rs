//! The word EQ's training, without anybody's data: made-up settings, a tiny network, the program itself.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use shared::word_eq::{
    EqModel, EqSettings, Kind, OnnxNetworks, SPACE_RATE_HZ, VALUES, Word, WordTable, grid_hz,
};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;
use trainer::folder::RunFolder;
use trainer::word_eq::config::DecoderConfig;
use trainer::word_eq::curves::{difference, level_removed, rms};
use trainer::word_eq::decoder::Decoder;
use trainer::word_eq::export;
use trainer::word_eq::linear::Precision;
use trainer::word_eq::report::{Effort, decoder_errors, fit};
use trainer::word_eq::training::{DecoderTraining, Lessons, TrainedDecoder, train};
use trainer::word_eq::{response, safe, space, words};

const HEADER: &str = "entry,descriptor,user_group,low_shelf_gain,low_shelf_freq,first_band_gain,first_band_freq,\
    first_band_q,second_band_gain,second_band_freq,second_band_q,third_band_gain,third_band_freq,third_band_q,\
    high_shelf_gain,high_shelf_freq,instrument,genre\n";

/// A row: a word, a user and the two shelves' gains; the peaks do nothing.
fn row(word: &str, user: &str, low: f64, high: f64) -> String {
    format!("1,{word},{user},{low},200,0,1000,0.71,0,1000,0.71,0,3300,0.71,{high},5000,,\n")
}

/// Settings of people who agree on two words and on nothing else.
fn made_up() -> String {
    let mut text = HEADER.replace("    ", "");
    for (i, (low, high)) in [(6.0, -4.0), (5.0, -5.0), (7.0, -3.0), (4.0, -4.5)].into_iter().enumerate() {
        text += &row("warm", &format!("u{i}"), low, high);
        text += &row("  Shiny ", &format!("u{i}"), -low, 1.0 - high);
        // One says warmer, and means warm.
        text += &row("warmer", "u9", 6.5 + low / 10.0, -4.2);
        // Everybody tries something else.
        let (low, high) = [(8.0, 8.0), (-8.0, 8.0), (8.0, -8.0), (-8.0, -8.0)][i];
        text += &row("hello", &format!("u{i}"), low, high);
        // One person many times, the same setting behind other names, and what is no word.
        text += &row("test", "u1", low, -high);
        text += &row("copied", &format!("u{i}"), 9.0, 9.0);
        text += &row("Preset 12!", &format!("u{i}"), low, high);
    }
    text
}

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn trainer(&self, args: &[&str]) -> Output {
        let program = env!("CARGO_BIN_EXE_trainer");
        Command::new(program).current_dir(self.folder.path()).args(args).output().unwrap()
    }

    fn succeeds(&self, args: &[&str]) -> String {
        let output = self.trainer(args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs the trainer, which must fail with one line that contains all of `words`.
    fn refuses(&self, args: &[&str], words: &[&str]) {
        let output = self.trainer(args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
        let errors: Vec<&str> = text.lines().filter(|l| !l.is_empty()).collect();
        assert_eq!(errors.len(), 1, "one line is enough: {text}");
        for word in words {
            assert!(errors[0].contains(word), "`{word}` is missing: {text}");
        }
    }

    fn config(&self, more: &str) {
        self.write(
            "eq.yaml",
            &format!(
                "word_eq:\n  decoder: {{ width: 8, blocks: 1, refinement_width: 8, refinement_blocks: 1, steps: 4, batch: 24 }}\n  threads: 1\n{more}out: run\n"
            ),
        );
    }

    fn table(&self, name: &str) -> WordTable {
        WordTable::from_json(&std::fs::read_to_string(self.path(name)).unwrap()).unwrap()
    }
}

const TRAIN: [&str; 4] = ["--config", "eq.yaml", "--part", "decoder"];

fn tiny(steps: u64) -> DecoderTraining {
    let config = DecoderConfig {
        width: 24,
        blocks: 1,
        refinement_width: 16,
        refinement_blocks: 1,
        ..DecoderConfig::default()
    };
    DecoderTraining { steps, batch: 48, final_learning_rate: 1e-4, ..config.training() }
}

#[test]
fn training_through_the_response_brings_curves_closer() {
    tch::set_num_threads(1);
    let space = space::fit(&[]).unwrap().space;
    let lessons = Lessons { space: &space, people: &[], words: &[] };
    let train = |steps| train(&tiny(steps), &lessons, &AtomicBool::new(false), &mut |_, _| {}).unwrap();
    let mut settings = [[0.0; VALUES]; 40];
    for (i, values) in settings.iter_mut().enumerate() {
        let mut eq = EqSettings::flat();
        eq.bands[i % 5].gain_db = if i % 2 == 0 { 9.0 } else { -6.0 };
        eq.bands[(i + 2) % 5].gain_db = i as f32 / 8.0;
        *values = eq.to_values();
    }
    let targets = response::curves(&settings).unwrap();
    let mean = |trained: &TrainedDecoder| {
        let [errors, polished] = decoder_errors(trained, &space, &targets).unwrap();
        assert!(polished.iter().zip(&errors).all(|(after, before)| *after < before + 0.01));
        errors.iter().sum::<f64>() / errors.len() as f64
    };
    let (trained, again) = (train(400), train(400));
    let (before, after) = (mean(&train(0)), mean(&trained));
    assert!(after < 0.4 * before, "{before} dB before, {after} dB after");
    assert_eq!(trained, again, "the same seed trains the same weights");
    // Direct optimisation finds settings that are there to be found.
    for found in fit(&targets[..4], Effort::QUICK, 1).unwrap() {
        assert!(found.error_db < 0.5, "{found:?}");
    }
}

#[test]
fn the_file_computes_what_was_trained_and_is_flat_at_zero() {
    let space = space::fit(&[]).unwrap().space;
    let how = tiny(0);
    // Weights larger than training makes them, so that values reach the ends of their ranges.
    let weights: Vec<f32> = how.shape.initial_weights(3).iter().map(|w| 2.0 * w).collect();
    let trained = TrainedDecoder { shape: how.shape, weights, steps: 0 };
    let file = |precision| {
        let metadata = export::metadata("decoder", &space, &["nowhere".into()]);
        export::decoder_onnx(&trained, &space, precision, metadata).unwrap()
    };
    let onnx = file(Precision::Float);
    let apart = export::difference(&trained, &space, &onnx).unwrap();
    assert!(apart < export::PARITY_TOLERANCE, "{apart}");
    assert!(export::flatness_db(&onnx).unwrap() < 1e-3);
    let small = file(Precision::Int8);
    let apart = export::difference(&trained, &space, &small).unwrap();
    assert!(small.len() < onnx.len() && apart < 0.2, "{apart}");
    let text = String::from_utf8_lossy(&onnx);
    for word in [format!("{:016x}", space.fingerprint()).as_str(), "tonewright word EQ decoder", "nowhere"] {
        assert!(text.contains(word), "{word}");
    }
    // The mirror of flat is flat whatever the weights; any other latent is not.
    let decoder = Decoder::new(trained.shape, &trained.weights, &space).unwrap();
    let curves = response::curves(&decoder.settings(&[[0.0; 32], [3.0; 32]]).unwrap()).unwrap();
    let [flat, other] = [0, 1].map(|i| rms(&curves[i]));
    assert!(flat < 1e-4 && other > 0.1, "{flat} dB, {other} dB");
}

fn words_of(table: &WordTable) -> Vec<(usize, &str, usize)> {
    table.words().iter().map(|w: &Word| (w.slot, w.name.as_str(), w.count)).collect()
}

#[test]
fn the_rule_keeps_what_people_agree_on() {
    let desk = Desk::new();
    desk.write("safe_eq.csv", &made_up());
    let settings = safe::read(&desk.path("safe_eq.csv")).unwrap();
    let expected = EqSettings::from_values(&settings[0].values);
    for (hz, db) in grid_hz().iter().zip(settings[0].curve) {
        assert!((db - expected.response_db(*hz, SPACE_RATE_HZ)).abs() < 1e-9);
    }
    let observations = words::read(desk.folder.path(), &settings).unwrap();
    let space = space::fit(&settings.iter().map(|s| s.curve).collect::<Vec<_>>()).unwrap().space;
    let built = words::build(&observations, &space, None).unwrap();
    assert_eq!(words_of(&built.table), [(0, "warm", 8), (2, "shiny", 4)]);
    let warm = built.table.word(0);
    assert!(warm.experimental && warm.language == "en" && warm.sources == ["SAFE"]);
    let curve = space.curve_db(&warm.latent);
    assert!(curve[0] > 3.0 && curve[63] < -3.0 && curve.iter().sum::<f64>().abs() < 1.0, "{curve:?}");
    let shiny = space.curve_db(&built.table.word(2).latent);
    let opposite = level_removed(&curve.map(|v| -v));
    assert!(rms(&difference(&shiny, &opposite)) < 1.5);
    // They agree at the ends and not where the mean crosses 0.
    assert!(warm.agreement[0] > 0.9 && warm.agreement.iter().any(|&a| a < 0.2), "{:?}", warm.agreement);
    // The text holds all of it, and a new table leaves a word where it was.
    let text = built.table.to_json();
    assert_eq!(WordTable::from_json(&text).unwrap(), built.table);
    let moved = text.replace("\"slot\":2", "\"slot\":7");
    let existing = WordTable::from_json(&moved).unwrap();
    let again = words::build(&observations, &space, Some(&existing)).unwrap();
    assert_eq!(words_of(&again.table), [(0, "warm", 8), (7, "shiny", 4)]);
}

#[test]
fn nobody_is_in_two_folds() {
    let desk = Desk::new();
    desk.write("safe_eq.csv", &made_up());
    let settings = safe::read(&desk.path("safe_eq.csv")).unwrap();
    let folds = safe::folds(&settings, 3);
    for (a, fold) in settings.iter().zip(&folds) {
        assert!(settings.iter().zip(&folds).all(|(b, other)| a.user != b.user || fold == other));
    }
    let sizes: Vec<usize> = (0..3).map(|k| folds.iter().filter(|f| **f == k).count()).collect();
    assert!(sizes.iter().all(|&n| n > 4), "{sizes:?}");
}

#[test]
fn trains_with_and_without_data() {
    let desk = Desk::new();
    desk.config("  semantic: nowhere\n  table: none.json\n");
    let text = desk.succeeds(&TRAIN);
    assert!(text.contains("no semantic data in nowhere") && text.contains("no word table"), "{text}");
    assert!(desk.path("run/decoder.onnx").exists() && !desk.path("run/words.json").exists());
    desk.refuses(&TRAIN, &["run", "--overwrite"]);
    desk.refuses(&[&TRAIN[..], &["--report"]].concat(), &["safe_eq.csv"]);

    std::fs::create_dir(desk.path("data")).unwrap();
    desk.write("data/safe_eq.csv", &made_up());
    desk.config("  semantic: data\n");
    let text = desk.succeeds(&[&TRAIN[..], &["--overwrite"]].concat());
    assert!(text.contains("settings: 28") && text.contains("2 kept"), "{text}");
    let table = desk.table("run/words.json");
    assert!(table.sources().iter().any(|s| s.contains("semanticaudio.co.uk")));

    // With the table alone, its words and its space are trained for.
    desk.config("  table: run/words.json\n");
    let text = desk.succeeds(&[&TRAIN[..], &["--out", "other"]].concat());
    assert!(text.contains("words: 2 of the table"), "{text}");
    assert_eq!(desk.table("other/words.json"), table);

    desk.config("  semantic: data\n  report: { folds: 2, floor_curves: 0 }\n");
    let text = desk.succeeds(&[&TRAIN[..], &["--report"]].concat());
    for line in ["settings: 28 curves of", "differences: 28", "words, -3 to 3 times: 1000", "latent 0:"] {
        assert!(text.contains(line), "{line}: {text}");
    }

    // A folder without any of the files is no data either.
    std::fs::create_dir(desk.path("empty")).unwrap();
    desk.config("  semantic: empty\n");
    let text = desk.succeeds(&[&TRAIN[..], &["--out", "third"]].concat());
    assert!(text.contains("no semantic data in empty"), "{text}");
}

#[test]
fn the_encoder_is_trained_and_measured_from_the_command_line() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("data")).unwrap();
    desk.write("data/safe_eq.csv", &made_up().replace("Shiny", "bright"));
    let encoder = "  encoder: { channels: 8, hidden: 8, steps: 4, rival_steps: 2 }\n";
    let audio = "  audio: { most_synthesised: 1 }\n  report: { folds: 2, floor_curves: 0 }\n";
    desk.config(&format!("  semantic: data\n{encoder}{audio}"));
    let text = desk.succeeds(&["--config", "eq.yaml"]);
    assert!(text.contains("all sound is synthesised") && text.contains("encoder_int8.onnx"), "{text}");
    let table = desk.table("run/words.json");
    assert!(table.neutrals().iter().any(|n| n.kind == Kind::Voice), "{text}");
    let read = |name: &str| std::fs::read(desk.path(name)).unwrap();
    let (encoder, decoder) = (read("run/encoder.onnx"), read("run/decoder.onnx"));
    OnnxNetworks::new(&EqModel { table, encoder, decoder }).unwrap();

    let only = ["--config", "eq.yaml", "--part", "encoder"];
    desk.refuses(&["--config", "eq.yaml"], &["run", "--overwrite"]);
    desk.refuses(&only, &["run", "--overwrite"]);
    let text = desk.succeeds(&[&only[..], &["--report"]].concat());
    for line in ["R² of the balance", "sources, all:", "of at least 6 s", "closed loop", "all clips"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    // An encoder is no decoder, and that is known before anything is made.
    std::fs::copy(desk.path("run/encoder.onnx"), desk.path("run/decoder.onnx")).unwrap();
    desk.refuses(&[&only[..], &["--report"]].concat(), &["decoder.onnx", "tonewright word EQ encoder"]);
}

#[test]
fn bad_data_is_refused_with_its_place() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("data")).unwrap();
    desk.config("  semantic: data\n");
    let csv = |text: &str| desk.write("data/safe_eq.csv", text);
    let good = made_up();
    csv(&good.replacen(",200,", ",2000000,", 1));
    desk.refuses(&TRAIN, &["safe_eq.csv", "line 2", "low_shelf_freq", "2000000"]);
    csv(&good.replacen(",0.71,", ",often,", 1));
    desk.refuses(&TRAIN, &["line 2", "first_band_q", "often"]);
    csv(&good.replacen("low_shelf_gain", "low", 1));
    desk.refuses(&TRAIN, &["low_shelf_gain"]);
    csv(&(good.clone() + "1,2\n"));
    desk.refuses(&TRAIN, &["line 30", "2 fields", "18"]);
    csv(&good);
    desk.write("data/socialeq.csv", "descriptor,language\nwarm,English\n");
    desk.refuses(&TRAIN, &["socialeq.csv", "RSC_120Hz_band"]);
    std::fs::remove_file(desk.path("data/socialeq.csv")).unwrap();
    desk.write("data/eqdescriptors.json", "[{\"lang\": \"English\", \"word\": \"warm\", \"settings\": [1]}]");
    desk.refuses(&TRAIN, &["eqdescriptors.json", "warm", "1 values"]);
    desk.write("table.json", "{}");
    desk.config("  table: table.json\n");
    desk.refuses(&TRAIN, &["table.json"]);
    assert!(!desk.path("run").exists());
}

#[test]
fn an_unusable_folder_is_refused_before_anything_is_read() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("data")).unwrap();
    desk.write("data/safe_eq.csv", "no table");
    desk.config("  semantic: data\n");
    let encoder = ["--config", "eq.yaml", "--part", "encoder"];
    for part in [TRAIN, encoder] {
        let inside = [&part[..], &["--out", "eq.yaml/x"]].concat();
        desk.refuses(&inside, &["eq.yaml: this is a file", "choose another folder with --out"]);
        let other = RunFolder::open(&desk.path("run"), &|_| {}).unwrap();
        desk.refuses(&part, &["run: another run is at work"]);
        drop(other);
        // There is nothing that one could go on with.
        for name in ["decoder.onnx", "encoder.onnx"] {
            desk.write(&format!("run/{name}"), "of an earlier run");
        }
        desk.refuses(&part, &["run holds an earlier run", ".onnx); choose another --out"]);
        std::fs::remove_dir_all(desk.path("run")).unwrap();
    }
}

#[test]
fn bad_configs_are_refused_with_their_place() {
    let desk = Desk::new();
    let config = |text: &str| desk.write("eq.yaml", text);
    config("word_eq:\n  decodr: {}\nout: run\n");
    desk.refuses(&TRAIN, &["eq.yaml:2:", "decodr"]);
    config("word_eq:\n  decoder:\n    steps: many\nout: run\n");
    desk.refuses(&TRAIN, &["eq.yaml:3:", "whole number"]);
    config("word_eq:\n  report: { folds: 1 }\nout: run\n");
    desk.refuses(&TRAIN, &["eq.yaml:2:", "1", "2 to 20"]);
    config("word_eq:\n  audio:\n    recordings: [{ name: a, direct: b, takes_seconds: [9, 3] }]\nout: run\n");
    desk.refuses(&TRAIN, &["eq.yaml", "takes_seconds", "[9.0, 3.0]"]);
    config("word_eq: {}\nmodel: nam_standard\nout: run\n");
    desk.refuses(&TRAIN, &["eq.yaml:2:", "model"]);
    config("word_eq: {}\nout: run\n");
    desk.refuses(&["--config", "eq.yaml", "--nam"], &["--nam", "amp models"]);
    config("word_eq: {}\nout: ''\n");
    desk.refuses(&TRAIN, &["`out`"]);
    config("model: nam_standard\ndata: { virtual: {} }\nout: run\n");
    desk.refuses(&["--config", "eq.yaml", "--report"], &["--report"]);
}

#[test]
fn the_config_that_comes_along_is_good() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/eq.yaml");
    let config = trainer::word_eq::config::EqConfig::load(&path).unwrap();
    assert_eq!(config.word_eq.table, Some(PathBuf::from("assets/words/words.json")));
}
