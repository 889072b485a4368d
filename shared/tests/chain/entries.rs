//! Filters, gates and normalisers as they are written down.

use shared::chain::{ChainError, Controls, Document};

fn load(entry: &str) -> Result<(Vec<&'static str>, Controls), ChainError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.yaml");
    std::fs::write(&path, format!("chain:\n  - {entry}\n")).unwrap();
    let chain = Document::load(&path)?.build()?;
    Ok((chain.kinds().collect(), chain.controls()))
}

#[test]
fn what_is_left_out_is_usual() {
    for (entry, kind, values) in [
        ("high_pass: { cutoff: 80 }", "high_pass", &[("0.cutoff", 80.0)][..]),
        ("low_pass: { cutoff: 8000, order: 7 }", "low_pass", &[("0.cutoff", 8_000.0)]),
        ("gate: {}", "gate", &[("0.threshold_db", -60.0), ("0.hold_ms", 50.0), ("0.range_db", -80.0)]),
        (
            "gate: { threshold_db: -45, attack_ms: 2 }",
            "gate",
            &[("0.threshold_db", -45.0), ("0.attack_ms", 2.0)],
        ),
        ("tone_stack: {}", "tone_stack", &[("0.bass_db", 0.0), ("0.presence_db", 0.0)]),
        (
            "tone_stack: { mid_db: -2.5, treble_db: 4 }",
            "tone_stack",
            &[("0.bass_db", 0.0), ("0.mid_db", -2.5), ("0.treble_db", 4.0)],
        ),
        ("normalise: { level: 0.95 }", "normalise", &[("0.level", 0.95)]),
        ("normalise: { mode: rms, level_db: -18, per_channel: true }", "normalise", &[("0.level_db", -18.0)]),
        ("normalise: { mode: percentile, level: 0.5 }", "normalise", &[("0.level", 0.5)]),
        ("gain: { gain: 0.7 }", "gain", &[("0.gain", 0.7)]),
        ("gain: { gain_db: -3 }", "gain", &[("0.gain_db", -3.0)]),
    ] {
        let (kinds, controls) = load(entry).unwrap();
        assert_eq!(kinds, [kind]);
        for (path, value) in values {
            assert_eq!(controls.get(path).unwrap(), *value, "{entry}");
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (entry, expected) in [
        ("low_pass: {}", "cutoff"),
        ("low_pass: { cutoff: high }", "chain.yaml"),
        ("low_pass: { cutoff: 0 }", "10 to 96000 Hz"),
        ("low_pass: { cutoff: .nan }", "10 to 96000 Hz"),
        ("low_pass: { cutoff: 80, order: -1 }", "chain.yaml"),
        ("low_pass: { cutoff: 80, order: 0 }", "1 to 16"),
        ("high_pass: { cutoff: 80, order: 99999999999 }", "1 to 16"),
        ("high_pass: { cutoff: 80, slope: 24 }", "slope"),
        ("gate: { threshold_db: 6 }", "-120 to 0 dB"),
        ("gate: { threshold: -60 }", "threshold_db"),
        ("tone_stack: { bass_db: 13 }", "-12 to 12 dB"),
        ("tone_stack: { middle_db: 1 }", "mid_db"),
        ("normalise: {}", "`level_db`"),
        ("normalise: { mode: loudness, level: 1 }", "percentile"),
        ("normalise: { mode: percentile, percentile: 0, level: 1 }", "1 to 100"),
        ("gain: { gain: 1, gain_db: 0 }", "not both"),
        ("gain: { gain: -1 }", "0 to 1000"),
    ] {
        let said = load(entry).err().unwrap().to_string();
        assert!(said.contains(expected) && said.contains("chain.yaml"), "{entry}: {said}");
        println!("{entry}: {said}");
    }
}
