//! A scan must be light: no ONNX Runtime, no thread, no instance. `cargo xtask bench --models scan` says how long it takes.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use tests::product;
use tests::scan::{runtimes, scan};

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn a_scan_loads_lists_and_leaves_nothing_behind() {
    let vst3 = product::vst3().join("Contents/x86_64-linux/Tonewright.so");
    let (before, none) = (threads(), Vec::<String>::new());
    for _ in 0..3 {
        for file in [&product::clap(), &vst3] {
            assert_eq!(scan(file).unwrap().names, ["Tonewright"], "{}", file.display());
            assert_eq!(runtimes().unwrap(), none, "{}", file.display());
            assert_eq!(threads(), before, "{} starts threads", file.display());
        }
    }
}
