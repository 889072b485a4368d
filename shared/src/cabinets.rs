//! The loudspeakers that come with Tonewright. `shared/examples/cabinets.rs` makes them.

use crate::dsp::response::{Response, ResponseError};
use crate::slots::{self, built_in};
pub use crate::slots::{OWN_FILE_SLOT, SLOTS};
use hound::WavReader;
use std::io::Cursor;
use std::path::Path;

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

/// All of them, in the order they are offered.
pub const CABINETS: &[FactoryCabinet] = built_in!(FactoryCabinet, "cabinets", "wav", {
    1 => "closed_4x12", name: "Closed 4x12";
    2 => "open_1x12", name: "Open 1x12";
    3 => "open_2x12", name: "Open 2x12, ribbon";
    4 => "closed_2x12", name: "Closed 2x12";
    5 => "closed_4x12_far", name: "Closed 4x12, a metre away";
    6 => "open_1x12_aside", name: "Open 1x12, from aside";
    7 => "small_1x8", name: "Small 1x8";
    8 => "bass_8x10", name: "Bass 8x10";
    9 => "bass_1x15", name: "Bass 1x15";
    10 => "acoustic_body", name: "Acoustic body";
});

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
    slots::name(slot, FactoryCabinet::in_slot(slot).map(|cabinet| cabinet.name))
}

/// The slot that [`slot_name`] calls `text`, that holds a loudspeaker of that id, or whose number it is.
pub fn slot_named(text: &str) -> Option<usize> {
    slots::named(text, |text| FactoryCabinet::named(text).map(|cabinet| cabinet.slot))
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
    if slots::is_file(name, path) {
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

    /// Mean power of a response over a third of an octave, relative to that around 1 kHz, in dB.
    fn third_octave(id: &str, middle_hz: f64) -> f64 {
        let response = FactoryCabinet::named(id).unwrap().load().unwrap();
        let level = |middle_hz: f64| {
            let points = (0..12).map(|k| middle_hz * 2f64.powf(((f64::from(k) + 0.5) / 12.0 - 0.5) / 3.0));
            let power = |hz: f64| {
                let turn = std::f64::consts::TAU * hz / response.sample_rate_hz();
                let (mut re, mut im) = (0.0, 0.0);
                for (n, &h) in response.channels()[0].iter().enumerate() {
                    let angle = turn * n as f64;
                    re += f64::from(h) * angle.cos();
                    im -= f64::from(h) * angle.sin();
                }
                re * re + im * im
            };
            10.0 * points.map(power).sum::<f64>().log10()
        };
        level(middle_hz) - level(1_000.0)
    }

    #[test]
    fn each_sounds_as_it_is_called() {
        let body = "acoustic_body";
        // A guitar's loudspeaker ends between 4 and 8 kHz, a body does not.
        for cabinet in CABINETS.iter().filter(|cabinet| cabinet.id != body) {
            let fall = third_octave(cabinet.id, 4_000.0) - third_octave(cabinet.id, 10_000.0);
            assert!(fall > 12.0, "{}: {fall} dB", cabinet.id);
        }
        assert!(third_octave(body, 8_000.0) > -4.0);
        let between = third_octave(body, 140.0);
        assert!([100.0, 200.0].iter().all(|&hz| third_octave(body, hz) > between + 3.0), "air and top");
        // Those for bass reach down to their lowest strings, those for guitar do not.
        for (id, holds) in
            [("bass_8x10", true), ("bass_1x15", true), ("closed_4x12", false), ("open_1x12", false)]
        {
            assert_eq!(third_octave(id, 50.0) > third_octave(id, 200.0) - 4.0, holds, "{id}");
        }
        assert!(third_octave("small_1x8", 100.0) < third_octave("open_1x12", 100.0) - 5.0);
        let bite = |id| third_octave(id, 3_150.0);
        assert!(bite("open_1x12_aside") < bite("open_1x12") - 4.0);
        assert!(bite("closed_4x12_far") < bite("closed_4x12") - 2.0);
    }

    #[test]
    fn no_two_are_alike() {
        const BANDS_HZ: [f64; 7] = [63.0, 125.0, 250.0, 500.0, 2_000.0, 4_000.0, 6_300.0];
        let curves: Vec<_> =
            CABINETS.iter().map(|c| (c.id, BANDS_HZ.map(|hz| third_octave(c.id, hz)))).collect();
        for (at, (id, curve)) in curves.iter().enumerate() {
            for (other, before) in &curves[..at] {
                let furthest = curve.iter().zip(before).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(furthest > 2.5, "{id} and {other}: {furthest} dB");
            }
        }
        let slots: std::collections::HashSet<_> = CABINETS.iter().map(|cabinet| cabinet.slot).collect();
        assert_eq!(slots.len(), CABINETS.len());
        assert!(!slots.contains(&OWN_FILE_SLOT) && slots.iter().all(|&slot| slot < SLOTS));
    }
}
