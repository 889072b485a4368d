//! The package: what is handed to players who build nothing.
//!
//! ```text
//! target/packages/tonewright-VERSION-linux-x86_64.tar.gz
//!   README.md, install.sh
//!   VST3/Tonewright.vst3    CLAP/Tonewright    standalone/    as `bundle` makes them
//!   docs/                   chains/                           for players
//!   licences/               Tonewright's own, ONNX Runtime's, and THIRD-PARTY.txt of all crates and fonts
//! ```
//!
//! What is there several times, such as ONNX Runtime, is one file in the archive and links to it. A `.zip` of the same can be had beside
//! it; that knows no links.

mod archive;
mod licences;
mod spdx;

use crate::Error;
use crate::bundle::{self, Bundles};
use crate::command::step;
use crate::error::At as _;
use crate::files::create;
use crate::workspace::Workspace;
use archive::{Format, Made};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// What puts the package in and takes it out.
pub(crate) const INSTALL: &str = include_str!("install.sh");
const README: &str = include_str!("readme.md");

/// Builds the bundles and packs them, as a `.zip` too if that is asked for.
pub(crate) fn package(workspace: &Workspace, release: bool, zip: bool) -> Result<(), Error> {
    // What may not be passed on is found before minutes of building.
    let dependencies = licences::dependencies(workspace)?;
    let bundles = bundle::bundle(workspace, release)?;
    step("packing");
    let formats: &[Format] = if zip { &[Format::TarGz, Format::Zip] } else { &[Format::TarGz] };
    for archive in pack(workspace, &bundles, &dependencies, &workspace.target.join("packages"), formats)? {
        let bytes = fs::metadata(&archive).at("read", &archive)?.len();
        println!("{} ({:.1} MB)", archive.display(), bytes as f64 / 1e6);
    }
    Ok(())
}

/// Lays the package out in `folder` and packs it there, in each of the formats.
fn pack(
    workspace: &Workspace,
    bundles: &Bundles,
    dependencies: &[licences::Dependency],
    folder: &Path,
    formats: &[Format],
) -> Result<Vec<PathBuf>, Error> {
    let name = format!("tonewright-{}-linux-{}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    create(folder)?;
    let whole =
        tempfile::Builder::new().prefix(".packing-").tempdir_in(folder).at("create a folder in", folder)?;
    let root = whole.path().join(&name);
    let mut copier = Copier::default();
    let standalone = bundles.standalone.parent().unwrap_or(&bundles.standalone);
    copier.folder(&bundles.vst3, &root.join("VST3/Tonewright.vst3"))?;
    copier.folder(&bundles.clap, &root.join("CLAP/Tonewright"))?;
    copier.folder(standalone, &root.join("standalone"))?;
    copier.folder(&workspace.root.join("docs"), &root.join("docs"))?;
    copier.folder(&workspace.root.join("assets/chains"), &root.join("chains"))?;

    let licences = root.join("licences");
    create(&licences)?;
    let mut own = Vec::new();
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        let path = workspace.root.join(name);
        own.push(fs::read_to_string(&path).at("read", &path)?);
        copier.file(&path, &licences.join(name))?;
    }
    for name in bundle::RUNTIME_LICENCES {
        copier.file(&standalone.join(name), &licences.join(name))?;
    }
    write(&licences.join("THIRD-PARTY.txt"), &licences::document(dependencies, &own[0], &own[1]))?;

    let glibc = newest_glibc(&bundles.standalone)?.max(newest_glibc(&bundles.clap_file())?);
    let readme = README.replace("VERSION", env!("CARGO_PKG_VERSION"));
    write(&root.join("README.md"), &readme.replace("GLIBC", &format!("2.{glibc}")))?;
    let script = root.join("install.sh");
    write(&script, INSTALL)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).at("make executable", &script)?;

    let made = Made::of(workspace);
    let pack = |format: &Format| {
        let archive = folder.join(format!("{name}.{}", format.suffix()));
        format.pack(whole.path(), &name, made, &archive).map(|()| archive)
    };
    formats.iter().map(pack).collect()
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).at("write", path)
}

/// Copies files, and of those that are alike only the first: ONNX Runtime, and the plugin, which is VST3 and CLAP in one.
#[derive(Default)]
struct Copier {
    /// By size and mode: what has the same of both is compared.
    copied: HashMap<(u64, u32), Vec<PathBuf>>,
}

impl Copier {
    fn folder(&mut self, from: &Path, to: &Path) -> Result<(), Error> {
        create(to)?;
        for entry in fs::read_dir(from).at("read", from)? {
            let path = entry.at("read", from)?.path();
            let target = to.join(path.file_name().unwrap_or_default());
            if path.is_dir() {
                self.folder(&path, &target)?;
            } else {
                self.file(&path, &target)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &Path, to: &Path) -> Result<(), Error> {
        let metadata = fs::metadata(from).at("read", from)?;
        let alike = self.copied.entry((metadata.len(), metadata.permissions().mode())).or_default();
        if !alike.is_empty() {
            let bytes = fs::read(from).at("read", from)?;
            for same in alike.iter() {
                if fs::read(same).at("read", same)? == bytes {
                    return fs::hard_link(same, to).at("link", to);
                }
            }
        }
        fs::copy(from, to).at("copy", from)?;
        alike.push(to.to_owned());
        Ok(())
    }
}

/// The newest version 2.x of glibc whose functions a binary names; 0 where it names none.
fn newest_glibc(binary: &Path) -> Result<u32, Error> {
    let bytes = fs::read(binary).at("read", binary)?;
    let name = b"GLIBC_2.";
    let versions =
        bytes.windows(name.len() + 2).filter(|window| window.starts_with(name)).filter_map(|window| {
            let digits: Vec<u8> =
                window[name.len()..].iter().copied().take_while(u8::is_ascii_digit).collect();
            String::from_utf8(digits).ok()?.parse().ok()
        });
    Ok(versions.max().unwrap_or(0))
}

#[cfg(test)]
mod tests;
