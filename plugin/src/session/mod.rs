//! What a saved session carries of the player's own files, so that it opens on another machine and nothing is lost.
//!
//! ```text
//!  file ──► loader thread ──► Blob ──► Pool ──► the host's session
//!           reads, hashes,    packed text       takes the text as it is
//!           packs
//!  session ──► Pool ──► loader thread: unpacks, checks the hash, plays
//! ```
//!
//! Hosts save and load sessions on threads that must not wait, some of them on the audio thread: what they take and
//! give is text that is made before and read after. Nothing is packed, unpacked, hashed or parsed there.

mod attached;
mod blob;
mod fields;
mod find;
mod pool;
mod recover;

pub use attached::{Attached, KeptBlobs};
pub use blob::{Blob, MAX_PACKED_BYTES, MAX_UNPACKED_BYTES, Packing, Unpacking};
pub use fields::{Notes, complete};
pub use find::{Finder, GoOn, InLibrary, Nowhere, file_of_content};
pub use pool::{MAX_SESSION_BYTES, Pool};
pub use recover::{Recovery, recover};

#[cfg(test)]
mod tests;
