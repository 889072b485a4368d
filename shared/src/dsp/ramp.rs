//! Values that move without clicks.

/// A value on its straight way to a target, sample by sample.
#[derive(Clone, Debug)]
pub struct Ramp {
    value: f32,
    target: f32,
    step: f32,
    left: usize,
    length: usize,
}

impl Ramp {
    /// A value that stays, and takes `length_samples` for every way it is sent on.
    pub fn new(value: f32, length_samples: usize) -> Self {
        Self { value, target: value, step: 0.0, left: 0, length: length_samples.max(1) }
    }

    /// Is there at once.
    pub fn jump(&mut self, target: f32) {
        (self.value, self.target, self.left) = (target, target, 0);
    }

    /// Sets off towards `target`, unless it is on its way there already.
    pub fn aim(&mut self, target: f32) {
        if target != self.target {
            self.target = target;
            self.left = self.length;
            self.step = (target - self.value) / self.length as f32;
        }
    }

    /// Ends the way: the next sample is the target.
    pub fn finish(&mut self) {
        self.jump(self.target);
    }

    /// Whether the target is reached.
    pub fn is_there(&self) -> bool {
        self.left == 0
    }

    /// Whether the target is reached and is `value`.
    pub fn rests_at(&self, value: f32) -> bool {
        self.is_there() && self.value == value
    }

    /// Goes on by a sample, and gives the value there.
    #[inline]
    pub fn advance(&mut self) -> f32 {
        if self.left > 0 {
            self.left -= 1;
            // From its end, so that no rounding adds up to a jump there.
            self.value = self.target - self.step * self.left as f32;
        }
        self.value
    }

    /// The values of the next samples.
    pub fn fill(&mut self, block: &mut [f32]) {
        let moving = self.left.min(block.len());
        let (moves, rests) = block.split_at_mut(moving);
        moves.iter_mut().for_each(|value| *value = self.advance());
        rests.fill(self.value);
    }
}
