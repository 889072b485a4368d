//! The words, and what is neutral.

use super::WordEqError;
use super::latent::{GRID, LATENT, Latent, LatentSpace};
use serde::{Deserialize, Serialize};

/// Slots for words; a word keeps its slot for ever, so that automation survives new tables.
pub const WORD_SLOTS: usize = 1024;

/// A kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Any: what is neutral is inferred from what the word leaves alone.
    Any,
    /// A guitar through an amplifier.
    GuitarAmp,
    /// A bass, amplified or direct.
    Bass,
    /// Speech or singing.
    Voice,
    /// Drums and percussion.
    Drums,
    /// Several instruments.
    FullMix,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Any, Self::GuitarAmp, Self::Bass, Self::Voice, Self::Drums, Self::FullMix];
}

/// A word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Its place for ever, below [`WORD_SLOTS`].
    pub slot: usize,
    /// The word.
    pub name: String,
    /// Language, as an ISO 639-1 code.
    pub language: String,
    /// What people mean by it: a curve, level removed.
    pub latent: Latent,
    /// How far people agree at each point of the grid, 0 to 1: mean² over mean² and variance of
    /// their curves.
    pub agreement: Vec<f32>,
    /// Settings it comes from.
    pub count: usize,
    /// How far people differ, root mean square in dB.
    pub spread_db: f32,
    /// Whether it has too few settings to be relied on.
    pub experimental: bool,
    /// Place on the map, 0 to 1 each way.
    pub place: [f32; 2],
    /// Which sets of data it comes from.
    pub sources: Vec<String>,
}

/// Sounds that are neutral for a kind of source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neutral {
    /// The kind.
    pub kind: Kind,
    /// Balances of such sounds, each a latent.
    pub prototypes: Vec<Latent>,
}

/// All words, what is neutral, and the space they are told in.
#[derive(Clone, Debug, PartialEq)]
pub struct WordTable {
    words: Vec<Word>,
    neutrals: Vec<Neutral>,
    /// The same as `neutrals`, as curves relative to the mean.
    curves_db: Vec<Vec<Curve>>,
    mean_balance_db: Curve,
    space: LatentSpace,
    sources: Vec<String>,
}

/// A curve in dB over the grid.
pub type Curve = [f32; GRID];

/// The table as its file holds it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u32,
    sources: Vec<String>,
    basis: Vec<Vec<f32>>,
    mean_balance_db: Vec<f32>,
    words: Vec<Word>,
    neutrals: Vec<Neutral>,
}

const FORMAT: &str = "tonewright word table";
const VERSION: u32 = 1;

impl WordTable {
    /// A table; words are put in the order of their slots.
    ///
    /// # Errors
    /// A slot is out of range or taken twice, a number is not finite, or there is no word.
    pub fn new(
        mut words: Vec<Word>,
        neutrals: Vec<Neutral>,
        mean_balance_db: Curve,
        space: LatentSpace,
        sources: Vec<String>,
    ) -> Result<Self, WordEqError> {
        words.sort_by_key(|word| word.slot);
        if words.is_empty() {
            return Err(WordEqError::table("it holds no word"));
        }
        for pair in words.windows(2) {
            if pair[0].slot == pair[1].slot {
                let (a, b) = (&pair[0].name, &pair[1].name);
                return Err(WordEqError::table(format!("`{a}` and `{b}` share slot {}", pair[0].slot)));
            }
        }
        for word in &words {
            let share = |v: &f32| (0.0..=1.0).contains(v);
            let sound = word.slot < WORD_SLOTS
                && word.latent.iter().all(|v| v.is_finite())
                && word.place.iter().all(share)
                && word.agreement.len() == GRID
                && word.agreement.iter().all(share);
            if !sound {
                return Err(WordEqError::table(format!("`{}` has a number that is out of range", word.name)));
            }
        }
        let balances = neutrals.iter().flat_map(|n| &n.prototypes).flatten();
        if balances.chain(&mean_balance_db).any(|v| !v.is_finite()) {
            return Err(WordEqError::table("a neutral balance is not finite"));
        }
        let curve = |latent: &Latent| space.curve_db(latent).map(|db| db as f32);
        let curves_db = neutrals.iter().map(|n| n.prototypes.iter().map(curve).collect()).collect();
        Ok(Self { words, neutrals, curves_db, mean_balance_db, space, sources })
    }

    /// Reads a table.
    ///
    /// # Errors
    /// The text is no table, or [`WordTable::new`] says so.
    pub fn from_json(text: &str) -> Result<Self, WordEqError> {
        let document: Document = serde_json::from_str(text).map_err(|e| WordEqError::table(e.to_string()))?;
        if document.format != FORMAT || document.version != VERSION {
            let (format, version) = (&document.format, document.version);
            return Err(WordEqError::table(format!("`{format}` {version} is not `{FORMAT}` {VERSION}")));
        }
        let mut basis = Vec::with_capacity(LATENT);
        for row in document.basis {
            let length = row.len();
            let row: [f32; GRID] = row.try_into().map_err(|_| {
                WordEqError::table(format!("a direction of the space has {length} values, not {GRID}"))
            })?;
            basis.push(row);
        }
        let length = document.mean_balance_db.len();
        let mean_balance_db: Curve = document
            .mean_balance_db
            .try_into()
            .map_err(|_| WordEqError::table(format!("the mean balance has {length} values, not {GRID}")))?;
        let space = LatentSpace::new(basis)?;
        Self::new(document.words, document.neutrals, mean_balance_db, space, document.sources)
    }

    /// The table as text.
    pub fn to_json(&self) -> String {
        let document = Document {
            format: FORMAT.into(),
            version: VERSION,
            sources: self.sources.clone(),
            basis: self.space.basis().iter().map(|row| row.to_vec()).collect(),
            mean_balance_db: self.mean_balance_db.to_vec(),
            words: self.words.clone(),
            neutrals: self.neutrals.clone(),
        };
        serde_json::to_string(&document).unwrap_or_default()
    }

    /// All words in the order of their slots.
    pub fn words(&self) -> &[Word] {
        &self.words
    }

    /// The word in a slot; an empty slot gives the first word.
    pub fn word(&self, slot: usize) -> &Word {
        self.words.iter().find(|w| w.slot == slot).unwrap_or(&self.words[0])
    }

    /// The word of a name, whatever its case.
    pub fn named(&self, name: &str) -> Option<&Word> {
        let name = name.trim().to_lowercase();
        self.words.iter().find(|w| w.name.to_lowercase() == name)
    }

    /// What is neutral, for all kinds that there are balances of.
    pub fn neutrals(&self) -> &[Neutral] {
        &self.neutrals
    }

    /// What is neutral for a kind.
    pub fn neutral(&self, kind: Kind) -> Option<&Neutral> {
        self.neutrals.iter().find(|n| n.kind == kind)
    }

    /// Balances that are neutral for a kind, as curves in dB relative to the mean; of [`Kind::Any`],
    /// those of all kinds.
    pub fn neutral_curves_db(&self, kind: Kind) -> impl Iterator<Item = &Curve> {
        let wanted = move |n: &Neutral| kind == Kind::Any || n.kind == kind;
        let pairs = self.neutrals.iter().zip(&self.curves_db);
        pairs.filter(move |(n, _)| wanted(n)).flat_map(|(_, curves)| curves)
    }

    /// The mean balance of all sound there was, in dB over the grid, level removed: what a balance
    /// of latent 0 is.
    pub fn mean_balance_db(&self) -> &Curve {
        &self.mean_balance_db
    }

    /// A balance in dB over the grid, of a latent relative to the mean. It names no latent space, so it outlives
    /// this table. Neither allocates nor waits.
    pub fn balance_db(&self, latent: &Latent) -> Curve {
        let curve = self.space.curve_db(latent);
        std::array::from_fn(|i| self.mean_balance_db[i] + curve[i] as f32)
    }

    /// The latent of a balance in dB over the grid, relative to the mean. Neither allocates nor waits.
    pub fn latent_of_balance(&self, balance_db: &Curve) -> Latent {
        self.space.latent(&std::array::from_fn(|i| f64::from(balance_db[i] - self.mean_balance_db[i])))
    }

    /// The space that latents are told in.
    pub fn space(&self) -> &LatentSpace {
        &self.space
    }

    /// Where the words come from, for people to read.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }
}
