//! What can go wrong behind a door.

use std::io;
use std::path::{Path, PathBuf};

/// Why a door stayed shut.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read, written, copied or removed.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A program could not be started.
    #[error("cannot start `{command}`: {source}")]
    Start {
        /// The command line.
        command: String,
        /// What the system said.
        source: io::Error,
    },
    /// A program ran and failed; its own words stand above.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// Cargo's description of this workspace could not be had.
    #[error("cannot read the workspace: {0}")]
    Metadata(#[from] cargo_metadata::Error),
    /// Building or bundling failed.
    #[error("{0}")]
    Bundle(String),
    /// Things of the system are missing and may not be installed from here.
    #[error("missing on this machine: {what}\n{help}")]
    System {
        /// What is missing.
        what: String,
        /// The line to run.
        help: String,
    },
    /// No usable Python.
    #[error("{0}")]
    Python(String),
    /// An archive could not be written.
    #[error("cannot pack {}: {problem}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Something could not be downloaded.
    #[error(
        "{what} could not be fetched: {source}\nWhat pip said stands above. If there is no network, try again with one: what is whole \
         in .deps already is kept. Behind a proxy set HTTPS_PROXY, and PIP_INDEX_URL for a mirror of Python's packages"
    )]
    Fetch {
        /// What.
        what: &'static str,
        /// How it failed.
        source: Box<Error>,
    },
    /// A dependency may not be passed on with Tonewright.
    #[error(
        "{name}: its licence is \"{licence}\", and {problem} is none that Tonewright is passed on with; leave the crate \
         out, or, if that licence asks for no more than those in xtask/src/package/spdx.rs, add it there"
    )]
    Licence {
        /// The crate and its version.
        name: String,
        /// What it says of its licence.
        licence: String,
        /// The part of it that is refused.
        problem: String,
    },
    /// A file that an earlier step lays down is not there.
    #[error("{} is missing; run `{door}` first", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The command that makes it.
        door: &'static str,
    },
    /// What should be a figure is none.
    #[error("{source_name}, line {line}: this is no figure: {problem}; CONTRIBUTING.md describes them")]
    Figures {
        /// The program or file that wrote it.
        source_name: String,
        /// Its line.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A folder holds nothing to compare with.
    #[error("{}: there is neither a program nor a .jsonl file to compare with", .0.display())]
    NoRivals(PathBuf),
    /// Instructions could not be counted, or the reference could not be read.
    #[error("{0}")]
    Counts(String),
    /// This kind of machine is not supported.
    #[error("{0}")]
    Unsupported(String),
}

/// Gives an I/O result the words it needs to stand on its own.
pub(crate) trait At<T> {
    /// `action` is what was tried: "read", "create", "copy".
    fn at(self, action: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::File { action, path: path.to_owned(), source })
    }
}
