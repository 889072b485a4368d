//! What the player sets.

use super::latent::Latent;
use super::settings::BANDS;
use super::table::Kind;

/// Furthest the player moves a band's frequency, in octaves either way.
pub const FREQUENCY_RANGE_OCTAVES: f32 = 6.0;

/// Furthest the player moves a peak's Q, in octaves either way: from one end of its range to the other.
pub const Q_RANGE_OCTAVES: f32 = 7.0;

/// Shortest time constant of the listening, in seconds.
pub const MIN_SPEED_SECONDS: f32 = 0.3;

/// Longest time constant of the listening, in seconds.
pub const MAX_SPEED_SECONDS: f32 = 30.0;

/// What sound is neutral, so that "warm" means warmer than that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reference {
    /// Sounds of a kind.
    Kind(Kind),
    /// A sound that was learned, as a latent of its balance.
    Learned(Latent),
}

/// What the player adds to what the word proposes for a band.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BandControls {
    /// Added to the gain, in dB.
    pub gain_offset_db: f32,
    /// Added to the frequency, in octaves.
    pub frequency_offset_octaves: f32,
    /// Added to the Q of a peak, in octaves (1 doubles it).
    pub q_offset_octaves: f32,
    /// The band does nothing.
    pub off: bool,
    /// Only what lies in this band is heard.
    pub solo: bool,
}

/// All that the player sets, as of the beginning of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// Whether the equaliser is in the path at all.
    pub enabled: bool,
    /// Slot of the word.
    pub word: usize,
    /// Slot of the other word.
    pub second_word: usize,
    /// From the word (0) to the second word (1).
    pub blend: f32,
    /// How far to go, -1 to 1; below 0 towards the word's mirror.
    pub amount: f32,
    /// Time constant of the listening, in seconds.
    pub speed_seconds: f32,
    /// What was heard is kept as it is.
    pub freeze: bool,
    /// With that: the balance that is kept, where it is known from before the last reset; else the one
    /// that was heard when it was frozen.
    pub frozen: Option<Latent>,
    /// What is neutral.
    pub reference: Reference,
    /// The output is made as loud as the input.
    pub level_match: bool,
    /// What the player adds, from low to high.
    pub bands: [BandControls; BANDS],
}

impl Controls {
    /// A word's slot 0, amount 0, nothing added: what goes in comes out.
    pub const NEUTRAL: Self = Self {
        enabled: true,
        word: 0,
        second_word: 1,
        blend: 0.0,
        amount: 0.0,
        speed_seconds: 3.0,
        freeze: false,
        frozen: None,
        reference: Reference::Kind(Kind::GuitarAmp),
        level_match: false,
        bands: [BandControls {
            gain_offset_db: 0.0,
            frequency_offset_octaves: 0.0,
            q_offset_octaves: 0.0,
            off: false,
            solo: false,
        }; BANDS],
    };

    /// Whether what the word proposes is known without any sound: a balance is kept.
    pub fn needs_no_sound(&self) -> bool {
        self.freeze && self.frozen.is_some()
    }

    /// Whether the word proposes the same for both, given the balance that both keep.
    pub(super) fn asks_like(&self, other: &Self) -> bool {
        let word = |c: &Self| (c.word, c.second_word, c.blend, c.amount, c.freeze, c.frozen, c.reference);
        word(self) == word(other)
    }
}
