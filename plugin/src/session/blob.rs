//! A file's bytes as the text that a session carries.

use crate::amp::ContentHash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::fmt;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Largest file that a session carries, packed, in bytes. The largest captures and responses that players trade stay
/// below it, and hosts write a session every few minutes and at every step of their undo.
pub const MAX_PACKED_BYTES: usize = 8 << 20;

/// Largest file that is unpacked from a session, in bytes: no more memory is taken, whatever a session says.
pub const MAX_UNPACKED_BYTES: u64 = 64 << 20;

/// Why a file cannot be carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Packing {
    /// It is too large as it is.
    #[error("it has {0} bytes, at most {MAX_UNPACKED_BYTES} are carried")]
    File(u64),
    /// It is too large when it is packed.
    #[error("it has {0} bytes when it is packed, at most {MAX_PACKED_BYTES} are carried")]
    Packed(usize),
}

/// Why what a session carries cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpacking {
    /// It is no Base64 text.
    #[error("the copy inside the session is damaged: it is no Base64 text")]
    Text,
    /// It is not packed as it should be.
    #[error("the copy inside the session is damaged: it cannot be unpacked")]
    Packed,
    /// It has another size than it says.
    #[error(
        "the copy inside the session is damaged: it does not have the {0} bytes that it claims, or more than \
         {MAX_UNPACKED_BYTES}"
    )]
    Size(u64),
    /// It is something else than it says.
    #[error("the copy inside the session is damaged: its SHA-256 is {is} and not {claimed}")]
    Hash {
        /// What is there.
        is: ContentHash,
        /// What should be.
        claimed: ContentHash,
    },
}

/// A file's bytes, packed by zlib and written as Base64.
pub struct Blob {
    hash: ContentHash,
    bytes: u64,
    text: String,
    checked: AtomicBool,
}

impl Blob {
    /// Packs a file's bytes, whose hash is known.
    ///
    /// # Errors
    /// They are too many.
    pub fn pack(hash: ContentHash, file: &[u8]) -> Result<Self, Packing> {
        let bytes = file.len() as u64;
        if bytes > MAX_UNPACKED_BYTES {
            return Err(Packing::File(bytes));
        }
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        // Writing into memory does not fail.
        let written = encoder.write_all(file);
        let packed = written.and_then(|()| encoder.finish()).unwrap_or_default();
        if packed.len() > MAX_PACKED_BYTES {
            return Err(Packing::Packed(packed.len()));
        }
        Ok(Self { hash, bytes, text: STANDARD.encode(packed), checked: AtomicBool::new(true) })
    }

    /// What a session says that it carries. Nothing is looked into: for any thread.
    pub fn saved(hash: ContentHash, bytes: u64, text: String) -> Self {
        Self { hash, bytes, text, checked: AtomicBool::new(false) }
    }

    /// The file's bytes, if they are what they are said to be. Takes milliseconds for each megabyte.
    ///
    /// # Errors
    /// The text is damaged, or holds something else.
    pub fn unpack(&self) -> Result<Vec<u8>, Unpacking> {
        let size = Unpacking::Size(self.bytes);
        if self.bytes > MAX_UNPACKED_BYTES || self.packed_bytes() > MAX_PACKED_BYTES {
            return Err(size);
        }
        let packed = STANDARD.decode(&self.text).map_err(|_| Unpacking::Text)?;
        let mut file = Vec::new();
        // A few bytes can claim to be gigabytes: no more is unpacked than there should be.
        let mut decoder = ZlibDecoder::new(packed.as_slice()).take(self.bytes + 1);
        decoder.read_to_end(&mut file).map_err(|_| Unpacking::Packed)?;
        if file.len() as u64 != self.bytes {
            return Err(size);
        }
        let is = ContentHash::of(&file);
        if is != self.hash {
            return Err(Unpacking::Hash { is, claimed: self.hash });
        }
        self.checked.store(true, Ordering::Release);
        Ok(file)
    }

    /// What the file is by content.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// Size of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Size of the file in bytes when it is packed, rounded up to three.
    pub fn packed_bytes(&self) -> usize {
        self.text.len().div_ceil(4) * 3
    }

    /// The packed file as Base64.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is known to be what it says.
    pub fn is_checked(&self) -> bool {
        self.checked.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({}, {} bytes)", self.hash, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_was() {
        for file in [&b""[..], b"abc", &[7; 100_000]] {
            let packed = Blob::pack(ContentHash::of(file), file).unwrap();
            let saved = Blob::saved(packed.hash(), packed.bytes(), packed.text().to_owned());
            assert!(packed.is_checked() && !saved.is_checked());
            assert_eq!(saved.unpack().unwrap(), file);
            assert!(saved.is_checked());
        }
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let file = vec![7; 100_000];
        let (hash, bytes) = (ContentHash::of(&file), file.len() as u64);
        let text = Blob::pack(hash, &file).unwrap().text().to_owned();
        let refused =
            |hash, bytes, text: &str| Blob::saved(hash, bytes, text.to_owned()).unpack().unwrap_err();
        assert_eq!(refused(hash, bytes, "böse"), Unpacking::Text);
        assert_eq!(refused(hash, bytes, ""), Unpacking::Packed);
        assert_eq!(refused(hash, bytes, &text[..text.len() - 4]), Unpacking::Packed);
        assert_eq!(refused(hash, bytes - 1, &text), Unpacking::Size(bytes - 1));
        assert_eq!(refused(hash, bytes + 1, &text), Unpacking::Size(bytes + 1));
        assert_eq!(refused(hash, u64::MAX, &text), Unpacking::Size(u64::MAX));
        let claimed = ContentHash::of(b"abc");
        assert_eq!(refused(claimed, bytes, &text), Unpacking::Hash { is: hash, claimed });
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![0; 1 << 20];
        (0..200).for_each(|_| encoder.write_all(&zeros).unwrap());
        let bomb = STANDARD.encode(encoder.finish().unwrap());
        assert!(bomb.len() < 300_000);
        let unpacked = Blob::saved(ContentHash::of(b""), 1000, bomb.clone()).unpack();
        assert_eq!(unpacked, Err(Unpacking::Size(1000)));
        let unpacked = Blob::saved(ContentHash::of(b""), 200 << 20, bomb).unpack();
        assert_eq!(unpacked, Err(Unpacking::Size(200 << 20)));
    }

    #[test]
    fn what_is_too_large_is_not_carried() {
        let mut random = 1u64;
        let noise: Vec<u8> = (0..MAX_PACKED_BYTES)
            .map(|_| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (random >> 56) as u8
            })
            .collect();
        assert!(matches!(Blob::pack(ContentHash::of(&noise), &noise), Err(Packing::Packed(_))));
    }
}
