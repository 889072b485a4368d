//! Files that are cut, spoiled or something else: an error with the file's name, little memory, and no panic.

use crate::formats::{aiff, tone, wav};
use crate::memory::measured;
use crate::support::folder;
use shared::audio::{AudioError, Reader};
use std::cell::Cell;
use std::path::Path;
use std::sync::Once;

/// What a file may make the reader ask for, in bytes.
const MOST_MEMORY: usize = 32 << 20;

/// Bytes at the beginning of a file that are all spoiled, one after the other.
const HEADERS: usize = 500;

/// Reads a file to its end, keeping nothing; gives how long it was.
fn drain(path: &Path) -> Result<u64, AudioError> {
    let mut reader = Reader::open(path)?;
    let mut block = vec![vec![0.0; 1_000]; reader.channels()];
    while reader.read(&mut block)? > 0 {}
    Ok(reader.position())
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Where a decoder's arithmetic is checked it panics now and then, which the reader makes an error of. The messages would
/// fill the screen.
fn quietly() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
}

/// Tries a file; whatever is wrong with it names it.
fn attempt(path: &Path, bytes: &[u8]) -> Result<u64, String> {
    // Some file systems flush a file that is written over, which takes its time.
    let _ = std::fs::remove_file(path);
    std::fs::write(path, bytes).unwrap();
    quietly();
    let (result, used) = measured(|| drain(path));
    QUIET.set(false);
    assert!(used.peak < MOST_MEMORY, "{} bytes of memory for {} bytes of file", used.peak, bytes.len());
    result.map_err(|error| {
        let text = error.to_string();
        assert!(text.contains("spoiled"), "the file is not named: {text}");
        text
    })
}

fn files() -> Vec<(&'static str, bool, Vec<u8>)> {
    let data: Vec<u8> = (0..600u32).map(|i| (i * 37) as u8).collect();
    let mut all = vec![
        ("16 bit WAV", true, wav(1, 16, 2, 48_000, &data)),
        ("64 bit WAV", true, wav(3, 64, 1, 48_000, &[0; 800])),
        ("AIFF", true, aiff(24, 2, 44_100, &data)),
    ];
    for name in ["tone.flac", "tone.caf", "tone.m4a", "tone.ogg", "tone.mp3"] {
        all.push((name, name == "tone.flac", std::fs::read(tone(name)).unwrap()));
    }
    all
}

#[test]
fn a_file_that_is_cut_anywhere_is_refused_or_shorter() {
    let folder = folder();
    let path = folder.path().join("spoiled");
    for (name, is_exact, bytes) in files() {
        let whole = attempt(&path, &bytes).unwrap();
        assert!(whole > 0);
        for length in 0..bytes.len() {
            match attempt(&path, &bytes[..length]) {
                // Where the length is known, nothing may be missing; a chunk's last byte may only fill it up.
                Ok(frames) if is_exact => assert!(frames == whole, "{name} cut to {length}: {frames}"),
                Ok(frames) => assert!(frames <= whole, "{name} cut to {length}: {frames}"),
                Err(_) => {}
            }
        }
    }
}

#[test]
fn a_spoiled_file_does_no_harm() {
    let folder = folder();
    let path = folder.path().join("spoiled");
    for (name, _, bytes) in files() {
        let mut refused = 0;
        // All of the headers, and some of what follows.
        for at in (0..bytes.len()).filter(|at| *at < HEADERS || at % 41 == 0) {
            for value in [0xff, bytes[at] ^ 0x80] {
                let mut spoiled = bytes.clone();
                spoiled[at] = value;
                refused += usize::from(attempt(&path, &spoiled).is_err());
            }
        }
        assert!(refused > 0, "{name}: nothing was refused");
    }
}

#[test]
fn what_is_no_sound_is_refused() {
    let folder = folder();
    let path = folder.path().join("spoiled");
    for (bytes, problem) in [
        (b"".as_slice(), "cut short"),
        (b"RIFF", "cut short"),
        (b"a shopping list: bread, butter, plectra", "neither WAV"),
        (b"\x89PNG\r\n\x1a\n0000000000000000", "neither WAV"),
        (b"%PDF-1.7 0000000000000000000000", "neither WAV"),
    ] {
        let error = attempt(&path, bytes).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
    let zero_channels = wav(1, 16, 0, 48_000, &[0; 64]);
    assert!(attempt(&path, &zero_channels).is_err());
    let zero_hz = attempt(&path, &wav(1, 16, 1, 0, &[0; 64])).unwrap_err();
    assert!(zero_hz.contains("0 Hz"), "{zero_hz}");
    let many = attempt(&path, &wav(1, 16, 65, 48_000, &[0; 1_300])).unwrap_err();
    assert!(many.contains("65 channels"), "{many}");
    let empty = attempt(&path, &wav(1, 16, 1, 48_000, &[])).unwrap_err();
    assert!(empty.contains("no samples"), "{empty}");
}
