//! The loudspeakers that come with Tonewright. `shared/examples/cabinets.rs` makes them.

use crate::dsp::response::{Response, ResponseError};
use hound::WavReader;
use std::io::Cursor;
use std::path::Path;

/// A loudspeaker that comes with Tonewright.
#[derive(Clone, Copy, Debug)]
pub struct FactoryCabinet {
    /// Name on command lines and in files.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    bytes: &'static [u8],
}

macro_rules! cabinets {
    ($($id:literal => $name:literal),* $(,)?) => {
        &[$(FactoryCabinet {
            id: $id,
            name: $name,
            bytes: include_bytes!(concat!("../../assets/cabinets/", $id, ".wav")),
        }),*]
    };
}

/// All of them, in the order they are offered.
pub const CABINETS: &[FactoryCabinet] = cabinets! {
    "closed_4x12" => "Closed 4x12",
    "open_1x12" => "Open 1x12",
    "open_2x12" => "Open 2x12, ribbon",
};

impl FactoryCabinet {
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
