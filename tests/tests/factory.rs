//! The amps that come along, as `tonewright` describes them.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use std::collections::HashMap;
use tests::product;

/// Weights of the networks that the ids promise.
const WEIGHTS: [(&str, &str); 3] = [("_standard", "13801"), ("_a2", "12145"), ("_seed", "7889")];

fn said(args: &[&str]) -> String {
    let done = product::tonewright(args);
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// What `tonewright info` says, by its first column.
fn info(id: &str) -> HashMap<String, String> {
    let lines = said(&["info", id]);
    let rows = lines.lines().filter_map(|line| line.split_once("  "));
    rows.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect()
}

/// The ids of the factory models, in the order they are offered.
fn ids() -> Vec<String> {
    let listed = said(&["models"]);
    let rows = listed.lines().skip(1).filter_map(|line| line.split_whitespace().nth(1));
    rows.map(str::to_owned).collect()
}

#[test]
fn every_factory_model_is_a_trained_amp() {
    let ids = ids();
    assert_eq!(ids.len(), 7, "{ids:?}");
    let mut faults = Vec::new();
    for id in &ids {
        let info = info(id);
        let mut check = |holds: bool, fault: String| {
            if !holds {
                faults.push(format!("{id}: {fault}"));
            }
        };
        for key in ["Gear", "Source", "Licence"] {
            let text = info.get(key).map_or("", String::as_str);
            check(text.len() > 2, format!("no {key}"));
            let text_lower = text.to_lowercase();
            for word in ["placeholder", "random"] {
                check(!text_lower.contains(word), format!("{key} is \"{text}\""));
            }
        }
        let (_, weights) = WEIGHTS.iter().find(|(end, _)| id.ends_with(end)).unwrap();
        let found = info.get("Weights").map_or("none", String::as_str);
        check(found == *weights, format!("{found} weights instead of {weights}"));
        let esr = info.get("ESR").and_then(|esr| esr.split_whitespace().next()?.parse::<f64>().ok());
        check(esr.is_some_and(|esr| (0.0..0.1).contains(&esr)), format!("ESR {esr:?}"));
        check(info.get("Plays live").is_some_and(|live| live == "yes"), "does not play live".into());
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The README's table of amps says what the models say.
#[test]
fn the_readme_lists_the_factory_models() {
    let readme = std::fs::read_to_string(product::root().join("README.md")).unwrap();
    for id in ids() {
        let start = format!("| `{id}` |");
        let row = readme.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("{id} is not in the README"));
        let info = info(&id);
        let weights: usize = info["Weights"].parse().unwrap();
        let weights = format!("{},{:03}", weights / 1_000, weights % 1_000);
        let esr = info["ESR"].split_whitespace().next().unwrap();
        for value in [&info["Gear"], &weights, esr] {
            assert!(row.contains(value), "{id} has {value}, the README says: {row}");
        }
    }
}

/// As it is called once it is installed: by its name, through a link in the `PATH`, from any folder. The word EQ listens with the
/// ONNX Runtime that lies beside the program, and not with what is called like it where the player happens to be.
#[test]
fn the_installed_program_finds_its_library() {
    let folder = tempfile::tempdir().unwrap();
    let (bin, here) = (folder.path().join("bin"), folder.path().join("here"));
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::create_dir_all(&here).unwrap();
    std::os::unix::fs::symlink(product::program().get_program(), bin.join("tonewright")).unwrap();
    for trap in ["tonewright", "libonnxruntime.so.1"] {
        std::fs::write(here.join(trap), "neither").unwrap();
    }
    let output = folder.path().join("out.wav");
    let done = std::process::Command::new("tonewright")
        .arg("render")
        .arg(product::asset("demo/clean_guitar.wav"))
        .arg("-o")
        .arg(&output)
        .args(["--model", "none", "--word", "warm"])
        .current_dir(&here)
        .env("PATH", &bin)
        .env_remove("ORT_DYLIB_PATH")
        .output()
        .unwrap();
    assert!(done.status.success() && output.exists(), "{}", String::from_utf8_lossy(&done.stderr));
}
