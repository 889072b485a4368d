//! What is measured of a sound, in memory that does not grow with it.

/// What of a sound is brought to a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measure {
    /// The largest magnitude of all samples.
    Peak,
    /// The root of the mean of all squares.
    Rms,
    /// The magnitude that this percentage of all samples, 1 to 100, do not exceed: the quantile, between two
    /// samples on a straight line. It is found within 0.01 dB.
    Percentile(f64),
}

/// Measures one channel, or several that are put together in the end. What is no finite number is left out.
#[derive(Clone, Debug)]
pub struct Meter {
    measure: Measure,
    samples: u64,
    peak: f32,
    /// Of the squares.
    sum: f64,
    histogram: Histogram,
}

impl Meter {
    pub fn new(measure: Measure) -> Self {
        let histogram = match measure {
            Measure::Percentile(_) => Histogram::new(),
            Measure::Peak | Measure::Rms => Histogram::default(),
        };
        Self { measure, samples: 0, peak: 0.0, sum: 0.0, histogram }
    }

    pub fn hear(&mut self, sound: &[f32]) {
        for x in sound.iter().filter(|x| x.is_finite()) {
            let magnitude = x.abs();
            self.samples += 1;
            self.peak = self.peak.max(magnitude);
            match self.measure {
                Measure::Peak => {}
                Measure::Rms => self.sum += f64::from(magnitude) * f64::from(magnitude),
                Measure::Percentile(_) => self.histogram.count(magnitude),
            }
        }
    }

    /// Takes in what another of the same kind has heard.
    pub fn merge(&mut self, other: &Self) {
        self.samples += other.samples;
        self.peak = self.peak.max(other.peak);
        self.sum += other.sum;
        self.histogram.merge(&other.histogram);
    }

    pub fn peak(&self) -> f64 {
        self.peak.into()
    }

    /// What was asked for, as a factor of full scale; 0 of nothing.
    pub fn level(&self) -> f64 {
        if self.samples == 0 {
            return 0.0;
        }
        match self.measure {
            Measure::Peak => self.peak.into(),
            Measure::Rms => (self.sum / self.samples as f64).sqrt(),
            Measure::Percentile(percentile) => self.quantile(percentile / 100.0),
        }
    }

    fn quantile(&self, share: f64) -> f64 {
        let place = share * (self.samples - 1) as f64;
        let [below, above] = [place.floor(), place.ceil()].map(|place| self.histogram.at(place as u64));
        below + place.fract() * (above - below)
    }

    pub fn reset(&mut self) {
        (self.samples, self.peak, self.sum) = (0, 0.0, 0.0);
        self.histogram.counts.fill(0);
    }
}

/// Bits of a magnitude that say which bin it is in, but for these: a bin is at most 2^-10 of its
/// magnitudes wide, 0.0085 dB.
const DROPPED_BITS: u32 = 13;
/// 2^-20, below -120 dBFS, as bits: all that is smaller is in the first bin.
const FLOOR: u32 = (127 - 20) << 23;
const INFINITY: u32 = 0xff << 23;

/// How many magnitudes there were of each size. The bits of positive floats are ordered as the floats are, so
/// the upper ones are a scale that is fine for soft sounds and for loud ones.
#[derive(Clone, Debug, Default)]
struct Histogram {
    counts: Vec<u64>,
}

impl Histogram {
    fn new() -> Self {
        Self { counts: vec![0; 1 + ((INFINITY - FLOOR) >> DROPPED_BITS) as usize] }
    }

    fn count(&mut self, magnitude: f32) {
        let bits = magnitude.to_bits();
        let bin = if bits < FLOOR { 0 } else { 1 + ((bits - FLOOR) >> DROPPED_BITS) };
        self.counts[bin as usize] += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
    }

    /// The magnitude in this place of all in their order, from 0; those of a bin lie evenly in it.
    fn at(&self, place: u64) -> f64 {
        let mut before = 0;
        for (bin, &count) in self.counts.iter().enumerate() {
            if place < before + count {
                let Some(bin) = bin.checked_sub(1) else { return 0.0 };
                let low = FLOOR + ((bin as u32) << DROPPED_BITS);
                let high = (low + (1 << DROPPED_BITS)).min(INFINITY - 1);
                let [low, high] = [low, high].map(|bits| f64::from(f32::from_bits(bits)));
                let within = ((place - before) as f64 + 0.5) / count as f64;
                return low + within * (high - low);
            }
            before += count;
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_magnitude_has_a_bin_that_is_narrow_enough() {
        let mut x = 1.1e-6f32;
        while x < 3e38 {
            let mut histogram = Histogram::new();
            histogram.count(x);
            let error = 20.0 * (histogram.at(0) / f64::from(x)).log10();
            assert!(error.abs() < 0.009, "{x}: {error} dB");
            x *= 1.37;
        }
        for (x, expected) in [(0.0, 0.0), (f32::MIN_POSITIVE, 0.0), (9e-7, 0.0)] {
            let mut histogram = Histogram::new();
            histogram.count(x);
            assert_eq!(histogram.at(0), expected);
        }
        Histogram::new().count(f32::MAX);
    }
}
