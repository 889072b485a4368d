//! Many echoes of one, before the network.

use super::lines::{Frame, LINES, Lines, mix};
use std::array::from_fn;

/// Over how long a time each step spreads its echoes, in seconds. Without a common measure.
const SPANS_SECONDS: [f64; 2] = [0.0071, 0.0173];

/// Steps of short delays, each followed by the mixing matrix. Keeps the energy, and ends when
/// the delays end.
#[derive(Debug)]
pub struct Diffusion {
    steps: [Step; 2],
}

#[derive(Debug)]
struct Step {
    lines: Lines,
    ages: [usize; LINES],
    signs: Frame,
}

impl Diffusion {
    pub fn new(sample_rate_hz: f64) -> Self {
        Self { steps: from_fn(|step| Step::new(step as u32, SPANS_SECONDS[step] * sample_rate_hz)) }
    }

    /// Samples until the last echo.
    pub fn samples(&self) -> usize {
        self.steps.iter().filter_map(|step| step.ages.iter().max()).sum()
    }

    #[inline]
    pub fn advance(&mut self, frame: Frame) -> Frame {
        self.steps.iter_mut().fold(frame, |frame, step| step.advance(frame))
    }

    pub fn reset(&mut self) {
        self.steps.iter_mut().for_each(|step| step.lines.reset());
    }
}

impl Step {
    /// Each line gets a place at random in its sixteenth of the span, and a sign; which sixteenth is mixed
    /// too.
    fn new(number: u32, span_samples: f64) -> Self {
        let mut state = 0x9E37_79B9_u32.wrapping_mul(number + 1);
        let mut random = move || {
            // Numerical Recipes' quick generator: its upper bits are good enough for places.
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        let mut places: [usize; LINES] = from_fn(|i| i);
        for i in (1..LINES).rev() {
            places.swap(i, random() as usize % (i + 1));
        }
        let ages = places.map(|place| {
            let share = (place as f64 + f64::from(random()) / 65_536.0) / LINES as f64;
            1 + (span_samples * share) as usize
        });
        let signs = from_fn(|_| if random() & 1 == 0 { 1.0 } else { -1.0 });
        Self { lines: Lines::new(span_samples as usize + 2), ages, signs }
    }

    #[inline]
    fn advance(&mut self, frame: Frame) -> Frame {
        self.lines.write(frame);
        let late = self.lines.read(&self.ages);
        mix(from_fn(|i| self.signs[i] * late[i]))
    }
}
