//! The words on the command line, as a shell runs it.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::audio::{read_wav, write_wav};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn tonewright(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tonewright")).args(arguments).output().expect("the program starts")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// Two channels of noise, darker the smaller `open` is.
fn sound(folder: &Path, name: &str, seconds: f32, open: f32) -> PathBuf {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let channel = |rng: &mut ChaCha8Rng| {
        let mut held = 0.0f32;
        let samples = (seconds * 48_000.0) as usize;
        (0..samples)
            .map(|_| {
                held += open * (rng.random_range(-0.5..0.5) - held);
                held
            })
            .collect::<Vec<f32>>()
    };
    let signal = [channel(&mut rng), channel(&mut rng)];
    let path = folder.join(name);
    write_wav(&path, &signal, 48_000).unwrap();
    path
}

struct Rendered {
    channels: Vec<Vec<f32>>,
    said: String,
}

fn render(input: &Path, more: &[&str]) -> Rendered {
    let output = input.with_extension("rendered.wav");
    let run = tonewright(&[&["render", text(input), "-o", text(&output), "--model", "none"], more].concat());
    assert!(run.status.success(), "{more:?}: {}", String::from_utf8_lossy(&run.stderr));
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    Rendered { channels: read_wav(&output).unwrap().0, said }
}

fn difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    let apart = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, f32::max)
}

/// Mean frequency, weighted by the power of a first difference: enough to tell dark from bright.
fn brightness(channels: &[Vec<f32>]) -> f32 {
    let late = &channels[0][channels[0].len() / 2..];
    let power: f32 = late.iter().map(|s| s * s).sum();
    late.windows(2).map(|w| (w[1] - w[0]).powi(2)).sum::<f32>() / power
}

#[test]
fn warm_and_bright_go_opposite_ways_and_amount_0_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let input = sound(folder.path(), "in.wav", 4.0, 0.5);
    let (plain, _) = read_wav(&input).unwrap();
    assert!(render(&input, &["--word", "warm", "--amount", "0"]).channels == plain);
    let warm = render(&input, &["--word", "warm", "--amount", "0.7"]);
    let bright = render(&input, &["--word", "Bright"]);
    assert!(
        brightness(&warm.channels) < brightness(&plain) && brightness(&plain) < brightness(&bright.channels)
    );
    let against = render(&input, &["--word", "warm", "--amount", "-0.7"]);
    assert!(brightness(&against.channels) > brightness(&plain));

    let said = &warm.said;
    for part in ["\"warm\"", "amount +0.70", "guitar-amp", "s of listening; in the end", "High shelf"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(said.matches(" Hz").count(), 6, "five bands and the rate: {said}");
    assert_eq!(said.matches(", Q ").count(), 3, "{said}");
}

#[test]
fn blocks_change_nothing_and_a_rendering_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let input = sound(folder.path(), "in.wav", 2.0, 0.3);
    let word = ["--word", "bright", "--word2", "warm", "--blend", "0.25", "--speed", "0.5", "--eq-match"];
    let expected = render(&input, &word);
    assert!(expected.said.contains("level matched by"), "{}", expected.said);
    for block in ["512", "64", "1000", "65536"] {
        let again = render(&input, &[&word[..], &["--block", block]].concat());
        assert!(difference(&again.channels, &expected.channels) <= 1e-6, "block {block}");
    }
}

#[test]
fn neutral_is_what_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let input = sound(folder.path(), "in.wav", 4.0, 0.4);
    let darker = sound(folder.path(), "darker.wav", 4.0, 0.05);
    let word = ["--word", "bright", "--amount", "0.7", "--reference"];
    let as_itself = render(&input, &[&word[..], &[text(&input)]].concat());
    let than_darker = render(&input, &[&word[..], &[text(&darker)]].concat());
    // It is neutral compared with itself, and bright enough compared with what is dark.
    assert!(as_itself.said.contains("in.wav, 4.0 s"), "{}", as_itself.said);
    assert!(brightness(&as_itself.channels) > 1.02 * brightness(&than_darker.channels));
    let kinds = ["any", "guitar-amp", "Guitar amp", "bass", "voice", "drums", "full-mix"];
    for kind in kinds {
        render(&input, &[&word[..], &[kind]].concat());
    }
}

#[test]
fn what_cannot_be_followed_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let input = sound(folder.path(), "in.wav", 0.2, 0.4);
    let at = |name: &str| folder.path().join(name);
    let (output, silent, junk, missing) =
        (at("out.wav"), at("silent.wav"), at("junk.wav"), at("missing.wav"));
    let none = at("none.json");
    write_wav(&silent, &[vec![0.0f32; 48_000]], 48_000).unwrap();
    std::fs::write(&junk, b"no recording").unwrap();
    std::fs::write(&output, b"precious").unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        (&["--word", "wram"], &["\"wram\"", "did you mean \"warm\"", "tonewright words"]),
        (&["--word", "qxzjkv"], &["\"qxzjkv\"", "tonewright words"]),
        (&["--word", "1023"], &["\"1023\""]),
        (&["--word", "warm", "--word2", "brigth"], &["did you mean \"bright\""]),
        (&["--word", "warm", "--reference", "trumpet"], &["\"trumpet\"", "guitar-amp", "full-mix"]),
        (&["--word", "warm", "--reference", text(&missing)], &["missing.wav"]),
        (&["--word", "warm", "--reference", text(&junk)], &["junk.wav"]),
        (&["--word", "warm", "--reference", text(&none)], &["none.json"]),
        (&["--word", "warm", "--reference", text(&silent)], &["silent.wav", "nothing to learn"]),
    ];
    for (arguments, says) in cases {
        let fixed = ["render", text(&input), "-o", text(&output), "--model", "none"];
        let run = tonewright(&[&fixed[..], arguments].concat());
        let error = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{arguments:?}: {error}");
        assert!(error.starts_with("error: ") && says.iter().all(|part| error.contains(part)), "{error}");
        assert_eq!(error.trim().lines().count(), 1, "{error}");
        assert_eq!(std::fs::read(&output).unwrap(), b"precious");
    }
}

#[test]
fn words_are_listed_with_what_is_behind_them() {
    let few = tonewright(&["words"]);
    assert!(few.status.success());
    let few = String::from_utf8_lossy(&few.stdout).into_owned();
    let rows: Vec<&str> = few.lines().collect();
    assert!(rows[1].contains("warm") && rows[2].contains("bright"), "{few}");
    assert!(!rows[1].contains("experimental") && rows[3].contains("experimental"), "{few}");
    let all = tonewright(&["words", "--all"]);
    let all = String::from_utf8_lossy(&all.stdout).into_owned();
    let words = tonewright::words::model().unwrap().table.words();
    assert_eq!(all.lines().count(), words.len() + 1);
    assert!(words.iter().all(|word| all.contains(&format!(" {} ", word.name))));
}
