//! The words of the equaliser as hosts know them: the slots of a fresh instance, and names where the words that
//! come along are damaged.

use shared::word_eq::{EqModel, WORD_SLOTS, Word, WordTable};
use std::sync::{Arc, OnceLock};

/// The slot of a fresh instance's word: warm.
pub const DEFAULT_WORD: usize = 0;

/// The slot of a fresh instance's second word: bright.
pub const DEFAULT_SECOND_WORD: usize = 1;

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
    table()?.in_slot(slot)
}

/// What a host shows for a slot, so that every text leads back to its slot.
pub fn slot_name(slot: usize) -> String {
    name_in(table(), slot)
}

fn name_in(table: Option<&WordTable>, slot: usize) -> String {
    table.map_or_else(|| format!("{WORD} {slot}"), |table| table.slot_name(slot))
}

/// The slot that [`slot_name`] calls `text`, that holds a word of this name, or whose number it is.
pub fn slot_named(text: &str) -> Option<usize> {
    named_in(table(), text)
}

fn named_in(table: Option<&WordTable>, text: &str) -> Option<usize> {
    table.and_then(|table| table.slot_named(text)).or_else(|| {
        let text = text.trim().to_lowercase();
        text.trim_start_matches(WORD).trim().parse().ok().filter(|&slot| slot < WORD_SLOTS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_has_a_text_that_leads_back() {
        for table in [None, table()] {
            for slot in 0..WORD_SLOTS {
                let name = name_in(table, slot);
                assert_eq!(named_in(table, &name), Some(slot), "{name}");
                assert_eq!(named_in(table, &name.to_uppercase()), Some(slot), "{name}");
                assert_eq!(named_in(table, &format!("word {slot}")), Some(slot));
            }
            assert_eq!(named_in(table, "word 1024"), None);
            assert_eq!(named_in(table, "no such word"), None);
        }
        assert_eq!(name_in(None, 3), "word 3");
    }
}
