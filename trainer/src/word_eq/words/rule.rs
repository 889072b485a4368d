//! Which texts are words, and which words people agree on enough to keep.
//!
//! A word is kept if
//! 1. it is one word or two, of letters (a hyphen or apostrophe inside counts as one);
//! 2. at least [`LEAST_PEOPLE`] people meant something by it. Equal settings of a word count once, so that
//!    one person behind two user groups does not agree with himself;
//! 3. those people agree more than three of four groups of as many people drawn at random from all words:
//!    share of the energy of their curves that is in the mean ([`agreement`]). Chance lets a quarter of the
//!    meaningless words pass, most of them used by two people: that is what "experimental" warns of;
//! 4. their mean is not nearly flat ([`LEAST_RMS_DB`]).
//!
//! What people typed to try a program out falls through 2 and 3, and nobody has to list it.

use super::Observation;
use crate::word_eq::curves::{Curve, difference, rms};
use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// People that a word needs.
pub const LEAST_PEOPLE: usize = 2;
/// Longest word, in characters.
const LONGEST: usize = 24;
/// Curves closer than this are the same, in dB.
const SAME_DB: f64 = 0.1;
/// Root mean square below which a mean says nothing, in dB.
pub const LEAST_RMS_DB: f64 = 0.5;
/// Groups drawn at random for each size.
const RANDOM_GROUPS: usize = 1_000;
/// Share of them that a word has to exceed.
const EXCEEDS: f64 = 0.75;
/// Largest group that is drawn: beyond, chance no longer depends much on the size.
const LARGEST_GROUP: usize = 60;

/// Why a word was not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dropped {
    /// Too few people used it, or their settings are all the same.
    FewPeople,
    /// People agree no more than strangers do.
    NoAgreement,
    /// The mean does nearly nothing.
    Flat,
    /// Another language has a word of that name with more behind it.
    OtherLanguage,
}

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::FewPeople => "used by one person alone",
            Self::NoAgreement => "without agreement",
            Self::Flat => "nearly flat",
            Self::OtherLanguage => "that another language has too",
        })
    }
}

/// A text as a word: without spaces around it, in lower case; `None` if it is no word.
pub fn normalise(text: &str) -> Option<String> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let letters = |word: &String| {
        let inside = |c: char| c.is_alphabetic() || c == '-' || c == '\'';
        word.chars().all(inside)
            && word.starts_with(char::is_alphabetic)
            && word.ends_with(char::is_alphabetic)
    };
    let name = words.join(" ");
    let fits = (2..=LONGEST).contains(&name.chars().count());
    (fits && words.len() <= 2 && words.iter().all(letters)).then_some(name)
}

/// The word a comparative belongs to, if that word is there: brighter is bright, thinner is thin.
pub fn positive(name: &str, known: impl Fn(&str) -> bool) -> Option<&str> {
    let stem = name.strip_suffix("er")?;
    let mut ends = stem.chars().rev();
    let doubled = ends.next().is_some_and(|last| Some(last) == ends.next());
    let with_e = &name[..stem.len() + 1];
    let shorter = doubled.then(|| &stem[..stem.len() - stem.chars().next_back().map_or(0, char::len_utf8)]);
    [Some(stem), Some(with_e), shorter].into_iter().flatten().find(|word| known(word))
}

/// What one person means by a word: a mean curve, and how much it weighs.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// Mean of the person's curves, level removed.
    pub curve: Curve,
    /// Root of the number of settings, times how far they are trusted.
    pub weight: f64,
}

/// The opinions behind some observations of one word.
pub fn opinions(observations: &[&Observation]) -> Vec<Opinion> {
    let mut of_user = BTreeMap::<&str, (Curve, f64, f64)>::new();
    let mut seen: Vec<&Curve> = Vec::new();
    for o in observations {
        let known = of_user.contains_key(o.user.as_str());
        let same = seen.iter().any(|curve| rms(&difference(curve, &o.curve)) < SAME_DB);
        seen.push(&o.curve);
        if same && !known {
            continue;
        }
        let (sum, weight, count) = of_user.entry(&o.user).or_insert(([0.0; _], 0.0, 0.0));
        sum.iter_mut().zip(&o.curve).for_each(|(s, c)| *s += o.weight * c);
        *weight += o.weight;
        *count += 1.0;
    }
    let opinion = |(sum, weight, count): (Curve, f64, f64)| Opinion {
        curve: sum.map(|v| v / weight),
        weight: weight / count * count.sqrt(),
    };
    of_user.into_values().map(opinion).collect()
}

/// The weighted mean of opinions.
pub fn mean(opinions: &[Opinion]) -> Curve {
    let total: f64 = opinions.iter().map(|o| o.weight).sum();
    let at = |i: usize| opinions.iter().map(|o| o.weight * o.curve[i]).sum::<f64>() / total.max(1e-12);
    std::array::from_fn(at)
}

/// Share of the energy of opinions that is in their mean, 0 to 1.
pub fn agreement(opinions: &[Opinion]) -> f64 {
    let total: f64 = opinions.iter().map(|o| o.weight).sum();
    let energy: f64 = opinions.iter().map(|o| o.weight * rms(&o.curve).powi(2)).sum();
    if energy > 0.0 { rms(&mean(opinions)).powi(2) * total / energy } else { 0.0 }
}

/// What strangers agree on by chance.
#[derive(Debug)]
pub struct Chance {
    /// All opinions of all words.
    all: Vec<Opinion>,
    limits: BTreeMap<usize, f64>,
}

impl Chance {
    /// Chance among some opinions.
    pub fn new(all: Vec<Opinion>) -> Self {
        Self { all, limits: BTreeMap::new() }
    }

    /// The [`agreement`] that three of four groups of so many people stay below.
    pub fn limit(&mut self, people: usize) -> f64 {
        let (all, people) = (&self.all, people.min(LARGEST_GROUP));
        *self.limits.entry(people).or_insert_with(|| {
            let mut rng = ChaCha8Rng::seed_from_u64(people as u64);
            let group = |rng: &mut ChaCha8Rng| {
                let people: Vec<Opinion> = (0..people).filter_map(|_| all.choose(rng).cloned()).collect();
                agreement(&people)
            };
            let mut shares: Vec<f64> = (0..RANDOM_GROUPS).map(|_| group(&mut rng)).collect();
            shares.sort_by(f64::total_cmp);
            shares[(RANDOM_GROUPS as f64 * EXCEEDS) as usize]
        })
    }

    /// Whether a word is kept, by its opinions.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&mut self, opinions: &[Opinion]) -> Result<(), Dropped> {
        if opinions.len() < LEAST_PEOPLE {
            return Err(Dropped::FewPeople);
        }
        if agreement(opinions) <= self.limit(opinions.len()) {
            return Err(Dropped::NoAgreement);
        }
        if rms(&mean(opinions)) < LEAST_RMS_DB {
            return Err(Dropped::Flat);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_words() {
        for (text, word) in [
            ("  Warm ", "warm"),
            ("FRÍO", "frío"),
            ("high-pitched", "high-pitched"),
            ("not  that", "not that"),
        ] {
            assert_eq!(normalise(text).as_deref(), Some(word));
        }
        let long = "x".repeat(LONGEST + 1);
        for text in ["", "a", "re27", "!st", "-", "a b c d", "love, thick", "one two three", &long] {
            assert_eq!(normalise(text), None, "{text}");
        }
    }

    #[test]
    fn comparatives_find_their_word() {
        let known = |word: &str| ["bright", "thin", "large"].contains(&word);
        for (name, word) in [("brighter", "bright"), ("thinner", "thin"), ("larger", "large")] {
            assert_eq!(positive(name, known), Some(word));
        }
        for name in ["duller", "bright", "er", "power"] {
            assert_eq!(positive(name, known), None, "{name}");
        }
    }

    #[test]
    fn agreement_is_the_share_of_the_mean() {
        let opinion = |value: f64, weight: f64| Opinion { curve: [value; _], weight };
        assert_eq!(agreement(&[opinion(2.0, 1.0), opinion(2.0, 5.0)]), 1.0);
        assert_eq!(agreement(&[opinion(2.0, 1.0), opinion(-2.0, 1.0)]), 0.0);
        assert!((agreement(&[opinion(2.0, 3.0), opinion(-2.0, 1.0)]) - 0.25).abs() < 1e-12);
        assert_eq!(agreement(&[opinion(0.0, 1.0)]), 0.0);
    }
}
