//! How words are found, and how large and in which colour they are written.

use crate::editor::theme;
use egui::Color32;
use shared::word_eq::{Word, WordTable};

/// Size of a name, in the design: words that many people set are large, and where there are few words
/// all of them are.
pub fn size(word: &Word, words: usize, zoom: f32) -> f32 {
    let weight = (word.count.max(1) as f32).log10();
    let room = (400.0 / words.max(1) as f32).powf(0.14).clamp(1.0, 1.3);
    (9.0 + 4.6 * weight.min(3.0)) * room * zoom.powf(0.22)
}

/// Dark sounds are amber, bright ones pale.
pub fn colour(word: &Word, table: &WordTable) -> Color32 {
    let tilt = tilt(word, table);
    let dark = Color32::from_rgb(0xe8, 0x7e, 0x2c);
    let pale = Color32::from_rgb(0xe9, 0xe6, 0xdc);
    if tilt < 0.0 { theme::AMBER.lerp_to_gamma(dark, -tilt) } else { theme::AMBER.lerp_to_gamma(pale, tilt) }
}

/// How far a word's curve rises with frequency, from -1 to 1.
fn tilt(word: &Word, table: &WordTable) -> f32 {
    let curve = table.space().curve_db(&word.latent);
    let half = curve.len() / 2;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let rise = mean(&curve[half..]) - mean(&curve[..half]);
    (rise / 4.0).clamp(-1.0, 1.0) as f32
}

/// Words that hold the text, the likeliest first; none for no text.
pub fn found<'a>(words: &'a [Word], query: &str) -> Vec<&'a Word> {
    let query = query.trim().to_lowercase();
    if query.is_empty() {
        return Vec::new();
    }
    let rank = |word: &Word| {
        let name = word.name.to_lowercase();
        let is_there = name.contains(&query);
        is_there.then(|| (name != query, !name.starts_with(&query), std::cmp::Reverse(word.count), word.slot))
    };
    let mut found: Vec<_> = words.iter().filter_map(|word| rank(word).map(|rank| (rank, word))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, word)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::eq::tests::table;

    #[test]
    fn the_likeliest_word_is_found_first() {
        let table = table(&[("warm", 532), ("lukewarm", 900), ("warmth", 3), ("bright", 504)]);
        let names = |query: &str| -> Vec<String> {
            found(table.words(), query).iter().map(|w| w.name.clone()).collect()
        };
        assert_eq!(names(" WARM "), ["warm", "warmth", "lukewarm"]);
        assert_eq!(names("ight"), ["bright"]);
        assert!(names("").is_empty() && names("zzz").is_empty());
    }

    #[test]
    fn words_of_many_are_larger() {
        let table = table(&[("warm", 532), ("odd", 2)]);
        assert!(size(&table.words()[0], 2, 1.0) > 1.8 * size(&table.words()[1], 2, 1.0));
    }
}
