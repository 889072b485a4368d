//! How the learning rate falls while training goes on.

/// The course of the learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// Rate at the start.
    pub learning_rate: f64,
    /// What follows.
    pub decay: Decay,
    /// Steps over which the rate first rises from 0.
    pub warm_up_steps: u64,
}

/// The shape of the fall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decay {
    /// None.
    Constant,
    /// Half a cosine down to the given rate.
    Cosine(f64),
    /// The same factor every step, down to the given rate.
    Exponential(f64),
}

impl Schedule {
    /// The rate of step `step` (from 0) when `progress` (0 to 1) of the training is done.
    pub fn rate(&self, step: u64, progress: f64) -> f64 {
        let (start, progress) = (self.learning_rate, progress.clamp(0.0, 1.0));
        let rate = match self.decay {
            Decay::Constant => start,
            Decay::Cosine(end) => end + 0.5 * (start - end) * (1.0 + (std::f64::consts::PI * progress).cos()),
            Decay::Exponential(end) => start * (end / start).powf(progress),
        };
        if step < self.warm_up_steps {
            return rate * (step + 1) as f64 / self.warm_up_steps as f64;
        }
        rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_and_ends_where_it_should() {
        let at =
            |decay, progress| Schedule { learning_rate: 4e-3, decay, warm_up_steps: 0 }.rate(9, progress);
        for decay in [Decay::Cosine(1e-5), Decay::Exponential(1e-5)] {
            assert!((at(decay, 0.0) - 4e-3).abs() < 1e-12);
            assert!((at(decay, 1.0) - 1e-5).abs() < 1e-12);
            assert!(at(decay, 0.5) < 4e-3 && at(decay, 0.5) > 1e-5);
        }
        assert_eq!(at(Decay::Constant, 0.7), 4e-3);
    }

    #[test]
    fn warms_up_in_a_straight_line() {
        let schedule = Schedule { learning_rate: 1.0, decay: Decay::Constant, warm_up_steps: 4 };
        let rates: Vec<f64> = (0..6).map(|step| schedule.rate(step, 0.0)).collect();
        assert_eq!(rates, [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]);
    }
}
