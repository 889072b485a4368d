//! How well the encoder estimates balances of sources it never heard, beside everything simpler.

use super::baselines::{LOG_MEAN_ROW, MEAN_LOG_ROW, ridge};
use super::material::{Material, TIMES};
use super::network::{Encoder, Trained};
use super::score::{Curve, Score, Sums};
use super::seed_network::SeedNetwork;
use super::training::{EncoderTraining, curve_db, measured_db, train};
use crate::TrainerError;
use crate::word_eq::parallel;
use crate::word_eq::sound::Origin;
use shared::word_eq::LatentSpace;
use std::fmt;
use std::sync::atomic::AtomicBool;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The encoder.
    Encoder,
    /// What it corrects: the balance measured from short spectra by geometry alone.
    Measured,
    /// Ridge regression on the logarithm of the mean power in mel bands.
    RidgeLogMean,
    /// Ridge regression on the mean of the logarithms.
    RidgeMeanLog,
    /// The network Tonewright began with.
    Seed,
    /// Always the mean of the training material.
    Mean,
}

impl Way {
    /// All of them, as they stand in the table.
    pub const ALL: [Self; 6] =
        [Self::Encoder, Self::Measured, Self::RidgeLogMean, Self::RidgeMeanLog, Self::Seed, Self::Mean];

    fn name(self) -> &'static str {
        match self {
            Self::Encoder => "encoder",
            Self::Measured => "measured directly, nothing learned",
            Self::RidgeLogMean => "ridge on log mean-power mel",
            Self::RidgeMeanLog => "ridge on mean log-mel",
            Self::Seed => "FastAudioEncoder of the seed",
            Self::Mean => "mean of the training material",
        }
    }
}

/// How long the source of a clip is. What is shorter than the truth's least length is repeated: then the
/// listening hears all there is to know, and the balance is no longer a guess about the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    All,
    Long,
    Middle,
    Short,
}

impl Length {
    const ALL: [Self; 4] = [Self::All, Self::Long, Self::Middle, Self::Short];

    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Long => "of at least 6 s",
            Self::Middle => "from 3 to 6 s, repeated: within 6 s all of the truth is heard",
            Self::Short => "under 3 s, repeated: after 3 s all of the truth was heard",
        }
    }

    fn of(seconds: f64) -> Self {
        match seconds {
            6.0.. => Self::Long,
            3.0.. => Self::Middle,
            _ => Self::Short,
        }
    }
}

/// How the comparison is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Folds.
    pub folds: usize,
    /// Steps of the network Tonewright began with.
    pub rival_steps: u64,
    /// Folds at a time, each on a thread.
    pub threads: usize,
}

/// Scores of all ways after all times, and of the encoder by origin.
#[derive(Clone, Debug, Default)]
pub struct Table {
    sums: [[[Sums; TIMES.len()]; Way::ALL.len()]; Length::ALL.len()],
    /// Clips and sources of each [`Length`].
    counts: [(usize, usize); Length::ALL.len()],
    by_origin: [Sums; Origin::ALL.len()],
    /// The encoder's after the last time, of clips of plain variants, of coloured ones.
    by_colour: [Sums; 2],
    /// The encoder's score after the last time, in each fold.
    pub folds: Vec<Score>,
}

impl Table {
    /// The score of a way after a time.
    pub fn score(&self, way: Way, time: usize) -> Score {
        self.sums[Length::All as usize][way as usize][time].score()
    }

    fn merge(&mut self, other: &Self) {
        let own = self.sums.as_flattened_mut().as_flattened_mut();
        let pairs = own.iter_mut().zip(other.sums.as_flattened().as_flattened());
        pairs.for_each(|(a, b)| a.merge(b));
        self.by_origin.iter_mut().zip(&other.by_origin).for_each(|(a, b)| a.merge(b));
        self.by_colour.iter_mut().zip(&other.by_colour).for_each(|(a, b)| a.merge(b));
        self.folds.extend(&other.folds);
        for (own, other) in self.counts.iter_mut().zip(other.counts) {
            *own = (own.0 + other.0, own.1 + other.1);
        }
    }
}

/// Trains everything on all folds but one, in turn, and tests it on that. Gives the encoders too, fold by fold.
///
/// # Errors
/// libtorch fails, or training diverges.
pub fn compare(
    how: &EncoderTraining,
    comparison: &Comparison,
    material: &Material,
    space: &LatentSpace,
    axis: Option<&Curve>,
    stop: &AtomicBool,
    say: &(dyn Fn(&str) + Sync),
) -> Result<(Table, Vec<Trained>), TrainerError> {
    let folds: Vec<usize> = (0..comparison.folds).collect();
    let done = parallel::map(&folds, comparison.threads, |&fold| {
        let done = one_fold(how, comparison, material, space, axis, fold, stop);
        if let Ok((table, _)) = &done {
            let [score] = table.folds.as_slice() else { return done };
            say(&format!(
                "encoder: fold {} of {}: {:.3}, along the axis {:.3} after {}",
                fold + 1,
                comparison.folds,
                score.balance,
                score.axis,
                TIMES[TIMES.len() - 1].0
            ));
        }
        done
    });
    let mut table = Table::default();
    let mut encoders = Vec::new();
    for done in done {
        let (fold, encoder) = done?;
        table.merge(&fold);
        encoders.push(encoder);
    }
    Ok((table, encoders))
}

fn one_fold(
    how: &EncoderTraining,
    comparison: &Comparison,
    material: &Material,
    space: &LatentSpace,
    axis: Option<&Curve>,
    fold: usize,
    stop: &AtomicBool,
) -> Result<(Table, Trained), TrainerError> {
    let trained = train(how, material, space, Some(fold), stop)?;
    let mean = trained.mean_balance_db;
    let encoder = Encoder::new(&trained, space)?;
    let seed =
        SeedNetwork::train(material, space, &mean, Some(fold), comparison.rival_steps, how.seed, stop)?;
    let clips = material.testing(fold);
    let mut table = Table::default();
    let mut last_source = None;
    for &clip in &clips {
        let info = &material.clips[clip];
        let is_new = last_source.replace(info.source) != Some(info.source);
        for length in [Length::All, Length::of(info.source_seconds)] {
            let count = &mut table.counts[length as usize];
            *count = (count.0 + 1, count.1 + usize::from(is_new));
        }
    }
    for time in 0..TIMES.len() {
        let ridges =
            [LOG_MEAN_ROW, MEAN_LOG_ROW].map(|row| ridge(material, fold, comparison.folds, time, row));
        let [log_mean, mean_log] = ridges;
        let (log_mean, mean_log) = (log_mean?, mean_log?);
        let features: Vec<f32> = clips.iter().flat_map(|&c| material.features(c, time)).copied().collect();
        let latents = encoder.latents(&features)?;
        for (i, &clip) in clips.iter().enumerate() {
            let info = &material.clips[clip];
            let truth = &info.balance_db;
            let estimate = curve_db(space, &mean, &latents[i]);
            let seed = curve_db(space, &mean, &seed.latent(clip, info.windows[time])?);
            let measured = measured_db(material.features(clip, time));
            let all = [estimate, measured, log_mean[i], mean_log[i], seed, mean];
            for length in [Length::All, Length::of(info.source_seconds)] {
                for (way, estimate) in table.sums[length as usize].iter_mut().zip(&all) {
                    way[time].add(estimate, truth, &mean, axis);
                }
            }
            if time + 1 == TIMES.len() {
                table.by_origin[info.origin as usize].add(&estimate, truth, &mean, axis);
                table.by_colour[usize::from(info.variant > 1)].add(&estimate, truth, &mean, axis);
            }
        }
    }
    table.folds.push(table.score(Way::Encoder, TIMES.len() - 1));
    Ok((table, trained))
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "R² of the balance (along the bright-warm axis) on sources that were not heard in training; \
             amp models and cabinets are the same in training and test"
        )?;
        for (length, (clips, sources)) in Length::ALL.into_iter().zip(self.counts) {
            if clips == 0 {
                continue;
            }
            writeln!(f, "sources, {}: {clips} clips of {sources}", length.name())?;
            write!(f, "{:36}", "")?;
            for (name, _) in TIMES {
                write!(f, "{name:>16}")?;
            }
            writeln!(f)?;
            for (way, sums) in Way::ALL.into_iter().zip(&self.sums[length as usize]) {
                write!(f, "{:36}", way.name())?;
                for sums in sums {
                    let score = sums.score();
                    write!(f, "{:>8.3} ({:.3})", score.balance, score.axis)?;
                }
                writeln!(f)?;
            }
        }
        let last = TIMES[TIMES.len() - 1].0;
        writeln!(f, "the encoder after {last}:")?;
        for (score, number) in self.folds.iter().zip(1..) {
            writeln!(f, "  {:34}{:>8.3} ({:.3})", format!("fold {number}"), score.balance, score.axis)?;
        }
        let colours = ["as they are", "coloured"].into_iter().zip(&self.by_colour);
        let origins = Origin::ALL.into_iter().map(Origin::name).zip(&self.by_origin);
        for (name, sums) in colours.chain(origins) {
            let score = sums.score();
            if score.balance < 1.0 {
                writeln!(f, "  {name:34}{:>8.3} ({:.3})", score.balance, score.axis)?;
            }
        }
        Ok(())
    }
}
