//! Delay whose length can be changed without a click.

/// A delay line that fades from one length to another.
///
/// While it fades, both lengths are heard; a length that is set meanwhile waits until the fade is over. (A
/// length that slid would bend the pitch instead.)
#[derive(Clone, Debug)]
pub struct FadingDelay {
    /// A power of two long.
    line: Vec<f32>,
    at: usize,
    now: usize,
    next: usize,
    wanted: usize,
    /// Samples of the fade that are left.
    left: usize,
    fade_samples: usize,
}

impl FadingDelay {
    /// A delay of up to `max_samples`, 0 at first, that takes `fade_samples` to change.
    pub fn new(max_samples: usize, fade_samples: usize) -> Self {
        let line = vec![0.0; (max_samples + 1).next_power_of_two()];
        Self { line, at: 0, now: 0, next: 0, wanted: 0, left: 0, fade_samples: fade_samples.max(1) }
    }

    /// Sets off towards a delay of `samples`, or of the most there is.
    pub fn aim(&mut self, samples: usize) {
        self.wanted = samples.min(self.line.len() - 1);
    }

    /// Delays a block in place.
    pub fn process(&mut self, signal: &mut [f32]) {
        let mask = self.line.len() - 1;
        for sample in signal {
            if self.left == 0 && self.wanted != self.now {
                (self.next, self.left) = (self.wanted, self.fade_samples);
            }
            self.line[self.at] = *sample;
            let ago = |samples: usize| self.line[self.at.wrapping_sub(samples) & mask];
            *sample = ago(self.now);
            if self.left > 0 {
                let share = self.left as f32 / self.fade_samples as f32;
                *sample = share * *sample + (1.0 - share) * ago(self.next);
                self.left -= 1;
                if self.left == 0 {
                    self.now = self.next;
                }
            }
            self.at = (self.at + 1) & mask;
        }
    }

    /// Silence before, and the length is the one aimed at.
    pub fn reset(&mut self) {
        self.line.fill(0.0);
        (self.at, self.now, self.left) = (0, self.wanted, 0);
    }
}
