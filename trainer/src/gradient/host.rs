//! Weights and optimiser in this process's memory: what a CPU wants.

use super::{BatchLoss, Gradient, Learner, Step};
use crate::TrainerError;
use crate::checkpoint::Learned;
use crate::data::Part;
use crate::error::Divergence;

/// Learns with whatever computes gradients.
pub struct OnHost<'a> {
    inner: Box<dyn Gradient + 'a>,
    gradient: Vec<f32>,
}

impl<'a> OnHost<'a> {
    /// A learner around `inner`.
    pub fn new(inner: Box<dyn Gradient + 'a>) -> Self {
        Self { inner, gradient: Vec::new() }
    }
}

impl Learner for OnHost<'_> {
    fn description(&self) -> String {
        self.inner.description()
    }

    fn begin(&mut self, learned: &Learned) -> Result<(), TrainerError> {
        self.gradient.resize(learned.weights.len(), 0.0);
        Ok(())
    }

    fn step(&mut self, learned: &mut Learned, step: &Step<'_>) -> Result<Option<BatchLoss>, TrainerError> {
        let batch = self.inner.gradient(&learned.weights, step.starts, &mut self.gradient)?;
        check(step.number, batch.loss, &self.gradient).map_err(TrainerError::Diverged)?;
        learned.adam.step(&mut learned.weights, &self.gradient, step.learning_rate);
        if let (Some(share), Some(average)) = (step.average_keeps(), &mut learned.average) {
            for (average, weight) in average.iter_mut().zip(&learned.weights) {
                *average += (1.0 - share) * (weight - *average);
            }
        }
        learned.figures.add(batch);
        Ok(Some(batch))
    }

    fn bring(&mut self, _: &mut Learned, _: u64) -> Result<(), TrainerError> {
        Ok(())
    }

    fn predict(&mut self, weights: &[f32], part: &Part) -> Result<Vec<f32>, TrainerError> {
        self.inner.predict(weights, part)
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
