//! Butterworth filters of any order, as second-order sections.
//!
//! After S. Butterworth, "On the Theory of Filter Amplifiers", Experimental Wireless 7 (1930): the poles of order N
//! lie evenly on the left half of a circle, at angles theta from the negative real axis. Each pair of them is a section
//! with Q = 1 / (2 cos theta); an odd order has one more pole on the axis itself, a section of first order. By
//! trapezoidal integration with g = tan(pi f / rate) (the bilinear transform) the magnitude is
//!
//! ```text
//! low-pass:  |H(f)|² = 1 / (1 + (tan(pi f / rate) / g)^2N)
//! high-pass: |H(f)|² = 1 / (1 + (g / tan(pi f / rate))^2N)
//! ```

use super::svf::Coefficients;
use std::f64::consts::PI;

/// Highest order.
pub const MAX_ORDER: usize = 16;
/// Sections of the highest order.
pub const MAX_SECTIONS: usize = MAX_ORDER / 2;

/// Lowest and highest cutoff as shares of the sample rate. Nearer to half of it a pole would ring there for seconds,
/// at a level that nobody hears.
const SHARES: [f64; 2] = [1e-9, 0.499];
/// What counts as gone: 80 dB below.
const GONE: f64 = 1e-4;

/// What a filter passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// What is lower than the cutoff.
    Low,
    /// What is higher than the cutoff.
    High,
}

/// The sections of a filter, the dampings of which are computed once.
#[derive(Clone, Debug)]
pub struct Design {
    pass: Pass,
    /// 1/Q of each section of second order, the least resonant first.
    dampings: Vec<f64>,
    odd: bool,
}

impl Design {
    /// A filter of an order of 1 to [`MAX_ORDER`]; what lies beyond is brought there. Allocates.
    pub fn new(pass: Pass, order: usize) -> Self {
        let order = order.clamp(1, MAX_ORDER);
        let step = PI / order as f64;
        // From the real axis outwards: pairs half a step off it, or a whole one where a pole lies on it.
        let first = if order % 2 == 1 { step } else { step / 2.0 };
        let dampings = (0..order / 2).map(|pair| 2.0 * (first + step * pair as f64).cos()).collect();
        Self { pass, dampings, odd: order % 2 == 1 }
    }

    /// How many sections there are.
    pub fn sections(&self) -> usize {
        usize::from(self.odd) + self.dampings.len()
    }

    /// The sections for a cutoff (-3 dB) in Hz, in their order; behind them, [`Coefficients::PASS`]. What lies above
    /// 0.499 of the rate is taken for that.
    pub fn coefficients(&self, cutoff_hz: f64, sample_rate_hz: f64) -> [Coefficients; MAX_SECTIONS] {
        let g = tangent(cutoff_hz, sample_rate_hz);
        let first = self.odd.then(|| match self.pass {
            Pass::Low => Coefficients::low_pass_of_first_order(g),
            Pass::High => Coefficients::high_pass_of_first_order(g),
        });
        let pairs = self.dampings.iter().map(|&damping| match self.pass {
            Pass::Low => Coefficients::low_pass(g, damping),
            Pass::High => Coefficients::high_pass(g, damping),
        });
        let mut sections = [Coefficients::PASS; MAX_SECTIONS];
        sections.iter_mut().zip(first.into_iter().chain(pairs)).for_each(|(section, c)| *section = c);
        sections
    }

    /// Samples in which the slowest pole decays by 80 dB.
    pub fn decay_samples(&self, cutoff_hz: f64, sample_rate_hz: f64) -> usize {
        let g = tangent(cutoff_hz, sample_rate_hz);
        // The bilinear transform z = (1 + g s) / (1 - g s) of poles on the circle |s| = 1.
        let radius = match self.dampings.last() {
            Some(damping) => ((1.0 - damping * g + g * g) / (1.0 + damping * g + g * g)).sqrt(),
            None => ((1.0 - g) / (1.0 + g)).abs(),
        };
        (GONE.ln() / radius.ln()).ceil() as usize
    }
}

fn tangent(cutoff_hz: f64, sample_rate_hz: f64) -> f64 {
    let share = cutoff_hz / sample_rate_hz;
    // What is no number is the lowest.
    let share = if share > SHARES[0] { share.min(SHARES[1]) } else { SHARES[0] };
    (PI * share).tan()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::SQRT_2;

    #[test]
    fn dampings_are_those_of_the_tables() {
        // 1/Q of the normalised polynomials, as tables of Butterworth filters print them.
        for (order, expected) in [
            (1, &[][..]),
            (2, &[SQRT_2]),
            (3, &[1.0]),
            (4, &[1.847_759, 0.765_367]),
            (5, &[1.618_034, 0.618_034]),
            (6, &[1.931_852, SQRT_2, 0.517_638]),
            (8, &[1.961_571, 1.662_939, 1.111_140, 0.390_181]),
        ] {
            let design = Design::new(Pass::Low, order);
            assert_eq!(design.dampings.len(), expected.len());
            for (damping, expected) in design.dampings.iter().zip(expected) {
                assert!((damping - expected).abs() < 1e-6, "order {order}: {damping} for {expected}");
            }
            assert_eq!(design.sections(), order.div_ceil(2));
        }
    }

    #[test]
    fn what_no_filter_can_have_is_brought_to_what_one_can() {
        assert_eq!(Design::new(Pass::Low, 0).sections(), 1);
        assert_eq!(Design::new(Pass::Low, 99).sections(), MAX_SECTIONS);
        for cutoff in [f64::NAN, -1.0, 0.0, 48_000.0, f64::INFINITY] {
            let design = Design::new(Pass::High, 3);
            let numbers = format!("{:?}", design.coefficients(cutoff, 48_000.0));
            assert!(!numbers.contains("NaN") && !numbers.contains("inf"), "{cutoff} Hz: {numbers}");
            assert!(design.decay_samples(cutoff, 48_000.0) < usize::MAX);
        }
    }
}
