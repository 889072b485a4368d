//! Words as players name them: marks, texts of slots, and slips of the pen.

use super::{WORD_SLOTS, Word, WordEqError, WordTable};
use std::cmp::Reverse;

const FREE: &str = "—";

impl Word {
    /// The word as it is shown: with its language unless that is English, and with the number of settings
    /// behind it where they are too few to be relied on.
    pub fn label(&self) -> String {
        let mut marks = Vec::new();
        if self.language != "en" {
            marks.push(self.language.clone());
        }
        if self.experimental {
            marks.push(format!("experimental, {}", self.count));
        }
        if marks.is_empty() { self.name.clone() } else { format!("{} ({})", self.name, marks.join(", ")) }
    }
}

impl WordTable {
    /// The word in a slot, if there is one.
    pub fn in_slot(&self, slot: usize) -> Option<&Word> {
        let words = self.words();
        words.binary_search_by_key(&slot, |word| word.slot).ok().map(|at| &words[at])
    }

    /// What is shown for a slot. Free slots show a dash and their number, so that every text leads back to
    /// its slot.
    pub fn slot_name(&self, slot: usize) -> String {
        self.in_slot(slot).map_or_else(|| format!("{FREE} {slot}"), Word::label)
    }

    /// The slot that [`WordTable::slot_name`] calls `text`, that holds a word of this name, or whose number it is.
    pub fn slot_named(&self, text: &str) -> Option<usize> {
        let text = text.trim().to_lowercase();
        let labelled = self.words().iter().find(|word| word.label().to_lowercase() == text);
        let word = labelled.or_else(|| self.named(&text)).map(|word| word.slot);
        let number = || {
            let digits = text.trim_start_matches(FREE).trim();
            digits.parse().ok().filter(|&slot| slot < WORD_SLOTS)
        };
        word.or_else(number)
    }

    /// The word that `text` names as [`WordTable::slot_named`] says.
    ///
    /// # Errors
    /// There is none; the error names those that may have been meant.
    pub fn find(&self, text: &str) -> Result<&Word, WordEqError> {
        self.slot_named(text).and_then(|slot| self.in_slot(slot)).ok_or_else(|| {
            let near: Vec<String> = self.near(text).iter().map(|word| format!("\"{}\"", word.name)).collect();
            let near =
                if near.is_empty() { String::new() } else { format!(" did you mean {}?", near.join(" or ")) };
            WordEqError::UnknownWord { name: text.to_owned(), near }
        })
    }

    /// Words whose spelling is near `text`, the nearest first and at most five: what the player may
    /// have meant.
    pub fn near(&self, text: &str) -> Vec<&Word> {
        let text = text.trim().to_lowercase();
        let length = text.chars().count();
        let mut found: Vec<(usize, &Word)> = Vec::new();
        for word in self.words() {
            let name = word.name.to_lowercase();
            let steps = distance(&text, &name);
            // Two slips in a word of average length, or one word that is part of the other.
            let part =
                length > 2 && (name.contains(&text) || (name.chars().count() > 2 && text.contains(&name)));
            if part || steps <= (length / 3).max(1) {
                found.push((if part { steps.min(1) } else { steps }, word));
            }
        }
        // Words with more settings behind them are the likelier ones.
        found.sort_by_key(|(steps, word)| (*steps, Reverse(word.count)));
        found.into_iter().take(5).map(|(_, word)| word).collect()
    }
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
    use crate::word_eq::{EqModel, GRID, LatentSpace};

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
        for table in [&table(), &EqModel::factory().unwrap().table] {
            for slot in 0..WORD_SLOTS {
                let name = table.slot_name(slot);
                assert_eq!(table.slot_named(&name), Some(slot), "{name}");
                assert_eq!(table.slot_named(&name.to_uppercase()), Some(slot), "{name}");
                assert_eq!(table.slot_named(&slot.to_string()), Some(slot));
            }
            assert_eq!(table.slot_named("1024"), None);
            assert_eq!(table.slot_named("no such word"), None);
        }
    }

    #[test]
    fn marks_say_how_far_a_word_can_be_relied_on() {
        let table = table();
        let names = [0, 2, 5, 3].map(|slot| table.slot_name(slot));
        assert_eq!(names, ["warm", "fuzzy (experimental, 3)", "brillante (es, experimental, 7)", "— 3"]);
        // A bare name is enough.
        assert_eq!(table.slot_named(" Fuzzy "), Some(2));
    }

    #[test]
    fn what_is_no_word_is_said_with_what_may_have_been_meant() {
        let table = table();
        assert_eq!(table.find(" WARM").unwrap().slot, 0);
        let said = |text: &str| table.find(text).unwrap_err().to_string();
        assert!(said("wram").contains("\"wram\"; did you mean \"warm\"?"), "{}", said("wram"));
        assert!(!said("qxz").contains("mean") && said("3").contains("\"3\""), "{}", said("3"));
    }

    #[test]
    fn slips_of_the_pen_are_understood() {
        let table = table();
        let near = |text: &str| table.near(text).iter().map(|w| w.name.clone()).collect::<Vec<_>>();
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
