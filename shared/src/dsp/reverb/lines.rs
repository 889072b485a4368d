//! Sixteen delay lines side by side, and the mixing matrix.

use std::array::from_fn;

/// Delay lines of a network.
pub const LINES: usize = 16;

/// A sample of every line.
pub type Frame = [f32; LINES];

/// Delay lines that are written together and read each at its own age.
#[derive(Debug)]
pub struct Lines {
    /// A power of two long.
    ring: Vec<Frame>,
    at: usize,
}

impl Lines {
    /// Lines that remember `max_samples`.
    pub fn new(max_samples: usize) -> Self {
        Self { ring: vec![[0.0; LINES]; (max_samples + 1).next_power_of_two()], at: 0 }
    }

    /// What was written `ago` samples before the next, for every line; at least 1.
    #[inline]
    pub fn read(&self, ago: &[usize; LINES]) -> Frame {
        let mask = self.ring.len() - 1;
        from_fn(|i| self.ring[self.at.wrapping_sub(ago[i]) & mask][i])
    }

    /// Goes on by a sample.
    #[inline]
    pub fn write(&mut self, frame: Frame) {
        self.ring[self.at] = frame;
        self.at = (self.at + 1) & (self.ring.len() - 1);
    }

    pub fn reset(&mut self) {
        self.ring.fill([0.0; LINES]);
        self.at = 0;
    }
}

/// Mixes all with all, by the Hadamard matrix scaled to keep the energy (fast Walsh-Hadamard transform).
#[inline]
pub fn mix(frame: Frame) -> Frame {
    const SCALE: f32 = 0.25;
    let step = |x: Frame| -> Frame {
        from_fn(|i| {
            let pair = 2 * (i % (LINES / 2));
            if i < LINES / 2 { x[pair] + x[pair + 1] } else { x[pair] - x[pair + 1] }
        })
    };
    step(step(step(step(frame)))).map(|x| SCALE * x)
}

/// Signs by which a side is spread over the lines or gathered from them: each is as unlike every row of
/// [`mix`] as can be (bent functions; Rothaus, "On 'bent' functions", 1976), and they are orthogonal to each
/// other.
pub fn signs(side: usize, out: bool) -> Frame {
    from_fn(|i| {
        let bit = |k: usize| i >> k & 1;
        let bent = if out { bit(0) & bit(1) ^ bit(2) & bit(3) } else { bit(0) & bit(2) ^ bit(1) & bit(3) };
        if bent ^ (side & bit(0)) == 0 { 1.0 } else { -1.0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dot(a: Frame, b: Frame) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn mixing_keeps_the_energy_and_reaches_every_line() {
        for i in 0..LINES {
            let one = from_fn(|k| f32::from(u8::from(k == i)));
            let mixed = mix(one);
            assert!(mixed.iter().all(|x| x.abs() == 0.25), "{mixed:?}");
            for k in 0..LINES {
                let other = mix(from_fn(|j| f32::from(u8::from(j == k))));
                assert_eq!(dot(mixed, other), f32::from(u8::from(i == k)), "rows {i} and {k}");
            }
        }
    }

    #[test]
    fn sides_share_nothing_and_no_row_of_the_matrix_holds_one() {
        for out in [false, true] {
            assert_eq!(dot(signs(0, out), signs(1, out)), 0.0);
            for side in 0..2 {
                assert!(mix(signs(side, out)).iter().all(|x| x.abs() == 1.0));
            }
        }
    }
}
