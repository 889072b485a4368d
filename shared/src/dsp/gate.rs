//! What a noise gate is made of: something that hears when there is sound, and a gain that opens and closes.
//!
//! They are apart so that one may hear the dry guitar while the other turns down what the amp made of it.

/// Parts of the time that an envelope looks back over.
const PARTS: usize = 9;
/// Length of a part in seconds. Nine of them are 36 ms, a whole period of 27.5 Hz, the lowest string there is: a wave
/// with one crest a period never looks as if it had ended.
const PART_SECONDS: f64 = 0.004;

/// The largest magnitude of the last 36 to 40 ms, sample by sample.
///
/// It rises at once. It falls only once that time is over, whatever the level, so a note's end is
/// noticed as soon after a loud one as after a soft one.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The largest of each part that is over; the oldest is replaced next.
    parts: [f32; PARTS],
    oldest: usize,
    /// The largest of all of them.
    past: f32,
    /// The largest of the part that is under way, its samples, and how many there will be.
    now: f32,
    samples: usize,
    length: usize,
}

impl Envelope {
    /// Silence, at a rate in Hz.
    pub fn new(sample_rate_hz: f64) -> Self {
        let length = ((PART_SECONDS * sample_rate_hz).ceil() as usize).max(1);
        Self { parts: [0.0; PARTS], oldest: 0, past: 0.0, now: 0.0, samples: 0, length }
    }

    /// Hears a sample's magnitude (of several channels, the largest) and gives the envelope there. What is no number is
    /// silence.
    #[inline]
    pub fn advance(&mut self, magnitude: f32) -> f32 {
        self.now = self.now.max(magnitude);
        let envelope = self.past.max(self.now);
        self.samples += 1;
        if self.samples == self.length {
            self.parts[self.oldest] = self.now;
            self.oldest = (self.oldest + 1) % PARTS;
            self.past = self.parts.iter().copied().fold(0.0, f32::max);
            (self.now, self.samples) = (0.0, 0);
        }
        envelope
    }

    /// How many samples certainly pass with an envelope of `level` or more, whatever they are.
    fn samples_above(&self, level: f32) -> usize {
        if self.past >= level { self.length - self.samples } else { 0 }
    }

    /// Hears samples of which the largest magnitude is known, of the part that is under way and before its last.
    fn hear(&mut self, peak: f32, samples: usize) {
        self.now = self.now.max(peak);
        self.samples += samples;
    }

    /// Silence before.
    pub fn reset(&mut self) {
        (self.parts, self.oldest, self.past) = ([0.0; PARTS], 0, 0.0);
        (self.now, self.samples) = (0.0, 0);
    }
}

/// Whether there is sound: opens at one level, and closes once the envelope has been below a lower one for a while.
#[derive(Clone, Debug)]
pub struct Detector {
    envelope: Envelope,
    /// The levels, as factors of full scale.
    opens_at: f32,
    closes_below: f32,
    hold_samples: usize,
    /// Samples since it was last loud enough to stay open.
    soft: usize,
    open: bool,
}

impl Detector {
    /// A detector that hears nothing yet, at a rate in Hz.
    pub fn new(sample_rate_hz: f64) -> Self {
        let envelope = Envelope::new(sample_rate_hz);
        Self { envelope, opens_at: 1.0, closes_below: 1.0, hold_samples: 0, soft: 0, open: false }
    }

    /// Sets the level it opens at, as a factor of full scale; that below which it closes; and how many samples it waits
    /// before it does.
    pub fn set(&mut self, opens_at: f32, closes_below: f32, hold_samples: usize) {
        (self.opens_at, self.closes_below, self.hold_samples) = (opens_at, closes_below, hold_samples);
    }

    /// Hears a sample's magnitude and says whether there is sound.
    #[inline]
    pub fn advance(&mut self, magnitude: f32) -> bool {
        let envelope = self.envelope.advance(magnitude);
        if envelope >= self.opens_at {
            self.open = true;
        }
        if envelope >= self.closes_below {
            self.soft = 0;
        } else if self.soft < self.hold_samples {
            self.soft += 1;
        } else {
            self.open = false;
        }
        self.open
    }

    /// How many of the next samples certainly find it open, whatever they are; [`Detector::hear`] hears them all at once.
    pub fn certain_samples(&self) -> usize {
        if self.open { self.envelope.samples_above(self.closes_below).saturating_sub(1) } else { 0 }
    }

    /// Hears so many samples, at most [`Detector::certain_samples`], of which the largest magnitude is known: as
    /// [`Detector::advance`] would one after the other.
    pub fn hear(&mut self, peak: f32, samples: usize) {
        if samples > 0 {
            self.envelope.hear(peak, samples);
            self.soft = 0;
        }
    }

    /// Silence before, and closed.
    pub fn reset(&mut self) {
        self.envelope.reset();
        (self.soft, self.open) = (0, false);
    }
}

/// A gain between 1 and a floor. It opens on a straight line, which of all ways takes the smallest steps,
/// and closes on a straight line of dB, as a note dies away.
#[derive(Clone, Debug)]
pub struct GateGain {
    gain: f64,
    floor: f64,
    /// What is added with each sample while it opens, and what it is multiplied by while it closes.
    rise: f64,
    fall: f64,
}

impl GateGain {
    /// A closed gain that lets nothing through.
    pub fn new() -> Self {
        Self { gain: 0.0, floor: 0.0, rise: 1.0, fall: 0.0 }
    }

    /// Sets how far it closes, in dB (0 or below), the samples from silence to open, and those from open to
    /// closed.
    pub fn set(&mut self, range_db: f64, attack_samples: f64, release_samples: f64) {
        self.floor = 10f64.powf(range_db / 20.0);
        self.rise = 1.0 / attack_samples.max(1.0);
        self.fall = 10f64.powf(range_db / (20.0 * release_samples.max(1.0)));
    }

    /// Goes on by a sample, and gives the gain there.
    #[inline]
    pub fn advance(&mut self, open: bool) -> f32 {
        let target = if open { 1.0 } else { self.floor };
        self.gain = if self.gain < target {
            (self.gain + self.rise).min(target)
        } else {
            (self.gain * self.fall).max(target)
        };
        self.gain as f32
    }

    /// Whether it is open all the way, and stays so as long as there is sound.
    pub fn is_open(&self) -> bool {
        self.gain == 1.0
    }

    /// Closed.
    pub fn reset(&mut self) {
        self.gain = self.floor;
    }
}

impl Default for GateGain {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_the_largest_of_its_time() {
        let mut envelope = Envelope::new(48_000.0);
        let part = envelope.length;
        assert_eq!(part, 192);
        let sound: Vec<f32> = (0..20_000).map(|i| ((i * 7_919) % 10_007) as f32 / 1e5).collect();
        for (i, x) in sound.iter().enumerate() {
            let from = (i / part * part).saturating_sub(PARTS * part);
            let expected = sound[from..=i].iter().copied().fold(0.0, f32::max);
            assert_eq!(envelope.advance(*x), expected, "at {i}");
        }
    }

    #[test]
    fn samples_heard_at_once_are_samples_heard() {
        let mut each = Detector::new(48_000.0);
        each.set(0.1, 0.05, 500);
        let mut all = each.clone();
        let pluck = |i: usize| (-((i % 12_000) as f32) / 1_500.0).exp() * (i as f32 * 0.07).sin().abs();
        let sound: Vec<f32> = (0..48_000).map(pluck).collect();
        let (mut at, mut certain) = (0, 0);
        while at < sound.len() {
            let count = all.certain_samples().min(64).min(sound.len() - at);
            let peak = sound[at..at + count].iter().copied().fold(0.0, f32::max);
            all.hear(peak, count);
            assert!(sound[at..at + count].iter().all(|x| each.advance(*x)), "at {at}");
            (at, certain) = (at + count, certain + count);
            if let Some(x) = sound.get(at) {
                assert_eq!(all.advance(*x), each.advance(*x), "at {at}");
                at += 1;
            }
        }
        assert!((20_000..46_000).contains(&certain), "{certain} of them, and it closed in between");
    }

    #[test]
    fn what_is_no_number_is_silence() {
        let mut envelope = Envelope::new(48_000.0);
        assert_eq!(envelope.advance(f32::NAN), 0.0);
        assert_eq!(envelope.advance(0.5), 0.5);
        assert_eq!(envelope.advance(f32::NAN), 0.5);
    }
}
