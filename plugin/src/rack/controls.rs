//! What the player sets, as plain values.

use shared::word_eq;

/// What the player sets, as of the beginning of a block. Everything glides where a jump would click.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// Whether the signal goes past everything.
    pub bypass: bool,
    /// Before everything.
    pub input: InputControls,
    /// What the tuner asks of the rack.
    pub tuner: TunerControls,
    /// The noise gate.
    pub gate: GateControls,
    /// The amp.
    pub amp: AmpControls,
    /// Bass, mid, treble and presence.
    pub tone: ToneControls,
    /// The loudspeakers.
    pub cab: CabControls,
    /// The equaliser that follows a word.
    pub eq: word_eq::Controls,
    /// After everything.
    pub output: OutputControls,
}

/// What of a stereo track is played. A track of one channel has no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputChannels {
    /// Each side for itself.
    Stereo,
    /// What comes in on the left, on both sides.
    Left,
    /// What comes in on the right, on both sides.
    Right,
    /// The mean of both, on both sides: a guitar that comes in on both keeps its level.
    Sum,
}

/// Which guitar comes in, and its level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputControls {
    /// What of a stereo track is played.
    pub channels: InputChannels,
    /// Gain in dB.
    pub trim_db: f32,
    /// Whether the level is also matched to that at which the model was captured, where its card tells.
    pub calibrated: bool,
    /// Analogue level, in dBu, that a digital full-scale sine stands for at the player's interface.
    pub full_scale_dbu: f32,
}

/// What the tuner asks of the rack.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TunerControls {
    /// Whether the guitar is listened to.
    pub on: bool,
    /// Whether nothing else is heard meanwhile.
    pub mute: bool,
}

/// The noise gate. It hears the guitar behind the trim and before the amp, as the input's meter shows it: what is
/// calibrated for a model, which is another gain for each of them, moves no threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateControls {
    /// Whether it is in the path.
    pub on: bool,
    /// Level of a sample at which it opens, in dBFS.
    pub threshold_db: f32,
    /// How far below that the sound must sink before it closes, in dB.
    pub hysteresis_db: f32,
    /// How long it stays open then, in milliseconds.
    pub hold_ms: f32,
    /// From open to closed, in milliseconds.
    pub release_ms: f32,
    /// Whether it turns down what the amp gives, rather than what it gets.
    pub after_amp: bool,
}

/// The amp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AmpControls {
    /// Whether it is in the path.
    pub on: bool,
}

/// Bass, mid, treble and presence, in dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToneControls {
    /// Whether it is in the path.
    pub on: bool,
    /// Low shelf, in dB.
    pub bass_db: f32,
    /// Middle, in dB.
    pub mid_db: f32,
    /// High shelf, in dB.
    pub treble_db: f32,
    /// Uppermost mids, in dB.
    pub presence_db: f32,
}

/// The loudspeakers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CabControls {
    /// Whether they are in the path.
    pub on: bool,
    /// From the first loudspeaker, 0, to the second, 1.
    pub blend: f32,
    /// What lies below is taken away, in Hz; none at [`CabControls::NO_LOW_CUT_HZ`] and below.
    pub low_cut_hz: f32,
    /// What lies above is taken away, in Hz; none at [`CabControls::NO_HIGH_CUT_HZ`] and above.
    pub high_cut_hz: f32,
}

impl CabControls {
    /// Lowest position of the low cut: nothing is cut.
    pub const NO_LOW_CUT_HZ: f32 = 20.0;
    /// Highest position of the high cut: nothing is cut.
    pub const NO_HIGH_CUT_HZ: f32 = 20_000.0;
}

/// How the level that goes out is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// What the model gives.
    Raw,
    /// All models equally loud, by the loudness on their cards.
    Normalised,
    /// As the captured gear would sound through the player's interface, where the card tells its level, and else as
    /// [`OutputMode::Normalised`].
    Calibrated,
}

/// The output's level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutputControls {
    /// How the level is chosen.
    pub mode: OutputMode,
    /// Gain in dB on top of that.
    pub gain_db: f32,
    /// Gain in dB that makes what is compared equally loud.
    pub match_db: f32,
}

impl Controls {
    /// The amp alone: neither louder nor softer, not bypassed, nothing gated or equalised, no loudspeaker.
    pub const NEUTRAL: Self = Self {
        bypass: false,
        input: InputControls {
            channels: InputChannels::Stereo,
            trim_db: 0.0,
            calibrated: false,
            full_scale_dbu: 12.0,
        },
        tuner: TunerControls { on: false, mute: false },
        gate: GateControls {
            on: false,
            threshold_db: -60.0,
            hysteresis_db: 6.0,
            hold_ms: 50.0,
            release_ms: 100.0,
            after_amp: false,
        },
        amp: AmpControls { on: true },
        tone: ToneControls { on: false, bass_db: 0.0, mid_db: 0.0, treble_db: 0.0, presence_db: 0.0 },
        cab: CabControls {
            on: false,
            blend: 0.0,
            low_cut_hz: CabControls::NO_LOW_CUT_HZ,
            high_cut_hz: CabControls::NO_HIGH_CUT_HZ,
        },
        eq: word_eq::Controls::NEUTRAL,
        output: OutputControls { mode: OutputMode::Raw, gain_db: 0.0, match_db: 0.0 },
    };
}
