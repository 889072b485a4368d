//! Files: bounded reads, and writes that never leave half a file.

use std::fs::{File, Metadata};
use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::{Path, PathBuf};

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
    let temporary = Temporary::beside(path)?;
    temporary.file().write_all(bytes)?;
    temporary.persist(path)
}

/// The same where there must be no file yet: of several that write at once only the first does, and nothing is replaced.
///
/// # Errors
/// As above, and [`ErrorKind::AlreadyExists`] where there is something of that name.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = Temporary::in_folder_of(path)?;
    temporary.file().write_all(bytes)?;
    temporary.persist_new(path)
}

/// Gives a file another name on the same file system, and replaces nothing.
///
/// # Errors
/// The file cannot be moved, or [`ErrorKind::AlreadyExists`] where there is something of that name.
pub fn move_new(from: &Path, to: &Path) -> Result<()> {
    // What is not there would be called "already there" by some of the ways that tempfile tries.
    std::fs::symlink_metadata(from)?;
    tempfile::TempPath::try_from_path(from)?.persist_noclobber(to).map_err(|failed| {
        // Dropped, the path would be one of a temporary file, which is deleted.
        let _ = failed.path.keep();
        failed.error
    })
}

/// A file that is being written beside its place. Dropped, it is gone; [`Temporary::persist`] puts it there.
///
/// On Linux it has no name until then, where the file system can do that: then even a process that is killed leaves
/// nothing behind. Elsewhere it is called `.tonewright-…`, and stays if the process is killed.
#[derive(Debug)]
pub struct Temporary(Kind);

#[derive(Debug)]
enum Kind {
    #[cfg(target_os = "linux")]
    Nameless {
        file: File,
        folder: PathBuf,
    },
    Named(tempfile::NamedTempFile),
}

impl Temporary {
    /// A file in the folder of `path`.
    ///
    /// # Errors
    /// The folder does not exist or cannot be written, or `path` is no regular file.
    pub fn beside(path: &Path) -> Result<Self> {
        // Renaming over a device or a pipe would replace it by a file.
        if path.try_exists()? {
            regular_file(path)?;
        }
        Self::in_folder_of(path)
    }

    fn in_folder_of(path: &Path) -> Result<Self> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let kind = match nameless(folder) {
            Some(kind) => kind,
            None => named(folder)?,
        };
        Ok(Self(kind))
    }

    /// The file, to be written.
    pub fn file(&self) -> &File {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Nameless { file, .. } => file,
            Kind::Named(file) => file.as_file(),
        }
    }

    /// Puts the complete file in its place, if there is nothing yet.
    fn persist_new(self, path: &Path) -> Result<()> {
        self.file().sync_all()?;
        match self.0 {
            #[cfg(target_os = "linux")]
            Kind::Nameless { file, .. } => link_new(&file, path),
            Kind::Named(file) => file.persist_noclobber(path).map(drop).map_err(|e| e.error),
        }
    }

    /// Puts the complete file in its place.
    ///
    /// # Errors
    /// The file cannot be flushed or renamed.
    pub fn persist(self, path: &Path) -> Result<()> {
        self.file().sync_all()?;
        if let Ok(old) = std::fs::metadata(path) {
            self.file().set_permissions(old.permissions())?;
        }
        match self.0 {
            #[cfg(target_os = "linux")]
            Kind::Nameless { file, folder } => link(&file, &folder, path),
            Kind::Named(file) => file.persist(path).map(drop).map_err(|e| e.error),
        }
    }
}

/// A result is as readable as the user's umask says; a temporary file would be private to its owner.
#[cfg(unix)]
const MODE: u32 = 0o666;

fn named(folder: &Path) -> Result<Kind> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(MODE));
    builder.tempfile_in(folder).map(Kind::Named).map_err(|e| refused(&e, folder))
}

/// The system's reason alone: the temporary name that it was about says nothing to anybody.
fn refused(error: &Error, folder: &Path) -> Error {
    let text = error.to_string();
    // tempfile keeps the reason to itself, and writes the quoted path behind it.
    let reason = text.split(" at path \"").next().unwrap_or(&text);
    Error::new(error.kind(), format!("cannot write into the folder {}: {reason}", folder.display()))
}

/// How temporary names begin.
const PREFIX: &str = ".tonewright-";

/// A file without a name, where there can be such and one could get a name later; whatever is wrong with the folder
/// shows when a named one is tried.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<Kind> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).custom_flags(libc::O_TMPFILE).mode(MODE);
    let file = options.open(folder).ok()?;
    std::fs::metadata(in_proc(&file)).ok()?;
    Some(Kind::Nameless { file, folder: folder.to_owned() })
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Path) -> Option<Kind> {
    None
}

/// Where a file without a name can be found (open(2), O_TMPFILE).
#[cfg(target_os = "linux")]
fn in_proc(file: &File) -> PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Gives a nameless file its name. A link cannot replace a file, so it gets a temporary name first, if only for a
/// moment, and its own by renaming.
#[cfg(target_os = "linux")]
fn link(file: &File, folder: &Path, path: &Path) -> Result<()> {
    let linked = tempfile::Builder::new()
        .prefix(PREFIX)
        .make_in(folder, |name| link_new(file, name))
        .map_err(|e| refused(&e, folder))?;
    linked.into_temp_path().persist(path).map_err(|e| e.error)
}

/// Gives a nameless file a name that nothing has yet.
#[cfg(target_os = "linux")]
fn link_new(file: &File, path: &Path) -> Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    Ok(linkat(CWD, in_proc(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        write_new(&a, b"first").unwrap();
        assert_eq!(write_new(&a, b"second").unwrap_err().kind(), ErrorKind::AlreadyExists);
        write_new(&b, b"other").unwrap();
        assert_eq!(move_new(&a, &b).unwrap_err().kind(), ErrorKind::AlreadyExists);
        let read = |path: &Path| std::fs::read(path).unwrap();
        assert_eq!((read(&a), read(&b)), (b"first".to_vec(), b"other".to_vec()));
        std::fs::remove_file(&b).unwrap();
        move_new(&a, &b).unwrap();
        assert_eq!(read(&b), b"first");
        assert_eq!(move_new(&a, &folder.path().join("c")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing temporary is left");
    }

    #[test]
    fn a_refused_folder_is_named_without_the_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        for write in [write_atomic, write_new] {
            let error = write(&missing.join("a"), b"").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            let error = error.to_string();
            assert!(error.contains(&missing.display().to_string()), "{error}");
            assert!(error.ends_with("(os error 2)") && !error.contains(PREFIX), "{error}");
        }
    }

    #[test]
    fn of_many_that_write_at_once_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let written: Vec<usize> = std::thread::scope(|scope| {
            let write = |i: usize| {
                let path = &path;
                scope.spawn(move || write_new(path, i.to_string().as_bytes()).ok().map(|()| i))
            };
            let writers: Vec<_> = (0..8).map(write).collect();
            writers.into_iter().filter_map(|writer| writer.join().unwrap()).collect()
        });
        assert_eq!(written.len(), 1);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), written[0].to_string());
    }
}
