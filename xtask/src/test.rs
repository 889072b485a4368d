//! Everything that must hold.

use crate::Error;
use crate::bundle;
use crate::command::{Run, step};
use crate::setup::{self, Scope};
use crate::workspace::Workspace;

/// Sets up everything, builds the bundles, runs the tests of all packages and checks the style.
/// The tests in `tests/` load the bundles.
pub(crate) fn test(workspace: &Workspace, lint: bool) -> Result<(), Error> {
    setup::all(workspace, Scope::EVERYTHING)?;
    bundle::bundle(workspace, true)?;
    step("running the tests");
    Run::cargo().args(["test", "--locked", "--workspace"]).run()?;
    if lint { self::lint() } else { Ok(()) }
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
        Run::cargo().args(["clippy", "--locked", "--workspace", "--all-targets"]).args(deny).run()
    } else {
        step("clippy is not installed: lints are not checked");
        Ok(())
    }
}
