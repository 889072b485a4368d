//! Sessions with a player's own model and loudspeaker, whose files are gone when they are opened again.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tests::host::Plugin;
use tests::product;
use tests::rack::fresh;
use tests::sound::{difference, guitar, peak, write};

/// A folder with a model and a loudspeaker that no factory has.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        let made = product::tonewright(["convert", "sd1_seed", &files.model().display().to_string()]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let response = (0..4_000).map(|i| rng.random_range(-0.2..0.2) * (-f64::from(i) / 400.0).exp() as f32);
        let mut response: Vec<f32> = response.collect();
        response[0] = 0.5;
        write(&files.cab(), &[response], 48_000).unwrap();
        files
    }

    fn model(&self) -> PathBuf {
        self.folder.path().join("Grandfather's \"Böse\" amp.nam")
    }

    fn cab(&self) -> PathBuf {
        self.folder.path().join("the shed.wav")
    }
}

/// A state behind its length, with something in it changed.
fn edited(state: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(&state[8..]).unwrap();
    edit(&mut json);
    let text = serde_json::to_vec(&json).unwrap();
    [&(text.len() as u64).to_le_bytes()[..], &text].concat()
}

/// A session that asks for the player's own files by where they are.
fn asking(model: &Path, cab: &Path) -> Vec<u8> {
    edited(&fresh().save().unwrap(), |state| {
        for (slot, key, path) in [("model", "own-file", model), ("cab_a", "cab-a-file", cab)] {
            state["params"][slot] = json!({ "i32": 0 });
            state["fields"][key] = json!(json!({ "path": path }).to_string());
        }
    })
}

fn opened(session: &[u8], rate_hz: u32) -> Plugin {
    let mut plugin = fresh();
    plugin.restore(session).unwrap();
    plugin.set_offline(true).unwrap();
    plugin.activate(rate_hz, 512).unwrap();
    plugin
}

fn played(plugin: &mut Plugin) -> Vec<f32> {
    let input = vec![guitar(24_000); 2];
    plugin.play(&input, &[512]).unwrap();
    plugin.play(&input, &[512]).unwrap().swap_remove(0)
}

#[test]
fn a_session_opens_where_its_files_are_gone() {
    let files = Files::new();
    let (asked, plain) = (asking(&files.model(), &files.cab()), fresh().save().unwrap());
    let mut expected = Vec::new();
    let mut session = Vec::new();
    for rate_hz in [44_100, 48_000] {
        let mut plugin = opened(&asked, rate_hz);
        expected.push(played(&mut plugin));
        session = plugin.save().unwrap();
        let apart = difference(expected.last().unwrap(), &played(&mut opened(&plain, rate_hz)));
        assert!(apart > 1e-2 && peak(expected.last().unwrap()) > 1e-2, "they are not heard: {apart}");
    }
    let whole: u64 = [files.model(), files.cab()].iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!((session.len() as u64) < 2 * whole + 65_536, "{} bytes for {whole} of files", session.len());
    drop(files);

    for (rate_hz, expected) in [44_100, 48_000].into_iter().zip(&expected) {
        let mut plugin = opened(&session, rate_hz);
        let apart = difference(&played(&mut plugin), expected);
        assert!(apart <= 1e-6, "{rate_hz} Hz: {apart} apart without the files");
        // And on to the next machine.
        let again = plugin.save().unwrap();
        let apart = difference(&played(&mut opened(&again, rate_hz)), expected);
        assert!(apart <= 1e-6, "{rate_hz} Hz: {apart} apart from a session that was saved again");
    }
}

#[test]
fn what_is_neither_there_nor_carried_is_dry_at_the_same_delay() {
    let nowhere = Path::new("/no/such/folder");
    let session = asking(&nowhere.join("amp.nam"), &nowhere.join("cab.wav"));
    for rate_hz in [44_100, 48_000] {
        let mut plugin = opened(&session, rate_hz);
        let latency = plugin.latency_samples().unwrap();
        let played = played(&mut plugin);
        let input = guitar(24_000);
        assert!(played.iter().all(|x| x.is_finite()));
        let restarts = plugin.restart_requests();
        plugin.deactivate();
        plugin.activate(rate_hz, 512).unwrap();
        assert_eq!(plugin.latency_samples().unwrap(), latency, "{rate_hz} Hz");
        assert_eq!(plugin.restart_requests(), restarts);
        let apart = difference(&played[latency..], &input);
        assert!(apart < 0.05, "{rate_hz} Hz: not the dry signal, {apart} apart");
        // What was asked for is still asked for when the session is saved again.
        let kept: Value = serde_json::from_slice(&plugin.save().unwrap()[8..]).unwrap();
        for (key, name) in [("own-file", "amp.nam"), ("cab-a-file", "cab.wav")] {
            assert!(kept["fields"][key].as_str().unwrap().contains(name), "{key}: {}", kept["fields"][key]);
        }
    }
}
