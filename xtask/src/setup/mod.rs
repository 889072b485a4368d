//! Fetching what cargo does not: system packages, ONNX Runtime, libtorch, the Python of the tests.
//!
//! Everything but the system packages goes into `.deps`. Each part is put together in a temporary
//! folder and moved into place when it is whole, with a stamp that says what it was made from; a part
//! whose stamp still fits is left alone.

mod part;
mod python;
mod system;

use crate::Error;
use crate::command::step;
use crate::error::At as _;
use crate::workspace::Workspace;
use std::fs::{self, File};

/// What to set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// libtorch, and which.
    pub trainer: Option<Libtorch>,
    /// What only tests need: their Python hosts, and something to play through.
    pub tests: bool,
    /// What counts instructions.
    pub counts: bool,
}

/// How much of libtorch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Libtorch {
    /// What trains on processors. One with CUDA that is there already is as good.
    Cpu,
    /// All of it, with NVIDIA's libraries.
    Cuda,
}

impl Scope {
    /// What `cargo xtask test` needs.
    pub const EVERYTHING: Self = Self { trainer: Some(Libtorch::Cpu), tests: true, counts: false };
    /// What building and playing need.
    pub const PLUGIN: Self = Self { trainer: None, tests: false, counts: false };
}

/// Brings everything in `scope` up to date.
///
/// # Errors
/// Something of the system is missing and may not be installed from here, or a download failed.
pub(crate) fn all(workspace: &Workspace, scope: Scope) -> Result<(), Error> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(Error::Unsupported(
            "setup knows Linux on x86-64 only; elsewhere, put ONNX Runtime 1.24 to 1.31 and libtorch 2.11.0 where \
             ORT_DYLIB_PATH and LIBTORCH in .cargo/config.toml point"
                .into(),
        ));
    }
    system::ensure(scope)?;
    fs::create_dir_all(&workspace.deps).at("create", &workspace.deps)?;
    let lock = workspace.deps.join("lock");
    let file = File::create(&lock).at("create", &lock)?;
    // Held until the end, so that two set-ups do not build the same part.
    file.lock().at("lock", &lock)?;

    let python = python::Venv::ensure(workspace, scope.tests)?;
    part::onnxruntime(workspace, &python)?;
    if let Some(which) = scope.trainer {
        part::libtorch(workspace, &python, which)?;
    }
    if scope.tests {
        python.ensure_hosts()?;
    }
    step(&format!("set up in {}", workspace.deps.display()));
    Ok(())
}
