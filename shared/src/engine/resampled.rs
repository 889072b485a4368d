//! An engine behind a resampler: any model at any host rate.

use super::{Engine, EngineError, EngineKind, Turning};
use crate::model::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE};
use crate::simd::FlushDenormals;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

/// Up to here the response is flat and free of images and aliases, wherever both rates allow it.
const PASS_BAND_HZ: f64 = 20_000.0;

/// Share of the lower rate's half that the filters need as transition where that half is too low
/// for [`PASS_BAND_HZ`].
const MIN_TRANSITION: f64 = 0.09;

/// Half the main lobe of the Blackman-Harris window, in bins: from the cut-off the response needs
/// `4 / taps` of the rate to fall below the window's side lobes of -92 dB (Harris, "On the use of
/// windows for harmonic analysis with the discrete Fourier transform", 1978).
const HALF_LOBE_BINS: f64 = 4.0;

/// Samples of the host that are converted together, for each 48 kHz of its rate. Fewer would mean
/// less delay and more calls; the sum of both waits is below 0.2 ms.
const QUANTUM: usize = 4;

/// Largest number of phases for which each one gets filters of its own.
const MAX_EXACT_PHASES: u64 = 1024;

/// Phases that are interpolated between (cubically) where the rates' ratio needs more.
const INTERPOLATED_PHASES: usize = 256;

/// Samples that must have passed before the need for reserve is known at rates without a short
/// common period.
const REHEARSAL_SAMPLES: usize = 1 << 15;

/// An engine behind a resampler. Where the host runs at the model's rate nothing is resampled and
/// nothing is delayed.
///
/// Two windowed-sinc filters (rubato's) lead to the model's rate and back. They are as short as
/// `PASS_BAND_HZ` allows: images and aliases of everything below 20 kHz are more than 90 dB
/// down; what lies between 20 kHz and half the lower rate is let go, partly attenuated, since
/// keeping it would double the delay at 44.1 kHz. There the delay is about 2.2 ms, at 88.2 kHz and above
/// about 1.1 ms.
///
/// The signal is converted in quanta of constant size that are counted from the last reset, so the
/// output does not depend on how the host cuts it into blocks, and the delay is constant for a
/// pair of rates: [`Engine::latency_samples`] is the true delay, which need not be a whole
/// number, rounded to the nearest.
pub struct Resampled {
    inner: Box<dyn Engine>,
    host_hz: f64,
    max_block_samples: usize,
    path: Option<Path>,
    delay_samples: f64,
}

impl Resampled {
    /// Puts an engine behind a resampler. Call [`Engine::prepare`] before use.
    pub fn new(inner: Box<dyn Engine>) -> Self {
        Self { inner, host_hz: 0.0, max_block_samples: 0, path: None, delay_samples: 0.0 }
    }
}

impl Engine for Resampled {
    fn prepare(&mut self, sample_rate_hz: f64, max_block_samples: usize) -> Result<(), EngineError> {
        let model_hz = self.inner.model_rate_hz();
        let max_block_samples = max_block_samples.max(1);
        if sample_rate_hz == model_hz {
            self.inner.prepare(model_hz, max_block_samples)?;
            self.delay_samples = self.inner.delay_samples();
            self.path = None;
        } else {
            let mut path = Path::new(sample_rate_hz, model_hz, max_block_samples)?;
            self.inner.prepare(model_hz, path.model_block.len())?;
            let inner_delay = self.inner.delay_samples() * sample_rate_hz / model_hz;
            self.delay_samples = path.delay_samples() + inner_delay;
            path.reset();
            self.path = Some(path);
        }
        self.host_hz = sample_rate_hz;
        self.max_block_samples = max_block_samples;
        Ok(())
    }

    fn process(&mut self, input: &[f32], output: &mut [f32]) {
        assert_eq!(input.len(), output.len(), "input and output of one length");
        assert!(self.max_block_samples > 0, "prepare comes before process");
        let Some(path) = &mut self.path else {
            return self.inner.process(input, output);
        };
        // The engine flushes its own subnormal numbers, but filters make new ones of a dying sound.
        let _flush = FlushDenormals::new();
        let parts = input.chunks(self.max_block_samples).zip(output.chunks_mut(self.max_block_samples));
        for (input, output) in parts {
            path.process(input, output, self.inner.as_mut());
        }
    }

    fn reset(&mut self) {
        self.inner.reset();
        if let Some(path) = &mut self.path {
            path.reset();
        }
    }

    fn latency_samples(&self) -> usize {
        self.delay_samples.round() as usize
    }

    fn delay_samples(&self) -> f64 {
        self.delay_samples
    }

    fn model_rate_hz(&self) -> f64 {
        self.inner.model_rate_hz()
    }

    fn kind(&self) -> EngineKind {
        self.inner.kind()
    }

    fn turnings(&mut self, each: &mut dyn FnMut(&mut Turning)) {
        self.inner.turnings(each);
    }
}

/// Both conversions and the samples that wait between them.
struct Path {
    up: Stage,
    down: Stage,
    /// Host samples that `up` takes, and `down` gives, at a time.
    quantum: usize,
    /// Host samples that do not fill a quantum yet.
    waiting: Fifo,
    /// The model's answer, before it is converted back.
    answered: Fifo,
    /// Converted back, ready for the host.
    ready: Fifo,
    model_block: Vec<f32>,
    /// Zeros in `ready` after a reset: what keeps it from running dry before the next quantum.
    reserve: usize,
}

impl Path {
    fn new(host_hz: f64, model_hz: f64, max_block_samples: usize) -> Result<Self, EngineError> {
        let failed = |problem: String| EngineError::Resampler { host_hz, model_hz, problem };
        for hz in [host_hz, model_hz] {
            if !(MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&hz) {
                return Err(failed(format!(
                    "rates from {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz are converted"
                )));
            }
        }
        let quantum = QUANTUM * (host_hz / 48_000.0).ceil() as usize;
        let up = Stage::new(host_hz, model_hz, FixedAsync::Input, quantum).map_err(failed)?;
        let down = Stage::new(model_hz, host_hz, FixedAsync::Output, quantum).map_err(failed)?;
        let quanta = max_block_samples / quantum + 1;
        let model_samples = quanta * up.resampler.output_frames_max();
        let mut path = Self {
            quantum,
            waiting: Fifo::new(max_block_samples + quantum),
            answered: Fifo::new(model_samples + 2 * down.resampler.input_frames_max()),
            ready: Fifo::new(0),
            model_block: vec![0.0; model_samples],
            reserve: 0,
            up,
            down,
        };
        path.reserve = path.rehearse(host_hz, model_hz);
        path.ready = Fifo::new(path.reserve + max_block_samples + 2 * quantum);
        Ok(path)
    }

    /// How many samples the conversion is behind its input at worst, found by counting through one
    /// common period of both rates. Leaves the stages used; a reset must follow.
    fn rehearse(&mut self, host_hz: f64, model_hz: f64) -> usize {
        let period = whole_ratio(host_hz, model_hz)
            .map_or(REHEARSAL_SAMPLES, |(host, _)| (host as usize * self.quantum).min(REHEARSAL_SAMPLES));
        let (mut taken, mut given, mut between, mut behind) = (0, 0, 0, 0);
        self.model_block.fill(0.0);
        let silence = vec![0.0; self.quantum.max(self.down.resampler.input_frames_max())];
        let mut sink = vec![0.0; self.quantum];
        // Two periods: the first one starts from the filters' rest.
        while taken < 2 * period + self.quantum {
            behind = behind.max(taken + self.quantum - 1 - given);
            taken += self.quantum;
            between += self.up.run(&silence, &mut self.model_block).1;
            while between >= self.down.resampler.input_frames_next() {
                let (used, made) = self.down.run(&silence, &mut sink);
                between -= used;
                given += made;
            }
        }
        // The stages' clocks are floating-point sums: after days one may be early or late by a
        // sample, each.
        behind + 2
    }

    /// The delay between input and output, in host samples.
    fn delay_samples(&self) -> f64 {
        self.reserve as f64 + self.up.delay + self.down.delay * self.down.ratio
    }

    fn reset(&mut self) {
        self.up.resampler.reset();
        self.down.resampler.reset();
        self.waiting.clear();
        self.answered.clear();
        self.ready.clear();
        self.ready.push_zeros(self.reserve);
    }

    fn process(&mut self, input: &[f32], output: &mut [f32], engine: &mut dyn Engine) {
        self.waiting.push(input);
        let mut asked = 0;
        while self.waiting.len() >= self.quantum {
            asked += self.up.run(self.waiting.as_slice(), &mut self.model_block[asked..]).1;
            self.waiting.drop_front(self.quantum);
        }
        let question = &self.model_block[..asked];
        engine.process(question, self.answered.extend_by(asked));
        while self.answered.len() >= self.down.resampler.input_frames_next() {
            let space = self.ready.extend_by(self.quantum);
            let (used, _) = self.down.run(self.answered.as_slice(), space);
            self.answered.drop_front(used);
        }
        self.waiting.compact();
        self.answered.compact();
        self.ready.pop(output);
    }
}

/// One conversion.
struct Stage {
    resampler: Async<f32>,
    /// Output rate over input rate.
    ratio: f64,
    /// In input samples; below 0 where the first output lies after the first input.
    delay: f64,
}

impl Stage {
    fn new(from_hz: f64, to_hz: f64, fixed: FixedAsync, quantum: usize) -> Result<Self, String> {
        let half_hz = from_hz.min(to_hz) / 2.0;
        let transition_hz = (half_hz - PASS_BAND_HZ).max(MIN_TRANSITION * half_hz);
        // rubato makes filters of a multiple of 8.
        let taps = ((HALF_LOBE_BINS * from_hz / transition_hz).ceil() as usize).next_multiple_of(8);
        let (phases, interpolation) = match whole_ratio(from_hz, to_hz) {
            Some((_, to)) if to <= MAX_EXACT_PHASES => (to as usize, SincInterpolationType::Nearest),
            _ => (INTERPOLATED_PHASES, SincInterpolationType::Cubic),
        };
        let parameters = SincInterpolationParameters::new(taps, WindowFunction::BlackmanHarris)
            .f_cutoff(1.0)
            .oversampling_factor(phases)
            .interpolation(interpolation);
        let ratio = to_hz / from_hz;
        let resampler =
            Async::new_sinc(ratio, 1.0, &parameters, quantum, 1, fixed).map_err(|e| e.to_string())?;
        // rubato's clock starts at `1 - taps`, moves on before each output, and its filter with
        // phase p is centred on tap `taps / 2 - 1 + (p + 1) / phases`.
        let delay = taps as f64 / 2.0 - ratio.recip() - (phases as f64).recip();
        Ok(Self { resampler, ratio, delay })
    }

    /// Converts one quantum; the numbers of samples taken and given.
    fn run(&mut self, input: &[f32], output: &mut [f32]) -> (usize, usize) {
        let (take, give) = (self.resampler.input_frames_next(), self.resampler.output_frames_next());
        let done = (|| {
            let input = InterleavedSlice::new(input, 1, take).ok()?;
            let mut output = InterleavedSlice::new_mut(output, 1, give).ok()?;
            self.resampler.process_into_buffer(&input, &mut output, None).ok()
        })();
        debug_assert_eq!(done, Some((take, give)), "both slices were long enough");
        (take, give)
    }
}

/// The ratio of two rates in lowest terms, if both are whole numbers.
fn whole_ratio(a_hz: f64, b_hz: f64) -> Option<(u64, u64)> {
    if a_hz.fract() != 0.0 || b_hz.fract() != 0.0 {
        return None;
    }
    let (a, b) = (a_hz as u64, b_hz as u64);
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    Some((a / x, b / x))
}

/// A queue of samples in one piece of memory that is set aside beforehand.
struct Fifo {
    samples: Vec<f32>,
    start: usize,
    end: usize,
}

impl Fifo {
    fn new(capacity: usize) -> Self {
        Self { samples: vec![0.0; capacity], start: 0, end: 0 }
    }

    fn len(&self) -> usize {
        self.end - self.start
    }

    fn as_slice(&self) -> &[f32] {
        &self.samples[self.start..self.end]
    }

    fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    fn extend_by(&mut self, count: usize) -> &mut [f32] {
        let from = self.end;
        self.end += count;
        &mut self.samples[from..self.end]
    }

    fn push(&mut self, samples: &[f32]) {
        self.extend_by(samples.len()).copy_from_slice(samples);
    }

    fn push_zeros(&mut self, count: usize) {
        self.extend_by(count).fill(0.0);
    }

    fn drop_front(&mut self, count: usize) {
        self.start += count;
    }

    /// Moves what is left to the front, so that there is room behind it again.
    fn compact(&mut self) {
        self.samples.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
    }

    /// Fills `output` from the front. Silence stands in for what is missing.
    fn pop(&mut self, output: &mut [f32]) {
        let count = output.len().min(self.len());
        debug_assert_eq!(count, output.len(), "the reserve is large enough");
        output[..count].copy_from_slice(&self.samples[self.start..self.start + count]);
        output[count..].fill(0.0);
        self.start += count;
        self.compact();
    }
}

#[cfg(test)]
mod tests;
