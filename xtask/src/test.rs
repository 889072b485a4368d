//! Everything that must hold.

mod tally;

use crate::Error;
use crate::bundle;
use crate::command::{Run, step};
use crate::files::remove;
use crate::setup::{self, Scope};
use crate::workspace::Workspace;
use tally::Tally;

/// What is not built unless it is asked for: the window without a host, and playing through a sound card, here and in the
/// crate below.
const LIVE: &str = "tonewright/standalone";

/// Names the folder of a player's library and presets.
const SETTINGS: &str = "TONEWRIGHT_CONFIG";

/// Sets up everything, builds the bundles, runs the tests of all packages and checks the style.
/// The tests in `tests/` load the bundles.
pub(crate) fn test(workspace: &Workspace, lint: bool) -> Result<(), Error> {
    setup::all(workspace, Scope::EVERYTHING)?;
    bundle::bundle(workspace, true)?;
    let mut tally = Tally::default();
    let result = run_tests(workspace, &mut tally).and_then(|()| if lint { self::lint() } else { Ok(()) });
    // Last, so that the end of a log says it all.
    print!("{tally}");
    result
}

fn run_tests(workspace: &Workspace, tally: &mut Tally) -> Result<(), Error> {
    let tests = || Run::cargo().args(["test", "--locked", "--workspace", "--features", LIVE]);
    step("building the tests");
    tests().arg("--no-run").run()?;
    step("running the tests");
    // Nothing shall depend on the library and the presets of whoever runs them. The tests in `tests/` each make a folder
    // of their own in here as well.
    let settings = workspace.target.join("tmp/settings");
    remove(&settings)?;
    let tests = tests().arg("--no-fail-fast").env(SETTINGS, settings.join("all"));
    tests.run_watched(|line| tally.add(line))
}

/// rustfmt and clippy. A toolchain that has none of them can still build and test.
fn lint() -> Result<(), Error> {
    if Run::cargo().args(["fmt", "--version"]).works() {
        step("checking the layout of the code");
        Run::cargo().args(["fmt", "--all", "--check"]).run()?;
    } else {
        step("rustfmt is not installed: the layout of the code is not checked");
    }
    if Run::cargo().args(["clippy", "--version"]).works() {
        step("running clippy");
        // A newer clippy warns of more than ours did, which is no fault of the reader's clone.
        let deny: &[&str] =
            if std::env::var_os("CI").is_some() { &["--", "--deny", "warnings"] } else { &[] };
        Run::cargo()
            .args(["clippy", "--locked", "--workspace", "--all-targets", "--features", LIVE])
            .args(deny)
            .run()?;
    } else {
        step("clippy is not installed: lints are not checked");
    }
    step("building the documentation");
    // A link that leads nowhere is as wrong as a test that fails.
    Run::cargo()
        .env("RUSTDOCFLAGS", "--deny warnings")
        .args(["doc", "--locked", "--no-deps", "--package", "shared", "--package", "tonewright"])
        .args(["--features", LIVE])
        .run()
}
