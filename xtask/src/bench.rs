//! Benchmarks.

use crate::Error;
use crate::command::Run;
use crate::setup::{self, Scope};
use crate::workspace::Workspace;

/// Runs the benchmarks of the engines; `filter` picks by name.
pub(crate) fn bench(workspace: &Workspace, filter: &Option<String>) -> Result<(), Error> {
    setup::all(workspace, Scope::PLUGIN)?;
    Run::cargo()
        .args(["bench", "--locked", "--package", "shared", "--bench", "engines", "--"])
        .args(filter)
        .run()
}
