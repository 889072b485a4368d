//! The training loop.

use crate::TrainerError;
use crate::adam::Adam;
use crate::checkpoint::{Checkpoint, State};
use crate::config::Train;
use crate::data::{Part, power};
use crate::error::Divergence;
use crate::gradient::Gradient;
use crate::initialise::initial_weights;
use crate::progress::{Progress, Status};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::model::WaveNetSpec;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The level that NAM's trainer brings every target to. Learning rates that suit one recording
/// then suit them all.
const NOMINAL_DBFS: f64 = -18.0;
/// How much more audio goes into training than into measuring.
const TRAIN_PER_VALIDATION: usize = 8;
/// Shortest time between two writings of the last checkpoint.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(20);

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// All steps were taken.
    Steps,
    /// The time was up.
    Time,
    /// Somebody asked for it.
    Interrupted,
    /// Training left the numbers; the best weights from before are kept.
    Diverged(Divergence),
}

/// What training gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The architecture with the scale it was trained at.
    pub spec: WaveNetSpec,
    /// The best weights.
    pub weights: Vec<f32>,
    /// Their error-to-signal ratio on the held-out part.
    pub esr: f64,
    /// The same before the first step.
    pub first_esr: f64,
    /// The step after which they were measured.
    pub step: u64,
    /// Steps taken.
    pub steps: u64,
    /// Time spent, in seconds.
    pub seconds: f64,
    /// Outputs a second that gradients were computed for.
    pub samples_per_second: f64,
    /// Why it ended.
    pub end: End,
}

/// The architecture with its head scaled so that the network, at its usual inner levels, gives
/// `target`'s level.
pub fn scaled_to(spec: &WaveNetSpec, target: &[f32]) -> WaveNetSpec {
    let rms = power(target).sqrt();
    let nominal = 10f64.powf(NOMINAL_DBFS / 20.0);
    let mut spec = spec.clone();
    spec.head_scale = (f64::from(spec.head_scale) * rms / nominal) as f32;
    spec
}

/// Where checkpoints lie in an out folder.
pub fn checkpoint_paths(folder: &Path) -> (PathBuf, PathBuf) {
    (folder.join("best.safetensors"), folder.join("last.safetensors"))
}

/// A training run.
pub struct Run<'a> {
    /// The architecture, from [`scaled_to`].
    pub spec: &'a WaveNetSpec,
    /// How to train.
    pub train: &'a Train,
    /// Length of the training part.
    pub train_samples: usize,
    /// Outputs of a segment: those of `train`, or all there are.
    pub segment_samples: usize,
    /// What is measured on.
    pub validation: &'a Part,
    /// Computes gradients.
    pub gradient: &'a mut dyn Gradient,
    /// Where checkpoints go; nowhere if `None`.
    pub folder: Option<&'a Path>,
    /// Sample rate of the recording, in Hz.
    pub rate_hz: u32,
    /// Which recording it is: [`crate::data::fingerprint`].
    pub recording: u64,
    /// Set from another thread to end training after the current step.
    pub stop: &'a AtomicBool,
}

impl Run<'_> {
    /// The state before the first step.
    pub fn start(&self) -> Checkpoint {
        let weights = initial_weights(self.spec, self.train.seed);
        Checkpoint {
            state: State {
                spec: self.spec.clone(),
                seed: self.train.seed,
                step: 0,
                best_esr: f64::INFINITY,
                best_step: 0,
                seconds: 0.0,
                rate_hz: self.rate_hz,
                batch: self.train.batch,
                segment_samples: self.segment_samples,
                recording: self.recording,
            },
            adam: Adam::new(weights.len()),
            average: self.train.average.map(|_| weights.clone()),
            best: weights.clone(),
            weights,
        }
    }

    /// Segments of the batch of step `step`: a function of seed and step alone.
    fn starts(&self, step: u64, starts: &mut [usize]) {
        let mut rng = ChaCha8Rng::seed_from_u64(self.train.seed);
        // Stream 0 made the weights.
        rng.set_stream(step + 1);
        let last = self.train_samples - self.segment_samples;
        for start in starts {
            *start = rng.random_range(0..=last);
        }
    }

    /// The ESR of `weights` on the held-out part.
    ///
    /// # Errors
    /// libtorch fails.
    pub fn measure(&mut self, weights: &[f32]) -> Result<f64, TrainerError> {
        let output = self.gradient.predict(weights, self.validation)?;
        Ok(crate::evaluate::esr(&output, self.validation.target()))
    }

    /// Trains from `checkpoint` (see [`Run::start`]) to the end. Before the first step nothing is
    /// written.
    ///
    /// # Errors
    /// A checkpoint cannot be written, libtorch fails, or the loss leaves the numbers before any
    /// weights were better than those of the start.
    pub fn train(
        mut self,
        mut checkpoint: Checkpoint,
        progress: &mut Progress,
    ) -> Result<Outcome, TrainerError> {
        let train = self.train;
        let schedule = train.schedule();
        let per_step = train.batch * self.segment_samples;
        let every = (TRAIN_PER_VALIDATION * self.validation.len())
            .div_ceil(per_step)
            .max(self.train_samples / per_step);
        let every = (every.max(1) as u64).min(train.steps);
        let (before, begun) = (checkpoint.state.seconds, Instant::now());
        let limit = train.max_minutes.map(|m| m * 60.0);
        let mut gradient = vec![0.0; checkpoint.weights.len()];
        let mut starts = vec![0; train.batch];
        let mut busy = Duration::ZERO;
        let mut saved = Instant::now();
        let (mut sum, mut count) = (0.0, 0u64);
        let first_step = checkpoint.state.step;
        let first_esr = self.measure(&checkpoint.weights)?;
        if !checkpoint.state.best_esr.is_finite() {
            checkpoint.state.best_esr = first_esr;
        }
        let end = loop {
            let step = checkpoint.state.step;
            checkpoint.state.seconds = before + begun.elapsed().as_secs_f64();
            let by_time = limit.map_or(0.0, |l| checkpoint.state.seconds / l);
            let done = (step as f64 / train.steps as f64).max(by_time);
            let end = match () {
                () if step >= train.steps => Some(End::Steps),
                () if by_time >= 1.0 => Some(End::Time),
                () if self.stop.load(Ordering::Relaxed) => Some(End::Interrupted),
                () => None,
            };
            let fresh = step > first_step && (step.is_multiple_of(every) || end.is_some());
            if fresh {
                let esr = self.keep_best(&mut checkpoint)?;
                let status = Status {
                    step,
                    loss: sum / count.max(1) as f64,
                    esr,
                    best_esr: checkpoint.state.best_esr,
                    learning_rate: schedule.rate(step, done),
                    samples_per_second: ((step - first_step) as usize * per_step) as f64
                        / busy.as_secs_f64().max(1e-9),
                };
                progress.measured(&status);
                (sum, count) = (0.0, 0);
            }
            if end.is_some() && step > 0 || fresh && saved.elapsed() > CHECKPOINT_INTERVAL {
                if let Some(folder) = self.folder {
                    checkpoint.save(&checkpoint_paths(folder).1)?;
                }
                saved = Instant::now();
            }
            if let Some(end) = end {
                break end;
            }
            let at = Instant::now();
            self.starts(step, &mut starts);
            let batch = self.gradient.gradient(&checkpoint.weights, &starts, &mut gradient)?;
            if let Err(divergence) = check(step, batch.loss, &gradient) {
                // The last checkpoint stays as it was: these weights lead nowhere.
                match checkpoint.state.best_step {
                    0 => return Err(TrainerError::Diverged(divergence)),
                    _ => break End::Diverged(divergence),
                }
            }
            checkpoint.adam.step(&mut checkpoint.weights, &gradient, schedule.rate(step, done));
            if let (Some(keep), Some(average)) = (train.average, &mut checkpoint.average) {
                follow(average, &checkpoint.weights, keep, step);
            }
            checkpoint.state.step += 1;
            busy += at.elapsed();
            sum += batch.loss;
            count += 1;
            progress.stepped(step + 1, done, batch.esr, checkpoint.state.best_esr);
        };
        progress.finish();
        let steps = checkpoint.state.step;
        Ok(Outcome {
            spec: checkpoint.state.spec,
            weights: checkpoint.best,
            esr: checkpoint.state.best_esr,
            first_esr,
            step: checkpoint.state.best_step,
            steps,
            seconds: checkpoint.state.seconds,
            samples_per_second: ((steps - first_step) as usize * per_step) as f64
                / busy.as_secs_f64().max(1e-9),
            end,
        })
    }

    /// Measures the current weights, keeps them if they are the best, and gives their ESR.
    fn keep_best(&mut self, checkpoint: &mut Checkpoint) -> Result<f64, TrainerError> {
        let weights = checkpoint.average.as_ref().unwrap_or(&checkpoint.weights);
        let output = self.gradient.predict(weights, self.validation)?;
        let esr = crate::evaluate::esr(&output, self.validation.target());
        if esr < checkpoint.state.best_esr {
            checkpoint.best.copy_from_slice(weights);
            checkpoint.state.best_esr = esr;
            checkpoint.state.best_step = checkpoint.state.step;
            if let Some(folder) = self.folder {
                checkpoint.save(&checkpoint_paths(folder).0)?;
            }
        }
        Ok(esr)
    }
}

fn check(step: u64, loss: f64, gradient: &[f32]) -> Result<(), Divergence> {
    if !loss.is_finite() {
        return Err(Divergence { step: step + 1, what: "loss", value: loss });
    }
    match gradient.iter().find(|g| !g.is_finite()) {
        Some(&g) => Err(Divergence { step: step + 1, what: "gradient", value: f64::from(g) }),
        None => Ok(()),
    }
}

/// Moves the running average; the first steps count for more, so that it forgets the start.
fn follow(average: &mut [f32], weights: &[f32], keep: f64, step: u64) {
    let keep = keep.min((step + 1) as f64 / (step + 10) as f64) as f32;
    for (average, weight) in average.iter_mut().zip(weights) {
        *average += (1.0 - keep) * (weight - *average);
    }
}
