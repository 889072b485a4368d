//! What hosts see, automate and save.

mod eq;
mod kept;

pub use eq::{BandParams, EqParams, ListenParam, PeakParams, ReferenceParam, ShelfParams};
pub use kept::{KeptBalance, Known, KnownBalance};

use crate::amp::{Desk, Quality};
use crate::factory::{DEFAULT_SLOT, SLOTS, slot_name, slot_named};
use nih_plug::params::persist::PersistentField;
use nih_plug::prelude::*;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use shared::engine::EngineChoice;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

/// Furthest the gain knobs turn either way, in dB.
pub const GAIN_RANGE_DB: f32 = 24.0;

/// Size of the window when it is first opened, in logical pixels.
pub const DEFAULT_WINDOW: (f32, f32) = (880.0, 520.0);

/// A page of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Page {
    /// The amp.
    Amp,
    /// The equaliser.
    Eq,
}

/// The engine parameter.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum EngineParam {
    /// Native where it can.
    #[id = "auto"]
    #[name = "Auto"]
    Auto,
    /// Native only.
    #[id = "native"]
    #[name = "Native"]
    Native,
    /// ONNX Runtime only.
    #[id = "onnxruntime"]
    #[name = "ONNX Runtime"]
    OnnxRuntime,
}

impl From<EngineParam> for EngineChoice {
    fn from(param: EngineParam) -> Self {
        match param {
            EngineParam::Auto => Self::Auto,
            EngineParam::Native => Self::Native,
            EngineParam::OnnxRuntime => Self::OnnxRuntime,
        }
    }
}

/// The parameters, and what is saved beside them. Ids and ranges never change: sessions and
/// automation depend on them.
#[derive(Params)]
pub struct TonewrightParams {
    /// Gain before the model, in dB.
    #[id = "input"]
    pub input: FloatParam,
    /// Gain after the model, in dB.
    #[id = "output"]
    pub output: FloatParam,
    /// Past everything.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// A slot of the [factory](crate::factory).
    #[id = "model"]
    pub model: IntParam,
    /// What runs the model.
    #[id = "engine"]
    pub engine: EnumParam<EngineParam>,
    /// Which size of a model that has several, from 0 to 1.
    #[id = "quality"]
    pub quality: FloatParam,
    /// The equaliser that follows a word.
    #[nested(group = "Equaliser")]
    pub eq: EqParams,
    /// The player's own model file.
    #[persist = "own-file"]
    pub own_file: OwnFile,
    /// Size of the window in logical pixels.
    #[persist = "window"]
    pub window: Arc<Mutex<(f32, f32)>>,
    /// The page that is open in the window.
    #[persist = "page"]
    pub page: Arc<Mutex<Page>>,
}

impl TonewrightParams {
    /// All parameters that glide from one end of their range to the other.
    pub fn floats(&self) -> impl Iterator<Item = &FloatParam> {
        let eq = &self.eq;
        let bands = eq.bands().into_iter().flat_map(|band| [Some(band.gain), Some(band.frequency), band.q]);
        let others = [&self.input, &self.output, &self.quality, &eq.blend, &eq.amount, &eq.speed];
        others.into_iter().chain(bands.flatten())
    }

    /// Parameters that lay every wish for a model on `desk` at once, whichever thread sets them:
    /// loading a session calls neither `activate` nor `reset`.
    pub fn new(desk: &Arc<Desk>) -> Self {
        let gain = |name: &str| {
            FloatParam::new(name, 0.0, FloatRange::Linear { min: -GAIN_RANGE_DB, max: GAIN_RANGE_DB })
                .with_unit(" dB")
                .with_step_size(0.1)
                .with_value_to_string(Arc::new(|db| {
                    format!("{:+.1}", if db.abs() < 0.05 { 0.0 } else { db })
                }))
        };
        let (slot_desk, engine_desk, quality_desk) = (desk.clone(), desk.clone(), desk.clone());
        Self {
            input: gain("Input"),
            output: gain("Output"),
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            model: IntParam::new(
                "Model",
                DEFAULT_SLOT as i32,
                IntRange::Linear { min: 0, max: SLOTS as i32 - 1 },
            )
            .with_value_to_string(Arc::new(|slot| slot_name(slot.max(0) as usize)))
            .with_string_to_value(Arc::new(|text| slot_named(text).map(|slot| slot as i32)))
            .with_callback(Arc::new(move |slot| slot_desk.set_slot(slot.max(0) as usize))),
            engine: EnumParam::new("Engine", EngineParam::Auto)
                .with_callback(Arc::new(move |engine: EngineParam| engine_desk.set_engine(engine.into()))),
            quality: FloatParam::new("Quality", 1.0, FloatRange::Linear { min: 0.0, max: 1.0 })
                .with_unit(" %")
                .with_value_to_string(formatters::v2s_f32_percentage(1))
                .with_string_to_value(formatters::s2v_f32_percentage())
                .with_callback(Arc::new(move |quality| quality_desk.set_quality(Quality::new(quality)))),
            eq: EqParams::default(),
            own_file: OwnFile { desk: desk.clone() },
            window: Arc::new(Mutex::new(DEFAULT_WINDOW)),
            page: Arc::new(Mutex::new(Page::Amp)),
        }
    }
}

/// The player's own model file: its path is what a session keeps.
pub struct OwnFile {
    desk: Arc<Desk>,
}

/// How it is saved.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SavedFile {
    /// The path as text.
    path: Option<String>,
    /// The path itself, where it is no Unicode and the text only resembles it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exact: Option<OsString>,
}

impl PersistentField<'_, SavedFile> for OwnFile {
    fn set(&self, saved: SavedFile) {
        // A path that cannot be opened is kept, so that it is not lost when the session is saved
        // again; the loader says what is wrong with it.
        let path = saved.exact.or(saved.path.map(OsString::from));
        self.desk.set_file(path.filter(|p| !p.is_empty()).map(PathBuf::from));
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&SavedFile) -> R,
    {
        let saved = self.desk.file().map_or_else(SavedFile::default, |file| SavedFile {
            path: Some(file.to_string_lossy().into_owned()),
            exact: file.to_str().is_none().then(|| file.into_os_string()),
        });
        f(&saved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::MAX_PATH_BYTES;
    use std::collections::HashSet;

    fn params() -> (Arc<Desk>, TonewrightParams) {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let params = TonewrightParams::new(&desk);
        (desk, params)
    }

    #[test]
    fn ids_stay_what_sessions_expect() {
        let (_, params) = params();
        let ids: HashSet<String> = params.param_map().into_iter().map(|(id, ..)| id).collect();
        let mut expected: HashSet<String> =
            ["input", "output", "bypass", "model", "engine", "quality"].map(String::from).into();
        let eq = "on word word2 blend amount speed freeze reference match listen";
        expected.extend(eq.split(' ').map(|id| format!("eq_{id}")));
        for band in 1..=5 {
            expected.extend(["gain", "freq", "off", "solo"].map(|id| format!("eq_b{band}_{id}")));
        }
        expected.extend([2, 3, 4].map(|peak| format!("eq_b{peak}_q")));
        assert_eq!(ids, expected);
        assert_eq!(params.model.step_count(), Some(SLOTS - 1));
        assert_eq!(params.eq.word.step_count(), Some(1023));
    }

    #[test]
    fn hosts_tell_parameters_apart_by_name() {
        let (_, params) = params();
        // SAFETY: the parameters live as long as `params`.
        let names: Vec<String> =
            params.param_map().iter().map(|(_, p, _)| unsafe { p.name() }.to_lowercase()).collect();
        let different: HashSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
    }

    #[test]
    fn the_open_page_survives_a_session() {
        let (_, params) = params();
        *params.page.lock() = Page::Eq;
        let saved = params.serialize_fields();
        assert_eq!(saved["page"], "\"eq\"");
        let (_, other) = self::params();
        other.deserialize_fields(&saved);
        assert_eq!(*other.page.lock(), Page::Eq);
    }

    #[test]
    fn the_file_survives_a_session() {
        let (desk, params) = params();
        desk.set_file(Some("/amps/böse \"amp\".onnx".into()));
        let saved = params.serialize_fields();
        let (other_desk, other) = self::params();
        other.deserialize_fields(&saved);
        assert_eq!(other_desk.file(), desk.file());
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_unicode_survives_a_session() {
        use std::os::unix::ffi::OsStringExt;
        let path = PathBuf::from(OsString::from_vec(b"/amps/b\xf6se.onnx".to_vec()));
        let (desk, params) = params();
        desk.set_file(Some(path.clone()));
        let (other_desk, other) = self::params();
        other.deserialize_fields(&params.serialize_fields());
        assert_eq!(other_desk.file(), Some(path));
    }

    #[test]
    fn sessions_hold_a_path_as_text() {
        let (desk, params) = params();
        desk.set_file(Some("/amps/a.onnx".into()));
        assert_eq!(params.serialize_fields()["own-file"], "{\"path\":\"/amps/a.onnx\"}");
        desk.set_file(None);
        assert_eq!(params.serialize_fields()["own-file"], "{\"path\":null}");
    }

    #[test]
    fn an_empty_path_is_no_file_and_an_endless_one_is_kept() {
        let (desk, params) = params();
        let endless = "x".repeat(MAX_PATH_BYTES + 1);
        for (path, kept) in [("", None), (endless.as_str(), Some(PathBuf::from(&endless)))] {
            desk.set_file(Some("/amps/a.onnx".into()));
            let saved = format!("{{\"path\":\"{path}\"}}");
            params.deserialize_fields(&[("own-file".to_owned(), saved)].into());
            assert_eq!(desk.file(), kept);
        }
    }

    #[test]
    fn slots_are_texts_both_ways() {
        let (_, params) = params();
        let text =
            |slot| params.model.normalized_value_to_string(params.model.preview_normalized(slot), true);
        for slot in 0..SLOTS as i32 {
            let back = params.model.string_to_normalized_value(&text(slot)).unwrap();
            assert_eq!(params.model.preview_plain(back), slot);
        }
        assert_eq!(text(63), "— 63");
    }
}
