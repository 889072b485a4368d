//! What hosts see, automate and save.

mod eq;
mod kept;
pub(crate) mod knobs;
pub(crate) mod limits;
mod rack;
mod text;

pub use eq::{BandParams, EqParams, ListenParam, PeakParams, ReferenceParam, ShelfParams};
pub use kept::{KeptBalance, Known, KnownBalance};
pub use knobs::KnobParams;
pub use rack::{
    CabParams, GAIN_RANGE_DB, GateParams, InputChannelsParam, InputParams, Loading, OutputModeParam,
    OutputParams, OversamplingParam, StepParams, ToneParams, TunerParams,
};

use crate::amp::{Desk, Part, Quality, SavedSource};
use crate::compare::Compare;
use crate::factory::{DEFAULT_SLOT, SLOTS, slot_name, slot_named};
use crate::library::Browsing;
use crate::presets::Chosen;
use crate::rack::{Controls, OutputControls};
use crate::session::{KeptBlobs, Notes};
use nih_plug::params::persist::PersistentField;
use nih_plug::prelude::*;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use shared::engine::EngineChoice;
use std::sync::Arc;

/// Size of the window when it is first opened, in logical pixels.
pub const DEFAULT_WINDOW: (f32, f32) = (1100.0, 680.0);

/// Frequency of A4 that orchestras tune to, in Hz (ISO 16).
pub const USUAL_A4_HZ: f64 = 440.0;

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
    /// The level that comes in.
    #[nested(group = "Input")]
    pub input: InputParams,
    /// The level that goes out.
    #[nested(group = "Output")]
    pub output: OutputParams,
    /// The tuner.
    #[nested(group = "Tuner")]
    pub tuner: TunerParams,
    /// The noise gate.
    #[nested(group = "Gate")]
    pub gate: GateParams,
    /// Bass, mid, treble and presence.
    #[nested(group = "Tone")]
    pub tone: ToneParams,
    /// The loudspeakers.
    #[nested(group = "Cabinet")]
    pub cab: CabParams,
    /// What a foot controller steps through.
    #[nested(group = "Steps")]
    pub steps: StepParams,
    /// Past everything.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// A slot of the [factory](crate::factory).
    #[id = "model"]
    pub model: IntParam,
    /// Whether the amp is in the path.
    #[id = "amp_on"]
    pub amp_on: BoolParam,
    /// How often the amp is computed for each sample of its model.
    #[id = "oversampling"]
    pub oversampling: EnumParam<OversamplingParam>,
    /// Whether the model's polarity and delay are corrected.
    #[id = "amp_align"]
    pub align: BoolParam,
    /// What runs the model.
    #[id = "engine"]
    pub engine: EnumParam<EngineParam>,
    /// Which size of a model that has several, from 0 to 1.
    #[id = "quality"]
    pub quality: FloatParam,
    /// The knobs of a model that has some.
    #[nested(group = "Amp knobs")]
    pub knobs: KnobParams,
    /// The equaliser that follows a word.
    #[nested(group = "Equaliser")]
    pub eq: EqParams,
    /// The files themselves.
    #[persist = "attached"]
    pub attached: KeptBlobs,
    /// The player's own model file.
    #[persist = "own-file"]
    pub own_file: KeptSource,
    /// The player's own first loudspeaker.
    #[persist = "cab-a-file"]
    pub own_cab_a: KeptSource,
    /// The player's own second loudspeaker.
    #[persist = "cab-b-file"]
    pub own_cab_b: KeptSource,
    /// The other sound that this one is compared with, and how loud both are.
    #[persist = "compare"]
    pub compare: Arc<Compare>,
    /// The preset that was loaded last.
    #[persist = "preset"]
    pub preset: Arc<Chosen>,
    /// The lists that next and previous step through.
    #[persist = "library"]
    pub browsing: Browsing,
    /// Size of the window in logical pixels.
    #[persist = "window"]
    pub window: Arc<Mutex<(f32, f32)>>,
    /// Frequency of A4 that the tuner goes by, in Hz.
    #[persist = "a4"]
    pub a4: Arc<Mutex<f64>>,
    /// The page that is open in the window.
    #[persist = "page"]
    pub page: Arc<Mutex<Page>>,
    /// What is to be said of the session that was loaded last.
    #[persist = "notes"]
    pub notes: Notes,
}

impl TonewrightParams {
    /// All parameters that glide from one end of their range to the other.
    pub fn floats(&self) -> impl Iterator<Item = &FloatParam> {
        let eq = &self.eq;
        let bands = eq.bands().into_iter().flat_map(|band| [Some(band.gain), Some(band.frequency), band.q]);
        let (input, gate, tone, cab) = (&self.input, &self.gate, &self.tone, &self.cab);
        let levels = [&input.trim, &input.full_scale, &self.output.gain, &self.quality];
        let gate = [&gate.threshold, &gate.hysteresis, &gate.hold, &gate.release];
        let tone = [&tone.bass, &tone.mid, &tone.treble, &tone.presence];
        let cab = [&cab.blend, &cab.low_cut, &cab.high_cut];
        let word = [&eq.blend, &eq.amount, &eq.speed];
        let rack = levels.into_iter().chain(self.knobs.all()).chain(gate).chain(tone).chain(cab);
        rack.chain(word).chain(bands.flatten())
    }

    /// What the rack is told, as of now. What is `known` of the balances that are kept is brought up to date. For
    /// the audio thread: neither locks nor waits.
    pub fn controls(&self, known: &mut Known) -> Controls {
        Controls {
            bypass: self.bypass.value(),
            input: self.input.controls(),
            tuner: self.tuner.controls(),
            gate: self.gate.controls(),
            amp: rack::amp_controls(&self.amp_on),
            tone: self.tone.controls(),
            cab: self.cab.controls(),
            eq: self.eq.controls(known),
            output: OutputControls { match_db: self.compare.match_db(), ..self.output.controls() },
        }
    }

    /// Parameters that lay every wish for a model on `desk` at once, whichever thread sets them:
    /// loading a session calls neither `activate` nor `reset`.
    pub fn new(desk: &Arc<Desk>) -> Self {
        let (slot_desk, engine_desk, quality_desk) = (desk.clone(), desk.clone(), desk.clone());
        let (oversampling_desk, align_desk) = (desk.clone(), desk.clone());
        Self {
            input: InputParams::default(),
            output: OutputParams::default(),
            tuner: TunerParams::default(),
            gate: GateParams::default(),
            tone: ToneParams::default(),
            cab: CabParams::new(desk),
            steps: StepParams::new(desk),
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            model: IntParam::new(
                "Model",
                DEFAULT_SLOT as i32,
                IntRange::Linear { min: 0, max: SLOTS as i32 - 1 },
            )
            .with_value_to_string(Arc::new(|slot| slot_name(slot.max(0) as usize)))
            .with_string_to_value(Arc::new(|text| slot_named(text).map(|slot| slot as i32)))
            .with_callback(Arc::new(move |slot| slot_desk.set_slot(Part::Model, slot.max(0) as usize))),
            amp_on: BoolParam::new("Amp", true),
            oversampling: EnumParam::new("Oversampling", OversamplingParam::X1).with_callback(Arc::new(
                move |oversampling: OversamplingParam| {
                    oversampling_desk.set_oversampling(oversampling.factor());
                },
            )),
            align: BoolParam::new("Amp alignment", false)
                .with_callback(Arc::new(move |align| align_desk.set_align(align))),
            engine: EnumParam::new("Engine", EngineParam::Auto)
                .with_callback(Arc::new(move |engine: EngineParam| engine_desk.set_engine(engine.into()))),
            quality: FloatParam::new("Quality", 1.0, FloatRange::Linear { min: 0.0, max: 1.0 })
                .with_unit(" %")
                .with_value_to_string(formatters::v2s_f32_percentage(1))
                .with_string_to_value(Arc::new(|text| text::number(text, "%").map(|percent| percent / 100.0)))
                .with_callback(Arc::new(move |quality| quality_desk.set_quality(Quality::new(quality)))),
            knobs: KnobParams::new(desk),
            eq: EqParams::default(),
            attached: KeptBlobs::new(desk),
            own_file: KeptSource::new(desk, Part::Model),
            own_cab_a: KeptSource::new(desk, Part::CabA),
            own_cab_b: KeptSource::new(desk, Part::CabB),
            compare: Arc::new(Compare::new(desk.pool())),
            preset: Arc::default(),
            browsing: Browsing::default(),
            window: Arc::new(Mutex::new(DEFAULT_WINDOW)),
            a4: Arc::new(Mutex::new(USUAL_A4_HZ)),
            page: Arc::new(Mutex::new(Page::Amp)),
            notes: Notes::default(),
        }
    }
}

/// A part of the rack, as a session keeps it.
pub struct KeptSource {
    desk: Arc<Desk>,
    part: Part,
}

impl KeptSource {
    fn new(desk: &Arc<Desk>, part: Part) -> Self {
        Self { desk: desk.clone(), part }
    }
}

impl PersistentField<'_, SavedSource> for KeptSource {
    fn set(&self, saved: SavedSource) {
        self.desk.set_source(self.part, saved);
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&SavedSource) -> R,
    {
        f(&self.desk.source(self.part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::MAX_PATH_BYTES;
    use std::collections::HashSet;
    use std::path::PathBuf;

    fn params() -> (Arc<Desk>, TonewrightParams) {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let params = TonewrightParams::new(&desk);
        (desk, params)
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
        desk.set_file(Part::Model, Some("/amps/böse \"amp\".onnx".into()));
        let saved = params.serialize_fields();
        let (other_desk, other) = self::params();
        other.deserialize_fields(&saved);
        assert_eq!(other_desk.file(Part::Model), desk.file(Part::Model));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_unicode_survives_a_session() {
        use std::ffi::OsString;
        use std::os::unix::ffi::OsStringExt;
        let path = PathBuf::from(OsString::from_vec(b"/amps/b\xf6se.onnx".to_vec()));
        let (desk, params) = params();
        desk.set_file(Part::Model, Some(path.clone()));
        let (other_desk, other) = self::params();
        other.deserialize_fields(&params.serialize_fields());
        assert_eq!(other_desk.file(Part::Model), Some(path));
    }

    #[test]
    fn sessions_hold_a_path_as_text() {
        let (desk, params) = params();
        desk.set_file(Part::Model, Some("/amps/a.onnx".into()));
        assert_eq!(params.serialize_fields()["own-file"], r#"{"path":"/amps/a.onnx","name":"a.onnx"}"#);
        desk.set_file(Part::Model, None);
        assert_eq!(params.serialize_fields()["own-file"], "{\"path\":null}");
    }

    #[test]
    fn an_empty_path_is_no_file_and_an_endless_one_is_kept() {
        let (desk, params) = params();
        let endless = "x".repeat(MAX_PATH_BYTES + 1);
        for (path, kept) in [("", None), (endless.as_str(), Some(PathBuf::from(&endless)))] {
            desk.set_file(Part::Model, Some("/amps/a.onnx".into()));
            let saved = format!("{{\"path\":\"{path}\"}}");
            params.deserialize_fields(&[("own-file".to_owned(), saved)].into());
            assert_eq!(desk.file(Part::Model), kept);
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
