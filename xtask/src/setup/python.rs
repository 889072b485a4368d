//! The virtual environment that fetches wheels, and in which the Python hosts of the tests run.
//! It leaves the system's Python alone, as PEP 668 asks.

use super::part::{has_stamp, stamp};
use crate::Error;
use crate::command::{Run, step};
use crate::files::{create, remove};
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};

const HOSTS: &str = include_str!("../../requirements/hosts.txt");

/// Minor versions of Python 3 for which all of `requirements/hosts.txt` has wheels.
pub(super) const HOST_VERSIONS: std::ops::RangeInclusive<u32> = 11..=14;

/// A Python of this machine.
pub(super) struct Python {
    program: &'static str,
    minor: u32,
}

impl Python {
    /// Whether the hosts of the tests exist for it.
    pub fn runs_hosts(&self) -> bool {
        HOST_VERSIONS.contains(&self.minor)
    }
}

/// The Pythons that can make virtual environments, the ones that can run the hosts first.
pub(super) fn candidates() -> Vec<Python> {
    let programs = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];
    let mut found: Vec<_> = programs
        .into_iter()
        .filter_map(|program| {
            let script = "import ensurepip, venv, sys; print(sys.version_info[1])";
            let minor = Run::new(program).args(["-c", script]).output()?.parse().ok()?;
            Some(Python { program, minor })
        })
        .collect();
    found.sort_by_key(|python| !python.runs_hosts());
    found
}

/// The virtual environment in `.deps/venv`.
pub(super) struct Venv {
    folder: PathBuf,
    requirements: PathBuf,
}

impl Venv {
    /// Makes the environment if there is none that works. `for_hosts`: its Python must be one that the
    /// hosts of the tests exist for.
    pub fn ensure(workspace: &Workspace, for_hosts: bool) -> Result<Self, Error> {
        let venv = Self {
            folder: workspace.deps.join("venv"),
            requirements: workspace.root.join("xtask/requirements"),
        };
        if venv.minor().is_some_and(|minor| !for_hosts || HOST_VERSIONS.contains(&minor)) {
            return Ok(venv);
        }
        let found = candidates();
        let python = found.first().ok_or_else(|| Error::Python("no Python 3 with venv was found".into()))?;
        if for_hosts && !python.runs_hosts() {
            return Err(Error::Python(format!(
                "the test hosts need Python 3.{} to 3.{}, this machine has 3.{}; install one of them \
                 (the plugin itself does not need it: `cargo xtask demo` works without)",
                HOST_VERSIONS.start(),
                HOST_VERSIONS.end(),
                python.minor
            )));
        }
        step(&format!("making a virtual environment with Python 3.{}", python.minor));
        remove(&venv.folder)?;
        Run::new(python.program).args(["-m", "venv"]).args([&venv.folder]).run()?;
        Ok(venv)
    }

    /// The minor version of its Python 3, if it and its pip work.
    fn minor(&self) -> Option<u32> {
        self.python().args(["-c", "import pip, sys; print(sys.version_info[1])"]).output()?.parse().ok()
    }

    fn python(&self) -> Run {
        Run::new(self.folder.join("bin/python"))
    }

    /// pip's `install`, for exactly the wheels with the checksums in a file of `xtask/requirements`.
    /// Unpacks in `scratch`, because the system's folder for temporary files may be in memory.
    pub fn install(&self, requirements: &str, scratch: &Path) -> Result<Run, Error> {
        create(scratch)?;
        let file = self.requirements.join(requirements);
        let pip = self
            .python()
            .env("TMPDIR", scratch)
            // A user's own settings may send all that pip installs to the home.
            .env("PIP_USER", "0")
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])
            .args(["--require-hashes", "--no-deps", "--only-binary=:all:", "--requirement"])
            .args([file]);
        Ok(pip)
    }

    /// Puts the hosts into the environment.
    pub fn ensure_hosts(&self) -> Result<(), Error> {
        if has_stamp(&self.folder, HOSTS) {
            return Ok(());
        }
        step("fetching the test hosts (about 100 MB)");
        let scratch = self.folder.join("tmp");
        let what = "the test hosts";
        self.install("hosts.txt", &scratch)?
            .run()
            .map_err(|source| Error::Fetch { what, source: source.into() })?;
        remove(&scratch)?;
        stamp(&self.folder, HOSTS)
    }
}
