//! Where the product lies once `cargo xtask bundle --release` and `cargo xtask setup` have run, and
//! how to call it. A test that finds nothing there fails and says which of them to run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Once, OnceLock};

/// Names the folder of a player's library and presets.
const SETTINGS: &str = "TONEWRIGHT_CONFIG";

/// The repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Cargo's target folder: the one that the running test was built in.
fn target() -> PathBuf {
    let own = std::env::current_exe().ok();
    let target = own.as_deref().and_then(|exe| exe.ancestors().find(|dir| dir.join("CACHEDIR.TAG").exists()));
    target.map_or_else(|| root().join("target"), Path::to_owned)
}

fn existing(path: PathBuf, door: &str) -> PathBuf {
    assert!(path.exists(), "{} is missing; run `{door}` first", path.display());
    path
}

fn bundled(path: &str) -> PathBuf {
    existing(target().join("bundled").join(path), "cargo xtask bundle --release")
}

/// The built CLAP.
pub fn clap() -> PathBuf {
    bundled("Tonewright/Tonewright.clap")
}

/// The built VST3.
pub fn vst3() -> PathBuf {
    bundled("Tonewright.vst3")
}

/// A file of the repository.
pub fn asset(path: &str) -> PathBuf {
    existing(root().join("assets").join(path), "git checkout")
}

/// A folder for a library and presets that is this process's own and empty, so that nothing depends on those of whoever
/// runs the tests. It comes into being when something is written to it.
pub fn settings() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = target().join("tmp/settings").join(std::process::id().to_string());
        // Numbers of processes come again.
        let _ = std::fs::remove_dir_all(&folder);
        folder
    })
}

/// Has what is loaded into this process keep its library and presets in [`settings`]. For before it is loaded.
pub fn keep_settings_apart() {
    static ONCE: Once = Once::new();
    // SAFETY: until the first plugin is loaded only Rust's own library reads the environment in here, and that waits for
    // who writes it. A plugin brings a library of its own, which would not; so this is done once, and before.
    ONCE.call_once(|| unsafe { std::env::set_var(SETTINGS, settings()) });
}

/// The `tonewright` program of the bundles.
pub fn program() -> Command {
    let mut command = Command::new(bundled("standalone/tonewright"));
    command.env(SETTINGS, settings());
    command
}

/// Says that a test is skipped for want of something. Where tests decide, as on a CI, nothing may be wanting.
///
/// # Panics
/// `CI` is set.
pub fn skip(for_want_of: &str) {
    assert!(std::env::var_os("CI").is_none(), "{for_want_of}, and where CI is set nothing is skipped");
    println!("  skipped: {for_want_of}");
}

/// Runs `tonewright` and gives what came of it.
///
/// # Panics
/// It cannot be started.
pub fn tonewright<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    let output = program().args(args).output();
    output.unwrap_or_else(|error| panic!("cannot start tonewright: {error}"))
}

/// Runs `tonewright render`.
///
/// # Panics
/// It fails.
pub fn render(input: &Path, output: &Path, model: &str, more: &[&str]) {
    let paths = [Path::new("render"), input, Path::new("-o"), output, Path::new("--model"), Path::new(model)];
    let done = program().args(paths).args(more).output();
    let done = done.unwrap_or_else(|error| panic!("cannot start tonewright: {error}"));
    assert!(done.status.success(), "tonewright render failed:\n{}", String::from_utf8_lossy(&done.stderr));
}

/// Runs one of `tests/hosts/*.py`, without a display, and gives the JSON verdict that is its last
/// line.
///
/// # Panics
/// The Python of the tests is not set up, or the script fails.
pub fn python<S: AsRef<std::ffi::OsStr>>(
    script: &str,
    args: impl IntoIterator<Item = S>,
) -> serde_json::Value {
    let python = existing(root().join(".deps/venv/bin/python"), "cargo xtask setup --tests");
    let script = root().join("tests/hosts").join(script);
    let done = Command::new(python)
        .arg(&script)
        .args(args)
        // The newest ONNX Runtime for Python reports home otherwise.
        .env("ORT_DISABLE_TELEMETRY", "1")
        .env(SETTINGS, settings())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output();
    let done = done.unwrap_or_else(|error| panic!("cannot start Python: {error}"));
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{}: {}\n{out}\n{err}", script.display(), done.status);
    let verdict = out.lines().last().unwrap_or_default();
    serde_json::from_str(verdict)
        .unwrap_or_else(|error| panic!("{}: {error} in its verdict\n{out}\n{err}", script.display()))
}
