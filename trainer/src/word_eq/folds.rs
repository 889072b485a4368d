//! The report: decoders trained without some people, measured on those people.

use super::config::EqConfig;
use super::curves::{Curve, largest, level_removed};
use super::decoder::Decoder;
use super::report::{Effort, Errors, decoder_errors, differences, fit};
use super::response::curves;
use super::safe::{NamedSettings, folds};
use super::session::Material;
use super::training::{DecoderTraining, TrainedDecoder};
use crate::TrainerError;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::word_eq::LATENT;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

/// Seed of the differences and the floors.
const SEED: u64 = 11;

/// Words and blends that are measured.
const BLENDS: usize = 500;

/// What a fold's people are measured by.
struct Task {
    name: &'static str,
    curves: Vec<Curve>,
}

/// Trains a decoder for each fold and prints, for every kind of curve, its errors on people it never saw
/// beside the floor. Writes nothing.
///
/// Those people are in nothing that the decoder learns from. They are in the 32 directions of the space, which
/// hold all but some thousandths of the energy of any equaliser's curves, theirs or not.
///
/// # Errors
/// There are no settings of people, a file is refused, or training fails.
pub fn report(config: &EqConfig, stop: &AtomicBool, say: &dyn Fn(&str)) -> Result<(), TrainerError> {
    // A fold for each thread: so small networks gain little from several.
    tch::set_num_threads(1);
    let material = Material::read(config, say)?;
    if material.safe.is_empty() {
        return Err(TrainerError::Setting(
            "the report needs settings of people: `word_eq.semantic` must name a folder with safe_eq.csv"
                .into(),
        ));
    }
    let options = &config.word_eq.report;
    let fold_of = folds(&material.safe, options.folds);
    let mut how = config.word_eq.decoder.training();
    how.steps = options.steps.unwrap_or(how.steps);
    say(&format!("{:>4} {:>9} {:>22} {}", "fold", "settings", "curves, errors in dB", Errors::HEADER));
    let jobs = Jobs { material: &material, how: &how, fold_of: &fold_of, floor_curves: options.floor_curves };
    let results = jobs.run(options.folds, config.word_eq.threads, stop, say)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(());
    }
    summary(&results, say);
    let largest_db = largest(results.iter().map(|fold| &fold.flatness_db));
    say(&format!("latent 0: at most {largest_db:.1e} dB from flat"));
    Ok(())
}

/// What the folds share.
#[derive(Clone, Copy)]
struct Jobs<'a> {
    material: &'a Material,
    how: &'a DecoderTraining,
    fold_of: &'a [usize],
    floor_curves: usize,
}

/// A fold, measured.
struct Measured {
    fold: usize,
    settings: usize,
    rows: Vec<Row>,
    flatness_db: f64,
    seconds: f64,
}

/// A kind of curves, measured.
struct Row {
    name: &'static str,
    /// Errors of the network alone, in dB, curve by curve.
    network: Vec<f64>,
    /// As the plugin has them.
    polished: Vec<f64>,
    /// Floors of the first of these curves.
    floor: Vec<f64>,
}

impl Measured {
    fn say(&self, say: &dyn Fn(&str)) {
        let Self { fold, settings, seconds, .. } = self;
        for row in &self.rows {
            let [network, polished, floor] =
                [&row.network, &row.polished, &row.floor].map(|errors| Errors::of(errors));
            say(&format!("{fold:>4} {settings:>9} {:>22} {network} {polished} {floor}", row.name));
        }
        say(&format!("{fold:>4} trained in {seconds:.0} s"));
    }
}

impl Jobs<'_> {
    /// Measures all folds, so many at a time; in their order.
    fn run(
        self,
        folds: usize,
        threads: usize,
        stop: &AtomicBool,
        say: &dyn Fn(&str),
    ) -> Result<Vec<Measured>, TrainerError> {
        let next = AtomicUsize::new(0);
        let (send, receive) = mpsc::channel();
        let mut results = Vec::new();
        std::thread::scope(|scope| {
            for _ in 0..threads.min(folds) {
                let (next, send) = (&next, send.clone());
                scope.spawn(move || {
                    loop {
                        let fold = next.fetch_add(1, Ordering::Relaxed);
                        // Nobody listens any more once another fold has failed.
                        if fold >= folds || send.send(self.fold(fold, stop)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(send);
            for result in receive {
                let measured: Measured = result?;
                measured.say(say);
                results.push(measured);
            }
            Ok::<(), TrainerError>(())
        })?;
        results.sort_by_key(|fold| fold.fold);
        Ok(results)
    }

    /// Trains without a fold's people and measures on them.
    fn fold(self, fold: usize, stop: &AtomicBool) -> Result<Measured, TrainerError> {
        let begun = Instant::now();
        let trained = self.material.train_without(&|i| self.fold_of[i] == fold, self.how, stop)?;
        let seconds = begun.elapsed().as_secs_f64();
        let settings = self.material.safe.iter().zip(self.fold_of);
        let unseen: Vec<&NamedSettings> = settings.filter(|(_, f)| **f == fold).map(|(s, _)| s).collect();
        let words = self.material.words.as_ref().map_or(&[][..], |(_, curves)| curves);
        let mut rows = Vec::new();
        for task in tasks(&unseen, words) {
            let [network, polished] = decoder_errors(&trained, &self.material.space, &task.curves)?;
            let sample = &task.curves[..self.floor_curves.min(task.curves.len())];
            let fits = fit(sample, Effort::THOROUGH, SEED)?;
            let floor = fits.iter().map(|f| f.error_db).collect();
            rows.push(Row { name: task.name, network, polished, floor });
        }
        let flatness_db = at_zero_db(&trained, self.material)?;
        Ok(Measured { fold, settings: unseen.len(), rows, flatness_db, seconds })
    }
}

/// People's settings, all and those of the two words with real support; their differences; without level;
/// and what the plugin asks for: words, and blends of two, at any strength.
fn tasks(unseen: &[&NamedSettings], words: &[Curve]) -> Vec<Task> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut unseen = unseen.to_vec();
    let supported = |s: &&&NamedSettings| ["warm", "bright"].contains(&s.word.trim().to_lowercase().as_str());
    let mut warm_bright: Vec<Curve> = unseen.iter().filter(supported).map(|s| s.curve).collect();
    // The floor is found for the first of each.
    unseen.shuffle(&mut rng);
    warm_bright.shuffle(&mut rng);
    let all: Vec<Curve> = unseen.iter().map(|s| s.curve).collect();
    let people: Vec<(&str, Curve)> = unseen.iter().map(|s| (s.user.as_str(), s.curve)).collect();
    let mut tasks = vec![
        Task { name: "differences", curves: differences(&people, SEED) },
        Task { name: "settings less level", curves: all.iter().map(level_removed).collect() },
        Task { name: "warm and bright", curves: warm_bright },
    ];
    tasks.insert(0, Task { name: "settings", curves: all });
    let mut blend = || {
        let strength = rng.random_range(-3.0..=3.0);
        let share = if rng.random_bool(0.5) { rng.random() } else { 0.0 };
        match (words.choose(&mut rng), words.choose(&mut rng)) {
            (Some(a), Some(b)) => Some(std::array::from_fn(|i| strength * (a[i] + share * (b[i] - a[i])))),
            _ => None,
        }
    };
    let blends: Vec<Curve> = (0..BLENDS).filter_map(|_| blend()).collect();
    if !blends.is_empty() {
        tasks.push(Task { name: "words, -3 to 3 times", curves: blends });
    }
    tasks
}

/// Each kind of curve: over all people at once, over the folds, and beside the floor on the same curves.
fn summary(folds: &[Measured], say: &dyn Fn(&str)) {
    let kinds = folds.iter().map(|fold| fold.rows.len()).min().unwrap_or(0);
    for kind in 0..kinds {
        let of: Vec<&Row> = folds.iter().map(|fold| &fold.rows[kind]).collect();
        let pooled = |errors: fn(&Row) -> &[f64]| -> Vec<f64> {
            of.iter().flat_map(|row| errors(row)).copied().collect()
        };
        let (polished, network) = (pooled(|row| &row.polished), pooled(|row| &row.network));
        say(&format!(
            "{}: {} curves of all folds: mean, median, 90 % {} dB; network alone {}",
            of[0].name,
            polished.len(),
            Errors::of(&polished),
            Errors::of(&network)
        ));
        let each: Vec<Errors> = of.iter().map(|row| Errors::of(&row.polished)).collect();
        let over_folds = |figure: fn(&Errors) -> f64| {
            // A fold without such curves has no figure.
            let all: Vec<f64> = each.iter().map(figure).filter(|db| !db.is_nan()).collect();
            let worst = all.iter().copied().fold(f64::NAN, f64::max);
            let all = Errors::of(&all);
            format!("mean {:.3}, median {:.3}, worst {worst:.3}", all.mean_db, all.median_db)
        };
        say(&format!(
            "  over the folds: of the mean: {}; of the 90 %: {}",
            over_folds(|e| e.mean_db),
            over_folds(|e| e.ninety_db)
        ));
        let floor = pooled(|row| &row.floor);
        if !floor.is_empty() {
            let same = pooled(|row| &row.polished[..row.floor.len()]);
            let (count, same, floor) = (floor.len(), Errors::of(&same), Errors::of(&floor));
            say(&format!("  on {count} of the curves: {same} dB, and their floor {floor} dB"));
        }
    }
}

/// How far from flat a decoder is at latent 0, at most, in dB.
fn at_zero_db(trained: &TrainedDecoder, material: &Material) -> Result<f64, TrainerError> {
    let decoder = Decoder::new(trained.shape, &trained.weights, &material.space)?;
    let curve = curves(&decoder.settings(&[[0.0; LATENT]])?)?;
    Ok(largest(curve.as_flattened()))
}
