//! Adam over one flat weight vector, with a state that can be saved and restored exactly.
//!
//! libtorch's own optimiser cannot save its state from Rust. The vector is small (thousands of
//! weights), so that plain code on the CPU costs microseconds even when gradients come from a GPU.

/// Adam: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, algorithm 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: u64,
}

/// Share of the gradient's mean that a step keeps.
pub(crate) const BETA1: f32 = 0.9;
/// Share of its square's mean that a step keeps.
pub(crate) const BETA2: f32 = 0.999;
/// What keeps a division finite.
pub(crate) const EPSILON: f32 = 1e-8;

/// Learning rate and divisor of the squares' root in step `steps`, from 1: both means begin at 0, which this makes
/// good.
pub(crate) fn corrections(steps: u64, learning_rate: f64) -> (f32, f32) {
    let power = |beta: f32| 1.0 - f64::from(beta).powf(steps as f64);
    ((learning_rate / power(BETA1)) as f32, power(BETA2).sqrt() as f32)
}

impl Adam {
    /// The state before the first step, for `weights` weights.
    pub fn new(weights: usize) -> Self {
        Self { mean: vec![0.0; weights], square: vec![0.0; weights], steps: 0 }
    }

    /// A saved state; `None` if the two vectors differ in length.
    pub fn restore(mean: Vec<f32>, square: Vec<f32>, steps: u64) -> Option<Self> {
        (mean.len() == square.len()).then_some(Self { mean, square, steps })
    }

    /// Running mean of the gradient.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Running mean of the gradient's square.
    pub fn square(&self) -> &[f32] {
        &self.square
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Moves `weights` one step down the gradient.
    ///
    /// # Panics
    /// The lengths differ from that of the state.
    pub fn step(&mut self, weights: &mut [f32], gradient: &[f32], learning_rate: f64) {
        assert!(weights.len() == self.mean.len() && gradient.len() == self.mean.len(), "number of weights");
        self.steps += 1;
        let (rate, root) = corrections(self.steps, learning_rate);
        let state = self.mean.iter_mut().zip(&mut self.square);
        for ((weight, &g), (mean, square)) in weights.iter_mut().zip(gradient).zip(state) {
            *mean += (1.0 - BETA1) * (g - *mean);
            *square += (1.0 - BETA2) * (g * g - *square);
            *weight -= rate * *mean / (square.sqrt() / root + EPSILON);
        }
    }
}
