//! What the audio thread asks of the C library while everything moves: nothing.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

#[path = "../../shared/tests/support/libc_calls.rs"]
mod libc_calls;
#[path = "../../shared/tests/support/two_knobs.rs"]
mod two_knobs;

use libc_calls::{Calls, count};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ffi::OsStr;
use std::sync::{Arc, Mutex};
use tests::child;
use tests::host::{Plugin, Screen};
use tests::product;
use tests::rack::{asking_for, fresh, told};
use tests::sound::guitar;

const NOTHING: Calls = Calls { heap: 0, frees: 0, locks: 0 };

/// As small as hosts go, so that there are many.
const BLOCK: usize = 16;

/// Blocks that are played in all.
const BLOCKS: usize = 100_000;

/// Blocks that are played in one go.
const PIECE: usize = 10_000;

/// What was seen of all blocks but the first of a thread, in which the C library may set up what is the thread's own.
#[derive(Default)]
struct Seen {
    blocks: usize,
    calls: Calls,
    worst: Calls,
}

/// Watches every block of the plugin.
fn watched(plugin: &mut Plugin) -> Arc<Mutex<Seen>> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let keep = seen.clone();
    plugin.watch(Some(Arc::new(move |process| {
        thread_local!(static IS_FIRST: std::cell::Cell<bool> = const { std::cell::Cell::new(true) });
        let calls = count(process);
        if !IS_FIRST.replace(false) {
            let mut seen = keep.lock().unwrap();
            seen.blocks += 1;
            seen.calls = seen.calls.plus(calls);
            if calls != NOTHING && seen.worst == NOTHING {
                seen.worst = calls;
            }
        }
    })));
    seen
}

/// Plays `blocks` blocks in which a host moves everything there is, and gives what the audio thread called.
fn storm(plugin: &mut Plugin, blocks: usize, seed: u64) -> Seen {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let seen = watched(plugin);
    let moving: Vec<_> = plugin.parameters().to_vec();
    let frames = PIECE * BLOCK;
    let guitar = guitar(48_000);
    let input: Vec<f32> = guitar.iter().cycle().take(frames).copied().collect();
    let models = ["virtual_seed", "sd1_seed"].map(|model| plugin.read_text("Model", model).unwrap());
    for piece in 0..blocks.div_ceil(PIECE) {
        // The first change tells the framework what thread this is, which takes what the thread has of its own.
        // One of the two is another value than before.
        plugin.set_at(0, "Output", 0.4).unwrap();
        plugin.set_at(0, "Output", 0.6).unwrap();
        for block in 1..PIECE {
            // One knob in every other block, some inside it.
            if block % 2 == 0 {
                let parameter = &moving[rng.random_range(0..moving.len())];
                let value = rng.random_range(parameter.minimum..=parameter.maximum);
                let value = match parameter.name.as_str() {
                    // Other engines make no such promise, and listening in line runs one.
                    "Engine" | "EQ listening" | "Model" => continue,
                    // Mostly heard.
                    "Bypass" | "Tuner" => f64::from(u8::from(rng.random_bool(0.05))),
                    "EQ" | "Amp" | "Cabinet" => f64::from(u8::from(rng.random_bool(0.9))),
                    _ if parameter.stepped => value.round(),
                    _ => value,
                };
                let at = block * BLOCK + rng.random_range(0..BLOCK);
                plugin.set_at(at, &parameter.name, value).unwrap();
            }
            if block % 1_000 == 999 {
                plugin.set_at(block * BLOCK, "Model", models[block / 1_000 % 2]).unwrap();
            }
        }
        let blocks = [&[BLOCK][..], &[BLOCK, 1, 31]][piece % 2];
        let played = plugin
            .play_while(&[input.clone(), input.clone()], blocks, |plugin| plugin.pump_until_played(frames))
            .unwrap();
        assert!(played.iter().flatten().all(|x| x.is_finite()));
        assert!(played[0].iter().any(|x| x.abs() > 1e-3), "silence");
    }
    plugin.watch(None);
    std::mem::take(&mut *seen.lock().unwrap())
}

/// Nearly all blocks were watched, and none of them called anything.
fn asks_for_nothing(seen: &Seen) {
    assert!(seen.blocks >= BLOCKS / 100 * 99, "only {} of {BLOCKS} blocks were watched", seen.blocks);
    assert_eq!(seen.calls, NOTHING, "in {} blocks, at first {:?} in one", seen.blocks, seen.worst);
    println!("  {} blocks, {:?}", seen.blocks, seen.calls);
}

/// An instance in which all there is sounds.
fn full() -> Plugin {
    let mut plugin =
        told(&[("Engine", "Native"), ("Model", "virtual_seed"), ("EQ word", "bright"), ("EQ amount", "70")]);
    plugin.activate(48_000, 64).unwrap();
    plugin
}

#[test]
fn what_is_called_is_seen() {
    assert!(count(|| drop(std::hint::black_box(vec![1u8; 100]))).heap >= 1);
    let lock = std::cell::UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER);
    // SAFETY: a lock of this thread's own, locked and unlocked once.
    let locked = count(|| unsafe {
        libc::pthread_mutex_lock(lock.get());
        libc::pthread_mutex_unlock(lock.get());
    });
    assert_eq!(locked.locks, 1);
    assert_eq!(count(|| ()), NOTHING);
}

#[test]
fn a_hundred_thousand_blocks_take_no_memory_and_no_lock() {
    if !child::is_quiet("a_hundred_thousand_blocks_take_no_memory_and_no_lock") {
        return;
    }
    asks_for_nothing(&storm(&mut full(), BLOCKS, 1));
}

#[test]
fn turning_a_models_knobs_takes_no_memory_and_no_lock() {
    if !child::is_quiet("turning_a_models_knobs_takes_no_memory_and_no_lock") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("two knobs.onnx");
    two_knobs::two_knobs().save(&file).unwrap();
    let mut plugin = fresh();
    plugin.restore(&asking_for(&file)).unwrap();
    plugin.activate(48_000, 64).unwrap();
    let seen = watched(&mut plugin);
    let input = vec![guitar(PIECE * BLOCK); 2];
    for piece in 0..3 {
        plugin.set_at(0, "Output", 0.4).unwrap();
        plugin.set_at(0, "Output", 0.6).unwrap();
        for block in (1..PIECE).step_by(4) {
            let knob = ["Amp knob 1", "Amp knob 2"][block / 4 % 2];
            let position = 0.5 + 0.5 * (block as f64 * 0.01 + f64::from(piece)).sin();
            plugin.set_at(block * BLOCK + block % BLOCK, knob, position).unwrap();
        }
        let played =
            plugin.play_while(&input, &[BLOCK], |plugin| plugin.pump_until_played(PIECE * BLOCK)).unwrap();
        assert!(played.iter().flatten().all(|x| x.is_finite()));
    }
    plugin.watch(None);
    let seen = seen.lock().unwrap();
    assert!(seen.blocks >= 3 * PIECE / 100 * 99, "only {} blocks were watched", seen.blocks);
    assert_eq!(seen.calls, NOTHING, "in {} blocks, at first {:?} in one", seen.blocks, seen.worst);
}

#[test]
fn an_open_window_changes_nothing_of_that() {
    const TEST: &str = "an_open_window_changes_nothing_of_that";
    if !child::is_it(TEST) {
        let Some(screen) = Screen::start() else {
            return product::skip("there is no Xvfb; `cargo xtask setup --tests` installs it");
        };
        let quiet = ("NICE_LOG", OsStr::new("/dev/null"));
        child::is_here(TEST, &[quiet, ("DISPLAY", OsStr::new(&screen.display))]);
        return;
    }
    let mut plugin = full();
    plugin.open_window().unwrap();
    let seen = storm(&mut plugin, BLOCKS, 2);
    assert!(plugin.has_window(), "no window is open");
    asks_for_nothing(&seen);
    plugin.close_window();
}
