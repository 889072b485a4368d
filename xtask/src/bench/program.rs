//! Building the programs that measure.

use crate::Error;
use crate::command::Run;
use cargo_metadata::Message;
use std::path::PathBuf;

/// Cargo about to run a benchmark of a package.
pub(crate) fn cargo_bench(package: &str, name: &str) -> Run {
    Run::cargo().args(["bench", "--locked", "--package", package, "--bench", name])
}

/// Builds a benchmark with all optimisations and says where it lies.
///
/// # Errors
/// It cannot be built.
pub(crate) fn build(package: &str, name: &str) -> Result<PathBuf, Error> {
    let messages =
        cargo_bench(package, name).args(["--no-run", "--message-format=json-render-diagnostics"]).text()?;
    let executable = Message::parse_stream(messages.as_bytes()).find_map(|message| match message {
        Ok(Message::CompilerArtifact(made)) if made.target.name == name => made.executable,
        _ => None,
    });
    executable.map(|path| path.into_std_path_buf()).ok_or_else(|| {
        Error::Bundle(format!("cargo built the benchmark `{name}` and does not say where it lies"))
    })
}
