//! What is neutral: balances of uncoloured sounds of each kind.

use super::encoder::material::Material;
use super::sound::{Origin, Source};
use shared::word_eq::{GRID, Kind, LATENT, Latent, LatentSpace, Neutral, WordEqError, WordTable};

/// Most prototypes of a kind.
pub const MOST_PROTOTYPES: usize = 60;
/// Recorded sounds from which on a kind does without synthesised ones.
const ENOUGH_RECORDED: usize = 12;

/// The balances of the sources as they are, kind by kind, as latents relative to `mean`; thinned to
/// [`MOST_PROTOTYPES`]. Synthesis stands in only where hardly anything was recorded.
pub fn neutrals(
    sources: &[Source],
    material: &Material,
    space: &LatentSpace,
    mean_balance_db: &[f32; GRID],
) -> Vec<Neutral> {
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Any);
    let neutrals = kinds.map(|kind| {
        let balances = |synthesised: bool| -> Vec<Latent> {
            let plain = material.clips.iter().filter(|clip| {
                clip.variant == 0
                    && sources[clip.source].kind == Some(kind)
                    && (clip.origin == Origin::Synthesis) == synthesised
            });
            plain.map(|clip| latent(space, &clip.balance_db, mean_balance_db)).collect()
        };
        let mut all = balances(false);
        if all.len() < ENOUGH_RECORDED {
            all.extend(balances(true));
        }
        Neutral { kind, prototypes: thinned(&all, MOST_PROTOTYPES) }
    });
    neutrals.filter(|neutral| !neutral.prototypes.is_empty()).collect()
}

/// The latent of a balance relative to another.
pub fn latent(space: &LatentSpace, balance_db: &[f32; GRID], mean_db: &[f32; GRID]) -> Latent {
    let latent = space.latent(&std::array::from_fn(|i| f64::from(balance_db[i] - mean_db[i])));
    // A thousandth of a dB is nothing, and the table shall stay small.
    latent.map(|v| (v * 1e3).round() / 1e3)
}

/// A table with other neutral sounds.
///
/// # Errors
/// A balance is not finite.
pub fn with_neutrals(
    table: &WordTable,
    neutrals: Vec<Neutral>,
    mean_balance_db: [f32; GRID],
    sources: &[String],
) -> Result<WordTable, WordEqError> {
    let mut all = table.sources().to_vec();
    all.extend(sources.iter().filter(|s| !table.sources().contains(s)).cloned());
    let mean = mean_balance_db.map(|v| (v * 1e3).round() / 1e3);
    WordTable::new(table.words().to_vec(), neutrals, mean, table.space().clone(), all)
}

fn apart(a: &Latent, b: &Latent) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// At most `most` of some balances that stand for all: each next one is the farthest from those so far
/// (T. Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985), then each is replaced by the
/// one in the middle of those that are nearest to it.
fn thinned(all: &[Latent], most: usize) -> Vec<Latent> {
    if all.len() <= most {
        return all.to_vec();
    }
    let mean: Latent =
        std::array::from_fn::<f32, LATENT, _>(|k| all.iter().map(|l| l[k]).sum::<f32>() / all.len() as f32);
    let nearest_to =
        |to: &Latent| (0..all.len()).min_by(|&a, &b| apart(&all[a], to).total_cmp(&apart(&all[b], to)));
    let mut chosen: Vec<usize> = nearest_to(&mean).into_iter().collect();
    let mut distance: Vec<f32> = all.iter().map(|l| apart(l, &all[chosen[0]])).collect();
    while chosen.len() < most {
        let Some(next) = (0..all.len()).max_by(|&a, &b| distance[a].total_cmp(&distance[b])) else { break };
        chosen.push(next);
        distance.iter_mut().zip(all).for_each(|(d, l)| *d = d.min(apart(l, &all[next])));
    }
    let mut groups = vec![Vec::new(); chosen.len()];
    for (i, latent) in all.iter().enumerate() {
        let to = |c: &usize| apart(latent, &all[chosen[*c]]);
        let nearest = (0..chosen.len()).min_by(|a, b| to(a).total_cmp(&to(b))).unwrap_or(0);
        groups[nearest].push(i);
    }
    let middle = |group: &Vec<usize>| {
        let sum = |&i: &usize| group.iter().map(|&j| apart(&all[i], &all[j])).sum::<f32>();
        group.iter().copied().min_by(|a, b| sum(a).total_cmp(&sum(b)))
    };
    groups.iter().filter_map(middle).map(|i| all[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32) -> Latent {
        let mut latent = [0.0; LATENT];
        latent[0] = x;
        latent
    }

    #[test]
    fn few_stand_for_all() {
        // Three heaps; the middle of each is what stays.
        let heaps = [[-1.0, 0.0, 1.0], [49.0, 50.0, 51.0], [-81.0, -80.0, -79.0]];
        let all: Vec<Latent> = heaps.as_flattened().iter().map(|x| at(*x)).collect();
        let mut few: Vec<f32> = thinned(&all, 3).iter().map(|l| l[0]).collect();
        few.sort_by(f32::total_cmp);
        assert_eq!(few, [-80.0, 0.0, 50.0]);
        assert_eq!(thinned(&all, 9), all);
    }
}
