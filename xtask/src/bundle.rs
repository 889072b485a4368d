//! The bundles: what a player copies into the plugin folders.
//!
//! ```text
//! target/bundled/
//!   Tonewright.vst3/Contents/x86_64-linux/Tonewright.so
//!                            Resources/    libonnxruntime.so.1 and its licences
//!   Tonewright/              Tonewright.clap, libonnxruntime.so.1 and its licences
//!   standalone/              tonewright, libonnxruntime.so.1 and its licences
//! ```
//!
//! A CLAP on Linux is a single file, so a folder carries it and its library; hosts search
//! plugin folders in depth.

use crate::Error;
use crate::command::step;
use crate::error::At as _;
use crate::files::{create, remove};
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};

const PACKAGE: &str = "tonewright";
const NAME: &str = "Tonewright";

/// The library's name inside the bundles; the plugin looks for it beside itself.
pub(crate) const RUNTIME: &str = "libonnxruntime.so.1";

/// What its licence asks to go with it, as it is called in the bundles.
pub(crate) const RUNTIME_LICENCES: [&str; 2] =
    ["ONNX-Runtime-LICENSE.txt", "ONNX-Runtime-ThirdPartyNotices.txt"];

/// Where the bundles lie.
#[derive(Debug)]
pub(crate) struct Bundles {
    /// The VST3, a folder.
    pub vst3: PathBuf,
    /// The folder that holds the CLAP and its library.
    pub clap: PathBuf,
    /// The standalone and command line.
    pub standalone: PathBuf,
}

impl Bundles {
    /// Where the bundles of this workspace lie, or will.
    pub fn of(workspace: &Workspace) -> Self {
        let bundled = workspace.bundled();
        Self {
            vst3: bundled.join(NAME).with_extension("vst3"),
            clap: bundled.join(NAME),
            standalone: bundled.join("standalone").join(PACKAGE),
        }
    }

    /// The CLAP itself.
    pub fn clap_file(&self) -> PathBuf {
        self.clap.join(NAME).with_extension("clap")
    }

    /// Tells where they lie.
    pub fn print(&self) {
        println!("VST3        {}", self.vst3.display());
        println!("CLAP        {}", self.clap.display());
        println!("standalone  {}", self.standalone.display());
    }
}

/// Builds the plugin and the standalone and lays down the bundles, in place of older ones.
pub(crate) fn bundle(workspace: &Workspace, release: bool) -> Result<Bundles, Error> {
    let library = workspace.onnxruntime_library();
    if !library.exists() {
        return Err(Error::Missing { path: library, door: "cargo xtask setup --no-trainer" });
    }
    step(if release { "building the bundles" } else { "building the bundles without optimisations" });
    let failed = |error: nice_plug_xtask::Result<()>| error.map_err(|e| Error::Bundle(format!("{e:#}")));
    let package = PACKAGE.to_owned();
    let mut options = vec!["--locked".to_owned(), "--features".to_owned(), "standalone".to_owned()];
    if release {
        options.push("--release".into());
    }
    failed(nice_plug_xtask::build(std::slice::from_ref(&package), &options))?;

    let (bundles, bundled) = (Bundles::of(workspace), workspace.bundled());
    let flat_clap = bundled.join(NAME).with_extension("clap");
    let standalone = bundles.standalone.parent().unwrap_or(&bundled).to_owned();
    for old in [&bundles.vst3, &bundles.clap, &standalone, &flat_clap] {
        remove(old)?;
    }
    failed(nice_plug_xtask::bundle(&workspace.target, PACKAGE, &options, false))?;

    // The bundler names the standalone like the plugin, which is the name of the CLAP's folder.
    create(&standalone)?;
    fs::rename(&bundles.clap, &bundles.standalone).at("move", &bundles.clap)?;
    create(&bundles.clap)?;
    fs::rename(&flat_clap, bundles.clap_file()).at("move", &flat_clap)?;

    for folder in [&bundles.vst3.join("Contents/Resources"), &bundles.clap, &standalone] {
        create(folder)?;
        lay_runtime(workspace, folder)?;
    }
    Ok(bundles)
}

/// Puts ONNX Runtime and what its licence asks to go with it into `folder`.
fn lay_runtime(workspace: &Workspace, folder: &Path) -> Result<(), Error> {
    let wheel = workspace.onnxruntime();
    let files = [
        (workspace.onnxruntime_library(), RUNTIME),
        (wheel.join("LICENSE"), RUNTIME_LICENCES[0]),
        (wheel.join("ThirdPartyNotices.txt"), RUNTIME_LICENCES[1]),
    ];
    for (from, name) in files {
        fs::copy(&from, folder.join(name)).at("copy", &from)?;
    }
    Ok(())
}
