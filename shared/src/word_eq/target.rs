//! What the word asks for, given what is there already.
//!
//! The amount says how much of the word the sound shall have, and what it has already is counted. That is
//! measured by a regression of its balance, less a neutral sound's, on the word's curve, over the bands that can be
//! heard, and in which people who use the word agree. A sound that has enough is left alone, and one that has too
//! much is not turned back: a word adds.
//!
//! Which sound is neutral depends on what it is. Among the reference's balances those count that
//! differ from the sound by little else than the word: a kick drum is compared with kick drums.

use super::controls::{Controls, Reference};
use super::latent::{GRID, Latent};
use super::table::{Curve, WordTable};

/// Third octaves this far below the strongest are not heard, in dB. Balances have their floor there.
pub const AUDIBLE_DB: f32 = 40.0;
/// What is asked for even where nothing is missing, as a share of the amount: the knob always does what
/// its word says, if little.
const LEAST: f32 = 0.05;
/// Most that is asked for, as a multiple of the amount: a sound without any of the word is not torn apart.
const MOST: f32 = 3.0;
/// Width of the bend from 1 to [`LEAST`], as a share of the amount.
const BEND: f32 = 0.06;
/// How alike two sounds are that count as one kind, in dB root mean square.
const ALIKE_DB: f32 = 2.0;
/// Weight of a band that is not heard: keeps the regression defined.
const LEAST_WEIGHT: f32 = 1e-3;

/// The curve to be applied to a sound of the balance `heard`, as a latent; that of a neutral sound where
/// nothing was heard yet. An amount of 0 gives exactly 0.
pub fn wanted(table: &WordTable, controls: &Controls, heard: Option<&Latent>) -> Latent {
    let (_, amount) = aim(table, controls);
    if amount == 0.0 {
        return [0.0; _];
    }
    wanted_with(table, controls, heard_share(table, controls, heard))
}

/// As [`wanted`], where [`heard_share`] has been asked already.
pub fn wanted_with(table: &WordTable, controls: &Controls, share: f32) -> Latent {
    let (direction, amount) = aim(table, controls);
    if amount == 0.0 {
        return [0.0; _];
    }
    let strength = amount * missing(share / amount);
    direction.map(|v| strength * v)
}

/// How much of the word, or of its mirror for a negative amount, the sound has already: 0 neutral, 1 as
/// the word says.
pub fn heard_share(table: &WordTable, controls: &Controls, heard: Option<&Latent>) -> f32 {
    let (direction, _) = aim(table, controls);
    heard.map_or(0.0, |heard| share(table, controls, &direction, heard))
}

/// Where to go, and how far.
fn aim(table: &WordTable, controls: &Controls) -> (Latent, f32) {
    let (a, b) = (&table.word(controls.word).latent, &table.word(controls.second_word).latent);
    let finite = |v: f32| if v.is_finite() { v } else { 0.0 };
    let (blend, amount) = (finite(controls.blend).clamp(0.0, 1.0), finite(controls.amount).clamp(-1.0, 1.0));
    let sign = if amount < 0.0 { -1.0 } else { 1.0 };
    (std::array::from_fn(|i| sign * (a[i] + blend * (b[i] - a[i]))), amount.abs())
}

/// What is missing of 1 when `there` is there: 1 less that, with a soft knee towards [`LEAST`].
fn missing(there: f32) -> f32 {
    let rest = (1.0 - there).clamp(-MOST, MOST);
    let knee = BEND * (-rest.abs() / BEND).exp().ln_1p();
    (rest.max(0.0) + knee).clamp(LEAST, MOST)
}

/// How much of the word a balance has.
fn share(table: &WordTable, controls: &Controls, direction: &Latent, heard: &Latent) -> f32 {
    let space = table.space();
    let word = space.curve_db(direction).map(|db| db as f32);
    let heard = space.curve_db(heard).map(|db| db as f32);
    let audible = audible(&heard, table.mean_balance_db());
    let agreement = agreement(table, controls);
    let listening: Curve = std::array::from_fn(|i| audible[i] * agreement[i] + LEAST_WEIGHT);
    let listening = Regression::new(&word, listening);
    let likeness = Regression::new(&word, audible.map(|a| a + LEAST_WEIGHT));

    let mut mean = Mean::default();
    let mut compare = |neutral: &Curve| {
        let difference: Curve = std::array::from_fn(|i| heard[i] - neutral[i]);
        let unlike = likeness.rest(&difference, likeness.share(&difference));
        mean.add(listening.share(&difference), unlike);
    };
    match &controls.reference {
        Reference::Learned(latent) => compare(&space.curve_db(latent).map(|db| db as f32)),
        Reference::Kind(kind) => {
            let mut any = false;
            for neutral in table.neutral_curves_db(*kind) {
                any = true;
                compare(neutral);
            }
            if !any {
                compare(&[0.0; GRID]);
            }
        }
    }
    mean.value()
}

/// How far people agree on the word or words, at each point of the grid.
fn agreement(table: &WordTable, controls: &Controls) -> Curve {
    let (a, b) = (&table.word(controls.word).agreement, &table.word(controls.second_word).agreement);
    let blend = if controls.blend.is_finite() { controls.blend.clamp(0.0, 1.0) } else { 0.0 };
    std::array::from_fn(|i| a[i] + blend * (b[i] - a[i]))
}

/// The share of each band's level that is not floor: 1 where it is loud, 0 where it is not heard.
fn audible(heard: &Curve, mean: &Curve) -> Curve {
    let level: Curve = std::array::from_fn(|i| heard[i] + mean[i]);
    let loudest = level.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    level.map(|db| (1.0 - 10f32.powf((loudest - AUDIBLE_DB - db) / 10.0)).clamp(0.0, 1.0))
}

/// Weighted least squares of a curve on the word's curve and a constant: levels do not count.
struct Regression {
    weights: Curve,
    total: f32,
    /// The word's curve less its weighted mean.
    word: Curve,
    power: f32,
}

impl Regression {
    fn new(word: &Curve, weights: Curve) -> Self {
        let total: f32 = weights.iter().sum();
        let mean = product(&weights, word) / total;
        let word = word.map(|w| w - mean);
        let power: f32 = weights.iter().zip(&word).map(|(s, w)| s * w * w).sum();
        // A word that says nothing in what can be heard has no share there.
        Self { weights, total, word, power: power.max(1e-6) }
    }

    fn share(&self, curve: &Curve) -> f32 {
        // The word's weighted mean is 0, so the constant falls out.
        let both = self.weights.iter().zip(&self.word).zip(curve);
        both.map(|((s, w), c)| s * w * c).sum::<f32>() / self.power
    }

    /// What is left of a curve without the share: weighted mean of the squares.
    fn rest(&self, curve: &Curve, share: f32) -> f32 {
        let mean = product(&self.weights, curve) / self.total;
        let both = self.weights.iter().zip(&self.word).zip(curve);
        both.map(|((s, w), c)| s * (c - mean - share * w).powi(2)).sum::<f32>() / self.total
    }
}

fn product(a: &Curve, b: &Curve) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Mean with weights exp(-unlike / 2 ALIKE²), relative to the most alike, so that none vanish.
#[derive(Default)]
struct Mean {
    sum: f32,
    weight: f32,
    least: Option<f32>,
}

impl Mean {
    fn add(&mut self, value: f32, unlike: f32) {
        let scale = |d: f32| (-d / (2.0 * ALIKE_DB * ALIKE_DB)).exp();
        let least = self.least.unwrap_or(unlike);
        if unlike < least {
            let shrink = scale(least - unlike);
            (self.sum, self.weight) = (self.sum * shrink, self.weight * shrink);
        }
        self.least = Some(least.min(unlike));
        let weight = scale(unlike - least.min(unlike));
        (self.sum, self.weight) = (self.sum + weight * value, self.weight + weight);
    }

    fn value(&self) -> f32 {
        if self.weight > 0.0 { self.sum / self.weight } else { 0.0 }
    }
}
