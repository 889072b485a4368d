//! Where things lie.

use crate::Error;
use crate::error::At as _;
use cargo_metadata::MetadataCommand;
use std::env;
use std::path::{Path, PathBuf};

/// The folders of this repository.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The repository.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
    /// What [`crate::setup`] fetches.
    pub deps: PathBuf,
}

impl Workspace {
    /// Finds the repository and makes it the current folder, from wherever in it the door is called.
    pub fn find() -> Result<Self, Error> {
        // Cargo sets the variable when it runs this program; the constant is for running it directly.
        let here = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = here.parent().unwrap_or(Path::new(".")).to_owned();
        env::set_current_dir(&root).at("enter", &root)?;
        let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
        let deps = root.join(".deps");
        Ok(Self { root, target: metadata.target_directory.into_std_path_buf(), deps })
    }

    /// Where bundles are laid down.
    pub fn bundled(&self) -> PathBuf {
        self.target.join("bundled")
    }

    /// The folder of the unpacked `onnxruntime` wheel.
    pub fn onnxruntime(&self) -> PathBuf {
        self.deps.join("py/onnxruntime")
    }

    /// The ONNX Runtime library, as `.cargo/config.toml` names it.
    pub fn onnxruntime_library(&self) -> PathBuf {
        self.onnxruntime().join("capi/libonnxruntime.so")
    }
}
