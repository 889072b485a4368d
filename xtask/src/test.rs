//! Everything that must hold.

use crate::Error;
use crate::bundle;
use crate::command::{Run, step};
use crate::setup::{self, Scope};
use crate::workspace::Workspace;

/// What is not built unless it is asked for: playing through a sound card, here and in the crate below.
const LIVE: &str = "tonewright/live";

/// Sets up everything, builds the bundles, runs the tests of all packages and checks the style.
/// The tests in `tests/` load the bundles.
pub(crate) fn test(workspace: &Workspace, lint: bool) -> Result<(), Error> {
    setup::all(workspace, Scope::EVERYTHING)?;
    bundle::bundle(workspace, true)?;
    step("running the tests");
    let mut tally = Tally::default();
    let tested = Run::cargo()
        .args(["test", "--locked", "--workspace", "--no-fail-fast", "--features", LIVE])
        .run_watched(|line| tally.add(line));
    let result = tested.and_then(|()| if lint { self::lint() } else { Ok(()) });
    println!("{} passed, {} failed", tally.passed, tally.failed);
    result
}

/// The tests of all the programs that `cargo test` runs.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    /// Adds up a line such as `test result: ok. 12 passed; 0 failed; …`.
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let count = |what| {
            let words = counts.split_once(what)?.0;
            words.split_whitespace().last()?.parse::<usize>().ok()
        };
        self.passed += count(" passed").unwrap_or(0);
        self.failed += count(" failed").unwrap_or(0);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up_and_nothing_else() {
        let mut tally = Tally::default();
        for line in [
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test a_result_is_shown ... ok",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            tally.add(line);
        }
        assert_eq!(tally, Tally { passed: 15, failed: 2 });
    }
}
