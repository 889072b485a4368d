//! `tonewright words`.

use super::CliError;
use super::out::say;
use crate::words;
use shared::word_eq::Word;
use std::cmp::Reverse;
use std::fmt::Write as _;

/// Words that are listed unless all are asked for.
const FEW: usize = 30;

pub(super) fn list(all: bool) -> Result<(), CliError> {
    let model = words::model().ok_or_else(|| CliError::NoWords(words::fault().unwrap_or_default()))?;
    let text = listed(model.table.words(), all);
    say(&text)
}

fn listed(words: &[Word], all: bool) -> String {
    let mut chosen: Vec<&Word> = words.iter().collect();
    if !all {
        chosen.sort_by_key(|word| (word.experimental, Reverse(word.count), word.slot));
        chosen.truncate(FEW);
    }
    let width = chosen.iter().map(|word| word.name.chars().count()).max().unwrap_or(0).max(4);
    let mut text = format!("{:>4}  {:<width$}  language  settings  they differ by\n", "slot", "word");
    for word in &chosen {
        let mark = if word.experimental { "  experimental" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:>4}  {:<width$}  {:<8}  {:>8}  {:>11.1} dB{mark}",
            word.slot, word.name, word.language, word.count, word.spread_db
        );
    }
    let rest = words.len() - chosen.len();
    if rest > 0 {
        let _ = writeln!(text, "and {rest} more, with fewer settings each: tonewright words --all");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::word_eq::GRID;

    #[test]
    fn the_words_with_most_behind_them_come_first() {
        let words: Vec<Word> = (0..40)
            .map(|slot| Word {
                slot,
                name: format!("word{slot}"),
                language: "en".into(),
                latent: [0.0; 32],
                agreement: vec![1.0; GRID],
                count: slot,
                spread_db: 1.0,
                experimental: slot != 3,
                place: [0.5; 2],
                sources: Vec::new(),
            })
            .collect();
        let few = listed(&words, false);
        let rows: Vec<&str> = few.lines().collect();
        assert!(rows[1].contains("word3 ") && !rows[1].contains("experimental"), "{few}");
        assert!(rows[2].contains("word39") && rows[2].contains("experimental"), "{few}");
        assert_eq!(rows.len(), FEW + 2);
        assert!(rows[FEW + 1].contains("10 more"), "{few}");
        let all = listed(&words, true);
        assert_eq!(all.lines().count(), 41);
        assert!(all.lines().nth(1).unwrap().contains("word0"));
    }
}
