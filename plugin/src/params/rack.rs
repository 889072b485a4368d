//! The parameters of the rack's parts but for the equaliser.

use super::text::{decibels, hertz, milliseconds, number, percent, signed_decibels};
use crate::amp::{DEFAULT_CAB_SLOTS, Desk, Part, Stepped, Way, begin_loading, is_loading};
use crate::rack::{
    AmpControls, CabControls, GateControls, InputChannels, InputControls, OutputControls, OutputMode,
    ToneControls, TunerControls,
};
use nih_plug::params::persist::PersistentField;
use nih_plug::prelude::*;
use shared::cabinets;
use shared::chain::processors::TONE_RANGE_DB;
use std::sync::Arc;

/// Furthest the gain knobs turn either way, in dB.
pub const GAIN_RANGE_DB: f32 = 24.0;

/// How the level that goes out is chosen.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum OutputModeParam {
    /// What the model gives.
    #[id = "raw"]
    #[name = "Raw"]
    Raw,
    /// All models equally loud.
    #[id = "normalised"]
    #[name = "Normalised"]
    Normalised,
    /// As the captured gear would sound.
    #[id = "calibrated"]
    #[name = "Calibrated"]
    Calibrated,
}

/// What of a stereo track is played.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum InputChannelsParam {
    /// Each side for itself.
    #[id = "stereo"]
    #[name = "Stereo"]
    Stereo,
    /// What comes in on the left.
    #[id = "left"]
    #[name = "Left"]
    Left,
    /// What comes in on the right.
    #[id = "right"]
    #[name = "Right"]
    Right,
    /// The mean of both.
    #[id = "sum"]
    #[name = "Sum"]
    Sum,
}

impl From<InputChannelsParam> for InputChannels {
    fn from(param: InputChannelsParam) -> Self {
        match param {
            InputChannelsParam::Stereo => Self::Stereo,
            InputChannelsParam::Left => Self::Left,
            InputChannelsParam::Right => Self::Right,
            InputChannelsParam::Sum => Self::Sum,
        }
    }
}

/// How often the amp is computed for each sample of its model.
#[derive(Clone, Copy, Debug, Enum, PartialEq, Eq)]
pub enum OversamplingParam {
    /// Once.
    #[id = "1x"]
    #[name = "1x"]
    X1,
    /// Twice.
    #[id = "2x"]
    #[name = "2x"]
    X2,
    /// Four times.
    #[id = "4x"]
    #[name = "4x"]
    X4,
    /// Eight times.
    #[id = "8x"]
    #[name = "8x"]
    X8,
}

impl OversamplingParam {
    /// The factor.
    pub fn factor(self) -> usize {
        1 << self as usize
    }
}

/// The level that comes in.
#[derive(Params)]
pub struct InputParams {
    /// Gain before everything, in dB.
    #[id = "input"]
    pub trim: FloatParam,
    /// Whether the level is matched to that of the model's capture.
    #[id = "input_calibrated"]
    pub calibrated: BoolParam,
    /// What a digital full-scale sine stands for at the player's interface, in dBu.
    #[id = "input_full_scale"]
    pub full_scale: FloatParam,
    /// What of a stereo track is played.
    #[id = "input_channels"]
    pub channels: EnumParam<InputChannelsParam>,
}

/// The tuner.
#[derive(Params)]
pub struct TunerParams {
    /// Whether it listens.
    #[id = "tuner"]
    pub on: BoolParam,
    /// Whether nothing is heard meanwhile.
    #[id = "tuner_mute"]
    pub mute: BoolParam,
}

/// The noise gate.
#[derive(Params)]
pub struct GateParams {
    /// Whether it is in the path.
    #[id = "gate_on"]
    pub on: BoolParam,
    /// Where it opens, in dBFS.
    #[id = "gate_threshold"]
    pub threshold: FloatParam,
    /// How far below it closes, in dB.
    #[id = "gate_hysteresis"]
    pub hysteresis: FloatParam,
    /// How long it stays open, in ms.
    #[id = "gate_hold"]
    pub hold: FloatParam,
    /// How long it takes to close, in ms.
    #[id = "gate_release"]
    pub release: FloatParam,
    /// Whether it acts behind the amp.
    #[id = "gate_after"]
    pub after_amp: BoolParam,
}

/// Bass, mid, treble and presence.
#[derive(Params)]
pub struct ToneParams {
    /// Whether they are in the path.
    #[id = "tone_on"]
    pub on: BoolParam,
    /// In dB.
    #[id = "tone_bass"]
    pub bass: FloatParam,
    /// In dB.
    #[id = "tone_mid"]
    pub mid: FloatParam,
    /// In dB.
    #[id = "tone_treble"]
    pub treble: FloatParam,
    /// In dB.
    #[id = "tone_presence"]
    pub presence: FloatParam,
}

/// The loudspeakers.
#[derive(Params)]
pub struct CabParams {
    /// Whether they are in the path.
    #[id = "cab_on"]
    pub on: BoolParam,
    /// Slot of the first.
    #[id = "cab_a"]
    pub first: IntParam,
    /// Slot of the second.
    #[id = "cab_b"]
    pub second: IntParam,
    /// From the first, 0, to the second, 1.
    #[id = "cab_blend"]
    pub blend: FloatParam,
    /// In Hz.
    #[id = "cab_low_cut"]
    pub low_cut: FloatParam,
    /// In Hz.
    #[id = "cab_high_cut"]
    pub high_cut: FloatParam,
}

/// The level that goes out.
#[derive(Params)]
pub struct OutputParams {
    /// Gain after everything, in dB.
    #[id = "output"]
    pub gain: FloatParam,
    /// How the level is chosen.
    #[id = "output_mode"]
    pub mode: EnumParam<OutputModeParam>,
}

/// What a foot controller steps through: each does its step when it is switched on, and is then switched off again by whoever
/// switched it on.
#[derive(Params)]
pub struct StepParams {
    /// The model before this one in the library.
    #[id = "model_previous"]
    pub previous_model: BoolParam,
    /// The model after this one in the library.
    #[id = "model_next"]
    pub next_model: BoolParam,
    /// The loudspeaker before the first one's.
    #[id = "cab_previous"]
    pub previous_cab: BoolParam,
    /// The loudspeaker after the first one's.
    #[id = "cab_next"]
    pub next_cab: BoolParam,
    /// The preset before this one.
    #[id = "preset_previous"]
    pub previous_preset: BoolParam,
    /// The preset after this one.
    #[id = "preset_next"]
    pub next_preset: BoolParam,
    /// Knows when a session is being loaded.
    #[persist = "steps"]
    pub loading: Loading,
}

/// The span of time in which a session sets parameters. It begins with [`Loading::begin`], and ends when the framework
/// comes to what is saved beside them, which this is the last part of. Meanwhile a switch that was held when the session was saved is no
/// step, and nothing is loaded: what came first would be heard with what is still to come of the session before.
pub struct Loading {
    desk: Arc<Desk>,
}

impl Loading {
    /// A session is about to set parameters, on this thread.
    pub fn begin(state: &mut PluginState) {
        begin_loading();
        // Without it, as in an older session, nobody would say that it is over.
        state.fields.insert("steps".to_owned(), "null".to_owned());
    }
}

impl PersistentField<'_, ()> for Loading {
    fn set(&self, (): ()) {
        self.desk.loaded();
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&()) -> R,
    {
        f(&())
    }
}

fn gain(name: &str) -> FloatParam {
    signed_decibels(name, f64::from(GAIN_RANGE_DB)).with_step_size(0.1)
}

impl Default for InputParams {
    fn default() -> Self {
        Self {
            trim: gain("Input"),
            calibrated: BoolParam::new("Input calibration", false),
            full_scale: FloatParam::new(
                "Input full scale",
                12.0,
                FloatRange::Linear { min: -10.0, max: 30.0 },
            )
            .with_unit(" dBu")
            .with_step_size(0.1)
            .with_value_to_string(formatters::v2s_f32_rounded(1))
            .with_string_to_value(Arc::new(|text| number(text, "dBu"))),
            channels: EnumParam::new("Input channels", InputChannelsParam::Stereo),
        }
    }
}

impl Default for TunerParams {
    fn default() -> Self {
        Self { on: BoolParam::new("Tuner", false), mute: BoolParam::new("Tuner mute", true) }
    }
}

impl Default for GateParams {
    fn default() -> Self {
        Self {
            on: BoolParam::new("Gate", false),
            threshold: decibels("Gate threshold", -60.0, -100.0, 0.0),
            hysteresis: decibels("Gate hysteresis", 6.0, 0.0, 24.0),
            hold: milliseconds("Gate hold", 50.0, 0.0, 1000.0),
            release: milliseconds("Gate release", 100.0, 5.0, 2000.0),
            after_amp: BoolParam::new("Gate after amp", false),
        }
    }
}

impl Default for ToneParams {
    fn default() -> Self {
        let knob = |name| signed_decibels(name, TONE_RANGE_DB).with_step_size(0.1);
        Self {
            on: BoolParam::new("Tone stack", true),
            bass: knob("Bass"),
            mid: knob("Mid"),
            treble: knob("Treble"),
            presence: knob("Presence"),
        }
    }
}

impl CabParams {
    /// Parameters that lay every wish for a loudspeaker on `desk`.
    pub fn new(desk: &Arc<Desk>) -> Self {
        let slot = |name: &str, part: Part, slot: usize| {
            let desk = desk.clone();
            IntParam::new(name, slot as i32, IntRange::Linear { min: 0, max: cabinets::SLOTS as i32 - 1 })
                .with_value_to_string(Arc::new(|slot| cabinets::slot_name(slot.max(0) as usize)))
                .with_string_to_value(Arc::new(|text| cabinets::slot_named(text).map(|slot| slot as i32)))
                .with_callback(Arc::new(move |slot| desk.set_slot(part, slot.max(0) as usize)))
        };
        let (low, high) = (CabControls::NO_LOW_CUT_HZ, CabControls::NO_HIGH_CUT_HZ);
        Self {
            on: BoolParam::new("Cabinet", true),
            first: slot("Cabinet A", Part::CabA, DEFAULT_CAB_SLOTS[0]),
            second: slot("Cabinet B", Part::CabB, DEFAULT_CAB_SLOTS[1]),
            blend: percent("Cabinet blend", 0.0),
            low_cut: hertz("Cabinet low cut", low, low, 500.0),
            high_cut: hertz("Cabinet high cut", high, 1000.0, high),
        }
    }

    /// As of now.
    pub fn controls(&self) -> CabControls {
        CabControls {
            on: self.on.value(),
            blend: self.blend.value(),
            low_cut_hz: self.low_cut.value(),
            high_cut_hz: self.high_cut.value(),
        }
    }
}

impl Default for OutputParams {
    fn default() -> Self {
        Self { gain: gain("Output"), mode: EnumParam::new("Output mode", OutputModeParam::Normalised) }
    }
}

impl StepParams {
    /// Parameters that count every step on `desk`, whose loader does it when it looks there next.
    pub fn new(desk: &Arc<Desk>) -> Self {
        let step = |name, stepped, way| {
            let desk = desk.clone();
            BoolParam::new(name, false).with_callback(Arc::new(move |on| {
                if is_loading() {
                    desk.steps().hold(stepped, way, on);
                } else {
                    desk.steps().switch(stepped, way, on);
                }
            }))
        };
        Self {
            previous_model: step("Previous model", Stepped::Model, Way::Back),
            next_model: step("Next model", Stepped::Model, Way::On),
            previous_cab: step("Previous cabinet", Stepped::Cab, Way::Back),
            next_cab: step("Next cabinet", Stepped::Cab, Way::On),
            previous_preset: step("Previous preset", Stepped::Preset, Way::Back),
            next_preset: step("Next preset", Stepped::Preset, Way::On),
            loading: Loading { desk: desk.clone() },
        }
    }
}

impl InputParams {
    /// As of now.
    pub fn controls(&self) -> InputControls {
        InputControls {
            channels: self.channels.value().into(),
            trim_db: self.trim.value(),
            calibrated: self.calibrated.value(),
            full_scale_dbu: self.full_scale.value(),
        }
    }
}

impl TunerParams {
    /// As of now.
    pub fn controls(&self) -> TunerControls {
        TunerControls { on: self.on.value(), mute: self.mute.value() }
    }
}

impl GateParams {
    /// As of now.
    pub fn controls(&self) -> GateControls {
        GateControls {
            on: self.on.value(),
            threshold_db: self.threshold.value(),
            hysteresis_db: self.hysteresis.value(),
            hold_ms: self.hold.value(),
            release_ms: self.release.value(),
            after_amp: self.after_amp.value(),
        }
    }
}

impl ToneParams {
    /// As of now.
    pub fn controls(&self) -> ToneControls {
        ToneControls {
            on: self.on.value(),
            bass_db: self.bass.value(),
            mid_db: self.mid.value(),
            treble_db: self.treble.value(),
            presence_db: self.presence.value(),
        }
    }
}

impl OutputParams {
    /// As of now.
    pub fn controls(&self) -> OutputControls {
        let mode = match self.mode.value() {
            OutputModeParam::Raw => OutputMode::Raw,
            OutputModeParam::Normalised => OutputMode::Normalised,
            OutputModeParam::Calibrated => OutputMode::Calibrated,
        };
        OutputControls { mode, gain_db: self.gain.value(), match_db: 0.0 }
    }
}

/// The amp's switch, as of now.
pub(super) fn amp_controls(on: &BoolParam) -> AmpControls {
    AmpControls { on: on.value() }
}
