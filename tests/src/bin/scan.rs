//! Scans a plugin's file once, as a host does that was just started, and says what it took: a line of JSON for
//! `cargo xtask bench --models scan`.
//!
//! `scan FILE.clap`, `scan LIBRARY_OF_A_VST3.so`

use std::path::PathBuf;
use std::process::ExitCode;
use tests::scan::{runtimes, scan};

fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: scan FILE.clap, or the library of a VST3");
        return ExitCode::from(2);
    };
    match scan(&file).and_then(|scan| Ok((scan, runtimes().map_err(|error| error.to_string())?))) {
        Ok((scan, runtimes)) => {
            let [load, list, unload] = scan.took.map(|took| took.as_secs_f64() * 1e6);
            let said = serde_json::json!({
                "names": scan.names, "load_us": load, "list_us": list, "unload_us": unload, "runtimes": runtimes.len(),
            });
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
