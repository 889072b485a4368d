//! What `tonewright` and `trainer` say to files that are not what they should be: one clear line, an
//! exit code that is not 0, and nothing overwritten.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::product;
use tests::sound::{guitar, read, write};

const MODEL: &str = "virtual_seed";

/// A WAV file, with whatever is said of it in its header.
struct Wav {
    tag: u16,
    channels: u16,
    rate_hz: u32,
    bits: u16,
    data: Vec<u8>,
    /// Bytes of data that the header claims, where that is not their number.
    claimed: Option<u32>,
}

impl Wav {
    fn floats(samples: &[f32]) -> Self {
        let data = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { tag: 3, channels: 1, rate_hz: 48_000, bits: 32, data, claimed: None }
    }

    fn integers(bits: u16, data: Vec<u8>) -> Self {
        Self { tag: 1, channels: 1, rate_hz: 48_000, bits, data, claimed: None }
    }

    fn bytes(&self) -> Vec<u8> {
        let frame = self.channels.wrapping_mul(self.bits / 8);
        let claimed = self.claimed.unwrap_or(self.data.len() as u32);
        let mut bytes = Vec::new();
        bytes.extend(b"RIFF");
        bytes.extend(claimed.wrapping_add(36).to_le_bytes());
        bytes.extend(b"WAVEfmt ");
        bytes.extend(16u32.to_le_bytes());
        bytes.extend(self.tag.to_le_bytes());
        bytes.extend(self.channels.to_le_bytes());
        bytes.extend(self.rate_hz.to_le_bytes());
        bytes.extend(self.rate_hz.wrapping_mul(u32::from(frame)).to_le_bytes());
        bytes.extend(frame.to_le_bytes());
        bytes.extend(self.bits.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend(claimed.to_le_bytes());
        bytes.extend(&self.data);
        bytes
    }
}

/// A folder with a good recording, and a file that must not be overwritten.
struct Bench {
    folder: tempfile::TempDir,
}

const KEPT: &[u8] = b"what was here before";

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        write(&bench.path("good.wav"), &[guitar(4_800)], 48_000).unwrap();
        fs::write(bench.path("kept.wav"), KEPT).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Renders over the file that must be kept, and checks that it failed as it should.
    fn refused(&self, input: &Path, model: &str, words: &str) {
        let files = || fs::read_dir(self.folder.path()).unwrap().count();
        let before = files();
        let kept = self.path("kept.wav");
        let arguments =
            [Path::new("render"), input, Path::new("-o"), &kept, Path::new("--model"), Path::new(model)];
        let case = format!("{} through {model}", input.display());
        one_clear_line(&product::tonewright(arguments), words, &case);
        assert_eq!(fs::read(&kept).unwrap(), KEPT, "{case}: overwritten");
        assert_eq!(files(), before, "{case}: files are left behind");
    }
}

/// Checks that a program failed with a single line of error that contains `words`.
fn one_clear_line(done: &Output, words: &str, case: &str) {
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{case}: {}\n{said}", done.status);
    assert!(!said.contains("panicked"), "{case}:\n{said}");
    let errors: Vec<_> = said.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "{case}: not one error\n{said}");
    assert!(errors[0].contains(words), "{case}: {} does not say \"{words}\"", errors[0]);
    assert!(errors[0].chars().count() < 500, "{case}: {}", errors[0]);
}

#[test]
fn recordings_that_are_none() {
    let bench = Bench::new();
    let tone: Vec<f32> = (0..480).map(|i| (i as f32 * 0.1).sin() * 0.1).collect();
    let with = |at: usize, value: f32| {
        let mut tone = tone.clone();
        tone[at] = value;
        Wav::floats(&tone).bytes()
    };
    let whole = Wav::floats(&tone).bytes();
    let cases: &[(&str, Vec<u8>)] = &[
        ("empty.wav", Vec::new()),
        ("text.wav", b"This is a letter, not a recording.".repeat(20)),
        ("header_only.wav", Wav::floats(&[]).bytes()),
        ("half_a_header.wav", whole[..20].to_vec()),
        ("cut_short.wav", whole[..whole.len() / 2].to_vec()),
        ("claims_1_gib.wav", Wav { claimed: Some(1 << 30), ..Wav::floats(&tone) }.bytes()),
        ("nan.wav", with(300, f32::NAN)),
        ("infinite.wav", with(479, f32::NEG_INFINITY)),
        ("no_channels.wav", Wav { channels: 0, ..Wav::floats(&tone) }.bytes()),
        ("many_channels.wav", Wav { channels: 480, ..Wav::floats(&tone) }.bytes()),
        ("no_rate.wav", Wav { rate_hz: 0, ..Wav::floats(&tone) }.bytes()),
        ("absurd_rate.wav", Wav { rate_hz: 4_000_000_000, ..Wav::floats(&tone) }.bytes()),
        ("rate_of_1_hz.wav", Wav { rate_hz: 1, ..Wav::floats(&tone) }.bytes()),
        ("no_known_format.wav", Wav { tag: 0x7777, ..Wav::integers(8, vec![0x55; 480]) }.bytes()),
        ("floats_of_12_bits.wav", Wav { bits: 12, ..Wav::floats(&tone) }.bytes()),
    ];
    for (name, bytes) in cases {
        bench.refused(&bench.put(name, bytes), MODEL, name);
    }
    bench.refused(&bench.path("missing.wav"), MODEL, "missing.wav");
    bench.refused(bench.folder.path(), MODEL, &bench.folder.path().display().to_string());
}

#[test]
fn models_that_are_none() {
    let bench = Bench::new();
    let good = fs::read(product::asset(&format!("models/{MODEL}.onnx"))).unwrap();
    let replaced = |from: &[u8], to: &[u8]| {
        let mut bytes = good.clone();
        let places: Vec<usize> =
            (0..=bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
        assert!(!places.is_empty() && from.len() == to.len());
        places.iter().for_each(|&at| bytes[at..at + to.len()].copy_from_slice(to));
        bytes
    };
    let middle = good.len() / 2;
    let mut not_numbers = good.clone();
    not_numbers[middle..middle + 256].fill(0xff);
    let cases: &[(&str, Vec<u8>)] = &[
        ("empty.onnx", Vec::new()),
        ("text.onnx", b"no model at all\n".repeat(100)),
        ("recording.onnx", fs::read(bench.path("good.wav")).unwrap()),
        ("half.onnx", good[..middle].to_vec()),
        ("all_but_the_end.onnx", good[..good.len() - 1].to_vec()),
        ("not_numbers.onnx", not_numbers),
        ("zeros.onnx", vec![0; 1 << 16]),
        ("ones.onnx", vec![0xff; 1 << 16]),
        ("claims_to_be_huge.onnx", [&[0x3a, 0xff, 0xff, 0xff, 0xff, 0x7f][..], &good].concat()),
        ("other_input.onnx", replaced(b"audio", b"sound")),
        ("other_operator.onnx", replaced(b"Tanh", b"Tang")),
        ("impossible_rate.onnx", replaced(b"48000", b"-8000")),
    ];
    for (name, bytes) in cases {
        let path = bench.put(name, bytes);
        bench.refused(&bench.path("good.wav"), &path.display().to_string(), name);
    }
    let missing = bench.path("missing.onnx").display().to_string();
    bench.refused(&bench.path("good.wav"), &missing, "missing.onnx");
    bench.refused(&bench.path("good.wav"), &bench.folder.path().display().to_string(), "");
    bench.refused(&bench.path("good.wav"), "no_such_amp", "no_such_amp");

    // Larger than any model may be, without taking the room on the disk.
    let huge = bench.path("huge.onnx");
    fs::File::create(&huge).unwrap().set_len(1 << 33).unwrap();
    bench.refused(&bench.path("good.wav"), &huge.display().to_string(), "huge.onnx");
}

#[test]
fn every_truncation_of_a_model_is_refused() {
    let bench = Bench::new();
    let good = fs::read(product::asset(&format!("models/{MODEL}.onnx"))).unwrap();
    for part in 1..24 {
        let path = bench.put("part.onnx", &good[..good.len() * part / 24]);
        bench.refused(&bench.path("good.wav"), &path.display().to_string(), "part.onnx");
    }
}

#[test]
fn places_that_cannot_be_written() {
    let bench = Bench::new();
    for place in ["no_such_folder/out.wav", "."] {
        let place = bench.path(place);
        let good = bench.path("good.wav");
        let arguments =
            [Path::new("render"), &good, Path::new("-o"), &place, Path::new("--model"), Path::new(MODEL)];
        one_clear_line(&product::tonewright(arguments), "", &place.display().to_string());
    }
}

#[test]
fn options_that_are_none() {
    let bench = Bench::new();
    let (good, out) = (bench.path("good.wav"), bench.path("kept.wav"));
    let (good, out) = (good.display().to_string(), out.display().to_string());
    let base = ["render", &good, "-o", &out, "--model", MODEL];
    for more in [["--block", "0"], ["--block", "-3"], ["--engine", "abacus"], ["--tempo", "120"]] {
        let done = product::tonewright(base.iter().chain(&more));
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{more:?}: {said}");
        assert!(said.starts_with("error: ") && !said.contains("panicked"), "{more:?}: {said}");
    }
    assert_eq!(fs::read(bench.path("kept.wav")).unwrap(), KEPT);
}

/// Unusual is not bad.
#[test]
fn unusual_recordings_are_played() {
    let bench = Bench::new();
    let wave = |frames: usize| (0..frames).map(|i| (i as f32 * 0.1).sin() * 0.1);
    let bytes8: Vec<u8> = wave(4_800).map(|x| (x * 127.0 + 128.0) as u8).collect();
    let bytes24: Vec<u8> = wave(4_800)
        .flat_map(|x| {
            let [a, b, c, _] = ((x * 8_388_607.0) as i32).to_le_bytes();
            [a, b, c]
        })
        .collect();
    let eight: Vec<f32> = wave(4_800).collect();
    let cases: &[(&str, Vec<u8>, usize, usize)] = &[
        ("8_bit.wav", Wav::integers(8, bytes8).bytes(), 1, 4_800),
        ("24_bit.wav", Wav::integers(24, bytes24).bytes(), 1, 4_800),
        ("8_channels.wav", Wav { channels: 8, ..Wav::floats(&eight) }.bytes(), 8, 600),
        ("one_sample.wav", Wav::floats(&[0.1]).bytes(), 1, 1),
        ("odd_rate.wav", Wav { rate_hz: 37_123, ..Wav::floats(&eight) }.bytes(), 1, 4_800),
    ];
    for (name, bytes, channels, frames) in cases {
        let (from, to) = (bench.put(name, bytes), bench.path("out.wav"));
        product::render(&from, &to, MODEL, &[]);
        let (played, _) = read(&to).unwrap();
        assert_eq!((played.len(), played[0].len()), (*channels, *frames), "{name}");
        assert!(played.iter().flatten().all(|x| x.is_finite()), "{name}");
    }
}

/// The trainer that was built along with this test.
fn trainer() -> Command {
    let own = std::env::current_exe().unwrap();
    let trainer = own.parent().and_then(Path::parent).unwrap().join("trainer");
    assert!(trainer.exists(), "{} is missing; run `cargo build --package trainer` first", trainer.display());
    let mut command = Command::new(trainer);
    command.current_dir(product::root());
    command
}

#[test]
fn configs_that_are_none() {
    let bench = Bench::new();
    let good = fs::read_to_string(product::root().join("configs/demo.yaml")).unwrap();
    let unknown_key = format!("{good}\ncolour: blue\n");
    let last_line = unknown_key.lines().count().to_string();
    let cases: &[(&str, String, &str)] = &[
        ("empty.yaml", String::new(), "empty.yaml"),
        ("unknown_key.yaml", unknown_key, &last_line),
        ("broken.yaml", "model: [unfinished".to_owned(), "broken.yaml"),
        ("text.yaml", "just words".to_owned(), "text.yaml"),
        ("half.yaml", good[..good.len() / 2].to_owned(), "half.yaml"),
    ];
    for (name, text, words) in cases {
        let path = bench.put(name, text.as_bytes());
        let done = trainer().arg("--config").arg(path).output().unwrap();
        one_clear_line(&done, words, name);
    }
    let done = trainer().arg("--config").arg(bench.path("missing.yaml")).output().unwrap();
    one_clear_line(&done, "missing.yaml", "a missing config");
}

#[test]
fn recordings_that_do_not_belong_together() {
    let bench = Bench::new();
    let guitar = guitar(48_000);
    write(&bench.path("input.wav"), std::slice::from_ref(&guitar), 48_000).unwrap();
    write(&bench.path("slower.wav"), std::slice::from_ref(&guitar), 44_100).unwrap();
    bench.put("empty.wav", b"");
    let model = product::asset(&format!("models/{MODEL}.onnx"));
    for target in ["slower.wav", "empty.wav", "missing.wav"] {
        let (input, path) = (bench.path("input.wav"), bench.path(target));
        let done = trainer().arg("evaluate").args([&model, &input, &path]).output().unwrap();
        one_clear_line(&done, target, target);
    }
}
