//! The loudspeakers that come with Tonewright. `shared/examples/cabinets.rs` makes them.

use crate::dsp::response::{Response, ResponseError};
use hound::WavReader;
use std::io::Cursor;
use std::path::Path;

/// Number of values of a cabinet parameter. Hosts store automation as a position between the first and the last
/// slot, so this never changes; new loudspeakers take free slots.
pub const SLOTS: usize = 64;

/// The slot that stands for the player's own file.
pub const OWN_FILE_SLOT: usize = 0;

const OWN_FILE: &str = "Own file";
const FREE: &str = "—";

/// A loudspeaker that comes with Tonewright.
#[derive(Clone, Copy, Debug)]
pub struct FactoryCabinet {
    /// Value of a cabinet parameter. Never reused for another loudspeaker.
    pub slot: usize,
    /// Name on command lines and in files.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    bytes: &'static [u8],
}

macro_rules! cabinets {
    ($($slot:literal => $id:literal, $name:literal),* $(,)?) => {
        &[$(FactoryCabinet {
            slot: $slot,
            id: $id,
            name: $name,
            bytes: include_bytes!(concat!("../../assets/cabinets/", $id, ".wav")),
        }),*]
    };
}

/// All of them, in the order they are offered.
pub const CABINETS: &[FactoryCabinet] = cabinets! {
    1 => "closed_4x12", "Closed 4x12",
    2 => "open_1x12", "Open 1x12",
    3 => "open_2x12", "Open 2x12, ribbon",
};

impl FactoryCabinet {
    /// The one in `slot`.
    pub fn in_slot(slot: usize) -> Option<&'static Self> {
        CABINETS.iter().find(|c| c.slot == slot)
    }

    /// The one with that id or name.
    pub fn named(name: &str) -> Option<&'static Self> {
        let name = name.trim();
        CABINETS.iter().find(|c| c.id.eq_ignore_ascii_case(name) || c.name.eq_ignore_ascii_case(name))
    }

    /// Reads its response: one channel at 48 kHz.
    ///
    /// # Errors
    /// The bytes are refused, which a test rules out.
    pub fn load(&self) -> Result<Response, ResponseError> {
        let refused = |_| ResponseError::Empty;
        let reader = WavReader::new(Cursor::new(self.bytes)).map_err(refused)?;
        let rate_hz = f64::from(reader.spec().sample_rate);
        let samples = reader.into_samples::<f32>().collect::<Result<Vec<f32>, _>>().map_err(refused)?;
        Response::new(vec![samples], rate_hz)
    }
}

/// What the host shows for a slot, so that every text leads back to its slot.
pub fn slot_name(slot: usize) -> String {
    match FactoryCabinet::in_slot(slot) {
        Some(cabinet) => cabinet.name.into(),
        None if slot == OWN_FILE_SLOT => OWN_FILE.into(),
        None => format!("{FREE} {slot}"),
    }
}

/// The slot that [`slot_name`] calls `text`, that holds a loudspeaker of that id, or whose number it is.
pub fn slot_named(text: &str) -> Option<usize> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(OWN_FILE) {
        return Some(OWN_FILE_SLOT);
    }
    if let Some(cabinet) = FactoryCabinet::named(text) {
        return Some(cabinet.slot);
    }
    text.trim_start_matches(FREE).trim().parse().ok().filter(|&slot| slot < SLOTS)
}

/// The response of the loudspeaker that comes along under this name, or the file at `path`, which is where a file
/// of that name would lie.
///
/// # Errors
/// There is neither, or the file is no response.
pub fn find(name: &Path, path: &Path) -> Result<Response, ResponseError> {
    if let Some(cabinet) = name.to_str().and_then(FactoryCabinet::named) {
        return cabinet.load();
    }
    // A name with a folder or an extension is meant as a file: say what is wrong with it.
    if path.exists() || name.extension().is_some() || name.components().count() > 1 {
        return Response::load(path);
    }
    let known: Vec<&str> = CABINETS.iter().map(|cabinet| cabinet.id).collect();
    Err(ResponseError::Unknown { name: name.display().to_string(), known: known.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_texts_both_ways() {
        for slot in 0..SLOTS {
            assert_eq!(slot_named(&slot_name(slot)), Some(slot));
        }
        assert_eq!(slot_named("closed_4x12"), Some(1));
        assert_eq!(slot_named("64"), None);
    }

    #[test]
    fn every_cabinet_loads_and_is_found() {
        for cabinet in CABINETS {
            let response = cabinet.load().unwrap();
            assert_eq!((response.channels().len(), response.sample_rate_hz()), (1, 48_000.0));
            for name in [cabinet.id, cabinet.name, &cabinet.id.to_uppercase()] {
                assert_eq!(FactoryCabinet::named(name).map(|c| c.id), Some(cabinet.id));
            }
        }
        assert!(FactoryCabinet::named("closed_4x12.wav").is_none());
    }
}
