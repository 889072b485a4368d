//! How good estimates of the balance are.

use shared::word_eq::{GRID, WordTable};

/// A curve over the grid in dB.
pub type Curve = [f32; GRID];

/// Share of the variance that is explained, 1 at best; 0 is what the mean of the training material reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Over all points of the grid.
    pub balance: f64,
    /// Along the bright-warm axis alone.
    pub axis: f64,
}

/// The direction from warm to bright, of unit length; none if the table lacks one of them.
pub fn bright_warm_axis(table: &WordTable) -> Option<Curve> {
    let curve = |name| table.named(name).map(|word| table.space().curve_db(&word.latent));
    let (bright, warm) = (curve("bright")?, curve("warm")?);
    let apart: [f64; GRID] = std::array::from_fn(|i| bright[i] - warm[i]);
    let length = apart.iter().map(|v| v * v).sum::<f64>().sqrt();
    (length > 0.0).then(|| apart.map(|v| (v / length) as f32))
}

/// Sums of squares that scores are made of, so that folds can be added.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    error: f64,
    total: f64,
    axis_error: f64,
    axis_total: f64,
}

impl Sums {
    /// Adds an estimate of the balance `truth`, judged beside `mean`.
    pub fn add(&mut self, estimate: &Curve, truth: &Curve, mean: &Curve, axis: Option<&Curve>) {
        let (mut along, mut along_truth) = (0.0, 0.0);
        for i in 0..GRID {
            let error = f64::from(estimate[i] - truth[i]);
            let total = f64::from(truth[i] - mean[i]);
            self.error += error * error;
            self.total += total * total;
            let axis = axis.map_or(0.0, |axis| f64::from(axis[i]));
            along += error * axis;
            along_truth += total * axis;
        }
        self.axis_error += along * along;
        self.axis_total += along_truth * along_truth;
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: &Self) {
        self.error += other.error;
        self.total += other.total;
        self.axis_error += other.axis_error;
        self.axis_total += other.axis_total;
    }

    /// The score.
    pub fn score(&self) -> Score {
        Score {
            balance: 1.0 - self.error / self.total.max(1e-12),
            axis: 1.0 - self.axis_error / self.axis_total.max(1e-12),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_is_one_and_the_mean_is_nought() {
        let truth: Curve = std::array::from_fn(|i| i as f32 - 30.0);
        let mean = [1.5; GRID];
        let mut axis = [0.0; GRID];
        axis[3] = 1.0;
        let score = |estimate: &Curve| {
            let mut sums = Sums::default();
            sums.add(estimate, &truth, &mean, Some(&axis));
            sums.score()
        };
        assert_eq!(score(&truth), Score { balance: 1.0, axis: 1.0 });
        assert_eq!(score(&mean), Score { balance: 0.0, axis: 0.0 });
        let mut wrong_elsewhere = truth;
        wrong_elsewhere[9] += 100.0;
        assert!(score(&wrong_elsewhere).balance < 1.0 && score(&wrong_elsewhere).axis == 1.0);
    }
}
