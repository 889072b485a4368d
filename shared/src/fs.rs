//! Files: bounded reads, and writes that never leave half a file.

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::Path;

/// Reads a whole file of at most `max_bytes`.
///
/// # Errors
/// The file cannot be read, is not a regular file, or is larger.
pub fn read_limited(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let metadata = regular_file(path)?;
    let file = File::open(path)?;
    let too_large = |size: u64| {
        Error::new(ErrorKind::FileTooLarge, format!("{size} bytes, at most {max_bytes} are read"))
    };
    if metadata.len() > max_bytes {
        return Err(too_large(metadata.len()));
    }
    // A file may grow: the limit holds while reading.
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// What is known of a regular file. Opening a pipe would wait for whoever writes into it, so this
/// comes before.
///
/// # Errors
/// There is no such file, or it is a folder, a pipe or a device.
pub fn regular_file(path: &Path) -> Result<Metadata> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(Error::new(ErrorKind::IsADirectory, "this is a folder, a file was expected"));
    }
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "this is not a regular file"));
    }
    Ok(metadata)
}

/// Writes a file through a temporary one beside it, so that `path` holds either the old content or
/// all of the new.
///
/// # Errors
/// The folder cannot be written, or the disk is full.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = temporary_beside(path)?;
    file.write_all(bytes)?;
    persist(file, path)
}

/// A temporary file in the folder of `path`, to be given to [`persist`] when it is complete.
///
/// # Errors
/// The folder does not exist or cannot be written.
pub fn temporary_beside(path: &Path) -> Result<tempfile::NamedTempFile> {
    // Renaming over a device or a pipe would replace it by a file.
    if path.try_exists()? {
        regular_file(path)?;
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tonewright-");
    // A temporary file is private to its owner; a result is as readable as the user's umask says.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .tempfile_in(folder)
        .map_err(|e| Error::new(e.kind(), format!("cannot write into the folder {}: {e}", folder.display())))
}

/// Puts a complete temporary file in its place.
///
/// # Errors
/// The file cannot be flushed or renamed.
pub fn persist(file: tempfile::NamedTempFile, path: &Path) -> Result<()> {
    file.as_file().sync_all()?;
    if let Ok(old) = std::fs::metadata(path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
