//! The training loop.

use crate::TrainerError;
use crate::checkpoint::{Checkpoint, Learned, Older, State};
use crate::config::Train;
use crate::course::Course;
use crate::data::{Part, power};
use crate::error::Divergence;
use crate::gradient::{Learner, Step};
use crate::history::{History, Point};
use crate::initialise::initial_weights;
use crate::progress::{Measured, Progress};
use crate::schedule::Schedule;
use crate::shape::Shape;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::model::WaveNetSpec;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The level that NAM's trainer brings every target to. Learning rates that suit one recording
/// then suit them all.
const NOMINAL_DBFS: f64 = -18.0;
/// How much more audio goes into training than into measuring.
const TRAIN_PER_VALIDATION: usize = 8;

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// All steps were taken.
    Steps,
    /// The ESR that was asked for is reached.
    Target,
    /// The time was up.
    Time,
    /// Somebody asked for it.
    Interrupted,
    /// Training left the numbers; the best weights from before are kept.
    Diverged(Divergence),
}

impl End {
    /// The reason, in words.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Steps => "all steps taken",
            Self::Target => "the ESR that was asked for is reached",
            Self::Time => "time is up",
            Self::Interrupted => "interrupted",
            Self::Diverged(_) => "diverged",
        }
    }
}

/// What training gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was trained, with the scale it was trained at.
    pub shape: Shape,
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
    /// Outputs a second that gradients were computed for, in this sitting.
    pub samples_per_second: f64,
    /// Why it ended.
    pub end: End,
    /// Its course, over all sittings.
    pub history: History,
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

/// One of the networks that learn from the same batches.
pub struct Lane<'a> {
    /// What it is, from [`scaled_to`].
    pub shape: &'a Shape,
    /// The weights to begin with, of all that is learned or of the network alone; random ones if `None`. Knobs that bring no
    /// weights do nothing at first.
    pub from: Option<Vec<f32>>,
    /// What it is measured on.
    pub validation: &'a Part,
    /// Takes its steps.
    pub learner: Box<dyn Learner + 'a>,
}

/// A training run.
pub struct Run<'a> {
    /// How to train.
    pub train: &'a Train,
    /// Length of the training part.
    pub train_samples: usize,
    /// Outputs of a segment: those of `train`, or all there are.
    pub segment_samples: usize,
    /// The networks, smallest first; their held-out parts are equally long.
    pub lanes: Vec<Lane<'a>>,
    /// Where checkpoints go; nowhere if `None`.
    pub folder: Option<&'a Path>,
    /// Sample rate of the recording, in Hz.
    pub rate_hz: u32,
    /// Which recording it is: [`crate::data::fingerprint`].
    pub recording: u64,
    /// Where the gear's knobs stand for whoever follows the run; at their defaults where they are missing.
    pub settings: &'a [f32],
    /// What else decides its course; see [`Course::of`].
    pub course: Course,
    /// Set from another thread to end training after the current step.
    pub stop: &'a AtomicBool,
}

/// What a sitting has cost so far.
#[derive(Clone, Copy)]
struct Clock {
    begun: Instant,
    /// Time of all sittings before, in seconds.
    before: f64,
    /// Time spent on steps in this sitting, and at its last measurement.
    busy: Duration,
    busy_measured: Duration,
    /// The step after which the last measurement of this sitting was made.
    measured: u64,
}

impl Run<'_> {
    /// The state before the first step.
    pub fn start(&self) -> Checkpoint {
        let average = self.train.average.is_some();
        let learned = |lane: &Lane<'_>| {
            let random = || initial_weights(lane.shape.network(), self.train.seed);
            let mut weights = lane.from.clone().unwrap_or_else(random);
            if let Some(knobs) = lane.shape.knobs().filter(|knobs| knobs.weight_count() != weights.len()) {
                weights = crate::knobs::initial_weights(knobs, &weights, self.train.seed);
            }
            Learned::new(lane.shape.clone(), weights, average)
        };
        Checkpoint {
            state: State {
                seed: self.train.seed,
                step: 0,
                seconds: 0.0,
                rate_hz: self.rate_hz,
                batch: self.train.batch,
                segment_samples: self.segment_samples,
                recording: self.recording,
                course: self.course.clone(),
            },
            networks: self.lanes.iter().map(learned).collect(),
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

    /// Outputs of a batch.
    fn per_step(&self) -> usize {
        self.train.batch * self.segment_samples
    }

    /// Steps between two measurements: a function of the recording and the settings, so that a run that was
    /// interrupted measures after the same steps as one that was not.
    fn measured_every(&self) -> u64 {
        let held_out = self.lanes.first().map_or(0, |lane| lane.validation.len());
        let every = (TRAIN_PER_VALIDATION * held_out).div_ceil(self.per_step());
        let every = every.max(self.train_samples / self.per_step());
        (every.max(1) as u64).min(self.train.steps)
    }

    /// Trains from `checkpoint` (see [`Run::start`]) to the end and gives what each network learned. Before the
    /// first step nothing is written.
    ///
    /// Interrupted after any step and gone on with, the numbers are those of a run that was not: what is measured
    /// only because training ended is exported, and forgotten by the checkpoint.
    ///
    /// # Errors
    /// A checkpoint cannot be written, libtorch fails, or the loss leaves the numbers before any
    /// weights were better than those of the start.
    pub fn train(
        mut self,
        mut checkpoint: Checkpoint,
        progress: &mut Progress,
    ) -> Result<Vec<Outcome>, TrainerError> {
        let train = self.train;
        let schedule = train.schedule();
        let every = self.measured_every();
        let limit = train.max_minutes.map(|m| m * 60.0);
        let between_checkpoints = Duration::from_secs_f64(train.checkpoint_seconds);
        let first_step = checkpoint.state.step;
        let mut clock = Clock {
            begun: Instant::now(),
            before: checkpoint.state.seconds,
            busy: Duration::ZERO,
            busy_measured: Duration::ZERO,
            measured: first_step,
        };
        let mut starts = vec![0; train.batch];
        let mut saved = Instant::now();
        let mut older = if first_step == 0 { Older::AnotherRun } else { Older::Unknown };
        self.begin(&mut checkpoint)?;
        if let Some(largest) = checkpoint.networks.last() {
            let first_esr = largest.figures.first_esr.unwrap_or(f64::NAN);
            progress.begins(first_step, first_esr, &largest.history);
        }
        let (end, progress_made) = loop {
            let step = checkpoint.state.step;
            checkpoint.state.seconds = clock.before + clock.begun.elapsed().as_secs_f64();
            let by_time = limit.map_or(0.0, |l| checkpoint.state.seconds / l);
            let done = (step as f64 / train.steps as f64).max(by_time);
            let due = step.is_multiple_of(every) || step >= train.steps;
            if step > 0 && due && !was_measured(&checkpoint, step) {
                if let Err(error) = self.bring(&mut checkpoint, &mut clock) {
                    break (end_of_numbers(&checkpoint, error)?, done);
                }
                self.measure(&mut checkpoint, &mut clock, &schedule, done, progress)?;
            }
            let end = match () {
                () if step >= train.steps => Some(End::Steps),
                () if step > 0 && reached(&checkpoint, train.target_esr) => Some(End::Target),
                () if by_time >= 1.0 => Some(End::Time),
                () if self.stop.load(Ordering::Relaxed) => Some(End::Interrupted),
                () => None,
            };
            let save = end.is_some() || saved.elapsed() >= between_checkpoints;
            if save && step > first_step {
                if let Err(error) = self.bring(&mut checkpoint, &mut clock) {
                    break (end_of_numbers(&checkpoint, error)?, done);
                }
                if let Some(folder) = self.folder {
                    checkpoint.save_in(folder, std::mem::replace(&mut older, Older::Whole))?;
                }
                saved = Instant::now();
            }
            if let Some(end) = end {
                break (end, done);
            }
            let at = Instant::now();
            self.starts(step, &mut starts);
            let learning_rate = schedule.rate(step, done);
            let step = Step { number: step, starts: &starts, learning_rate, average: train.average };
            let batch_esr = match self.step(&mut checkpoint, &step) {
                Ok(batch_esr) => batch_esr,
                // The last checkpoint stays as it was: these weights lead nowhere.
                Err(error) => break (end_of_numbers(&checkpoint, error)?, done),
            };
            checkpoint.state.step += 1;
            clock.busy += at.elapsed();
            if let Some(largest) = checkpoint.networks.last() {
                // A device does not tell at once; until it does, the last that it told stands.
                let told = || largest.history.last().map_or(f64::NAN, |point| point.train_esr);
                let esr = batch_esr.unwrap_or_else(told);
                progress.stepped(checkpoint.state.step, done, esr, largest.best_esr());
            }
        };
        let steps = checkpoint.state.step;
        let outputs = (steps - first_step) as usize * self.per_step();
        if steps > 0 && !was_measured(&checkpoint, steps) && !matches!(end, End::Diverged(_)) {
            self.measure(&mut checkpoint, &mut clock, &schedule, progress_made, progress)?;
        }
        progress.finish();
        let State { seconds, .. } = checkpoint.state;
        let outcome = |learned: Learned| Outcome {
            esr: learned.best_esr(),
            first_esr: learned.figures.first_esr.unwrap_or(f64::NAN),
            shape: learned.shape,
            weights: learned.best,
            step: learned.figures.best_step,
            steps,
            seconds,
            samples_per_second: outputs as f64 / clock.busy.as_secs_f64().max(1e-9),
            end,
            history: learned.history,
        };
        Ok(checkpoint.networks.into_iter().map(outcome).collect())
    }

    /// Hands over what was learned before, and measures it once.
    fn begin(&mut self, checkpoint: &mut Checkpoint) -> Result<(), TrainerError> {
        for (lane, learned) in self.lanes.iter_mut().zip(&mut checkpoint.networks) {
            lane.learner.begin(learned)?;
            if learned.figures.best_esr.is_none() {
                let output = lane.learner.predict(&learned.weights, lane.validation)?;
                let esr = lane.validation.esr(&output);
                learned.figures.first_esr = Some(esr);
                // Weights that give no numbers are worse than any that do.
                learned.figures.best_esr = Some(if esr.is_finite() { esr } else { f64::MAX });
            }
        }
        Ok(())
    }

    /// Takes a step with every network; the batch's ESR with the largest, where it is known already.
    fn step(&mut self, checkpoint: &mut Checkpoint, step: &Step<'_>) -> Result<Option<f64>, TrainerError> {
        let mut esr = None;
        for (lane, learned) in self.lanes.iter_mut().zip(&mut checkpoint.networks) {
            esr = lane.learner.step(learned, step)?.map(|batch| batch.esr);
        }
        Ok(esr)
    }

    /// Brings the checkpoint up to date. Waiting for a device is part of the steps' time.
    fn bring(&mut self, checkpoint: &mut Checkpoint, clock: &mut Clock) -> Result<(), TrainerError> {
        let at = Instant::now();
        for (lane, learned) in self.lanes.iter_mut().zip(&mut checkpoint.networks) {
            lane.learner.bring(learned, checkpoint.state.step)?;
        }
        clock.busy += at.elapsed();
        Ok(())
    }

    /// Measures every network, keeps the weights that are the best so far, and writes a point of its history.
    fn measure(
        &mut self,
        checkpoint: &mut Checkpoint,
        clock: &mut Clock,
        schedule: &Schedule,
        done: f64,
        progress: &mut Progress,
    ) -> Result<(), TrainerError> {
        let step = checkpoint.state.step;
        let outputs = (step - clock.measured) as usize * self.per_step();
        let busy = clock.busy.saturating_sub(clock.busy_measured);
        let samples_per_second = outputs as f64 / busy.as_secs_f64().max(1e-9);
        (clock.measured, clock.busy_measured) = (step, clock.busy);
        for (lane, learned) in self.lanes.iter_mut().zip(&mut checkpoint.networks) {
            let esr = keep_best(lane, learned, step)?;
            let (loss, train_esr) = learned.figures.take_means();
            learned.history.push(Point {
                step,
                seconds: checkpoint.state.seconds,
                loss,
                train_esr,
                esr,
                learning_rate: schedule.rate(step, done),
                samples_per_second,
            });
        }
        let Some(largest) = checkpoint.networks.last() else { return Ok(()) };
        if let Some(point) = largest.history.last() {
            let turned = largest.shape.knobs().map(|knobs| knobs.weights_at(&largest.best, self.settings));
            progress.measured(&Measured {
                point,
                best_esr: largest.best_esr(),
                spec: largest.shape.network(),
                best: turned.as_ref().unwrap_or(&largest.best),
            });
        }
        Ok(())
    }
}

/// Measures the current weights and, where there is one, their average, keeps the better of them if it is the best
/// so far, and gives its ESR.
fn keep_best(lane: &mut Lane<'_>, learned: &mut Learned, step: u64) -> Result<f64, TrainerError> {
    let mut lowest = f64::INFINITY;
    for weights in [Some(&learned.weights), learned.average.as_ref()].into_iter().flatten() {
        let output = lane.learner.predict(weights, lane.validation)?;
        let esr = lane.validation.esr(&output);
        lowest = lowest.min(esr);
        if learned.figures.best_esr.is_none_or(|best| esr < best) {
            learned.best.copy_from_slice(weights);
            learned.figures.best_esr = Some(esr);
            learned.figures.best_step = step;
        }
    }
    Ok(lowest)
}

/// Whether the weights after `step` steps were measured already.
fn was_measured(checkpoint: &Checkpoint, step: u64) -> bool {
    let last = |learned: &Learned| learned.history.last().map(|point| point.step);
    checkpoint.networks.iter().all(|learned| last(learned) == Some(step))
}

/// Whether every network is as good as was asked for.
fn reached(checkpoint: &Checkpoint, target_esr: Option<f64>) -> bool {
    target_esr.is_some_and(|target| checkpoint.networks.iter().all(|learned| learned.best_esr() <= target))
}

/// What becomes of a run that left the numbers: the best weights from before are kept, if there are any.
///
/// # Errors
/// There are none, or it was another error.
fn end_of_numbers(checkpoint: &Checkpoint, error: TrainerError) -> Result<End, TrainerError> {
    match error {
        TrainerError::Diverged(divergence) if checkpoint.networks.iter().all(|n| n.figures.best_step > 0) => {
            Ok(End::Diverged(divergence))
        }
        error => Err(error),
    }
}
