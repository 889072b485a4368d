//! What a host spends on our file when it looks for plugins: load, list, unload, each time in a process of its own, as hosts do.

use super::figures::{Figure, Mode};
use super::program;
use crate::Error;
use crate::bundle;
use crate::command::{Run, step};
use crate::workspace::Workspace;
use serde::Deserialize;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How it is called among the models.
pub(super) const SCAN: &str = "scan";

/// How often each file is scanned.
const TIMES: usize = 20;

/// Where Linux is told to forget what it read from disks.
const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";

/// What the program that scans says.
#[derive(Clone, Debug, Deserialize)]
struct Said {
    names: Vec<String>,
    load_us: f64,
    list_us: f64,
    unload_us: f64,
    /// Lines of the process's map that name ONNX Runtime.
    runtimes: usize,
}

/// Scans the release bundles, cold where the system lets us, and prints what it took.
pub(super) fn measure(workspace: &Workspace) -> Result<Vec<Figure>, Error> {
    let bundles = bundle::bundle(workspace, true)?;
    let program = program::build_host("scan")?;
    let vst3 = bundles.vst3.join(format!("Contents/{}-linux/Tonewright.so", std::env::consts::ARCH));
    step("scanning");
    let mut figures = Vec::new();
    for (name, file) in [("CLAP", &bundles.clap_file()), ("VST3", &vst3)] {
        let mut scans = Vec::new();
        // The first one tells whether all can be cold.
        let cold = forget();
        for _ in 0..TIMES {
            if cold {
                forget();
            }
            scans.push(scan(&program, file)?);
        }
        let (text, figure) = report(name, &scans, if cold { Mode::Cold } else { Mode::Warm });
        print!("{text}");
        figures.push(figure);
    }
    Ok(figures)
}

/// Has the system forget what it read from disks; whether it did. Only root may ask for that.
fn forget() -> bool {
    // What is not yet written cannot be forgotten.
    Run::new("sync").works() && fs::write(DROP_CACHES, "3\n").is_ok()
}

fn scan(program: &Path, file: &Path) -> Result<Said, Error> {
    // A session of this repository has its own ONNX Runtime in the environment.
    let text = Run::new(program).arg(file).without("ORT_DYLIB_PATH").text()?;
    let problem =
        |problem: String| Error::Figures { source_name: program.display().to_string(), line: 1, problem };
    let said: Said = serde_json::from_str(&text).map_err(|error| problem(error.to_string()))?;
    if said.names != ["Tonewright"] {
        return Err(problem(format!("{} lists {:?}, not Tonewright", file.display(), said.names)));
    }
    if said.runtimes > 0 {
        return Err(problem(format!("{} loads ONNX Runtime when it is scanned", file.display())));
    }
    Ok(said)
}

/// A line for people, and the figure.
fn report(name: &str, scans: &[Said], mode: Mode) -> (String, Figure) {
    let part = |of: fn(&Said) -> f64| median(scans.iter().map(of).collect());
    let whole = |said: &Said| said.load_us + said.list_us + said.unload_us;
    let (median_us, max_us) = (part(whole), scans.iter().map(whole).fold(0.0, f64::max));
    let mut text = String::new();
    let _ = writeln!(
        text,
        "scan of the {name}, {}, {} fresh processes: median {:.1} ms, worst {:.1} ms (loading {:.1}, listing {:.1}, unloading {:.1})",
        if mode == Mode::Cold { "page cache dropped" } else { "page cache warm; only root can drop it" },
        scans.len(),
        median_us / 1e3,
        max_us / 1e3,
        part(|said| said.load_us) / 1e3,
        part(|said| said.list_us) / 1e3,
        part(|said| said.unload_us) / 1e3,
    );
    let figure = Figure {
        engine: name.to_lowercase(),
        model: SCAN.into(),
        block: 1,
        mode,
        median_us,
        max_us: Some(max_us),
        mean_us: None,
        p99_us: None,
        p999_us: None,
        undisturbed_mean_us: None,
        undisturbed_share: None,
        yardstick_us: None,
        realtime_factor: None,
        heap_calls: None,
        frees: None,
        locks: None,
        fma_share: None,
        source: None,
    };
    (text, figure)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_scans_are_quicker_and_the_worst_is_told() {
        let said = |load_us| Said { names: vec![], load_us, list_us: 500.0, unload_us: 500.0, runtimes: 0 };
        let (text, figure) = report("CLAP", &[13e3, 11e3, 40e3].map(said), Mode::Cold);
        assert!(text.contains("median 14.0 ms, worst 41.0 ms (loading 13.0, listing 0.5"), "{text}");
        assert_eq!((figure.median_us, figure.max_us, figure.mode), (14e3, Some(41e3), Mode::Cold));
    }
}
