//! Delay by a constant number of samples.

/// Delays a signal by a constant number of samples.
#[derive(Clone, Debug)]
pub struct Delay {
    line: Vec<f32>,
    at: usize,
}

impl Delay {
    /// A delay of `samples`, silent at first.
    pub fn new(samples: usize) -> Self {
        Self { line: vec![0.0; samples], at: 0 }
    }

    /// Delays a block in place.
    pub fn process(&mut self, signal: &mut [f32]) {
        if self.line.is_empty() {
            return;
        }
        for sample in signal {
            std::mem::swap(sample, &mut self.line[self.at]);
            self.at += 1;
            if self.at == self.line.len() {
                self.at = 0;
            }
        }
    }

    /// Silence before.
    pub fn reset(&mut self) {
        self.line.fill(0.0);
        self.at = 0;
    }
}
