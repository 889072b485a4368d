//! Models that are changed a thousand times while a note sounds.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use tests::child;
use tests::host::Plugin;
use tests::rack::{AMP_ALONE, told};
use tests::sound::sine;

const SWAPS: usize = 1_000;

/// Longer than a crossfade, so that each change is heard to its end.
const BETWEEN: usize = 1_200;

const MODELS: [&str; 3] = ["virtual_seed", "sd1_seed", "virtual_standard"];

/// Furthest that one sample is from the one before.
fn largest_step(signal: &[f32]) -> f32 {
    signal.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

/// Memory of this process that is in use, in bytes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

fn playing(model: &str, settings: &[(&str, &str)]) -> Plugin {
    let mut plugin = told(settings);
    plugin.set_text("Model", model).unwrap();
    plugin.set_offline(true).unwrap();
    plugin.activate(48_000, 256).unwrap();
    plugin
}

/// Changes the model `count` times at samples that are never those at which a block begins, and gives the largest step.
fn changed(plugin: &mut Plugin, count: usize) -> f32 {
    let mut largest = 0.0f32;
    // In pieces, as a long signal is much memory.
    for piece in 0..count.div_ceil(50) {
        let frames = 50 * BETWEEN;
        let note = sine(110.0, 0.02, 48_000, frames);
        for i in 0..50 {
            let model = MODELS[(piece * 50 + i) % MODELS.len()];
            let value = plugin.read_text("Model", model).unwrap();
            plugin.set_at(i * BETWEEN + 57, "Model", value).unwrap();
        }
        let played = plugin.play(&[note.clone(), note], &[256]).unwrap();
        assert!(played.iter().flatten().all(|x| x.is_finite()), "no number");
        // Playing begins afresh with each piece, and the note with it.
        largest = largest.max(largest_step(&played[0][BETWEEN / 2..]));
    }
    largest
}

#[test]
fn a_thousand_changes_of_the_model_neither_click_nor_leak() {
    if !child::is_quiet("a_thousand_changes_of_the_model_neither_click_nor_leak") {
        return;
    }
    let note = sine(110.0, 0.02, 48_000, 9_600);
    // What the loudest of them does by itself is no click.
    let own = MODELS.map(|model| {
        let played = playing(model, &AMP_ALONE).play(&[note.clone(), note.clone()], &[256]).unwrap();
        largest_step(&played[0][2_400..])
    });
    let own = own.into_iter().fold(0.0, f32::max);
    assert!((1e-4..0.2).contains(&own), "the note is silent or no steady tone: {own}");
    let mut plugin = playing(MODELS[0], &AMP_ALONE);
    let mut largest = changed(&mut plugin, SWAPS / 5);
    let before = resident();
    largest = largest.max(changed(&mut plugin, SWAPS - SWAPS / 5));
    let after = resident();
    assert!(largest <= own + 0.1, "a step of {largest}, where the models' own reach {own}");
    let mib = 1 << 20;
    assert!(after < before + 8 * mib, "{} MiB became {} MiB", before / mib, after / mib);
    println!(
        "  steps up to {largest:.4}, {own:.4} without changes; {} MiB, then {} MiB",
        before / mib,
        after / mib
    );
}

#[test]
fn models_loudspeakers_and_switches_change_without_a_click() {
    let note = sine(110.0, 0.02, 48_000, 48_000);
    let mut plugin = playing(MODELS[0], &[("Output mode", "Raw")]);
    let own = largest_step(&plugin.play(&[note.clone(), note.clone()], &[256]).unwrap()[0][4_800..]);
    let changes = [
        ("Cabinet A", "2"),
        ("Cabinet A", "1"),
        ("Cabinet", "Off"),
        ("Cabinet", "On"),
        ("Amp", "Off"),
        ("Amp", "On"),
        ("Gate", "On"),
        ("Gate", "Off"),
        ("Tone stack", "Off"),
        ("Tone stack", "On"),
        ("Bass", "12"),
        ("Presence", "-12"),
        ("EQ", "Off"),
        ("EQ", "On"),
        ("Bypass", "On"),
        ("Bypass", "Off"),
        ("Tuner", "On"),
        ("Tuner", "Off"),
        ("Output mode", "Normalised"),
        ("Output mode", "Raw"),
        ("Cabinet low cut", "300"),
        ("Cabinet high cut", "3000"),
        ("Output", "-24"),
        ("Output", "0"),
        ("Input", "6"),
        ("Input", "0"),
        ("Gate after amp", "On"),
        ("Gate after amp", "Off"),
    ];
    for (name, text) in changes {
        let value = plugin.read_text(name, text).unwrap();
        plugin.set_at(24_007, name, value).unwrap();
        let played = plugin.play(&[note.clone(), note.clone()], &[256]).unwrap();
        let around = &played[0][20_000..];
        assert!(around.iter().all(|x| x.is_finite()), "{name} {text}");
        let step = largest_step(around);
        assert!(step <= own + 0.1, "{name} {text}: a step of {step}, where the note's own reach {own}");
    }
}
