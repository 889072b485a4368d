//! All that a session can carry: what it came with, and what was read since.

use super::Blob;
use crate::amp::ContentHash;
use parking_lot::Mutex;
use std::sync::Arc;

/// What all files together may weigh in a session, packed, in bytes.
pub const MAX_SESSION_BYTES: usize = 2 * super::MAX_PACKED_BYTES;

/// What may wait here packed, in bytes, beyond what is saved: so much can be undone when the files are gone.
const MAX_WAITING_BYTES: usize = 2 * MAX_SESSION_BYTES;

/// The blobs of an instance, the newest last. Its locks are held for moments.
#[derive(Debug, Default)]
pub struct Pool {
    blobs: Mutex<Vec<Arc<Blob>>>,
    /// What was replaced, to be freed by the loader.
    replaced: Mutex<Vec<Arc<Blob>>>,
    /// What is carried beside what the parts hold.
    beside: Mutex<Vec<ContentHash>>,
    /// Whose blobs are here as well, though nothing is added to them or taken away.
    lender: Option<Arc<Self>>,
}

impl Pool {
    /// An empty one that knows what another one holds: for a rack that plays beside an instance's own.
    pub fn beside(lender: &Arc<Self>) -> Self {
        Self { lender: Some(lender.clone()), ..Self::default() }
    }

    /// The file of that content, if it is here.
    pub fn get(&self, hash: ContentHash) -> Option<Arc<Blob>> {
        let own = self.blobs.lock().iter().find(|blob| blob.hash() == hash).cloned();
        own.or_else(|| self.lender.as_ref()?.get(hash))
    }

    /// Adds a blob, in place of one of the same content.
    pub fn put(&self, blob: Arc<Blob>) {
        let mut blobs = self.blobs.lock();
        let old = blobs.iter().position(|b| b.hash() == blob.hash()).map(|at| blobs.remove(at));
        blobs.push(blob);
        drop(blobs);
        self.replaced.lock().extend(old);
    }

    /// Takes what a session carries, as far as it is no more than a session may carry. What is known to be right
    /// stays. For any thread: nothing is looked into, and nothing large is freed.
    pub fn put_saved(&self, saved: Vec<Arc<Blob>>) {
        let mut room = MAX_SESSION_BYTES;
        for blob in saved {
            let weight = blob.packed_bytes();
            if weight > room || self.get(blob.hash()).is_some_and(|known| known.is_checked()) {
                self.replaced.lock().push(blob);
                continue;
            }
            room -= weight;
            self.put(blob);
        }
    }

    /// Throws out what proved to be wrong.
    pub fn remove(&self, wrong: &Arc<Blob>) {
        self.blobs.lock().retain(|blob| !Arc::ptr_eq(blob, wrong));
    }

    /// Has these carried as well as what the parts hold: what an alternative setting would bring back.
    pub fn carry_beside(&self, hashes: Vec<ContentHash>) {
        *self.beside.lock() = hashes;
    }

    /// What is saved with these parts, ordered by hash: each once, and what comes first where not all may be carried.
    pub fn carried(&self, parts: impl IntoIterator<Item = ContentHash>) -> Vec<Arc<Blob>> {
        let beside = self.beside.lock().clone();
        let blobs = self.blobs.lock();
        let mut room = MAX_SESSION_BYTES;
        let mut carried: Vec<Arc<Blob>> = Vec::new();
        for hash in parts.into_iter().chain(beside) {
            let Some(blob) = blobs.iter().find(|blob| blob.hash() == hash) else { continue };
            let is_new = carried.iter().all(|other| other.hash() != hash);
            if is_new && blob.packed_bytes() <= room {
                room -= blob.packed_bytes();
                carried.push(blob.clone());
            }
        }
        drop(blobs);
        carried.sort_by_key(|blob| blob.hash());
        carried
    }

    /// Frees what was replaced, and the oldest of what nobody asks for where there is too much. For the loader.
    pub fn sweep(&self, parts: impl IntoIterator<Item = ContentHash>) {
        let replaced = std::mem::take(&mut *self.replaced.lock());
        drop(replaced);
        let carried = self.carried(parts);
        let mut blobs = self.blobs.lock();
        let is_carried = |blob: &Arc<Blob>| carried.iter().any(|c| Arc::ptr_eq(c, blob));
        let waits: usize =
            blobs.iter().filter(|blob| !is_carried(blob)).map(|blob| blob.packed_bytes()).sum();
        let mut excess = waits.saturating_sub(MAX_WAITING_BYTES);
        blobs.retain(|blob| {
            let goes = excess > 0 && !is_carried(blob);
            excess = excess.saturating_sub(if goes { blob.packed_bytes() } else { 0 });
            !goes
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A blob that says of itself that it is that large, packed.
    fn large(name: &str, mebibytes: usize) -> Arc<Blob> {
        let text = "A".repeat((mebibytes << 20) / 3 * 4);
        Arc::new(Blob::saved(hash(name), 1, text))
    }

    fn hash(name: &str) -> ContentHash {
        ContentHash::of(name.as_bytes())
    }

    #[test]
    fn a_session_carries_no_more_than_it_may() {
        let pool = Pool::default();
        pool.put_saved(vec![large("a", 7), large("b", 7), large("c", 7)]);
        assert!(pool.get(hash("b")).is_some() && pool.get(hash("c")).is_none());
        pool.put(large("c", 7));
        pool.put(large("d", 1));
        let sorted = |names: &[&str]| {
            let mut hashes: Vec<_> = names.iter().map(|name| hash(name)).collect();
            hashes.sort();
            hashes
        };
        let carried = |parts: &[&str]| -> Vec<ContentHash> {
            pool.carried(parts.iter().map(|name| hash(name))).iter().map(|blob| blob.hash()).collect()
        };
        assert_eq!(carried(&["a", "c", "a", "b", "d"]), sorted(&["a", "c", "d"]));
        pool.carry_beside(vec![hash("b")]);
        assert_eq!(carried(&["d"]), sorted(&["b", "d"]));
    }

    #[test]
    fn what_nobody_asks_for_goes_when_there_is_too_much() {
        let pool = Pool::default();
        let names = ["a", "b", "c", "d", "e", "f"];
        names.iter().for_each(|name| pool.put(large(name, 7)));
        pool.sweep([hash("a")]);
        let left = names.map(|name| pool.get(hash(name)).is_some());
        assert_eq!(left, [true, false, true, true, true, true], "the oldest that is not saved");
    }

    #[test]
    fn what_is_lent_is_read_and_left_alone() {
        let lender = Arc::new(Pool::default());
        lender.put(large("a", 7));
        let beside = Pool::beside(&lender);
        assert!(beside.get(hash("a")).is_some() && beside.get(hash("b")).is_none());
        ["b", "c", "d", "e", "f", "g"].iter().for_each(|name| beside.put(large(name, 7)));
        beside.sweep([]);
        beside.remove(&lender.get(hash("a")).unwrap());
        assert!(lender.get(hash("a")).is_some() && lender.get(hash("g")).is_none());
    }

    #[test]
    fn what_is_known_to_be_right_is_not_replaced_by_what_a_session_says() {
        let pool = Pool::default();
        pool.put(Arc::new(Blob::pack(hash("abc"), b"abc").unwrap()));
        pool.put_saved(vec![Arc::new(Blob::saved(hash("abc"), 3, "junk".into()))]);
        assert_eq!(pool.get(hash("abc")).unwrap().unpack().unwrap(), b"abc");
    }
}
