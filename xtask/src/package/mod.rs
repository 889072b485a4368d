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
//! The three copies of ONNX Runtime are one file in the archive, and links to it.

mod licences;
mod spdx;

use crate::Error;
use crate::bundle::{self, Bundles};
use crate::command::{Run, step};
use crate::error::At as _;
use crate::files::{create, remove};
use crate::workspace::Workspace;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const INSTALL: &str = include_str!("install.sh");
const README: &str = include_str!("readme.md");

/// Builds the bundles and packs them.
pub(crate) fn package(workspace: &Workspace, release: bool) -> Result<(), Error> {
    // What may not be passed on is found before minutes of building.
    let dependencies = licences::dependencies(workspace)?;
    let bundles = bundle::bundle(workspace, release)?;
    step("packing");
    let archive = pack(workspace, &bundles, &dependencies, &workspace.target.join("packages"))?;
    let bytes = fs::metadata(&archive).at("read", &archive)?.len();
    println!("{} ({:.1} MB)", archive.display(), bytes as f64 / 1e6);
    Ok(())
}

/// Lays the package out in `folder` and packs it there.
fn pack(
    workspace: &Workspace,
    bundles: &Bundles,
    dependencies: &[licences::Dependency],
    folder: &Path,
) -> Result<PathBuf, Error> {
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

    let archive = folder.join(format!("{name}.tar.gz"));
    remove(&archive)?;
    // The same files make the same archive, whoever packs them.
    Run::new("tar")
        .args([
            "--create",
            "--gzip",
            "--sort=name",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--mtime=@0",
        ])
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(whole.path())
        .arg(&name)
        .run()?;
    Ok(archive)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).at("write", path)
}

/// Copies files, and of those that are alike only the first.
#[derive(Default)]
struct Copier {
    /// By name and size: what has both in the bundles is compared.
    copied: HashMap<(String, u64), PathBuf>,
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
        let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let key = (name, fs::metadata(from).at("read", from)?.len());
        if let Some(same) = self.copied.get(&key)
            && fs::read(same).at("read", same)? == fs::read(from).at("read", from)?
        {
            return fs::hard_link(same, to).at("link", to);
        }
        fs::copy(from, to).at("copy", from)?;
        self.copied.insert(key, to.to_owned());
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
