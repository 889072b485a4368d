//! What an audio file is read from: the disk, or memory that holds a whole file.

use std::fs::File;
use std::io::{Cursor, Read, Result, Seek, SeekFrom};
use std::sync::Arc;
use symphonia::core::io::MediaSource;

/// The bytes of an audio file.
pub(super) enum Media {
    File(File),
    Memory(Cursor<Arc<[u8]>>),
}

impl Media {
    /// All there is, in bytes.
    pub fn bytes(&self) -> Result<u64> {
        match self {
            Self::File(file) => Ok(file.metadata()?.len()),
            Self::Memory(bytes) => Ok(bytes.get_ref().len() as u64),
        }
    }

    /// The same from the beginning on. A file has one place at which it is read: the other one is done with.
    pub fn again(&self) -> Result<Self> {
        match self {
            Self::File(file) => file.try_clone().map(Self::File),
            Self::Memory(bytes) => Ok(Self::Memory(Cursor::new(bytes.get_ref().clone()))),
        }
    }
}

impl Read for Media {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        match self {
            Self::File(file) => file.read(into),
            Self::Memory(bytes) => bytes.read(into),
        }
    }
}

impl Seek for Media {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
        }
    }
}

impl MediaSource for Media {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        self.bytes().ok()
    }
}
