//! The models that come with Tonewright, and the slots that hosts know them by.

use crate::model::{Card, Model, ModelError};
use crate::slots::{self, built_in};
pub use crate::slots::{OWN_FILE_SLOT, SLOTS};
use std::path::Path;
use std::sync::OnceLock;

/// The slot of a fresh instance.
pub const DEFAULT_SLOT: usize = 1;

/// A model that comes with the plugin.
#[derive(Clone, Copy, Debug)]
pub struct Factory {
    /// Value of the model parameter. Never reused for another model.
    pub slot: usize,
    /// Name on command lines and in files.
    pub id: &'static str,
    bytes: &'static [u8],
}

/// All models that come with the plugin, in the order they are offered.
pub const MODELS: &[Factory] = built_in!(Factory, "models", "onnx", {
    1 => "jcm_standard";
    2 => "jcm_seed";
    3 => "sd1_standard";
    4 => "sd1_a2";
    5 => "sd1_seed";
    6 => "virtual_standard";
    7 => "virtual_seed";
});

impl Factory {
    /// The model in `slot`.
    pub fn in_slot(slot: usize) -> Option<&'static Self> {
        MODELS.iter().find(|m| m.slot == slot)
    }

    /// The model called `name`: its id, the name on its card, or its slot.
    pub fn named(name: &str) -> Option<&'static Self> {
        let name = name.trim();
        MODELS
            .iter()
            .find(|m| m.id.eq_ignore_ascii_case(name))
            .or_else(|| MODELS.iter().find(|m| m.card().name.eq_ignore_ascii_case(name)))
            .or_else(|| Self::in_slot(name.parse().ok()?))
    }

    /// Reads the model.
    ///
    /// # Errors
    /// The bytes are refused, which a test rules out.
    pub fn load(&self) -> Result<Model, ModelError> {
        Model::from_onnx(self.bytes, self.id)
    }

    /// The model's card.
    pub fn card(&self) -> &'static Card {
        static CARDS: OnceLock<Vec<Card>> = OnceLock::new();
        let cards = CARDS.get_or_init(|| MODELS.iter().map(Self::read_card).collect());
        let at = MODELS.iter().position(|m| m.slot == self.slot);
        &cards[at.unwrap_or(0)]
    }

    fn read_card(&self) -> Card {
        self.load().map_or_else(|_| Card { name: self.id.into(), ..Card::default() }, |model| model.card)
    }
}

/// The model that comes along under this name, or the file at `path`, which is where a file of that name would lie.
///
/// # Errors
/// There is neither, or the file is no model.
pub fn find(name: &str, path: &Path) -> Result<Model, ModelError> {
    if let Some(model) = Factory::named(name) {
        return model.load();
    }
    if slots::is_file(Path::new(name), path) {
        return Model::load(path);
    }
    let known: Vec<&str> = MODELS.iter().map(|model| model.id).collect();
    Err(ModelError::Unknown { name: name.to_owned(), known: known.join(", ") })
}

/// What the host shows for a slot. Free slots show a dash and their number, so that every text
/// leads back to its slot.
pub fn slot_name(slot: usize) -> String {
    slots::name(slot, Factory::in_slot(slot).map(|model| model.card().name.as_str()))
}

/// The slot that [`slot_name`] calls `text`, or whose number it is.
pub fn slot_named(text: &str) -> Option<usize> {
    slots::named(text, |text| Factory::named(text).map(|model| model.slot))
}

/// The factory model `steps` further than `slot` in the order they are offered, around the end.
pub fn neighbour(slot: usize, steps: isize) -> usize {
    let count = MODELS.len() as isize;
    let at = match MODELS.iter().position(|m| m.slot == slot) {
        Some(at) => at as isize + steps,
        // From the player's own file, forwards leads to the first and backwards to the last.
        None if steps > 0 => steps - 1,
        None => steps,
    };
    MODELS[at.rem_euclid(count) as usize].slot
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_model_loads_and_can_be_played_live() {
        for model in MODELS {
            let loaded = model.load().unwrap_or_else(|e| panic!("{}: {e}", model.id));
            loaded.check_live().unwrap();
            assert!(!loaded.card.name.trim().is_empty(), "{} has no name", model.id);
            assert_eq!(loaded.card.sample_rate_hz, 48_000.0, "{}", model.id);
        }
    }

    #[test]
    fn slots_ids_and_names_are_unique_and_in_range() {
        let slots: HashSet<_> = MODELS.iter().map(|m| m.slot).collect();
        let ids: HashSet<_> = MODELS.iter().map(|m| m.id).collect();
        let names: HashSet<_> = MODELS.iter().map(|m| &m.card().name).collect();
        assert_eq!((slots.len(), ids.len(), names.len()), (MODELS.len(), MODELS.len(), MODELS.len()));
        assert!(slots.iter().all(|&slot| slot != OWN_FILE_SLOT && slot < SLOTS));
        assert!(slots.contains(&DEFAULT_SLOT));
    }

    #[test]
    fn names_lead_both_ways() {
        for slot in 0..SLOTS {
            assert_eq!(slot_named(&slot_name(slot)), Some(slot));
            assert_eq!(slot_named(&slot.to_string()), Some(slot));
        }
        for model in MODELS {
            for name in [model.id, &model.card().name, &format!(" {} ", model.slot)] {
                assert_eq!(Factory::named(name).map(|m| m.slot), Some(model.slot), "{name}");
            }
        }
        for name in ["", "0", "63", "-1", "1.0", "no such amp"] {
            assert!(Factory::named(name).is_none(), "{name}");
        }
        assert_eq!(slot_named("no such amp"), None);
        assert_eq!(slot_named("64"), None);
    }

    #[test]
    fn neighbours_go_around() {
        let (first, last) = (MODELS[0].slot, MODELS[MODELS.len() - 1].slot);
        assert_eq!(neighbour(first, -1), last);
        assert_eq!(neighbour(last, 1), first);
        assert_eq!(neighbour(OWN_FILE_SLOT, 1), first);
        assert_eq!(neighbour(OWN_FILE_SLOT, -1), last);
    }
}
