//! The part of a session that carries files.

use super::Blob;
use crate::amp::{ContentHash, Desk};
use nih_plug::params::persist::PersistentField;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// More files than any session carries are not looked at.
const MAX_FILES: usize = 16;

/// What a session carries. What cannot be understood of it is left out, and never refused as a whole.
#[derive(Debug, Default)]
pub struct Attached(Vec<Arc<Blob>>);

/// How a file is written.
#[derive(Serialize)]
struct Written<'a> {
    hash: ContentHash,
    bytes: u64,
    zlib: &'a str,
}

#[derive(Deserialize)]
struct Read {
    hash: ContentHash,
    bytes: u64,
    zlib: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Any {
    File(Read),
    Other(serde::de::IgnoredAny),
}

impl Serialize for Attached {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.0.len()))?;
        for blob in &self.0 {
            all.serialize_element(&Written { hash: blob.hash(), bytes: blob.bytes(), zlib: blob.text() })?;
        }
        all.end()
    }
}

impl<'de> Deserialize<'de> for Attached {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let files = Vec::<Any>::deserialize(deserializer)?.into_iter().filter_map(|any| match any {
            Any::File(file) => Some(Arc::new(Blob::saved(file.hash, file.bytes, file.zlib))),
            Any::Other(_) => None,
        });
        Ok(Self(files.take(MAX_FILES).collect()))
    }
}

/// Saves and restores what a session carries. Its name comes before those of the parts, as fields are restored in the order of
/// their names: a part that is restored finds its file here.
pub struct KeptBlobs {
    desk: Arc<Desk>,
}

impl KeptBlobs {
    /// Of what lies on a desk.
    pub fn new(desk: &Arc<Desk>) -> Self {
        Self { desk: desk.clone() }
    }
}

impl PersistentField<'_, Attached> for KeptBlobs {
    fn set(&self, saved: Attached) {
        self.desk.pool().put_saved(saved.0);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Attached) -> R,
    {
        f(&Attached(self.desk.carried()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_is_junk_costs_no_other() {
        let blob = Arc::new(Blob::pack(ContentHash::of(b"abc"), b"abc").unwrap());
        let text = serde_json::to_string(&Attached(vec![blob.clone()])).unwrap();
        let entry = &text[1..text.len() - 1];
        let junk = [
            "7".to_owned(),
            "null".into(),
            "{}".into(),
            entry.replace("\"bytes\":3", "\"bytes\":-3"),
            entry.replace(&blob.hash().to_string(), "no hash"),
        ];
        let all = format!("[{},{entry}]", junk.join(","));
        let read: Attached = serde_json::from_str(&all).unwrap();
        assert_eq!(read.0.len(), 1);
        assert_eq!(read.0[0].unpack().unwrap(), b"abc");
        let many = format!("[{}]", vec![entry; 100].join(","));
        assert_eq!(serde_json::from_str::<Attached>(&many).unwrap().0.len(), MAX_FILES);
    }
}
