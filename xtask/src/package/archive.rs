//! The package as one file.
//!
//! The same commit makes the same archive, whoever packs it and when: names are sorted, no owner and no umask goes in, and all is as
//! old as the commit.

use crate::Error;
use crate::command::Run;
use crate::error::At as _;
use crate::files::{in_folder, remove};
use crate::workspace::Workspace;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// When the files of a package were made: year, month, day, hour, minute, second in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Made([u16; 6]);

impl Made {
    /// When the repository's last commit was made; where there is no git, long ago.
    pub fn of(workspace: &Workspace) -> Self {
        let git = Run::new("git").env("TZ", "UTC").arg("-C").arg(&workspace.root);
        let said = git.args(["log", "-1", "--format=%cd", "--date=format-local:%Y %m %d %H %M %S"]).output();
        said.and_then(|said| Self::read(&said)).unwrap_or(Self([1980, 1, 1, 0, 0, 0]))
    }

    fn read(text: &str) -> Option<Self> {
        let numbers: Option<Vec<u16>> = text.split_whitespace().map(|number| number.parse().ok()).collect();
        numbers?.try_into().ok().map(Self)
    }

    /// As tar reads it.
    fn text(self) -> String {
        let [year, month, day, hour, minute, second] = self.0;
        format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
    }

    /// As a zip holds it, which begins in 1980 and counts every other second.
    fn stamp(self) -> DateTime {
        let [year, month, day, hour, minute, second] = self.0;
        let [month, day, hour, minute, second] =
            [month, day, hour, minute, second].map(|number| number as u8);
        DateTime::from_date_and_time(year, month, day, hour, minute, second).unwrap_or_default()
    }
}

/// How a package is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// What Linux unpacks everywhere. Files that are linked to each other are in it once.
    TarGz,
    /// What other systems unpack, and places that take nothing else. It knows no links: whoever unpacks it gets
    /// copies, and it is larger by those.
    Zip,
}

impl Format {
    /// How the archive's name ends.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }

    /// Packs `folder/name` into `archive`, in place of an older one.
    pub fn pack(self, folder: &Path, name: &str, made: Made, archive: &Path) -> Result<(), Error> {
        remove(archive)?;
        match self {
            Self::TarGz => tar(folder, name, made, archive),
            Self::Zip => zip(folder, name, made, archive),
        }
    }
}

fn tar(folder: &Path, name: &str, made: Made, archive: &Path) -> Result<(), Error> {
    let alike = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"];
    Run::new("tar")
        .args(["--create", "--gzip"])
        .args(alike)
        .arg(format!("--mtime={}", made.text()))
        .arg("--file")
        .arg(archive)
        .arg("--directory")
        .arg(folder)
        .arg(name)
        .run()
}

fn zip(folder: &Path, name: &str, made: Made, archive: &Path) -> Result<(), Error> {
    let refused = |error: zip::result::ZipError| Error::Archive {
        path: archive.to_owned(),
        problem: error.to_string(),
    };
    // Read as well, for copies inside it.
    let file = File::options().read(true).write(true).create_new(true).open(archive).at("create", archive)?;
    let mut writer = ZipWriter::new(file);
    // By the number of a file on its disk: of those that are links to one file, only the first is compressed.
    let mut packed: HashMap<u64, String> = HashMap::new();
    for path in files(&folder.join(name))? {
        let metadata = fs::metadata(&path).at("read", &path)?;
        let inside = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(made.stamp())
            .unix_permissions(if metadata.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 });
        match packed.get(&metadata.ino()) {
            Some(same) => writer.deep_copy_file(same, &inside).map_err(refused)?,
            None => {
                writer.start_file(&*inside, options).map_err(refused)?;
                let bytes = fs::read(&path).at("read", &path)?;
                writer.write_all(&bytes).at("write", archive)?;
                packed.insert(metadata.ino(), inside);
            }
        }
    }
    writer.finish().map_err(refused)?.sync_all().at("write", archive)
}

/// All files below a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(at) = waiting.pop() {
        for path in in_folder(&at)? {
            if path.is_dir() { waiting.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_dated() {
        let made = Made::read("2026 11 05 17 04 20").unwrap();
        assert_eq!(made.text(), "2026-11-05 17:04:20 UTC");
        assert_eq!((made.stamp().year(), made.stamp().minute()), (2026, 4));
        for text in ["", "2026 11 05", "2026 11 05 17 04 20 7", "yesterday at five, o'clock it was"] {
            assert_eq!(Made::read(text), None, "{text}");
        }
        // Older than the format.
        assert_eq!(Made::read("1970 1 1 0 0 0").unwrap().stamp().year(), 1980);
    }
}
