//! Presets as a shell and as a player's ears meet them.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use ebur128::{EbuR128, Mode};
use shared::audio::{read_wav, write_wav};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use tonewright::amp::Desk;
use tonewright::factory::DEFAULT_SLOT;
use tonewright::presets::{Dials, PRESETS, Sound, Studio, Surroundings};
use tonewright::rack::RackFormat;

const BLOCK: usize = 512;

fn demo() -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo/clean_guitar.wav");
    let (channels, rate) = read_wav(&path).unwrap();
    assert_eq!(f64::from(rate), 48_000.0);
    channels[0].clone()
}

fn render(sound: &Sound, input: &[f32]) -> Vec<f32> {
    let format =
        RackFormat { sample_rate_hz: 48_000.0, max_block_samples: BLOCK, channels_in: 1, channels_out: 1 };
    let mut studio = Studio::new(sound, Surroundings::default());
    studio.prepare(format).unwrap();
    let mut output = input.to_vec();
    output.chunks_mut(BLOCK).for_each(|block| studio.play(&mut [block]));
    output
}

fn loudness(signal: &[f32]) -> f64 {
    let mut meter = EbuR128::new(1, 48_000, Mode::I).unwrap();
    meter.add_frames_f32(signal).unwrap();
    meter.loudness_global().unwrap()
}

/// Energy above a frequency, as a share of all, by first differences' next of kin: a one-pole high-pass run twice.
fn share_above(signal: &[f32], hz: f64) -> f64 {
    let pole = (-std::f64::consts::TAU * hz / 48_000.0).exp();
    let (mut low, mut lower, mut above, mut all) = (0.0, 0.0, 0.0, 0.0);
    for &sample in signal {
        let sample = f64::from(sample);
        low += (1.0 - pole) * (sample - low);
        let high = sample - low;
        lower += (1.0 - pole) * (high - lower);
        above += (high - lower).powi(2);
        all += sample * sample;
    }
    above / all
}

#[test]
fn the_factory_presets_are_equally_loud_clear_of_full_scale_and_free_of_fizz() {
    let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
    let input = demo();
    let mut wrong = Vec::new();
    println!("{:<16} {:>7} {:>7} {:>7} {:>9}", "preset", "LUFS", "peak", "crest", "> 6 kHz");
    for preset in PRESETS {
        let output = render(&preset.read(&dials).unwrap().sound, &input);
        let peak = output.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        let rms = (output.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / output.len() as f64).sqrt();
        let db = |value: f64| 20.0 * value.log10();
        let (lufs, peak, fizz) =
            (loudness(&output), db(f64::from(peak)), 10.0 * share_above(&output, 6_000.0).log10());
        println!("{:<16} {lufs:>7.2} {peak:>7.2} {:>7.2} {fizz:>9.1}", preset.id, peak - db(rms));
        if !(-20.0..=-16.0).contains(&lufs) || peak > -1.0 || fizz > -20.0 {
            wrong.push(preset.id);
        }
    }
    assert_eq!(wrong, Vec::<&str>::new());
}

fn tonewright(arguments: &[&str], config: &Path) -> Output {
    let program = env!("CARGO_BIN_EXE_tonewright");
    Command::new(program)
        .args(arguments)
        .env("TONEWRIGHT_CONFIG", config)
        .output()
        .expect("the program starts")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

#[test]
fn a_shell_lists_shows_and_renders_presets() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = tonewright(arguments, folder.path());
        let all = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&all).into_owned())
    };
    let (listed, list) = run(&["presets"]);
    assert!(listed && PRESETS.len() + 1 == list.lines().count() && list.contains("Glass"), "{list}");
    let (_, shown) = run(&["presets", "glass"]);
    let own = folder.path().join("own.yaml");
    std::fs::write(&own, &shown).unwrap();

    let (input, output) = (folder.path().join("in.wav"), folder.path().join("out.wav"));
    let guitar: Vec<f32> = demo()[..48_000].to_vec();
    write_wav(&input, std::slice::from_ref(&guitar), 48_000).unwrap();
    let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
    let expected = render(&PRESETS[0].read(&dials).unwrap().sound, &guitar);
    for name in ["glass", "Glass", text(&own)] {
        let (done, said) = run(&["render", text(&input), "-o", text(&output), "--preset", name]);
        assert!(done && said.contains("through the preset \"Glass\""), "{said}");
        let rendered = read_wav(&output).unwrap().0;
        let far = rendered[0].iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(rendered[0].len() == expected.len() && far < 1e-6, "{name}: {far}");
    }

    std::fs::create_dir(folder.path().join("presets")).unwrap();
    std::fs::write(folder.path().join("presets/mine.yaml"), shown.replace("Glass", "Mine")).unwrap();
    assert!(run(&["presets"]).1.contains("Mine"));
    let render = |name: &str, more: &[&str]| {
        run(&[&["render", text(&input), "-o", text(&output), "--preset", name], more].concat())
    };
    assert!(render("mine", &[]).0);
    let (done, said) = render("nothing", &[]);
    assert!(!done && said.contains("there is no preset \"nothing\""), "{said}");
    for preset in PRESETS {
        let name = preset.read(&dials).unwrap().name;
        assert!(said.contains(&name) && list.contains(&name), "{name}: {said}");
    }
    assert!(!render("glass", &["--model", "sd1_a2"]).0);

    std::fs::write(
        &own,
        format!("{shown}sources:\n  model: {{ path: gone.nam }}\n").replace("virtual_standard", "Own file"),
    )
    .unwrap();
    let (done, said) = render(text(&own), &[]);
    assert!(!done && said.contains("gone.nam"), "{said}");
    let loud = shown.replace("parameters:\n", "parameters:\n  tone_mid: 150\n");
    std::fs::write(&own, &loud).unwrap();
    let (done, said) = render(text(&own), &[]);
    let warnings: Vec<_> = said.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert!(done && warnings.len() == 1, "{said}");
    assert!(warnings[0].contains("own.yaml: tone_mid: 150 "), "{said}");
    std::fs::write(&own, "version: 9\nname: x\n").unwrap();
    let (done, said) = render(text(&own), &[]);
    assert!(!done && said.contains("of version 9") && said.contains("own.yaml"), "{said}");
}
