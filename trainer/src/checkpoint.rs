//! Checkpoints: everything that going on exactly where training stopped needs, as safetensors.

use crate::TrainerError;
use crate::adam::Adam;
use crate::course::Course;
use crate::gradient::BatchLoss;
use crate::history::{History, Point};
use crate::shape::Shape;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Largest checkpoint that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;
/// Key of what is not a vector in the file's metadata.
const HEAD: &str = "tonewright";
/// Key of the checksum over that and all vectors.
const CHECKSUM: &str = "checksum";
/// Numbers of a [`Point`].
const POINT: usize = 7;

/// Where checkpoints lie in an out folder: the last, and the one before it.
pub fn paths(folder: &Path) -> [PathBuf; 2] {
    ["last.safetensors", "previous.safetensors"].map(|name| folder.join(name))
}

/// A training run, frozen between two steps. Batches depend on the seed and the number of the
/// step alone, so that no generator's state has to be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// What all networks share.
    pub state: State,
    /// The networks that learn from the same batches, smallest first; mostly there is one.
    pub networks: Vec<Learned>,
}

/// What is known of the checkpoints that lie where another is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Older {
    /// They are of another run, and go.
    AnotherRun,
    /// The last may be damaged; then it goes, and the one before it stays.
    Unknown,
    /// The last was written by this process.
    Whole,
}

/// What belongs to the run and to no single network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Seed of the batches.
    pub seed: u64,
    /// Steps taken.
    pub step: u64,
    /// Time spent training, in seconds.
    pub seconds: f64,
    /// Sample rate of the recording, in Hz.
    pub rate_hz: u32,
    /// Segments of a batch.
    pub batch: usize,
    /// Outputs of a segment.
    pub segment_samples: usize,
    /// Hash of the recordings to train from and to measure with; see [`crate::data::fingerprint`].
    pub recording: u64,
    /// What else decides the run's course.
    #[serde(default)]
    pub course: Course,
}

/// What one network has learned, and how it got there.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// What it is, scaled to the target's level.
    pub shape: Shape,
    /// The weights.
    pub weights: Vec<f32>,
    /// The optimiser.
    pub adam: Adam,
    /// The running average of the weights, if one is kept.
    pub average: Option<Vec<f32>>,
    /// The weights that were best so far.
    pub best: Vec<f32>,
    /// What was measured.
    pub figures: Figures,
    /// Every measurement.
    pub history: History,
}

/// What was measured of a network, and sums for the next measurement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Held-out ESR before the first step, once it was measured.
    pub first_esr: Option<f64>,
    /// Held-out ESR of the best weights, once something was measured.
    pub best_esr: Option<f64>,
    /// The step they were measured after.
    pub best_step: u64,
    /// Sum of the batches' losses since the last measurement.
    pub loss_sum: f64,
    /// Sum of the batches' ESRs since then.
    pub esr_sum: f64,
    /// Batches since then.
    pub batches: u64,
}

impl Figures {
    /// Counts a batch in.
    pub fn add(&mut self, batch: BatchLoss) {
        self.loss_sum += batch.loss;
        self.esr_sum += batch.esr;
        self.batches += 1;
    }

    /// Mean loss and mean ESR of the batches since this was last called.
    pub fn take_means(&mut self) -> (f64, f64) {
        let count = self.batches.max(1) as f64;
        let means = (self.loss_sum / count, self.esr_sum / count);
        (self.loss_sum, self.esr_sum, self.batches) = (0.0, 0.0, 0);
        means
    }
}

impl Learned {
    /// A network before its first step.
    pub fn new(shape: Shape, weights: Vec<f32>, average: bool) -> Self {
        Self {
            shape,
            adam: Adam::new(weights.len()),
            average: average.then(|| weights.clone()),
            best: weights.clone(),
            weights,
            figures: Figures::default(),
            history: History::new(),
        }
    }

    /// Held-out ESR of the best weights; infinite as long as nothing was measured.
    pub fn best_esr(&self) -> f64 {
        self.figures.best_esr.unwrap_or(f64::INFINITY)
    }
}

/// The part of a checkpoint that is kept as text.
#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(flatten)]
    state: State,
    networks: Vec<NetworkHead>,
}

#[derive(Serialize, Deserialize)]
struct NetworkHead {
    shape: Shape,
    adam_steps: u64,
    figures: Figures,
}

impl Checkpoint {
    /// Writes the checkpoint as the last one of `folder`; the one that was there becomes the one before, so
    /// that there is one to go back to should this one be damaged, unless `older` says otherwise.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save_in(&self, folder: &Path, older: Older) -> Result<(), TrainerError> {
        let [last, previous] = paths(folder);
        match older {
            Older::AnotherRun => {
                self.save(&last)?;
                return match std::fs::remove_file(&previous) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        Err(TrainerError::file(&previous, error))
                    }
                    _ => Ok(()),
                };
            }
            // A damaged one would take the place of the only one that can be gone back to.
            Older::Unknown if Self::load(&last).is_err() => return self.save(&last),
            Older::Unknown | Older::Whole => {}
        }
        match std::fs::rename(&last, &previous) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(TrainerError::file(&last, error))
            }
            _ => self.save(&last),
        }
    }

    /// The last checkpoint of `folder` and its path. If it is missing or damaged, the one before it, and what
    /// was wrong with the last.
    ///
    /// # Errors
    /// There is none, or none that can be read.
    pub fn load_from(folder: &Path) -> Result<(Self, PathBuf, Option<TrainerError>), TrainerError> {
        let paths = paths(folder);
        if !paths.iter().any(|path| path.exists()) {
            return Err(TrainerError::NoCheckpoint { folder: folder.to_owned() });
        }
        let [last, previous] = paths;
        let error = match Self::load(&last) {
            Ok(checkpoint) => return Ok((checkpoint, last, None)),
            Err(error) => error,
        };
        match Self::load(&previous) {
            Ok(checkpoint) => Ok((checkpoint, previous, Some(error))),
            Err(other) => Err(TrainerError::DamagedCheckpoints { problems: format!("{error}; {other}") }),
        }
    }

    /// Writes the checkpoint; an older one is replaced only once all is written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), TrainerError> {
        let bytes =
            self.to_bytes().map_err(|problem| TrainerError::Checkpoint { path: path.to_owned(), problem })?;
        shared::fs::write_atomic(path, &bytes).map_err(|e| TrainerError::file(path, e))
    }

    fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut vectors = Vec::new();
        for (i, network) in self.networks.iter().enumerate() {
            let mut add = |name: &str, values: &[f32]| {
                vectors.push((format!("{i}.{name}"), Dtype::F32, little_endian(values)));
            };
            add("weights", &network.weights);
            add("adam.mean", network.adam.mean());
            add("adam.square", network.adam.square());
            add("best", &network.best);
            if let Some(average) = &network.average {
                add("average", average);
            }
            let points = network.history.iter().flat_map(numbers);
            let points = points.flat_map(f64::to_le_bytes).collect();
            vectors.push((format!("{i}.history"), Dtype::F64, points));
        }
        let head = |network: &Learned| NetworkHead {
            shape: network.shape.clone(),
            adam_steps: network.adam.steps(),
            figures: network.figures,
        };
        let head = Head { state: self.state.clone(), networks: self.networks.iter().map(head).collect() };
        let head = serde_json::to_string(&head).map_err(|e| e.to_string())?;
        vectors.sort_by(|a, b| a.0.cmp(&b.0));
        let checksum = checksum(&head, vectors.iter().map(|(_, _, bytes)| bytes.as_slice()));
        let mut views = Vec::new();
        for (name, kind, bytes) in &vectors {
            let size = if *kind == Dtype::F64 { 8 } else { 4 };
            let view = TensorView::new(*kind, vec![bytes.len() / size], bytes).map_err(|e| e.to_string())?;
            views.push((name, view));
        }
        let metadata = HashMap::from([(HEAD.to_owned(), head), (CHECKSUM.to_owned(), checksum)]);
        safetensors::serialize(views, Some(metadata)).map_err(|e| e.to_string())
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// The file cannot be read, or is no complete checkpoint.
    pub fn load(path: &Path) -> Result<Self, TrainerError> {
        let bytes = shared::fs::read_limited(path, MAX_BYTES).map_err(|e| TrainerError::file(path, e))?;
        Self::from_bytes(&bytes)
            .map_err(|problem| TrainerError::Checkpoint { path: path.to_owned(), problem })
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let text = metadata.metadata().clone().unwrap_or_default();
        let other = "it was not written by this version of the trainer";
        let (head_text, expected) = text.get(HEAD).zip(text.get(CHECKSUM)).ok_or(other)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        let mut views: Vec<_> = tensors.iter().collect();
        views.sort_by(|a, b| a.0.cmp(b.0));
        if checksum(head_text, views.iter().map(|(_, view)| view.data())) != *expected {
            return Err("it is damaged: its checksum is another".into());
        }
        let head: Head = serde_json::from_str(head_text).map_err(|e| format!("its state: {e}"))?;
        let networks = head.networks.into_iter().enumerate();
        let networks = networks.map(|(i, network)| network.read(i, &tensors)).collect::<Result<_, _>>()?;
        Ok(Self { state: head.state, networks })
    }
}

impl NetworkHead {
    fn read(self, i: usize, tensors: &SafeTensors<'_>) -> Result<Learned, String> {
        self.shape.validate().map_err(|e| e.to_string())?;
        let expected = self.shape.weight_count();
        let vector = |name: &str| -> Result<Vec<f32>, String> {
            let name = format!("{i}.{name}");
            let view = tensors.tensor(&name).map_err(|e| format!("`{name}`: {e}"))?;
            if view.dtype() != Dtype::F32 || view.shape() != [expected] {
                return Err(format!(
                    "`{name}`: {:?} {:?}, expected {expected} values of F32",
                    view.dtype(),
                    view.shape()
                ));
            }
            let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            let values: Vec<f32> = values.collect();
            match values.iter().find(|v| !v.is_finite()) {
                Some(value) => Err(format!("`{name}` holds {value}")),
                None => Ok(values),
            }
        };
        let adam = Adam::restore(vector("adam.mean")?, vector("adam.square")?, self.adam_steps)
            .ok_or("two lengths of state")?;
        let averaged = tensors.names().iter().any(|name| **name == format!("{i}.average"));
        let average = averaged.then(|| vector("average")).transpose()?;
        let name = format!("{i}.history");
        let view = tensors.tensor(&name).map_err(|e| format!("`{name}`: {e}"))?;
        if view.dtype() != Dtype::F64 || !view.data().len().is_multiple_of(8 * POINT) {
            return Err(format!("`{name}`: {:?} {:?}, not a row of points", view.dtype(), view.shape()));
        }
        let numbers = view
            .data()
            .chunks_exact(8)
            .map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]));
        let numbers: Vec<f64> = numbers.collect();
        Ok(Learned {
            weights: vector("weights")?,
            adam,
            average,
            best: vector("best")?,
            figures: self.figures,
            history: numbers.chunks_exact(POINT).map(point).collect(),
            shape: self.shape,
        })
    }
}

/// A point as numbers, in the order of its fields. A step is below 2^53, so that it is exact.
fn numbers(p: &Point) -> [f64; POINT] {
    [p.step as f64, p.seconds, p.loss, p.train_esr, p.esr, p.learning_rate, p.samples_per_second]
}

fn point(numbers: &[f64]) -> Point {
    Point {
        step: numbers[0] as u64,
        seconds: numbers[1],
        loss: numbers[2],
        train_esr: numbers[3],
        esr: numbers[4],
        learning_rate: numbers[5],
        samples_per_second: numbers[6],
    }
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// FNV-1a (Fowler, Noll, Vo) over the head and all vectors in the order of their names: disks and copies that
/// lose or change something are found, forgery is not.
fn checksum<'a>(head: &'a str, vectors: impl Iterator<Item = &'a [u8]>) -> String {
    let bytes = head.as_bytes().iter().chain(vectors.flatten());
    let hash = bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    format!("{hash:016x}")
}
