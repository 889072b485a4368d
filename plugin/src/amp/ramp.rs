//! Values that move without clicks.

/// A value on its straight way to a target.
pub(super) struct Ramp {
    value: f32,
    target: f32,
    step: f32,
    left: usize,
    /// How long the way takes, in samples.
    pub(super) length: usize,
}

impl Ramp {
    pub(super) fn at(value: f32) -> Self {
        Self { value, target: value, step: 0.0, left: 0, length: 1 }
    }

    pub(super) fn jump(&mut self, target: f32) {
        (self.value, self.target, self.left) = (target, target, 0);
    }

    pub(super) fn aim(&mut self, target: f32) {
        if target != self.target {
            self.target = target;
            self.left = self.length;
            self.step = (target - self.value) / self.length as f32;
        }
    }

    pub(super) fn is_there(&self) -> bool {
        self.left == 0
    }

    pub(super) fn fill(&mut self, block: &mut [f32]) {
        let moving = self.left.min(block.len());
        for value in &mut block[..moving] {
            self.value += self.step;
            self.left -= 1;
            if self.left == 0 {
                self.value = self.target;
            }
            *value = self.value;
        }
        block[moving..].fill(self.value);
    }
}
