//! Building the programs that measure.

use crate::Error;
use crate::command::Run;
use cargo_metadata::Message;
use std::path::PathBuf;

/// Cargo about to run a benchmark of a package.
pub(crate) fn cargo_bench(package: &str, name: &str) -> Run {
    Run::cargo().args(["bench", "--locked", "--package", package, "--bench", name])
}

/// What cargo says of what it built, for us to read.
const MESSAGES: &str = "--message-format=json-render-diagnostics";

/// Builds a benchmark with all optimisations and says where it lies.
///
/// # Errors
/// It cannot be built.
pub(crate) fn build(package: &str, name: &str) -> Result<PathBuf, Error> {
    found(cargo_bench(package, name).args(["--no-run", MESSAGES]), name)
}

/// The same of a program of the tests' that acts as a host.
///
/// # Errors
/// It cannot be built.
pub(crate) fn build_host(name: &str) -> Result<PathBuf, Error> {
    let build = ["build", "--locked", "--release", "--package", "tests", "--bin", name, MESSAGES];
    found(Run::cargo().args(build), name)
}

fn found(cargo: Run, name: &str) -> Result<PathBuf, Error> {
    let messages = cargo.text()?;
    let executable = Message::parse_stream(messages.as_bytes()).find_map(|message| match message {
        Ok(Message::CompilerArtifact(made)) if made.target.name == name => made.executable,
        _ => None,
    });
    executable
        .map(|path| path.into_std_path_buf())
        .ok_or_else(|| Error::Bundle(format!("cargo built `{name}` and does not say where it lies")))
}
