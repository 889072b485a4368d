//! From one sample rate to another.

use crate::model::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

/// Share of the lower rate's half that the filter needs from its pass band to its stop band, which begins at that half:
/// from 44.1 kHz on the response is flat to 20 kHz.
const TRANSITION: f64 = 0.09;

/// Half of what the squared Blackman-Harris window needs to fall by 100 dB, in bins.
const HALF_LOBE_BINS: f64 = 6.0;

/// Samples that are converted together.
const QUANTUM: usize = 1024;

/// Largest number of phases for which each one gets filters of its own.
const MAX_EXACT_PHASES: u64 = 1024;

/// Phases that are interpolated between (cubically) where the rates' ratio needs more.
const INTERPOLATED_PHASES: usize = 512;

/// Fewest phases that are interpolated between.
const FEWEST_PHASES: usize = 16;

/// Most coefficients of all phases together: 32 MB.
const MAX_TABLE: usize = 1 << 22;

/// Longest silence that is put before the sound for sample 0 to stand at sample 0.
const MAX_LEAD: usize = 4096;

/// Changes the sample rate of a recording, with its beginning where it was and nothing lost at its end.
///
/// A windowed sinc filter (rubato's), computed in 64 bit: flat to 91 % of the lower rate's half, and everything beyond
/// that half more than 100 dB down. The result does not depend on the blocks it is given.
pub struct Converter {
    resampler: Async<f64>,
    from_hz: u32,
    to_hz: u32,
    /// What waits for a quantum to be full.
    input: Vec<Vec<f64>>,
    waiting: usize,
    output: Vec<Vec<f64>>,
    /// Samples that still come out before the first that counts.
    early: usize,
    taken: u64,
    given: u64,
}

impl Converter {
    /// From one rate to another.
    ///
    /// # Errors
    /// A rate is out of range; says so.
    pub fn new(from_hz: u32, to_hz: u32, channels: usize) -> Result<Self, String> {
        for hz in [from_hz, to_hz] {
            if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&f64::from(hz)) {
                return Err(format!(
                    "{from_hz} Hz cannot be converted to {to_hz} Hz: rates from {MIN_SAMPLE_RATE} to \
                     {MAX_SAMPLE_RATE} Hz are converted"
                ));
            }
        }
        let (from, to) = (f64::from(from_hz), f64::from(to_hz));
        let ratio = to / from;
        let half_hz = from.min(to) / 2.0;
        // rubato makes filters of a multiple of 8.
        let taps = (2.0 * HALF_LOBE_BINS * from / (TRANSITION * half_hz)).ceil() as usize;
        let taps = taps.next_multiple_of(8);
        let exact = u64::from(to_hz / greatest_common_divisor(from_hz, to_hz));
        let (phases, interpolation) = match exact {
            ..=MAX_EXACT_PHASES if exact as usize * taps <= MAX_TABLE => {
                (exact as usize, SincInterpolationType::Nearest)
            }
            // A longer filter is a smoother one, and needs fewer.
            _ => {
                let phases = (INTERPOLATED_PHASES as f64 * ratio.min(1.0)).ceil() as usize;
                (phases.max(FEWEST_PHASES), SincInterpolationType::Cubic)
            }
        };
        let parameters = SincInterpolationParameters::new(taps, WindowFunction::BlackmanHarris2)
            .f_cutoff(1.0 - TRANSITION as f32 / 2.0)
            .oversampling_factor(phases)
            .interpolation(interpolation);
        let resampler = Async::new_sinc(ratio, 1.0, &parameters, QUANTUM, channels, FixedAsync::Input)
            .map_err(|e| format!("{from_hz} Hz cannot be converted to {to_hz} Hz: {e}"))?;
        let (lead, early) = alignment(taps, phases, ratio);
        let output = vec![vec![0.0; resampler.output_frames_max()]; channels];
        let input = vec![vec![0.0; QUANTUM]; channels];
        let mut converter =
            Self { resampler, from_hz, to_hz, input, waiting: 0, output, early, taken: 0, given: 0 };
        let mut nothing = vec![Vec::new(); channels];
        converter.feed(lead, &mut nothing, |_, _, input| input.fill(0.0));
        Ok(converter)
    }

    /// How long so many samples are after the conversion: the nearest whole number.
    pub fn length(&self, frames: u64) -> u64 {
        let (from, to) = (u128::from(self.from_hz), u128::from(self.to_hz));
        ((2 * u128::from(frames) * to + from) / (2 * from)) as u64
    }

    /// Takes the first `frames` samples of each channel, and appends to `ready` what they complete.
    pub fn push<C: AsRef<[f32]>>(&mut self, block: &[C], frames: usize, ready: &mut [Vec<f32>]) {
        self.taken += frames as u64;
        self.feed(frames, ready, |channel, at, input| {
            let part = &block[channel].as_ref()[at..at + input.len()];
            input.iter_mut().zip(part).for_each(|(input, sample)| *input = f64::from(*sample));
        });
    }

    /// Appends what is still inside; then all that came in has come out.
    pub fn finish(&mut self, ready: &mut [Vec<f32>]) {
        let length = self.length(self.taken);
        while self.given < length {
            let before = self.given;
            self.feed(QUANTUM, ready, |_, _, input| input.fill(0.0));
            let over = self.given.saturating_sub(length).min(self.given - before) as usize;
            ready.iter_mut().for_each(|ready| ready.truncate(ready.len() - over));
            self.given -= over as u64;
        }
    }

    /// Takes so many samples and appends what they complete. `fill` is told a channel and where it is in what comes in.
    fn feed(&mut self, frames: usize, ready: &mut [Vec<f32>], fill: impl Fn(usize, usize, &mut [f64])) {
        let mut at = 0;
        while at < frames {
            let part = (frames - at).min(QUANTUM - self.waiting);
            for (channel, input) in self.input.iter_mut().enumerate() {
                fill(channel, at, &mut input[self.waiting..self.waiting + part]);
            }
            self.waiting += part;
            at += part;
            if self.waiting == QUANTUM {
                self.waiting = 0;
                self.convert(ready);
            }
        }
    }

    fn convert(&mut self, ready: &mut [Vec<f32>]) {
        let channels = self.input.len();
        let made = self.resampler.output_frames_next();
        let done = (|| {
            let input = SequentialSliceOfVecs::new(&self.input, channels, QUANTUM).ok()?;
            let mut output = SequentialSliceOfVecs::new_mut(&mut self.output, channels, made).ok()?;
            self.resampler.process_into_buffer(&input, &mut output, None).ok()
        })();
        debug_assert_eq!(done, Some((QUANTUM, made)), "both buffers were long enough");
        let skipped = self.early.min(made);
        self.early -= skipped;
        self.given += (made - skipped) as u64;
        for (ready, output) in ready.iter_mut().zip(&self.output) {
            ready.extend(output[skipped..made].iter().map(|sample| *sample as f32));
        }
    }
}

/// How much silence must come before the sound, and how many samples of what comes out must be left out,
/// for output `k` to stand at input `k / ratio`.
///
/// rubato's clock starts at `1 - taps` and moves on before each output, and its filter with phase p is centred on tap
/// `taps / 2 - 1 + (p + 1) / phases`. With the exact phases of a ratio there is a silence that fits
/// exactly; else the best is taken.
fn alignment(taps: usize, phases: usize, ratio: f64) -> (usize, usize) {
    let early = |lead: usize| ratio * ((taps / 2 + lead) as f64 - (phases as f64).recip()) - 1.0;
    let off = |lead: usize| (early(lead) - early(lead).round()).abs();
    let exact = (0..MAX_LEAD).find(|lead| off(*lead) < 1e-7 && early(*lead) > -0.5);
    let best = || (0..MAX_LEAD).filter(|l| early(*l) > -0.5).min_by(|a, b| off(*a).total_cmp(&off(*b)));
    let lead = exact.or_else(best).unwrap_or(0);
    (lead, early(lead).round().max(0.0) as usize)
}

fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
