//! From observations to the table.

use super::map::places;
use super::rule::{self, Chance, Dropped, Opinion};
use super::{Observation, RELIABLE_SETTINGS, SOURCES, SUPPORTED_SETTINGS, SUPPORTED_USERS, Source};
use crate::TrainerError;
use crate::word_eq::curves::{Curve, level_removed, rms};
use crate::word_eq::report::{Effort, fit};
use crate::word_eq::response::curves;
use shared::word_eq::{GRID, LatentSpace, Neutral, WORD_SLOTS, Word, WordTable};
use std::collections::{BTreeMap, BTreeSet};

/// Words with slots of their own, whatever their counts.
const FIRST: [&str; 2] = ["warm", "bright"];
/// People that the pooled variance of warm and bright stands for, when the variance of a word with few
/// of them is told.
const POOLED_PEOPLE: f64 = 4.0;

/// A table and what became of the words.
#[derive(Debug)]
pub struct Built {
    /// The table.
    pub table: WordTable,
    /// The curve of each word that was kept, in the order of the table.
    pub curves: Vec<Curve>,
    /// How many words were dropped, by reason.
    pub dropped: BTreeMap<Dropped, usize>,
    /// How far from their means the fitted curves are, root mean square in dB, on average.
    pub fit_error_db: f64,
}

/// A word on its way into the table.
struct Candidate {
    name: String,
    language: &'static str,
    count: usize,
    opinions: Vec<Opinion>,
    sources: BTreeSet<Source>,
    curve: Curve,
}

/// Builds the table. Words of `existing` keep their slots; its neutral balances are kept if it is told in
/// the same space.
///
/// # Errors
/// No word is left, there are more than [`WORD_SLOTS`], or libtorch fails.
pub fn build(
    observations: &[Observation],
    space: &LatentSpace,
    existing: Option<&WordTable>,
) -> Result<Built, TrainerError> {
    let (mut kept, dropped) = candidates(observations);
    if kept.is_empty() {
        return Err(TrainerError::Setting(
            "no word of the semantic data has two people who agree on it; more data is needed".into(),
        ));
    }
    let fit_error_db = fit_curves(&mut kept)?;
    let pooled = pooled_variance(&kept);
    let slots = slots(&kept, existing)?;
    let curves: Vec<Curve> = kept.iter().map(|c| c.curve).collect();
    let latents: Vec<_> = curves.iter().map(|curve| space.latent(curve)).collect();
    let places = places(&curves, kept.iter().position(|c| c.name == FIRST[0]));
    let mut words = Vec::with_capacity(kept.len());
    for (((candidate, slot), latent), place) in kept.iter().zip(slots).zip(latents).zip(places) {
        let (agreement, spread_db) = spread(candidate, &pooled);
        words.push(Word {
            slot,
            name: candidate.name.clone(),
            language: candidate.language.into(),
            latent: latent.map(|v| significant(v, 4)),
            agreement,
            count: candidate.count,
            spread_db: (spread_db * 100.0).round() as f32 / 100.0,
            experimental: candidate.count < RELIABLE_SETTINGS,
            place,
            sources: candidate.sources.iter().map(|s| s.name().to_owned()).collect(),
        });
    }
    let same_space = existing.filter(|table| table.space().fingerprint() == space.fingerprint());
    let neutrals: Vec<Neutral> = same_space.map_or_else(Vec::new, |table| table.neutrals().to_vec());
    let mean_balance_db = same_space.map_or([0.0; GRID], |table| *table.mean_balance_db());
    let sources = SOURCES.map(str::to_owned).to_vec();
    let table = WordTable::new(words, neutrals, mean_balance_db, space.clone(), sources)?;
    let curves = table.words().iter().map(|word| space.curve_db(&word.latent)).collect();
    Ok(Built { table, curves, dropped, fit_error_db })
}

/// The words that people agree on, by how many settings they have and then by name, and how many others
/// there were.
fn candidates(observations: &[Observation]) -> (Vec<Candidate>, BTreeMap<Dropped, usize>) {
    let mut of_word = BTreeMap::<(&str, &'static str), Vec<&Observation>>::new();
    for observation in observations {
        of_word.entry((&observation.name, observation.language)).or_default().push(observation);
    }
    merge_comparatives(&mut of_word);
    for all in of_word.values_mut() {
        let safe: Vec<_> = all.iter().copied().filter(|o| o.source == Source::Safe).collect();
        let users: BTreeSet<_> = safe.iter().map(|o| &o.user).collect();
        if users.len() >= SUPPORTED_USERS && safe.len() >= SUPPORTED_SETTINGS {
            *all = safe;
        }
    }
    let words: Vec<_> = of_word.into_iter().map(|(word, all)| (word, rule::opinions(&all), all)).collect();
    let mut chance = Chance::new(words.iter().flat_map(|(_, opinions, _)| opinions).cloned().collect());
    let (mut kept, mut dropped) = (Vec::new(), BTreeMap::new());
    for ((name, language), opinions, all) in words {
        if let Err(why) = chance.judge(&opinions) {
            *dropped.entry(why).or_default() += 1;
            continue;
        }
        kept.push(Candidate {
            name: name.to_owned(),
            language,
            count: all.len(),
            sources: all.iter().map(|o| o.source).collect(),
            curve: level_removed(&rule::mean(&opinions)),
            opinions,
        });
    }
    kept.sort_by(|a, b| (b.count, &a.name, a.language).cmp(&(a.count, &b.name, b.language)));
    let mut names = BTreeSet::new();
    let before = kept.len();
    kept.retain(|c| names.insert(c.name.clone()));
    if kept.len() < before {
        dropped.insert(Dropped::OtherLanguage, before - kept.len());
    }
    (kept, dropped)
}

/// English comparatives go to their word, if it has at least as many observations.
fn merge_comparatives(of_word: &mut BTreeMap<(&str, &'static str), Vec<&Observation>>) {
    let counts: BTreeMap<String, usize> = of_word
        .iter()
        .filter(|((_, l), _)| *l == "en")
        .map(|((n, _), all)| (n.to_string(), all.len()))
        .collect();
    for (name, count) in &counts {
        let known = |word: &str| counts.get(word).is_some_and(|c| c >= count);
        let Some(word) = rule::positive(name, known) else { continue };
        let key = of_word.keys().find(|(n, l)| n == name && *l == "en").copied();
        let Some(all) = key.and_then(|key| of_word.remove(&key)) else { continue };
        if let Some((_, to)) = of_word.iter_mut().find(|((n, l), _)| *n == word && *l == "en") {
            to.extend(all);
        }
    }
}

/// Brings the curves that are not of settings alone to what thirteen values can do; gives the mean error.
fn fit_curves(kept: &mut [Candidate]) -> Result<f64, TrainerError> {
    let mut others: Vec<_> =
        kept.iter_mut().filter(|c| c.sources.iter().any(|s| *s != Source::Safe)).collect();
    let targets: Vec<Curve> = others.iter().map(|c| c.curve).collect();
    let fits = fit(&targets, Effort::QUICK, 7)?;
    let reached = curves(&fits.iter().map(|f| f.values).collect::<Vec<_>>())?;
    for (candidate, curve) in others.iter_mut().zip(&reached) {
        candidate.curve = level_removed(curve);
    }
    Ok(fits.iter().map(|f| f.error_db).sum::<f64>() / fits.len().max(1) as f64)
}

/// Weighted variance of a word's opinions at each point of the grid, in dB².
fn variance(opinions: &[Opinion]) -> Curve {
    let mean = rule::mean(opinions);
    let total: f64 = opinions.iter().map(|o| o.weight).sum();
    let at = |i: usize| opinions.iter().map(|o| o.weight * (o.curve[i] - mean[i]).powi(2)).sum::<f64>();
    std::array::from_fn(|i| at(i) / total.max(1e-12))
}

/// Mean variance of warm and bright; of all words where both are missing.
fn pooled_variance(kept: &[Candidate]) -> Curve {
    let is_first = |c: &&Candidate| FIRST.contains(&c.name.as_str());
    let mut pool: Vec<&Candidate> = kept.iter().filter(is_first).collect();
    if pool.is_empty() {
        pool = kept.iter().collect();
    }
    let variances: Vec<Curve> = pool.iter().map(|c| variance(&c.opinions)).collect();
    std::array::from_fn(|i| variances.iter().map(|v| v[i]).sum::<f64>() / variances.len().max(1) as f64)
}

/// How far people agree at each point of the grid, and how far they differ in dB. The variance of a word
/// that few people use is itself uncertain: it is told together with that of warm and bright.
fn spread(candidate: &Candidate, pooled: &Curve) -> (Vec<f32>, f64) {
    let (own, people) = (variance(&candidate.opinions), candidate.opinions.len() as f64);
    let told: Curve =
        std::array::from_fn(|i| (people * own[i] + POOLED_PEOPLE * pooled[i]) / (people + POOLED_PEOPLE));
    let agreement = candidate.curve.iter().zip(&told).map(|(mean, variance)| {
        let share = mean * mean / (mean * mean + variance).max(1e-9);
        (share * 1e3).round() as f32 / 1e3
    });
    (agreement.collect(), rms(&told.map(f64::sqrt)))
}

/// A slot for each word, in their order.
fn slots(kept: &[Candidate], existing: Option<&WordTable>) -> Result<Vec<usize>, TrainerError> {
    let known = existing.map_or(&[][..], WordTable::words);
    let mut next = known.iter().map(|word| word.slot + 1).max().unwrap_or(0).max(FIRST.len());
    let mut slots = Vec::with_capacity(kept.len());
    for candidate in kept {
        let old = known.iter().find(|w| w.name == candidate.name && w.language == candidate.language);
        let first = FIRST.iter().position(|name| *name == candidate.name);
        slots.push(old.map(|w| w.slot).or(first).unwrap_or_else(|| {
            next += 1;
            next - 1
        }));
    }
    if next > WORD_SLOTS {
        return Err(TrainerError::Setting(format!(
            "{next} words have been in the table, {WORD_SLOTS} have slots"
        )));
    }
    Ok(slots)
}

/// A number with so many significant decimals.
fn significant(value: f32, digits: usize) -> f32 {
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}
