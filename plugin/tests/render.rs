//! `tonewright render`, `chain` and `bench` with chains, as a shell runs them.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use shared::audio::{read_wav, write_wav};
use shared::cabinets::CABINETS;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tonewright::factory::MODELS;

fn tonewright(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tonewright")).args(arguments).output().expect("the program starts")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Two channels of a decaying chord.
fn recording(samples: usize) -> Vec<Vec<f32>> {
    let wave = |step: f32| {
        let sample = move |i: usize| 0.4 * (-(i as f32) / 20_000.0).exp() * (i as f32 * step).sin();
        (0..samples).map(sample).collect()
    };
    vec![wave(0.013), wave(0.031)]
}

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        bench.put("in.wav", &recording(12_000));
        // A loudspeaker that halves and delays by two samples.
        bench.put("cab.wav", &[vec![0.0, 0.0, 0.5]]);
        bench
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, channels: &[Vec<f32>]) -> PathBuf {
        write_wav(&self.at(name), channels, 48_000).unwrap();
        self.at(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.at(name), text).unwrap();
        self.at(name)
    }

    fn render(&self, more: &[&str]) -> Output {
        let (input, output) = (self.at("in.wav"), self.at("out.wav"));
        tonewright(&[&["render", text(&input), "-o", text(&output)], more].concat())
    }

    fn rendered(&self, more: &[&str]) -> Vec<Vec<f32>> {
        let run = self.render(more);
        assert!(run.status.success(), "{more:?}: {}", error(&run));
        read_wav(&self.at("out.wav")).unwrap().0
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path()).unwrap().count()
    }
}

#[test]
fn flags_and_a_chain_file_are_the_same_chain() {
    let bench = Bench::new();
    let chain = bench.write(
        "chain.yaml",
        &format!(
            "chain:
  - gate: {{ threshold_db: -50 }}
  - high_pass: {{ cutoff: 60 }}
  - gain: {{ gain_db: 6 }}
  - amp: {{ model: {} }}
  - cabinet: {{ response: cab.wav }}
  - low_pass: {{ cutoff: 9000 }}
  - word_eq: {{ word: bright, amount: 0.5, bands: {{ 2: {{ gain_db: 3 }} }} }}
  - reverb: {{ mix: 0.2 }}
  - gain: {{ gain_db: -4 }}
  - normalise: {{ level_db: -3 }}
",
            MODELS[1].id
        ),
    );
    let expected = bench.rendered(&["--chain", text(&chain)]);
    let peak = expected.iter().flatten().fold(0.0f32, |peak, s| peak.max(s.abs()));
    assert!((20.0 * peak.log10() + 3.0).abs() < 0.01, "{peak}");
    let cab = bench.at("cab.wav");
    let flags = [
        "--gate",
        "-50",
        "--high-pass",
        "60",
        "--input-gain",
        "6",
        "--model",
        MODELS[1].id,
        "--cab",
        text(&cab),
        "--low-pass",
        "9000",
        "--word",
        "bright",
        "--amount",
        "0.5",
        "--band",
        "2:+3dB",
        "--reverb",
        "0.2",
        "--gain",
        "-4",
        "--normalise",
        "-3",
    ];
    assert_eq!(bench.rendered(&flags), expected);
    let said = said(&bench.render(&flags));
    for part in ["0 gate > 1 high_pass > 2 gain > 3 amp", "6 word_eq > 7 reverb", "\"bright\", amount +0.50"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn settings_change_a_chain() {
    let bench = Bench::new();
    let chain = bench.write("chain.yaml", "chain: [{ gain: { gain: 1 } }, { word_eq: { word: warm } }]");
    let plain = read_wav(&bench.at("in.wav")).unwrap().0;
    let halved = bench.rendered(&["--chain", text(&chain), "--set", "0.gain=0.5", "--set", "1.amount = 0"]);
    let expected: Vec<Vec<f32>> = plain.iter().map(|c| c.iter().map(|s| s * 0.5).collect()).collect();
    assert_eq!(halved, expected);
    let off = bench.rendered(&["--chain", text(&chain), "--set", "1.on=off"]);
    assert_eq!(off, plain);
    let run = bench.render(&["--chain", text(&chain), "--set", "1.word=bright", "--set", "1.band5_off=on"]);
    assert!(
        said(&run).contains("\"bright\", amount +0.70") && said(&run).contains(", off"),
        "{}",
        said(&run)
    );
}

#[test]
fn rate_channels_and_bits_are_as_asked_for() {
    let bench = Bench::new();
    let chain = bench.write("chain.yaml", "chain: [{ gain: { gain_db: -6 } }]");
    let fixed = ["--chain", text(&chain)];
    for (more, rate, channels, bits) in [
        (&["--rate", "44100", "--channels", "1", "--bits", "16"][..], 44_100, 1, 16u16),
        (&["--bits", "24"], 48_000, 2, 24),
        (&[], 48_000, 2, 32),
    ] {
        let run = bench.render(&[&fixed[..], more].concat());
        assert!(run.status.success(), "{}", error(&run));
        let (sound, found) = read_wav(&bench.at("out.wav")).unwrap();
        assert_eq!((found, sound.len()), (rate, channels), "{more:?}");
        assert_eq!(sound[0].len(), (12_000 * rate as usize).div_ceil(48_000), "{more:?}");
        // The header of a WAV file: bits of a sample.
        let bytes = std::fs::read(bench.at("out.wav")).unwrap();
        assert_eq!(u16::from_le_bytes([bytes[34], bytes[35]]), bits, "{more:?}");
    }
    let loud = bench.render(&["--model", "none", "--gain", "20", "--bits", "16"]);
    assert!(error(&loud).contains("beyond full scale"), "{}", error(&loud));
}

#[test]
fn several_recordings_go_into_a_folder() {
    let bench = Bench::new();
    let inputs: Vec<PathBuf> =
        (0..6).map(|i| bench.put(&format!("take{i}.wav"), &recording(3000 + 500 * i))).collect();
    let output = bench.at("rendered");
    let paths: Vec<&str> = inputs.iter().map(|path| text(path)).collect();
    let flags = ["-o", text(&output), "--model", MODELS[1].id, "--word", "warm"];
    let run = tonewright(&[&["render"], &paths[..], &flags].concat());
    assert!(run.status.success(), "{}", error(&run));
    assert_eq!(said(&run).lines().count(), 6, "{}", said(&run));
    for (i, input) in inputs.iter().enumerate() {
        let together = read_wav(&output.join(input.file_name().unwrap())).unwrap().0;
        assert_eq!(together[0].len(), 3000 + 500 * i);
        std::fs::copy(input, bench.at("in.wav")).unwrap();
        assert_eq!(together, bench.rendered(&["--model", MODELS[1].id, "--word", "warm"]), "take {i}");
    }

    // One that fails does not keep the others from being done.
    std::fs::remove_dir_all(&output).unwrap();
    let junk = bench.write("junk.wav", "no recording");
    let missing = bench.at("missing.wav");
    let some = [paths[0], text(&junk), paths[1], text(&missing)];
    let run = tonewright(&[&["render"], &some[..], &flags].concat());
    let error = error(&run);
    assert_eq!(run.status.code(), Some(1), "{error}");
    assert!(error.contains("junk.wav") && error.contains("missing.wav"), "{error}");
    assert!(error.contains("2 of 4 recordings failed"), "{error}");
    assert_eq!(std::fs::read_dir(&output).unwrap().count(), 2);

    // Where all fail there is no folder either.
    std::fs::remove_dir_all(&output).unwrap();
    let run = tonewright(&[&["render", text(&junk), text(&missing)], &flags[..]].concat());
    assert_eq!(run.status.code(), Some(1));
    assert!(!output.exists());
}

/// Runs it with a standard output that nobody reads.
#[cfg(unix)]
fn unheard(arguments: &[&str]) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tonewright"));
    command.args(arguments).stdout(writer).stderr(std::process::Stdio::piped());
    command.spawn().unwrap().wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn whoever_stops_listening_stops_nothing() {
    let bench = Bench::new();
    let inputs: Vec<PathBuf> =
        (0..6).map(|i| bench.put(&format!("take{i}.wav"), &recording(3000 + 500 * i))).collect();
    let (folder, single) = (bench.at("rendered"), bench.at("single.wav"));
    let paths: Vec<&str> = inputs.iter().map(|path| text(path)).collect();
    let run = unheard(&[&["render"], &paths[..], &["-o", text(&folder), "--model", "none"]].concat());
    assert_eq!((run.status.code(), error(&run)), (Some(0), String::new()));
    for input in &inputs {
        let rendered = read_wav(&folder.join(input.file_name().unwrap())).unwrap();
        assert!(rendered == read_wav(input).unwrap());
    }
    let nam = bench.at("model.nam");
    for arguments in [
        &["render", paths[0], "-o", text(&single), "--model", "none"][..],
        &["convert", MODELS[0].id, text(&nam)],
        &["info", MODELS[0].id],
        &["models"],
        &["words"],
        &["chain"],
        &["bench", "--model", "none", "--blocks", "64", "--seconds", "0.02"],
        &["bench", "--model", "none", "--blocks", "64", "--seconds", "0.02", "--json"],
    ] {
        let run = unheard(arguments);
        assert_eq!((run.status.code(), error(&run)), (Some(0), String::new()), "{arguments:?}");
    }
    assert!(single.exists() && nam.exists());
}

#[test]
fn a_chain_of_nothing_is_warned_of() {
    let bench = Bench::new();
    let chain = bench.write("chain.yaml", "chain:\n");
    let run = bench.render(&["--chain", text(&chain)]);
    assert!(run.status.success() && error(&run).contains("no processors"), "{}", error(&run));
    assert!(said(&run).contains("2 channels at"), "{}", said(&run));
    let run = bench.render(&["--model", "none", "--channels", "1"]);
    assert_eq!(error(&run), "");
    assert!(said(&run).contains("1 channel at"), "{}", said(&run));
}

#[test]
fn what_goes_wrong_is_said_in_a_line_and_overwrites_nothing() {
    let bench = Bench::new();
    let precious = bench.write("out.wav", "precious");
    let chain =
        |name: &str, text: &str| bench.write(name, &format!("chain:\n  - {text}\n")).display().to_string();
    let unknown = chain("unknown.yaml", "flanger: { depth: 1 }");
    let wrong = chain("wrong.yaml", "gain: { gain_db: loud }");
    let range = chain("range.yaml", "gain: { gain_db: 100 }");
    let nyquist = chain("nyquist.yaml", "low_pass: { cutoff: 30000 }");
    let twice = chain("twice.yaml", "gain: { gain: 1, gain_db: 0 }");
    let gain = chain("gain.yaml", "gain: { gain: 1 }");
    let empty = bench.write("empty.yaml", "chain:\n").display().to_string();
    let repeated = chain("repeated.yaml", "gain: { gain_db: 1, gain_db: 2 }");
    let broken = bench.write("broken.yaml", "chain: [unfinished").display().to_string();
    let missing = bench.at("missing.yaml").display().to_string();
    let nowhere = bench.at("nowhere.wav").display().to_string();
    let junk = bench.write("junk.wav", "no response").display().to_string();
    let none = ["--model", "none"];
    let cases: &[(&[&str], &[&str])] = &[
        (&["--chain", &unknown], &["unknown.yaml", "flanger"]),
        (&["--chain", &wrong], &["wrong.yaml"]),
        (&["--chain", &range], &["range.yaml", "gain_db is 100", "-60 to 60 dB"]),
        (&["--chain", &nyquist], &["in.wav", "30000 Hz", "24000 Hz"]),
        (&["--chain", &twice], &["twice.yaml", "either"]),
        (&["--chain", &broken], &["broken.yaml"]),
        (&["--chain", &missing], &["missing.yaml"]),
        (&["--chain", &empty, "--set", "0.gain=1"], &["0.gain=1", "no processors"]),
        (&["--chain", &repeated], &["repeated.yaml: line 2", "gain_db", "only once"]),
        (&["--chain", &gain, "--set", "0.volume=1"], &["0.volume", "0.gain"]),
        (&["--chain", &gain, "--set", "3.gain=1"], &["3.gain", "0.gain"]),
        (&["--chain", &gain, "--set", "0.gain=loud"], &["0.gain", "loud", "0 to 1000"]),
        (&[&none[..], &["--cab", &nowhere]].concat(), &["nowhere.wav"]),
        (&[&none[..], &["--cab", &junk]].concat(), &["junk.wav"]),
        (&[&none[..], &["--low-pass", "24000"]].concat(), &["24000 Hz"]),
        (&[&none[..], &["--gate", "20"]].concat(), &["threshold_db is 20"]),
        (&[&none[..], &["--high-pass", "1"]].concat(), &["cutoff is 1", "10 to 96000 Hz"]),
    ];
    for (arguments, says) in cases {
        let before = bench.files();
        let run = bench.render(arguments);
        let error = error(&run);
        assert_eq!(run.status.code(), Some(1), "{arguments:?}: {error}");
        assert!(error.starts_with("error: ") && says.iter().all(|part| error.contains(part)), "{error}");
        assert_eq!(error.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{error}");
        assert_eq!(std::fs::read(&precious).unwrap(), b"precious", "{arguments:?}");
        assert_eq!(bench.files(), before, "{arguments:?}");
    }
}

#[test]
fn wrong_usage_is_told_apart() {
    let fixed = ["render", "a.wav", "-o", "b.wav"];
    for arguments in [
        &[][..],
        &["--chain", "c.yaml", "--model", "none"],
        &["--chain", "c.yaml", "--word", "warm"],
        &["--chain", "c.yaml", "--gain", "3"],
        &["--chain", "c.yaml", "--band", "2:+3dB"],
        &["--chain", "c.yaml", "--amount", "0"],
        &["--chain", "c.yaml", "--word2", "warm"],
        &["--chain", "c.yaml", "--blend", "0.5"],
        &["--chain", "c.yaml", "--speed", "1"],
        &["--chain", "c.yaml", "--reference", "bass"],
        &["--preset", "Glass", "--gain", "3"],
        &["--preset", "Glass", "--oversample", "4"],
        &["--model", "none", "--reverb", "1.5"],
        &["--model", "none", "--gate", "nan"],
        &["--model", "none", "--set", "gain"],
        &["--model", "none", "--bits", "12"],
        &["--model", "none", "--rate", "0"],
        &["--model", "none", "--rate", "44.1"],
        &["--model", "none", "--channels", "65"],
    ] {
        let run = tonewright(&[&fixed[..], arguments].concat());
        assert_eq!(run.status.code(), Some(2), "{arguments:?}: {}", error(&run));
    }
}

#[test]
fn what_a_chain_consists_of_is_never_overwritten() {
    let bench = Bench::new();
    let chain = bench.write("chain.yaml", "chain: [{ cabinet: { response: cab.wav } }]");
    let kept = ["cab.wav", "chain.yaml", "in.wav"].map(|name| bench.at(name));
    let before = kept.each_ref().map(|path| std::fs::read(path).unwrap());
    for output in &kept {
        let input = bench.at("in.wav");
        let run = tonewright(&["render", text(&input), "-o", text(output), "--chain", text(&chain)]);
        assert_eq!(run.status.code(), Some(1));
        assert!(error(&run).contains("choose another name"), "{}", error(&run));
    }
    let into =
        tonewright(&["render", text(&kept[2]), "-o", text(bench.folder.path()), "--chain", text(&chain)]);
    assert!(error(&into).contains("choose another name"), "{}", error(&into));
    assert!(kept.each_ref().map(|path| std::fs::read(path).unwrap()) == before);
}

#[cfg(target_os = "linux")]
#[test]
fn an_interrupted_render_leaves_nothing_and_says_so() {
    let bench = Bench::new();
    let long = bench.put("long.wav", &recording(48_000 * 120));
    let output = bench.at("out.wav");
    let mut run = Command::new(env!("CARGO_BIN_EXE_tonewright"))
        .args(["render", text(&long), "-o", text(&output), "--model", MODELS[0].id])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let before = bench.files();
    // It is under way once it holds a file in this folder that is not the recording: one without a name.
    let (descriptors, folder) =
        (format!("/proc/{}/fd", run.id()), bench.folder.path().canonicalize().unwrap());
    let is_result = |file: &Path| file.starts_with(&folder) && file != folder.join("long.wav");
    let is_writing = || {
        let held = std::fs::read_dir(&descriptors).into_iter().flatten().flatten();
        held.filter_map(|held| std::fs::read_link(held.path()).ok()).any(|file| is_result(&file))
    };
    while !is_writing() {
        assert!(run.try_wait().unwrap().is_none(), "two minutes of sound were rendered unseen");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let killed = Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let run = run.wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(130), "{}", error(&run));
    assert!(error(&run).contains("nothing was written"), "{}", error(&run));
    assert_eq!(bench.files(), before, "a file is left behind");
    assert!(!output.exists());
}

#[test]
fn the_example_of_a_chain_is_one_and_all_processors_are_told() {
    let bench = Bench::new();
    let example = said(&tonewright(&["chain"]));
    for kind in [
        "gain",
        "normalise",
        "low_pass",
        "high_pass",
        "gate",
        "amp",
        "tone_stack",
        "cabinet",
        "reverb",
        "convolution",
        "word_eq",
    ] {
        assert!(example.contains(&format!("\n# {kind}\n")), "{kind}: {example}");
    }
    for cabinet in CABINETS {
        let named = example.split([' ', '(', ')', ',']).any(|word| word == cabinet.id);
        assert!(named, "{}: {example}", cabinet.id);
    }
    assert!(example.contains("threshold_db               -60 dB       -120 to 0 dB"), "{example}");
    // It is all comments but for the chain, so that what is printed can be kept as a file.
    let chain = bench.write("chain.yaml", &example);
    let listed = tonewright(&["chain", text(&chain)]);
    assert!(listed.status.success(), "{}", error(&listed));
    for address in
        ["0.on", "0.threshold_db", "2.gain_db", "4.mid_db", "6.word ", "6.band2_gain_db", "7.decay"]
    {
        assert!(said(&listed).contains(&format!("  {address}")), "{address}: {}", said(&listed));
    }
    bench.rendered(&["--chain", text(&chain)]);
    let missing = tonewright(&["chain", text(&bench.at("missing.yaml"))]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(error(&missing).contains("missing.yaml"));
}

#[test]
fn the_cost_of_each_block_is_told() {
    let fixed = ["bench", "--blocks", "64,512", "--seconds", "0.02", "--channels-out", "2"];
    let run = tonewright(&[&fixed[..], &["--model", MODELS[1].id, "--low-pass", "5000"]].concat());
    assert!(run.status.success(), "{}", error(&run));
    let table = said(&run);
    for part in
        ["0 amp", "1 low_pass", "1 channel in, 2 out at 48000 Hz", "p99.9", "max", "guitar", "silence", " % "]
    {
        assert!(table.contains(part), "{part}: {table}");
    }
    let run = tonewright(&[&fixed[..], &["--model", "none", "--gain", "3", "--json"]].concat());
    let measured: serde_json::Value = serde_json::from_str(&said(&run)).unwrap();
    let rows = measured["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "two sizes, two sounds");
    for row in rows {
        let costs =
            ["p50_us", "p90_us", "p99_us", "p99_9_us", "max_us"].map(|key| row[key].as_f64().unwrap());
        assert!(costs[0] > 0.0 && costs.is_sorted(), "{row}");
        let samples = row["block_samples"].as_f64().unwrap();
        assert!((row["deadline_us"].as_f64().unwrap() - samples / 0.048).abs() < 1e-6, "{row}");
    }
    let refused = tonewright(&[&fixed[..], &["--model", "none", "--normalise", "-1"]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(error(&refused).contains("cannot be played live"), "{}", error(&refused));
}
