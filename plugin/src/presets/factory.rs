//! The presets that come with Tonewright.

use super::document::Preset;
use super::{Dials, PresetError};

/// A preset that comes along.
#[derive(Clone, Copy, Debug)]
pub struct FactoryPreset {
    /// Name on command lines and in sessions. Never reused for another preset.
    pub id: &'static str,
    /// What it is listed under.
    pub category: &'static str,
    text: &'static str,
}

macro_rules! presets {
    ($($category:literal => [$($id:literal),* $(,)?]),* $(,)?) => {
        &[$($(FactoryPreset {
            id: $id,
            category: $category,
            text: include_str!(concat!("../../../assets/presets/", $category, "/", $id, ".yaml")),
        },)*)*]
    };
}

/// All of them, in the order they are offered.
pub const PRESETS: &[FactoryPreset] = presets! {
    "Clean" => ["glass", "worn_velvet", "late_jazz", "wide_room"],
    "Crunch" => ["edge", "box_of_light", "plexi_street", "honest_crunch"],
    "Rhythm" => ["tight_rhythm", "wall"],
    "Lead" => ["singing_lead", "warm_solo", "cutting_solo"],
    "Pedal" => ["pedal_alone", "soft_drive"],
};

impl FactoryPreset {
    /// The one with that id, or the name that people see.
    pub fn named(name: &str, dials: &Dials) -> Option<&'static Self> {
        let name = name.trim();
        PRESETS.iter().find(|preset| preset.id.eq_ignore_ascii_case(name)).or_else(|| {
            PRESETS.iter().find(|p| p.read(dials).is_ok_and(|read| read.name.eq_ignore_ascii_case(name)))
        })
    }

    /// Reads it.
    ///
    /// # Errors
    /// The text is refused, which a test rules out.
    pub fn read(&self, dials: &Dials) -> Result<Preset, PresetError> {
        let parsed = Preset::parse(self.text, None, dials);
        parsed
            .map(|(preset, _)| preset)
            .map_err(|problem| PresetError::NoPreset { path: self.id.into(), problem })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::amp::{Desk, Part};
    use crate::factory::DEFAULT_SLOT;
    use std::collections::HashSet;
    use std::sync::Arc;

    #[test]
    fn all_are_read_without_a_complaint_and_need_nothing_that_does_not_come_along() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        assert!(PRESETS.len() >= 12);
        for preset in PRESETS {
            let (read, said) =
                Preset::parse(preset.text, None, &dials).unwrap_or_else(|e| panic!("{}: {e}", preset.id));
            assert_eq!(said, Vec::<String>::new(), "{}", preset.id);
            assert!(
                !read.description.is_empty() && !read.tags.is_empty() && !read.author.is_empty(),
                "{}",
                preset.id
            );
            assert!(
                Part::ALL.into_iter().all(|part| read.sound.plays_file(part, &dials).is_none()),
                "{}",
                preset.id
            );
            for name in [preset.id, &read.name, &read.name.to_uppercase()] {
                assert_eq!(FactoryPreset::named(name, &dials).map(|p| p.id), Some(preset.id));
            }
        }
        let names: HashSet<String> = PRESETS.iter().map(|p| p.read(&dials).unwrap().name).collect();
        assert_eq!(names.len(), PRESETS.len());
        assert!(FactoryPreset::named("no such preset", &dials).is_none());
    }

    #[test]
    fn no_two_sound_the_same() {
        let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
        let sounds: Vec<_> = PRESETS.iter().map(|p| p.read(&dials).unwrap().sound).collect();
        for (i, a) in sounds.iter().enumerate() {
            assert!(sounds[..i].iter().all(|b| !a.is_like(b, &dials)), "{}", PRESETS[i].id);
        }
    }
}
