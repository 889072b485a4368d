//! Segments of a batch spread over worker threads.

use super::{BatchLoss, Gradient, SegmentNetwork, Setup};
use crate::TrainerError;
use crate::data::Part;
use crate::loss::{Loss, SegmentLoss};
use std::sync::{Arc, Mutex, PoisonError};

/// One network a thread. The gradient of every segment is kept apart and summed in the order of
/// the batch, so that the result does not depend on the number of threads.
pub struct Pool<N> {
    workers: Vec<Worker<N>>,
    slots: Vec<Slot>,
    part: Arc<Part>,
    /// One for each recording of the part: a quiet setting of the gear counts as much as a loud one.
    losses: Vec<Loss>,
    segment_samples: usize,
    description: String,
}

struct Worker<N> {
    network: N,
    input: Vec<f32>,
    output: Vec<f32>,
    d_output: Vec<f32>,
}

struct Slot {
    gradient: Vec<f32>,
    loss: SegmentLoss,
    esr: f64,
}

impl<N: SegmentNetwork> Pool<N> {
    /// Makes one network for each worker.
    ///
    /// # Errors
    /// `network` fails.
    pub fn new(
        setup: &Setup<'_>,
        name: &str,
        network: impl Fn() -> Result<N, TrainerError>,
    ) -> Result<Self, TrainerError> {
        let samples = setup.segment_samples;
        let count = setup.workers.clamp(1, setup.batch.max(1));
        let mut workers = Vec::with_capacity(count);
        for _ in 0..count {
            workers.push(Worker {
                network: network()?,
                input: vec![0.0; samples + setup.part.context_samples()],
                output: vec![0.0; samples],
                d_output: vec![0.0; samples],
            });
        }
        let weights = setup.shape.weight_count();
        let slot = || Slot { gradient: vec![0.0; weights], loss: SegmentLoss::default(), esr: 0.0 };
        Ok(Self {
            workers,
            slots: (0..setup.batch).map(|_| slot()).collect(),
            part: setup.part.clone(),
            losses: match setup.part.takes() {
                [_] => vec![setup.loss.clone()],
                takes => takes
                    .iter()
                    .map(|t| setup.loss.relative_to(&setup.part.target()[t.range.clone()]))
                    .collect(),
            },
            segment_samples: samples,
            description: format!("{name} on {count} CPU thread{}", if count == 1 { "" } else { "s" }),
        })
    }

    /// Lets every worker take jobs until none is left. The first error ends the others early.
    fn spread<J: Send>(
        workers: &mut [Worker<N>],
        jobs: impl Iterator<Item = J> + Send,
        work: impl Fn(&mut Worker<N>, J) -> Result<(), TrainerError> + Sync,
    ) -> Result<(), TrainerError> {
        let queue = Mutex::new(jobs);
        let failure = Mutex::new(None);
        let run = |worker: &mut Worker<N>| {
            // Holds for this thread only: libtorch's own threads would fight with the workers.
            tch::set_num_threads(1);
            loop {
                // A poisoned lock means a worker panicked; the scope passes that on.
                let job = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(job) = job else { return };
                if let Err(error) = work(worker, job) {
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    return;
                }
            }
        };
        match workers {
            [worker] => run(worker),
            workers => std::thread::scope(|scope| {
                for worker in workers {
                    scope.spawn(|| run(worker));
                }
            }),
        }
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

impl<N: SegmentNetwork> Gradient for Pool<N> {
    fn description(&self) -> String {
        self.description.clone()
    }

    fn gradient(
        &mut self,
        weights: &[f32],
        starts: &[usize],
        gradient: &mut [f32],
    ) -> Result<BatchLoss, TrainerError> {
        let (part, losses, samples) = (&*self.part, &self.losses, self.segment_samples);
        let segments = starts.len();
        let jobs = self.slots.iter_mut().zip(starts);
        Self::spread(&mut self.workers, jobs, |worker, (slot, &start)| {
            let (start, take) = part.place(start, samples);
            let (settings, loss) = (&part.takes()[take].settings, &losses[take]);
            part.copy_input(start, &mut worker.input);
            worker.network.forward(weights, settings, &worker.input, &mut worker.output)?;
            let target = part.target_at(start, samples);
            slot.loss = loss.segment(&worker.output, target, segments, &mut worker.d_output)?;
            slot.esr = slot.loss.error_energy / (samples as f64 * loss.power());
            slot.gradient.fill(0.0);
            worker.network.backward(weights, settings, &worker.d_output, &mut slot.gradient)
        })?;
        gradient.fill(0.0);
        let (mut total, mut esr) = (0.0, 0.0);
        for slot in &self.slots[..segments] {
            for (sum, g) in gradient.iter_mut().zip(&slot.gradient) {
                *sum += g;
            }
            total += slot.loss.loss;
            esr += slot.esr / segments as f64;
        }
        Ok(BatchLoss { loss: total, esr })
    }

    fn predict(&mut self, weights: &[f32], part: &Part) -> Result<Vec<f32>, TrainerError> {
        let samples = self.segment_samples;
        let mut output = vec![0.0; part.len()];
        let (mut jobs, mut rest, mut at) = (Vec::new(), &mut output[..], 0);
        for take in part.takes() {
            let (_, behind) = rest.split_at_mut(take.range.start - at);
            let (own, behind) = behind.split_at_mut(take.range.len());
            let starts = take.range.clone().step_by(samples);
            jobs.extend(
                starts.zip(own.chunks_mut(samples)).map(|(start, chunk)| (start, &take.settings, chunk)),
            );
            (rest, at) = (behind, take.range.end);
        }
        Self::spread(&mut self.workers, jobs.into_iter(), |worker, (start, settings, chunk)| {
            part.copy_input(start, &mut worker.input);
            worker.network.forward(weights, settings, &worker.input, &mut worker.output)?;
            chunk.copy_from_slice(&worker.output[..chunk.len()]);
            Ok(())
        })?;
        Ok(output)
    }
}
