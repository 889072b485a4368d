//! Sees to it that a session carries the files of the side that is not heard.

use super::Compare;
use crate::amp::{ContentHash, Desk, Part, SavedSource};
use crate::session::{Blob, MAX_UNPACKED_BYTES};
use shared::dsp::response::Response;
use shared::model::Model;
use std::path::Path;
use std::sync::{Arc, Weak};

/// Packs files that the loader never read, as when the player turned before it was done or the session is one of before. An errand of the
/// loader's thread.
pub struct Carrier {
    compare: Weak<Compare>,
    /// The comparison as it was looked at last.
    seen: u64,
}

impl Carrier {
    /// That of a comparison, which it does not keep alive.
    pub fn new(compare: &Arc<Compare>) -> Self {
        Self { compare: Arc::downgrade(compare), seen: compare.revision() }
    }

    /// Packs what is not packed yet, once for each change of the comparison. What plays comes first.
    pub fn run(&mut self, desk: &Desk) {
        let Some(compare) = self.compare.upgrade() else { return };
        let revision = compare.revision();
        if revision == self.seen || !desk.is_settled() {
            return;
        }
        self.seen = revision;
        let Some(other) = compare.kept().other else { return };
        for (part, file) in Part::ALL.into_iter().zip(other.files()) {
            let is_there = file.hash.is_some_and(|hash| desk.pool().get(hash).is_some());
            if let Some(path) = file.path.as_deref().filter(|_| !is_there)
                && let Some(blob) = packed(part, path, file)
            {
                let (hash, bytes) = (blob.hash(), blob.bytes());
                desk.pool().put(Arc::new(blob));
                compare.identify(part, path, hash, bytes);
            }
        }
    }
}

/// The file that is asked for, if it is still there. One of which only the place is known must be a model or a response: a session must not
/// carry away whatever a hostile one names.
fn packed(part: Part, path: &Path, file: &SavedSource) -> Option<Blob> {
    let read = shared::fs::read_limited(path, MAX_UNPACKED_BYTES).ok()?;
    let hash = ContentHash::of(&read);
    let is_it = match (file.hash, part) {
        (Some(known), _) => known == hash,
        (None, Part::Model) => Model::from_file(&read, path).is_ok(),
        (None, Part::CabA | Part::CabB) => Response::from_bytes(read.as_slice().into(), path).is_ok(),
    };
    is_it.then(|| Blob::pack(hash, &read).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::KeptSound;
    use crate::factory::DEFAULT_SLOT;
    use crate::presets::{Dials, Sound};

    #[test]
    fn what_the_other_side_names_is_packed_if_it_is_what_it_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        shared::audio::write_wav(&path("unread.wav"), &[vec![0.5, 0.25]], 48_000).unwrap();
        shared::audio::write_wav(&path("known.wav"), &[vec![0.5, 0.125]], 48_000).unwrap();
        std::fs::write(path("secret.nam"), "no model").unwrap();
        let known = ContentHash::of(&std::fs::read(path("known.wav")).unwrap());
        let unread = ContentHash::of(&std::fs::read(path("unread.wav")).unwrap());
        // As if the loader had nothing left to do.
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let dials = Dials::apart(desk.clone());
        desk.set_idle();
        let compare = dials.params().compare.clone();
        let mut carrier = Carrier::new(&compare);
        let mut sound = Sound::usual(&dials);
        let named = |name: &str, hash| SavedSource { path: Some(path(name)), hash, ..SavedSource::default() };
        sound.files = [named("secret.nam", None), named("unread.wav", None), named("known.wav", Some(known))];
        compare.change(|kept| kept.other = Some(KeptSound::of(&sound, &dials)));
        carrier.run(&desk);
        carrier.run(&desk);
        let carried: Vec<_> = desk.carried().iter().map(|blob| blob.hash()).collect();
        let mut expected = [known, unread];
        expected.sort();
        assert_eq!(carried, expected);
        assert_eq!(compare.kept().other.unwrap().files()[1].hash, Some(unread));

        std::fs::write(path("known.wav"), "changed").unwrap();
        let fresh = Arc::new(Desk::new(DEFAULT_SLOT));
        let other = Dials::apart(fresh.clone());
        fresh.set_idle();
        let mut carrier = Carrier::new(&other.params().compare);
        other.params().compare.change(|kept| kept.other = Some(KeptSound::of(&sound, &dials)));
        carrier.run(&fresh);
        assert!(fresh.pool().get(known).is_none() && fresh.carried().len() == 1, "it was changed since");
    }
}
