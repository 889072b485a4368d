//! Making, listing and removing files and folders.

use crate::Error;
use crate::error::At as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Creates a folder and those above it; there already is fine.
pub(crate) fn create(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).at("create", folder)
}

/// Removes a file, a link itself, or a folder with all that is in it; nothing there is fine.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    // The metadata of what a link points to would have its target emptied.
    let is_folder = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.at("remove", path),
    }
}

/// What lies in a folder.
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = fs::read_dir(folder).at("read", folder)?;
    entries.map(|entry| entry.map(|entry| entry.path()).at("read", folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_removed_whole() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("to");
        create(&to.join("a/b")).unwrap();
        fs::write(to.join("a/b/file"), "x").unwrap();
        assert_eq!(in_folder(&to).unwrap(), [to.join("a")]);
        remove(&to).unwrap();
        assert!(!to.exists());
        remove(&to).unwrap();
    }

    #[test]
    fn of_a_link_only_the_link_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::create_dir(&target).unwrap();
        fs::write(target.join("file"), "x").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        remove(&link).unwrap();
        assert!(fs::symlink_metadata(&link).is_err() && target.join("file").exists());
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        remove(&link).unwrap();
        assert!(fs::symlink_metadata(&link).is_err());
    }
}
