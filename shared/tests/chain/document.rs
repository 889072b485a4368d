//! Chains as YAML.

use super::known::{run, stream};
use shared::chain::processors::GainEntry;
use shared::chain::{ChainError, Document, Entry, Purpose, Range};

fn load(text: &str) -> Result<Document, ChainError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.yaml");
    std::fs::write(&path, text).unwrap();
    Document::load(&path)
}

#[test]
fn a_document_builds_any_number_of_chains() {
    let text = "# a comment\nchain:\n  - gain: { gain: 0.5 }\n  - gain:\n      gain_db: 6.0206\n";
    let document = load(text).unwrap();
    for _ in 0..2 {
        let mut chain = document.build().unwrap();
        assert_eq!(chain.kinds().collect::<Vec<_>>(), ["gain", "gain"]);
        chain.prepare(stream(1, 1, Purpose::File)).unwrap();
        let mut sound = vec![vec![0.3; 10]];
        run(&mut chain, &mut sound, 10);
        assert!(sound[0].iter().all(|s| (s - 0.3).abs() < 1e-6), "{sound:?}");
    }
    let entry = Entry::Gain(GainEntry { gain: Some(2.0), gain_db: None });
    assert_eq!(Document::new(vec![entry]).build().unwrap().len(), 1);
    assert!(load("chain: []").unwrap().build().unwrap().is_empty());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, words) in [
        ("", &["chain"][..]),
        ("chain:\n  - gian: { gain: 1 }\n", &["line 2", "gian", "gain"]),
        ("chain:\n  - gain: { gain: 1, gian: 2 }\n", &["line 2", "gian"]),
        ("chain:\n  - gain: { gain: loud }\n", &["line 2", "loud"]),
        ("chain:\n  - gain: { gain: 1 }\nmore: 3\n", &["more"]),
        ("chain:\n  - { gain: 1\n", &["line"]),
        ("chain: 3\n", &["line 1"]),
        ("\u{0}\u{1}", &[]),
    ] {
        let error = load(text).err().unwrap_or_else(|| panic!("{text:?} is taken"));
        assert!(matches!(error, ChainError::Document { .. }), "{text:?}: {error}");
        let said = error.to_string();
        assert!(said.contains("chain.yaml"), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{text:?}: {said}");
    }
    for (text, words) in [
        ("chain:\n  - gain: { gain: 1 }\n  - gain: { gain: -1 }\n", ["processor 1, gain", "0 to 1000"]),
        ("chain:\n  - gain: {}\n", ["processor 0, gain", "gain_db"]),
        ("chain:\n  - gain: { gain: 1, gain_db: 1 }\n", ["processor 0, gain", "gain_db"]),
    ] {
        let said = load(text).unwrap().build().err().unwrap().to_string();
        assert!(said.contains("chain.yaml") && words.iter().all(|word| said.contains(word)), "{said}");
    }
}

#[test]
fn a_chain_has_an_end() {
    let chain = |entries: usize| load(&format!("chain:\n{}", "  - gain: { gain: 1 }\n".repeat(entries)));
    assert_eq!(chain(64).unwrap().build().unwrap().len(), 64);
    let said = chain(65).unwrap().build().err().unwrap().to_string();
    assert!(said.contains("chain.yaml") && said.contains("65") && said.contains("64"), "{said}");
}

#[test]
fn a_file_that_is_not_there_not_text_or_far_too_large_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.yaml");
    for content in [None, Some(vec![0xff, 0xfe, 0x00]), Some(vec![b'#'; 2 << 20])] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let said = Document::load(&path).err().unwrap().to_string();
        assert!(said.contains("chain.yaml") && said.len() > 30, "{said}");
    }
    assert!(Document::load(folder.path()).is_err());
}

#[test]
fn the_chains_that_the_handbook_shows_can_be_built() {
    let handbook =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/chains.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.yaml");
    shared::audio::write_wav(&folder.path().join("my_4x12.wav"), &[vec![1.0, 0.5, 0.25]], 48_000).unwrap();
    let examples: Vec<_> = handbook.split("```yaml\n").skip(1).map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        std::fs::write(&path, example.unwrap()).unwrap();
        Document::load(&path).unwrap().build().unwrap();
    }
}

#[test]
fn the_handbook_says_of_every_parameter_what_it_is_at_first_and_may_be() {
    let handbook =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/chains.md")).unwrap();
    for (kind, fields) in [
        ("gain", "gain_db: 0"),
        ("low_pass, high_pass", "cutoff: 1000"),
        ("gate", ""),
        ("cabinet", "response: open_1x12"),
        ("word_eq", "word: warm, word2: bright"),
        ("reverb", ""),
        ("convolution", "response: open_1x12"),
        ("normalise", "level_db: 0"),
    ] {
        let section =
            handbook.split(&format!("\n## {kind}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
        let name = kind.split(',').next().unwrap();
        let chain = load(&format!("chain:\n  - {name}: {{ {fields} }}\n")).unwrap().build().unwrap();
        for (path, parameter) in chain.controls().parameters().filter(|(_, p)| p.name != "on") {
            // Those of the bands stand in one row.
            let banded = parameter.name.strip_prefix("band").and_then(|rest| rest.split_once('_'));
            let (field, part) = banded.map_or((parameter.name, None), |(_, part)| ("bands", Some(part)));
            let row = section.lines().find(|line| line.starts_with(&format!("| `{field}` | ● |")));
            let row = row.unwrap_or_else(|| panic!("{kind}: {path}"));
            if let Some(part) = part {
                assert!(row.contains(&format!("`{part}`")) && parameter.value == 0.0, "{path}: {row}");
            }
            let (Range::Number(low, high) | Range::Frequency(low, high)) = parameter.range else {
                let usual = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
                let value = match &parameter.range {
                    Range::Choice(names) => format!("`{}`", names[parameter.value as usize]),
                    _ => (parameter.value != 0.0).to_string(),
                };
                let given = part.is_some() || fields.contains(parameter.name);
                assert!(given || usual == value, "{path}: {value}: {row}");
                continue;
            };
            assert!(row.contains(&format!("{low} to {high}")), "{path}: {low} to {high}: {row}");
            let usual = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
            let usual = usual.split(' ').next().unwrap();
            let given = part.is_some() || fields.contains(parameter.name);
            assert!(given || usual == parameter.value.to_string(), "{path}: {}: {row}", parameter.value);
        }
    }
}
