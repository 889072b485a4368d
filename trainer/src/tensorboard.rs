//! Event files that TensorBoard reads: the course of a run, while it runs.
//!
//! A file is a row of TFRecords (TensorFlow, `core/lib/io/record_writer.h`), each an `Event` of
//! `core/util/event.proto`, of which only the fields that are needed stand here.

use crate::TrainerError;
use crate::progress::{Follower, Measured};
use prost::Message;
use std::fs::{DirEntry, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What every event file's name begins with; TensorBoard looks for `tfevents`.
const PREFIX: &str = "events.out.tfevents.";
/// What stands in the names of ours where other programs put the machine's.
const OURS: &str = ".tonewright.";

/// TensorFlow's `Event`.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

/// TensorFlow's `Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// TensorFlow's `Summary.Value`.
#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    // Optional, so that a zero is written: a value without one is no value.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// TensorFlow's `SessionLog`.
#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    /// 1: a session starts, and what earlier ones wrote from this event's step on is void.
    #[prost(int32, tag = "1")]
    status: i32,
}

/// A checksum as TFRecords hold it, rotated and shifted so that a record within a record is no trap.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

/// One TFRecord: length, its checksum, the data, their checksum, all little-endian.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut bytes = Vec::with_capacity(data.len() + 16);
    bytes.extend(length);
    bytes.extend(masked(&length).to_le_bytes());
    bytes.extend(data);
    bytes.extend(masked(data).to_le_bytes());
    bytes
}

/// Writes an event file beside a run. The file appears with the first measurement, so that a run without a step leaves none.
#[derive(Debug)]
pub struct Events {
    folder: PathBuf,
    file: Option<(PathBuf, File)>,
    begun_at: u64,
}

impl Events {
    /// Events for the run in `folder`.
    pub fn beside(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: None, begun_at: 0 }
    }

    fn open(&mut self) -> Result<(), TrainerError> {
        if self.begun_at == 0 {
            self.forget_earlier()?;
        }
        let now = now();
        // Files of several sittings are read in the order of their names. Two within a second differ in the last part.
        let name = format!("{PREFIX}{:010}{OURS}{}.{}", now as u64, std::process::id(), self.begun_at);
        let path = self.folder.join(name);
        let file = File::create(&path).map_err(|e| TrainerError::file(&path, e))?;
        self.file = Some((path, file));
        let version =
            Event { wall_time: now, file_version: Some("brain.Event:2".into()), ..Event::default() };
        self.write(&version)?;
        let step = self.begun_at as i64 + 1;
        let start = SessionLog { status: 1 };
        self.write(&Event { wall_time: now, step, session_log: Some(start), ..Event::default() })
    }

    /// A run from the beginning replaces the one that was there; what other programs wrote stays.
    fn forget_earlier(&self) -> Result<(), TrainerError> {
        let failed = |e| TrainerError::file(&self.folder, e);
        for entry in std::fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if is_ours(&entry) {
                std::fs::remove_file(entry.path()).map_err(|e| TrainerError::file(&entry.path(), e))?;
            }
        }
        Ok(())
    }

    fn write(&mut self, event: &Event) -> Result<(), TrainerError> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        // One call a record: whoever reads meanwhile sees whole ones.
        file.write_all(&record(&event.encode_to_vec())).map_err(|e| TrainerError::file(path, e))
    }
}

/// Whether a file holds events that the trainer wrote.
fn is_ours(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    name.starts_with(PREFIX) && name.contains(OURS)
}

/// Whether a folder holds events that the trainer wrote.
pub fn are_in(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_ours(&entry)))
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

impl Follower for Events {
    fn name(&self) -> &'static str {
        "events for TensorBoard"
    }

    fn begins(&mut self, step: u64) -> Result<(), TrainerError> {
        self.begun_at = step;
        Ok(())
    }

    fn measured(&mut self, measured: &Measured<'_>) -> Result<(), TrainerError> {
        if self.file.is_none() {
            self.open()?;
        }
        let p = measured.point;
        let values = [
            ("loss", p.loss),
            ("esr/train", p.train_esr),
            ("esr/held_out", p.esr),
            ("esr/best", measured.best_esr),
            ("learning_rate", p.learning_rate),
            ("samples_per_second", p.samples_per_second),
        ];
        let value =
            values.map(|(tag, value)| Value { tag: tag.into(), simple_value: Some(value as f32) }).to_vec();
        let summary = Some(Summary { value });
        self.write(&Event { wall_time: now(), step: p.step as i64, summary, ..Event::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Point;
    use shared::model::WaveNetSpec;

    /// Takes records apart, and checks their sums.
    fn events(bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let length = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
            let data = &bytes[at + 12..at + 12 + length];
            assert_eq!(bytes[at..at + 16 + length], record(data));
            events.push(Event::decode(data).unwrap());
            at += 16 + length;
        }
        events
    }

    #[test]
    fn a_record_is_what_tensorflow_writes() {
        // Written by TensorBoard's own RecordWriter (tensorboard 2.21.0) for an Event of wall_time 1.5 with a file version.
        let event = Event { wall_time: 1.5, file_version: Some("brain.Event:2".into()), ..Event::default() };
        let bytes = record(&event.encode_to_vec());
        assert_eq!(bytes, KNOWN, "{bytes:02x?}");
        // CRC-32C's own check value (RFC 3720, B.4): 32 zeros.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8A91_36AA);
    }

    fn point(step: u64) -> Point {
        Point {
            step,
            seconds: 1.0,
            loss: 0.0,
            train_esr: 0.25,
            esr: 0.5,
            learning_rate: 1e-3,
            samples_per_second: 4e5,
        }
    }

    fn tell(events: &mut Events, step: u64) {
        let spec = WaveNetSpec::seed(2, 2, 3, true);
        events.measured(&Measured { point: &point(step), best_esr: 0.5, spec: &spec, best: &[] }).unwrap();
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files
    }

    #[test]
    fn a_run_is_read_back_and_a_resumed_one_says_where_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("other"), "stays").unwrap();
        assert!(!are_in(folder.path()));
        let mut first = Events::beside(folder.path());
        first.begins(0).unwrap();
        assert_eq!(files(folder.path()).len(), 1, "nothing before the first measurement");
        tell(&mut first, 10);
        tell(&mut first, 20);
        let mut resumed = Events::beside(folder.path());
        resumed.begins(15).unwrap();
        tell(&mut resumed, 25);
        let found = files(folder.path());
        assert_eq!(found.len(), 3, "{found:?}");
        let read: Vec<_> = found[..2].iter().map(|f| events(&std::fs::read(f).unwrap())).collect();
        assert_eq!(read[0].iter().map(|e| e.step).collect::<Vec<_>>(), [0, 1, 10, 20]);
        assert_eq!(read[1].iter().map(|e| e.step).collect::<Vec<_>>(), [0, 16, 25]);
        assert_eq!(read[1][1].session_log, Some(SessionLog { status: 1 }));
        let values = &read[0][2].summary.as_ref().unwrap().value;
        let found: Vec<_> = values.iter().map(|v| (v.tag.as_str(), v.simple_value)).collect();
        assert_eq!(found[0], ("loss", Some(0.0)));
        assert_eq!(found[2], ("esr/held_out", Some(0.5)));
        // From the beginning again: only what was written since.
        let mut again = Events::beside(folder.path());
        again.begins(0).unwrap();
        tell(&mut again, 10);
        assert_eq!(files(folder.path()).len(), 2);
        assert!(are_in(folder.path()));
    }

    #[test]
    fn what_another_program_wrote_stays() {
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("events.out.tfevents.1700000000.nam.1.0");
        std::fs::write(&other, "of another program").unwrap();
        let mut events = Events::beside(folder.path());
        events.begins(0).unwrap();
        tell(&mut events, 10);
        assert_eq!((files(folder.path()).len(), files(folder.path())[0].clone()), (2, other));
    }

    const KNOWN: &[u8] = b"\x18\0\0\0\0\0\0\0\xa3\x7fK\"\t\0\0\0\0\0\0\xf8?\x1a\rbrain.Event:2*(dl";
}
