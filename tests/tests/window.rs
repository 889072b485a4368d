//! Opening and closing the plugin's window, as hosts do.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::time::{Duration, Instant};
use tests::child;
use tests::host::{Plugin, Screen};
use tests::product;
use tests::rack::{fresh, told};
use tests::vst3::{Instance, Told};

/// Says whether this is the process that has a screen; where it is not, that one is run and the test is done.
fn is_on_screen(test: &str) -> bool {
    if child::is_it(test) {
        return true;
    }
    match Screen::start() {
        Some(screen) => {
            let quiet = ("NICE_LOG", OsStr::new("/dev/null"));
            child::is_here(test, &[quiet, ("DISPLAY", OsStr::new(&screen.display))])
        }
        None => {
            product::skip("there is no Xvfb; `cargo xtask setup --tests` installs it");
            false
        }
    }
}

/// Libraries that this process has loaded.
fn libraries() -> BTreeSet<String> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let files = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    files.filter(|file| file.contains(".so")).map(str::to_owned).collect()
}

fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}

fn open(plugin: &mut Plugin) {
    plugin.open_window().unwrap();
    plugin.pump();
    assert!(plugin.has_window(), "no window is open");
}

#[test]
fn whoever_closes_a_window_goes_on_when_its_thread_has_ended() {
    if !is_on_screen("whoever_closes_a_window_goes_on_when_its_thread_has_ended") {
        return;
    }
    let mut plugin = fresh();
    let before = libraries();
    open(&mut plugin);
    // The driver's, which the thread lets go of last.
    let drivers: BTreeSet<_> = libraries().difference(&before).cloned().collect();
    plugin.close_window();
    let limit = Instant::now() + Duration::from_secs(5);
    while drivers.is_subset(&libraries()) {
        if Instant::now() > limit {
            println!("  skipped: this driver stays loaded without a window");
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let gone: BTreeSet<_> = drivers.difference(&libraries()).cloned().collect();
    for turn in 0..8 {
        open(&mut plugin);
        assert!(gone.is_subset(&libraries()));
        plugin.close_window();
        assert!(gone.is_disjoint(&libraries()), "a thread still tidies up after window {turn}");
    }
}

#[test]
fn an_instance_that_had_a_window_goes_in_full() {
    if !is_on_screen("an_instance_that_had_a_window_goes_in_full") {
        return;
    }
    // What the first instance of a process leaves is there for all.
    drop(fresh());
    let before = threads();
    let mut plugin = fresh();
    open(&mut plugin);
    plugin.close_window();
    drop(plugin);
    let limit = Instant::now() + Duration::from_secs(60);
    while threads() > before {
        assert!(Instant::now() < limit, "{} threads, and {before} before", threads());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_closed_window_tunes_no_longer() {
    if !is_on_screen("a_closed_window_tunes_no_longer") {
        return;
    }
    let block = [vec![0.0; 64], vec![0.0; 64]];
    let mut plugin = told(&[("Tuner", "On")]);
    plugin.activate(48_000, 64).unwrap();
    plugin.play(&block, &[64]).unwrap();
    open(&mut plugin);
    assert_eq!(plugin.value("Tuner").unwrap(), 1.0);
    plugin.close_window();
    plugin.play(&block, &[64]).unwrap();
    assert_eq!(plugin.value("Tuner").unwrap(), 0.0, "the rack would stay silent");
}

#[test]
fn an_instance_may_go_with_its_window_open() {
    if !is_on_screen("an_instance_may_go_with_its_window_open") {
        return;
    }
    let mut plugin = told(&[("Tuner", "On")]);
    plugin.activate(48_000, 64).unwrap();
    plugin.play(&[vec![0.0; 64], vec![0.0; 64]], &[64]).unwrap();
    open(&mut plugin);
    let frame = plugin.forsake_window();
    // There is nobody left to tell that the tuner is off.
    drop(plugin);
    drop(frame);
}

/// An instance of the VST3 that was never activated, with its window open and its tuner on, and the tuner's parameter.
fn tuning() -> (Instance, u32) {
    let library = product::vst3().join("Contents/x86_64-linux/Tonewright.so");
    let mut instance = Instance::new(&library).unwrap();
    instance.open_window().unwrap();
    let tuner = instance.parameter("Tuner").unwrap();
    instance.set(tuner, 1.0);
    instance.told();
    (instance, tuner)
}

#[test]
fn a_vst3_closes_its_window_while_nothing_plays() {
    if !is_on_screen("a_vst3_closes_its_window_while_nothing_plays") {
        return;
    }
    let (mut instance, tuner) = tuning();
    instance.close_window();
    assert_eq!(instance.value(tuner), 0.0);
    assert_eq!(instance.told(), [Told::Begin(tuner), Told::Value(tuner, 0.0), Told::End(tuner)]);
}

#[test]
fn a_vst3_may_go_with_its_window_open() {
    if !is_on_screen("a_vst3_may_go_with_its_window_open") {
        return;
    }
    tuning().0.forsake();
}
