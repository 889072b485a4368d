//! The audio thread takes no memory from Rust's heap and gives none back: the framework aborts the
//! process if it does.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use clack_host::entry::EntryDescriptor;
use clack_host::prelude::PluginEntry;
use std::process::Command;
use std::time::{Duration, Instant};
use tests::host::Plugin;
use tests::sound::{difference, guitar};

// The plugin itself, linked into this test with the framework's checks on.
use tonewright as _;

unsafe extern "C" {
    /// The entry of the CLAP.
    static clap_entry: EntryDescriptor;
}

const RATE_HZ: u32 = 48_000;

/// Set in the process that is to be aborted.
const CULPRIT: &str = "TONEWRIGHT_TEST_ALLOCATES";

fn plugin() -> Plugin {
    // SAFETY: the static is what `nice_export_clap!` defines, initialised and never written to.
    let descriptor = unsafe { &clap_entry };
    // SAFETY: an ordinary CLAP entry that lives as long as the process.
    let entry = unsafe { PluginEntry::load_from_raw(descriptor, c"/tonewright.clap") }.unwrap();
    Plugin::from_entry(&entry).unwrap()
}

/// Two seconds of playing, beginning loud, with silence and the tail of a note at the end.
fn signal() -> Vec<Vec<f32>> {
    let mut left = guitar(RATE_HZ as usize);
    left.extend((0..RATE_HZ).map(|i| 0.1 * (-(i as f32) / 400.0).exp()));
    let right = left.iter().map(|x| -0.5 * x).collect();
    vec![left, right]
}

#[test]
fn an_allocation_would_be_noticed() {
    if std::env::var_os(CULPRIT).is_some() {
        nice_assert_no_alloc::assert_no_alloc(|| std::hint::black_box(vec![1u8; 100]));
        return;
    }
    let own = std::env::current_exe().unwrap();
    let test = "an_allocation_would_be_noticed";
    let done = Command::new(own).args(["--exact", test]).env(CULPRIT, "1").output().unwrap();
    assert!(!done.status.success(), "an allocation went by unnoticed");
    assert_eq!(done.status.code(), None, "it should have been aborted: {done:?}");
}

#[test]
fn playing_leaves_the_heap_alone() {
    let input = signal();
    for rate_hz in [RATE_HZ, 44_100, 96_000] {
        let mut plugin = plugin();
        plugin.activate(rate_hz, 512).unwrap();
        plugin.set_text("Engine", "Native").unwrap();
        for blocks in [&[64][..], &[512], &[1, 17, 480, 511]] {
            plugin.set_text("Input", "6").unwrap();
            plugin.set_text("Output", "-6").unwrap();
            let played = plugin.play(&input, blocks).unwrap();
            assert!(played.iter().flatten().any(|x| x.abs() > 1e-3), "silence at {rate_hz} Hz");
        }
        plugin.set("Bypass", 1.0).unwrap();
        plugin.play(&input, &[64]).unwrap();
        plugin.set("Bypass", 0.0).unwrap();
        plugin.play(&input, &[64]).unwrap();
    }
}

#[test]
fn changing_the_model_leaves_the_heap_alone() {
    let mut plugin = plugin();
    plugin.activate(RATE_HZ, 256).unwrap();
    plugin.set_text("Engine", "Native").unwrap();
    let input = vec![guitar(RATE_HZ as usize / 2); 2];
    let mut before = plugin.play(&input, &[256]).unwrap();
    for model in ["virtual_seed", "sd1_seed", "virtual_standard", "virtual_seed"] {
        plugin.set_text("Model", model).unwrap();
        // The loader works and the models are crossfaded while this plays.
        let deadline = Instant::now() + Duration::from_secs(60);
        while difference(&plugin.play_live(&input, &[256], |_| Ok(())).unwrap()[0], &before[0]) <= 1e-3 {
            assert!(Instant::now() < deadline, "{model} does not play");
        }
        // Now without the crossfade.
        before = plugin.play(&input, &[256]).unwrap();
    }
}

#[test]
fn the_equaliser_leaves_the_heap_alone() {
    let input = signal();
    let mut plugin = plugin();
    plugin.activate(RATE_HZ, 512).unwrap();
    plugin.set_text("Engine", "Native").unwrap();
    let plain = plugin.play(&input, &[512]).unwrap();
    plugin.set_text("EQ 1 gain", "9").unwrap();
    plugin.set_text("EQ 3 Q", "3").unwrap();
    plugin.set_text("EQ level match", "On").unwrap();
    for (word, amount) in [("0", "70"), ("1", "-50"), ("900", "100")] {
        plugin.set_text("EQ word", word).unwrap();
        plugin.set_text("EQ amount", amount).unwrap();
        plugin.set_text("EQ freeze", if amount == "100" { "On" } else { "Off" }).unwrap();
        for blocks in [&[64][..], &[1, 17, 480, 511]] {
            let played = plugin.play(&input, blocks).unwrap();
            assert!(difference(&played[0], &plain[0]) > 1e-3, "the bands do nothing");
        }
    }
    // A restored session learned a neutral sound.
    plugin.set_text("EQ neutral", "Learned").unwrap();
    plugin.set_text("EQ 2 solo", "On").unwrap();
    plugin.play(&input, &[64]).unwrap();
}
