//! The part of a session that carries files.

use super::{Blob, MAX_PACKED_BYTES, MAX_SESSION_BYTES};
use crate::amp::{ContentHash, Desk};
use nih_plug::params::persist::PersistentField;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
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

impl Serialize for Attached {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_seq(Some(self.0.len()))?;
        for blob in &self.0 {
            all.serialize_element(&Written { hash: blob.hash(), bytes: blob.bytes(), zlib: blob.text() })?;
        }
        all.end()
    }
}

/// Read item by item, and no more is held at once than a session may carry: a list of millions of entries costs time and no memory.
impl<'de> Deserialize<'de> for Attached {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Lenient(Files))
    }
}

/// What makes something of one kind of value. Of all other kinds nothing is made, and nothing of them is held.
trait Want: Copy {
    type Made: Default;

    fn text(self, _: &str) -> Self::Made {
        Self::Made::default()
    }

    fn number(self, _: u64) -> Self::Made {
        Self::Made::default()
    }

    fn list<'de, A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Made, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::Made::default())
    }

    fn map<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Made, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Made::default())
    }
}

/// Takes whatever stands there.
#[derive(Clone, Copy)]
struct Lenient<W>(W);

impl<'de, W: Want> DeserializeSeed<'de> for Lenient<W> {
    type Value = W::Made;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<W::Made, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, W: Want> Visitor<'de> for Lenient<W> {
    type Value = W::Made;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<W::Made, E> {
        Ok(self.0.text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<W::Made, E> {
        Ok(self.0.number(number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<W::Made, E> {
        Ok(W::Made::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<W::Made, E> {
        Ok(W::Made::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<W::Made, E> {
        Ok(W::Made::default())
    }

    fn visit_unit<E>(self) -> Result<W::Made, E> {
        Ok(W::Made::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<W::Made, A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<W::Made, A::Error> {
        self.0.map(map)
    }
}

/// The list.
#[derive(Clone, Copy)]
struct Files;

impl Want for Files {
    type Made = Attached;

    fn list<'de, A: SeqAccess<'de>>(self, mut list: A) -> Result<Attached, A::Error> {
        let mut files: Vec<Arc<Blob>> = Vec::new();
        let mut room = MAX_SESSION_BYTES;
        while files.len() < MAX_FILES {
            let Some(read) = list.next_element_seed(Lenient(File { room }))? else {
                return Ok(Attached(files));
            };
            if let Some(blob) = read {
                room = room.saturating_sub(blob.packed_bytes());
                files.push(Arc::new(blob));
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Attached(files))
    }
}

/// A file, if there is room for it.
#[derive(Clone, Copy)]
struct File {
    /// In bytes, packed.
    room: usize,
}

impl Want for File {
    type Made = Option<Blob>;

    fn map<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Blob>, A::Error> {
        let most = self.room.min(MAX_PACKED_BYTES).div_ceil(3) * 4;
        let (mut hash, mut bytes, mut zlib) = (None, None, None);
        while let Some(key) = map.next_key_seed(Lenient(Text { most: 8 }))? {
            match key.as_deref() {
                Some("hash") => hash = map.next_value_seed(Lenient(Text { most: 64 }))?,
                Some("bytes") => bytes = map.next_value_seed(Lenient(Number))?,
                Some("zlib") => zlib = map.next_value_seed(Lenient(Text { most }))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let hash = hash.and_then(|hash| hash.parse().ok());
        Ok(hash.zip(bytes).zip(zlib).map(|((hash, bytes), zlib)| Blob::saved(hash, bytes, zlib)))
    }
}

/// A text of so many bytes at most.
#[derive(Clone, Copy)]
struct Text {
    most: usize,
}

impl Want for Text {
    type Made = Option<String>;

    fn text(self, text: &str) -> Option<String> {
        Some(text).filter(|text| text.len() <= self.most).map(str::to_owned)
    }
}

#[derive(Clone, Copy)]
struct Number;

impl Want for Number {
    type Made = Option<u64>;

    fn number(self, number: u64) -> Option<u64> {
        Some(number)
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

    #[test]
    fn no_more_is_held_than_a_session_may_carry() {
        let read = |text: &str| serde_json::from_str::<Attached>(text).unwrap().0;
        let hash = ContentHash::of(b"abc");
        let file = |mebibytes: usize| {
            let zlib = "A".repeat((mebibytes << 20) / 3 * 4);
            format!(r#"{{"zlib":"{zlib}","bytes":3,"more":[{{}}],"hash":"{hash}"}}"#)
        };
        let list = [9, 6, 6, 6, 3].map(file).join(",");
        let list = format!("[{list}]");
        let held: Vec<usize> = read(&list).iter().map(|blob| blob.packed_bytes() >> 20).collect();
        assert_eq!(held, [6, 6, 3], "one is too large, and one too many");
        for other in
            ["{}", "7", "-7.5", "null", "true", "\"text\"", "{\"a\":[1]}", "[[[[]]],{\"hash\":[0,0]}]"]
        {
            assert!(read(other).is_empty(), "{other}");
        }
        let endless = format!("[{}{}]", "[0,{}],".repeat(200_000), file(1));
        assert_eq!(read(&endless).len(), 1);
    }
}
