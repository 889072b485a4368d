//! A made-up amp, and runs on it that end where a test wants them to.

use shared::model::WaveNetSpec;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use trainer::TrainerError;
use trainer::checkpoint::{Checkpoint, Learned, paths};
use trainer::config::Train;
use trainer::course::Course;
use trainer::data::{Pair, Part};
use trainer::device::Device;
use trainer::gradient::{
    self, BackendChoice, BatchLoss, Gradient, KernelSegment, Learner, OnDevice, OnHost, Pool, Setup, Step,
    TorchSegment,
};
use trainer::loss::Loss;
use trainer::progress::Progress;
use trainer::shape::Shape;
use trainer::train::{Lane, Outcome, Run, scaled_to};

pub fn toy(samples: usize, seed: u64) -> Pair {
    let input = super::noise(samples, 0.5, seed);
    let target = input.iter().map(|x| 0.4 * (3.0 * x).tanh()).collect();
    Pair { input, target, rate_hz: 48_000 }
}

/// What takes the steps.
#[derive(Clone, Copy, Debug)]
pub enum Means {
    Kernel,
    Libtorch,
    Device,
}

impl Means {
    pub const ALL: [Self; 3] = [Self::Kernel, Self::Libtorch, Self::Device];

    fn learner(self, setup: &Setup<'_>) -> Box<dyn Learner> {
        let samples = setup.segment_samples;
        let host = |gradient: Box<dyn Gradient>| Box::new(OnHost::new(gradient));
        match self {
            Self::Kernel => host(Box::new(
                Pool::new(setup, "", || KernelSegment::new(setup.shape.network(), samples)).unwrap(),
            )),
            Self::Libtorch => {
                host(Box::new(Pool::new(setup, "", || TorchSegment::new(setup.shape.network())).unwrap()))
            }
            Self::Device => Box::new(OnDevice::new(setup, Device::CPU).unwrap()),
        }
    }
}

/// How a sitting ends before its time.
#[derive(Clone, Copy, Debug)]
pub enum Fate<'a> {
    /// It does not.
    Lives,
    /// The flag is set during so many steps, as by Ctrl-C.
    Stopped(u64, &'a AtomicBool),
    /// The step after so many fails and nothing is saved any more: what a killed process leaves.
    Killed(u64),
    /// The step after so many leaves the numbers.
    Poisoned(u64),
}

struct Fated<'a> {
    inner: Box<dyn Learner>,
    fate: Fate<'a>,
    taken: u64,
}

impl Learner for Fated<'_> {
    fn description(&self) -> String {
        self.inner.description()
    }

    fn begin(&mut self, learned: &Learned) -> Result<(), TrainerError> {
        self.inner.begin(learned)
    }

    fn step(&mut self, learned: &mut Learned, step: &Step<'_>) -> Result<Option<BatchLoss>, TrainerError> {
        match self.fate {
            Fate::Stopped(after, flag) if self.taken + 1 == after => flag.store(true, Ordering::Relaxed),
            Fate::Killed(after) if self.taken == after => {
                return Err(TrainerError::Setting("killed".into()));
            }
            Fate::Poisoned(after) if self.taken == after => learned.weights[0] = f32::NAN,
            _ => {}
        }
        self.taken += 1;
        self.inner.step(learned, step)
    }

    fn bring(&mut self, learned: &mut Learned, steps: u64) -> Result<(), TrainerError> {
        self.inner.bring(learned, steps)
    }

    fn predict(&mut self, weights: &[f32], part: &Part) -> Result<Vec<f32>, TrainerError> {
        self.inner.predict(weights, part)
    }
}

/// Networks of two sizes.
pub fn sizes() -> [WaveNetSpec; 2] {
    [WaveNetSpec::seed(2, 2, 3, true), WaveNetSpec::seed(4, 3, 3, true)]
}

/// Trains `specs` from the checkpoint in `folder`, if there is one.
pub fn train(
    specs: &[WaveNetSpec],
    means: Means,
    config: &Train,
    folder: &Path,
    fate: Fate<'_>,
) -> Result<Vec<Outcome>, TrainerError> {
    let (train, held_out) = (toy(20_000, 1), toy(1_500, 2));
    let specs: Vec<_> = specs.iter().map(|spec| scaled_to(spec, &train.target)).collect();
    let parts: Vec<_> =
        specs.iter().map(|s| Part::new(&held_out, 0, s.receptive_field_samples(), 0)).collect();
    let never = AtomicBool::new(false);
    let shapes: Vec<_> = specs.into_iter().map(Shape::Plain).collect();
    let lane = |(shape, validation)| {
        let setup = setup(shape, config, &train);
        let learner = Box::new(Fated { inner: means.learner(&setup), fate, taken: 0 });
        Lane { shape, from: None, validation, learner }
    };
    let run = Run {
        train: config,
        segment_samples: config.segment_samples,
        train_samples: train.input.len(),
        lanes: shapes.iter().zip(&parts).map(lane).collect(),
        folder: Some(folder),
        rate_hz: 48_000,
        recording: 1,
        settings: &[],
        course: Course::default(),
        stop: if let Fate::Stopped(_, flag) = fate { flag } else { &never },
    };
    let begun = paths(folder).iter().any(|path| path.exists());
    let start = if begun { Checkpoint::load_from(folder).unwrap().0 } else { run.start() };
    run.train(start, &mut Progress::silent())
}

fn setup<'a>(shape: &'a Shape, config: &Train, train: &Pair) -> Setup<'a> {
    Setup {
        shape,
        loss: Loss::new(&config.loss.weights(), &train.target),
        part: Arc::new(Part::new(train, 0, shape.network().receptive_field_samples(), 0)),
        segment_samples: config.segment_samples,
        batch: config.batch,
        workers: config.workers.unwrap_or(2),
    }
}

/// The learner that a config gets on the CPU.
pub fn default_learner(shape: &Shape, config: &Train, train: &Pair) -> Box<dyn Learner> {
    gradient::learner(&setup(shape, config, train), BackendChoice::Auto, Device::CPU).unwrap()
}

/// What a checkpoint holds, without the times.
pub fn timeless(folder: &Path) -> Checkpoint {
    let mut checkpoint = Checkpoint::load(&paths(folder)[0]).unwrap();
    checkpoint.state.seconds = 0.0;
    for point in checkpoint.networks.iter_mut().flat_map(|network| &mut network.history) {
        (point.seconds, point.samples_per_second) = (0.0, 0.0);
    }
    checkpoint
}
