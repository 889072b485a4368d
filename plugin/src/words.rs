//! The words of the equaliser as players and hosts know them: names, marks and slots.

use shared::word_eq::{EqModel, WORD_SLOTS, Word, WordTable};
use std::sync::{Arc, OnceLock};

/// The slot of a fresh instance's word: warm.
pub const DEFAULT_WORD: usize = 0;

/// The slot of a fresh instance's second word: bright.
pub const DEFAULT_SECOND_WORD: usize = 1;

const FREE: &str = "—";
const WORD: &str = "word";

/// The words and networks that come along; read once. None if they are damaged, with the reason in
/// [`fault`]: the bands are the player's alone then, and words are shown as numbers.
pub fn model() -> Option<&'static Arc<EqModel>> {
    factory().as_ref().ok()
}

/// Why there is no [`model`].
pub fn fault() -> Option<&'static str> {
    factory().as_ref().err().map(String::as_str)
}

fn factory() -> &'static Result<Arc<EqModel>, String> {
    static FACTORY: OnceLock<Result<Arc<EqModel>, String>> = OnceLock::new();
    FACTORY.get_or_init(|| EqModel::factory().map_err(|e| e.to_string()))
}

fn table() -> Option<&'static WordTable> {
    model().map(|model| &model.table)
}

/// The word in a slot, if there is one.
pub fn in_slot(slot: usize) -> Option<&'static Word> {
    at(table()?, slot)
}

fn at(table: &WordTable, slot: usize) -> Option<&Word> {
    let words = table.words();
    words.binary_search_by_key(&slot, |word| word.slot).ok().map(|at| &words[at])
}

/// A word as it is shown: with its language unless that is English, and with the number of settings
/// behind it where they are too few to be relied on.
pub fn label(word: &Word) -> String {
    let mut marks = Vec::new();
    if word.language != "en" {
        marks.push(word.language.clone());
    }
    if word.experimental {
        marks.push(format!("experimental, {}", word.count));
    }
    if marks.is_empty() { word.name.clone() } else { format!("{} ({})", word.name, marks.join(", ")) }
}

/// What a host shows for a slot. Free slots show a dash and their number, so that every text leads
/// back to its slot.
pub fn slot_name(slot: usize) -> String {
    name_in(table(), slot)
}

fn name_in(table: Option<&WordTable>, slot: usize) -> String {
    match table {
        None => format!("{WORD} {slot}"),
        Some(table) => at(table, slot).map_or_else(|| format!("{FREE} {slot}"), label),
    }
}

/// The slot that [`slot_name`] calls `text`, that holds a word of this name, or whose number it is.
pub fn slot_named(text: &str) -> Option<usize> {
    named_in(table(), text)
}

fn named_in(table: Option<&WordTable>, text: &str) -> Option<usize> {
    let text = text.trim().to_lowercase();
    let word = table.and_then(|table| {
        let labelled = table.words().iter().find(|word| label(word).to_lowercase() == text);
        labelled.or_else(|| table.named(&text)).map(|word| word.slot)
    });
    let number = || {
        let digits = text.trim_start_matches(FREE).trim_start_matches(WORD).trim();
        digits.parse().ok().filter(|&slot| slot < WORD_SLOTS)
    };
    word.or_else(number)
}

/// Words whose spelling is near `text`, the nearest first and at most five: what the player may
/// have meant.
pub fn near(text: &str) -> Vec<&'static Word> {
    table().map_or_else(Vec::new, |table| near_in(table, text))
}

fn near_in<'a>(table: &'a WordTable, text: &str) -> Vec<&'a Word> {
    let text = text.trim().to_lowercase();
    let length = text.chars().count();
    let mut found: Vec<(usize, &Word)> = Vec::new();
    for word in table.words() {
        let name = word.name.to_lowercase();
        let steps = distance(&text, &name);
        // Two slips in a word of average length, or one word that is part of the other.
        let part = length > 2 && (name.contains(&text) || (name.chars().count() > 2 && text.contains(&name)));
        if part || steps <= (length / 3).max(1) {
            found.push((if part { steps.min(1) } else { steps }, word));
        }
    }
    // Words with more settings behind them are the likelier ones.
    found.sort_by_key(|(steps, word)| (*steps, std::cmp::Reverse(word.count)));
    found.into_iter().take(5).map(|(_, word)| word).collect()
}

/// Slips of the pen from one word to the other: letters inserted, left out, changed, or two of them
/// swapped (optimal string alignment, Damerau 1964).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let first: Vec<usize> = (0..=b.len()).collect();
    // Rows of the table: the one before the last, and the last.
    let (mut older, mut old) = (first.clone(), first);
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let changed = old[j] + usize::from(a[i] != b[j]);
            let mut least = changed.min(old[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(older[j - 1] + 1);
            }
            row.push(least);
        }
        (older, old) = (old, row);
    }
    old[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::word_eq::{GRID, LatentSpace};

    /// Slot, name, language, settings, experimental.
    type Entry = (usize, &'static str, &'static str, usize, bool);

    const WORDS: [Entry; 6] = [
        (0, "warm", "en", 532, false),
        (1, "bright", "en", 504, false),
        (2, "fuzzy", "en", 3, true),
        (5, "brillante", "es", 7, true),
        (6, "metal", "en", 4, true),
        (7, "metal", "es", 2, true),
    ];

    fn table() -> WordTable {
        let words = WORDS.map(|(slot, name, language, count, experimental)| Word {
            slot,
            name: name.into(),
            language: language.into(),
            latent: [0.5; 32],
            agreement: vec![1.0; GRID],
            count,
            spread_db: 2.0,
            experimental,
            place: [0.5; 2],
            sources: Vec::new(),
        });
        let basis = (0..32).map(|k| {
            let mut row = [0.0; GRID];
            row[k] = 1.0;
            row
        });
        let space = LatentSpace::new(basis.collect()).unwrap();
        WordTable::new(words.into(), Vec::new(), [0.0; GRID], space, Vec::new()).unwrap()
    }

    #[test]
    fn every_slot_has_a_text_that_leads_back() {
        let table = table();
        for table in [Some(&table), None, super::table()] {
            for slot in 0..WORD_SLOTS {
                let name = name_in(table, slot);
                assert_eq!(named_in(table, &name), Some(slot), "{name}");
                assert_eq!(named_in(table, &name.to_uppercase()), Some(slot), "{name}");
                assert_eq!(named_in(table, &slot.to_string()), Some(slot));
            }
            assert_eq!(named_in(table, "1024"), None);
            assert_eq!(named_in(table, "no such word"), None);
        }
    }

    #[test]
    fn marks_say_how_far_a_word_can_be_relied_on() {
        let table = table();
        let names = [0, 2, 5, 3].map(|slot| name_in(Some(&table), slot));
        assert_eq!(names, ["warm", "fuzzy (experimental, 3)", "brillante (es, experimental, 7)", "— 3"]);
        assert_eq!(name_in(None, 3), "word 3");
        // A bare name is enough.
        assert_eq!(named_in(Some(&table), " Fuzzy "), Some(2));
    }

    #[test]
    fn slips_of_the_pen_are_understood() {
        let table = table();
        let near = |text: &str| near_in(&table, text).iter().map(|w| w.name.clone()).collect::<Vec<_>>();
        assert_eq!(near("wiry"), Vec::<String>::new(), "two of four letters are too many");
        assert_eq!([near("warn"), near("wram"), near("arm")], [["warm"], ["warm"], ["warm"]]);
        assert_eq!(near("brigth"), ["bright"]);
        assert_eq!(near("warmer"), ["warm"]);
        assert_eq!(near("metl"), ["metal", "metal"]);
        assert!(near("xylophone").is_empty());
        let pairs =
            [("", "abc", 3), ("kitten", "sitting", 3), ("a", "a", 0), ("abcd", "badc", 2), ("ab", "", 2)];
        for (a, b, slips) in pairs {
            assert_eq!(distance(a, b), slips, "{a} {b}");
        }
    }
}
