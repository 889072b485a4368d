//! Which groups are tested together.

use super::{Origin, Source, rng_of};
use rand::seq::SliceRandom;
use std::collections::HashMap;

/// For each source the fold it is tested in; none for synthesis, which is only learned from.
pub type Folds = Vec<Option<usize>>;

/// Deals groups to `count` folds: those of many sources first, so that they are spread, then the others, each
/// in an order drawn by `seed`. With nothing but synthesis, that is tested with.
pub fn folds(sources: &[Source], count: usize, seed: u64) -> Folds {
    let only_synthesis = sources.iter().all(|s| s.origin == Origin::Synthesis);
    let tested = |s: &&Source| only_synthesis || s.origin != Origin::Synthesis;
    let mut sizes: HashMap<&str, usize> = HashMap::new();
    for source in sources.iter().filter(tested) {
        *sizes.entry(&source.group).or_default() += 1;
    }
    let mut groups: Vec<(&str, usize)> = sizes.into_iter().collect();
    groups.sort_unstable();
    groups.shuffle(&mut rng_of("folds", seed));
    groups.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    // Each goes to the fold that has least, so that folds are of a size.
    let mut filled = vec![0; count.max(1)];
    let mut fold_of: HashMap<&str, usize> = HashMap::new();
    for (group, size) in groups {
        let least = (0..filled.len()).min_by_key(|&f| filled[f]).unwrap_or(0);
        filled[least] += size;
        fold_of.insert(group, least);
    }
    sources.iter().map(|s| fold_of.get(s.group.as_str()).copied().filter(|_| tested(&s))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(group: &str, origin: Origin) -> Source {
        let samples = vec![0.5; 100];
        Source { name: group.into(), group: group.into(), origin, kind: None, rate_hz: 48_000, samples }
    }

    #[test]
    fn a_group_is_in_one_fold_and_folds_are_of_a_size() {
        let mut sources = Vec::new();
        for g in 0..40 {
            for _ in 0..=(g % 4) {
                sources.push(source(&format!("g{g}"), Origin::Recording));
            }
        }
        sources.push(source("made", Origin::Synthesis));
        let folds = folds(&sources, 5, 1);
        let mut sizes = [0; 5];
        for (a, fold_a) in sources.iter().zip(&folds) {
            for (b, fold_b) in sources.iter().zip(&folds) {
                assert!(a.group != b.group || fold_a == fold_b, "{}", a.group);
            }
            if let Some(f) = fold_a {
                sizes[*f] += 1;
            }
        }
        assert_eq!(folds.last(), Some(&None));
        assert_eq!(sizes, [20; 5]);
        assert_ne!(folds, super::folds(&sources, 5, 2), "the seed decides");
    }

    #[test]
    fn synthesis_is_tested_with_where_there_is_nothing_else() {
        let sources: Vec<_> = (0..10).map(|g| source(&format!("s{g}"), Origin::Synthesis)).collect();
        assert!(folds(&sources, 5, 1).iter().all(Option::is_some));
    }
}
